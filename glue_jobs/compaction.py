"""`lake compact`: the small files of a day become one, with the same rows in the table's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

import pyarrow as pa
from pyiceberg.manifest import DataFile

from glue_jobs import ledger, quality
from glue_jobs.datafiles import day_of
from glue_jobs.lake import Lake, Replacement
from transforms.facts import multiset
from transforms.schema import Table
from transforms.tables import TABLES

TARGET_BYTES = 128 * 2**20
# What is nearly of that size stays as it is: Iceberg's own `min-file-size-bytes`,
# https://iceberg.apache.org/docs/latest/spark-procedures/#rewrite_data_files
SMALL_PART = 0.75

Progress = Callable[[str, int, int], None]  # what, done, of how many


class Compacted(NamedTuple):
    """One table: its small files, what they became, their rows, and the days that hold them.

    In a plan `files_after` is the most that can stay: how small rows are when they are together is
    known only then.
    """

    table: str
    files_before: int
    files_after: int
    rows: int
    bytes_before: int
    days: int


class _Bin(NamedTuple):
    """Files that become one; `day` is None for a table without days."""

    day: date | None
    files: tuple[DataFile, ...]


def plan(lake: Lake, tables: Sequence[Table] = ()) -> list[Compacted]:
    """What `compact` would do, from the manifests alone; tables with nothing to do are not told."""
    wanted = tables or _there(lake)
    found = [(table, _bins(table, lake.data_files(table))) for table in wanted]
    return [
        _compacted(table, [file for each in bins for file in each.files], len(bins))
        for table, bins in found
        if bins
    ]


def compact(
    lake: Lake,
    tables: Sequence[Table] = (),
    progress: Progress = lambda _what, _done, _all: None,
) -> list[Compacted]:
    """Put files of one day together up to `TARGET_BYTES`; a commit a table, then the run's row.

    `tables`: which (none named = all).

    The rows are hashed as a multiset before, and after they are read back from the new file; a
    difference fails the audit and nothing is committed. Returns the tables that were changed.
    """
    began, started_at = ledger.known(lake), ledger.clock()
    moves: dict[str, tuple[int, int]] = {}
    done = []
    wanted = tables or _there(lake)
    for number, table in enumerate(wanted):
        progress(table.name, number, len(wanted))
        before = lake.snapshot(table.name)
        if compacted := _put_together(lake, table):
            moves[table.name] = (before, lake.snapshot(table.name))
            done.append(compacted)
    if done:
        row = {
            "run_id": ledger.run_id(ledger.COMPACTION, sorted(moves.items())),
            "command": ledger.COMPACTION,
            "started_at": started_at,
            "inputs": [],
            "days": [(each.table, each.days) for each in done],
        }
        ledger.record(lake, lambda now: row | ledger.left(now, moves), began)
    progress("run", len(wanted), len(wanted))
    return done


def _there(lake: Lake) -> list[Table]:
    missing = lake.missing()
    return [table for table in TABLES if table not in missing]


def _put_together(lake: Lake, table: Table) -> Compacted | None:
    """Compact one table in one commit, until a day has no two small files; None if it had none.

    A small file is mostly its own footer, so what many came to can be small again.
    """
    broken: list[dict[str, int]] = []
    with lake.replacement(table) as change:
        while bins := _bins(table, change.left()):
            broken += [{"rows before = rows after": _swapped(change, each)} for each in bins]
        if not broken:
            return None
        quality.gate(table.name, quality.total(broken), lake.store)
        left = {file.file_path for file in change.left()}
        small = [file for file in change.old if file.file_path not in left]
        return _compacted(table, small, len(left) - (len(change.old) - len(small)))


def _bins(table: Table, files: Iterable[DataFile]) -> list[_Bin]:
    """Small files of one day, in order, as many together as reach `TARGET_BYTES`."""
    by_day: dict[date | None, list[DataFile]] = {}
    for file in sorted(files, key=lambda each: each.file_path):
        if file.file_size_in_bytes < TARGET_BYTES * SMALL_PART:
            by_day.setdefault(_day(table, file), []).append(file)
    return [
        _Bin(day, tuple(some))
        for day, found in sorted(by_day.items(), key=str)
        for some in _together(found)
        if len(some) > 1
    ]


def _together(files: Iterable[DataFile]) -> Iterable[list[DataFile]]:
    some: list[DataFile] = []
    size = 0
    for file in files:
        some.append(file)
        size += file.file_size_in_bytes
        if size >= TARGET_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _swapped(change: Replacement, small: _Bin) -> int:
    """Put the bin's rows into one file; returns how many rows it does not hold as they were."""
    rows = change.files.read(file.file_path for file in small.files)
    before = multiset(rows)
    ordered = rows.sort_by([(name, "ascending") for name in change.table.order])
    new = change.swap(small.files, change.table.conform(ordered), small.day)
    after = multiset(change.files.read([new.file_path]))
    return 0 if before == after else max(rows.num_rows, 1)


def _day(table: Table, file: DataFile) -> date | None:
    return day_of(file) if table.is_daily else None


def _compacted(table: Table, small: Sequence[DataFile], files_after: int) -> Compacted:
    return Compacted(
        table.name,
        len(small),
        files_after,
        sum(file.record_count for file in small),
        sum(file.file_size_in_bytes for file in small),
        len({_day(table, file) for file in small}),
    )


def shown(done: Iterable[Compacted]) -> pa.Table:
    """One row per table that was (or would be) compacted."""
    texts, counts = Compacted._fields[:1], Compacted._fields[1:]
    schema = pa.schema([*((n, pa.string()) for n in texts), *((n, pa.int64()) for n in counts)])
    return pa.Table.from_pylist([each._asdict() for each in done], schema=schema)
