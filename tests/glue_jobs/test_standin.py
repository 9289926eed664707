import logging
import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from glue_jobs.standin import StandInError, refuse_non_loopback, stand_in
from ingestion.errors import LakeError


def make_bucket(aws, name):
    aws.client("s3").create_bucket(Bucket=name)


def interrupted_run():
    with stand_in() as aws:
        make_bucket(aws, "first")
        raise LookupError


def bucket_names(aws):
    return [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]


def test_a_real_client_is_answered():
    with stand_in() as aws:
        make_bucket(aws, "lake")
        assert bucket_names(aws) == ["lake"]


def test_a_session_and_a_resource_see_the_same_data():
    with stand_in() as aws:
        make_bucket(aws, "lake")
        names = {bucket.name for bucket in aws.session().resource("s3").buckets.all()}
        assert names == {bucket.name for bucket in aws.resource("s3").buckets.all()} == {"lake"}


def test_two_in_a_row_do_not_see_each_others_data():
    with stand_in() as aws:
        make_bucket(aws, "first")
    with stand_in() as aws:
        assert bucket_names(aws) == []


def test_a_failed_block_leaves_nothing_behind():
    with pytest.raises(LookupError):
        interrupted_run()
    with stand_in() as aws:
        assert bucket_names(aws) == []


def test_a_second_one_at_the_same_time_is_refused():
    with stand_in(), pytest.raises(StandInError, match="hand that one on"), stand_in():
        pass


def test_its_port_is_closed_at_the_end():
    with stand_in() as aws:
        address = urlsplit(aws.endpoint)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port))


def test_a_subprocess_reaches_it_by_its_environment():
    program = "import boto3; print(boto3.client('s3').list_buckets()['Buckets'][0]['Name'])"
    with stand_in() as aws:
        make_bucket(aws, "lake")
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | aws.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.strip() == "lake"


def test_the_environment_of_this_process_stays_as_it_is():
    before = dict(os.environ)
    with stand_in() as aws:
        make_bucket(aws, "lake")
        assert dict(os.environ) == before


def test_an_endpoint_in_the_environment_does_not_lead_its_clients_away(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with stand_in() as aws:
        assert bucket_names(aws) == []


def test_requests_are_not_logged(capfd):
    with stand_in() as aws:
        make_bucket(aws, "lake")
    assert capfd.readouterr() == ("", "")


def test_the_servers_logger_is_as_before():
    before = logging.getLogger("werkzeug").level
    with stand_in():
        pass
    assert logging.getLogger("werkzeug").level == before


def test_a_missing_extra_is_told_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "moto.server", None)
    with pytest.raises(LakeError, match=r"contact-lake\[local\]"), stand_in():
        pass


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:5000", "http://localhost:4566", "http://[::1]:5000", "http://127.9.9.9"],
)
def test_a_loopback_endpoint_is_accepted(endpoint):
    assert refuse_non_loopback(endpoint) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://dynamodb.us-east-1.amazonaws.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://localhost.example.com",
        "http://0.0.0.0:5000",
        "http://10.0.0.1",
        "127.0.0.1:5000",
        "",
    ],
)
def test_any_other_endpoint_is_refused(endpoint):
    with pytest.raises(StandInError, match="not on this machine"):
        refuse_non_loopback(endpoint)
