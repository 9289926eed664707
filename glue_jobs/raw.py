"""Raw objects as Arrow lines: what has landed, in pieces of bounded size."""

from __future__ import annotations

import gzip
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ingestion.errors import LakeError
from ingestion.landing import Origin
from ingestion.store import Store

RAW = "raw"
_NEWLINE = 10
_ROWS_IN_A_BATCH = 8_192  # small enough that the SQL kernel shares the work between cores


class RawUnreadableError(LakeError):
    """A landed object cannot be read back."""

    exit_code = 7


class Piece(NamedTuple):
    """Lines of one kind, from one or more whole objects."""

    keys: tuple[str, ...]
    lines: pa.Table
    starts: tuple[int, ...]  # the first line of each object

    def origin(self, at: int) -> Origin:
        """Where line `at` of the piece stands: its object and its line there, from 1."""
        number = bisect_right(self.starts, at) - 1
        return Origin(self.keys[number], f"line {at - self.starts[number] + 1}")


def sizes(store: Store, kind: str, since: date | None = None) -> dict[str, int]:
    """The size in bytes of every landed object of a kind, by its key, in order of the keys.

    From the stream only those that arrived on the day `since` or later (None = all); objects that
    were landed from files have no day and are always among them.
    """
    folder = f"{RAW}/{kind}/"
    return dict(store.keys(folder, f"{folder}{since}" if since else ""))


def arrived_on(key: str) -> date:
    """The day before which an object was not there; `date.min` for one that tells none."""
    try:
        return date.fromisoformat(key.split("/")[2])
    except ValueError:
        return date.min


def pieces(store: Store, found: Iterable[str], limit_bytes: int) -> Iterator[Piece]:
    """The lines of the objects, in pieces of about `limit_bytes` of JSON."""
    held: list[tuple[str, pa.Array]] = []
    size = 0
    for key in found:
        data = _unpacked(store, key)
        held.append((key, lines(data)))
        size += len(data)
        if size >= limit_bytes:
            yield _piece(held)
            held, size = [], 0
    if held:
        yield _piece(held)


def lines(data: bytes) -> pa.Array:
    """One large_string per line of `data`, sharing its memory; line breaks stay at the ends."""
    if data and data[-1] != _NEWLINE:
        data += b"\n"
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _NEWLINE) + 1
    offsets = np.concatenate(([0], ends)).astype(np.int64)
    found = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    found.validate(full=True)
    return found


def _piece(held: list[tuple[str, pa.Array]]) -> Piece:
    batches = [
        array.slice(start, _ROWS_IN_A_BATCH)
        for _, array in held
        for start in range(0, len(array), _ROWS_IN_A_BATCH)
    ]
    column = pa.chunked_array(batches, pa.large_string())
    lengths = [len(array) for _, array in held]
    starts = tuple(accumulate(lengths[:-1], initial=0))
    return Piece(tuple(key for key, _ in held), pa.table({"line": column}), starts)


def _unpacked(store: Store, key: str) -> bytes:
    try:
        return gzip.decompress(store.get(key))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RawUnreadableError(
            f"{key}: {error}; land the source again, or remove the object and rebuild"
        ) from error
