"""Customers become tokens inside the kernel: each distinct value is handed out once."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pyarrow as pa

Token = Callable[[str | None], str | None]


def tokens(db: duckdb.DuckDBPyConnection, values: str, token: Token) -> pa.Table:
    """The `token` of every distinct `value` that the query `values` (one column) finds."""
    found = [
        value
        for (value,) in db.execute(f"SELECT DISTINCT * FROM ({values})").fetchall()
        if value is not None
    ]
    return pa.table(
        {
            "value": pa.array(found, pa.string()),
            "token": pa.array([token(value) for value in found], pa.string()),
        }
    )
