"""The rules of the local translation: each shown to be needed, on both engines."""

from __future__ import annotations

import warnings

import duckdb
import pytest
import sqlglot

from glue_jobs.lake import made
from glue_jobs.query import QueryError, local
from glue_jobs.settings import Settings
from tests.trino.client import TrinoError
from tests.trino.comparison import difference

pytestmark = pytest.mark.trino

EARLY, LATE = "TIMESTAMP '2026-01-05 10:59:59.900'", "TIMESTAMP '2026-01-06 09:01:00.100'"

CLOCK = "CAST(at_timezone(with_timezone(TIMESTAMP '{}', 'UTC'), '{}') AS timestamp)"

# Mended: plain translation answers otherwise than Trino, ours answers as Trino does.
MENDED = {
    "whole numbers divide to whole numbers": "7 / 2",
    "so do sums of them": "sum(x) / count(*) AS q FROM (VALUES 1, 2, 4) AS t(x)",
    "date_diff counts whole minutes": f"date_diff('minute', {EARLY}, {LATE})",
    "date_diff counts whole hours": f"date_diff('hour', {EARLY}, {LATE})",
    "date_diff counts whole days": f"date_diff('day', {EARLY}, {LATE})",
    "date_diff counts whole seconds": f"date_diff('second', {EARLY}, {LATE})",
    "a mend inside a mend": f"date_diff('hour', {EARLY}, {LATE}) / 7 + 7 / 2",
    "Sunday is day 7": "EXTRACT(dow FROM DATE '2026-01-11')",
    "no match is NULL": "regexp_extract('abc', 'x')",
    "a match is the match": "regexp_extract('abc', '(b)', 1) AS m, regexp_extract('a', 'x') AS n",
    "halves round away from zero": "CAST(DOUBLE '2.5' AS bigint)",
    "also below zero": "CAST(x AS integer) AS n FROM (VALUES DOUBLE '-2.5', DOUBLE '0.5') AS t(x)",
    "a text with a fraction is no whole number": "try_cast('1.5' AS bigint)",
    "a day moved by days is a day": "date_add('day', 3, DATE '2026-01-30')",
    "also by an interval": "DATE '2026-01-30' + INTERVAL '3' DAY",
    "a day cut to its week is a day": "date_trunc('week', DATE '2026-01-11')",
    "a zone's clock before summer time": CLOCK.format("2026-03-29 00:45:00", "Europe/Berlin"),
    "and in it": CLOCK.format("2026-03-29 01:00:00", "Europe/Berlin"),
    "an hour that comes twice": CLOCK.format("2026-10-25 00:30:00", "Europe/Berlin"),
    "the second time": CLOCK.format("2026-10-25 01:30:00", "Europe/Berlin"),
    "a clock behind UTC": CLOCK.format("2026-11-01 05:45:00", "America/New_York"),
    "a clock that is 5 h 45 min ahead": CLOCK.format("2026-03-28 20:00:00", "Asia/Kathmandu"),
    "a day of a zone": (
        f"date_trunc('day', {CLOCK.format('2026-03-28 23:00:00', 'Europe/Berlin')})"
    ),
    "a week of a zone": (
        f"date_trunc('week', {CLOCK.format('2026-03-29 22:00:00', 'Europe/Berlin')})"
    ),
}

# Refused: what plain translation makes of it differs from Trino, so ours says what to write.
REFUSED = {
    "a decimal quotient is rounded": "7.0 / 3",
    "also of columns": "CAST(x AS decimal(10, 2)) / 3 AS q FROM (VALUES 1) AS t(x)",
    "a double is written with an exponent": "CAST(DOUBLE '0.1' AS varchar)",
    "an instant is written with its precision": (
        "CAST(TIMESTAMP '2026-01-05 01:02:03.120' AS varchar)"
    ),
    "months are counted in a third way": (
        "date_diff('month', DATE '2026-01-15', DATE '2026-02-14')"
    ),
    "an instant without a zone is read in opposite ways": (
        "CAST(TIMESTAMP '2026-07-05 10:00:00' AT TIME ZONE 'Europe/Berlin' AS timestamp)"
    ),
    "an instant with a zone has none here": (
        "CAST(with_timezone(TIMESTAMP '2026-07-05 10:00:00', 'Europe/Berlin') AS timestamp)"
    ),
    "a key that is not there": "map(ARRAY['a'], ARRAY[1])['b']",
    "a place that is not there": "ARRAY[1, 2][3]",
    "EXTRACT has no epoch": "EXTRACT(epoch FROM TIMESTAMP '2026-01-05 00:00:00')",
    "format is another format": "format('%s-%d', 'a', 3)",
    "skewness is another estimate": "skewness(x) AS s FROM (VALUES 1, 2, 9, 7) AS t(x)",
    "types have other names": "typeof(1)",
    "days are subtracted to an interval": "CAST(DATE '2026-01-06' - DATE '2026-01-05' AS varchar)",
}

