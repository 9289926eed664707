"""Rows of daily tables, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from math import ceil

import numpy as np
import pyarrow as pa

from transforms.schema import DAY

# Held at once, so that memory does not grow with the number of days.
GROUP_ROWS = 75_000
GROUP_BYTES = 160 * 2**20


def by_day(rows: pa.Table) -> dict[date, pa.Table]:
    """The rows of each day, in the order they have; days in order.

    Rows sorted by day are not copied. A filter for each day would copy every column every time.
    """
    if not rows.num_rows:
        return {}
    days = rows.column(DAY).cast(pa.int32()).to_numpy()
    if np.any(days[1:] < days[:-1]):
        order = np.argsort(days, kind="stable")
        rows, days = rows.take(pa.array(order)), days[order]
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1)).tolist()
    parts = (
        rows.slice(start, end - start)
        for start, end in zip(starts, [*starts[1:], len(days)], strict=True)
    )
    return {part.column(DAY)[0].as_py(): part for part in parts}


def groups(rows_by_day: Mapping[date, int], bytes_of_a_row: float = 0) -> Iterator[list[date]]:
    """Days in order, as many together as hold `GROUP_ROWS` rows; a day with more is alone.

    Of rows that are known to be large as many as take `GROUP_BYTES`.
    """
    most = _most(bytes_of_a_row)
    group: list[date] = []
    size = 0
    for day in sorted(rows_by_day):
        if group and size + rows_by_day[day] > most:
            yield group
            group, size = [], 0
        group.append(day)
        size += rows_by_day[day]
    if group:
        yield group


def parts(rows: int, bytes_of_a_row: float = 0) -> int:
    """In how many parts the rows of one group are worked on: a day can have too many for memory.

    A part has up to twice the rows of a group: each part reads all files of its days again.
    """
    return max(1, ceil(rows / (2 * _most(bytes_of_a_row))))


def _most(bytes_of_a_row: float) -> float:
    return min(GROUP_ROWS, GROUP_BYTES / bytes_of_a_row) if bytes_of_a_row else GROUP_ROWS
