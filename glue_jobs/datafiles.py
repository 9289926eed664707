"""The Parquet data files of a table, read and written the same way by whatever engine builds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Self, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import (
    PyArrowFileIO,
    StatisticsCollector,
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.metadata import TableMetadata

from glue_jobs import bloom
from transforms.pipeline import SOURCES
from transforms.schema import DAY, SchemaError, Table

ROWS_IN_A_GROUP = 65_536
# pyarrow keeps what it knows of each file of a dataset, some 50 kB: many times a small file.
_FILES_AT_ONCE = 1_000
_FILTERS_AT_ONCE = 16  # files whose filters are asked; on S3 that is waiting
# The column, of tables whose rows can move to another day, by which a build finds where they stand.
_LOOKED_UP = {source.writes.name: source.writes.key[-1] for source in SOURCES if source.moves}


@dataclass(frozen=True)
class DataFiles:
    """A table's files and how they are written.

    It can be sent to another process: it holds no catalog and no connection.
    """

    table: Table
    io: FileIO
    metadata: TableMetadata

    @classmethod
    def of(cls, table: Table, iceberg: IcebergTable) -> Self:
        """The files of a table as the catalog knows it, whatever its snapshot."""
        # A table's past can be as long as megabytes, and a file needs to know none of it.
        past = ("snapshots", "snapshot_log", "metadata_log")
        shape = iceberg.metadata.model_copy(update={name: [] for name in past})
        return cls(table, iceberg.io, shape)

    def read(self, paths: Iterable[str], columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of files, of the given columns (None = all), file by file in order of path.

        pyarrow reads the files as they are: pyiceberg's reader turns null lists of structs into
        empty ones.
        """
        names = list(columns or self.table.names)
        there = sorted(paths)
        if not there:
            return self.table.empty().select(names)
        parts = [
            self._dataset(there[at : at + _FILES_AT_ONCE], names).to_table(columns=names)
            for at in range(0, len(there), _FILES_AT_ONCE)
        ]
        return self.table.conform(pa.concat_tables(parts), columns)

    def read_of(self, ids: pa.Array, paths: Iterable[str], columns: Sequence[str]) -> pa.Table:
        """The rows of files whose key ends with one of the ids (texts), of columns with the key's.

        For tables whose rows can move: their files have filters, so that most are not read.
        """
        wanted = bloom.hashes(ids.to_pylist())
        with ThreadPoolExecutor(_FILTERS_AT_ONCE) as pool:
            parts = pool.map(lambda path: self._of(ids, wanted, path, columns), sorted(paths))
            found = [part for part in parts if part]
        none = self.table.empty().select(columns)
        return self.table.conform(pa.concat_tables(found), columns) if found else none

    def _of(
        self, ids: pa.Array, wanted: bloom.Hashes, path: str, columns: Sequence[str]
    ) -> pa.Table | None:
        name = _LOOKED_UP[self.table.name]
        with self.io.new_input(path).open() as data:
            groups = [*bloom.groups(data, name, wanted)]
            if not groups:
                return None
            rows = pq.ParquetFile(data).read_row_groups(groups, columns=[*columns])
        return rows.filter(pc.is_in(rows[name], value_set=ids))

    def batches(self, path: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows of a file, a row group at a time, so that memory does not grow with the file."""
        names = list(columns or self.table.names)
        found = self._dataset([path], names)
        for batch in found.to_batches(columns=names, batch_readahead=1, use_threads=False):
            yield self.table.conform(pa.Table.from_batches([batch]), columns)

    def written(self, rows: pa.Table, name: str, day: date | None) -> DataFile:
        """A new file of the table's conformed rows, as a commit wants it told.

        `day` is that of every row; None for a table without days. A file of that name is
        overwritten.
        """
        folder = "" if day is None else f"{DAY}={day}/"
        path = f"{self.metadata.location}/data/{folder}{name}.parquet"
        footers: list[pq.FileMetaData] = []
        with self.io.new_output(path).create(overwrite=True) as out:
            pq.write_table(
                self._shaped(rows),
                out,
                compression="zstd",
                row_group_size=ROWS_IN_A_GROUP,
                store_schema=False,
                metadata_collector=footers,
                bloom_filter_options=self._filters(rows.num_rows),
            )
        return self._data_file(path, footers[0])

    def _filters(self, rows: int) -> dict[str, dict[str, float]] | None:
        if self.table.name not in _LOOKED_UP:
            return None
        texts = min(rows, ROWS_IN_A_GROUP)
        return {_LOOKED_UP[self.table.name]: {"ndv": texts, "fpp": bloom.FALSE_POSITIVES}}

    def _shaped(self, rows: pa.Table) -> pa.Table:
        """`rows` as the lake's schema has them: an upgrade adds columns at its end."""
        there = set(rows.column_names)
        if lacking := there.difference(self._schema.names):
            raise SchemaError(
                f"table {self.table.name} lacks the column {min(lacking)}; run `lake create`"
            )
        more = [name for name in self._schema.names if name not in there]
        for name in more:  # of a newer release than this one
            rows = rows.append_column(name, pa.nulls(len(rows), self._schema.field(name).type))
        return rows.select(self._schema.names).cast(self._schema)

    def _data_file(self, path: str, footer: pq.FileMetaData) -> DataFile:
        """What `pyiceberg.io.pyarrow.parquet_file_to_data_file` returns.

        That would plan the statistics of 160 columns anew for every file, which takes as long as
        writing one.
        """
        plan, ids = self._plan
        statistics = data_file_statistics_from_parquet_metadata(footer, plan, ids)
        return DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=path,
            file_format=FileFormat.PARQUET,
            partition=statistics.partition(self.metadata.spec(), self.metadata.schema()),
            file_size_in_bytes=len(self.io.new_input(path)),
            sort_order_id=None,
            spec_id=self.metadata.default_spec_id,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )

    @cached_property
    def _plan(self) -> tuple[dict[int, StatisticsCollector], dict[str, int]]:
        """What statistics a commit is told of every column, and the columns' ids by their paths."""
        schema = self.metadata.schema()
        plan = compute_statistics_plan(schema, self.metadata.properties)
        return plan, parquet_path_to_id_mapping(schema)

    @cached_property
    def _schema(self) -> pa.Schema:
        return pa.schema(_small(field) for field in schema_to_pyarrow(self.metadata.schema()))

    def _dataset(self, paths: Sequence[str], names: Sequence[str]) -> ds.Dataset:
        places = [PyArrowFileIO.parse_location(path) for path in paths]
        scheme, netloc, _ = places[0]
        shape = schema_to_pyarrow(self.metadata.schema(), include_field_ids=False)
        return ds.dataset(
            [path for _, _, path in places],
            # Of columns alone that are asked for: a file of 160 is compared with each.
            # Those that the lake does not have yet are null.
            schema=pa.schema([_field(name, shape, self.table.schema) for name in names]),
            format="parquet",
            filesystem=cast(PyArrowFileIO, self.io).fs_by_scheme(scheme, netloc),
        )


