"""How fast anything could be: parsing alone, and decompressing alone, over the same objects."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from tests.bench.flat import raw_files, tree
from tests.bench.harness import Job
from transforms.duck import literal

_LEAF = {"text": "VARCHAR", "at": "TIMESTAMP", "count": "BIGINT"}


def json_transform(options: Mapping[str, Any], _scratch: Path) -> Job:
    """DuckDB reads lines and rejects what does not fit (`json_transform`); no output."""
    shape = literal(json.dumps(tree(_LEAF)))
    return _counted(options, f"count(json_transform(json, {shape}))", "read_ndjson_objects($files)")


def json_transform_all(options: Mapping[str, Any], _scratch: Path) -> Job:
    """The same for every field that the lake reads, as text, as the lake's own build does."""
    from transforms.contact_record import RECORD

    shape = literal(json.dumps(RECORD.shape))
    return _counted(options, f"count(json_transform(json, {shape}))", "read_ndjson_objects($files)")


def read_json(options: Mapping[str, Any], _scratch: Path) -> Job:
    """DuckDB's own JSON reader into the same columns; one bad line ends it. No output."""
    columns = ", ".join(f"{literal(name)}: {literal(_type(inner))}" for name, inner in _columns())
    counts = ", ".join(f'count("{name}")' for name, _ in _columns())
    source = f"read_json($files, format = 'newline_delimited', columns = {{{columns}}})"
    return _counted(options, counts, source)


def decompress(options: Mapping[str, Any], _scratch: Path) -> Job:
    """gzip alone, on one core."""

    def work() -> None:
        for file in raw_files(options["data"]):
            gzip.decompress(Path(file).read_bytes())

    return Job(work)


def _counted(options: Mapping[str, Any], counts: str, source: str) -> Job:
    db = duckdb.connect()
    files = raw_files(options["data"])

    def work() -> None:
        db.execute(f"SELECT {counts} FROM {source}", {"files": files}).fetchall()

    return Job(work)


def _columns() -> list[tuple[str, Any]]:
    return list(tree(_LEAF).items())


def _type(inner: Any) -> str:
    if not isinstance(inner, Mapping):
        return str(inner)
    return (
        f"STRUCT({', '.join(f'{chr(34)}{name}{chr(34)} {_type(i)}' for name, i in inner.items())})"
    )
