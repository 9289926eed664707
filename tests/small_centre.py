"""A handful of records of two days, and lakes that have built them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from glue_jobs import build as builder
from glue_jobs.build import Built, Window
from glue_jobs.history import BUILT
from glue_jobs.lake import Lake, made
from glue_jobs.parsers import Parsers
from glue_jobs.settings import Settings
from ingestion import files
from ingestion.privacy import Tokens
from tests.centre_records import agent_event, contact, work_item, written
from transforms.tables import BY_NAME
from transforms.taxonomy import Taxonomy

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
RECORDS = [
    contact("c-1"),
    contact("c-2", "2026-01-06T11:00:00Z", queue="Claims", category="claim"),
    agent_event("e-1", "2026-01-05T08:00:00Z", "LOGIN"),
    agent_event("e-2", "2026-01-05T17:00:00Z", "LOGOUT"),
    work_item("w-1"),
]
# c-1 goes to another day; c-3 is new; w-1 comes once more.
UPDATES = [
    contact("c-1", "2026-01-06T09:00:00Z", queue="Claims", updated="2026-01-07T00:00:00Z"),
    contact("c-3", "2026-01-06T12:00:00Z"),
    work_item("w-1"),
]


def land(lake: Lake, records: Iterable[Any], name: str) -> None:
    """Land records as one file of that name."""
    path = lake.settings.folder.parent / f"{name}.ndjson.gz"
    files.ingest([written(path, records)], lake.store)


def build(lake: Lake, window: Window | None = None, taxonomy: Taxonomy | None = None) -> Built:
    parsers = Parsers(taxonomy or Taxonomy(), Tokens(bytes(32)))
    return builder.build(lake, parsers, window)


def built_lake(folder: Path, *batches: Iterable[Any]) -> Lake:
    """A lake in which the batches were landed and built one after another."""
    lake, _ = made(Settings(str(folder)))
    for number, batch in enumerate(batches):
        land(lake, batch, f"{folder.name}-{number}")
        build(lake)
    return lake


def content(lake: Lake, *names: str) -> dict[str, list[Any]]:
    """The rows of built tables (none named = all), whatever files they are in."""
    return {name: sorted(lake.read(BY_NAME[name]).to_pylist(), key=repr) for name in names or BUILT}
