"""Customers become tokens column by column: each distinct value is handed out once."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

Token = Callable[[str | None], str | None]


def tokens(values: pa.ChunkedArray, token: Token) -> pa.ChunkedArray:
    """The token of every value, in order; null where there is no value or no token for it."""
    encoded = pa.chunked_array([values.combine_chunks()], pa.string()).dictionary_encode()
    chunks = [
        pa.array([token(value) for value in chunk.dictionary.to_pylist()], pa.string()).take(
            chunk.indices
        )
        for chunk in encoded.chunks
    ]
    return pa.chunked_array(chunks, pa.string())
