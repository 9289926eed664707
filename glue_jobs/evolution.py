"""Upgrading a lake of an earlier release: columns that it lacks are added, and nothing else.

Old files stay as they are; in their rows a new column is null until their day is built again.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ResolveError, ValidationError

from glue_jobs.lake import ConflictError, Lake
from transforms.schema import SchemaError, Table
from transforms.tables import TABLES


def lacking(lake: Lake) -> dict[str, list[str]]:
    """The columns that the lake's tables lack, by table; tables that are not there are not told."""
    missing = lake.missing()
    found = {table.name: _lacking(lake, table) for table in TABLES if table not in missing}
    return {name: columns for name, columns in found.items() if columns}


def upgrade(lake: Lake) -> dict[str, list[str]]:
    """Add the columns that the lake's tables lack, one commit a table; returns them by table.

    Fields that structures of these tables lack come too. Safe to repeat. SchemaError if a column
    could not be null in old rows, or changed its type.
    """
    found = lacking(lake)
    for table in TABLES:
        if table.name in found:
            _evolve(lake, table)
    return found


def _lacking(lake: Lake, table: Table) -> list[str]:
    there = set(lake.iceberg(table.name).schema().column_names)
    return [field.name for field in table.schema if not there.issuperset(_names(field))]


def _names(field: pa.Field, before: str = "") -> Iterator[str]:
    """The names of a column and of all within it, as Iceberg writes them: `a`, `a.element.b`."""
    name, kind = f"{before}{field.name}", field.type
    yield name
    if pa.types.is_map(kind):
        within = [kind.key_field.with_name("key"), kind.item_field.with_name("value")]
    elif pa.types.is_list(kind):
        within = [kind.value_field.with_name("element")]
    else:
        within = [kind.field(n) for n in range(kind.num_fields)]
    for each in within:
        yield from _names(each, f"{name}.")


def _evolve(lake: Lake, table: Table) -> None:
    try:
        with lake.iceberg(table.name).update_schema() as update:
            update.union_by_name(table.schema)
    except CommitFailedException as error:
        raise ConflictError(
            f"table {table.name}: another writer was first; run the command again"
        ) from error
    except (ValueError, ResolveError, ValidationError) as error:
        raise SchemaError(
            f"table {table.name} of this lake cannot become this release's: {error}"
        ) from error