# Allowed as they are: what the questions use, and what an analyst writes next.
ALIKE = (
    "CAST(7 AS double) / 2",
    "1 / nullif(0, 0)",
    "CAST(sum(x) AS double) / nullif(count(*), 0) AS a FROM (VALUES 1, 2, 4) AS t(x)",
    "7 % -3",
    "-7 / 2",
    "element_at(map(ARRAY['a'], ARRAY[1]), 'b')",
    "element_at(ARRAY[1, 2], -1)",
    "coalesce(NULL, 2)",
    "nullif(1, 1)",
    "CASE WHEN NULL THEN 1 ELSE 2 END",
    "greatest(1, NULL)",
    "'a_c' LIKE 'a\\_c' ESCAPE '\\'",
    "x FROM (VALUES 1, NULL, 2) AS t(x) ORDER BY x",
    "x FROM (VALUES 1, NULL, 2) AS t(x) ORDER BY x DESC",
    "x FROM (VALUES 'b', 'a', 'Ä', 'B') AS t(x) ORDER BY x",
    "rank() OVER (ORDER BY x DESC) AS r FROM (VALUES 3, 1, 3) AS t(x) ORDER BY 1",
    "sum(x) OVER (ORDER BY x ROWS 1 PRECEDING) AS s FROM (VALUES 3, 1, 2) AS t(x) ORDER BY 1",
    "count(DISTINCT x) AS n FROM (VALUES 3, 1, 1, NULL) AS t(x)",
    "count_if(x > 2) AS n FROM (VALUES 1, 3) AS t(x)",
    "max_by(x, y) AS m FROM (VALUES (1, 2), (3, 4)) AS t(x, y)",
    "stddev(x) AS s FROM (VALUES 1, 2, 4) AS t(x)",
    "stddev_pop(x) AS s FROM (VALUES 1, 2, 4) AS t(x)",
    "sqrt(CAST(2 AS double))",
    "grouping(a) AS g, sum(x) AS s FROM (VALUES ('p', 1)) AS t(a, x) GROUP BY ROLLUP(a) ORDER BY 1",
    "date_trunc('hour', TIMESTAMP '2026-01-05 10:59:59')",
    "EXTRACT(hour FROM TIMESTAMP '2026-01-05 10:59:59')",
    "day_of_week(DATE '2026-01-11')",
    "date_format(TIMESTAMP '2026-01-05 01:02:03', '%Y-%m-%d %H:%i')",
    "CAST(DATE '2026-01-05' AS varchar)",
    "to_unixtime(TIMESTAMP '2026-01-05 01:02:03')",
    "CAST('  12 ' AS bigint)",
    "lower('ÄB'), length('😀a') AS l",
    "round(DOUBLE '-2.5')",
    "date_add('day', -97, DATE '0001-01-01') < DATE '0001-01-01'",
    "date_add('day', 1, DATE '9999-12-31') > DATE '9999-12-31'",
    "date_add('day', 7, TIMESTAMP '2026-03-28 20:00:00')",
    "date_trunc('week', TIMESTAMP '2026-03-29 22:00:00')",
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake without rows: the expressions need none."""
    with made(Settings(str(tmp_path_factory.mktemp("dialect") / "lake")))[0] as empty:
        yield empty


def plain(sql):
    """What sqlglot alone makes of it, in DuckDB; None where that fails."""
    translated = sqlglot.transpile(sql, read="athena", write="duckdb")[0]
    with warnings.catch_warnings(), duckdb.connect() as connection:
        warnings.simplefilter("ignore")
        try:
            return connection.sql(translated).to_arrow_table()
        except duckdb.Error:
            return None


def theirs(server, sql):
    try:
        return server.query(sql, "dialect")
    except TrinoError:
        return None


def named(sql, table):
    """The table with columns named by place: engines name expressions differently."""
    return table and table.rename_columns([f"c{n}" for n in range(table.num_columns)])


@pytest.mark.parametrize("why", MENDED)
def test_a_difference_is_mended(why, server, lake):
    sql = f"SELECT {MENDED[why]}"
    on_trino = named(sql, theirs(server, sql))
    assert difference(on_trino, named(sql, local(lake, sql, {}))) is None
    unmended = named(sql, plain(sql))
    assert unmended is None or difference(on_trino, unmended) is not None or "match is" in why


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_mended_is_refused(why, server, lake):
    sql = f"SELECT {REFUSED[why]}"
    on_trino, on_duckdb = named(sql, theirs(server, sql)), named(sql, plain(sql))
    assert on_trino is None or on_duckdb is None or difference(on_trino, on_duckdb) is not None
    assert (on_trino, on_duckdb) != (None, None)
    with pytest.raises(QueryError):
        local(lake, sql, {})


@pytest.mark.parametrize("sql", ALIKE)
def test_what_is_alike_is_left_alone(sql, server, lake):
    text = f"SELECT {sql}"
    on_trino, here = named(text, theirs(server, text)), named(text, local(lake, text, {}))
    assert difference(on_trino, here) is None
