"""The steps that meet every fault, each with what it starts from and what it is to change.

A new command is a new `Step` in `STEPS`: how to bring a lake to where it starts, how it is run,
and what a reader sees of it, in parts that change whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from glue_jobs import lake as lakes
from glue_jobs.lake import Lake, NoLakeError, made, opened
from glue_jobs.publish import create_tables
from glue_jobs.settings import Settings
from ingestion.poller import kinesis_event
from ingestion.store import StoreError
from lambdas.agent_state import handler as agent_state
from lambdas.landing import handler as landing
from tests.centre_records import agent_event, contact, work_item, written
from tests.faults.places import Place
from tests.lake_program import outcome, run
from tests.lambdas.live_floor import agent_record, snapshot
from transforms import tables

AWS, FOLDER = "aws", "folder"
STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/contact-records"
FIRST = [contact("c-1"), agent_event("e-1", "2026-01-05T09:00:00Z"), work_item("w-1"), "<html>"]
# A contact that moves to another day, a repetition, an update, and new ones.
SECOND = [
    contact("c-1", "2026-01-06T00:00:10Z", updated="2026-01-06T12:00:00Z"),
    contact("c-2"),
    agent_event("e-1", "2026-01-05T09:00:00Z"),
    agent_event("e-2", "2026-01-06T09:00:00Z", AgentARN="arn:aws:connect:agent/bob"),
    work_item("w-1", LastUpdateTimestamp="2026-01-05T10:00:00Z", RemainingMinutes=5),
    "{oops",
]
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)

Parts = Mapping[str, Any]


class Step(NamedTuple):
    """`run` tells whether the step says that it is done; an error of the program is a "no".

    `seal` names a part that is new only when all others are.
    """

    name: str
    places: tuple[str, ...]
    ready: Callable[[Place], None]
    run: Callable[[Place], bool]
    seen: Callable[[Place], Parts]
    seal: str | None = None
    arguments: Callable[[Place], tuple[str, ...]] | None = None


def arguments(place: Place, step: Step) -> tuple[str, ...]:
    """What a terminal would write after `lake` for a step that is a command."""
    assert step.arguments
    return (*step.arguments(place), "--lake", place.lake)


def lake_parts(place: Place) -> Parts:
    """Every table's rows, and every raw or bad object, as a reader finds them now."""
    try:
        with opened(Settings.from_env(place.lake)) as lake:
            missing = lake.missing()
            there = [each.name for each in lakes.TABLES if each not in missing]
            rows = {f"table {name}": _rows(lake, name) for name in there}
            keys = [key for zone in ("raw/", "bad/") for key, _ in lake.store.keys(zone)]
            objects = {key: lake.store.get(key) for key in keys}
    except (NoLakeError, StoreError):
        return {}
    return rows | objects


def _rows(lake: Lake, name: str) -> list[Any]:
    table = {each.name: each for each in tables.TABLES}[name]
    rows = lake.read(table).to_pylist()
    if table is tables.RUN:  # the rest is instants and the snapshots' random numbers
        return sorted(row["inputs"] for row in rows)
    return sorted(map(repr, rows))


def _command(
    name: str,
    places: tuple[str, ...],
    ready: Callable[[Place], None],
    seen: Callable[[Place], Parts],
    given: Callable[[Place], tuple[str, ...]] = lambda _place: (),
    seal: str | None = None,
) -> Step:
    """A step that is a command of the program; an error of it is one line that begins with it."""

    def run_(place: Place) -> bool:
        came_to = outcome(name, *given(place), "--lake", place.lake)
        assert came_to.code == 0 or came_to.err.startswith(f"lake {name}: "), came_to.err
        return came_to.code == 0

    return Step(name, places, ready, run_, seen, seal, lambda place: (name, *given(place)))


def _first(place: Place) -> tuple[str, ...]:
    return (str(written(place.scratch / "first.ndjson.gz", FIRST)),)


def _nothing(_place: Place) -> None:
    """From nothing: the step makes the lake."""


def _built_and_landed(place: Place) -> None:
    """A built lake, and records that no build has read."""
    run("ingest", "--lake", place.lake, *_first(place))
    run("build", "--lake", place.lake)
    run("ingest", "--lake", place.lake, str(written(place.scratch / "2.ndjson.gz", SECOND)))


def _published(place: Place) -> None:
    """Scores of noon in DynamoDB, newer ones in the lake."""
    with made(Settings.from_env(place.lake))[0] as lake:
        _put_scores(lake, NOON)
        run("publish", "--lake", place.lake)
        _put_scores(lake, NOON + timedelta(minutes=15), more=1)


def _put_scores(lake: Lake, at: datetime, more: int = 0) -> None:
    as_of = at.replace(tzinfo=None)
    names = [f"agent-{number}" for number in range(3 + more)]
    scores = [
        {"call_type": "claims", "agent_username": name, "agent_id": f"id-{name}", "workload": 7}
        | {"as_of": as_of, "score_version": "v1"}
        for name in names
    ]
    customers = [
        {"customer_id": f"c1_{name}", "agent_username": name, "agent_id": f"id-{name}"}
        | {"as_of": as_of, "expires_at": as_of + timedelta(days=90)}
        for name in names
    ]
    for table, rows in ((tables.WORKLOAD_SCORE, scores), (tables.CUSTOMER_AGENT, customers)):
        with lake.replacement(table) as change:
            change.put_all(pa.Table.from_pylist(rows, schema=table.schema))


def item_parts(place: Place) -> Parts:
    """Every item of DynamoDB by table and key."""
    client = place.client("dynamodb")
    names = client.list_tables()["TableNames"]
    return {
        f"{name} {_key(client, name, item)}": item
        for name in names
        for item in client.scan(TableName=name)["Items"]
    }


def _key(client: Any, table: str, item: Mapping[str, Any]) -> str:
    schema = client.describe_table(TableName=table)["Table"]["KeySchema"]
    return " ".join(item[each["AttributeName"]]["S"] for each in schema)


def batch() -> dict[str, Any]:
    """A Kinesis event of one shard: records of every kind, two agents, and what is no record."""
    agents = [agent_record(f"id-{n}", NOON, f"e-{n}", snapshot()) for n in range(2)]
    texts = [each if isinstance(each, str) else json.dumps(each) for each in (*FIRST, *agents)]
    records = [
        {
            "SequenceNumber": str(number),
            "ApproximateArrivalTimestamp": NOON,
            "Data": text.encode(),
            "PartitionKey": "key",
        }
        for number, text in enumerate(texts, start=100)
    ]
    return kinesis_event(STREAM, "shardId-0", records)


def _landed(place: Place) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKE", place.lake)
        landing._lake.cache_clear()
        return landing.handler(batch(), None) == {"batchItemFailures": []}


def _agent_tables(place: Place) -> None:
    create_tables(place.client("dynamodb"))


def _followed(_place: Place) -> bool:
    agent_state._table.cache_clear()
    return agent_state.handler(batch(), None) == {"batchItemFailures": []}


STEPS = (
    Step("landing", (AWS,), _nothing, _landed, lake_parts),
    _command("ingest", (AWS, FOLDER), _nothing, lake_parts, _first),
    _command("build", (AWS, FOLDER), _built_and_landed, lake_parts, seal="table run"),
    _command("publish", (AWS,), _published, item_parts),
    Step("agent state", (AWS,), _agent_tables, _followed, item_parts),
)
