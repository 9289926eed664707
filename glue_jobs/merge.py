"""Merging newly landed records into a table of newest versions, in bounded memory.

Two passes: parsed pieces are spilled to disk, sorted by day; then groups of days are merged with
the rows already there. Keys whose versions lie on several days are settled first, over all of
their versions, so that a contact that moves leaves its old day.
"""

from __future__ import annotations

import gzip
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs import quality
from glue_jobs.ahead import CORES, ahead, shared_out
from glue_jobs.datafiles import rows_in_a_group
from glue_jobs.lake import Lake, Replacement
from glue_jobs.parsers import Parser
from glue_jobs.raw import Piece
from glue_jobs.spill import Spill
from ingestion.landing import reject_line
from ingestion.records import Rejected
from ingestion.store import Store
from transforms.days import groups, parts
from transforms.duck import rows as duck_rows
from transforms.facts import violations
from transforms.parts import part_of
from transforms.pipeline import Source
from transforms.schema import DAY, Table
from transforms.versions import (
    Hashes,
    changed_days,
    key_days,
    newest,
    only,
    straddling,
    without,
)


class Merged(NamedTuple):
    """What became of landed records: landed = rows + duplicates + superseded + rejected.

    `rows` is the net number of new rows; `days` are those rewritten; `unknown_fields` says in how
    many of the landed records each field stood that the lake does not know.
    """

    landed: int
    rows: int
    duplicates: int
    superseded: int
    rejected: int
    days: list[date]
    unknown_fields: Mapping[str, int]


class Parsed(NamedTuple):
    """What a piece came to: rows that are kept, and how many landed and were rejected."""

    rows: pa.Table
    landed: int
    rejected: int
    unknown_fields: Counter[str]


class Group(NamedTuple):
    """Days merged: all their rows, which of them changed, and what became of the landed rows."""

    rows: pa.Table
    days: list[date]
    gained: int
    duplicates: int
    superseded: int
    broken: dict[str, int]


def merged(
    lake: Lake,
    source: Source,
    parser: Parser,
    pieces: Iterable[Piece],
    run_id: str,
) -> Merged:
    """Merge landed records into the source's table and commit; rejects go to `bad/build/`."""
    table = source.writes
    with tempfile.TemporaryDirectory(prefix="lake-build-") as folder:
        spill = Spill(Path(folder), table)
        counts = _parsed(lake, source, parser, pieces, run_id, spill)
        with lake.replacement(table) as change:
            moved = _settled(change, source, spill)
            counts = counts._replace(duplicates=moved.duplicates, superseded=moved.superseded)
            broken: list[dict[str, int]] = []
            put: set[date] = set()
            for group, days in ahead(_merged_groups(change, parser, spill, moved)):
                change.put(group.rows, days)
                put.update(days)
                broken.append(group.broken)
                counts = counts._replace(
                    rows=counts.rows + group.gained,
                    duplicates=counts.duplicates + group.duplicates,
                    superseded=counts.superseded + group.superseded,
                    days=sorted({*counts.days, *group.days}),
                )
            change.leave(put.difference(counts.days))
            audit(lake, table, broken, counts)
    return counts


def kept(store: Store, source: Source, name: str, piece: Piece, rows: pa.Table) -> Parsed:
    """What is kept of a parsed piece; the rest goes to `bad/build/` under the piece's name."""
    good = _good(rows)
    _put_rejects(store, f"bad/build/{source.kind}/{name}", piece, rows)
    return Parsed(
        source.writes.conform(good),
        rows.num_rows,
        rows.num_rows - good.num_rows,
        Counter(_names(good.select(["unknown_fields"]))),
    )


def merged_group(before: pa.Table, versions: list[pa.Table], table: Table, parser: Parser) -> Group:
    """The newest of the `versions`, those of them that stood in the table `before` among them."""
    after = newest(pa.concat_tables(versions), table)
    rows = parser.settled(after.rows) if parser.settled else after.rows
    return Group(
        rows,
        changed_days(before, after.rows, table),
        after.rows.num_rows - before.num_rows,
        after.duplicates,
        after.superseded,
        violations(rows, table),
    )


def audit(lake: Lake, table: Table, broken: list[dict[str, int]], counts: Merged) -> None:
    """The quality gate over the facts of merged rows, and over what became of what landed."""
    accounted = counts.rows + counts.duplicates + counts.superseded + counts.rejected
    lost = abs(counts.landed - accounted)
    conservation = {"landed = rows + duplicates + superseded + rejected": lost}
    quality.gate(table.name, quality.total([*broken, conservation]), lake.store)


def _parsed(
    lake: Lake, source: Source, parser: Parser, pieces: Iterable[Piece], run_id: str, spill: Spill
) -> Merged:
    """Parse every piece into `spill`, rejects into `bad/build/`."""
    landed = rejected = 0
    unknown = Counter[str]()
    parsed = shared_out(lambda piece: (piece, parser.parse(piece.lines)), ahead(pieces), CORES)
    for number, (piece, rows) in enumerate(parsed):
        part = kept(lake.store, source, f"{run_id}-{number}", piece, rows)
        spill.put(part.rows)
        landed += part.landed
        rejected += part.rejected
        unknown += part.unknown_fields
    return Merged(landed, 0, 0, 0, rejected, [], unknown)


def _good(rows: pa.Table) -> pa.Table:
    reasons = rows.column("reject_reason")
    # Filtering would copy every column.
    return rows if reasons.null_count == len(reasons) else rows.filter(pc.is_null(reasons))


