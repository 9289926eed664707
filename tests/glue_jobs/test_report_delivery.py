"""`lake publish --report`: the page in the lake, told by SNS and SES, all of the stand-in."""

from __future__ import annotations

import json
import urllib.request
from email import message_from_string
from email.policy import default
from types import SimpleNamespace

import boto3
import pytest
from moto.ses.models import ses_backends

from glue_jobs import commands_report
from glue_jobs.lake import opened
from glue_jobs.report.figures import figures
from glue_jobs.report.mail import LARGEST_MAIL, MailError, message
from glue_jobs.report.writing import SUBJECT_LIMIT, made_report, put_page, tell
from glue_jobs.settings import Settings
from glue_jobs.standin import stand_in
from tests.lake_program import outcome, run
from tests.report_lake import SMALL, report_lake
from tests.report_page import Page
from tests.transforms.landed import at

SENDER = "lake@example.org"


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
        boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER)

        def mails():
            found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
            for each in found.get("Messages", ()):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
            return [json.loads(each["Body"]) for each in found.get("Messages", ())]

        def sent():
            """Recipients and parsed text of every mail that SES took."""
            found = ses_backends["123456789012"][running.region].sent_messages
            return [
                (set(each.destinations), message_from_string(each.raw_data, policy=default))
                for each in found
            ]

        yield SimpleNamespace(topic=topic, mails=mails, sent=sent)


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


MAILED = ("--mail-from", SENDER, "--mail-to", "first@example.org", "--mail-to", "b@example.org")


@pytest.fixture(scope="module")
def mailed(aws, lake):
    """Recipients and parsed text of the mail that the command sent."""
    run("publish", "--lake", lake.settings.lake, "--report", *MAILED)
    return aws.sent()[-1]


def test_the_page_is_attached_to_a_mail_whose_body_is_the_text(mailed, lake):
    recipients, mail = mailed
    body, page = mail.get_body(("plain",)), next(mail.iter_attachments())
    assert recipients == {"first@example.org", "b@example.org"}
    text = body.get_content().replace("\r\n", "\n")
    assert text.startswith("Contact centre report\n\nWaits are longest for Claims")
    assert (page.get_filename(), page.get_content_type()) == ("report-2026-01-25.html", "text/html")
    assert page.get_payload(decode=True).decode() == stored(lake)


def stored(lake):
    return lake.store.get("reports/report-2026-01-25.html").decode()


def test_a_mail_s_heads_are_ours(mailed):
    _, mail = mailed
    assert mail["Subject"].startswith("Contact centre report: Waits are longest for Claims")
    assert (mail["From"], mail["To"]) == (SENDER, "first@example.org, b@example.org")


def test_a_mail_leaves_the_topic_alone(aws, mailed):
    aws.mails()
    assert aws.mails() == []


def test_readers_can_be_named_by_the_environment(aws, lake, monkeypatch):
    monkeypatch.setenv("REPORT_MAIL_FROM", SENDER)
    monkeypatch.setenv("REPORT_MAIL_TO", "one@example.org, two@example.org")
    done = run("publish", "--lake", lake.settings.lake, "--report")
    assert aws.sent()[-1][0] == {"one@example.org", "two@example.org"}
    assert done.err.endswith("told to one@example.org, two@example.org\n")


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\r\nBcc: all@example.org",
        "a@example.org\nSubject: other",
        "a@example.org, b@example.org",
        "Name <a@example.org>",
        "a@example.org (note)",
        "a@example.org;b@example.org",
        "",
        "nobody",
        "@example.org",
        "ä@example.org",
    ],
)
@pytest.mark.parametrize("place", ["sender", "recipient"])
def test_what_is_not_one_address_is_refused(told, address, place):
    sender, recipient = (address, SENDER) if place == "sender" else (SENDER, address)
    with pytest.raises(MailError, match="is not a mail address"):
        message(told, sender, [recipient], "somewhere")


