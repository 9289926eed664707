"""Every question on a real Trino and in DuckDB, over the files that the lake committed."""

from __future__ import annotations

import itertools
import json
import os
import random
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pytest

from glue_jobs.lake import made, opened
from glue_jobs.query import local
from glue_jobs.settings import Settings
from queries.question import questions
from tests.centre_records import agent_event, contact, work_item, written
from tests.lake_program import run
from tests.trino.comparison import as_trino_shows, athena_text, difference, same
from transforms.tables import TABLES

pytestmark = pytest.mark.trino

PROVE = os.environ.get("PROVE") == "1"
SHARED = Path(__file__).parents[3] / "shared/data"
ODD_NAMES = ("Bil'ling", '"Claims"', "Ventas 😀", "a;b--c", "%_\\", "Ünïcode", " ", "x\ty")
LAKES = (
    ("empty", "one", "nulls", "names", "month", "bank") if PROVE else ("nulls", "names", "month")
)
SHARE = 4  # of the month's cases of each question
TEXTS = ("%", "Bil%", "Bil'ling", "%😀%", "' OR '1'='1", "%\\_\\%")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")
DAYS = (
    {},
    {"from_day": "2026-01-06", "to_day": "2026-01-12"},
    {"from_day": "2026-01-06", "to_day": "2026-01-06"},
    {"from_day": "1999-02-10", "to_day": "1999-02-20"},
    {"from_day": "2030-01-01", "to_day": "2029-01-01"},
)


def records(name, folder):
    """The records of an edge lake, in files below the folder."""
    if name == "one":
        return written(folder / "one.ndjson.gz", [contact("c1")])
    if name == "nulls":
        bare = {"ContactId": "c1", "InitiationTimestamp": "2026-01-06T10:00:00Z"}
        nothing = {
            "EventId": "e1",
            "AgentARN": "a",
            "EventTimestamp": "2026-01-06T10:00:00Z",
            "CurrentAgentSnapshot": None,
        }
        case = {"WorkItemId": "w1", "OpenedTimestamp": "2026-01-06T10:00:00Z"}
        return written(folder / "nulls.ndjson.gz", [bare, nothing, case])
    named = [
        contact(f"c{n}", f"2026-01-0{5 + n % 3}T10:0{n}:00Z", queue=queue, category=queue)
        for n, queue in enumerate(ODD_NAMES)
    ]
    events = [agent_event("e1", "2026-01-05T09:00:00Z"), agent_event("e2", "2026-01-05T11:00:00Z")]
    return written(folder / "names.ndjson.gz", [*named, *events, work_item("w1")])


@pytest.fixture(scope="session")
def lakes(server, tmp_path_factory):
    """A function from a lake's name to the lake, built and registered with Trino once."""
    built = {}
    with ExitStack() as opened_lakes:

        def lake(name):
            if name not in built:
                built[name] = opened_lakes.enter_context(
                    _built(name, tmp_path_factory.mktemp(name))
                )
                server.register(built[name], name)
            return built[name]

        yield lake


def _built(name, folder):
    address = str(folder / "lake")
    if name == "empty":
        return made(Settings(address))[0]
    if name == "month":
        source = folder / "records"
        run("simulate", "--days", "28", "--agents", "10", "--out", str(source))
    elif name == "bank":
        source = SHARED / "bank_1999_02"
        if not source.exists():
            pytest.skip("the bank's month is not beside the checkout")
    else:
        source = records(name, folder)
    run("ingest", str(source), "--lake", address)
    run("build", "--lake", address)
    run("score", "--lake", address)
    return opened(Settings(address))


def cases(question, lake):
    """Values for every choice of every parameter, and every period with the defaults.

    Without PROVE=1 one choice at a time, of which a seeded few on the simulated month, and the
    defaults on the other lakes.
    """
    if PROVE:
        yield from _every_case(question)
    elif lake == "month":
        every = [*_every_case(question)]
        yield from random.Random(question.name).sample(every, min(SHARE, len(every)))
    else:
        yield {}


