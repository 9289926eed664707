"""Parsed rows by day: on disk from some size on, so that memory does not grow with what landed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pyarrow import ipc

from transforms.days import by_day
from transforms.schema import Table

# In memory they take up to three times that: a kernel's buffers are larger than what is in them.
HELD_BYTES = 48 * 2**20
_LZ4 = ipc.IpcWriteOptions(compression="lz4")


class _Place(NamedTuple):
    """Where rows of one day are: a file, and the numbers of their batches in it."""

    file: Path
    batches: range


class Spill:
    """Rows of one table: the first `held_bytes` in memory, the rest in Arrow files.

    A day's batches are read alone. Writing Parquet took five times as long and saved a third of
    the bytes, for files that live for minutes.
    """

    def __init__(self, folder: Path, table: Table, held_bytes: int = HELD_BYTES) -> None:
        self._folder = folder
        self._table = table
        self._held_bytes = held_bytes
        self._held: dict[date, list[pa.Table]] = {}
        self._places: dict[date, list[_Place]] = {}
        self._bytes = 0
        self.rows_by_day: Counter[date] = Counter()

    @property
    def bytes_of_a_row(self) -> float:
        """What a row takes in memory, on average; 0 without rows."""
        rows = self.rows_by_day.total()
        return self._bytes / rows if rows else 0

    def put(self, rows: pa.Table) -> None:
        """Add rows of any days."""
        parts = by_day(rows)
        self.rows_by_day.update({day: part.num_rows for day, part in parts.items()})
        self._bytes += rows.nbytes
        if self._bytes <= self._held_bytes:
            for day, part in parts.items():
                self._held.setdefault(day, []).append(part)
        elif parts:
            self._write(parts)

    def _write(self, parts: Mapping[date, pa.Table]) -> None:
        file = self._folder / f"{len(list(self._folder.iterdir())):06d}.arrow"
        written = 0
        with ipc.new_file(file, self._table.schema, options=_LZ4) as out:
            for day, part in parts.items():
                batches = part.to_batches()
                for batch in batches:
                    out.write_batch(batch)
                place = _Place(file, range(written, written + len(batches)))
                self._places.setdefault(day, []).append(place)
                written += len(batches)

    def read_part(self, days: Iterable[date], part: Callable[[pa.Table], pa.Table]) -> pa.Table:
        """What `part` leaves of the rows of the given days: never are all of a day in memory."""
        wanted = list(days)
        places = [place for day in wanted for place in self._places.get(day, ())]
        batches = self._batches(places, list(self._table.names))
        return pa.concat_tables(
            [
                self._table.empty(),
                *(part(pa.Table.from_batches([batch])) for batch in batches),
                *(part(rows) for day in wanted for rows in self._held.get(day, ())),
            ]
        )

    def read(self, days: Iterable[date], columns: Iterable[str] | None = None) -> pa.Table:
        """The rows of the given days, of the given columns (None = all)."""
        names = list(columns or self._table.names)
        wanted = list(days)
        places = [place for day in wanted for place in self._places.get(day, ())]
        schema = pa.schema([self._table.schema.field(name) for name in names])
        return pa.concat_tables(
            [
                pa.Table.from_batches(self._batches(places, names), schema),
                *(part.select(names) for day in wanted for part in self._held.get(day, ())),
            ]
        )

    def _batches(self, places: list[_Place], names: list[str]) -> Iterator[pa.RecordBatch]:
        numbers = [self._table.names.index(name) for name in names]
        options = ipc.IpcReadOptions(included_fields=numbers)
        for place in places:
            with pa.memory_map(str(place.file)) as file:
                reader = ipc.open_file(file, options=options)
                for number in place.batches:
                    yield reader.get_batch(number).select(names)
