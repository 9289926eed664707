"""Athena SQL over the lake: on Athena itself, or in DuckDB over the current snapshot's files.

Athena's engine is Trino. Locally the parsed query is translated (`glue_jobs.dialect`); parameter
values become literals of the tree, never pieces of text, so that nothing in them can be executed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
from botocore.exceptions import ClientError

from glue_jobs.dialect import SETTINGS, QueryError, Values, parsed, tables, translated
from glue_jobs.lake import Lake
from queries.question import Question
from transforms.duck import literal
from transforms.schema import DAY
from transforms.tables import BY_NAME


def answer(lake: Lake, question: Question, given: Mapping[str, str]) -> pa.Table:
    """The answer to a question, on Athena for a lake on S3 and in DuckDB for a folder."""
    return run(lake, question.sql, question.values(given))


def run(lake: Lake, sql: str, values: Values) -> pa.Table:
    """One SELECT in Athena's SQL, where the lake's data is."""
    return (local if lake.settings.is_folder else athena)(lake, sql, values)


def athena(lake: Lake, sql: str, values: Values) -> pa.Table:
    """Run on Athena through awswrangler, which quotes the parameter values."""
    import awswrangler as wr

    parsed(sql)  # Athena itself would run more than a SELECT
    try:
        frame = wr.athena.read_sql_query(
            sql,
            database=lake.settings.database,
            ctas_approach=False,
            params=dict(values) or None,
            paramstyle="named",
            s3_output=f"{lake.settings.root}/athena-results/",
            workgroup=lake.settings.workgroup or "primary",
        )
    except (wr.exceptions.QueryFailed, wr.exceptions.QueryCancelled, ClientError) as error:
        raise QueryError(f"query failed: {str(error).partition(chr(10))[0]}") from error
    return pa.Table.from_pandas(frame, preserve_index=False)


def local(lake: Lake, sql: str, values: Values) -> pa.Table:
    """Run in DuckDB: one SELECT, translated, over the tables that it names."""
    tree = parsed(sql)
    with seeing(lake, tables(tree)) as connection:
        try:
            return _whole_numbers(connection.sql(translated(tree, values)).to_arrow_table())
        except duckdb.Error as error:
            raise QueryError(f"query failed: {str(error).splitlines()[0]}") from error


@contextmanager
def seeing(lake: Lake, names: Iterable[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that sees the current snapshots of the named tables and counts as Trino does."""
    with duckdb.connect() as connection:
        for setting in SETTINGS:
            connection.execute(setting)
        for name in names:
            _show(connection, lake, name)
        yield connection


def _show(connection: duckdb.DuckDBPyConnection, lake: Lake, name: str) -> None:
    files = lake.files(name)
    if files and all(urlsplit(file).scheme == "file" for file in files):
        paths = ", ".join(literal(unquote(urlsplit(file).path)) for file in files)
        # The day in a file's path spares opening the files of days that are not asked for.
        is_by_day = all(file.count(f"/{DAY}=") == 1 for file in files)
        days = f"true, hive_types = {{{DAY}: DATE}}" if is_by_day else "false"
        more = f", hive_partitioning = {days}"
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{paths}]{more})")
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
