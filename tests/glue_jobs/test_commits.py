"""A table's thousandth commit reads and writes as little as its tenth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.manifest import ManifestFile

from glue_jobs import commits
from glue_jobs.lake import Lake, made
from glue_jobs.settings import Settings
from transforms.tables import WORK_ITEM

START = date(2026, 1, 5)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setattr("glue_jobs.lake.TABLES", (WORK_ITEM,))
    with made(Settings(str(tmp_path / "lake")))[0] as new:
        yield new


def put(lake: Lake, day: int, version: int) -> None:
    """Replace a day by one item of a version."""
    at = START + timedelta(days=day)
    row = {"day": at, "work_item_id": f"w-{day}", "record_version": f"v{version}"}
    with lake.replacement(WORK_ITEM) as change:
        change.put(pa.Table.from_pylist([row], schema=WORK_ITEM.schema), [at])


def manifests(lake: Lake) -> list[ManifestFile]:
    table = lake.iceberg("work_item")
    snapshot = table.current_snapshot()
    assert snapshot
    return list(snapshot.manifests(table.io))


def versions(lake: Lake) -> dict[str, str]:
    rows = lake.read(WORK_ITEM, columns=("work_item_id", "record_version")).to_pylist()
    return {row["work_item_id"]: row["record_version"] for row in rows}


def test_a_day_that_is_replaced_again_and_again_has_two_manifests(lake):
    for version in range(30):
        put(lake, 0, version)
    assert len(manifests(lake)) == 2  # what the last commit put in, and what it took out
    assert versions(lake) == {"w-0": "v29"}


def test_manifests_of_many_days_are_made_one(lake):
    for day in range(60):
        put(lake, day, 0)
        assert len(manifests(lake)) <= commits.MOST_SMALL + 2
    assert versions(lake) == {f"w-{day}": "v0" for day in range(60)}
    for day in range(0, 60, 7):
        put(lake, day, 1)
    assert versions(lake) == {f"w-{day}": f"v{int(day % 7 == 0)}" for day in range(60)}


def test_full_manifests_are_left_alone(lake, monkeypatch):
    for day in range(commits.MOST_SMALL + 1):
        put(lake, day, 0)
    before = {each.manifest_path for each in manifests(lake)}
    monkeypatch.setattr(commits, "FULL_BYTES", 1)
    for day in range(5):
        put(lake, 100 + day, 0)
    after = {each.manifest_path for each in manifests(lake)}
    assert before < after


def test_every_snapshot_that_stays_is_read_as_it_was(lake):
    expected = {}
    for turn in range(50):
        put(lake, turn % 30, turn)
        expected[lake.snapshot("work_item")] = versions(lake)
    table = lake.iceberg("work_item")
    for snapshot, rows in expected.items():
        found = table.scan(snapshot_id=snapshot).to_arrow().to_pylist()
        assert {row["work_item_id"]: row["record_version"] for row in found} == rows


def test_a_commit_reads_no_more_manifests_for_those_before_it(lake, monkeypatch):
    read, turns = ManifestFile.fetch_manifest_entry, []

    def counted(manifest: ManifestFile, *given, **named):
        turns[-1] += 1
        return read(manifest, *given, **named)

    monkeypatch.setattr(ManifestFile, "fetch_manifest_entry", counted)
    for version in range(40):
        turns.append(0)
        put(lake, 0, version)
    assert turns[5:] == turns[5:6] * 35
