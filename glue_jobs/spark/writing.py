"""New data files, written where the rows are: a day is one file, or several of bounded size."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
from pyiceberg.manifest import DataFile

from glue_jobs.datafiles import DataFiles, day_of
from glue_jobs.lake import Replacement
from glue_jobs.spark.frames import Frame, Made, Parcel, Told, gathered, mapped, spread, told
from glue_jobs.spark.shares import cores, pieces, readers
from transforms.days import by_day
from transforms.parts import ordered, split
from transforms.schema import Table

ROWS_IN_A_FILE = 250_000
_BEFORE, _AFTER = 0, 1

Day = date | None  # None: the rows of a table without days
Counts = Mapping[Day, int]


class Written(NamedTuple):
    """What became of a day, or of a part of it: the new file, if it has rows."""

    day: Day
    is_different: bool
    file: DataFile | None


@dataclass(frozen=True)
class Layout:
    """The pieces of work of writing, by day: one for each file."""

    table: Table
    numbers: Mapping[Day, range]

    @classmethod
    def of(cls, table: Table, rows_by_day: Counts) -> Layout:
        """As few files a day as hold `ROWS_IN_A_FILE` rows each."""
        numbers: dict[Day, range] = {}
        first = 0
        for day, rows in rows_by_day.items():
            numbers[day] = range(first, first + max(1, -(-rows // ROWS_IN_A_FILE)))
            first = numbers[day].stop
        return cls(table, numbers)

    @cached_property
    def days(self) -> list[Day]:
        """The day of every piece."""
        return [day for day, numbers in self.numbers.items() for _ in numbers]

    def parcels(self, rows: pa.Table, tag: int) -> Iterator[Parcel]:
        """The rows of those days, by the piece that they belong to."""
        parts = by_day(rows) if self.table.is_daily else {None: rows}
        for day, part in parts.items():
            if numbers := self.numbers.get(day):
                for number, some in split(part, self.table.key, len(numbers)):
                    yield Parcel(numbers[number], tag, some)


def written(
    session: Any,
    made: Frame,
    files: DataFiles,
    rows_by_day: Counts,
    before: Sequence[DataFile] | None = None,
) -> list[Written]:
    """Write the days' rows; with the files `before`, days that are as they were are told so.

    Of a day in one file that is as it was, none is written.
    """
    most = _most(rows_by_day, before or ())
    layout, at_once = Layout.of(files.table, most), cores(session)
    rows = mapped(made, lambda rows: layout.parcels(rows, _AFTER))
    if before:

        def old(path: str) -> Made:
            for part in files.batches(path):
                yield from layout.parcels(part, _BEFORE)

        paths = [file.file_path for file in before]
        rows = rows.union(spread(session, paths, readers(before, at_once), old))
    is_compared, name = before is not None, uuid.uuid4().hex

    def write(piece: int, tables: dict[int, pa.Table]) -> Made:
        day = layout.days[piece]
        none = files.table.empty()
        after = ordered(tables.get(_AFTER, none), files.table)
        is_same = is_compared and ordered(tables.get(_BEFORE, none), files.table).equals(after)
        is_needed = after.num_rows and not (is_same and len(layout.numbers[day]) == 1)
        # A task that Spark repeats overwrites its own file.
        file = files.written(after, f"{name}-{piece:06d}", day) if is_needed else None
        yield Told(Written(day, not is_same, file))

    tasks = min(len(layout.days), pieces(sum(most.values()), at_once))
    done = told(gathered(rows, tasks, write))
    # No row of a day that is empty from now on came to any task.
    emptied = layout.numbers.keys() - {each.day for each in done}
    return [*done, *(Written(day, True, None) for day in emptied)]


def taken(
    change: Replacement, done: Iterable[Written], rows_by_day: Counts
) -> tuple[list[date], dict[str, int]]:
    """Put the days that are different into the change.

    Returns them (none for a table without days), and the fact that no row was lost on its way.
    """
    all_ = list(done)
    different = {each.day for each in all_ if each.is_different}
    new = [each.file for each in all_ if each.file and each.day in different]
    days = sorted(day for day in different if day is not None)
    change.take(new, days)
    for each in all_:
        if each.file and each.day not in different:
            change.files.io.delete(each.file.file_path)
    rows = sum(rows_by_day.get(day, 0) for day in different)
    lost = abs(rows - sum(file.record_count for file in new))
    return days, {"rows made = rows written": lost}


def summed(parts: Iterable[Counts]) -> dict[Day, int]:
    """Rows by day, of several parts of a table."""
    added: dict[Day, int] = {}
    for part in parts:
        for day, rows in part.items():
            added[day] = added.get(day, 0) + rows
    return added


def _most(rows_by_day: Counts, before: Iterable[DataFile]) -> dict[Day, int]:
    """Rows by day, of those before or of those after: whichever are more."""
    old = summed({day_of(file): file.record_count} for file in before)
    days = sorted({*rows_by_day, *old}, key=str)
    return {day: max(rows_by_day.get(day, 0), old.get(day, 0)) for day in days}
