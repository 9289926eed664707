"""Random small lakes and random parameters: both engines must answer alike."""

from __future__ import annotations

import json
import os
import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from glue_jobs.dialect import parsed, tables
from glue_jobs.lake import made
from glue_jobs.query import local
from glue_jobs.settings import Settings
from queries.question import questions
from tests.trino.comparison import athena_text, difference
from transforms.tables import TABLES

pytestmark = [pytest.mark.trino, pytest.mark.fuzz]

PROVE = os.environ.get("PROVE") == "1"
LAKES, CASES = (26, 20) if PROVE else (2, 10)  # cases of each lake: 520 in all, or 20
SAVED = Path(os.environ.get("FUZZ_FAILURES", "fuzz-failures"))
FIRST = date(2026, 1, 5)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")
WORDS = ("Billing", "Bil'ling", "😀", "a%b", "_", "", "none", "NULL", "Ünï", '"q"', "\\")


def words(rng, allow_none=True):
    return rng.choice((*WORDS, None) if allow_none else WORDS)


def value(rng, column, day):
    """Anything that the column may hold: nothing, nought, large, odd words, any time of the day."""
    if column.absent or (not column.required and rng.random() < 0.15):
        return None
    if column.values:
        return rng.choice(column.values)
    return next((make(rng, column, day) for fits, make in MAKERS if fits(column.type)), None)


def instant(rng, _, day):
    start = datetime.combine(day, datetime.min.time())
    return start + timedelta(milliseconds=rng.randrange(-3_600_000, 90_000_000))


def whole(rng, column, _):
    return rng.randrange(2) if column.maximum == 1 else rng.choice((0, 1, rng.randrange(10**9)))


MAKERS = (
    (pa.types.is_timestamp, instant),
    (pa.types.is_integer, whole),
    (pa.types.is_floating, lambda rng, *_: rng.choice((0.0, 1.0, 3.5))),
    (pa.types.is_string, lambda rng, column, _: few(rng, column.name)),
    (
        lambda kind: pa.types.is_list(kind) and pa.types.is_string(kind.value_type),
        lambda rng, *_: [words(rng) for _ in range(rng.randrange(3))],
    ),
)


def few(rng, name):
    """A text: identifiers out of so few that rows of different tables meet."""
    if name == "instance_id":
        return "i"
    is_key = name.endswith(("_id", "_arn", "_username"))
    return f"{name.rpartition('_')[2]}-{rng.randrange(8)}" if is_key else words(rng, False)


def row(rng, table, day):
    found = {column.name: value(rng, column, day) for column in table.columns} | {"day": day}
    if "interval_start" in found:  # a quarter of an hour of the day
        found["interval_start"] = datetime.combine(day, datetime.min.time()) + timedelta(
            minutes=15 * rng.randrange(96)
        )
    return found


def filled(lake, rng):
    """Put random rows with unique keys on random days into the tables that the questions read."""
    asked = {name for question in questions() for name in tables(parsed(question.sql))}
    made_rows = {}
    for table in (table for table in TABLES if table.name in asked):
        days = sorted({FIRST + timedelta(days=rng.randrange(5)) for _ in range(rng.randrange(4))})
        found = [row(rng, table, day) for day in days for _ in range(rng.randrange(25))]
        rows = list({tuple(each[name] for name in table.key): each for each in found}.values())
        made_rows[table.name] = rows
        data = pa.Table.from_pylist(rows, schema=table.schema)
        with lake.replacement(table) as change:
            if table.is_daily:
                change.put(data, days)
            else:
                change.put_all(data)
    return made_rows


def random_values(rng, question):
    given = {}
    for parameter in question.parameters:
        if rng.random() < 0.3:
            continue
        choices = parameter.type.split("|")
        if parameter.type == "date":
            given[parameter.name] = (FIRST + timedelta(days=rng.randrange(-2, 8))).isoformat()
        elif parameter.type == "integer":
            given[parameter.name] = str(rng.choice((0, 1, 7, 20, 100_000)))
        elif parameter.type == "zone":
            given[parameter.name] = rng.choice(ZONES)
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
