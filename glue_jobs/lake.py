"""The lake: Iceberg tables in a catalog, raw and bad objects beside them.

A folder with an SQLite catalog and S3 with the Glue Data Catalog differ in catalog properties
only. Every table change is one Iceberg commit that takes files out and puts files in, so that a
reader sees the table before or after, never between.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any, Self

import boto3
import pyarrow as pa
from botocore.config import Config
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable

from glue_jobs.catalog import MOST_ATTEMPTS, CertainGlueCatalog
from glue_jobs.commits import swap
from glue_jobs.datafiles import DataFiles, day_of
from glue_jobs.settings import Settings
from ingestion.errors import LakeError
from ingestion.store import Store, store
from transforms.days import by_day
from transforms.schema import DAY, Table
from transforms.tables import TABLES

_CATALOG_FILE = "catalog.db"
_RETRIES = "glue_jobs.catalog.PatientRetries"
_PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    # A commit that lost a race must re-read before it retries; pyiceberg would only rebase.
    "commit.retry.num-retries": "0",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "100",
}


class NoLakeError(LakeError):
    """There is no lake at the address."""

    exit_code = 3


class LakeNotEmptyError(LakeError):
    """A lake with data is not removed."""

    exit_code = 14


class ConflictError(LakeError):
    """Another writer committed first; reading again and retrying is safe."""

    exit_code = 8


class Lake:
    """The tables and objects at one address. Opening reads nothing; see `exists`.

    As a context manager it lets go of its catalog at the end.
    """

    def __init__(self, settings: Settings, catalog: Catalog, store: Store) -> None:
        self.settings = settings
        self.catalog = catalog
        self.store = store
        self._planned: dict[str, dict[int | None, dict[str, DataFile]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.catalog.close()

    # -- set up -------------------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether every table is there."""
        return not self.missing()

    def missing(self) -> list[Table]:
        """The tables that `create` would make, in data-flow order."""
        try:
            found = {name[-1] for name in self.catalog.list_tables(self.settings.database)}
        except NoSuchNamespaceError:
            found = set()
        return [table for table in TABLES if table.name not in found]

    def create(self) -> list[str]:
        """Make what is missing; returns the names of the tables made. Safe to repeat."""
        made = self.missing()
        # Asked first, so that whoever may only add tables need not be allowed to make databases.
        if made and not self.catalog.namespace_exists(self.settings.database):
            self.catalog.create_namespace_if_not_exists(
                self.settings.database, {"location": f"{self.settings.root}/tables"}
            )
        for table in made:
            self._make(table)
        return [table.name for table in made]

    def _make(self, table: Table) -> None:
        with (
            suppress(TableAlreadyExistsError),  # another `create` was faster: what was wanted
            self.catalog.create_table_transaction(
                (self.settings.database, table.name),
                schema=table.schema,
                location=f"{self.settings.root}/tables/{table.name}",
                properties={**_PROPERTIES, "comment": table.doc},
            ) as transaction,
        ):
            if table.is_daily:
                with transaction.update_spec() as spec:
                    spec.add_identity(DAY)

    def drop(self) -> list[str]:
        """Remove the tables of an empty lake; LakeNotEmptyError if anything has landed."""
        full = next(iter(self.store.keys("raw/")), None) or next(
            iter(self.store.keys("bad/")), None
        )
        if full:
            raise LakeNotEmptyError(
                f"{self.settings.lake} holds data ({full[0]}); remove raw/ and bad/ first"
            )
        names = [table.name for table in TABLES if table not in self.missing()]
        for name in names:
            if self.iceberg(name).current_snapshot() is not None:
                raise LakeNotEmptyError(f"{self.settings.lake}: table {name} has rows")
        # What is gone already was dropped before, by a request whose answer was lost or another's.
        for name in names:
            with suppress(NoSuchTableError):
                self.catalog.drop_table((self.settings.database, name))
        if names:
            with suppress(NoSuchNamespaceError):
                self.catalog.drop_namespace(self.settings.database)
        return names

    # -- read ---------------------------------------------------------------------------------

    def iceberg(self, name: str) -> IcebergTable:
        """The Iceberg table as the catalog knows it now."""
        try:
            return self.catalog.load_table((self.settings.database, name))
        except (NoSuchTableError, NoSuchNamespaceError) as error:
            raise NoLakeError(
                f"{self.settings.lake} has no table {name}; run `lake create` first"
            ) from error

    def read(
        self,
        table: Table,
        days: Iterable[date] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows of the current snapshot, of the given days and columns (None = all)."""
        iceberg = self.iceberg(table.name)
        found = _on(self._planned_files(iceberg), days)
        return DataFiles.of(table, iceberg).read((file.file_path for file in found), columns)

    def data_files(self, table: Table, days: Iterable[date] | None = None) -> list[DataFile]:
        """The data files of the current snapshot, of the given days (None = all)."""
        return _on(self._planned_files(self.iceberg(table.name)), days)

    def files(self, name: str) -> list[str]:
        """Addresses of the data files of the current snapshot."""
        return sorted(self._planned_files(self.iceberg(name)))

    def days(self, name: str) -> list[date]:
        """The days that have rows, in order."""
        return sorted(self.rows_by_day(name))

    def rows_by_day(self, name: str) -> Counter[date]:
        """How many rows each day has, from the manifests alone."""
        return _rows_by_day(self._planned_files(self.iceberg(name)).values())

    def count(self, name: str) -> int:
        """Rows of the current snapshot, from the manifests alone."""
        found = self._planned_files(self.iceberg(name)).values()
        return sum(file.record_count for file in found)

    def snapshot(self, name: str) -> int:
        """Id of the current snapshot; 0 for a table that was never written."""
        snapshot = self.iceberg(name).current_snapshot()
        return snapshot.snapshot_id if snapshot else 0

    def changed_days(self, name: str, since: int | None) -> list[date]:
        """Days whose files are not those of snapshot `since`; every day if that is unknown."""
        table = self.iceberg(name)
        now = self._planned_files(table)
        known = since and table.metadata.snapshot_by_id(since)
        then = self._planned_files(table, since) if known else {}
        return sorted({day_of((now | then)[path]) for path in now.keys() ^ then.keys()})

    def _planned_files(
        self, table: IcebergTable, snapshot: int | None = None
    ) -> dict[str, DataFile]:
        """The data files of a snapshot (None = the current one) by address, planned once."""
        snapshot = snapshot or table.metadata.current_snapshot_id
        known = self._planned.setdefault(table.name()[-1], {})
        if snapshot not in known:
            if len(known) > 1:  # of a commit, the snapshots before and after it are asked for
                del known[next(iter(known))]
            known[snapshot] = _data_files(table, snapshot)
        return known[snapshot]

    # -- write --------------------------------------------------------------------------------

    @contextmanager
    def replacement(self, table: Table) -> Iterator[Replacement]:
        """A change of one table that is committed, whole, when the block ends without an error.

        The block reads the table by the change's own `read`, as it is when the block begins:
        ConflictError if another writer commits to it from there on.
        """
        iceberg = self.iceberg(table.name)
        change = Replacement(table, iceberg, self._planned_files(iceberg).values())
        try:
            yield change
        except BaseException:
            change.discard()
            raise
        change.commit()

    def add(self, table: Table, rows: pa.Table) -> None:
        """Add rows to a daily table in one commit; each of their days becomes one file."""
        with self.replacement(table) as change:
            change.add(rows)


class Replacement:
    """Days (or the whole table) to be replaced in one commit. `old`: the files it began with."""

    def __init__(self, table: Table, iceberg: IcebergTable, old: Iterable[DataFile]) -> None:
        self.table = table
        self.files = DataFiles.of(table, iceberg)
        self._iceberg = iceberg
        self.old = tuple(old)
        self._days: set[date] = set()
        self._gone: set[str] = set()
        self._is_whole = False
        self._new: list[DataFile] = []

    def data_files(self, days: Iterable[date] | None = None) -> list[DataFile]:
        """The data files that it began with, of the given days (None = all)."""
        return list(self.old) if days is None else _on_days(self.old, days)

    def read(
        self, days: Iterable[date] | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The rows that it began with, of the given days and columns (None = all)."""
        return self.files.read((file.file_path for file in self.data_files(days)), columns)

    def read_part(self, days: Iterable[date], part: Callable[[pa.Table], pa.Table]) -> pa.Table:
        """What `part` leaves of the rows that it began with: never are all of a day in memory."""
        found = [self.table.empty()]
        for file in self.data_files(days):
            found += map(part, self.files.batches(file.file_path))
        return pa.concat_tables(found)

    def read_of(self, ids: pa.Array, columns: Sequence[str]) -> pa.Table:
        """The rows that it began with whose key ends with one of the ids (texts)."""
        return self.files.read_of(ids, (file.file_path for file in self.old), columns)

    def rows_by_day(self) -> Counter[date]:
        """How many rows each day had when it began."""
        return _rows_by_day(self.old)

    def put(self, rows: pa.Table, days: Sequence[date]) -> None:
        """Replace `days` by the rows of `rows` that belong to them; no rows = the day is empty."""
        found = by_day(self.table.conform(rows))
        self._days |= set(days)
        for day in days:
            if day in found:
                self._write(found[day], day)

    def add(self, rows: pa.Table) -> None:
        """Add rows to a daily table; each of their days becomes one file.

        They join what the table held when the change began: what is added meanwhile is a conflict.
        """
        days = sorted(by_day(rows))
        self.put(pa.concat_tables([self.read(days), self.table.conform(rows)]), days)

    def leave(self, days: Iterable[date]) -> None:
        """Leave days as they were: what was put for them is removed."""
        left = set(days)
        own = _on_days(self._new, left)
        self._days -= left
        self._new = [file for file in self._new if file not in own]
        self._remove(own)

    def put_all(self, rows: pa.Table) -> None:
        """Replace the whole of a table that is not daily."""
        self._is_whole = True
        self._write(self.table.conform(rows), None)

    def swap(self, old: Iterable[DataFile], rows: pa.Table, day: date | None) -> DataFile:
        """Replace files of one day (None for a table without days) by one; returns that one.

        Those that this change wrote itself are removed: no commit will name them.
        """
        gone = {file.file_path for file in old}
        own = [file for file in self._new if file.file_path in gone]
        self._gone |= gone
        self._write(rows, day)
        self._new = [file for file in self._new if file.file_path not in gone]
        self._remove(own)
        return self._new[-1]

    def take(self, files: Iterable[DataFile], days: Iterable[date]) -> None:
        """Replace `days` (or the whole of a table that is not daily) by files already written."""
        self._is_whole = not self.table.is_daily
        self._days |= set(days)
        self._new += files

    def commit(self) -> None:
        """One Iceberg commit; nothing at all if nothing was put.

        The new files are removed only when it is certain that no commit names them: where the
        answer is lost the commit may have happened, and a file too many harms nobody.
        """
        old = [file for file in self.old if self._replaces(file)]
        if not old and not self._new:
            return
        try:
            with self._iceberg.transaction() as transaction, swap(transaction) as change:
                for file in old:
                    change.delete_data_file(file)
                for file in self._new:
                    change.append_data_file(file)
        except (CommitFailedException, ValidationException) as error:
            self.discard()
            raise ConflictError(
                f"table {self.table.name}: another writer was first; run the command again"
            ) from error

    def left(self) -> list[DataFile]:
        """The files that the commit would leave."""
        return [*(file for file in self.old if not self._replaces(file)), *self._new]

    def discard(self) -> None:
        """Remove the files that were written for a commit that did not happen."""
        self._remove(self._new)

    def _remove(self, files: Iterable[DataFile]) -> None:
        for file in files:
            with suppress(OSError):  # what stays is an orphan; why it stays is the caller's news
                self._iceberg.io.delete(file.file_path)

    def _replaces(self, file: DataFile) -> bool:
        is_in = day_of(file) in self._days if self.table.is_daily else self._is_whole
        return is_in or file.file_path in self._gone

    def _write(self, rows: pa.Table, day: date | None) -> None:
        if rows.num_rows:
            self._new.append(self.files.written(rows, uuid.uuid4().hex, day))


def opened(settings: Settings) -> Lake:
    """The lake at the settings' address; NoLakeError if a folder holds none."""
    if settings.is_folder and not (settings.folder / _CATALOG_FILE).exists():
        raise NoLakeError(f"no lake in {settings.folder}; run `lake create` or `lake ingest` first")
    return _connected(settings)


def made(settings: Settings) -> tuple[Lake, list[str]]:
    """The lake at the settings' address, and the tables that were missing and are now made."""
    if settings.is_folder:
        settings.folder.mkdir(parents=True, exist_ok=True)
    lake = _connected(settings)
    return lake, lake.create()


def _connected(settings: Settings) -> Lake:
    # pyiceberg 0.12 evaluates manifests in threads that share one stateful visitor: now and then
    # a commit failed to find files that were there. One thread has no such race.
    os.environ.setdefault("PYICEBERG_MAX_WORKERS", "1")
    return Lake(settings, _catalog(settings), objects(settings))


def _catalog(settings: Settings) -> Catalog:
    if settings.is_folder:
        return SqlCatalog(
            settings.database,
            uri=f"sqlite:///{settings.folder / _CATALOG_FILE}",
            warehouse=f"{settings.root}/tables",
        )
    properties = {"s3.retry-strategy-impl": _RETRIES}
    properties |= {"s3.region": settings.region} if settings.region else {}
    properties |= {"s3.endpoint": settings.endpoint} if settings.endpoint else {}
    return CertainGlueCatalog(settings.database, glue_client(settings), **properties)


def objects(settings: Settings) -> Store:
    """The raw and bad objects at the settings' address."""
    return store(settings.root, lambda: s3_client(settings))


def s3_client(settings: Settings) -> Any:
    """A boto3 S3 client for the settings' endpoint; path addresses, as stand-ins need them."""
    style = {"addressing_style": "path"} if settings.endpoint else {}
    return _client("s3", settings, s3=style)


def glue_client(settings: Settings) -> Any:
    """A boto3 client of the Glue Data Catalog for the settings' endpoint."""
    return _client("glue", settings)


def _client(name: str, settings: Settings, **config: Any) -> Any:
    retries = {"mode": "standard", "total_max_attempts": MOST_ATTEMPTS}
    return boto3.client(
        name,
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        config=Config(retries=retries, **config),
    )


def _data_files(table: IcebergTable, snapshot: int | None) -> dict[str, DataFile]:
    found = table.metadata.snapshot_by_id(snapshot) if snapshot else None
    return {
        entry.data_file.file_path: _without_statistics(entry.data_file)
        for manifest in (found.manifests(table.io) if found else ())
        for entry in manifest.fetch_manifest_entry(table.io)
    }


def _without_statistics(file: DataFile) -> DataFile:
    """What a change needs to know of a file: of 100,000, their statistics take half a gigabyte."""
    slim = DataFile.from_args(
        content=file.content,
        file_path=file.file_path,
        file_format=file.file_format,
        partition=file.partition,
        record_count=file.record_count,
        file_size_in_bytes=file.file_size_in_bytes,
    )
    slim.spec_id = file.spec_id
    return slim


def _rows_by_day(files: Iterable[DataFile]) -> Counter[date]:
    rows = Counter[date]()
    for file in files:
        rows[day_of(file)] += file.record_count
    return rows


def _on(files: Mapping[str, DataFile], days: Iterable[date] | None) -> list[DataFile]:
    return list(files.values()) if days is None else _on_days(files.values(), days)


def _on_days(files: Iterable[DataFile], days: Iterable[date]) -> list[DataFile]:
    wanted = set(days)
    return [file for file in files if day_of(file) in wanted]
