"""Work that is done ahead comes in its order, and its errors come out."""

from __future__ import annotations

import threading
import time

import pytest

from glue_jobs.ahead import shared_out


def test_results_come_in_the_order_of_the_items():
    def slow_if_even(item: int) -> int:
        time.sleep(0.02 if item % 2 == 0 else 0)
        return item * 10

    assert [*shared_out(slow_if_even, range(7), 3)] == [item * 10 for item in range(7)]


def test_two_are_worked_on_at_a_time():
    both = threading.Barrier(2, timeout=30)
    assert len([*shared_out(lambda _item: both.wait(), range(4), 2)]) == 4


def test_no_more_is_taken_than_is_needed():
    taken: list[int] = []
    coming = shared_out(lambda item: item, (taken.append(n) or n for n in range(9)), 2)
    assert next(coming) == 0
    assert len(taken) == 3


def test_an_error_comes_out_where_the_result_would_have():
    def third_fails(item: int) -> int:
        return item if item < 2 else 1 // 0

    coming = shared_out(third_fails, range(5), 2)
    assert [next(coming), next(coming)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(coming)
