"""Athena SQL over the lake: on Athena itself, or in DuckDB over the current snapshot's files.

Athena's engine is Trino. Locally sqlglot translates the parsed query; parameter values become
literals of the tree, never pieces of text, so that nothing in them can be executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
import sqlglot
from botocore.exceptions import ClientError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from glue_jobs.lake import Lake
from ingestion.errors import LakeError
from queries.question import Question
from transforms.tables import BY_NAME

Values = Mapping[str, str | int]


class QueryError(LakeError):
    """The query cannot be parsed, reads no table of the lake, or failed."""

    exit_code = 9


def answer(lake: Lake, question: Question, given: Mapping[str, str]) -> pa.Table:
    """The answer to a question, on Athena for a lake on S3 and in DuckDB for a folder."""
    return run(lake, question.sql, question.values(given))


def run(lake: Lake, sql: str, values: Values) -> pa.Table:
    """One SELECT in Athena's SQL, where the lake's data is."""
    return (local if lake.settings.is_folder else athena)(lake, sql, values)


def athena(lake: Lake, sql: str, values: Values) -> pa.Table:
    """Run on Athena through awswrangler, which quotes the parameter values."""
    import awswrangler as wr

    _parsed(sql)  # Athena itself would run more than a SELECT
    try:
        frame = wr.athena.read_sql_query(
            sql,
            database=lake.settings.database,
            ctas_approach=False,
            params=dict(values) or None,
            paramstyle="named",
            s3_output=f"{lake.settings.root}/athena-results/",
        )
    except (wr.exceptions.QueryFailed, wr.exceptions.QueryCancelled, ClientError) as error:
        raise QueryError(f"query failed: {str(error).partition(chr(10))[0]}") from error
    return pa.Table.from_pandas(frame, preserve_index=False)


def local(lake: Lake, sql: str, values: Values) -> pa.Table:
    """Run in DuckDB: one SELECT, translated, over the tables that it names."""
    tree = _parsed(sql)
    with duckdb.connect() as connection:
        connection.execute("SET integer_division = true")  # 7 / 2 is 3, as in Trino
        for name in _tables(tree):
            _show(connection, lake, name)
        try:
            return _whole_numbers(connection.sql(translated(tree, values)).to_arrow_table())
        except duckdb.Error as error:
            raise QueryError(f"query failed: {str(error).splitlines()[0]}") from error


def translated(tree: exp.Query, values: Values) -> str:
    """DuckDB's SQL for a parsed Athena query with its named parameters filled in."""

    def filled(node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Placeholder):
            return node
        if node.name not in values:
            raise QueryError(f"the query's parameter :{node.name} has no value")
        value = values[node.name]
        return exp.Literal.number(value) if isinstance(value, int) else exp.Literal.string(value)

    return str(tree.transform(filled).sql(dialect="duckdb"))


def _parsed(sql: str) -> exp.Query:
    try:
        tree = sqlglot.parse_one(sql, dialect="athena")
    except SqlglotError as error:
        raise QueryError(f"not Athena SQL: {str(error).splitlines()[0]}") from error
    if not isinstance(tree, exp.Query):
        raise QueryError("only a SELECT is run; the lake's tables are changed by `lake build`")
    return tree


def _tables(tree: exp.Query) -> list[str]:
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    names = {table.name for table in tree.find_all(exp.Table)} - ctes
    for name in sorted(names):
        if name not in BY_NAME:
            raise QueryError(f"no table {name!r}; there are {', '.join(BY_NAME)}")
    return sorted(names)


def _show(connection: duckdb.DuckDBPyConnection, lake: Lake, name: str) -> None:
    files = lake.files(name)
    if files and all(urlsplit(file).scheme == "file" for file in files):
        paths = [unquote(urlsplit(file).path) for file in files]
        relation: Any = connection.read_parquet(paths, union_by_name=False)
        relation.create_view(name)
    else:
        connection.register(name, lake.read(BY_NAME[name]))


def _whole_numbers(rows: pa.Table) -> pa.Table:
    """Sums of bigint are bigint in Trino; DuckDB makes them 128 bits wide."""
    return rows.cast(
        pa.schema(
            field.with_type(pa.int64())
            if pa.types.is_decimal(field.type) and field.type.scale == 0
            else field
            for field in rows.schema
        )
    )
