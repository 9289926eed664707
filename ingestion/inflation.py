"""A file's bytes, decompressed in bounded memory; what is wrong with it is noted, not raised."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ingestion.errors import LakeError

MAX_RATIO = 200
MAX_BARREN_BYTES = 3 * 2**20

FILE_REASONS: Mapping[str, str] = {
    "corrupt_gzip": "gzip data that does not decompress; what came before it is read",
    "corrupt_zst": "Zstandard data that does not decompress; what came before it is read",
    "decompression_bomb": "3 MiB inflated over 200 times without a record in it",
    "empty_file": "no record in it",
    "nested_compression": "compressed twice",
    "truncated_gzip": "gzip data cut short; what came before the cut is read",
    "truncated_zst": "Zstandard data cut short; what came before the cut is read",
}

_READ_BYTES = 2**18


class InputError(LakeError):
    """A path that was given cannot be read."""

    exit_code = 3


class Trouble(NamedTuple):
    """Why reading a file stopped before its end: a key of `FILE_REASONS`, and where."""

    reason: str
    detail: str


class _Codec(NamedTuple):
    """A compression, by its magic number.

    `feed_bytes` is how much to feed at once, so that even the most extreme data inflates to no
    more than some 2 MiB.
    """

    name: str
    magic: bytes
    feed_bytes: int
    decoding: Callable[[], "_Decoding"]


class _Decoding(NamedTuple):
    decoder: Callable[[], Any]
    error: type[Exception]


def _gzip() -> _Decoding:
    return _Decoding(lambda: zlib.decompressobj(wbits=31), zlib.error)


def _zst() -> _Decoding:
    try:
        import zstandard
    except ImportError:
        raise InputError("a .zst file needs the package zstandard: install it") from None
    return _Decoding(zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError)


_CODECS = (
    _Codec("gzip", b"\x1f\x8b", 1024, _gzip),
    _Codec("zst", b"\x28\xb5\x2f\xfd", 64, _zst),
)


def is_compressed(head: bytes) -> bool:
    """Whether bytes begin like a gzip or Zstandard file."""
    return _codec(head) is not None


def _codec(head: bytes) -> _Codec | None:
    return next((codec for codec in _CODECS if head.startswith(codec.magic)), None)


class InflatedFile:
    """One file being read. `trouble` is set when `chunks()` ended before the file did.

    The reader calls `has_record()` whenever it has found one, so that data which only inflates
    is told from records that compress well.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inflated_bytes = 0
        self.trouble: Trouble | None = None
        self._read_bytes = 0
        self._fruitful_bytes = 0

    def has_record(self) -> None:
        """Note that what has been read so far holds a record."""
        self._fruitful_bytes = self.inflated_bytes

    def chunks(self) -> Iterator[bytes]:
        """The decompressed bytes, about 256 KiB at a time; raises `InputError`."""
        held: list[bytes] = []
        size = 0
        for part in self._parts():
            held.append(part)
            size += len(part)
            self.inflated_bytes += len(part)
            if self._is_bomb():
                self.trouble = Trouble("decompression_bomb", f"after {self._read_bytes} bytes")
                return
            if size >= _READ_BYTES:
                yield b"".join(held)
                held, size = [], 0
        yield b"".join(held)

    def _is_bomb(self) -> bool:
        barren = self.inflated_bytes - self._fruitful_bytes
        return barren > MAX_BARREN_BYTES and self.inflated_bytes > MAX_RATIO * self._read_bytes

    def _parts(self) -> Iterator[bytes]:
        blocks = self._blocks()
        first = next(blocks, b"")
        codec = _codec(first)
        self._read_bytes += 0 if codec else len(first)
        if codec is None:
            yield first
            for block in blocks:
                self._read_bytes += len(block)
                yield block
        else:
            yield from self._inflated(codec, _slices(first, blocks, codec.feed_bytes))

    def _inflated(self, codec: _Codec, slices: Iterator[bytes]) -> Iterator[bytes]:
        """Members (gzip) or frames (Zstandard) one after another; zero padding ends the file."""
        new_decoder, corruption = codec.decoding()
        decoder = new_decoder()
        for data in slices:
            self._read_bytes += len(data)
            rest = data
            while rest.strip(b"\0") if decoder.eof else rest:
                decoder = new_decoder() if decoder.eof else decoder
                try:
                    yield decoder.decompress(rest)
                except corruption:
                    self.trouble = Trouble(f"corrupt_{codec.name}", f"near byte {self._read_bytes}")
                    return
                rest = decoder.unused_data if decoder.eof else b""
        if not decoder.eof:
            self.trouble = Trouble(f"truncated_{codec.name}", f"after {self._read_bytes} bytes")

    def _blocks(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                while block := file.read(_READ_BYTES):
                    yield block
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror or error}") from error


def _slices(first: bytes, blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    block: bytes | None = first
    while block:
        for at in range(0, len(block), size):
            yield block[at : at + size]
        block = next(blocks, None)
