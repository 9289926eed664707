"""A real month of a bank's call centre comes to the metrics computed from it independently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from tests.lake_program import run
from transforms.tables import TABLES

DATA = Path(__file__).parents[3] / "shared" / "data"
MONTH = DATA / "bank_1999_02"
EXPECTED = DATA / "bank_1999_02_expected_metrics.json"
BUILT = tuple(table.name for table in TABLES[:6])

pytestmark = pytest.mark.skipif(not EXPECTED.exists(), reason="the shared data are not here")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = str(tmp_path_factory.mktemp("bank") / "lake")
    run("ingest", "--lake", address, str(MONTH))
    run("build", "--lake", address)
    return address


def metrics(lake: str, by: str) -> dict[str, dict[str, Any]]:
    asked = ("query", "contact_metrics", "--param", f"by={by}", "--format", "json")
    return {row.pop("grp"): row for row in run(*asked, "--lake", lake).rows}


def nearly(metrics: dict[str, Any]) -> dict[str, Any]:
    """Counts exactly, shares to 1e-6, averages and minutes to 1e-3."""
    close = {
        name: pytest.approx(value, rel=0, abs=1e-6 if name.startswith("service_level") else 1e-3)
        for name, value in metrics.items()
        if isinstance(value, float)
    }
    return metrics | close


def content(lake: str) -> dict[str, tuple[int, int]]:
    """Snapshot and rows of every table that is built."""
    with opened(Settings(lake)) as open_lake:
        return {name: (open_lake.snapshot(name), open_lake.count(name)) for name in BUILT}


def test_every_category_and_the_whole_equal_the_expected_metrics(lake):
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    names = expected["ALL"].keys()
    found = metrics(lake, "category") | metrics(lake, "all")
    assert {group: {name: row[name] for name in names} for group, row in found.items()} == {
        group: nearly(values) for group, values in expected.items()
    }


def test_ingesting_it_twice_more_in_another_order_changes_nothing(lake):
    before = content(lake)
    parts = sorted((str(path) for path in MONTH.glob("*.gz")), reverse=True)
    for part in parts:
        run("ingest", "--lake", lake, part)
    run("ingest", "--lake", lake, *parts)
    assert run("build", "--lake", lake, "--format", "json").rows == []
    assert content(lake) == before
