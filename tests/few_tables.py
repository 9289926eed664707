"""Lakes of few tables, quickly made, with runs written by hand; on both catalogs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pyarrow as pa
import pytest

from glue_jobs import ledger
from glue_jobs.lake import Lake, made
from glue_jobs.settings import Settings
from glue_jobs.standin import stand_in
from transforms.tables import AGENT_EVENT, RUN, WORK_ITEM, WORKLOAD_SCORE

BUCKET = "few-tables"
FEW = (AGENT_EVENT, WORK_ITEM, WORKLOAD_SCORE, RUN)
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


@contextmanager
def stand_in_aws() -> Iterator[Any]:
    """The stand-in, with a bucket, and the environment pointing at it."""
    with stand_in() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        running.client("s3").create_bucket(Bucket=BUCKET)
        yield running


def address(catalog: str, folder: Path, running: Any) -> Settings:
    """An address without a lake, in a folder or on the stand-in's S3 and Glue."""
    if catalog == "folder":
        return Settings(str(folder))
    name = f"few_{uuid4().hex}"
    return Settings(f"s3://{BUCKET}/{name}", name, running.endpoint, running.region)


@contextmanager
def few_tables(where: Settings) -> Iterator[Lake]:
    """A new lake of `FEW`, of which builds would make `agent_event` and `work_item`."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("glue_jobs.lake", "glue_jobs.maintenance", "glue_jobs.compaction"):
            patch.setattr(f"{name}.TABLES", FEW)
        patch.setattr("glue_jobs.history.BUILT", ("agent_event", "work_item"))
        with made(where)[0] as lake:
            yield lake


def items(*names: str, day: date = MONDAY) -> pa.Table:
    rows = [
        {"day": day, "work_item_id": name, "record_version": "v", "agent_username": "ann"}
        for name in names
    ]
    return pa.Table.from_pylist(rows, schema=WORK_ITEM.schema)


def put(lake: Lake, *names: str, day: date = MONDAY) -> int:
    """Make these the work items of a day; returns the snapshot."""
    with lake.replacement(WORK_ITEM) as change:
        change.put(items(*names, day=day), [day])
    return lake.snapshot("work_item")


def scatter(lake: Lake, rows: pa.Table, day: date) -> None:
    """Add each row of work items as a file of its own, in one commit."""
    with lake.replacement(WORK_ITEM) as change:
        new = [change.files.written(rows.slice(at, 1), uuid4().hex, day) for at in range(len(rows))]
        change.take([*new], [day])


def names(lake: Lake) -> list[str]:
    return sorted(lake.read(WORK_ITEM).column("work_item_id").to_pylist())


def ran(lake: Lake, run_id: str, **told: Any) -> None:
    """Record a run that left the tables as they are now."""
    left = {name: lake.snapshot(name) for name in ("agent_event", "work_item")}
    row = {"run_id": run_id, "inputs": [], "snapshots": list(left.items())} | told
    ledger.record(lake, lambda _: row, ledger.known(lake))


def read_objects(lake: Lake) -> set[str]:
    """The raw objects that count as read."""
    return {*ledger.inputs(lake, ledger.known(lake)).to_pylist()}


def stored(lake: Lake, name: str = "work_item") -> set[str]:
    """Every file of a table, whether or not a snapshot names it."""
    return {key for key, _ in lake.store.keys(f"tables/{name}/") if not key.endswith("/")}


def later(**ahead: int) -> datetime:
    """An instant so far ahead of now, in UTC with its zone."""
    return datetime.now(UTC) + timedelta(**ahead)


def by(rows: pa.Table, *columns: str) -> list[tuple[Any, ...]]:
    """The rows' values of some columns."""
    return [tuple(row[name] for name in columns) for row in rows.to_pylist()]
