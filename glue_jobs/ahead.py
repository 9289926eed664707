"""One step ahead: reading, working and writing at the same time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
S = TypeVar("S")

_END = object()
# How many pieces of a work are worked on at a time; each takes memory, so not on all of many.
CORES = min(os.cpu_count() or 1, 4)


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


def shared_out(function: Callable[[S], T], items: Iterable[S], workers: int) -> Iterator[T]:
    """The function of each of `items`, in their order, that many of them worked on at a time.

    As many more at most are read, or wait for their turn, while the next one is used.
    """
    coming: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers) as threads:
        for item in items:
            coming.append(threads.submit(function, item))
            if len(coming) > workers:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
