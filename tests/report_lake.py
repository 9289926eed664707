"""Lakes for the managers' report, made in seconds: the tables that it reads, of any size."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from glue_jobs.lake import Lake, made
from glue_jobs.settings import Settings
from tests.hand_made_lake import contact, disconnected, handled, put, queued
from transforms import tables
from transforms.contact_statistic_record import contact_statistic_records
from transforms.duck import rows
from transforms.schema import Table

START = date(2026, 1, 5)
INSTANCE = "i-1"


class Size(NamedTuple):
    """A centre: whole weeks of days, queues, agents in groups, and contacts an agent has a day."""

    days: int
    queues: Sequence[str]
    agents: Sequence[str]
    groups: Sequence[str]
    categories: Sequence[str] = ("invoice", "refund", "uncategorised")
    contacts: int = 3


SMALL = Size(
    21,
    ("Billing", "Claims", "Sales"),
    tuple(f"agent.{number:02}" for number in range(16)),
    ("Team A", "Team B", "Team C"),
)
LARGE = Size(
    90,
    tuple(f"Queue {number:02}" for number in range(20)),
    tuple(f"agent.{number:03}" for number in range(100)),
    tuple(f"Team {number:02}" for number in range(10)),
    tuple(f"category-{number}" for number in range(8)),
    contacts=60,
)

_CELLS = """
SELECT
    DATE '{start}' + CAST(d AS integer) AS day, '{instance}' AS instance_id,
    DATE '{start}' + to_days(CAST(d AS integer)) + to_minutes(CAST(15 * slot AS integer))
        AS interval_start,
    queue_name, queue_name AS skill, category, 'explain' AS task, 'VOICE' AS channel,
    1 + hash(d, slot, queue_name, category) % 4 AS n,
    CASE WHEN place = 1 THEN 90000 ELSE 12000 END + 1000 * (hash(slot, d) % 9) AS each_ms
FROM range({days}) AS days (d), range(32, 72) AS slots (slot), queue, category
WHERE hash(queue_name, category, slot) % 3 = 0
"""


def report_lake(folder: Path, size: Size = SMALL) -> Lake:
    """A lake of that size: the second queue has most of the waiting, two trainings are proposed.

    The last group has fewer than five agents where there are three groups of 16 agents.
    """
    lake, _ = made(Settings(str(folder)))
    cells = rows(
        _CELLS.format(start=START, instance=INSTANCE, days=size.days),
        queue=pa.table({"queue_name": list(size.queues), "place": range(len(size.queues))}),
        category=pa.table({"category": list(size.categories)}),
    )
    put(lake, tables.CALLS_BY_CATEGORY_QUEUE, rows(_CALLS, cells=cells))
    put(lake, tables.SKILL_LOAD, rows(_LOAD, cells=cells))
    put(lake, tables.SKILL_STAFFING, rows(_STAFFING, cells=cells))
    _put_people(lake, size)
    _put_contacts(lake, size)
    _put_plans(lake, size)
    _put_runs(lake, size)
    _put_midnight(lake, size)
    return lake


_CALLS = """
SELECT * EXCLUDE (n, each_ms), n AS contacts, n AS contacts_queued, n AS contacts_handled,
    0 AS contacts_abandoned, n AS contacts_answered, 0 AS contacts_abandon_timed,
    n AS contacts_handle_timed, 0 AS contacts_removed_20s, 0 AS contacts_answered_20s,
    n * each_ms AS wait_ms, n * each_ms AS queue_answer_time_ms, 0 AS abandon_time_ms,
    n * 240000 AS handle_time_ms
FROM cells
"""
_LOAD = """
SELECT * EXCLUDE (n, each_ms, task, channel), n AS contacts_queued, n AS contacts_answered,
    0 AS contacts_abandoned, n AS contacts_wait_timed, n AS contacts_handle_timed,
    0 AS contacts_removed_20s, n * each_ms AS wait_ms, n * greatest(each_ms - 20000, 0)
    AS breach_ms, n * 240000 AS handle_time_ms, n * 240000 AS offered_load_ms
