"""A real Trino for the tests: Athena's engine version 3 is Trino, and Athena itself cannot be had.

One node on loopback, at most 2 GB of heap, from Maven Central, unpacked once into the user's
cache folder. Its Iceberg connector reads the lake's own files; tables are registered by their
committed metadata file (`register_table`), so nothing is written anew for it. Run by hand:
`make trino`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from glue_jobs.lake import Lake, opened
from glue_jobs.settings import Settings
from tests.java_server import CACHE, free_port, java_homes, stop
from tests.trino.client import query
from transforms.tables import TABLES

STARTED = "======== SERVER STARTED ========"
START_S = 120


class Release(NamedTuple):
    """A Trino release and the Java that it runs on."""

    version: str
    java: int


# The newest first; the first whose Java is installed is taken.
RELEASES = (Release("476", 24), Release("435", 17))


class NoTrinoError(RuntimeError):
    """No Trino can be had or started here; the message says what is missing."""


@dataclass(frozen=True)
class Trino:
    """A running server: its port on loopback and its process id."""

    port: int
    pid: int
    version: str

    def query(self, sql: str, schema: str) -> pa.Table:
        """The result of one statement, with Trino's types as Arrow's."""
        return query(self.port, sql, schema)

    def register(self, lake: Lake, schema: str) -> None:
        """Make the lake's tables, as they are committed now, visible under `schema`."""
        self.query(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}", schema)
        known = set(self.query("SHOW TABLES", schema).column(0).to_pylist())
        for table in TABLES:
            iceberg = lake.iceberg(table.name)
            if table.name in known:
                self.query(f"CALL lake.system.unregister_table('{schema}', '{table.name}')", schema)
            file = iceberg.metadata_location.rpartition("/")[2]
            self.query(
                f"CALL lake.system.register_table('{schema}', '{table.name}', "
                f"'{iceberg.location()}', '{file}')",
                schema,
            )


@contextmanager
def trino(properties: Sequence[str] = ()) -> Iterator[Trino]:
    """A server for the block, stopped by its process id; `properties` go into the catalog."""
    release, home = _release()
    program = _installed(release)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trino-")))
        port = free_port()
        _configure(folder, port, properties)
        server = _started(program, home, folder)
        stack.callback(stop, server)
        yield Trino(port, server.pid, release.version)


def _release() -> tuple[Release, Path]:
    homes = java_homes()
    for release in RELEASES:
        fitting = [home for version, home in homes if version >= release.java]
        if fitting:
            return release, fitting[0]
    raise NoTrinoError(f"no Java {RELEASES[-1].java} or newer found; set JAVA_HOME")


def _installed(release: Release) -> Path:
    """The unpacked server, with the Iceberg plugin alone; fetched by Maven on first use."""
    target = CACHE / f"trino-server-{release.version}"
    if target.exists():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    archive = _archive(release)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        # Plugins share files by hard links, so all is unpacked and what is not needed is left.
        subprocess.run(["tar", "-xzf", archive, "-C", scratch], check=True)
        unpacked = Path(scratch) / target.name
        (unpacked / "plugin").rename(Path(scratch) / "plugins")
        (unpacked / "plugin").mkdir()
        (Path(scratch) / "plugins/iceberg").rename(unpacked / "plugin/iceberg")
        unpacked.rename(target)
    return target


def _archive(release: Release) -> Path:
    name = f"trino-server-{release.version}.tar.gz"
    repository = CACHE / "maven"
    found = repository / "io/trino/trino-server" / release.version / name
    shared = Path.home() / ".m2/repository" / found.relative_to(repository)
    if shared.exists():
        return shared
    if not found.exists():
        _fetch(release, repository)
    return found


def _fetch(release: Release, repository: Path) -> None:
    if shutil.which("mvn") is None:
        raise NoTrinoError("Maven (mvn) is needed to fetch Trino from Maven Central")
    done = subprocess.run(
        [
            *("mvn", "-q", "-B", f"-Dmaven.repo.local={repository}"),
            "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get",
            f"-Dartifact=io.trino:trino-server:{release.version}:tar.gz",
            "-Dtransitive=false",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoTrinoError(f"Maven cannot fetch Trino {release.version}: {done.stdout[-500:]}")


def _configure(folder: Path, port: int, properties: Sequence[str]) -> None:
    files = {
        "node.properties": [
            "node.environment=test",
            "node.id=one",
            f"node.data-dir={folder}/data",
            "node.internal-address=127.0.0.1",
            "node.bind-ip=127.0.0.1",
        ],
        "jvm.config": [
            "-server",
            "-Xmx2G",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # short queries: compiling hard never pays
            "-Djdk.attach.allowAttachSelf=true",
            "-Dfile.encoding=UTF-8",
            "--add-modules=jdk.incubator.vector",
        ],
        "config.properties": [
            "coordinator=true",
            "node-scheduler.include-coordinator=true",
            f"http-server.http.port={port}",
            f"discovery.uri=http://127.0.0.1:{port}",
            "query.max-memory=1GB",
            "query.max-memory-per-node=1GB",
        ],
        "log.properties": ["io.trino=WARN"],
        "catalog/lake.properties": [
            "connector.name=iceberg",
            "iceberg.catalog.type=TESTING_FILE_METASTORE",
            f"hive.metastore.catalog.dir=file://{folder}/metastore",
            "fs.hadoop.enabled=true",
            "iceberg.register-table-procedure.enabled=true",
            *properties,
        ],
    }
    for name, lines in files.items():
        path = folder / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]))


def _started(program: Path, home: Path, folder: Path) -> subprocess.Popen[bytes]:
    log = folder / "server.log"
    environment = {
        **os.environ,
        "JAVA_HOME": str(home),
        "PATH": f"{home}/bin{os.pathsep}{os.environ['PATH']}",
    }
    with log.open("wb") as out:
        server = subprocess.Popen(
            [program / "bin/launcher", "run", "--etc-dir", folder / "etc"],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    port = int(re.search(r"port=(\d+)", (folder / "etc/config.properties").read_text())[1])
    deadline = time.monotonic() + START_S
    while not _answers(port):
        if server.poll() is not None or time.monotonic() > deadline:
            stop(server)
            raise NoTrinoError(f"Trino does not start: {log.read_text()[-2000:]}")
        time.sleep(0.3)
    return server


def _answers(port: int) -> bool:
    """Whether a query runs: the server answers some seconds before it has a node to run one on."""
    try:
        return (
            query(port, "SELECT table_name FROM lake.information_schema.tables", "x").num_rows > 0
        )
    except (OSError, RuntimeError):
        return False


def main(argv: Sequence[str] | None = None) -> None:
    """Serve a folder lake on Trino until interrupted."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("lake", nargs="?", help="folder of a lake; default LAKE or ./lake")
    lake = opened(Settings.from_env(arguments.parse_args(argv).lake))
    with trino() as server:
        server.register(lake, lake.settings.database)
        sys.stderr.write(
            f"Trino {server.version}, process {server.pid}, http://127.0.0.1:{server.port}, "
            f"catalog lake, schema {lake.settings.database}; Ctrl-C stops it\n"
        )
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
