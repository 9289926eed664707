"""Days that are worked on together."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from transforms import days

FIRST = date(2026, 1, 5)


def sizes(rows: list[int], bytes_of_a_row: float = 0) -> list[list[int]]:
    """The rows of the days of each group."""
    by_day = {FIRST + timedelta(days=n): count for n, count in enumerate(rows)}
    return [[by_day[day] for day in group] for group in days.groups(by_day, bytes_of_a_row)]


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "GROUP_ROWS", 10)
    monkeypatch.setattr(days, "GROUP_BYTES", 100)


def test_days_are_together_as_long_as_their_rows_are_few():
    assert sizes([4, 6, 1, 12, 3]) == [[4, 6], [1], [12], [3]]


def test_of_large_rows_there_are_fewer():
    assert sizes([2, 2, 2], bytes_of_a_row=25) == [[2, 2], [2]]


def test_of_small_rows_there_are_no_more_for_it():
    assert sizes([6, 6], bytes_of_a_row=1) == [[6], [6]]
