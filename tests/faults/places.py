"""Where a step is tried: a folder lake, or one on the stand-in, each put back as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest

from glue_jobs import (
    build,
    commands_maintenance,
    compaction,
    evolution,
    history,
    lake,
    maintenance,
    rewriting,
)
from glue_jobs.standin import StandIn
from transforms import tables
from transforms.pipeline import SOURCES, STEPS
from transforms.schema import Table

BUCKET = "lake-of-faults"
DATABASE = "contact_lake"
# A build's: sources whose keys move and do not, a step of them, and a table that learns.
BUILT = (
    tables.CONTACT_RECORD,
    tables.AGENT_EVENT,
    tables.INSTANCE_DAY,
    tables.USERS,
    tables.RUN,
)
FEW = (tables.CONTACT_RECORD, tables.WORK_ITEM, tables.RUN)
SCORES = (tables.WORKLOAD_SCORE, tables.CUSTOMER_AGENT)
KEY = {"CUSTOMER_KEY": "5a" * 32}
KEYS = {"CUSTOMER_KEY": "a5" * 32, "CUSTOMER_KEY_VERSION": "2", "CUSTOMER_KEY_OLD": "5a" * 32}
_DATABASE_INPUT = ("Name", "Description", "LocationUri", "Parameters")
_TABLE_INPUT = ("Name", "Description", "TableType", "Parameters", "StorageDescriptor")


class Place(Protocol):
    """An address of a lake whose whole state can be kept and put back."""

    @property
    def lake(self) -> str: ...

    @property
    def scratch(self) -> Path: ...

    def keep(self) -> None: ...

    def put_back(self) -> None: ...

    def is_as_kept(self) -> bool: ...

    def client(self, name: str) -> Any: ...


@contextmanager
def small_lakes(kept: Sequence[Table], keys: Mapping[str, str] = KEY) -> Iterator[None]:
    """Lakes of these tables only, so that runs are short, under these keys of the customers.

    Snapshots may expire at once (`--older-than 0d`), so that there is something to expire.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module in (lake, compaction, evolution, maintenance, rewriting):
            patch.setattr(module, "TABLES", tuple(kept))
        names = {each.name for each in kept}
        patch.setattr(history, "BUILT", tuple(each for each in history.BUILT if each in names))
        patch.setattr(commands_maintenance, "_LEAST", timedelta(0))
        patch.setattr(build, "SOURCES", tuple(s for s in SOURCES if s.writes in kept))
        patch.setattr(build, "STEPS", tuple(s for s in STEPS if s.writes in kept))
        with_keys(patch, keys)
        yield


def with_keys(patch: pytest.MonkeyPatch, keys: Mapping[str, str]) -> None:
    """These settings of the customers' keys, and no others."""
    for name in KEYS:
        patch.delenv(name, raising=False)
    for name, value in keys.items():
        patch.setenv(name, value)


@dataclass(frozen=True)
class Folder:
    """A folder lake under `scratch`."""

    scratch: Path

    @property
    def lake(self) -> str:
        return str(self.scratch / "lake")

    def keep(self) -> None:
        shutil.rmtree(self.scratch / "kept", ignore_errors=True)
        Path(self.lake).mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.lake, self.scratch / "kept")

    def put_back(self) -> None:
        shutil.rmtree(self.lake)
        shutil.copytree(self.scratch / "kept", self.lake)

    def is_as_kept(self) -> bool:
        return False  # not worth a comparison: what follows is quick in a folder

    def client(self, name: str) -> Any:
        raise NotImplementedError(name)


@dataclass
class Aws:
    """A lake on the stand-in's S3 and Glue, and the tables of its DynamoDB."""

    aws: StandIn
    scratch: Path
    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    glue: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    database: dict[str, Any] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def lake(self) -> str:
        return f"s3://{BUCKET}/centre"

    def client(self, name: str) -> Any:
        if name not in self.clients:
            self.clients[name] = self.aws.client(name)
        return self.clients[name]

    def keep(self) -> None:
        s3 = self.client("s3")
        self.objects = {
            key: (etag, s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
            for key, etag in self._etags().items()
        }
        self.glue, self.database = self._glue_tables(), self._database()
        self.items = {name: self._items(name) for name in self._dynamo_tables()}

    def put_back(self) -> None:
        """Change what differs from what was kept, and nothing else."""
        self._put_back_objects()
        glue = self.client("glue")
        if self.database and not self._database():
            glue.create_database(DatabaseInput=self.database)
        for name, table in self._glue_tables().items():
            if table != self.glue.get(name):
                glue.delete_table(DatabaseName=DATABASE, Name=name)
        for name in self.glue.keys() - self._glue_tables().keys():
            glue.create_table(DatabaseName=DATABASE, TableInput=self.glue[name])
        if self._database() and not self.database:
            glue.delete_database(Name=DATABASE)
        self._put_back_items()

    def is_as_kept(self) -> bool:
        """Whether no object, table or item has changed, not even one that nobody reads."""
        return (
            self._etags() == {key: etag for key, (etag, _) in self.objects.items()}
            and self._glue_tables() == self.glue
            and self._database() == self.database
            and {name: self._items(name) for name in self._dynamo_tables()} == self.items
        )

    def _put_back_objects(self) -> None:
        s3, now = self.client("s3"), self._etags()
        for key in now.keys() - self.objects.keys():
            s3.delete_object(Bucket=BUCKET, Key=key)
        for key, (etag, data) in self.objects.items():
            if now.get(key) != etag:
                s3.put_object(Bucket=BUCKET, Key=key, Body=data)

    def _put_back_items(self) -> None:
        dynamodb = self.client("dynamodb")
        for name in self._dynamo_tables():
            if name not in self.items:
                dynamodb.delete_table(TableName=name)
            elif (now := self._items(name)) != self.items[name]:
                keys = _key_names(dynamodb, name)
                for item in now:
                    key = {each: item[each] for each in keys}
                    dynamodb.delete_item(TableName=name, Key=key)
                for item in self.items[name]:
                    dynamodb.put_item(TableName=name, Item=item)

    def _etags(self) -> dict[str, str]:
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", ())}

    def _glue_tables(self) -> dict[str, dict[str, Any]]:
        glue = self.client("glue")
        try:
            found = glue.get_tables(DatabaseName=DATABASE)["TableList"]
        except glue.exceptions.EntityNotFoundException:
            return {}
        return {
            each["Name"]: {name: each[name] for name in _TABLE_INPUT if name in each}
            for each in found
        }

    def _database(self) -> dict[str, Any]:
        """What makes the database again; nothing where there is none."""
        found = self.client("glue").get_databases()["DatabaseList"]
        there = (each for each in found if each["Name"] == DATABASE)
        return {name: value for name, value in next(there, {}).items() if name in _DATABASE_INPUT}

    def _dynamo_tables(self) -> list[str]:
        return self.client("dynamodb").list_tables()["TableNames"]

    def _items(self, table: str) -> list[dict[str, Any]]:
        return self.client("dynamodb").scan(TableName=table)["Items"]


def _key_names(dynamodb: Any, table: str) -> list[str]:
    schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    return [each["AttributeName"] for each in schema]


@contextmanager
def pointed_at(aws: StandIn) -> Iterator[None]:
    """The environment that an account would have, with the stand-in's address."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws.environment().items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        yield
