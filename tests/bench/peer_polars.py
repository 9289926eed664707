"""What a user of polars writes: a lazy scan of the gzipped lines, sunk by partition."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.flat import FIELDS, INITIATED, KEY, PEERS_COLUMNS, UPDATED, found, raw_files, tree
from tests.bench.harness import Job


def polars(options: Mapping[str, Any], scratch: Path) -> Job:
    """`scan_ndjson` with a schema, newest by sort and unique, `sink_parquet` by day."""
    import polars as pl

    leaf = {"text": pl.String, "at": pl.String, "count": pl.Int64}

    def column(path: tuple[str, ...], type_: str, name: str) -> Any:
        value = pl.col(path[0])
        for part in path[1:]:
            value = value.struct.field(part)
        if type_ == "at":
            value = value.str.to_datetime(time_unit="us", time_zone="UTC", format="%+")
        return value.alias(name)

    def work() -> None:
        frame = pl.scan_ndjson(raw_files(options["data"]), schema=_struct(tree(leaf)))
        frame = frame.select([column(field.path, field.type, field.name) for field in FIELDS])
        frame = frame.sort(UPDATED).unique(KEY, keep="last")
        frame = frame.with_columns(pl.col(INITIATED).dt.date().alias("day"))
        frame.sink_parquet(
            pl.PartitionBy(scratch / "out", key="day"), compression="zstd", mkdir=True
        )

    return Job(work, lambda: found(map(str, scratch.rglob("out/**/*.parquet")), PEERS_COLUMNS))


def _struct(node: Mapping[str, Any]) -> dict[str, Any]:
    import polars as pl

    return {
        name: pl.Struct(_struct(inner)) if isinstance(inner, Mapping) else inner
        for name, inner in node.items()
    }
