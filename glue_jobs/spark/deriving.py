"""Tables that follow from others, on Spark: the same functions on pieces cut by `together`."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa

from glue_jobs import quality
from glue_jobs.build import on_days
from glue_jobs.lake import Lake, Replacement
from glue_jobs.spark.frames import Frame, Made, Parcel, Told, gathered, kept, spread
from glue_jobs.spark.shares import File, Shares, cores, pieces, readers
from glue_jobs.spark.writing import Counts, Day, summed, taken, written
from transforms.days import by_day
from transforms.facts import violations
from transforms.parts import split
from transforms.pipeline import Step
from transforms.versions import newest

_BEFORE = -1


class Derived(NamedTuple):
    """What a piece came to: rows by day, and how many break each fact."""

    rows: Counts
    broken: dict[str, int]


class Learnt(NamedTuple):
    """What keys came to: the groups of days that taught something, rows, and broken facts."""

    groups: list[int]
    rows: int
    broken: dict[str, int]


def recomputed(session: Any, lake: Lake, step: Step, wanted: list[date]) -> list[date]:
    """Derive a daily table anew for the wanted days; returns those that are different."""
    with lake.replacement(step.writes) as change:
        shares = Shares.of(lake, step, wanted, cores(session))

        def derive(piece: int, tables: dict[int, pa.Table]) -> Made:
            days = shares.shares[shares.share(piece)].days
            rows = on_days(shares.output(piece, tables), days)
            counts: dict[Day, int] = {day: part.num_rows for day, part in by_day(rows).items()}
            yield Parcel(0, 0, rows)
            yield Told(Derived(counts, violations(rows, step.writes)))

        with kept(gathered(_shared_out(session, shares), shares.count, derive)) as (made, done):
            rows_by_day = summed(each.rows for each in done)
            before = change.data_files(wanted)
            new = written(session, made, change.files, rows_by_day, before)
        different, kept_rows = taken(change, new, rows_by_day)
        if different:
            broken = [each.broken for each in done]
            quality.gate(step.writes.name, quality.total([*broken, kept_rows]), lake.store)
    return different


def learnt(session: Any, lake: Lake, step: Step, stale: list[date]) -> list[date]:
    """Bring a table of newest versions up to date with changed days; returns those it learnt from.

    A group of days is learnt from as a whole, one after the other, as the embedded engine does.
    """
    with lake.replacement(step.writes) as change:
        return _learnt(session, lake, step, stale, change)


def _learnt(
    session: Any, lake: Lake, step: Step, stale: list[date], change: Replacement
) -> list[date]:
    shares = Shares.of(lake, step, stale, cores(session))
    old = change.data_files()
    files = change.files
    rows_before = sum(file.record_count for file in old)
    count = shares.count + pieces(rows_before, 1)

    def derive(piece: int, tables: dict[int, pa.Table]) -> Made:
        for number, part in split(shares.output(piece, tables), step.writes.key, count):
            yield Parcel(number, shares.share(piece), part)

    def known(path: str) -> Made:
        for rows in files.batches(path):
            for number, part in split(rows, step.writes.key, count):
                yield Parcel(number, _BEFORE, part)

    frame = gathered(_shared_out(session, shares), shares.count, derive)
    frame = frame.union(spread(session, [file.file_path for file in old], readers(old, 1), known))

    def learn(_piece: int, tables: dict[int, pa.Table]) -> Made:
        after = newest(tables.pop(_BEFORE, step.writes.empty()), step.writes).rows
        groups = []
        for group, rows in sorted(tables.items()):
            before = after
            after = newest(pa.concat_tables([before, rows]), step.writes).rows
            groups += [] if after.equals(before) else [group]
        yield Parcel(0, 0, after)
        yield Told(Learnt(groups, after.num_rows, violations(after, step.writes)))

    with kept(gathered(frame, count, learn)) as (made, done):
        groups = sorted({group for each in done for group in each.groups})
        rows_by_day: dict[Day, int] = {None: sum(each.rows for each in done)}
        if groups:
            new = written(session, made, files, rows_by_day)
            _, kept_rows = taken(change, new, rows_by_day)
            broken = [each.broken for each in done]
            quality.gate(step.writes.name, quality.total([*broken, kept_rows]), lake.store)
    return [day for group in groups for day in shares.shares[group].days]


def _shared_out(session: Any, shares: Shares) -> Frame:
    """The rows that a step reads, on their way to the pieces that need them."""

    def read(file: File) -> Made:
        for rows in shares.tables[file.read].batches(file.path, shares.columns(file.read)):
            for piece, part in shares.parts(rows, file):
                yield Parcel(piece, file.read, part)

    files = shares.to_split
    return spread(session, files, pieces(sum(file.rows for file in files), cores(session)), read)
