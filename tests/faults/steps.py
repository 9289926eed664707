"""The steps that meet every fault, each with what it starts from and what it is to change.

A new command is a new `Step` in `STEPS`: how to bring a lake to where it starts, how it is run,
and what a reader sees of it, in parts that change whole or not at all.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glue_jobs import lake as lakes
from glue_jobs import ledger
from glue_jobs import rejects as bad
from glue_jobs.lake import Lake, NoLakeError, made, opened
from glue_jobs.publish import create_tables
from glue_jobs.settings import Settings
from ingestion import records
from ingestion.poller import kinesis_event
from ingestion.store import StoreError
from lambdas.agent_state import handler as agent_state
from lambdas.landing import handler as landing
from tests.centre_records import agent_event, contact, work_item, written
from tests.faults import places
from tests.faults.places import BUCKET, BUILT, DATABASE, FEW, KEY, KEYS, SCORES, Place
from tests.few_tables import read_objects
from tests.lake_program import outcome, run
from tests.lambdas.live_floor import agent_record, snapshot
from transforms import tables
from transforms.schema import Table

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
ONE = (tables.WORK_ITEM, tables.RUN)  # of what is done table by table
COUNTED = (
    *FEW,
    tables.AGENT_EVENT,
    tables.CONTACT_STATISTIC_RECORD,
    tables.AUTOMATION_CANDIDATE,
)
SCORED = (*FEW, tables.AGENT_EVENT, *SCORES)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)

Parts = Mapping[str, Any]


class Step(NamedTuple):
    """`run` tells whether the step says that it is done; an error of the program is a "no".

    `seal` names a part that is new only when all others are; `tables` are those of its lake, and
    `keys` the settings of the customers' keys under which it is run.
    """

    name: str
    places: tuple[str, ...]
    ready: Callable[[Place], None]
    run: Callable[[Place], bool]
    seen: Callable[[Place], Parts]
    seal: str | None = None
    arguments: Callable[[Place], tuple[str, ...]] | None = None
    tables: tuple[Table, ...] = FEW
    keys: Mapping[str, str] = KEY


def arguments(place: Place, step: Step) -> tuple[str, ...]:
    """What a terminal would write after `lake` for a step that is a command."""
    assert step.arguments
    return (*step.arguments(place), "--lake", place.lake)


def lake_parts(place: Place) -> Parts:
    """Every table's rows, and every raw or bad object, as a reader finds them now."""
    try:
        with opened(Settings.from_env(place.lake)) as lake:
            return _all_parts(lake)
    except (NoLakeError, StoreError):
        return {}


def _all_parts(lake: Lake) -> Parts:
    missing = lake.missing()
    there = [each.name for each in lakes.TABLES if each not in missing]
    rows = {f"table {name}": _rows(lake, name) for name in there}
    keys = [key for zone in ("raw/", "bad/") for key, _ in lake.store.keys(zone)]
    return rows | {key: lake.store.get(key) for key in keys}


def _rows(lake: Lake, name: str) -> list[Any]:
    table = {each.name: each for each in tables.TABLES}[name]
    rows = lake.read(table).to_pylist()
    if table is tables.RUN:  # the rest is instants and the snapshots' random numbers
        return sorted(row["inputs"] for row in rows)
    return sorted(map(repr, rows))


def _command(
    verb: str,
    where: tuple[str, ...],
    ready: Callable[[Place], None],
    seen: Callable[[Place], Parts],
    given: Callable[[Place], tuple[str, ...]] = lambda _place: (),
    seal: str | None = None,
    of: tuple[Table, ...] = FEW,
    keys: Mapping[str, str] = KEY,
) -> Step:
    """A step that is a command of the program; an error of it is one line that begins with it."""

    def run_(place: Place) -> bool:
        came_to = outcome(verb, *given(place), "--lake", place.lake)
        assert came_to.code == 0 or came_to.err.startswith(f"lake {verb}: "), came_to.err
        return came_to.code == 0

    return Step(verb, where, ready, run_, seen, seal, lambda place: (verb, *given(place)), of, keys)


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


def _built_twice(place: Place) -> None:
    """A lake with a past: two builds, the second of which updates what the first left."""
    _built_and_landed(place)
    run("build", "--lake", place.lake)


def _remembered(place: Place) -> None:
    """A lake with a past, and its first run's name in a file."""
    _built_twice(place)
    with opened(Settings.from_env(place.lake)) as lake:
        _first_run_file(place).write_text(ledger.runs(lake)[0]["run_id"])


def _first_run_file(place: Place) -> Path:
    return place.scratch / "first-run"


def _scattered(place: Place) -> None:
    """A day of work items in a file each."""
    _built_twice(place)
    rows = [{"day": NOON.date(), "work_item_id": f"w-{n}", "record_version": "v"} for n in range(3)]
    with (
        opened(Settings.from_env(place.lake)) as lake,
        lake.replacement(tables.WORK_ITEM) as change,
    ):
        found = pa.Table.from_pylist(rows, schema=tables.WORK_ITEM.schema)
        files = [
            change.files.written(found.slice(at, 1), uuid4().hex, NOON.date())
            for at in range(len(found))
        ]
        change.take(files, [NOON.date()])


def _rejected(place: Place) -> None:
    """A built lake with a reject of a time when less was allowed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "MAX_DEPTH", 2)
        path = written(place.scratch / "deep.ndjson.gz", FIRST)
        run("ingest", "--lake", place.lake, str(path))
    run("build", "--lake", place.lake)


def _scorable(place: Place) -> None:
    """A built lake, and empty tables of the agents' time and skills."""
    _built_twice(place)
    asked = (*lakes.TABLES, tables.AGENT_STATE_INTERVAL, tables.AGENT_SKILL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lakes, "TABLES", asked)
        made(Settings.from_env(place.lake))[0].catalog.close()


