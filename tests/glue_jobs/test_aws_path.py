"""The whole path on AWS's side: S3, Glue, Kinesis, DynamoDB and Athena, each over its real client.

S3, Glue, Kinesis and DynamoDB are the loopback stand-in, Athena is `tests/athena_stand_in.py`.
"""

from __future__ import annotations

import ast
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import awswrangler as wr
import boto3
import pytest

from glue_jobs import route as router
from glue_jobs.export import partition_value
from glue_jobs.lake import Lake, opened
from glue_jobs.publish import as_of_text
from glue_jobs.settings import Settings
from glue_jobs.standin import stand_in
from glue_jobs.streaming import create_streams
from infra.streams import STREAMS
from ingestion.poller import poll
from ingestion.producer import put
from lambdas.landing import handler as landing
from lambdas.routing import handler as routing
from queries.question import questions
from tests.athena_stand_in import athena
from tests.lake_program import outcome, run
from tests.report_page import Page
from transforms.tables import BY_NAME, CALLS_BY_CATEGORY_QUEUE, TABLES

# awswrangler calls pandas the old way; not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")

BUCKET = "contact-lake-test"
ROOT = f"s3://{BUCKET}/centre"
DATABASE = "contact_lake"
LAST_DAY = "2026-01-06"
CALLS = CALLS_BY_CATEGORY_QUEUE.name
NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
EXPORT = ("export", CALLS, "--by", "day,queue")

# Every question with its defaults, and again with parameters that Athena must get quoted.
ASKED = [
    *((question.name, ()) for question in questions()),
    *(("contact_metrics", (f"by={by}",)) for by in ("queue", "day")),
    ("queue_performance", ("queue=%i%", f"from_day={LAST_DAY}")),
    ("queue_performance", ("queue=O'Brien; --%",)),
]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("centre") / "records"
    run("simulate", "--days", "2", "--agents", "12", "--out", str(out))
    return out


@pytest.fixture(scope="module")
def aws():
    """The stand-ins, with the environment pointing at them as it would at an account."""
    with stand_in() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        patch.setenv("LAKE", ROOT)
        patch.setenv("CUSTOMER_KEY", "5a" * 32)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        running.client("s3").create_bucket(Bucket=BUCKET)
        with opened(Settings.from_env()) as lake, athena(lake) as (endpoint, state):
            patch.setenv("AWS_ENDPOINT_URL_ATHENA", endpoint)
            wr.config.athena_query_wait_polling_delay = 0.01
            forget_lambdas()
            yield SimpleNamespace(client=running.client, statements=state.statements)
            forget_lambdas()
            wr.config.reset("athena_query_wait_polling_delay")


def forget_lambdas() -> None:
    """A Lambda keeps its clients for its life; a new environment is a new life."""
    for cached in (landing._lake, landing._logger, routing._parts, routing._logger):
        cached.cache_clear()


@pytest.fixture(scope="module")
def filled(aws: Any, records: Path) -> SimpleNamespace:
    """The lake after files, then Kinesis and the landing Lambda, and a build after each."""
    created = [run("create").err, run("create").err]
    found = sorted(records.glob("*.gz"))
    late = [str(path) for path in found if path.name.removesuffix(".ndjson.gz")[-10:] >= LAST_DAY]
    run("ingest", *(str(path) for path in found if str(path) not in late))
    first = run("build", "--format", "json").rows
    kinesis = aws.client("kinesis")
    create_streams(kinesis, STREAMS)
    run("stream", *late)
    put(kinesis, STREAMS["contact_record"], [("key", b"<html>502 Bad Gateway</html>")])
    polled = [
        poll(kinesis, stream, lambda event: landing.handler(event, None))
        for stream in STREAMS.values()
    ]
    second = run("build", "--format", "json").rows
    return SimpleNamespace(created=created, first=first, second=second, polled=polled)


