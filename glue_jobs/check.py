"""What holds in a lake as it stands: facts, conservation, and how full the official columns are.

A build checks the days that it writes before it commits them; this looks at everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from glue_jobs import ledger
from glue_jobs.lake import Lake
from transforms import tables
from transforms.days import groups
from transforms.facts import key_hashes, violations
from transforms.schema import Table


class Checked(NamedTuple):
    """One table: its rows, how many facts were checked, and the violations of each broken one."""

    table: str
    rows: int
    days: int
    facts: int
    broken: dict[str, int]


class Coverage(NamedTuple):
    """How many official columns a table has, and how many of them hold a value in this lake.

    `always_null` have a reason in TABLES.md; `not_seen` would be filled if a record brought them.
    """

    table: str
    official_columns: int
    present: int
    filled: int
    always_null: int
    not_seen: int
    filled_share: float


def checked(lake: Lake) -> Iterator[Checked]:
    """Every table's facts over all of its rows, and its keys over all days."""
    for table in tables.TABLES:
        broken: Counter[str] = Counter()
        keys = [np.empty(0, np.uint64)]
        days = 0
        for group in _groups(lake, table):
            rows = lake.read(table, group)
            broken.update(violations(rows, table))
            keys.append(key_hashes(rows, table))
            days += len(group or ())
        every = np.concatenate(keys)
        broken["key is unique"] = len(every) - len(np.unique(every))
        facts = len(violations(table.empty(), table))
        yield Checked(table.name, lake.count(table.name), days, facts, +broken)


def coverage(lake: Lake) -> Iterator[Coverage]:
    """The official tables; a column counts as filled from one value on that is not null."""
    for table in tables.TABLES:
        if table.official:
            yield _coverage(lake, table)


def _coverage(lake: Lake, table: Table) -> Coverage:
    official = table.columns[: table.official]
    wanted = {column.name for column in official if not column.absent}
    in_lake = set(lake.iceberg(table.name).schema().column_names)
    filled: set[str] = set()
    for group in _groups(lake, table):
        missing = sorted(wanted - filled)
        if missing:
            rows = lake.read(table, group, missing)
            filled |= {name for name in missing if rows.column(name).null_count < rows.num_rows}
    return Coverage(
        table.name,
        len(official),
        sum(column.name in in_lake for column in official),
        len(filled),
        len(official) - len(wanted),
        len(wanted - filled),
        len(filled) / len(official),
    )


def not_seen(lake: Lake, table: Table) -> list[str]:
    """Official columns of a table that no row of this lake fills although a record could."""
    wanted = [c.name for c in table.columns[: table.official] if not c.absent]
    for group in _groups(lake, table):
        rows = lake.read(table, group, wanted) if wanted else table.empty()
        wanted = [name for name in wanted if rows.column(name).null_count == rows.num_rows]
    return wanted


def conservation(lake: Lake) -> pa.Table:
    """What became of landed records over the runs that stand, by kind; 0 are unaccounted for."""
    names = ("landed", "rows", "duplicates", "superseded", "rejected")
    sums: dict[str, Counter[str]] = {}
    for run in ledger.standing(ledger.runs(lake, names)):
        for name in names:
            for kind, count in run[name] or ():
                sums.setdefault(kind, Counter())[name] += count
    return pa.Table.from_pylist(
        [
            {"kind": kind, **{name: found[name] for name in names}}
            | {"unaccounted": found["landed"] - sum(found[name] for name in names[1:])}
            for kind, found in sorted(sums.items())
        ],
        schema=pa.schema(
            [("kind", pa.string()), *((name, pa.int64()) for name in (*names, "unaccounted"))]
        ),
    )


def built_otherwise(lake: Lake, settings: str) -> list[datetime]:
    """When the builds that stand finished that ran under other settings than of this digest."""
    stand = ledger.standing(ledger.runs(lake, ("taxonomy",)))
    return [run["finished_at"] for run in stand if run["taxonomy"] not in (None, settings)]


def unknown_fields(lake: Lake) -> dict[str, int]:
    """Fields of records that the lake does not know, `kind.path`, and in how many records."""
    found: Counter[str] = Counter()
    for run in ledger.standing(ledger.runs(lake, ("unknown_fields",))):
        found.update(dict(run["unknown_fields"] or ()))
    return dict(found)


def _groups(lake: Lake, table: Table) -> Iterator[list[date] | None]:
    if not table.is_daily:
        yield None
        return
    yield from groups(lake.rows_by_day(table.name))
