"""`lake history` and `lake rollback`: what ran, which snapshots it left, and going back to them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import NamedTuple

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot

from glue_jobs import ledger
from glue_jobs.lake import ConflictError, Lake
from ingestion.errors import LakeError
from transforms.pipeline import SOURCES, STEPS
from transforms.tables import BY_NAME

BUILT = (
    *(source.writes.name for source in SOURCES),
    *(step.writes.name for step in STEPS),
)
_INSTANT = pa.timestamp("us")
_RUNS = pa.schema(
    [
        ("run_id", pa.string()),
        ("command", pa.string()),
        ("finished_at", _INSTANT),
        ("code_version", pa.string()),
        ("settings", pa.string()),
        ("objects", pa.int64()),
        ("landed", pa.int64()),
        ("new_rows", pa.int64()),
        ("rejected", pa.int64()),
        ("days_rewritten", pa.int64()),
        ("restored", pa.string()),
        ("stands", pa.bool_()),
        ("can_be_restored", pa.bool_()),
    ]
)
_SNAPSHOTS = pa.schema(
    [
        ("snapshot", pa.int64()),
        ("made_at", _INSTANT),
        ("run_id", pa.string()),
        ("rows_added", pa.int64()),
        ("rows_removed", pa.int64()),
        ("files_added", pa.int64()),
        ("files_removed", pa.int64()),
        ("days", pa.int64()),
        ("is_current", pa.bool_()),
    ]
)


class NoSuchRunError(LakeError):
    """No run of the lake is meant by what was given."""

    exit_code = 3


class SnapshotExpiredError(LakeError):
    """What a run left is no longer there."""

    exit_code = 3


class RolledBack(NamedTuple):
    """The run that was gone back to, and the tables that were not as it left them."""

    run_id: str
    tables: list[str]


def run_history(lake: Lake) -> pa.Table:
    """Every run, oldest first: what came in, what went out, whether it stands and can be restored.

    `settings` is the digest of the taxonomy in force; `objects` are the raw objects read first.
    """
    counted = ("landed", "rows", "rejected", "days")
    names = ("code_version", "taxonomy", "inputs", "snapshots", *counted)
    found = ledger.runs(lake, names)
    stand = {run["finished_at"] for run in ledger.standing(found)}
    there = _snapshots(lake)
    return pa.Table.from_pylist([_told(run, stand, there, counted) for run in found], _RUNS)


def _told(
    run: ledger.Row, stand: set[datetime], there: dict[str, set[int]], counted: tuple[str, ...]
) -> ledger.Row:
    landed, rows, rejected, days = (
        sum(count or 0 for _, count in run[name] or ()) for name in counted
    )
    return {
        "run_id": run["run_id"],
        "command": run["command"] or ledger.BUILD,
        "finished_at": run["finished_at"],
        "code_version": run["code_version"],
        "settings": run["taxonomy"],
        "objects": len(run["inputs"]),
        "landed": landed,
        "new_rows": rows,
        "rejected": rejected,
        "days_rewritten": days,
        "restored": run["restored"],
        "stands": run["finished_at"] in stand,
        "can_be_restored": not _expired(run, there),
    }


def snapshot_history(lake: Lake, name: str) -> pa.Table:
    """Every snapshot of a table that has not expired, oldest first, and the run that left it.

    `days`: how many partitions the change touched. A snapshot without a run is of a run that died,
    or of a command that keeps no ledger.
    """
    table = lake.iceberg(name)
    left_by: dict[int, str] = {}
    for run in ledger.runs(lake, ("snapshots",)):
        left_by.setdefault(dict(run["snapshots"] or ()).get(name, 0), run["run_id"])
    rows = [
        _change(snapshot) | {"run_id": left_by.get(snapshot.snapshot_id)}
        for snapshot in sorted(table.snapshots(), key=lambda each: each.timestamp_ms)
    ]
    current = table.metadata.current_snapshot_id
    told = [row | {"is_current": row["snapshot"] == current} for row in rows]
    return pa.Table.from_pylist(told, schema=_SNAPSHOTS)


def _change(snapshot: Snapshot) -> ledger.Row:
    summary = snapshot.summary.additional_properties if snapshot.summary else {}
    counts = Counter({name: int(count) for name, count in summary.items() if count.isdigit()})
    return {
        "snapshot": snapshot.snapshot_id,
        "made_at": datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC).replace(tzinfo=None),
        "rows_added": counts["added-records"],
        "rows_removed": counts["deleted-records"],
        "files_added": counts["added-data-files"],
        "files_removed": counts["deleted-data-files"],
        "days": counts["changed-partition-count"],
    }


def target(lake: Lake, wanted: str) -> ledger.Row:
    """The newest run of an id (or of its beginning), or the first that left a snapshot of that id.

    NoSuchRunError if there is none, or if several ids begin so.
    """
    found = [
        run
        for run in ledger.runs(lake, ("snapshots", "taxonomy"))
        if run["command"] != ledger.ROLLBACK_BEGUN
    ]
    left = [run for run in found if wanted in {str(each) for _, each in run["snapshots"] if each}]
    named = [run for run in found if wanted and run["run_id"].startswith(wanted)]
    if not left and len({run["run_id"] for run in named}) > 1:
        raise NoSuchRunError(f"several runs begin with {wanted}; write more of the id")
    if not left and not named:
        raise NoSuchRunError(f"{wanted!r} is no run and no run's snapshot; see `lake history`")
    return left[0] if left else named[-1]


def rollback(lake: Lake, run: ledger.Row) -> RolledBack:
    """Put every built table back to what it was after a run. Safe to repeat after a crash.

    What stands of the ledger changes before the tables do, so that nothing that the tables lose is
    taken for read; and once more after them, so that neither does a build that ended meanwhile
    count. SnapshotExpiredError, and nothing done, if a snapshot is gone.
    """
    began = ledger.known(lake)
    if expired := _expired(run, _snapshots(lake)):
        raise SnapshotExpiredError(
            f"run {run['run_id']} cannot be restored: its snapshot of {expired[0]} has expired; "
            "`lake history` tells which can"
        )
    row = {
        "run_id": ledger.run_id(ledger.ROLLBACK, run["run_id"], began.run_id),
        "started_at": ledger.clock(),
        "inputs": [],
        "taxonomy": run["taxonomy"],
        "snapshots": run["snapshots"],
        "restored": run["run_id"],
    }
    ledger.record(lake, lambda _: row | {"command": ledger.ROLLBACK_BEGUN}, began)
    changed = changes(lake, run)
    for name in changed:
        _put_back(lake, name, dict(run["snapshots"]).get(name, 0))
    ledger.record(lake, lambda _: row | {"command": ledger.ROLLBACK}, ledger.known(lake))
    return RolledBack(run["run_id"], changed)


def changes(lake: Lake, run: ledger.Row) -> list[str]:
    """The tables that are not as the run left them, in data-flow order."""
    left, missing = dict(run["snapshots"]), {table.name for table in lake.missing()}
    names = [name for name in {**dict.fromkeys(BUILT), **left} if name not in missing]
    return [name for name in names if not _is_so(lake, name, left.get(name, 0))]


def _is_so(lake: Lake, name: str, snapshot: int) -> bool:
    return lake.snapshot(name) == snapshot or (not snapshot and not lake.files(name))


def _put_back(lake: Lake, name: str, snapshot: int) -> None:
    """Make a snapshot the table's current one; 0 = the table had none, so it has no rows."""
    if snapshot:
        _set_current(lake.iceberg(name), snapshot)
        return
    with lake.replacement(BY_NAME[name]) as change:
        change.take([], lake.days(name) if BY_NAME[name].is_daily else [])


def _set_current(table: IcebergTable, snapshot: int) -> None:
    try:
        with table.manage_snapshots() as change:
            change.set_current_snapshot(snapshot)
    except (CommitFailedException, ValueError) as error:  # ValueError: it expired just now
        raise ConflictError(
            f"table {table.name()[-1]}: another writer was first; run the command again"
        ) from error


def _expired(run: ledger.Row, there: dict[str, set[int]]) -> list[str]:
    """The tables of which the snapshot that a run left is gone."""
    left = dict(run["snapshots"] or ())
    return [name for name, at in left.items() if at and at not in there.get(name, ())]


def _snapshots(lake: Lake) -> dict[str, set[int]]:
    """The snapshots of every table that is there."""
    missing = {table.name for table in lake.missing()}
    return {
        name: {snapshot.snapshot_id for snapshot in lake.iceberg(name).snapshots()}
        for name in BUILT
        if name not in missing
    }