@pytest.fixture(scope="module")
def folder(aws: Any, records: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder lake that was given the same records at once."""
    lake = str(tmp_path_factory.mktemp("folder") / "lake")
    run("ingest", "--lake", lake, str(records))
    run("build", "--lake", lake)
    return lake


@pytest.fixture(scope="module")
def scored(filled: Any) -> list[dict[str, Any]]:
    run("score")
    with opened(Settings.from_env()) as lake:
        return router.scored(lake)


@pytest.fixture(scope="module")
def published(scored: Any) -> list[dict[str, int]]:
    return run("publish", "--format", "json").rows


@pytest.fixture(scope="module")
def exports(filled: Any, aws: Any) -> list[dict[str, Any]]:
    """The catalog's table after each of two exports."""
    glue = aws.client("glue")
    registered = []
    for _ in range(2):
        run(*EXPORT)
        registered.append(glue.get_table(DatabaseName=DATABASE, Name=f"{CALLS}_export")["Table"])
    return registered


def content(lake: Lake, name: str) -> list[dict[str, Any]]:
    """A table's rows in one order, whatever files they are in."""
    return sorted(lake.read(BY_NAME[name]).to_pylist(), key=repr)


def snapshots() -> dict[str, int]:
    with opened(Settings.from_env()) as lake:
        return {table.name: lake.snapshot(table.name) for table in TABLES}


def objects(aws: Any) -> dict[str, str]:
    """Every object of the bucket with its ETag."""
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return {each["Key"]: each["ETag"] for page in pages for each in page["Contents"]}


def nearly(row: dict[str, Any]) -> dict[str, Any]:
    """The row with fractions to twelve digits: sums of fractions depend on their order."""
    fractions = {n: pytest.approx(v, rel=1e-12) for n, v in row.items() if isinstance(v, float)}
    return row | fractions


def without_token(row: dict[str, Any]) -> dict[str, Any]:
    """The row without the customer's token: each lake has a key of its own."""
    return {name: value for name, value in row.items() if name != "customer_id"}


def exported(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows under an export's prefix, read as plain Hive-partitioned Parquet."""
    frame = wr.s3.read_parquet(table["StorageDescriptor"]["Location"], dataset=True)
    return sorted(plain(frame), key=repr)


def plain(frame: Any) -> list[dict[str, Any]]:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{name: str(row[name]) for name in CALLS_BY_CATEGORY_QUEUE.names} for row in rows]


def calls_as_exported() -> list[dict[str, Any]]:
    by = ("day", "queue_name")
    with opened(Settings.from_env()) as lake:
        rows = lake.read(CALLS_BY_CATEGORY_QUEUE).to_pylist()
    texts = [
        {name: partition_value(row[name]) if name in by else str(row[name]) for name in row}
        for row in rows
    ]
    return sorted(texts, key=repr)


def items(aws: Any, table: str) -> list[dict[str, Any]]:
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]


def test_the_report_of_a_lake_on_s3_says_what_that_of_a_folder_says(filled, folder, tmp_path):
    """Every question of the report goes to Athena and back. The runs, and the reject, differ."""
    out, told = tmp_path / "report.html", []
    for place in ((), ("--lake", folder)):
        run("report", "--out", str(out), *place)
        tables = Page(out.read_text()).tables
        told.append({n: rows for n, rows in tables.items() if n not in ("run", "rejects")})
    assert told[1] == told[0]


def test_creating_makes_every_table_once(filled):
    made = [
        f"lake {ROOT}: made {count} tables, {len(TABLES)} in all\n" for count in (len(TABLES), 0)
    ]
    assert filled.created == made


def test_the_landing_lambda_takes_every_record_off_the_streams(filled):
    assert [(polled.discarded, polled.errors) for polled in filled.polled] == [(0, {})] * 3


def test_what_is_no_record_on_a_stream_is_a_reject_on_s3(filled):
    assert run("rejects", "--format", "json").rows == [{"reason": "html", "records": 1}]


def test_the_tables_are_those_of_a_folder_lake_with_the_same_records(filled, folder):
    built = [table.name for table in TABLES[:6]]
    with opened(Settings.from_env()) as here, opened(Settings.from_env(folder)) as there:
        assert {n: content(here, n) for n in built} == {n: content(there, n) for n in built}


def test_a_second_build_writes_nothing(filled, aws):
    before = (snapshots(), objects(aws))
    assert run("build", "--format", "json").rows == []
    assert (snapshots(), objects(aws)) == before


