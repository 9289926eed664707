"""The SQL kernel: one DuckDB query over Arrow tables, an Arrow table back."""

from __future__ import annotations

import atexit
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

# Most plans that wait for their next run; each is some kilobytes to megabytes.
_MOST_IDLE = 64
# Planning costs little beside a run over larger tables, and with plans of such kept the process of
# a build held 1.2 GB at its end instead of 0.7, though DuckDB counts nothing as in use.
_MOST_BYTES = 32 * 2**20

# A statement that is run again has no other way out than this one, and its copy is small.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)


def rows(sql: str, **tables: pa.Table) -> pa.Table:
    """The result of one query over the named Arrow tables, of which it sees nothing else.

    The query is planned once and run again for other rows of the same columns: planning that of
    contact records takes a sixth of reading 64 MB of them. A run takes one core as far as it reads
    its tables, which costs less than sharing them out; pieces of the work are for other cores.
    """
    plan = _idle.taken(sql, tables) or _Plan(sql, tables)
    found = plan.run(tables)
    if sum(table.nbytes for table in tables.values()) <= _MOST_BYTES:
        _idle.give(plan)
    return found


class _Slot:
    """Where a plan finds a table: an Arrow stream of whatever table is there when it runs."""

    def __init__(self, shape: pa.Schema) -> None:
        self.shape = shape
        self.empty()

    def put(self, table: pa.Table) -> None:
        self._table = table

    def empty(self) -> None:
        self._table = self.shape.empty_table()

    def __arrow_c_schema__(self) -> Any:
        return self.shape.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


class _Plan:
    """A prepared query over slots for its tables; one thread at a time."""

    def __init__(self, sql: str, tables: Mapping[str, pa.Table]) -> None:
        self.sql = sql
        self._slots = {name: _Slot(table.schema) for name, table in tables.items()}
        # Names belong to the cursor, so that those of two plans never meet.
        self._cursor = database().cursor()
        for name, slot in self._slots.items():
            self._cursor.register(name, slot)
        self._cursor.execute(f"PREPARE plan AS {sql}")

    def fits(self, tables: Mapping[str, pa.Table]) -> bool:
        """Whether the tables have the columns that it was planned for."""
        return self._slots.keys() == tables.keys() and all(
            slot.shape.equals(tables[name].schema) for name, slot in self._slots.items()
        )

    def run(self, tables: Mapping[str, pa.Table]) -> pa.Table:
        """The result for these tables."""
        for name, table in tables.items():
            self._slots[name].put(table)
        try:
            return self._cursor.execute("EXECUTE plan").to_arrow_table()
        finally:
            for slot in self._slots.values():
                slot.empty()


class _Idle:
    """Plans that nobody runs just now; those longest unused are given up."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._plans: OrderedDict[int, _Plan] = OrderedDict()
        atexit.register(self._plans.clear)  # DuckDB wants its objects gone before Python goes

    def taken(self, sql: str, tables: Mapping[str, pa.Table]) -> _Plan | None:
        """A plan of that query for such tables, which is its taker's until given back."""
        with self._lock:
            fitting = (
                at for at, plan in self._plans.items() if plan.sql == sql and plan.fits(tables)
            )
            at = next(fitting, None)
            return None if at is None else self._plans.pop(at)

    def give(self, plan: _Plan) -> None:
        with self._lock:
            self._plans[id(plan)] = plan
            while len(self._plans) > _MOST_IDLE:
                self._plans.popitem(last=False)


_idle = _Idle()


@cache
def database() -> duckdb.DuckDBPyConnection:
    """The one in-memory database of the process; opening one takes longer than most queries."""
    return duckdb.connect()


def literal(value: str) -> str:
    """`value` as an SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def id_in_arn(arn: str, kind: str) -> str:
    """SQL for the id that follows `kind/` in an ARN; null where there is none."""
    after = f"split_part({arn}, '/{kind}/', 2)"
    # An agent's own queue is `queue/agent/<id>`.
    own = f"CASE WHEN starts_with({after}, 'agent/') THEN 2 ELSE 1 END"
    return f"nullif(split_part({after}, '/', {own}), '')"


def instance_id(*arns: str) -> str:
    """SQL for the instance id in the first ARN that has one; empty text where none has."""
    found = (f"nullif(split_part(split_part({arn}, 'instance/', 2), '/', 1), '')" for arn in arns)
    return f"coalesce({', '.join(found)}, '')"
