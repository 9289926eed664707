"""How the work of a build is cut: days in groups, groups by hash, raw objects by size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
from pyiceberg.manifest import DataFile

from glue_jobs.build import around, day_groups
from glue_jobs.datafiles import DataFiles, day_of
from glue_jobs.lake import Lake
from transforms.parts import split
from transforms.pipeline import Step

ROWS_IN_A_PIECE = 100_000
LEAST_ROWS_IN_A_PIECE = 10_000


class Share(NamedTuple):
    """Days that are worked on together, and the days that must be read for them.

    `numbers`: the pieces into which their rows go by hash.
    """

    days: list[date]
    needed: list[date]
    numbers: range


class File(NamedTuple):
    """A data file of the read of that number."""

    read: int
    path: str
    day: date
    rows: int


@dataclass(frozen=True)
class Shares:
    """How a step's work is cut; it goes to the executors as it is."""

    step: Step
    shares: tuple[Share, ...]
    tables: tuple[DataFiles, ...]  # one for each read
    files: tuple[File, ...]

    @classmethod
    def of(cls, lake: Lake, step: Step, days: Sequence[date], cores: int) -> Shares:
        """Groups of days, and pieces of each of about `ROWS_IN_A_PIECE` rows at most.

        A piece has more only if equal values of `together` have.
        """
        reach = step.reach if step.writes.is_daily else 0
        groups = day_groups(lake, step, days)
        needed = [sorted({d for day in group for d in around(day, reach)}) for group in groups]
        wanted = {day for each in needed for day in each}
        tables = tuple(
            DataFiles.of(read.table, lake.iceberg(read.table.name)) for read in step.reads
        )
        found = [
            File(number, file.file_path, day_of(file), file.record_count)
            for number, read in enumerate(step.reads)
            for file in lake.data_files(read.table, wanted)
        ]
        shares: list[Share] = []
        for group, days_ in zip(groups, needed, strict=True):
            rows = sum(file.rows for file in found if file.day in set(days_))
            first = shares[-1].numbers.stop if shares else 0
            shares.append(Share(group, days_, range(first, first + pieces(rows, cores))))
        return cls(step, tuple(shares), tables, tuple(found))

    @property
    def count(self) -> int:
        """The number of pieces."""
        return self.shares[-1].numbers.stop

    @property
    def to_split(self) -> list[File]:
        """The files whose rows are shared out; those of small reads go to every piece."""
        return [file for file in self.files if self._splits(file.read)]

    def parts(self, rows: pa.Table, file: File) -> Iterator[tuple[int, pa.Table]]:
        """A file's rows by the pieces that need them; days at the edge of a group go to two."""
        for share in self._homes[file.day]:
            for number, part in split(rows, self.step.together, len(share.numbers)):
                yield share.numbers[number], part

    def share(self, piece: int) -> int:
        """The number of the share that a piece belongs to."""
        return bisect_right([share.numbers.start for share in self.shares], piece) - 1

    def output(self, piece: int, tables: dict[int, pa.Table]) -> pa.Table:
        """What the step makes of a piece, conformed."""
        needed = set(self.shares[self.share(piece)].needed)
        read = [
            tables.get(number, self._empty(number))
            if self._splits(number)
            else self._all(number, needed)
            for number in range(len(self.step.reads))
        ]
        return self.step.writes.conform(self.step.function(*read))

    def columns(self, number: int) -> tuple[str, ...]:
        """The columns that a read needs."""
        read = self.step.reads[number]
        return read.columns or read.table.names

    def _splits(self, number: int) -> bool:
        return set(self.step.together) <= set(self.columns(number))

    def _empty(self, number: int) -> pa.Table:
        return self.step.reads[number].table.empty().select(self.columns(number))

    def _all(self, number: int, days: set[date]) -> pa.Table:
        paths = [file.path for file in self.files if file.read == number and file.day in days]
        return self.tables[number].read(paths, self.columns(number))

    @cached_property
    def _homes(self) -> dict[date, list[Share]]:
        homes: dict[date, list[Share]] = {}
        for share in self.shares:
            for day in share.needed:
                homes.setdefault(day, []).append(share)
        return homes


def pieces(rows: int, cores: int) -> int:
    """How many pieces rows are cut into: bounded in size, and one a core if they are worth it."""
    return max(1, -(-rows // ROWS_IN_A_PIECE), min(cores, rows // LEAST_ROWS_IN_A_PIECE))


def readers(files: Sequence[DataFile], cores: int) -> int:
    """How many tasks read data files: small ones share a task."""
    return pieces(sum(file.record_count for file in files), cores)


def cores(session: Any) -> int:
    """How many tasks Spark runs at a time."""
    return int(session.sparkContext.defaultParallelism)