def _empty(place: Place) -> None:
    """A lake that holds nothing."""
    run("create", "--lake", place.lake)


def _under_the_former_key(place: Place) -> None:
    """A lake with a past, all under the key that is now the former one."""
    with pytest.MonkeyPatch.context() as patch:
        places.with_keys(patch, KEY)
        _built_twice(place)


def _proposed(place: Place) -> None:
    """A lake that proposes a training."""
    row = {"cycle": "2026-01", "agent_username": "alice", "skill": "claims", "status": "proposed"}
    figures = {"place": 1, "wait_cut": 0.1, "wait_cut_low": 0.05, "wait_cut_high": 0.15}
    rows = [row | figures | {"as_of": NOON.replace(tzinfo=None), "policy_version": "0"}]
    table = tables.UPSKILLING_RECOMMENDATION
    with (
        made(Settings.from_env(place.lake))[0] as lake,
        lake.replacement(table) as change,
    ):
        change.put_all(pa.Table.from_pylist(rows, schema=table.schema))


def table_parts(place: Place) -> Parts:
    """Every table's rows and received objects, and what counts as read."""
    with opened(Settings.from_env(place.lake)) as lake:
        return _standing_parts(lake)


def _standing_parts(lake: Lake) -> Parts:
    """Not the ledger itself: what is done in parts adds to it as often as it is done."""
    found = {name: part for name, part in _all_parts(lake).items() if name != "table run"}
    return found | {"stands": sorted(read_objects(lake))}


def file_parts(place: Place) -> Parts:
    """The tables' rows, and how many files hold them."""
    with opened(Settings.from_env(place.lake)) as lake:
        files = {f"files of {each.name}": len(lake.files(each.name)) for each in _not_run()}
        return _standing_parts(lake) | files


def snapshot_parts(place: Place) -> Parts:
    """The tables' rows, and their snapshots."""
    with opened(Settings.from_env(place.lake)) as lake:
        found = {
            f"snapshots of {each.name}": sorted(
                snapshot.snapshot_id for snapshot in lake.iceberg(each.name).snapshots()
            )
            for each in lakes.TABLES
        }
        return _all_parts(lake) | found


def reject_parts(place: Place) -> Parts:
    """The lake, and the bad records that stand out."""
    with opened(Settings.from_env(place.lake)) as lake:
        return _all_parts(lake) | {"rejects": len([*bad.rejects(lake.store)])}


def decision_parts(place: Place) -> Parts:
    """What was decided, and by whom."""
    with opened(Settings.from_env(place.lake)) as lake:
        found = lake.read(tables.UPSKILLING_RECOMMENDATION).to_pylist()
    return {row["agent_username"]: (row["status"], row["decided_by"]) for row in found}


def export_parts(place: Place) -> Parts:
    """The rows that a reader of the exported table finds at its location."""
    glue, s3 = place.client("glue"), place.client("s3")
    try:
        table = glue.get_table(DatabaseName=DATABASE, Name="work_item_export")["Table"]
    except glue.exceptions.EntityNotFoundException:
        return {"export": None}
    folder = table["StorageDescriptor"]["Location"].partition(f"{BUCKET}/")[2]
    keys = [
        each["Key"]
        for each in s3.list_objects_v2(Bucket=BUCKET, Prefix=folder)["Contents"]
        if each["Key"].endswith(".parquet")
    ]
    files = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
    rows = [row for data in files for row in pq.read_table(io.BytesIO(data)).to_pylist()]
    return {"export": sorted(map(repr, rows))}


def _not_run() -> list[Table]:
    return [each for each in lakes.TABLES if each is not tables.RUN]


STEPS = (
    Step("landing", (AWS,), _nothing, _landed, lake_parts),
    _command("ingest", (AWS, FOLDER), _nothing, lake_parts, _first),
    _command("build", (AWS, FOLDER), _built_and_landed, lake_parts, seal="table run", of=BUILT),
    _command("publish", (AWS,), _published, item_parts, of=(*SCORES, tables.RUN)),
    _command("compact", (AWS, FOLDER), _scattered, file_parts, of=ONE),
    _command(
        "rollback",
        (AWS, FOLDER),
        _remembered,
        table_parts,
        lambda place: (_first_run_file(place).read_text(),),
    ),
    _command(
        "expire",
        (AWS, FOLDER),
        _built_twice,
        snapshot_parts,
        lambda _place: ("--older-than", "0d", "--keep-runs", "1"),
        of=ONE,
    ),
    _command(
        "forget", (AWS, FOLDER), _built_twice, table_parts, lambda _place: ("customer-7", "--yes")
    ),
    _command("rekey", (AWS, FOLDER), _under_the_former_key, table_parts, keys=KEYS),
    _command(
        "rejects", (AWS, FOLDER), _rejected, reject_parts, lambda _place: ("--replay",), "rejects"
    ),
    _command("score", (AWS, FOLDER), _scorable, lake_parts, of=SCORED),
    _command("automation", (AWS, FOLDER), _scorable, lake_parts, of=COUNTED),
    _command(
        "recommend",
        (AWS, FOLDER),
        _proposed,
        decision_parts,
        lambda _place: ("--approve", "alice", "--cycle", "2026-01", "--by", "lead"),
        of=(tables.UPSKILLING_RECOMMENDATION, tables.RUN),
    ),
    _command("drop", (AWS, FOLDER), _empty, lake_parts),
    _command("export", (AWS,), _built_twice, export_parts, lambda _place: ("work_item",)),
    Step("agent state", (AWS,), _agent_tables, _followed, item_parts),
)
