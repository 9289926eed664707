"""The lake API over real clients, against the stand-in's S3, catalog and jobs."""

from __future__ import annotations

import json
from types import SimpleNamespace

import boto3
import pytest
from openapi_schema_validator import OAS30Validator

from glue_jobs.settings import Settings, SettingsError
from glue_jobs.standin import stand_in
from infra.cloudformation import HERE, document
from ingestion.errors import LakeError
from lambdas.lake_api import handler, lakes
from lambdas.lake_api.handler import ROUTES, Parts, answer
from tests.lake_program import run
from transforms.tables import TABLES

BUCKET = "lake-api"
OWN = lakes.Where(f"s3://{BUCKET}/lake", "contact_lake")
PAGE = document(HERE / "lake_api.openapi.yaml")


@pytest.fixture(scope="module")
def aws():
    """A stack's own lake that is made and empty."""
    with stand_in() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        patch.setenv("LAKE", OWN.lake)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        running.client("s3").create_bucket(Bucket=BUCKET)
        running.client("glue").create_job(
            Name="admin", Role="r", Command={"Name": "glueetl", "ScriptLocation": "s3://b/s"}
        )
        run("create")
        parts = Parts(running.client("glue"), running.client("s3"), OWN, "admin")
        yield SimpleNamespace(parts=parts, client=running.client)


def asked(aws, route, *, dry=None, **path):
    event = {"routeKey": route, "pathParameters": path}
    if dry is not None:
        event["queryStringParameters"] = {"dryRun": dry}
    return answer(event, aws.parts)


def test_the_tables_are_those_of_the_code():
    assert [table.name for table in TABLES] == list(lakes.TABLES)


def test_a_lake_that_is_whole_is_created_by_doing_nothing(aws):
    reply = asked(aws, "PUT /lakes/{name}", name="default")
    assert (reply.status, reply.body["missing"]) == (200, [])


def test_a_dry_run_tells_what_would_be_made_and_starts_nothing(aws):
    before = len(aws.parts.glue.get_job_runs(JobName="admin")["JobRuns"])
    reply = asked(aws, "PUT /lakes/{name}", name="dry", dry="true")
    assert (reply.status, reply.body["missing"]) == (200, list(lakes.TABLES))
    assert len(aws.parts.glue.get_job_runs(JobName="admin")["JobRuns"]) == before


def test_the_programs_dry_run_says_the_same(aws):
    told = run("create", "--dry-run", "--lake", f"s3://{BUCKET}/lakes/dry").err
    assert told == f"0 of {len(TABLES)} tables to make in s3://{BUCKET}/lakes/dry\n"


def test_creating_starts_the_job_for_that_lake(aws):
    reply = asked(aws, "PUT /lakes/{name}", name="other")
    assert (reply.status, reply.body["command"]) == (202, "create")
    run_id = reply.body["operation"]
    arguments = aws.parts.glue.get_job_run(JobName="admin", RunId=run_id)["JobRun"]["Arguments"]
    assert arguments == {
        "--command": "create",
        "--LAKE": f"s3://{BUCKET}/lakes/other",
        "--LAKE_DATABASE": "contact_lake_other",
    }


class Runs:
    """A Glue client whose job has runs as given."""

    def __init__(self, *runs):
        self.runs, self.begun = runs, []

    def get_job_runs(self, **_):
        return {"JobRuns": list(self.runs)}

    def start_job_run(self, **given):
        self.begun.append(given)
        return {"JobRunId": "jr_new"}


def under_way(state):
    arguments = {"--command": "create", "--LAKE": OWN.lake, "--LAKE_DATABASE": OWN.database}
    return {"Id": "jr_old", "JobRunState": state, "Arguments": arguments}


@pytest.mark.parametrize(
    ("state", "run_id", "begun"),
    [("RUNNING", "jr_old", 0), ("STARTING", "jr_old", 0), ("FAILED", "jr_new", 1)],
)
def test_a_creation_that_is_under_way_is_not_started_again(state, run_id, begun):
    from lambdas.lake_api.operations import started

    glue = Runs(under_way(state))
    assert started(glue, "admin", "create", OWN).operation == run_id
    assert len(glue.begun) == begun


def test_an_operation_is_followed(aws):
    begun = asked(aws, "PUT /lakes/{name}", name="followed").body["operation"]
    reply = asked(aws, "GET /operations/{id}", id=begun)
    assert (reply.status, reply.body["operation"]) == (200, begun)


@pytest.mark.parametrize("name", ["", "../x", "A", "1a", "a" * 32, "a-b", "a;drop"])
def test_a_name_that_cannot_be_is_refused(aws, name):
    assert asked(aws, "GET /lakes/{name}", name=name).status == 400