def test_a_refused_address_leaves_nothing_behind(aws, lake, tmp_path):
    with report_lake(tmp_path / "lake", SMALL._replace(days=7)) as other:
        done = outcome("publish", "--lake", other.settings.lake, "--report", "--mail-from", SENDER,
                       "--mail-to", "a@example.org\nBcc: b@example.org")  # fmt: skip
        kept = list(other.store.keys("reports/"))
    assert (done.code, kept) == (2, [])
    assert done.err.splitlines()[-1].startswith("lake publish: 'a@example.org\\nBcc: b@")


def test_a_name_in_the_subject_writes_no_head(told):
    hostile = told._replace(subject="Waits\r\nBcc: all@example.org")
    with pytest.raises(ValueError, match="linefeed or carriage return"):
        message(hostile, SENDER, [SENDER], "somewhere")


def test_a_mail_that_ses_would_refuse_is_not_sent(told):
    large = told._replace(html="x" * LARGEST_MAIL)
    with pytest.raises(MailError, match=r"has 54\.\d MB, SES takes 40"):
        message(large, SENDER, [SENDER], "somewhere")


def test_more_than_fifty_recipients_are_told(told):
    with pytest.raises(MailError, match="51 recipients: SES takes 1 to 50"):
        message(told, SENDER, [SENDER] * 51, "somewhere")


def test_a_sender_that_ses_does_not_know_is_told_in_one_line(aws, lake):
    done = outcome("publish", "--lake", lake.settings.lake, "--report", "--mail-from",
                   "unknown@example.org", "--mail-to", SENDER)  # fmt: skip
    assert (done.code, done.err.splitlines()[-1].startswith("lake publish: An error")) == (1, True)


@pytest.fixture(scope="module")
def on_s3(told):
    """A lake on S3 whose report is made, and what the commands say of it."""
    with opened(Settings.from_env("s3://reports-test/centre")) as there:
        yield there


def test_on_s3_a_link_opens_the_page(aws, told, on_s3):
    link = commands_report._link(on_s3, told, 1)
    address = put_page(on_s3, told)
    tell(told, link, aws.topic, boto3.client("sns"))
    with urllib.request.urlopen(link) as answer:
        found = (answer.headers["Content-Type"], answer.read().decode())
    assert found == ("text/html; charset=utf-8", told.html)
    assert address == f"s3://reports-test/centre/{told.key}"
    assert aws.mails()[-1]["Message"].endswith(f"\nPage: {link}\n")


def test_what_was_checked_is_kept_and_linked_from_later_reports(lake, aws, tmp_path):
    run("publish", "--lake", lake.settings.lake, "--report", "--audit", "--topic", aws.topic)
    address = f"{lake.settings.root}/reports/audit.html"
    assert "Great Expectations" in lake.store.get("reports/audit.html").decode()
    assert address in Page(stored(lake)).addresses
    out = tmp_path / "later.html"
    lake.store.put("reports/audit-contact_record.html", b"refused")
    run("report", "--lake", lake.settings.lake, "--out", str(out))
    later = Page(out.read_text())
    assert address in later.addresses
    assert "a build of contact_record that was refused" in later.text


def test_a_subject_is_one_short_line_of_ascii(tmp_path):
    size = SMALL._replace(queues=("A", "Ärger\n" * 30, "B"), days=7)
    with report_lake(tmp_path / "lake", size) as lake:
        subject = made_report(figures(lake), at("2026-01-26T09:00")).subject
    assert (len(subject), subject.isascii(), subject.isprintable()) == (SUBJECT_LIMIT, True, True)


def test_without_a_topic_it_says_how_to_name_one(lake, monkeypatch):
    monkeypatch.delenv("REPORT_TOPIC_ARN", raising=False)
    done = outcome("publish", "--lake", lake.settings.lake, "--report")
    expected = (
        "lake publish: --report needs --topic or REPORT_TOPIC_ARN, the managers' SNS topic, or "
        "--mail-to or REPORT_MAIL_TO, their addresses"
    )
    assert (done.code, done.err.splitlines()[-1]) == (2, expected)


def test_without_a_sender_it_says_how_to_name_one(lake):
    done = outcome("publish", "--lake", lake.settings.lake, "--report", "--mail-to", SENDER)
    expected = (
        "lake publish: --mail-to needs --mail-from or REPORT_MAIL_FROM, verified in Amazon SES"
    )
    assert (done.code, done.err.splitlines()[-1]) == (2, expected)
