"""A customer is forgotten on S3, Glue and DynamoDB, under a key of Secrets Manager."""

from __future__ import annotations

import gzip
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from glue_jobs.lake import opened
from glue_jobs.route import tokens
from glue_jobs.settings import Settings
from glue_jobs.standin import stand_in
from ingestion.privacy import CustomerKeyError
from tests.centre_records import agent_event, contact, written
from tests.lake_program import run
from transforms import tables

GONE, STAYS = "+12025550123", "+12025550199"
KEY, OLD_KEY, BUCKET = "5a" * 32, "c3" * 32, "lake-that-forgets"
LAKE = f"s3://{BUCKET}/centre"


@pytest.fixture(scope="module")
def aws():
    with stand_in() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        patch.delenv("CUSTOMER_KEY", raising=False)
        patch.setenv("CUSTOMER_KEY_SECRET", "customer-key")
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        running.client("s3").create_bucket(Bucket=BUCKET)
        secrets = running.client("secretsmanager")
        for name, key in (("customer-key", KEY), ("old-key", OLD_KEY)):
            secrets.create_secret(Name=name, SecretString=key)
        yield running


@pytest.fixture(scope="module")
def forgotten(aws: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The customers' items before and after one of them was forgotten, in a lake on S3."""
    records = [
        contact("c-1", CustomerEndpoint={"Address": GONE}),
        contact("c-2", CustomerEndpoint={"Address": STAYS}),
        agent_event("e-1", "2026-01-05T09:00:00Z"),
    ]
    path = written(tmp_path_factory.mktemp("records") / "r.ndjson.gz", records)
    for command in (("ingest", str(path)), ("build",), ("score",), ("publish",)):
        run(command[0], "--lake", LAKE, *command[1:])
    with opened(Settings.from_env(LAKE)) as lake:
        made = tokens(lake)
    before = items(aws)
    run("forget", GONE, "--yes", "--lake", LAKE)
    return SimpleNamespace(
        gone=made.token(GONE), stays=made.token(STAYS), before=before, after=items(aws)
    )


def items(aws: Any) -> set[str]:
    found = aws.client("dynamodb").scan(TableName="CustomerAgentMap")["Items"]
    return {item["CustomerId"]["S"] for item in found}


def test_the_customers_item_is_deleted_and_others_stay(forgotten):
    assert forgotten.before == {forgotten.gone, forgotten.stays}
    assert forgotten.after == {forgotten.stays}


def test_the_tables_on_s3_do_not_know_the_customer(forgotten):
    with opened(Settings.from_env(LAKE)) as lake:
        rows = lake.read(tables.CONTACT_RECORD, columns=["contact_id", "customer_id"]).to_pylist()
    assert {row["contact_id"]: row["customer_id"] for row in rows} == {
        "c-1": None,
        "c-2": forgotten.stays,
    }


def test_no_object_of_the_lake_holds_number_or_token_but_the_tombstone(aws, forgotten):
    client, holding = aws.client("s3"), set()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for key in (entry["Key"] for entry in page["Contents"]):
            with client.get_object(Bucket=BUCKET, Key=key)["Body"] as body:
                data = body.read()
            data = gzip.decompress(data) if key.endswith(".gz") else data
            if GONE[1:].encode() in data or forgotten.gone.encode() in data:
                holding.add(key.split("/")[1])
    assert holding == {"erasures"}


def test_the_key_and_the_former_one_are_secrets(aws, forgotten):
    named = {"CUSTOMER_KEY_SECRET": "customer-key", "CUSTOMER_KEY_VERSION": "2"}
    with opened(Settings.from_env(LAKE)) as lake:
        found = tokens(lake, named | {"CUSTOMER_KEY_OLD_SECRET": "old-key"})
    assert [(each.key.hex(), each.version) for each in found.each] == [(KEY, "2"), (OLD_KEY, "1")]


def test_a_secret_that_is_no_key_is_told_and_not_shown(aws, forgotten):
    aws.client("secretsmanager").create_secret(Name="no-key", SecretString="open sesame")
    with (
        opened(Settings.from_env(LAKE)) as lake,
        pytest.raises(CustomerKeyError, match="neither hex nor base64") as caught,
    ):
        tokens(lake, {"CUSTOMER_KEY_SECRET": "no-key"})
    assert "sesame" not in str(caught.value)
