"""Trino's HTTP protocol, as much as the tests need: one statement in, an Arrow table out.

Source: Trino documentation, "Trino client REST API".
"""

from __future__ import annotations

import json
import urllib.request
from datetime import date, datetime
from typing import Any

import pyarrow as pa

_SCALARS = {
    "varchar": pa.string(),
    "char": pa.string(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "unknown": pa.null(),
}


class TrinoError(RuntimeError):
    """Trino's own words about a statement that failed."""


def query(port: int, sql: str, schema: str) -> pa.Table:
    """The result of a statement; nested values come as JSON text, decimals as Python ones do."""
    page = _call(port, schema, "/v1/statement", sql.encode())
    columns: list[dict[str, Any]] = []
    rows: list[list[Any]] = []
    while True:
        if "error" in page:
            raise TrinoError(page["error"]["message"])
        columns = page.get("columns", columns)
        rows += page.get("data", [])
        if "nextUri" not in page:
            return _table(columns, rows)
        page = _call(port, schema, page["nextUri"].partition(f":{port}")[2])


def _call(port: int, schema: str, path: str, body: bytes | None = None) -> Any:
    headers = {
        "X-Trino-User": "tests",
        "X-Trino-Catalog": "lake",
        "X-Trino-Schema": schema,
        "X-Trino-Time-Zone": "UTC",
        "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",  # else instants are cut to 1 ms
    }
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=120) as reply:
        return json.load(reply)


def _table(columns: list[dict[str, Any]], rows: list[list[Any]]) -> pa.Table:
    arrays = [
        _array(column["type"], [row[at] for row in rows]) for at, column in enumerate(columns)
    ]
    return pa.Table.from_arrays(arrays, names=[column["name"] for column in columns])


def _array(kind: str, values: list[Any]) -> pa.Array:
    base = kind.partition("(")[0]
    if base == "date":
        return pa.array([v and date.fromisoformat(v) for v in values], pa.date32())
    if base == "timestamp" and "zone" not in kind:
        return pa.array([v and datetime.fromisoformat(v) for v in values], pa.timestamp("us"))
    if base == "double":
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    if base in _SCALARS:
        return pa.array(values, _SCALARS[base])
    return pa.array(
        [None if v is None else json.dumps(v, sort_keys=True, ensure_ascii=False) for v in values],
        pa.string(),
    )
