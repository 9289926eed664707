"""One step ahead: reading, working and writing at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_END = object()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """`items`, the next of which is made in a thread while one is used.

    Errors come out where the item would have. Work in Arrow, DuckDB and zlib lets go of Python's
    lock, so that stages chained by this overlap; at most two items of a stage are in memory.
    """
    made = iter(items)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, made, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, made, _END)
            yield item  # type: ignore[misc]
