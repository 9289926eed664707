"""A lake as an earlier release left it: fewer tables, fewer columns, a ledger of builds alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from glue_jobs.lake import Lake, made
from glue_jobs.settings import Settings
from transforms.schema import Table
from transforms.tables import RUN, TABLES

# What came after: of 0.1.0 the tables of skills and journeys and the columns of the ledger; and one
# official column, as Amazon Connect adds them.
NEWER_TABLES = ("skill_load", "skill_staffing", "journey")
NEWER_COLUMNS = {
    "run": ("started_at", "command", "restored"),
    "contact_statistic_record": ("is_transferred_out_external",),
}


def older(table: Table) -> Table:
    """The table as the earlier release defined it."""
    gone = NEWER_COLUMNS.get(table.name, ())
    return replace(table, columns=tuple(c for c in table.columns if c.name not in gone))


def older_lake(now: Lake, folder: Path) -> Lake:
    """A lake of the earlier release that has landed and built the same as `now`, in one build."""
    tables = [older(table) for table in TABLES if table.name not in NEWER_TABLES]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("glue_jobs.lake.TABLES", tables)
        lake, _ = made(Settings(str(folder)))
    for key, _ in now.store.keys(""):
        if key.startswith("raw/"):
            lake.store.put(key, now.store.get(key))
    built = [table for table in tables if table.name != RUN.name]
    for table in built:
        put(lake, table, now.read(table))
    runs = now.read(older(RUN)).to_pylist()
    left = [(name, lake.snapshot(name)) for name, _ in runs[-1]["snapshots"] if there(tables, name)]
    rows = pa.Table.from_pylist([runs[-1] | {"snapshots": left}], schema=older(RUN).schema)
    put(lake, older(RUN), rows)
    return lake


def put(lake: Lake, table: Table, rows: pa.Table) -> None:
    with lake.replacement(table) as change:
        if table.is_daily:
            change.put(rows, sorted(set(rows.column("day").to_pylist())))
        else:
            change.put_all(rows)


def there(tables: list[Table], name: str) -> bool:
    return name in {table.name for table in tables}
