"""`lake serve`: the report and the current scores on this machine, made anew when the lake changes.

Read-only, on loopback unless told otherwise. A request must name a host that is served: a foreign
name that resolves to loopback (DNS rebinding) is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import NamedTuple

from glue_jobs.lake import Lake, opened
from glue_jobs.report.figures import figures
from glue_jobs.report.page import content_policy, page
from glue_jobs.report.sections import report
from glue_jobs.report.summary import summary
from glue_jobs.settings import Settings
from ingestion.errors import LakeError
from queries.question import QuestionError
from transforms import tables

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
READ_S = 30  # after which who connects and does not ask is left
_WATCHED = (
    tables.RUN,
    tables.WORKLOAD_SCORE,
    tables.UPSKILLING_RECOMMENDATION,
    tables.AUTOMATION_CANDIDATE,
)


class Answer(NamedTuple):
    """What a request is answered with."""

    status: HTTPStatus
    kind: str
    body: str


@dataclass
class Live:
    """The newest report of a lake; made once for each state of its tables."""

    settings: Settings
    is_pseudonymous: bool = False
    _version: str = ""
    _pages: dict[str, Answer] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def answer(self, path: str) -> Answer:
        """The answer to a path: the page, its text, the lake's version, or not found."""
        if path not in ("/", "/version", "/report.txt"):
            return _plain(HTTPStatus.NOT_FOUND, "there is / and /report.txt")
        try:
            with self._lock, opened(self.settings) as lake:
                return self._current(lake, path)
        except (LakeError, QuestionError) as error:
            return _plain(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    def _current(self, lake: Lake, path: str) -> Answer:
        version = state(lake)
        if path == "/version":
            return _plain(HTTPStatus.OK, version)
        if version != self._version:
            self._pages = _pages(lake, self.is_pseudonymous)
            self._version = version
        return self._pages[path]


def state(lake: Lake) -> str:
    """A digest of the tables' snapshots: equal while nothing has changed."""
    snapshots = ",".join(str(lake.snapshot(table.name)) for table in _WATCHED)
    return hashlib.sha256(snapshots.encode()).hexdigest()[:16]


def server(live: Live, host: str, port: int, names: Iterable[str] = ()) -> ThreadingHTTPServer:
    """A server of the report, bound but not running. `names`: further hosts that may be asked for.

    Port 0 takes a free one. Raises OSError if the port is taken.
    """
    made = ThreadingHTTPServer((host, port), BaseHTTPRequestHandler)
    bound = made.server_address[1]
    hosts = {f"{name}:{bound}" for name in (*LOOPBACK, host, *names)}
    made.RequestHandlerClass = _handler(live.answer, frozenset(hosts))
    return made


def _pages(lake: Lake, is_pseudonymous: bool) -> dict[str, Answer]:
    found = figures(lake, is_pseudonymous=is_pseudonymous, has_scores=True)
    now = datetime.now(UTC).replace(tzinfo=None)
    html = page(found, report(found), now, is_live=True)
    return {
        "/": Answer(HTTPStatus.OK, "text/html", html),
        "/report.txt": _plain(HTTPStatus.OK, summary(found, now)),
    }


def _plain(status: HTTPStatus, text: str) -> Answer:
    return Answer(status, "text/plain", text)


def _handler(
    answer: Callable[[str], Answer], hosts: frozenset[str]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """GET and HEAD of what `answer` gives; every other method is 501 by the base class."""

        timeout = READ_S

        def do_GET(self) -> None:
            self._answer(has_body=True)

        def do_HEAD(self) -> None:
            self._answer(has_body=False)

        def _answer(self, *, has_body: bool) -> None:
            is_served = self.headers.get("Host", "").lower() in hosts
            refused = _plain(HTTPStatus.MISDIRECTED_REQUEST, "this host is not served here")
            found = answer(self.path.partition("?")[0]) if is_served else refused
            body = found.body.encode()
            self.send_response(found.status)
            for name, value in _headers(found.kind, len(body)).items():
                self.send_header(name, value)
            self.end_headers()
            if has_body:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: paths and addresses of readers are nobody's business."""

    return Handler


def _headers(kind: str, size: int) -> dict[str, str]:
    return {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Length": str(size),
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"{content_policy(is_live=True)}; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