def rows_in_a_group(files: Iterable[DataFile]) -> float:
    """How many rows the row groups of files have on average; 0 without files."""
    rows = [file.record_count for file in files]
    groups = sum(-(-count // ROWS_IN_A_GROUP) for count in rows)
    return sum(rows) / groups if groups else 0


def day_of(file: DataFile) -> date:
    """The day that a daily table's file holds."""
    return date(1970, 1, 1) + timedelta(days=file.partition[0])


def _field(name: str, *schemas: pa.Schema) -> pa.Field:
    """The field of that name of the first schema that has one."""
    return next(schema.field(name) for schema in schemas if schema.get_field_index(name) >= 0)


def _small(field: pa.Field) -> pa.Field:
    """`field` with texts as `string`, not pyiceberg's `large_string`, at every depth.

    pyarrow 25 aborts when it casts the keys of a map that was filtered before.
    """
    kind = field.type
    if pa.types.is_large_string(kind):
        return field.with_type(pa.string())
    if pa.types.is_large_list(kind) or pa.types.is_list(kind):
        return field.with_type(pa.list_(_small(kind.value_field)))
    if pa.types.is_map(kind):
        return field.with_type(pa.map_(_small(kind.key_field), _small(kind.item_field)))
    if pa.types.is_struct(kind):
        return field.with_type(pa.struct([_small(kind.field(n)) for n in range(len(kind))]))
    return field
