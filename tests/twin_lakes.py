"""Two lakes with the same records, one built in this process and one on Spark."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from glue_jobs import build as builder
from glue_jobs.build import Built, Engine, Window
from glue_jobs.lake import Lake, made
from glue_jobs.parsers import Parsers
from glue_jobs.settings import Settings
from ingestion import files
from ingestion.privacy import Tokens
from tests.centre_records import written
from transforms.pipeline import SOURCES, STEPS
from transforms.schema import Table
from transforms.tables import BY_NAME
from transforms.taxonomy import Taxonomy

BUILT = tuple(each.writes.name for each in (*SOURCES, *STEPS))
# Of a run's row, what a clock or a random number decides.
_OF_ITS_OWN = ("started_at", "finished_at", "day", "snapshots")


class Content(NamedTuple):
    """A lake's rows by table, in order of the key, and its rejects."""

    tables: dict[str, pa.Table]
    runs: list[dict[str, Any]]
    rejects: list[bytes]


class Twins(NamedTuple):
    """The lake that was built here, the one that was built on Spark, and Spark's engine."""

    here: Lake
    there: Lake
    spark: Engine

    def land(self, records: Iterable[Any], name: str) -> None:
        """Land the same file of records in both."""
        folder = self.here.settings.folder.parent
        self.land_files([written(folder / f"{name}.ndjson.gz", records)])

    def land_files(self, paths: list[Path]) -> None:
        """Land the same files in both."""
        for lake in (self.here, self.there):
            files.ingest(paths, lake.store)

    def built(
        self, parsers: Parsers | None = None, window: Window | None = None
    ) -> tuple[Built, Built]:
        """What a build came to, here and on Spark."""
        return self.built_here(parsers, window), self.built_there(parsers, window)

    def built_here(self, parsers: Parsers | None = None, window: Window | None = None) -> Built:
        """What a build in this process came to."""
        return builder.build(self.here, parsers or plain_parsers(), window)

    def built_there(self, parsers: Parsers | None = None, window: Window | None = None) -> Built:
        """What a build on Spark came to."""
        return builder.build(self.there, parsers or plain_parsers(), window, engine=self.spark)

    @property
    def snapshots(self) -> tuple[dict[str, int], dict[str, int]]:
        """Every built table's snapshot, here and there."""
        here, there = ({name: lake.snapshot(name) for name in BUILT} for lake in self[:2])
        return here, there


@contextmanager
def twins(folder: Path, spark: Engine) -> Iterator[Twins]:
    """Two empty folder lakes."""
    settings = (Settings(str(folder / name)) for name in ("here", "there"))
    (here, _), (there, _) = (made(each) for each in settings)
    with here, there:
        yield Twins(here, there, spark)


def plain_parsers(taxonomy: Taxonomy | None = None) -> Parsers:
    """The parse functions under a fixed key."""
    return Parsers(taxonomy or Taxonomy(), Tokens(bytes(32)))


def content(lake: Lake) -> Content:
    """Everything that a build leaves, whatever the files it is in."""
    rejects = [lake.store.get(key) for key, _ in lake.store.keys("bad/build/")]
    return Content(
        {name: in_order(lake.read(BY_NAME[name]), BY_NAME[name]) for name in BUILT},
        sorted((_told(run) for run in lake.read(BY_NAME["run"]).to_pylist()), key=repr),
        sorted(line for file in rejects for line in gzip.decompress(file).splitlines()),
    )


def in_order(rows: pa.Table, table: Table) -> pa.Table:
    """The rows in the order of their key, which is unique."""
    return rows.sort_by([(name, "ascending") for name in table.key]).combine_chunks()


def _told(run: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in run.items() if name not in _OF_ITS_OWN}
