"""Parsed rows by day, in memory or on disk."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from glue_jobs.spill import HELD_BYTES, Spill
from transforms.tables import WORK_ITEM

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


def items(*named: tuple[str, date]) -> pa.Table:
    rows = [{"day": day, "work_item_id": name, "record_version": "v"} for name, day in named]
    return pa.Table.from_pylist(rows, schema=WORK_ITEM.schema)


@pytest.fixture(params=[HELD_BYTES, 0], ids=["in memory", "on disk"])
def spill(request: pytest.FixtureRequest, tmp_path: Path) -> Spill:
    """Two puts of rows of two days."""
    made = Spill(tmp_path, WORK_ITEM, request.param)
    made.put(items(("a", TUESDAY), ("b", MONDAY)))
    made.put(items(("c", MONDAY)))
    return made


def test_rows_come_back_day_by_day(spill: Spill):
    assert spill.read(spill.rows_by_day).equals(items(("b", MONDAY), ("c", MONDAY), ("a", TUESDAY)))


def test_rows_of_one_day_come_back_alone(spill: Spill):
    assert spill.read([TUESDAY]).equals(items(("a", TUESDAY)))


def test_named_columns_come_back_alone(spill: Spill):
    assert spill.read(spill.rows_by_day, ("work_item_id",)).to_pydict() == {
        "work_item_id": ["b", "c", "a"]
    }


def test_rows_are_counted_by_day(spill: Spill):
    assert spill.rows_by_day == {MONDAY: 2, TUESDAY: 1}


def test_nothing_is_written_while_rows_fit_in_memory(tmp_path: Path):
    Spill(tmp_path, WORK_ITEM).put(items(("a", MONDAY)))
    assert list(tmp_path.iterdir()) == []


def test_what_no_longer_fits_comes_back_with_what_did(tmp_path: Path):
    first = items(("a", MONDAY))
    made = Spill(tmp_path, WORK_ITEM, first.nbytes)
    made.put(first)
    made.put(items(("b", MONDAY), ("c", TUESDAY)))
    assert set(made.read(made.rows_by_day).column("work_item_id").to_pylist()) == {"a", "b", "c"}


def test_no_rows_are_no_rows(tmp_path: Path):
    made = Spill(tmp_path, WORK_ITEM)
    made.put(items())
    assert made.read(made.rows_by_day).equals(items())


def test_it_tells_what_a_row_takes(spill: Spill, tmp_path: Path):
    one = items(("a", MONDAY))
    assert spill.bytes_of_a_row == pytest.approx(one.nbytes, rel=0.2)
    assert Spill(tmp_path, WORK_ITEM).bytes_of_a_row == 0
