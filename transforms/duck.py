"""The SQL kernel: one DuckDB query over Arrow tables, an Arrow table back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import duckdb
import pyarrow as pa


@contextmanager
def kernel(tables: Mapping[str, pa.Table]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an in-memory DuckDB that sees `tables` by name and nothing else."""
    with _database().cursor() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        yield connection


@cache
def _database() -> duckdb.DuckDBPyConnection:
    # Opening one takes longer than most queries over a day; names and temporary tables belong to
    # the connection, so those of two queries never meet.
    return duckdb.connect()


def rows(sql: str, **tables: pa.Table) -> pa.Table:
    """The result of one query over the named Arrow tables."""
    with kernel(tables) as connection:
        return connection.sql(sql).to_arrow_table()


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
