"""`lake serve` on a real port: read-only, one host, made anew when the lake changes."""

from __future__ import annotations

import http.client
import socket
from http.server import ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread

import pytest

from glue_jobs.main import parser
from glue_jobs.report.page import content_policy
from glue_jobs.serve import Live, server
from tests.lake_program import outcome
from tests.report_lake import SMALL, put_all, report_lake
from tests.report_page import Page
from transforms import tables


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    with report_lake(tmp_path_factory.mktemp("serve") / "lake") as made:
        yield made


@pytest.fixture(scope="module")
def port(lake):
    with server(Live(lake.settings), "127.0.0.1", 0, ["lake.example"]) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        yield running.server_address[1]
        running.shutdown()
        thread.join()


def asked(port, path="/", method="GET", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{port}")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def test_the_page_has_the_current_scores(port):
    answer, body = asked(port)
    assert answer.status == 200
    assert [row["agent_username"] for row in Page(body).rows("workload_score")] == list(
        SMALL.agents
    )


def test_the_text_is_served(port):
    assert asked(port, "/report.txt")[1].startswith("Contact centre report\n")


def test_the_policy_lets_the_page_run_its_own_script_alone(port):
    policy = asked(port)[0].headers["Content-Security-Policy"]
    assert policy == f"{content_policy(is_live=True)}; frame-ancestors 'none'"
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1"])
def test_a_foreign_host_is_refused(port, host):
    answer, body = asked(port, host=host)
    assert (answer.status, body) == (421, "this host is not served here")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "lake.example", "LOCALHOST"])
def test_a_served_host_is_answered(port, name):
    assert asked(port, "/version", host=f"{name}:{port}")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(port, method):
    assert asked(port, method=method)[0].status == 501


@pytest.mark.parametrize("path", ["/etc/passwd", "/../catalog.db", "/%2e%2e/", "/reports/"])
def test_other_paths_are_not_found(port, path):
    assert asked(port, path)[0].status == 404


def test_head_has_no_body(port):
    answer, body = asked(port, "/report.txt", "HEAD")
    assert (answer.status, body) == (200, "")


def test_who_connects_and_does_not_ask_is_left(lake, monkeypatch):
    monkeypatch.setattr("glue_jobs.serve.READ_S", 0.2)
    with server(Live(lake.settings), "127.0.0.1", 0) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        with socket.create_connection(running.server_address[:2], timeout=10) as silent:
            assert silent.recv(1) == b""
        running.shutdown()
        thread.join()


def test_a_port_that_is_none_is_told(lake):
    done = outcome("serve", "--lake", lake.settings.lake, "--port", "80000")
    assert (done.code, done.err) == (2, "lake serve: --port 80000: 0 (a free one) to 65535\n")


@pytest.mark.parametrize(("host", "lines"), [("127.0.0.1", 1), ("127.0.0.2", 1), ("0.0.0.0", 2)])
def test_only_an_address_beyond_this_machine_is_warned_of(lake, monkeypatch, host, lines):
    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", lambda _: None)
    done = outcome("serve", "--lake", lake.settings.lake, "--host", host, "--port", "0")
    assert (done.code, len(done.err.splitlines())) == (0, lines)


def test_the_default_address_is_this_machine_s_alone():
    arguments = parser().parse_args(["serve"])
    assert (arguments.host, ip_address(arguments.host).is_loopback) == ("127.0.0.1", True)


def test_a_changed_lake_is_shown(lake, port):
    before = asked(port, "/version")[1]
    score = {
        "call_type": "refund",
        "agent_username": "new.agent",
        "workload": 1,
        "as_of": lake.read(tables.WORKLOAD_SCORE).column("as_of")[0].as_py(),
        "score_version": "1",
    }
    put_all(lake, tables.WORKLOAD_SCORE, [score])
    shown = [row["agent_username"] for row in Page(asked(port)[1]).rows("workload_score")]
    assert (asked(port, "/version")[1] != before, shown) == (True, ["new.agent"])


def test_a_lake_that_is_gone_is_told(tmp_path):
    with report_lake(tmp_path / "lake", SMALL._replace(days=7)) as lake:
        live = Live(lake.settings)
    (tmp_path / "lake" / "catalog.db").unlink()
    answer = live.answer("/")
    assert (answer.status, "no lake in" in answer.body) == (503, True)
