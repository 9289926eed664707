"""What a user of pandas writes: json_normalize as awswrangler's tutorials do, or orjson by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.flat import (
    FIELDS,
    INITIATED,
    KEY,
    PEERS_COLUMNS,
    UPDATED,
    found,
    json_lines,
    raw_files,
)
from tests.bench.harness import Job


def awswrangler(options: Mapping[str, Any], scratch: Path) -> Job:
    """json_normalize, then `to_parquet` by partition into S3 (the stand-in, another process)."""
    import json

    import awswrangler as wr
    import boto3
    import pandas as pd

    s3 = boto3.client("s3")
    bucket = scratch.name.lower().replace("_", "-")
    s3.create_bucket(Bucket=bucket)

    def work() -> None:
        records = [json.loads(line) for line in json_lines(raw_files(options["data"]))]
        frame = pd.json_normalize(records, sep="_", max_level=3)
        frame = frame.reindex(columns=[field.name for field in FIELDS])
        wr.s3.to_parquet(
            _newest_typed(frame),
            path=f"s3://{bucket}/contact_record/",
            dataset=True,
            partition_cols=["day"],
            mode="overwrite_partitions",
            compression="zstd",
        )

    def rows() -> Any:
        files = []
        for number, key in enumerate(wr.s3.list_objects(f"s3://{bucket}/contact_record/")):
            files.append(str(scratch / f"{number}.parquet"))
            s3.download_file(bucket, key.removeprefix(f"s3://{bucket}/"), files[-1])
        return found(files, PEERS_COLUMNS)

    return Job(work, rows)


def orjson(options: Mapping[str, Any], scratch: Path) -> Job:
    """orjson, one flat tuple a record, `to_parquet` by partition into a folder."""
    import orjson as parser
    import pandas as pd

    paths = [field.path for field in FIELDS]

    def work() -> None:
        records = map(parser.loads, json_lines(raw_files(options["data"])))
        flat = [[_at(record, path) for path in paths] for record in records]
        frame = pd.DataFrame(flat, columns=[field.name for field in FIELDS], dtype=object)
        _newest_typed(frame).to_parquet(
            scratch / "out", partition_cols=["day"], compression="zstd", index=False
        )

    return Job(work, lambda: found(map(str, scratch.rglob("out/**/*.parquet")), PEERS_COLUMNS))


def _at(record: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if record is None:
            return None
        record = record.get(name)
    return record


def _newest_typed(frame: Any) -> Any:
    """The newest version of each contact, with typed columns and its day."""
    import pandas as pd

    frame = frame.sort_values(UPDATED, kind="stable").drop_duplicates(KEY, keep="last")
    for field in FIELDS:
        column = frame[field.name]
        if field.type == "at":
            frame[field.name] = pd.to_datetime(column, format="ISO8601", utc=True)
        else:
            frame[field.name] = column.astype("string" if field.type == "text" else "Int64")
    frame["day"] = frame[INITIATED].dt.strftime("%Y-%m-%d")
    return frame
