"""Arrow tables on their way through Spark, as rows of (piece, tag, Arrow's own bytes).

Spark's types would lose what ours tell apart (null from empty lists, the order of a map), so Spark
only shuffles bytes by the number of the piece of work that they belong to. `tag` tells the tables
of a piece apart. What is for the driver has a piece of its own, and is small.
"""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from pyarrow import ipc

from ingestion.errors import LakeError
from transforms import duck
from transforms.schema import SchemaError

T = TypeVar("T")
Batches = Iterable[pa.RecordBatch]
Frame = Any  # pyspark.sql.DataFrame; pyspark is there only where Spark is asked for

_DRIVER = -1
_COLUMNS = "piece int, tag int, data binary"
_PARCEL_BYTES = 4 * 2**20
_LZ4 = ipc.IpcWriteOptions(compression="lz4")


class Parcel(NamedTuple):
    """Rows for a piece of work."""

    piece: int
    tag: int
    rows: pa.Table


class Told(NamedTuple):
    """Something small for the driver: counts, days, the description of a file."""

    what: object


Made = Iterator[Parcel | Told]


def spread(session: Any, inputs: Sequence[T], tasks: int, work: Callable[[T], Made]) -> Frame:
    """What `work` makes of each input, one after the other in each of the tasks."""

    def run(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from _sent(work(inputs[number]))

    count = len(inputs)
    return _through(session.range(0, count, 1, max(1, min(tasks, count))), run)


def mapped(frame: Frame, work: Callable[[pa.Table], Made]) -> Frame:
    """What `work` makes of the rows of each parcel, where they are."""

    def run(batches: Batches) -> Iterator[pa.RecordBatch]:
        for piece, tag, data in _received(batches):
            if piece == _DRIVER:
                yield _row(piece, tag, data)
            else:
                yield from _sent(work(_table([data])))

    return _through(frame, run)


def gathered(frame: Frame, tasks: int, work: Callable[[int, dict[int, pa.Table]], Made]) -> Frame:
    """What `work` makes of each piece, all rows of it together by tag; one piece at a time.

    The bytes of all pieces of a task wait in memory, as they were sent.
    """

    def run(batches: Batches) -> Iterator[pa.RecordBatch]:
        waiting: dict[int, dict[int, list[pa.Buffer]]] = {}
        for piece, tag, data in _received(batches):
            if piece == _DRIVER:
                yield _row(piece, tag, data)
            else:
                waiting.setdefault(piece, {}).setdefault(tag, []).append(data)
        for piece in sorted(waiting):
            parcels = waiting.pop(piece)
            tables = {tag: _table(parcels.pop(tag)) for tag in sorted(parcels)}
            yield from _sent(work(piece, tables))

    return _through(frame.repartition(max(1, tasks), "piece"), run)


@contextmanager
def kept(frame: Frame) -> Iterator[tuple[Frame, list[Any]]]:
    """The frame's parcels, made once and kept on the executors' disks, and what it told."""
    stored = frame.persist(_disk_only())
    try:
        what = told(stored)
        yield stored.where(f"piece <> {_DRIVER}"), what
    finally:
        stored.unpersist()


def _disk_only() -> Any:
    from pyspark import StorageLevel

    return StorageLevel.DISK_ONLY


def told(frame: Frame) -> list[Any]:
    """What the tasks told the driver, which gets nothing else; raises the error that one met."""
    sent = frame.where(f"piece = {_DRIVER}").select("data").collect()
    found = [pickle.loads(row.data) for row in sent]  # noqa: S301 - this build's own tasks sent it
    for each in found:
        if isinstance(each, Exception):
            raise each
    return found


def _through(frame: Frame, run: Callable[[Batches], Iterator[pa.RecordBatch]]) -> Frame:
    def in_worker(batches: Batches) -> Iterator[pa.RecordBatch]:
        _settle_in()
        yield from run(batches)

    return frame.mapInArrow(in_worker, _COLUMNS)


def _sent(made: Made) -> Iterator[pa.RecordBatch]:
    """What a task made, as Spark takes it; an error of the lake goes to the driver as it is."""
    try:
        for each in made:
            if isinstance(each, Told):
                yield _row(_DRIVER, 0, pickle.dumps(each.what))
            else:
                yield from (_row(each.piece, each.tag, data) for data in _parcels(each.rows))
    except (LakeError, SchemaError) as error:
        yield _row(_DRIVER, 0, pickle.dumps(error))


@cache
def _settle_in() -> None:
    """Make a worker process fit for its tasks, once."""
    # Spark runs a process for each core; every one of them would use all.
    pa.set_cpu_count(1)
    duck.database().execute("SET threads = 1")
    # Spark collects garbage after every task; looking through all modules took 0.2 s each time.
    gc.freeze()


def _row(piece: int, tag: int, data: bytes | pa.Buffer) -> pa.RecordBatch:
    sent = pa.py_buffer(data)
    ends = pa.py_buffer(np.array([0, sent.size], np.int32))
    column = pa.Array.from_buffers(pa.binary(), 1, [None, ends, sent])  # not copied
    numbers = (pa.array([number], pa.int32()) for number in (piece, tag))
    return pa.record_batch([*numbers, column], names=["piece", "tag", "data"])


def _received(batches: Batches) -> Iterator[tuple[int, int, pa.Buffer]]:
    for batch in batches:
        pieces, tags, data = (batch.column(n) for n in range(3))
        for at in range(batch.num_rows):
            yield pieces[at].as_py(), tags[at].as_py(), data[at].as_buffer()


def _parcels(rows: pa.Table) -> Iterator[pa.Buffer]:
    """Rows as Arrow streams of a few megabytes."""
    step = max(1, rows.num_rows * _PARCEL_BYTES // max(1, rows.nbytes))
    for start in range(0, rows.num_rows, step):
        sink = pa.BufferOutputStream()
        with ipc.new_stream(sink, rows.schema, options=_LZ4) as out:
            out.write_table(rows.slice(start, step))
        yield sink.getvalue()


def _table(parcels: list[pa.Buffer]) -> pa.Table:
    return pa.concat_tables(ipc.open_stream(data).read_all() for data in parcels)