FROM cells
"""
_STAFFING = """
SELECT day, instance_id, interval_start, skill, 5 AS agents, 4000000 AS staffed_head_ms,
    2000000 AS staffed_share_ms, 1000000 AS idle_ms, 500000 AS queue_ms, 100000 AS overlap_ms
FROM cells GROUP BY day, instance_id, interval_start, skill
"""


def group_of(size: Size, place: int) -> int:
    """The group of an agent: six in each, the rest in the last."""
    each = max(6, -(-len(size.agents) // len(size.groups)))
    return min(place // each, len(size.groups) - 1)


def skills_of(size: Size, place: int) -> list[str]:
    """Two queues of an agent, side by side."""
    return [size.queues[(place + step) % len(size.queues)] for step in (0, 1)]


def trainees(size: Size) -> list[str]:
    """The first two agents without the second queue."""
    every = enumerate(size.agents)
    return [name for place, name in every if size.queues[1] not in skills_of(size, place)][:2]


def _put_people(lake: Lake, size: Size) -> None:
    users = [
        {
            "user_id": f"u-{place}",
            "user_arn": f"arn:{place}",
            "agent_username": name,
            "agent_hierarchy_group_id": f"g-{group_of(size, place)}",
            "record_version": "1",
        }
        for place, name in enumerate(size.agents)
    ]
    groups = [
        {
            "agent_hierarchy_group_id": f"g-{place}",
            "agent_hierarchy_group_name": name,
            "record_version": "1",
        }
        for place, name in enumerate(size.groups)
    ]
    put_all(lake, tables.USERS, users)
    put_all(lake, tables.AGENT_HIERARCHY_GROUPS, groups)
    seen = [
        {
            "day": day,
            "instance_id": INSTANCE,
            "agent_arn": f"arn:{place}",
            "agent_id": f"u-{place}",
            "agent_username": name,
            "kind": "queue",
            "skill": skill,
            "seen_from": datetime.combine(day, time(8)),
            "seen_to": datetime.combine(day, time(17)),
        }
        for day in (START + timedelta(days=n) for n in range(size.days))
        for place, name in enumerate(size.agents)
        for skill in skills_of(size, place)
    ]
    put(lake, tables.AGENT_SKILL, wide(tables.AGENT_SKILL, seen))


_REPEATED = """
SELECT * REPLACE (
    contact_id || '-' || d AS contact_id,
    CAST(day + to_days(CAST(d AS integer)) AS date) AS day,
    initiation_timestamp + to_days(CAST(d AS integer)) AS initiation_timestamp,
    disconnect_timestamp + to_days(CAST(d AS integer)) AS disconnect_timestamp
)
FROM found, range({days}) AS days (d)
"""


def _put_contacts(lake: Lake, size: Size) -> None:
    """Contacts that the router placed, the same every day, by agents in turn."""
    found = [
        contact(
            f"c-{number}",
            **queued(10 + number % 30, size.queues[number % len(size.queues)]),
            **handled(200 + number % 50),
            **disconnected(300),
        )
        | {
            "category": size.categories[number % len(size.categories)],
            "agent_id": f"u-{number % len(size.agents)}",
            "agent_username": size.agents[number % len(size.agents)],
            "attributes": [("decision", "CANDIDATES"), ("policy", f"policy-{number % 2}"),
                           ("agent1", f"u-{number % len(size.agents)}")],
        }
        for number in range(size.contacts * len(size.agents))
    ]  # fmt: skip
    silver = wide(tables.CONTACT_RECORD, found)
    counted = tables.CONTACT_STATISTIC_RECORD.conform(contact_statistic_records(silver))
    for table, day in (
        (tables.CONTACT_RECORD, silver),
        (tables.CONTACT_STATISTIC_RECORD, counted),
    ):
        sql = _REPEATED.format(days=size.days)
        put(lake, table, rows(sql, found=day).drop_columns(["d"]))


def _put_plans(lake: Lake, size: Size) -> None:
    as_of = datetime.combine(START, time()) + timedelta(days=size.days)
    plans = [
        {
            "cycle": "2026-01",
            "place": place,
            "agent_username": name,
            "skill": size.queues[1],
            "agent_hierarchy_group": size.groups[0],
            "status": "proposed",
            "training_hours": 8.0,
            "handle_time_factor": 1.1,
            "wait_cut": 0.12 / place,
            "wait_cut_low": 0.10 / place,
            "wait_cut_high": 0.14 / place,
            "mean_wait_s_before": 60.0,
            "mean_wait_s_after": 60.0 - 5 * place,
            "reasons": [f"{name} sat idle while callers of {size.queues[1]} waited."],
            "alternatives": [f"Next best, as if {name} declines: {size.agents[3]}."],
            "as_of": as_of,
            "policy_version": "p",
        }
        for place, name in enumerate(trainees(size), 1)
    ]
    put_all(lake, tables.UPSKILLING_RECOMMENDATION, plans)
    candidates = [
        {
            "category": name,
            "task": "explain",
            "is_eligible": int(place == 0),
            "is_sensitive": 0,
            "reasons": [] if place == 0 else ["takes 300 s in the median"],
            "contacts": 300,
            "median_handle_s": 240.0,
            "quartile_dispersion": 0.2,
            "automatable_share": 0.5,
            "hours_saved": 12.5 if place == 0 else 0.0,
            "as_of": as_of,
            "formula_version": "1",
        }
        for place, name in enumerate(size.categories)
    ]
    put_all(lake, tables.AUTOMATION_CANDIDATE, candidates)
    scores = [
        {
            "call_type": size.categories[0],
            "agent_username": name,
            "workload": 100 * place,
            "as_of": as_of,
            "score_version": "1",
        }
        for place, name in enumerate(size.agents)
    ]
    put_all(lake, tables.WORKLOAD_SCORE, scores)


def _put_runs(lake: Lake, size: Size) -> None:
    day = START + timedelta(days=size.days - 1)
    run = {
        "day": day,
        "run_id": "r-1",
        "finished_at": datetime.combine(day, time(18)),
        "code_version": "0.1.0",
        "inputs": [],
        "landed": [("contact_record", 110)],
        "duplicates": [("contact_record", 4)],
        "superseded": [("contact_record", 3)],
        "rejected": [("contact_record", 2)],
        "rows": [("contact_record", 101)],
        "days": [("contact_record", 3)],
    }
    put(lake, tables.RUN, wide(tables.RUN, [run]))


def _put_midnight(lake: Lake, size: Size) -> None:
    """An event after the last day, by which the lake knows that it is over."""
    day = START + timedelta(days=size.days)
    event = {
        "day": day,
        "instance_id": INSTANCE,
        "agent_arn": "arn:0",
        "event_id": "e-1",
        "record_version": "1",
        "event_timestamp": datetime.combine(day, time()),
    }
    put(lake, tables.AGENT_EVENT, wide(tables.AGENT_EVENT, [event]))


def put_all(lake: Lake, table: Table, found: list[dict[str, Any]]) -> None:
    with lake.replacement(table) as change:
        change.put_all(wide(table, found))


def wide(table: Table, found: list[dict[str, Any]]) -> pa.Table:
    """Rows with every column of the table; null where a row does not say."""
    return pa.Table.from_pylist(found, schema=table.schema)


def rejected(lake: Lake, reason: str, count: int) -> None:
    """Put records into `bad/` as landing does."""
    lines = [
        {
            "reason": reason,
            "detail": "line 1",
            "source": "one.ndjson",
            "position": f"line {place}",
            "sha256": hashlib.sha256(b"{").hexdigest(),
            "size": 1,
            "payload_base64": base64.b64encode(b"{").decode(),
        }
        for place in range(count)
    ]
    text = "\n".join(map(json.dumps, lines))
    lake.store.put("bad/files/one.ndjson.gz", gzip.compress(text.encode()))
