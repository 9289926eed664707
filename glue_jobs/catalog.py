"""A lake's catalog and files as pyiceberg's, but patient, sparing, and sure of lost answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pyarrow.fs import AwsStandardS3RetryStrategy
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchNamespaceError
from pyiceberg.io import FileIO, InputFile, load_file_io
from pyiceberg.serializers import FromInputFile
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.typedef import EMPTY_DICT, Identifier, Properties

LOCATION = "metadata_location"
MOST_ATTEMPTS = 10  # as pyiceberg has it for Glue

# pyiceberg reads a table's metadata file at each look at the table; it is written once, under a
# name that is used once. Of the 121 times of a small build, 114 are spared.
_read = FromInputFile.table_metadata


@dataclass(frozen=True)
class _File:
    location: str
    file: InputFile = field(compare=False)


@lru_cache(maxsize=32)
def metadata(file: _File) -> TableMetadata:
    """What a metadata file says; `metadata.cache_clear()` makes this a new process."""
    return _read(file.file)


def _sparing(file: InputFile, encoding: str = "utf-8") -> TableMetadata:  # noqa: ARG001
    return metadata(_File(file.location, file))


FromInputFile.table_metadata = staticmethod(_sparing)  # type: ignore[method-assign, assignment]


class PatientRetries(AwsStandardS3RetryStrategy):  # type: ignore[misc]
    """Iceberg's files on S3 are tried as often as all else; the usual three attempts are few.

    With 30 % of the requests failing, three attempts let a build of 180 requests fail nearly
    always; ten let one of 900 fail.
    """

    def __init__(self) -> None:
        super().__init__(max_attempts=MOST_ATTEMPTS)


class CertainGlueCatalog(GlueCatalog):
    """The Glue Data Catalog, which notices an update that happened although its answer was lost.

    Its tables share one client of S3, and so its connections; pyiceberg makes two a table loaded.

    botocore repeats a request without an answer, and Glue refuses the repetition, because the
    first has changed the table's version. pyiceberg takes that for another writer's win and
    removes the files of the commit, which are the live ones by then (Iceberg for Java asks, as
    here: `BaseMetastoreTableOperations.checkCommitStatus`).
    """

    @cached_property
    def _files(self) -> FileIO:
        return load_file_io(self.properties)

    def _load_file_io(
        self, properties: Properties = EMPTY_DICT, location: str | None = None
    ) -> FileIO:
        """The catalog's files: no table has a way of its own to them."""
        del properties, location
        return self._files

    def _update_glue_table(
        self, database_name: str, table_name: str, table_input: Any, version_id: str
    ) -> None:
        try:
            super()._update_glue_table(database_name, table_name, table_input, version_id)
        except (CommitFailedException, ClientError, BotoCoreError):
            if not self._has_had(database_name, table_name, table_input["Parameters"][LOCATION]):
                raise

    def drop_namespace(self, namespace: str | Identifier) -> None:
        """As pyiceberg's; a database that goes after it was looked at is `NoSuchNamespaceError`."""
        try:
            super().drop_namespace(namespace)
        except self.glue.exceptions.EntityNotFoundException as error:
            raise NoSuchNamespaceError(f"there is no database {namespace}") from error

    def _has_had(self, database_name: str, table_name: str, location: str) -> bool:
        """Whether the table is at this metadata file, or another writer went on from it."""
        now = self._convert_glue_to_iceberg(self._get_glue_table(database_name, table_name))
        past = {entry.metadata_file for entry in now.metadata.metadata_log}
        return location == now.metadata_location or location in past
