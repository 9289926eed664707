"""`lake export`: plain Hive-partitioned Parquet, for readers that do not know Iceberg.

Every export is a new immutable prefix: files first, then one catalog update sets the table's
location and its partition projection, so that a reader sees the last export or this one, whole.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import boto3
import pandas as pd
import pyarrow as pa

from glue_jobs.lake import Lake
from glue_jobs.standin import stand_in
from ingestion.errors import LakeError
from ingestion.store import S3Store
from transforms.schema import Table
from transforms.tables import BY_NAME

NONE = "none"  # the partition of rows without a value
SHORTENED = "_shortened.json"  # readers of Hive folders pass over what begins with _
_LONGEST = 200  # a folder's name may have 255 bytes on most disks, the column's name included
_SHORT = {"queue": "queue_name"}
_BUCKET = "export"
_ATHENA_TYPES = {
    pa.bool_(): "boolean",
    pa.int32(): "int",
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
}


class ExportError(LakeError):
    """The export cannot be made as asked."""

    exit_code = 2


class Exported(NamedTuple):
    """Where the files are, how many there are, and the table that the catalog now has."""

    location: str
    files: int
    rows: int
    table: str


def export(lake: Lake, name: str, by: Sequence[str], out: Path | None = None) -> Exported:
    """Write a table partitioned by `by`; a folder lake goes through the stand-in's S3 to `out`."""
    table = BY_NAME.get(name)
    if table is None:
        raise ExportError(f"no table {name!r}; there are {', '.join(BY_NAME)}")
    columns = _columns(table, by)
    made_at = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    prefix = f"exports/{name}/{made_at}"
    if not lake.settings.is_folder:
        session = boto3.Session(region_name=lake.settings.region)
        location = f"{lake.settings.root}/{prefix}"
        return _written(session, lake, table, columns, location)
    if out is None:
        raise ExportError("a folder lake exports to a folder: add --out FOLDER")
    with stand_in() as aws:
        aws.client("s3").create_bucket(Bucket=_BUCKET)
        aws.client("glue").create_database(DatabaseInput={"Name": lake.settings.database})
        done = _written(aws.session(), lake, table, columns, f"s3://{_BUCKET}/{prefix}")
        _copy(S3Store(aws.client("s3"), _BUCKET, prefix), out / name / made_at)
    return done._replace(location=str(out / name / made_at))


def _copy(source: S3Store, folder: Path) -> None:
    """The folder appears when it is whole; until then its name is hidden from readers."""
    unfinished = folder.with_name(f".{folder.name}")
    unfinished.mkdir(parents=True)
    for key, _ in source.keys(""):
        target = unfinished / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.get(key))
    unfinished.rename(folder)


def partition_value(value: object) -> str:
    """A value as it stands in a path: what could be read as part of the path is percent-encoded.

    `unquote` gives it back; rows without a value are under `none`. A value too long for a folder's
    name is cut and ends in `~` and its digest; the export's `_shortened.json` has it whole.
    """
    if pd.isna(value):
        return NONE
    text = str(value)
    quoted = f"%{ord(text[0]):02X}{text[1:]}" if text == NONE else quote(text, safe=" ()+@~")
    if len(quoted) <= _LONGEST:
        return quoted
    kept = re.sub(r"%[0-9A-F]?$", "", quoted[: _LONGEST - 17])
    return f"{kept}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _columns(table: Table, by: Sequence[str]) -> list[str]:
    columns = [_SHORT.get(each, each) for each in by]
    for column in columns:
        if column not in table.names:
            raise ExportError(f"{table.name} has no column {column}; choose from {table.names}")
        if len(columns) == len(table.names):
            raise ExportError("leave at least one column that is not a partition")
    return columns


def _written(session: Any, lake: Lake, table: Table, by: list[str], location: str) -> Exported:
    import awswrangler as wr

    rows = lake.read(table)
    types = {c.name: _athena_type(c.type) for c in table.columns}
    partitions = {column: "date" if types[column] == "date" else "string" for column in by}
    values = {column: _values(rows.column(column)) for column in by}
    files: list[str] = []
    if rows.num_rows:
        frame = rows.to_pandas(types_mapper=pd.ArrowDtype)
        for column in by:
            frame[column] = frame[column].map(partition_value, na_action=None)
        files = wr.s3.to_parquet(
            frame,
            path=f"{location}/",
            dataset=True,
            partition_cols=by,
            dtype={name: kind for name, kind in types.items() if name not in by},
            compression="zstd",
            boto3_session=session,
        )["paths"]
    shortened = _shortened(rows, by)
    if shortened:
        place = urlsplit(location)
        store = S3Store(session.client("s3"), place.netloc, place.path.strip("/"))
        store.put(SHORTENED, json.dumps(shortened, ensure_ascii=False).encode())
    wr.catalog.create_parquet_table(
        database=lake.settings.database,
        table=f"{table.name}_export",
        path=f"{location}/",
        columns_types={name: kind for name, kind in types.items() if name not in by},
        partitions_types=partitions,
        description=table.doc,
        mode="overwrite",
        athena_partition_projection_settings=_projection(partitions, values) if files else None,
        boto3_session=session,
    )
    return Exported(location, len(files), rows.num_rows, f"{table.name}_export")


def _shortened(rows: pa.Table, by: Sequence[str]) -> dict[str, str]:
    values = {str(value) for name in by for value in rows.column(name).unique().to_pylist()}
    written = {partition_value(value): value for value in values}
    return {name: value for name, value in written.items() if unquote(name) != value}


def _values(column: pa.ChunkedArray) -> list[str]:
    return sorted({partition_value(value) for value in column.unique().to_pylist()})


def _projection(partitions: dict[str, str], values: dict[str, list[str]]) -> Any:
    days = {name: found for name, found in values.items() if partitions[name] == "date"}
    words = {name: found for name, found in values.items() if partitions[name] != "date"}
    return {
        "projection_types": {**dict.fromkeys(days, "date"), **dict.fromkeys(words, "enum")},
        "projection_ranges": {name: f"{found[0]},{found[-1]}" for name, found in days.items()},
        "projection_values": {name: ",".join(found) for name, found in words.items()},
    }


def _athena_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"array<{_athena_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{_athena_type(kind.key_type)},{_athena_type(kind.item_type)}>"
    if pa.types.is_struct(kind):
        return "struct<" + ",".join(f"{f.name}:{_athena_type(f.type)}" for f in kind) + ">"
    return _ATHENA_TYPES[kind]