def _merged_groups(
    change: Replacement, parser: Parser, spill: Spill, moved: _Moved
) -> Iterator[tuple[Group, list[date]]]:
    """Groups, and the days to put: of a day in parts every one, as another may have changed."""
    there = change.rows_by_day()
    rows_by_day = {
        day: spill.rows_by_day[day] + there[day] for day in {*moved.days, *spill.rows_by_day}
    }
    for days in groups(rows_by_day, spill.bytes_of_a_row):
        count = parts(sum(rows_by_day[day] for day in days), spill.bytes_of_a_row)
        for number in range(count):
            group = _merged_part(change, parser, spill, moved, days, count, number)
            yield group, group.days if count == 1 else days


def _merged_part(
    change: Replacement,
    parser: Parser,
    spill: Spill,
    moved: _Moved,
    days: list[date],
    count: int,
    number: int,
) -> Group:
    """Days merged, or of one with too many rows for memory those that have the part's number."""
    table = change.table
    part = partial(part_of, columns=table.key, parts=count, number=number)
    before = change.read(days) if count == 1 else change.read_part(days, part)
    landed = spill.read(days) if count == 1 else spill.read_part(days, part)
    versions = [
        without(before, moved.keys, table),
        without(landed, moved.keys, table),
        part(moved.rows.filter(pc.field("day").isin(days))),
    ]
    return merged_group(before, versions, table, parser)


class _Moved(NamedTuple):
    """Keys with versions on several days, by their hashes, and the newest row of each.

    `days`: those of the table on which such keys stand.
    """

    keys: Hashes
    rows: pa.Table
    days: list[date]
    duplicates: int
    superseded: int


class _Versions(NamedTuple):
    """Rows of a table in one place, read a few days at a time."""

    table: Table
    read: Callable[..., pa.Table]  # of days, and of columns (none named = all)
    rows_by_day: Mapping[date, int]

    def key_days(self, among: Hashes | None = None) -> pa.Table:
        """The `key_days` of all rows, or of those whose key has one of the hashes."""
        found = [key_days(self.table.empty(), self.table)]
        for days in groups(self.rows_by_day):
            rows = key_days(self.read(days, (*self.table.key, DAY)), self.table)
            found.append(rows if among is None else _among(rows, among))
        return pa.concat_tables(found)

    def of(self, keys: Hashes, days: Iterable[date]) -> Iterator[pa.Table]:
        """The rows of keys on the given days."""
        for some in groups({day: self.rows_by_day[day] for day in days}):
            yield only(self.read(some), keys, self.table)


def _settled(change: Replacement, source: Source, spill: Spill) -> _Moved:
    table = change.table
    nothing = _Moved(np.empty(0, np.uint64), table.empty(), [], 0, 0)
    if not source.moves or not spill.rows_by_day:
        return nothing
    new = _Versions(table, spill.read, spill.rows_by_day)
    old = _Versions(table, change.read, change.rows_by_day())
    landed = new.key_days()
    among = np.unique(landed.column("key").to_numpy())
    if len(among) <= rows_in_a_group(change.old):  # asking a filter costs a third of reading a key
        known = _among(key_days(_versions_there(change, spill), table), among)
    else:
        known = old.key_days(among)
    keys = straddling(pa.concat_tables([landed, known]))
    if not len(keys):
        return nothing
    then, now = _days(_among(known, keys)), _days(_among(landed, keys))
    settled = newest(pa.concat_tables([*old.of(keys, then), *new.of(keys, now)]), table)
    return _Moved(keys, settled.rows, then, settled.duplicates, settled.superseded)


def _versions_there(change: Replacement, spill: Spill) -> pa.Table:
    """The keys and days of rows of the table that may be versions of what landed."""
    *_, name = change.table.key
    ids = pc.unique(spill.read(spill.rows_by_day, (name,)).column(name))
    return change.read_of(ids, (*change.table.key, DAY))


def _among(found: pa.Table, keys: Hashes) -> pa.Table:
    return found.filter(pa.array(np.isin(found.column("key").to_numpy(), keys)))


def _days(found: pa.Table) -> list[date]:
    days: list[date] = pc.unique(found.column(DAY)).to_pylist()
    return days


def _names(data: pa.Table) -> dict[str, int]:
    """In how many rows each name stands in the map `unknown_fields`."""
    found = duck_rows(
        """SELECT name, count(*) AS records
            FROM (SELECT unnest(map_keys(unknown_fields)) AS name FROM data) GROUP BY name""",
        data=data,
    )
    return {row["name"]: row["records"] for row in found.to_pylist()}


def _put_rejects(store: Store, name: str, piece: Piece, parsed: pa.Table) -> None:
    reasons = parsed.column("reject_reason")
    found = pc.indices_nonzero(reasons.is_valid()).to_pylist()
    if not found:
        return
    lines = [
        reject_line(
            piece.origin(at),
            Rejected(
                *_reason_and_detail(reasons[at].as_py()),
                piece.lines.column("line")[at].as_py().encode(),
            ),
        )
        for at in found
    ]
    store.put(f"{name}.ndjson.gz", gzip.compress(b"\n".join([*lines, b""]), 3, mtime=0))


def _reason_and_detail(text: str) -> tuple[str, str]:
    reason, _, detail = text.partition(": ")
    return reason, detail
