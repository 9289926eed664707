"""The audit of `make check`: the real pip-audit before a stand-in that serves OSV's advisories."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.infra import audited

HASH = "sha256:" + "0" * 64
ADVISORY = {
    "id": "PYSEC-0000-1",
    "affected": [
        {
            "package": {"name": "leaky", "ecosystem": "PyPI"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2.4"}]},
            ],
        }
    ],
}


@contextmanager
def osv(advisories: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """The address of a loopback OSV service that knows `advisories` by package name."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"vulns": advisories.get(asked["package"]["name"], [])}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_told: Any) -> None:
            """Nothing: a test prints nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path):
    path = tmp_path / "requirements.lock"
    path.write_text(f"leaky==1.2.3 \\\n    --hash={HASH}\nsound==4.5 \\\n    --hash={HASH}\n")
    return str(path)


def test_a_pinned_package_with_an_advisory_is_named_and_fails(lock, monkeypatch, capsys):
    with osv({"leaky": [ADVISORY]}) as service:
        monkeypatch.setenv("AUDIT_OSV_URL", service)
        code = audited.main([lock])
    assert (code, capsys.readouterr().out.splitlines()) == (
        1,
        [
            "leaky 1.2.3: PYSEC-0000-1, mended in 1.2.4",
            f"{lock}: 2 packages, 2 audited, 1 known vulnerabilities",
        ],
    )


def test_without_advisories_it_passes(lock, monkeypatch, capsys):
    with osv({}) as service:
        monkeypatch.setenv("AUDIT_OSV_URL", service)
        code = audited.main([lock])
    told = f"{lock}: 2 packages, 2 audited, 0 known vulnerabilities\n"
    assert (code, capsys.readouterr().out) == (0, told)


def test_where_nobody_answers_it_says_that_nothing_is_known(lock, monkeypatch, capsys):
    monkeypatch.setenv("AUDIT_OSV_URL", "http://127.0.0.1:9/v1/query")
    code = audited.main([lock])
    first, warning = capsys.readouterr().out.splitlines()
    assert (code, first) == (0, f"{lock}: 2 packages, 0 audited, 0 known vulnerabilities")
    assert warning.startswith("warning: not all advisories could be read; ")
    assert "Connection refused" in warning
