"""What is in a lake on S3, told by the Glue catalog and the tables' own metadata; boto3 alone.

The lake API and the program `lake` share it. An Iceberg table's metadata file names its current
snapshot, whose summary has the rows, files and bytes: no table format library is needed to tell.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ingestion.errors import LakeError
from ingestion.store import S3Store

DEFAULT = "default"
TABLES = (
    "contact_record",
    "agent_event",
    "work_item",
    "instance_day",
    "agent_state_interval",
    "contact_state_interval",
    "agent_skill",
    "contact_statistic_record",
    "calls_by_category_queue",
    "skill_load",
    "skill_staffing",
    "journey",
    "agent_statistic_record",
    "agent_queue_statistic_record",
    "users",
    "routing_profiles",
    "agent_hierarchy_groups",
    "customer_agent",
    "workload_score",
    "automation_candidate",
    "upskilling_recommendation",
    "run",
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_DATABASE = re.compile(r"[a-z0-9_]{1,255}")


class LakeNameError(LakeError):
    """A lake cannot have this name, address or database."""

    exit_code = 2


class NoSuchLakeError(LakeError):
    """The catalog has no lake of that name."""

    exit_code = 3


class Where(NamedTuple):
    """A lake's address, `s3://bucket/prefix`, and its database in the Glue catalog."""

    lake: str
    database: str

    @property
    def bucket(self) -> str:
        """The bucket."""
        return urlsplit(self.lake).netloc

    @property
    def prefix(self) -> str:
        """The prefix in the bucket, without slashes at its ends."""
        return urlsplit(self.lake).path.strip("/")


class Content(NamedTuple):
    """One table as its current snapshot has it; `committed_at` is None for one never written."""

    table: str
    grain: str
    rows: int = 0
    files: int = 0
    bytes: int = 0
    committed_at: datetime | None = None


def where(name: str, own: Where) -> Where:
    """The lake called so: the stack's own, or one beside it; raises LakeNameError."""
    if not _NAME.fullmatch(name):
        raise LakeNameError(
            f"lake {name[:40]!r}: use lower-case letters, digits and _, 31 at most, a letter first"
        )
    if name == DEFAULT:
        return own
    return Where(f"s3://{own.bucket}/lakes/{name}", f"{own.database}_{name}")


def validated(lake: str, database: str) -> Where:
    """The two as they are; LakeNameError says what S3 or Glue would refuse."""
    parts = urlsplit(lake)
    if parts.scheme != "s3" or not parts.netloc:
        raise LakeNameError(f"lake {lake!r}: the bucket is missing, write s3://bucket/prefix")
    if not _DATABASE.fullmatch(database):
        raise LakeNameError(f"database {database!r}: use lower-case letters, digits and _")
    return Where(lake.rstrip("/"), database)


def found_tables(glue: Any, at: Where) -> dict[str, Mapping[str, Any]]:
    """The catalog's tables by name; NoSuchLakeError if there is no database."""
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=at.database)
    try:
        return {table["Name"]: table for page in pages for table in page["TableList"]}
    except glue.exceptions.EntityNotFoundException:
        raise NoSuchLakeError(
            f"there is no database {at.database}: create the lake first"
        ) from None


def missing(glue: Any, at: Where, tables: Sequence[str] = TABLES) -> list[str]:
    """The tables that creating would make, in data-flow order."""
    try:
        found = found_tables(glue, at)
    except NoSuchLakeError:
        return list(tables)
    return [name for name in tables if name not in found]


def contents(glue: Any, s3: Any, at: Where, tables: Sequence[str] = TABLES) -> Iterator[Content]:
    """Each of the lake's tables that is there, in data-flow order; raises NoSuchLakeError."""
    found = found_tables(glue, at)
    for name in tables:
        if name in found:
            yield content(name, metadata(s3, found[name]["Parameters"]["metadata_location"]))


def metadata(s3: Any, location: str) -> Mapping[str, Any]:
    """A table's Iceberg metadata."""
    parts = urlsplit(location)
    data = S3Store(s3, parts.netloc).get(parts.path.lstrip("/"))
    text = gzip.decompress(data) if location.endswith(".gz.metadata.json") else data
    read: Mapping[str, Any] = json.loads(text)
    return read


def content(name: str, iceberg: Mapping[str, Any]) -> Content:
    """What an Iceberg table's metadata says of its current snapshot."""
    grain = iceberg.get("properties", {}).get("comment", "").partition(":")[0].partition(".")[0]
    current = iceberg.get("current-snapshot-id")
    for snapshot in iceberg.get("snapshots", ()):
        if snapshot["snapshot-id"] == current:
            total = snapshot["summary"]
            return Content(
                name,
                grain,
                int(total.get("total-records", 0)),
                int(total.get("total-data-files", 0)),
                int(total.get("total-files-size", 0)),
                datetime.fromtimestamp(snapshot["timestamp-ms"] / 1000, UTC),
            )
    return Content(name, grain)


def data_in(glue: Any, s3: Any, at: Where, tables: Sequence[str] = TABLES) -> str | None:
    """What keeps the lake from being removed, in words; None for an empty one."""
    store = S3Store(s3, at.bucket, at.prefix)
    for folder in ("raw/", "bad/"):
        for key, _ in store.keys(folder):
            return f"{at.lake} holds data ({key}); remove raw/ and bad/ first"
    for each in contents(glue, s3, at, tables):
        if each.committed_at is not None:
            return f"{at.lake}: table {each.table} has rows"
    return None
