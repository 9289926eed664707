"""Customers' tokens in every table put anew, as one run of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs import ledger
from glue_jobs.lake import Lake
from glue_jobs.parsers import has_token, is_token_column
from glue_jobs.racing import raced
from transforms.schema import Table
from transforms.tables import TABLES

Rewritten = Callable[[pa.Table, Table], pa.Table]


def holding() -> list[Table]:
    """The tables that have customers' tokens."""
    return [table for table in TABLES if any(map(is_token_column, table.names))]


def rows_with(lake: Lake, tokens: Collection[str]) -> dict[str, int]:
    """How many rows of each table hold one of the tokens; tables without any are left out."""
    rows = {table.name: sum(_hits(lake, table, tokens).values()) for table in holding()}
    return {name: n for name, n in rows.items() if n}


def rewrite(
    lake: Lake, command: str, tokens: Collection[str], rewritten: Rewritten, began: ledger.Known
) -> None:
    """Rewrite the days on which one of the tokens stands: a commit a table, then the run's row.

    The next build then sees nothing new in what was rewritten. Raises ConflictError if the lake was
    rolled back since `began`, or if another writer stays first: doing it again finishes the work.
    """
    started_at = ledger.clock()
    moves: dict[str, tuple[int, int]] = {}
    days: dict[str, int] = {}
    for table in holding():
        before = lake.snapshot(table.name)
        if n := raced(partial(_rewrite, lake, table, tokens, rewritten)):
            days[table.name] = n
            moves[table.name] = before, lake.snapshot(table.name)
    if days:
        row = {
            "run_id": ledger.run_id(command, sorted(moves.items())),
            "command": command,
            "started_at": started_at,
            "inputs": [],
            "days": list(days.items()),
        }
        ledger.record(lake, lambda now: row | ledger.left(now, moves), began)


def _hits(lake: Lake, table: Table, tokens: Collection[str]) -> dict[Any, int]:
    """How many rows of each day (None in a table without days) hold one of the tokens."""
    names = [name for name in table.names if is_token_column(name)]
    days = [[day] for day in lake.days(table.name)] if table.is_daily else [None]
    counted = {days_ and days_[0]: _count(lake.read(table, days_, names), tokens) for days_ in days}
    return {day: n for day, n in counted.items() if n}


def _count(rows: pa.Table, tokens: Collection[str]) -> int:
    return int(pc.sum(has_token(rows, tokens)).as_py() or 0)


def _rewrite(lake: Lake, table: Table, tokens: Collection[str], rewritten: Rewritten) -> int:
    """Rewrite the days with the tokens; returns how many (1 for a table without days)."""
    with lake.replacement(table) as change:
        days = list(_hits(lake, table, tokens))
        for day in days:
            rows = rewritten(lake.read(table, None if day is None else [day]), table)
            if day is None:
                change.put_all(rows)
            else:
                change.put(rows, [day])
    return len(days)
