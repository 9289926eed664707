"""The embedded default: AWS APIs on this machine, for this process, started by the program.

It answers real boto3 clients on a free loopback port and forgets everything at the end; what must
last is in the lake's folder.
"""

import http.client
import ipaddress
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from ingestion.errors import LakeError

REGION = "us-east-1"
_HOST = "127.0.0.1"
_CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
_ONLY_ONE = threading.Lock()  # the stand-in's state belongs to the process, not to a server


class StandInError(LakeError):
    """The embedded stand-in cannot be used as asked."""

    exit_code = 13


class _Session(boto3.session.Session):  # type: ignore[misc]
    """A session whose clients go to the stand-in, whatever the environment says."""

    def __init__(self, endpoint: str, opened: ExitStack) -> None:
        super().__init__(region_name=REGION, **_CREDENTIALS)
        self._endpoint = endpoint
        self._opened = opened

    def client(self, service_name: str, *args: Any, **options: Any) -> Any:
        style = Config(s3={"addressing_style": "path"}, proxies={})
        config = options.pop("config", None)
        options["endpoint_url"] = options.get("endpoint_url") or self._endpoint
        options["config"] = style if config is None else style.merge(config)
        made = super().client(service_name, *args, **options)
        self._opened.callback(made.close)
        return made


@dataclass(frozen=True)
class StandIn:
    """A running stand-in; its clients are closed with it."""

    endpoint: str
    region: str = REGION
    _opened: ExitStack = field(default_factory=ExitStack, repr=False)

    def __post_init__(self) -> None:
        refuse_non_loopback(self.endpoint)

    @cached_property
    def _session(self) -> _Session:
        return _Session(self.endpoint, self._opened)

    def session(self) -> Any:
        """A boto3 session for libraries that take one; its clients go to the stand-in."""
        return self._session

    def client(self, name: str, **options: Any) -> Any:
        """A boto3 client of the stand-in."""
        return self._session.client(name, **options)

    def resource(self, name: str, **options: Any) -> Any:
        """A boto3 resource of the stand-in."""
        return self._session.resource(name, **options)

    def environment(self) -> dict[str, str]:
        """The AWS_* variables that send a subprocess, or a library without a session, here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_ACCESS_KEY_ID": _CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": _CREDENTIALS["aws_secret_access_key"],
            "AWS_SESSION_TOKEN": "testing",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), _HOST))),
        }


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Runs the stand-in for the block, empty at its start; one at a time in a process.

    Raises StandInError where the `local` extra is not installed or one is running already.
    """
    server_type = _server_type()
    if not _ONLY_ONE.acquire(blocking=False):
        raise StandInError("stand-in: one is running in this process, hand that one on")
    try:
        with _quiet("werkzeug"), ExitStack() as opened:
            server = server_type(_HOST, 0, verbose=False)
            server.start()
            opened.callback(server.stop)
            host, port = server.get_host_and_port()
            app = server._server.app  # noqa: SLF001
            # moto looks through its own folder at each request.
            app.get_backend_for_host = cache(app.get_backend_for_host)
            server._server.app = _atomic(app)  # noqa: SLF001
            _reset(host, port)
            yield StandIn(f"http://{host}:{port}", _opened=opened.enter_context(ExitStack()))
    finally:
        _ONLY_ONE.release()


def _atomic(app: Any) -> Any:
    """The server's application with DynamoDB's requests one at a time.

    moto tests a write's condition and writes in two steps without a lock, so that of two writers
    at once the older could win; DynamoDB itself is atomic.
    """
    turn = threading.Lock()

    def answer(environment: dict[str, Any], start_response: Any) -> Any:
        if not environment.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_"):
            return app(environment, start_response)
        with turn:
            return app(environment, start_response)

    return answer


def refuse_non_loopback(endpoint: str) -> None:
    """Raises StandInError unless the endpoint's host is this machine's loopback."""
    host = urlsplit(endpoint).hostname or ""
    if not _is_loopback(host):
        raise StandInError(f"stand-in: {endpoint} is not on this machine, use {_HOST}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _server_type() -> Any:
    try:
        from moto.server import ThreadedMotoServer
    except ImportError:
        raise StandInError(
            "stand-in: moto is not installed, run: pip install 'contact-lake[local]'"
        ) from None
    return ThreadedMotoServer


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keeps request lines off the terminal for the block."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _reset(host: str, port: int) -> None:
    """Forgets all data, such as an earlier stand-in left in this process."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
    finally:
        connection.close()