def test_the_lake_describes_itself(filled):
    described = {row["table"]: row for row in run("describe", "--format", "json").rows}
    rows = sum(build["new_rows"] for build in (filled.first[0], filled.second[0]))
    assert described["contact_record"]["rows"] == rows


@pytest.mark.parametrize(("name", "given"), ASKED)
def test_athena_answers_what_a_folder_lake_answers(filled, folder, aws, name, given):
    asked = ("query", name, *(f"--param={each}" for each in given), "--format", "json")
    count = len(aws.statements)
    there = [nearly(without_token(row)) for row in run(*asked, "--lake", folder).rows]
    assert [without_token(row) for row in run(*asked).rows] == there
    assert len(aws.statements) == count + 1


def test_a_failing_query_is_told_in_one_line(filled):
    failed = outcome("sql", "SELECT nothing FROM contact_record")
    assert (failed.code, failed.out, failed.err.count("\n")) == (9, "", 1)


def test_only_a_select_reaches_athena(filled, aws):
    count = len(aws.statements)
    assert outcome("sql", "DROP TABLE contact_record").code == 9
    assert len(aws.statements) == count


def test_dynamodb_holds_the_score_table(scored, published, aws):
    stored = {
        (item["CallType"]["S"], item["AgentName"]["S"]): (
            item["AgentId"]["S"],
            int(item["Workload"]["N"]),
            item["asOf"]["S"],
        )
        for item in items(aws, "AgentWorkload")
    }
    assert stored == {
        (row["call_type"], row["agent_username"]): (
            row["agent_id"],
            row["workload"],
            as_of_text(row["as_of"]),
        )
        for row in scored
    }


def test_dynamodb_holds_the_customers_agents_under_tokens(published, aws):
    with opened(Settings.from_env()) as lake:
        rows = content(lake, "customer_agent")
    stored = {
        item["CustomerId"]["S"]: item["AgentId"]["S"] for item in items(aws, "CustomerAgentMap")
    }
    assert stored == {row["customer_id"]: row["agent_id"] for row in rows}


def test_an_older_publish_is_refused(scored, published, aws):
    dynamodb = aws.client("dynamodb")
    row = scored[0]
    key = {"CallType": {"S": row["call_type"]}, "AgentName": {"S": row["agent_username"]}}

    def set_as_of(at: str) -> None:
        dynamodb.update_item(
            TableName="AgentWorkload",
            Key=key,
            UpdateExpression="SET asOf = :at",
            ExpressionAttributeValues={":at": {"S": at}},
        )

    set_as_of("2099-01-01T00:00:00.000000Z")
    counts = run("publish", "--format", "json").rows[0]
    set_as_of(as_of_text(row["as_of"]))
    assert counts == {
        "table": "AgentWorkload",
        "written": 0,
        "refused": 1,
        "unchanged": len(scored) - 1,
    }