@pytest.mark.parametrize(
    ("route", "path", "status"),
    [
        ("GET /lakes/{name}", {"name": "nobody"}, 404),
        ("GET /lakes/{name}/tables", {"name": "nobody"}, 404),
        ("DELETE /lakes/{name}", {"name": "nobody"}, 404),
        ("GET /operations/{id}", {"id": "jr_none"}, 404),
        ("GET /operations/{id}", {"id": "x"}, 400),
        ("POST /lakes", {}, 404),
    ],
)
def test_what_is_not_there_is_told(aws, route, path, status):
    assert asked(aws, route, **path).status == status


def test_an_unknown_value_of_dry_run_is_refused(aws):
    assert asked(aws, "PUT /lakes/{name}", name="default", dry="yes").status == 400


def test_an_empty_lake_is_dropped_by_the_job(aws):
    reply = asked(aws, "DELETE /lakes/{name}", name="default")
    assert (reply.status, reply.body["command"]) == (202, "drop")


def test_a_lake_with_raw_records_is_kept(aws):
    key = "lake/raw/contact_record/2026-01-05/x.ndjson.gz"
    aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x")
    reply = asked(aws, "DELETE /lakes/{name}", name="default")
    aws.client("s3").delete_object(Bucket=BUCKET, Key=key)
    assert (reply.status, "raw/contact_record" in reply.body["message"]) == (409, True)


def test_a_table_tells_its_rows_from_its_metadata():
    found = lakes.content("t", {
        "properties": {"comment": "A contact: its newest version"},
        "current-snapshot-id": 7,
        "snapshots": [
            {"snapshot-id": 6, "timestamp-ms": 0, "summary": {"total-records": "1"}},
            {"snapshot-id": 7, "timestamp-ms": 1000, "summary": {
                "total-records": "5", "total-data-files": "2", "total-files-size": "9"}},
        ],
    })  # fmt: skip
    assert found[:5] == ("t", "A contact", 5, 2, 9)


def test_aws_failing_is_told_as_such(aws):
    class Down:
        exceptions = aws.parts.glue.exceptions

        def get_paginator(self, _):
            from botocore.exceptions import EndpointConnectionError

            raise EndpointConnectionError(endpoint_url="https://glue")

    reply = answer(
        {"routeKey": "GET /lakes/{name}", "pathParameters": {"name": "default"}},
        aws.parts._replace(glue=Down()),
    )
    assert (reply.status, "EndpointConnectionError" in reply.body["message"]) == (503, True)


def test_the_entry_point_answers_json(aws, monkeypatch):
    monkeypatch.setattr(handler, "_parts", lambda: aws.parts)
    event = {"routeKey": "GET /lakes/{name}/tables", "pathParameters": {"name": "default"}}
    reply = handler.handler(event, None)
    assert (reply["statusCode"], len(json.loads(reply["body"])["tables"])) == (200, len(TABLES))


def test_the_document_has_the_handlers_routes():
    told = {
        f"{method.upper()} {path}"
        for path, item in PAGE["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert told == set(ROUTES)


def test_every_operation_of_the_document_is_signed():
    told = [
        operation["x-amazon-apigateway-auth"]
        for item in PAGE["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert told == [{"type": "AWS_IAM"}] * len(ROUTES)


def schema(route, status):
    method, _, path = route.partition(" ")
    reply = PAGE["paths"][path][method.lower()]["responses"][str(status)]
    found = reply["content"]["application/json"]["schema"]
    text = json.dumps({"components": PAGE["components"], **found}).replace("#/", "#/")
    return json.loads(text)


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("PUT /lakes/{name}", "default"),
        ("PUT /lakes/{name}", "shaped"),
        ("PUT /lakes/{name}", "No"),
        ("GET /lakes/{name}", "default"),
        ("GET /lakes/{name}", "nobody"),
        ("GET /lakes/{name}/tables", "default"),
        ("DELETE /lakes/{name}", "default"),
    ],
)
def test_replies_are_as_the_document_says(aws, route, name):
    reply = asked(aws, route, name=name)
    body = json.loads(json.dumps(reply.body, default=handler._text))
    assert list(OAS30Validator(schema(route, reply.status)).iter_errors(body)) == []


@pytest.mark.parametrize("address", ["s3:///x", "s3://"])
def test_the_program_refuses_an_address_that_the_api_refuses(address):
    with pytest.raises(LakeError) as refused:
        Settings.from_env(address, {})
    assert isinstance(refused.value, lakes.LakeNameError | SettingsError)


def test_the_program_refuses_a_database_that_glue_would_refuse():
    with pytest.raises(lakes.LakeNameError):
        Settings.from_env("s3://b/x", {"LAKE_DATABASE": "Contact-Lake"})
