"""Questions and ad-hoc SQL: what they accept, what they refuse, and the house rules of queries/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from glue_jobs.build import build
from glue_jobs.commands import parsers
from glue_jobs.lake import Lake, made
from glue_jobs.query import QueryError, answer, run, seeing
from glue_jobs.settings import Settings
from ingestion import files
from queries.question import Question, QuestionError, question, questions
from tests.centre_records import agent_event, contact, written
from tests.transforms.landed import at
from transforms.tables import TABLES

SQL_FUNCTIONS = {"And", "Or", "Case", "Cast", "Coalesce", "Count", "If", "Max", "Min", "Nullif",
                 "Rank", "Sum", "Abs", "ArrayToString", "DateAdd", "TimestampTrunc",
                 "TimeToUnix", "Sqrt", "StddevPop", "Ln", "Extract"}  # fmt: skip
NAMED_FUNCTIONS = {"at_timezone", "with_timezone"}
INJECTIONS = [
    "'",
    "''",
    "' OR '1'='1",
    "' OR 1=1 --",
    "' OR 1=1 #",
    "' OR 1=1 /*",
    "') OR ('1'='1",
    "Billing' OR queue_name <> '",
    "'; DROP TABLE calls_by_category_queue; --",
    "'; DELETE FROM calls_by_category_queue WHERE '1'='1",
    "'; COPY (SELECT 1) TO 'stolen.csv'; --",
    "'; ATTACH 'stolen.db'; --",
    "'; INSTALL httpfs; --",
    "' UNION SELECT * FROM contact_record --",
    "' UNION ALL SELECT customer_id, 1, 2, 3 FROM customer_agent --",
    "' || (SELECT max(customer_id) FROM contact_record) || '",
    "' AND 1=(SELECT count(*) FROM contact_record) --",
    "\\' OR 1=1 --",
    "\\'; DROP TABLE contact_record; --",
    "%' ESCAPE '\\",
    "' || chr(39) || ' OR 1=1",
    ":from_day",
    "${queue}",
    "{{queue}}",
    "?",
    "$1",
    "\u2019 OR 1=1 --",
    "\uff07 OR 1=1 --",
    "'\n OR 1=1 --",
    "Billing\n-- ",
]
STATEMENTS = [
    "DROP TABLE contact_record",
    "DELETE FROM contact_record",
    "INSERT INTO contact_record SELECT * FROM contact_record",
    "UPDATE contact_record SET channel = 'X'",
    "CREATE TABLE copied AS SELECT * FROM contact_record",
    "CREATE VIEW seen AS SELECT 1",
    "TRUNCATE TABLE contact_record",
    "SHOW TABLES",
    "EXPLAIN SELECT 1",
    "ATTACH 'other.db'",
    "COPY contact_record TO 'stolen.csv'",
    "SET memory_limit = '1GB'",
    "SELECT FROM WHERE",
    "",
]
OUTSIDE = [
    "SELECT * FROM nowhere",
    "SELECT * FROM '/etc/hostname'",
    "SELECT * FROM read_text('/etc/hostname')",
    "SELECT * FROM read_csv('/etc/hostname')",
    "SELECT (SELECT content FROM read_text('/etc/hostname'))",
    "SELECT * FROM contact_record, read_parquet('x.parquet')",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM duckdb_settings()",
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    folder = tmp_path_factory.mktemp("query")
    records = [
        contact("c-1"),
        contact("c-2", queue="Claims", category="claim"),
        contact("c-3", queue=None),
        agent_event("e-1", "2026-01-05T09:00:00Z"),
        agent_event("e-2", "2026-01-05T10:00:00Z", "LOGOUT"),
    ]
    with made(Settings(str(folder / "lake")))[0] as new:
        files.ingest([written(folder / "records.ndjson.gz", records)], new.store)
        build(new, parsers(new))
        yield new


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with made(Settings(str(tmp_path_factory.mktemp("empty") / "lake")))[0] as new:
        yield new


def groups(lake: Lake, **given: str) -> dict[str, int]:
    rows = answer(lake, question("contact_metrics"), given).to_pylist()
    return {row["grp"]: row["contacts"] for row in rows}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("all", {"ALL": 3}),
        ("category", {"claim": 1, "invoice": 2}),
        ("queue", {"(no queue)": 1, "Billing": 1, "Claims": 1}),
        ("channel", {"VOICE": 3}),
        ("day", {"2026-01-05": 3}),
    ],
)
def test_a_parameter_says_what_a_row_stands_for(lake, by, expected):
    assert groups(lake, by=by) == expected


def test_days_bound_the_answer_on_both_ends(lake):
    assert groups(lake, from_day="2026-01-05", to_day="2026-01-05") == {"ALL": 3}
    assert groups(lake, from_day="2026-01-06") == groups(lake, to_day="2026-01-04") == {}


def test_files_of_days_that_are_not_asked_for_are_not_opened(tmp_path):
    records = [contact("c-1"), contact("c-2", "2026-01-06T10:00:00Z")]
    with made(Settings(str(tmp_path / "lake")))[0] as new:
        files.ingest([written(tmp_path / "records.ndjson.gz", records)], new.store)
        build(new, parsers(new))
        with seeing(new, ["contact_record"]) as connection:
            told = connection.execute(
                "EXPLAIN ANALYZE SELECT contact_id FROM contact_record"
                " WHERE day = CAST('2026-01-06' AS date)"
            ).fetchall()[0][1]
    assert re.findall(r"Total Files Read: (\d+)", told) == ["1"]


def test_the_bottleneck_knows_its_staff(lake):
    rows = {r["skill"]: r for r in answer(lake, question("skill_bottlenecks"), {}).to_pylist()}
    assert (rows["Billing"]["agents"], rows["Billing"]["staffed_hours"]) == (1, 1.0)
    assert (rows["Claims"]["agents"], rows["Claims"]["staffed_hours"]) == (None, None)


def test_every_question_has_a_title_and_says_what_its_parameters_mean():
    assert [each.name for each in questions() if not each.title.endswith((".", "first."))] == []
    assert [p.name for each in questions() for p in each.parameters if not p.meaning] == []


@pytest.mark.parametrize("asked", questions(), ids=lambda each: each.name)
def test_defaults_are_values_of_their_own_parameters(asked: Question):
    assert asked.values({}) == {p.name: p.value(p.default) for p in asked.parameters}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"by": "weather"}, "parameter by: 'weather' is not one of all, category"),
        ({"from_day": "yesterday"}, "parameter from_day: 'yesterday' is not a date"),
        ({"to_day": "2026-02-30"}, "parameter to_day: '2026-02-30' is not a date"),
        ({"sort": "x"}, "contact_metrics has no parameter sort; it has at, by, from_day"),
        ({"service_level_s": "soon"}, "parameter service_level_s: 'soon' is not a integer"),
    ],
)
def test_a_value_that_does_not_fit_is_told(given, message):
    with pytest.raises(QuestionError, match=re.escape(message)):
        question("contact_metrics").values(given)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
def test_a_zone_is_one_that_has_a_name(zone):
    assert question("calls_by_period").values({"zone": zone})["zone"] == zone


@pytest.mark.parametrize("zone", ["", "Berlin", "Europe", "europe/berlin ", "../UTC", "+01:00"])
def test_any_other_zone_is_told(zone):
    message = f"parameter zone: {zone!r} is not a time zone such as Europe/Berlin"
    with pytest.raises(QuestionError, match=re.escape(message)):
        question("calls_by_period").values({"zone": zone})


def test_an_unknown_question_is_told_with_those_there_are():
    with pytest.raises(QuestionError, match=r"no query 'weather'; there are .*calls_by_category"):
        question("weather")


@pytest.mark.parametrize("value", INJECTIONS)
def test_nothing_in_a_parameter_is_executed(lake, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {table.name: lake.snapshot(table.name) for table in TABLES}
    assert answer(lake, question("queue_performance"), {"queue": value}).num_rows == 0
    assert {table.name: lake.snapshot(table.name) for table in TABLES} == before
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("value", ["O'Brien", "ünï 🙂", 'a "b" c', "100 %", "a\\b"])
def test_a_parameter_is_compared_as_it_is(lake, value):
    found = run(lake, "SELECT :value AS value FROM run", {"value": value}).to_pylist()
    assert found == [{"value": value}]


def test_a_parameter_without_a_value_is_told(lake):
    with pytest.raises(QueryError, match="parameter :x has no value"):
        run(lake, "SELECT :x FROM run", {})


@pytest.mark.parametrize("sql", STATEMENTS)
def test_only_a_select_is_run(lake, sql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryError):
        run(lake, sql, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sql", ["SELECT 1 AS one; DROP TABLE run", "SELECT 1; SELECT 2"])
def test_two_statements_are_not_one_query(lake, sql):
    with pytest.raises(QueryError, match="2 statements: one SELECT at a time"):
        run(lake, sql, {})


@pytest.mark.parametrize("sql", OUTSIDE)
def test_nothing_but_the_lakes_tables_is_read(lake, sql):
    with pytest.raises(QueryError, match="no table"):
        run(lake, sql, {})


def test_a_query_that_fails_is_told_in_one_line(lake):
    with pytest.raises(QueryError, match="query failed") as caught:
        run(lake, "SELECT nothing FROM run", {})
    assert "\n" not in str(caught.value)


def test_sums_of_bigint_are_bigint_as_on_athena(lake):
    found = run(lake, "SELECT sum(contacts) AS n FROM calls_by_category_queue", {})
    assert (str(found.schema.field("n").type), found.to_pylist()) == ("int64", [{"n": 3}])


def test_athena_sql_is_translated_and_not_run_as_duckdbs(lake):
    sql = "SELECT approx_distinct(contact_id) AS n FROM contact_record"
    assert run(lake, sql, {}).to_pylist() == [{"n": 3}]


def test_whole_numbers_divide_as_on_athena(lake):
    sql = "SELECT sum(contacts) / 2 AS half, -7 / 2 AS less, CAST(3 AS double) / 2 AS more"
    found = run(lake, f"{sql} FROM calls_by_category_queue", {}).to_pylist()
    assert found == [{"half": 1, "less": -3, "more": 1.5}]


CLOCK = "CAST(at_timezone(with_timezone(interval_start, 'UTC'), 'Europe/Berlin') AS timestamp)"


def test_the_clock_of_a_zone_is_read_as_on_athena(lake):
    sql = f"SELECT DISTINCT {CLOCK} AS clock FROM calls_by_category_queue"
    assert run(lake, sql, {}).to_pylist() == [{"clock": at("2026-01-05T11:00")}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT at_timezone(with_timezone(finished_at, 'UTC'), 'Europe/Berlin') AS t FROM run",
        "SELECT with_timezone(finished_at, 'UTC') AS t FROM run",
        "SELECT CAST(with_timezone(finished_at, 'UTC') AS timestamp) AS t FROM run",
        "SELECT CAST(at_timezone(with_timezone(finished_at, 'Z'), 'UTC') AS timestamp) FROM run",
        "SELECT CAST(at_timezone(finished_at, 'UTC') AS timestamp) AS t FROM run",
        "SELECT CAST(at_timezone(with_timezone(finished_at, 'UTC'), 'UTC') AS date) AS t FROM run",
    ],
)
def test_zones_are_used_in_one_way_only(lake, sql):
    with pytest.raises(QueryError, match=r"TIMEZONE.*: not run locally; write CAST"):
        run(lake, sql, {})


@pytest.mark.parametrize("asked", questions(), ids=lambda each: each.name)
def test_an_empty_lake_gives_an_empty_table_with_the_same_columns(lake, empty, asked):
    nothing = answer(empty, asked, {})
    assert nothing.num_rows == 0
    assert nothing.column_names == answer(lake, asked, {}).column_names


@pytest.mark.parametrize("asked", questions(), ids=lambda each: each.name)
def test_an_empty_lake_gives_columns_of_the_same_types(lake, empty, asked):
    assert answer(empty, asked, {}).schema.types == answer(lake, asked, {}).schema.types


# -- house rules of queries/*.sql ------------------------------------------------------------

TREES = [pytest.param(sqlglot.parse_one(each.sql, "athena"), id=each.name) for each in questions()]


def is_double(node: exp.Expression) -> bool:
    """Whether a value is a double by its own text: a cast, or sums and products of one."""
    if isinstance(node, exp.Paren | exp.Div):
        return is_double(node.this)
    if isinstance(node, exp.Mul | exp.Add | exp.Sub):
        return is_double(node.left) or is_double(node.right)
    return isinstance(node, exp.Cast) and node.to.is_type("double")


@pytest.mark.parametrize("tree", TREES)
def test_what_is_divided_is_a_double(tree):
    assert [each.sql() for each in tree.find_all(exp.Div) if not is_double(each.this)] == []


@pytest.mark.parametrize("tree", TREES)
def test_nothing_is_divided_by_what_may_be_zero(tree):
    divisors = [each.expression for each in tree.find_all(exp.Div)]
    by_column = [each for each in divisors if not isinstance(each, exp.Nullif | exp.Literal)]
    # the number of an agent's skills is a count over that agent's own row
    assert {each.sql() for each in by_column} <= {"holder.skills"}


@pytest.mark.parametrize("tree", TREES)
def test_functions_are_those_that_both_engines_know_alike(tree):
    called = list(tree.find_all(exp.Func))
    named = {each.name for each in called if isinstance(each, exp.Anonymous)}
    used = {type(each).__name__ for each in called if not isinstance(each, exp.Anonymous)}
    assert (used - SQL_FUNCTIONS, named - NAMED_FUNCTIONS) == (set(), set())


@pytest.mark.parametrize("tree", TREES)
def test_durations_are_columns_and_never_differences_of_instants(tree):
    assert list(tree.find_all(exp.DateDiff, exp.TimestampDiff, exp.Interval)) == []


@pytest.mark.parametrize("tree", TREES)
def test_columns_are_those_of_the_table_definitions(tree):
    schema = {table.name: dict.fromkeys(table.names, "varchar") for table in TABLES}
    resolved = qualify(tree.copy(), schema=schema, dialect="athena")
    loose = {each.name for each in resolved.find_all(exp.Column) if not each.table}
    assert loose <= set(resolved.named_selects)  # ORDER BY names columns of the answer


@pytest.mark.parametrize("asked", questions(), ids=lambda each: each.name)
def test_declared_parameters_are_those_that_are_used(asked):
    tree = sqlglot.parse_one(asked.sql, "athena")
    used = {each.name for each in tree.find_all(exp.Placeholder)}
    assert used == {parameter.name for parameter in asked.parameters}


@pytest.mark.parametrize("asked", questions(), ids=lambda each: each.name)
def test_no_parameter_is_named_in_a_comment(asked):
    """awswrangler fills parameters in wherever they stand, comments included."""
    comments = [line.partition("--")[2] for line in asked.sql.splitlines() if "--" in line]
    assert [each for each in comments if re.search(r"(?<!:):\w", each)] == []


@pytest.mark.parametrize("asked", questions(), ids=lambda each: each.name)
def test_rows_come_in_a_stated_order(asked):
    assert sqlglot.parse_one(asked.sql, "athena").args.get("order") is not None
