"""Rows cut by the hash of some columns, so that equal values stay together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from transforms import duck
from transforms.schema import Table


def split(rows: pa.Table, columns: Sequence[str], parts: int) -> Iterator[tuple[int, pa.Table]]:
    """The rows by the hash of `columns`: a number below `parts`, and the rows that have it."""
    if parts == 1 or not rows.num_rows:
        yield 0, rows
        return
    numbers = _numbers(rows, columns, parts)
    order = np.argsort(numbers, kind="stable")
    sorted_, numbers = rows.take(pa.array(order)), numbers[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(numbers)], strict=True):
        yield int(numbers[start]), sorted_.slice(start, end - start)


def part_of(rows: pa.Table, columns: Sequence[str], parts: int, number: int) -> pa.Table:
    """The rows that `split` gives that number, in the order they have."""
    if parts == 1 or not rows.num_rows:
        return rows
    return rows.filter(pa.array(_numbers(rows, columns, parts) == number))


def ordered(rows: pa.Table, table: Table) -> pa.Table:
    """Rows of a table in the order that a file has, whatever order they came in."""
    return rows.sort_by([(name, "ascending") for name in table.order])


def _numbers(rows: pa.Table, columns: Sequence[str], parts: int) -> np.ndarray[Any, Any]:
    hashed = duck.rows(
        f"SELECT CAST(hash({', '.join(columns)}) % {parts} AS INTEGER) AS part FROM data",
        data=rows.select(list(dict.fromkeys(columns))),
    )
    return np.asarray(hashed.column("part").to_numpy())
