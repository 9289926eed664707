"""The stand-in's HTTP server as a service that fails: the clients' own retries meet the faults.

botocore and the C++ client of Iceberg's files both come through here. `strict_glue` adds what the
stand-in lacks: Glue refuses an update from a version that is not the current one, atomically.
"""

from __future__ import annotations

import io
import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.backends import get_backend

from glue_jobs import standin

App = Callable[[dict[str, Any], Any], Iterable[bytes]]
UPDATE = "AWSGlue.UpdateTable"
KINDS = ("throttle", "server error", "no answer", "lost answer")


@contextmanager
def stand_in(*layers: Callable[[App], App]) -> Iterator[standin.StandIn]:
    """The stand-in whose requests go through the layers, the last one first."""
    made = standin._atomic

    def around(app: App) -> App:
        app = made(app)
        for layer in layers:
            app = layer(app)
        return app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standin, "_atomic", around)
        with standin.stand_in() as running:
            yield running


def strict_glue(app: App) -> App:
    """Glue as it is: `UpdateTable` from a stale version is refused, one request at a time."""
    turn = threading.Lock()

    def answer(environment: dict[str, Any], start: Any) -> Iterable[bytes]:
        if _target(environment) != UPDATE:
            return app(environment, start)
        body = environment["wsgi.input"].read(int(environment["CONTENT_LENGTH"]))
        environment["wsgi.input"] = io.BytesIO(body)
        asked = json.loads(body)
        with turn:
            if asked["VersionId"] == _version(asked):
                return list(app(environment, start))
        said = {"__type": "ConcurrentModificationException", "Message": "stale version"}
        return _said(start, "400 Bad Request", json.dumps(said).encode())

    return answer


def _version(asked: dict[str, Any]) -> str:
    """The current version of the table that an update is about."""
    glue = get_backend("glue")["123456789012"][standin.REGION]
    return str(glue.get_table(asked["DatabaseName"], asked["TableInput"]["Name"])._current_version)


@dataclass
class Weather:
    """Answers a share of all requests with a fault; counts the requests and the faults."""

    share: float = 0.0
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    only: str | None = None  # an operation's target; None = every request
    kinds: tuple[str, ...] = KINDS
    most: float = float("inf")
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def over(self, app: App) -> App:
        """A layer of the server."""

        def answer(environment: dict[str, Any], start: Any) -> Iterable[bytes]:
            target = _target(environment)
            with self._turn:
                self.requests += 1
                is_fault = (
                    self.only in (None, target)
                    and self.faults.total() < self.most
                    and self.rng.random() < self.share
                )
                kind = self.rng.choice(self.kinds) if is_fault else None
                self.faults.update([kind] if kind else [])
            if kind is None:
                return app(environment, start)
            return _failed(app, environment, start, kind)

        return answer


def _failed(app: App, environment: dict[str, Any], start: Any, kind: str) -> Iterable[bytes]:
    is_s3 = not _target(environment)
    if kind == "throttle":
        return _refused(start, is_s3, "503 Slow Down" if is_s3 else "400 Bad Request", "SlowDown")
    if kind == "server error":
        return _refused(start, is_s3, "500 Internal Server Error", "InternalError")
    if kind == "lost answer":
        list(app(environment, lambda *_: None))
    environment["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return _said(start, "500 Internal Server Error", b"")


def _refused(start: Any, is_s3: bool, status: str, code: str) -> Iterable[bytes]:
    if is_s3:
        return _said(start, status, f"<Error><Code>{code}</Code></Error>".encode())
    name = "ThrottlingException" if code == "SlowDown" else "InternalFailure"
    return _said(start, status, json.dumps({"__type": name, "message": name}).encode())


def _said(start: Any, status: str, body: bytes) -> Iterable[bytes]:
    start(status, [("Content-Length", str(len(body)))])
    return [body]


def _target(environment: dict[str, Any]) -> str:
    return str(environment.get("HTTP_X_AMZ_TARGET", ""))
