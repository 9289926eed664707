"""Raw objects as Arrow lines: what has landed, in pieces of bounded size."""

from __future__ import annotations

import gzip
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.errors import LakeError
from ingestion.landing import Origin
from ingestion.store import Store

RAW = "raw"
_NEWLINE = 10


class RawUnreadableError(LakeError):
    """A landed object cannot be read back."""

    exit_code = 7


class Piece(NamedTuple):
    """Lines of one kind, from one or more objects.

    `starts`: the first line of each object; below 0 if it stands in an earlier piece.
    """

    keys: tuple[str, ...]
    lines: pa.Table
    starts: tuple[int, ...]

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
    """The lines of the objects, in pieces of `limit_bytes` of JSON or more, of whole objects."""
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


def small_pieces(store: Store, found: Iterable[str], limit_bytes: int) -> Iterator[Piece]:
    """The lines of the objects, in pieces of no more than about `limit_bytes` of JSON.

    Objects larger than that are in several.
    """
    return (
        part for piece in pieces(store, found, limit_bytes) for part in _cut(piece, limit_bytes)
    )


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
    column = pa.chunked_array([array for _, array in held], pa.large_string())
    lengths = [len(array) for _, array in held]
    starts = tuple(accumulate(lengths[:-1], initial=0))
    return Piece(tuple(key for key, _ in held), pa.table({"line": column}), starts)


def _cut(piece: Piece, limit_bytes: int) -> Iterator[Piece]:
    before = np.cumsum(np.concatenate(([0], pc.binary_length(piece.lines["line"]))))[:-1]
    cuts = [0, *(np.flatnonzero(np.diff(before // limit_bytes)) + 1).tolist()]
    for start, end in zip(cuts, [*cuts[1:], len(before)], strict=True):
        first, last = bisect_right(piece.starts, start) - 1, bisect_left(piece.starts, end)
        yield Piece(
            piece.keys[first:last],
            piece.lines.slice(start, end - start),
            tuple(at - start for at in piece.starts[first:last]),
        )


def _unpacked(store: Store, key: str) -> bytes:
    try:
        return gzip.decompress(store.get(key))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RawUnreadableError(
            f"{key}: {error}; land the source again, or remove the object and rebuild"
        ) from error
