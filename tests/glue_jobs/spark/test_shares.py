"""How the work is cut: bounded pieces, and files of bounded size."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from glue_jobs.spark.shares import LEAST_ROWS_IN_A_PIECE, ROWS_IN_A_PIECE, pieces
from glue_jobs.spark.writing import ROWS_IN_A_FILE, Layout
from transforms.tables import USERS, WORK_ITEM

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


@pytest.mark.parametrize(
    ("rows", "cores", "expected"),
    [
        (0, 8, 1),
        (LEAST_ROWS_IN_A_PIECE, 8, 1),  # too few to share
        (3 * LEAST_ROWS_IN_A_PIECE, 8, 3),
        (ROWS_IN_A_PIECE, 8, 8),  # one for every core
        (20 * ROWS_IN_A_PIECE, 8, 20),  # bounded, whatever the cores
        (20 * ROWS_IN_A_PIECE + 1, 1, 21),
    ],
)
def test_pieces_are_bounded_and_keep_every_core_busy(rows: int, cores: int, expected: int):
    assert pieces(rows, cores) == expected


def test_a_day_is_as_few_files_as_hold_its_rows():
    layout = Layout.of(WORK_ITEM, {MONDAY: ROWS_IN_A_FILE + 1, TUESDAY: 5})
    assert layout.days == [MONDAY, MONDAY, TUESDAY]


def test_rows_go_to_the_files_of_their_day_and_others_nowhere():
    layout = Layout.of(WORK_ITEM, {MONDAY: 1, TUESDAY: 0})
    rows = pa.table({"day": [TUESDAY, date(2026, 1, 9), MONDAY], "work_item_id": ["a", "b", "c"]})
    found = [(p.piece, p.tag, p.rows["work_item_id"].to_pylist()) for p in layout.parcels(rows, 1)]
    assert found == [(0, 1, ["c"]), (1, 1, ["a"])]


def test_a_table_without_days_is_written_whole():
    layout = Layout.of(USERS, {None: 3})
    rows = pa.table({"user_id": ["u"]})
    assert [(p.piece, p.rows) for p in layout.parcels(rows, 1)] == [(0, rows)]