@pytest.fixture
def at_scores(scored: Any, published: Any, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The Lambda's clock stands at the scores' own instant."""
    at = scored[0]["as_of"].replace(tzinfo=UTC)
    monkeypatch.setattr(routing, "datetime", SimpleNamespace(now=lambda _zone: at))
    return at


def test_the_routing_lambda_offers_the_freest_agents(scored, at_scores):
    call_type = scored[0]["call_type"]
    ranked = sorted(
        (row["workload"], row["agent_id"]) for row in scored if row["call_type"] == call_type
    )
    answer = routing.handler(router.event(call_type, "+12025550199"), None)
    by_id = {agent_id: workload for workload, agent_id in ranked}
    offered = [by_id[answer[f"agent{place}"]] for place in (1, 2, 3)]
    assert offered == [workload for workload, _ in ranked[:3]]


def test_the_command_answers_what_the_routing_lambda_answers(scored, at_scores):
    call_type = scored[0]["call_type"]
    told = run("route", "--call-type", call_type, "--at", at_scores.isoformat(), "--format", "json")
    assert told.rows == routing.handler(router.event(call_type, None), None)


def test_a_known_customer_is_offered_the_associated_agent(scored, at_scores):
    with opened(Settings.from_env()) as lake:
        known = lake.read(BY_NAME["customer_agent"]).to_pylist()[0]
    answer = routing.handler(router.event(scored[0]["call_type"], known["customer_id"]), None)
    assert (answer["reason"], answer["agent1"]) == ("ASSOCIATED_AGENT", known["agent_id"])


def test_awswrangler_reads_an_export_back_equal_to_the_table(exports):
    frame = wr.s3.read_parquet_table(table=f"{CALLS}_export", database=DATABASE)
    assert sorted(plain(frame), key=repr) == calls_as_exported()


def test_the_catalog_projects_the_partitions_of_an_export(exports):
    parameters = exports[-1]["Parameters"]
    projection = {name: parameters[f"projection.{name}.type"] for name in ("day", "queue_name")}
    assert projection == {"day": "date", "queue_name": "enum"}
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.day.range"].startswith("2026-01-05,2026-01-0")


def test_an_export_is_a_new_prefix_and_leaves_the_last_one_whole(exports):
    old, new = (each["StorageDescriptor"]["Location"] for each in exports)
    assert old != new
    assert exported(exports[0]) == exported(exports[1]) == calls_as_exported()


def test_a_lake_with_data_is_not_dropped(filled):
    refused = outcome("drop")
    assert (refused.code, refused.err.count("\n")) == (14, 1)


def test_a_lake_on_s3_needs_the_customer_key(filled, monkeypatch):
    monkeypatch.delenv("CUSTOMER_KEY")
    refused = outcome("build")
    assert (refused.code, "CUSTOMER_KEY is not set" in refused.err) == (12, True)


@pytest.fixture(scope="module")
def reported(filled: Any, folder: str, aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The managers' page of the lake on S3, of the folder lake, and as S3 keeps it."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    pages = []
    for lake in (ROOT, folder):
        run("report", "--lake", lake, "--out", str(out))
        pages.append(Page(out.read_text(encoding="utf-8")))
    topic = aws.client("sns").create_topic(Name="managers")["TopicArn"]
    told = run("publish", "--report", "--topic", topic, "--link-days", "1").err.splitlines()[-1]
    key = told.partition(f"{BUCKET}/")[2].partition(":")[0]
    kept = aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    return SimpleNamespace(on_s3=pages[0], on_disk=pages[1], kept=Page(kept), key=key)


def figures_of(page: Page) -> dict[str, list[list[str]]]:
    """Every figure to nine digits, but of what landed how: in one go, or with a bad record."""
    return {
        name: [[nine_digits(value) for value in row] for row in rows]
        for name, rows in page.tables.items()
        if name not in ("run", "conservation", "rejects")
    }


def nine_digits(value: str) -> str:
    try:
        return f"{float(value):.9g}"
    except ValueError:
        return value


def test_the_report_on_athena_has_a_folder_lake_s_figures(reported):
    assert figures_of(reported.on_s3) == figures_of(reported.on_disk)


def test_the_published_page_is_kept_on_s3(reported):
    assert reported.key.startswith("centre/reports/report-2026-01-0")
    assert figures_of(reported.kept) == figures_of(reported.on_s3)


def frames_of(notebook: Path) -> list[str]:
    """What the code of a notebook shows, cell by cell, as CSV with figures to nine digits."""
    known: dict[str, Any] = {}
    shown = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            *before, last = ast.parse("".join(cell["source"])).body
            value = isinstance(last, ast.Expr)
            exec(compile(ast.Module(before if value else [*before, last], []), "", "exec"), known)
            shown += [eval(compile(ast.Expression(last.value), "", "eval"), known)] if value else []
    with known["lake"]:
        pass  # opened by the notebook for its life
    # What landed how differs: in one go here, in two and with a bad record there.
    return [f.to_csv(float_format="%.9g") for f in shown if "landed" not in f.columns]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_on_athena_what_it_shows_of_a_folder(
    filled, folder, aws, monkeypatch, notebook
):
    count = len(aws.statements)
    on_athena = frames_of(notebook)
    asked = len(aws.statements) - count
    monkeypatch.setenv("LAKE", folder)
    assert on_athena == frames_of(notebook)
    assert min(asked, len(on_athena)) > 2
