"""As much of Spark as the engine asks of it, in this process: partitions, shuffles, kept frames.

It shows what the engine does with Spark's answers, in seconds and without Java. That Spark gives
such answers is for the tests marked `spark` to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs.spark import frames
from glue_jobs.spark.engine import SparkEngine

Partition = Callable[[], Iterator[pa.RecordBatch]]


class Session:
    """A session of two cores."""

    sparkContext = SimpleNamespace(defaultParallelism=2)  # noqa: N815 - Spark's name

    def range(self, start: int, end: int, step: int, partitions: int) -> Frame:
        """Numbers, an equal share of them in each partition."""
        cuts = [start + (end - start) * n // partitions for n in range(partitions + 1)]
        shares = [range(*cut, step) for cut in pairwise(cuts)]
        return Frame([partial(_numbers, share) for share in shares])


class Frame:
    """Partitions that are worked out whenever they are asked for, unless they are kept."""

    def __init__(self, partitions: list[Partition]) -> None:
        self.partitions = partitions

    def mapInArrow(self, work: Callable[..., Any], _columns: str) -> Frame:  # noqa: N802
        """What `work` makes of each partition."""
        return Frame([lambda each=each: work(each()) for each in self.partitions])

    def union(self, other: Frame) -> Frame:
        """The partitions of both."""
        return Frame(self.partitions + other.partitions)

    def repartition(self, count: int, _column: str) -> Frame:
        """Rows with equal numbers in one partition; those that came last come first."""

        @cache
        def shuffled() -> list[list[pa.RecordBatch]]:
            found: list[list[pa.RecordBatch]] = [[] for _ in range(count)]
            for batch in self._batches():
                found[_piece(batch) % count].insert(0, batch)
            return found

        return Frame([lambda number=number: iter(shuffled()[number]) for number in range(count)])

    def persist(self, _level: object) -> Frame:
        """The frame, worked out once."""
        kept = [list(each()) for each in self.partitions]
        return Frame([partial(iter, batches) for batches in kept])

    def unpersist(self) -> None:
        """Nothing: it goes with the process."""

    def where(self, condition: str) -> Frame:
        """Rows of the piece that is named, or of all others."""
        _, sign, piece = condition.split()
        return self.mapInArrow(
            lambda batches: (b for b in batches if (_piece(b) == int(piece)) == (sign == "=")), ""
        )

    def select(self, *_columns: str) -> Frame:
        """The frame, with columns that nobody asked for."""
        return self

    def collect(self) -> list[Any]:
        """Every row's bytes."""
        return [SimpleNamespace(data=batch.column(2)[0].as_py()) for batch in self._batches()]

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for each in self.partitions:
            yield from each()


@contextmanager
def in_process() -> Iterator[SparkEngine]:
    """The engine on such a session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "_disk_only", lambda: None)
        # This process has other work to do afterwards.
        patch.setattr(frames, "_settle_in", lambda: None)
        yield SparkEngine(Session)


def _numbers(share: range) -> Iterator[pa.RecordBatch]:
    yield pa.record_batch([pa.array(share, pa.int64())], names=["id"])


def _piece(batch: pa.RecordBatch) -> int:
    return int(batch.column(0)[0].as_py())
