"""What a table is: columns with meaning, a grain, a key, a partition; the rest is derived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa

DAY = "day"


class SchemaError(ValueError):
    """A table does not have the shape that its definition states."""

    exit_code = 5


class Column(NamedTuple):
    """One column: its Arrow type, one sentence, and the facts that the quality gate checks.

    `path` is where the received record holds the value; a column without one is worked out.
    `absent` is the reason why the column is always null: the official table has it, no stream does.
    """

    name: str
    type: pa.DataType
    doc: str
    required: bool = False
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    path: str = ""
    absent: str = ""


class Fact(NamedTuple):
    """A statement about a whole table: an SQL condition that no row may break."""

    name: str
    holds: str


@dataclass(frozen=True)
class Table:
    """A table of the lake: its grain (`doc`), columns, key, order inside a file, and facts.

    Every table with a `day` column is partitioned by it: the UTC day of the record's own time.
    `official`: how many of its first columns are those of the official analytics data lake.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sort_by: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    official: int = 0

    @property
    def is_daily(self) -> bool:
        """Whether the table is partitioned by day; others are replaced whole."""
        return any(column.name == DAY for column in self.columns)

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that rows of a file are sorted by, ascending and nulls last."""
        first = (DAY,) if self.is_daily else ()
        return tuple(dict.fromkeys((*first, *self.sort_by, *self.key)))

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema; each field carries its sentence as `doc`, as Iceberg and Glue do."""
        return pa.schema(
            pa.field(c.name, c.type, nullable=not c.required, metadata={"doc": c.doc})
            for c in self.columns
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def conform(self, data: pa.Table, columns: Sequence[str] | None = None) -> pa.Table:
        """`data` with this table's columns (or the named ones), in order and type, and no other.

        Columns that no stream can fill (`absent`) need not be there. Raises SchemaError naming
        the first other column that is missing, does not cast, or has nulls although required.
        """
        schema = self.schema if columns is None else self._part(columns)
        there = {*data.column_names}
        return pa.Table.from_arrays(
            [self._array(data, field, field.name in there) for field in schema], schema=schema
        )

    def empty(self) -> pa.Table:
        """The table without rows."""
        return self.schema.empty_table()

    @cached_property
    def _absent(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns if column.absent)

    def _part(self, columns: Sequence[str]) -> pa.Schema:
        return pa.schema([self.schema.field(name) for name in columns])

    def _array(self, data: pa.Table, field: pa.Field, is_there: bool) -> pa.ChunkedArray:
        name = field.name
        if not is_there:
            if name in self._absent:
                return pa.chunked_array([pa.nulls(data.num_rows, field.type)])
            raise SchemaError(f"{self.name}: column {name} is missing")
        try:
            array = data.column(name).cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SchemaError(f"{self.name}.{name}: {error}") from error
        if array.null_count and not field.nullable:
            raise SchemaError(f"{self.name}.{name}: {array.null_count} nulls")
        return array
