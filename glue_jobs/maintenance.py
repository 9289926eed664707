"""`lake expire`: snapshots that nobody needs any more, and files that no snapshot names.

What is kept: every table's current snapshot, what was current until not long ago (a reader may
still be at it), and what the last runs left: a build compares with the last one, and a rollback
goes back to any of them. A file is removed only if no snapshot that is left names it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple, cast

import pyarrow as pa
from pyarrow import fs
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import AssertRefSnapshotId, RemoveSnapshotsUpdate

from glue_jobs import ledger
from glue_jobs.lake import ConflictError, Lake
from transforms.tables import TABLES

KEPT_RUNS = 10
ORPHAN_AGE = timedelta(days=3)  # longer than the longest write that may be under way


class Freed(NamedTuple):
    """One table: snapshots expired, the files that only they named, and files that none named."""

    table: str
    snapshots: int
    files: int
    bytes: int
    orphans: int
    orphan_bytes: int


class _File(NamedTuple):
    size: int
    written_at: datetime  # UTC


def expire(
    lake: Lake,
    older_than: timedelta,
    now: datetime,
    *,
    kept_runs: int = KEPT_RUNS,
    orphans: bool = False,
    is_dry: bool = False,
) -> list[Freed]:
    """Expire every table's snapshots that ceased to be current longer than `older_than` ago.

    `kept_runs`: how many of the last runs that stand keep their snapshots. `orphans`: also remove
    files older than `ORPHAN_AGE` that no snapshot names. `now`: UTC, with its zone. Dry, nothing is
    changed, and what is returned is what would be freed. Tables without anything are not told.
    """
    missing = lake.missing()
    names = [table.name for table in TABLES if table not in missing]
    left = _left_by_runs(lake, kept_runs)
    orphans_before = now - ORPHAN_AGE if orphans else datetime.min.replace(tzinfo=UTC)
    freed = [
        _freed(lake, name, left.get(name, frozenset()), now - older_than, orphans_before, is_dry)
        for name in names
    ]
    return [each for each in freed if each.snapshots or each.orphans]


def leave_current(lake: Lake, name: str) -> None:
    """Expire every snapshot of a table but the current one, whoever may still be reading it."""
    ever = datetime.max.replace(tzinfo=UTC)
    _freed(lake, name, frozenset(), ever, datetime.min.replace(tzinfo=UTC), is_dry=False)


def superseded(metadata: TableMetadata, before: datetime, kept: Collection[int]) -> list[int]:
    """The snapshots that had ceased to be current `before`, less the current and the `kept`.

    A snapshot's own age says nothing: one that is a year old may have been current until now.
    """
    refs = {ref.snapshot_id for ref in metadata.refs.values()}
    ended = {each.snapshot_id: each.timestamp_ms for each in metadata.snapshots}
    ended |= {each.snapshot_id: then.timestamp_ms for each, then in pairwise(metadata.snapshot_log)}
    limit = before.timestamp() * 1000
    return sorted(
        each.snapshot_id
        for each in metadata.snapshots
        if ended[each.snapshot_id] < limit and each.snapshot_id not in refs.union(kept)
    )


def _left_by_runs(lake: Lake, count: int) -> dict[str, set[int]]:
    """What the last runs that stand left, by table; at least the last one's."""
    left: dict[str, set[int]] = {}
    for run in ledger.standing(ledger.runs(lake, ("snapshots",)))[-max(count, 1) :]:
        for name, snapshot in run["snapshots"] or ():
            left.setdefault(name, set()).add(snapshot)
    return left


def _freed(
    lake: Lake,
    name: str,
    kept: Collection[int],
    before: datetime,
    orphans_before: datetime,
    is_dry: bool,
) -> Freed:
    # Listed first: what is written from here on is not even seen.
    found = _listed(lake.iceberg(name))
    table = lake.iceberg(name)
    gone = superseded(table.metadata, before, kept)
    going = _named(table, [each for each in table.snapshots() if each.snapshot_id in gone])
    staying = _named(table, [each for each in table.snapshots() if each.snapshot_id not in gone])
    if gone and not is_dry:
        _expire(lake, table, gone)
        table = lake.iceberg(name)
        staying = _named(table, table.snapshots())
    staying |= _metadata_files(table)
    expired = {path: found[path] for path in going - staying if path in found}
    orphans = {
        path: file
        for path, file in found.items()
        if path not in going | staying and file.written_at < orphans_before
    }
    if not is_dry:
        _remove(table, [*expired, *orphans])
    return Freed(name, len(gone), len(expired), _size(expired), len(orphans), _size(orphans))


def _expire(lake: Lake, table: IcebergTable, gone: list[int]) -> None:
    """Take snapshots out of the table, if what is current has not changed meanwhile.

    pyiceberg's own `expire_snapshots` does not ask for that: a rollback to one of them in between
    would leave the table without any.
    """
    current = AssertRefSnapshotId.model_validate(
        {"ref": MAIN_BRANCH, "snapshot-id": table.metadata.current_snapshot_id}
    )
    removal = RemoveSnapshotsUpdate.model_validate({"snapshot-ids": gone})
    try:
        lake.catalog.commit_table(table, (current,), (removal,))
    except (CommitFailedException, ValueError) as error:  # ValueError: another has expired them
        raise ConflictError(
            f"table {table.name()[-1]}: another writer was first; run the command again"
        ) from error


def _named(table: IcebergTable, snapshots: Iterable[Snapshot]) -> set[str]:
    """Paths of all that snapshots name: manifest lists, manifests, live data files."""
    lists = {each.manifest_list for each in snapshots}
    manifests = {
        manifest.manifest_path: manifest
        for each in snapshots
        for manifest in each.manifests(table.io)
    }
    data = {
        entry.data_file.file_path
        for manifest in manifests.values()
        for entry in manifest.fetch_manifest_entry(table.io)
    }
    return {_path(each) for each in lists | manifests.keys() | data}


def _metadata_files(table: IcebergTable) -> set[str]:
    log = {each.metadata_file for each in table.metadata.metadata_log}
    return {_path(each) for each in log | {table.metadata_location}}


def _listed(table: IcebergTable) -> dict[str, _File]:
    """Every file in the table's folder, by path."""
    system, folder = _place(table)
    selector = fs.FileSelector(folder, allow_not_found=True, recursive=True)
    return {
        each.path: _File(each.size, each.mtime)
        for each in system.get_file_info(selector)
        if each.type == fs.FileType.File
    }


def _remove(table: IcebergTable, paths: Iterable[str]) -> None:
    system, _ = _place(table)
    for path in paths:
        with suppress(FileNotFoundError):  # another was faster: what was wanted
            system.delete_file(path)


def _place(table: IcebergTable) -> tuple[fs.FileSystem, str]:
    scheme, netloc, path = PyArrowFileIO.parse_location(table.location())
    return cast(PyArrowFileIO, table.io).fs_by_scheme(scheme, netloc), path


def _path(address: str) -> str:
    return PyArrowFileIO.parse_location(address)[2]


def _size(files: Mapping[str, _File]) -> int:
    return sum(file.size for file in files.values())


def shown(freed: Iterable[Freed]) -> pa.Table:
    """One row per table of which something was (or would be) freed."""
    texts, counts = Freed._fields[:1], Freed._fields[1:]
    schema = pa.schema([*((n, pa.string()) for n in texts), *((n, pa.int64()) for n in counts)])
    return pa.Table.from_pylist([each._asdict() for each in freed], schema=schema)
