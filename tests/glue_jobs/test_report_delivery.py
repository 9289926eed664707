"""`lake publish --report`: the page on S3, its text on an SNS topic, both of the stand-in."""

from __future__ import annotations

import json
import urllib.request
from datetime import timedelta
from types import SimpleNamespace

import boto3
import pytest

from glue_jobs.lake import opened, s3_client
from glue_jobs.report.figures import figures
from glue_jobs.report.writing import SUBJECT_LIMIT, deliver, made_report, presigned
from glue_jobs.settings import Settings
from glue_jobs.standin import stand_in
from tests.lake_program import outcome, run
from tests.report_lake import SMALL, report_lake
from tests.report_page import Page
from tests.transforms.landed import at


@pytest.fixture(scope="module")
def aws():
    """The stand-in with a topic whose messages come to a queue, and a bucket."""
    with stand_in() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        sns, sqs = (boto3.client(name) for name in ("sns", "sqs"))
        topic = sns.create_topic(Name="managers")["TopicArn"]
        queue = sqs.create_queue(QueueName="mails")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
        boto3.client("s3").create_bucket(Bucket="reports-test")

        def mails():
            found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
            for each in found.get("Messages", ()):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
            return [json.loads(each["Body"]) for each in found.get("Messages", ())]

        yield SimpleNamespace(topic=topic, mails=mails)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    with report_lake(tmp_path_factory.mktemp("delivery") / "lake") as made_lake:
        yield made_lake


@pytest.fixture(scope="module")
def told(lake):
    return made_report(figures(lake), at("2026-01-26T09:00"))


def test_the_topic_gets_the_text_and_where_the_page_is(aws, lake):
    done = run("publish", "--lake", lake.settings.lake, "--report", "--topic", aws.topic)
    [mail] = aws.mails()
    address = f"{lake.settings.root}/reports/report-2026-01-25.html"
    assert done.err.splitlines()[-1] == f"{address}: told to {aws.topic}"
    assert mail["Message"].startswith("Contact centre report\n\nWaits are longest for Claims")
    assert mail["Message"].endswith(f"\nPage: {address}\n")


def test_the_page_is_in_the_lake(aws, lake):
    run("publish", "--lake", lake.settings.lake, "--report", "--topic", aws.topic)
    page = Page(lake.store.get("reports/report-2026-01-25.html").decode())
    assert "agent_skills" in page.tables


def test_one_group_s_page_has_a_name_of_its_own(aws, lake):
    run("publish", "--lake", lake.settings.lake, "--report", "--topic", aws.topic,
        "--group", "Team A")  # fmt: skip
    assert lake.store.exists("reports/report-2026-01-25-Team%20A.html")


def test_on_s3_a_link_opens_the_page(aws, told):
    with opened(Settings.from_env("s3://reports-test/centre")) as on_s3:
        link = presigned(
            s3_client(on_s3.settings), on_s3.settings.root, told.key, timedelta(days=1)
        )
        address = deliver(on_s3, told, aws.topic, boto3.client("sns"), link)
    with urllib.request.urlopen(link) as answer:
        found = (answer.headers["Content-Type"], answer.read().decode())
    assert found == ("text/html; charset=utf-8", told.html)
    assert address == f"s3://reports-test/centre/{told.key}"
    assert aws.mails()[-1]["Message"].endswith(f"\nPage: {link}\n")


def test_a_subject_is_one_short_line_of_ascii(tmp_path):
    size = SMALL._replace(queues=("A", "Ärger\n" * 30, "B"), days=7)
    with report_lake(tmp_path / "lake", size) as lake:
        subject = made_report(figures(lake), at("2026-01-26T09:00")).subject
    assert (len(subject), subject.isascii(), subject.isprintable()) == (SUBJECT_LIMIT, True, True)


def test_without_a_topic_it_says_how_to_name_one(lake, monkeypatch):
    monkeypatch.delenv("REPORT_TOPIC_ARN", raising=False)
    done = outcome("publish", "--lake", lake.settings.lake, "--report")
    expected = "lake publish: --report needs --topic or REPORT_TOPIC_ARN: the managers' SNS topic"
    assert (done.code, done.err.splitlines()[-1]) == (2, expected)
