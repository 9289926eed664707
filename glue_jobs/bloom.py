"""Bloom filters of Parquet files: which row groups may hold some of the texts looked for.

pyarrow writes them and does not ask them; DuckDB and Trino do. Split-block filters over xxHash64,
https://github.com/apache/parquet-format/blob/master/BloomFilter.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyiceberg.io import InputStream
from xxhash import xxh64_intdigest

# A row group of other texts is read in vain once in so many texts looked for.
FALSE_POSITIVES = 1e-5

Hashes = NDArray[np.uint64]
_SALT = np.array(
    [
        0x47B6137B,
        0x44974D91,
        0x8824AD5B,
        0xA2B7289D,
        0x705495C7,
        0x2DF1424B,
        0x9EFC4947,
        0x5C6BFB31,
    ],
    np.uint32,
)
_WORDS = len(_SALT)  # of 32 bits, in a block; a hash sets a bit of each
_HALF = np.uint64(32)


def hashes(texts: Iterable[str]) -> Hashes:
    """xxHash64 of texts, as filters want them."""
    return np.fromiter((xxh64_intdigest(text.encode()) for text in texts), np.uint64)


def groups(data: InputStream, column: str, wanted: Hashes) -> Iterator[int]:
    """The row groups of a Parquet file whose column may hold a text of one of the hashes.

    Those without a filter may.
    """
    footer = pq.read_metadata(data)
    leaves = range(footer.num_columns)  # a nested column is several
    [at] = (n for n in leaves if footer.schema.column(n).path == column)
    for number in range(footer.num_row_groups):
        chunk = footer.row_group(number).column(at)
        if not chunk.bloom_filter_offset or not chunk.bloom_filter_length:
            yield number
            continue
        data.seek(chunk.bloom_filter_offset)
        if may_hold(_bits(data.read(chunk.bloom_filter_length)), wanted):
            yield number


def may_hold(bits: bytes, wanted: Hashes) -> bool:
    """Whether a filter may hold one of the hashes; False is certain."""
    blocks = np.frombuffer(bits, "<u4").reshape(-1, _WORDS)
    places = ((wanted >> _HALF) * np.uint64(len(blocks))) >> _HALF
    masks = np.uint32(1) << ((wanted.astype(np.uint32)[:, None] * _SALT) >> np.uint32(27))
    return bool(((blocks[places] & masks) == masks).all(axis=1).any())


def _bits(stored: bytes) -> bytes:
    """The filter without its header, whose first field says how many bytes it has.

    Thrift's compact protocol: field 1, an i32 (0x15), then a varint, zigzag.
    """
    size, shift = 0, 0
    for byte in stored[1:]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    return stored[-(size >> 1) :]
