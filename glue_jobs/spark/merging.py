"""Merging newly landed records on Spark: parsed where they are read, merged by the hash of a key.

Every version of a key comes to one piece, whatever its day, so that a contact that moves leaves its
old day without further ado.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from glue_jobs import raw
from glue_jobs.datafiles import day_of
from glue_jobs.lake import Lake, Replacement, objects
from glue_jobs.merge import Merged, audit, merged_group
from glue_jobs.merge import kept as kept_of
from glue_jobs.parsers import Parser
from glue_jobs.spark.frames import (
    Frame,
    Made,
    Parcel,
    Told,
    gathered,
    kept,
    mapped,
    spread,
    told,
)
from glue_jobs.spark.shares import cores, pieces, readers
from glue_jobs.spark.writing import Counts, Day, summed, taken, written
from transforms.days import by_day
from transforms.parts import split
from transforms.pipeline import Source
from transforms.schema import DAY
from transforms.versions import key_days

PACKED_BYTES_IN_A_TASK = 4 * 2**20
PIECE_BYTES = 16 * 2**20
_HASHES_IN_A_ROW = 20  # a hash and a day are that much less than a row
_BEFORE, _LANDED = 0, 1


class Landed(NamedTuple):
    """What raw objects came to: rows by day, what landed, what was rejected."""

    rows: Counts
    landed: int
    rejected: int
    unknown_fields: Counter[str]


class Settled(NamedTuple):
    """What keys came to; `rows` by day, also of days that did not change."""

    rows: Counts
    days: list[date]
    gained: int
    duplicates: int
    superseded: int
    broken: dict[str, int]


def merged(
    session: Any, lake: Lake, source: Source, parser: Parser, keys: Sequence[str], run_id: str
) -> Merged:
    """Merge landed objects into the source's table and commit; rejects go to `bad/build/`."""
    table = source.writes
    with kept(_parsed(session, lake, source, parser, keys, run_id)) as (landed, parsed):
        rows_by_day = summed(each.rows for each in parsed)
        counts = _landed(parsed)
        with lake.replacement(table) as change:
            days = {*rows_by_day, *_days_left(session, change, source, landed, rows_by_day)}
            with kept(_settled(session, change, parser, landed, rows_by_day, days)) as (
                settled,
                done,
            ):
                counts = _merged(counts, done)
                after = summed(each.rows for each in done)
                changed: dict[Day, int] = {day: after.get(day, 0) for day in counts.days}
                new = written(session, settled, change.files, changed) if changed else []
            _, kept_rows = taken(change, new, changed)
            audit(lake, table, [*(each.broken for each in done), kept_rows], counts)
    return counts


def _parsed(
    session: Any, lake: Lake, source: Source, parser: Parser, keys: Sequence[str], run_id: str
) -> Frame:
    settings = lake.settings

    def parse(task: tuple[int, list[str]]) -> Made:
        number, some = task
        store = objects(settings)
        for at, piece in enumerate(raw.small_pieces(store, some, PIECE_BYTES)):
            name = f"{run_id}-{number:06d}-{at}"
            part = kept_of(store, source, name, piece, parser.parse(piece.lines))
            yield Parcel(0, _LANDED, part.rows)
            yield Told(
                Landed(_rows_by_day(part.rows), part.landed, part.rejected, part.unknown_fields)
            )

    tasks = list(enumerate(_tasks(lake, source.kind, keys)))
    return spread(session, tasks, len(tasks), parse)


def _tasks(lake: Lake, kind: str, keys: Sequence[str]) -> Iterator[list[str]]:
    """Objects that one task reads.

    The same for the same objects, so that rejects of a build that is repeated overwrite themselves.
    """
    sizes = dict(lake.store.keys(f"{raw.RAW}/{kind}/"))
    held: list[str] = []
    size = 0
    for key in keys:
        held.append(key)
        size += sizes[key]
        if size >= PACKED_BYTES_IN_A_TASK:
            yield held
            held, size = [], 0
    if held:
        yield held


def _days_left(
    session: Any, change: Replacement, source: Source, landed: Frame, rows_by_day: Counts
) -> set[Day]:
    """The days, beside those that landed, on which versions of landed keys stand.

    Hashes of keys are compared: two keys with one hash only cost the reading of a day.
    """
    table, files = change.table, change.files
    old = [file for file in change.old if day_of(file) not in rows_by_day]
    if not source.moves or not old or not rows_by_day:
        return set()
    rows = sum(file.record_count for file in old) + sum(rows_by_day.values())
    count = pieces(rows // _HASHES_IN_A_ROW, cores(session))

    def hashed(rows: pa.Table, tag: int) -> Made:
        for number, part in split(key_days(rows, table), ["key"], count):
            yield Parcel(number, tag, part)

    def known(path: str) -> Made:
        for part in files.batches(path, (*table.key, DAY)):
            yield from hashed(part, _BEFORE)

    def both(_piece: int, tables: dict[int, pa.Table]) -> Made:
        if len(tables) == 2:
            before = tables[_BEFORE]
            found = np.isin(before.column("key").to_numpy(), tables[_LANDED].column("key"))
            yield Told(set(before.column("day").filter(pa.array(found)).unique().to_pylist()))

    frame = mapped(landed, lambda rows: hashed(rows, _LANDED))
    paths = [file.file_path for file in old]
    frame = frame.union(spread(session, paths, readers(old, cores(session)), known))
    return set().union(*told(gathered(frame, count, both)))


def _settled(
    session: Any,
    change: Replacement,
    parser: Parser,
    landed: Frame,
    rows_by_day: Counts,
    days: set[Day],
) -> Frame:
    table, files = change.table, change.files
    old = change.data_files(filter(None, days))
    rows = sum(file.record_count for file in old) + sum(rows_by_day.values())
    count = pieces(rows, cores(session))

    def by_key(rows: pa.Table, tag: int) -> Made:
        for number, part in split(rows, table.key, count):
            yield Parcel(number, tag, part)

    def known(path: str) -> Made:
        for part in files.batches(path):
            yield from by_key(part, _BEFORE)

    def settle(_piece: int, tables: dict[int, pa.Table]) -> Made:
        before = tables.pop(_BEFORE, table.empty())
        group = merged_group(before, [before, *tables.values()], table, parser)
        yield Parcel(0, 0, group.rows)
        yield Told(Settled(_rows_by_day(group.rows), *group[1:]))

    frame = mapped(landed, lambda rows: by_key(rows, _LANDED))
    paths = [file.file_path for file in old]
    frame = frame.union(spread(session, paths, readers(old, cores(session)), known))
    return gathered(frame, count, settle)


def _landed(parsed: Sequence[Landed]) -> Merged:
    unknown = sum((each.unknown_fields for each in parsed), Counter[str]())
    landed, rejected = (sum(getattr(p, n) for p in parsed) for n in ("landed", "rejected"))
    return Merged(landed, 0, 0, 0, rejected, [], unknown)


def _merged(counts: Merged, done: Sequence[Settled]) -> Merged:
    return counts._replace(
        rows=sum(each.gained for each in done),
        duplicates=sum(each.duplicates for each in done),
        superseded=sum(each.superseded for each in done),
        days=sorted({day for each in done for day in each.days}),
    )


def _rows_by_day(rows: pa.Table) -> dict[Day, int]:
    return {day: part.num_rows for day, part in by_day(rows.select([DAY])).items()}