def _every_case(question):
    options = []
    for parameter in question.parameters:
        words = parameter.type.split("|")
        if len(words) > 1:
            options.append([{parameter.name: word} for word in words])
        elif parameter.type in ("text", "zone"):
            values = TEXTS if parameter.type == "text" else ZONES
            options.append([{parameter.name: value} for value in values])
    yield {}
    for chosen in (
        itertools.product(*options) if PROVE else ((each,) for some in options for each in some)
    ):
        yield {name: value for each in chosen for name, value in each.items()}
    yield from DAYS[1:]


@pytest.mark.parametrize("name", LAKES)
@pytest.mark.parametrize("question", questions(), ids=lambda question: question.name)
def test_a_question_has_the_same_answer_on_both_engines(question, name, lakes, server):
    lake = lakes(name)
    for given in cases(question, name):
        values = question.values(given)
        theirs = server.query(athena_text(question.sql, values), name)
        assert (given, None) == (given, difference(theirs, local(lake, question.sql, values)))


@pytest.mark.parametrize("name", LAKES)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_trino_reads_every_row_and_column_of_a_table(table, name, lakes, server):
    lake = lakes(name)
    days = lake.days(table.name)[:2] if table.is_daily else None
    some = f"WHERE day <= DATE '{days[-1]}'" if days else ""
    theirs = server.query(f"SELECT * FROM {table.name} {some}", name)
    count = server.query(f"SELECT count(*) AS n FROM {table.name}", name)
    assert lake.count(table.name) == count.to_pylist()[0]["n"]
    # Trino shows names in small letters: campaign_Id is asked for in any
    assert [name.lower() for name in table.names] == theirs.column_names
    theirs = theirs.rename_columns(list(table.names))
    assert shown(lake.read(table, days), table) == shown(theirs, table)


def shown(data: pa.Table, table):
    """Rows as sorted texts, nested values in Trino's JSON."""
    kinds = {column.name: column.type for column in table.columns}
    return sorted(
        json.dumps(
            {
                name: json.loads(value)
                if isinstance(value, str) and pa.types.is_nested(kinds[name])
                else as_trino_shows(value, kinds[name])
                for name, value in row.items()
            },
            sort_keys=True,
            default=str,
        )
        for row in data.to_pylist()
    )


def test_trino_sees_a_rewritten_day_once(server, tmp_path):
    lake = str(tmp_path / "lake")
    first = written(tmp_path / "1.ndjson.gz", [contact(f"c{n}") for n in range(5)])
    moved = contact("c1", category="refund", updated="2026-01-09T00:00:00Z")
    second = written(tmp_path / "2.ndjson.gz", [moved])
    counts = []
    for source in (first, second):
        run("ingest", str(source), "--lake", lake)
        run("build", "--lake", lake)
        with opened(Settings(lake)) as now:
            server.register(now, "rewritten")
        found = server.query(
            "SELECT category, count(*) AS n FROM contact_record GROUP BY 1 ORDER BY 1", "rewritten"
        )
        counts.append([tuple(row.values()) for row in found.to_pylist()])
    assert counts == [[("invoice", 5)], [("invoice", 4), ("refund", 1)]]


def test_trino_reads_a_lake_on_s3(server, aws, tmp_path, monkeypatch):
    for name, value in {**aws.environment(), "CUSTOMER_KEY": "ab" * 32}.items():
        monkeypatch.setenv(name, value)
    aws.client("s3").create_bucket(Bucket="trino")
    lake = "s3://trino/lake"
    source = records("names", tmp_path)
    run("ingest", str(source), "--lake", lake)
    run("build", "--lake", lake)
    with opened(Settings.from_env(lake)) as now:
        server.register(now, "on_s3")
        for question in questions():
            values = question.values({})
            theirs = server.query(athena_text(question.sql, values), "on_s3")
            assert (question.name, None) == (
                question.name,
                difference(theirs, local(now, question.sql, values)),
            )


def test_a_difference_is_seen():
    one, other = pa.table({"x": [1.0, 2.0]}), pa.table({"x": [1.0, 2.0 + 1e-6]})
    assert difference(one, one) is None
    assert difference(one, other) == "row 2, x: 2.0 and 2.000001"
    assert not same(None, 0.0)
