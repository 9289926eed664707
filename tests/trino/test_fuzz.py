"""Random small lakes and random parameters: both engines must answer alike."""

from __future__ import annotations

import json
import os
import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from glue_jobs.lake import made
from glue_jobs.query import local
from glue_jobs.settings import Settings
from queries.question import questions
from tests.trino.comparison import athena_text, difference
from transforms.tables import AGENT_SKILL, AGENT_STATE_INTERVAL, CALLS_BY_CATEGORY_QUEUE, STATES

pytestmark = [pytest.mark.trino, pytest.mark.fuzz]

PROVE = os.environ.get("PROVE") == "1"
LAKES = 26 if PROVE else 4
CASES = 20  # for each lake: 520 in all with PROVE=1, 80 without
SAVED = Path(os.environ.get("FUZZ_FAILURES", "fuzz-failures"))
FIRST = date(2026, 1, 5)
WORDS = ("Billing", "Bil'ling", "😀", "a%b", "_", "", "none", "NULL", "Ünï", '"q"', "\\")


def words(rng, allow_none=True):
    return rng.choice((*WORDS, None) if allow_none else WORDS)


def calls(rng, day):
    """A row whose counts and sums are anything at all, also nought and large."""
    counts = {
        column.name: rng.choice((0, 0, 1, rng.randrange(100), rng.randrange(10**9)))
        for column in CALLS_BY_CATEGORY_QUEUE.columns
        if column.type == pa.int64()
    }
    return {
        "day": day,
        "instance_id": "i",
        "interval_start": datetime.combine(day, datetime.min.time())
        + timedelta(minutes=15 * rng.randrange(96)),
        "queue_name": words(rng),
        "skill": words(rng),
        "category": words(rng, allow_none=False),
        "task": words(rng, allow_none=False),
        "channel": rng.choice(("VOICE", "CHAT", None)),
        **counts,
    }


def skill(rng, day):
    now = datetime.combine(day, datetime.min.time())
    return {
        "day": day,
        "instance_id": "i",
        "agent_arn": f"agent-{rng.randrange(4)}",
        "agent_id": None,
        "agent_username": words(rng),
        "kind": rng.choice(("queue", "queue", "proficiency")),
        "skill": words(rng, allow_none=False),
        "level": rng.choice((None, 1.0, 3.5)),
        "seen_from": now,
        "seen_to": now,
    }


def interval(rng, day):
    start = datetime.combine(day, datetime.min.time()) + timedelta(seconds=rng.randrange(80_000))
    length = timedelta(milliseconds=rng.randrange(1, 3_000_000))
    return {
        "day": day,
        "instance_id": "i",
        "agent_arn": f"agent-{rng.randrange(4)}",
        "agent_id": None,
        "agent_username": None,
        "state": rng.choice(STATES),
        "status_name": words(rng),
        "started_at": start,
        "ended_at": start + length,
        "duration_ms": length // timedelta(milliseconds=1),
        "contacts": rng.randrange(3),
    }


def filled(lake, rng):
    """Put random rows on random days into the three tables that the questions read."""
    made_rows = {}
    for table, row in (
        (CALLS_BY_CATEGORY_QUEUE, calls),
        (AGENT_SKILL, skill),
        (AGENT_STATE_INTERVAL, interval),
    ):
        days = sorted({FIRST + timedelta(days=rng.randrange(5)) for _ in range(rng.randrange(4))})
        rows = [row(rng, day) for day in days for _ in range(rng.randrange(25))]
        made_rows[table.name] = rows
        with lake.replacement(table) as change:
            change.put(pa.Table.from_pylist(rows, schema=table.schema), days)
    return made_rows


def random_values(rng, question):
    given = {}
    for parameter in question.parameters:
        if rng.random() < 0.3:
            continue
        choices = parameter.type.split("|")
        if parameter.type == "date":
            given[parameter.name] = (FIRST + timedelta(days=rng.randrange(-2, 8))).isoformat()
        else:
            given[parameter.name] = rng.choice(choices if len(choices) > 1 else (*WORDS, "%"))
    return question.values(given)


@pytest.mark.parametrize("seed", range(LAKES))
def test_random_questions_of_a_random_lake_have_one_answer(seed, server, tmp_path):
    rng = random.Random(f"trino:{seed}")
    with made(Settings(str(tmp_path / "lake")))[0] as lake:
        rows = filled(lake, rng)
        schema = f"fuzz_{seed}"
        server.register(lake, schema)
        for _ in range(CASES):
            question = rng.choice(questions())
            values = random_values(rng, question)
            theirs = server.query(athena_text(question.sql, values), schema)
            found = difference(theirs, local(lake, question.sql, values))
            if found:
                SAVED.mkdir(exist_ok=True)
                case = {"question": question.name, "values": values, "rows": rows}
                (SAVED / f"{schema}.json").write_text(json.dumps(case, default=str, indent=1))
            assert (question.name, values, None) == (question.name, values, found)
