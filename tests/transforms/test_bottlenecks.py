"""Rank, intervals, words and causes over day blocks, worked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from math import exp, log, sqrt
from typing import Any

import numpy as np
import pytest

from tests.transforms.landed import at, table
from transforms import tables
from transforms.workforce.bottlenecks import (
    Blocks,
    Estimate,
    blocks,
    bottlenecks,
    cause,
    has_enough_days,
    hot_hours,
    ratio_estimate,
    verdicts,
)

MONDAY = date(2024, 5, 6)
WEEK = tuple(MONDAY + timedelta(n) for n in range(7))
MINUTE = 60_000


def of(wait_minutes: Any, days: tuple[date, ...] = WEEK[:5], **fields: Any) -> Blocks:
    """Blocks of days × skills a, b, …; every other sum 100 a day."""
    wait = np.atleast_2d(np.array(wait_minutes, np.int64)) * MINUTE
    skills = tuple("abcdefghijklmnop"[: wait.shape[1]])
    same = np.full(wait.shape, 100)
    sums = dict.fromkeys(Blocks._fields[2:], same) | {"wait_ms": wait}
    return Blocks(days[: len(wait)], skills, **{**sums, **fields})


def names(found: Any) -> list[tuple[int, str]]:
    return [(each.rank, each.skill) for each in found]


def test_the_most_wait_minutes_come_first():
    assert names(bottlenecks(of([[10, 30, 20]]))) == [(1, "b"), (2, "c"), (3, "a")]


def test_equal_waits_share_a_rank_and_come_by_name():
    assert names(bottlenecks(of([[20, 30, 20]]))) == [(1, "b"), (2, "a"), (2, "c")]


def test_no_days_have_no_bottleneck():
    empty = [tables.SKILL_LOAD.empty(), tables.SKILL_STAFFING.empty()]
    assert bottlenecks(blocks(*empty)) == ()


def test_the_ratio_interval_is_cochrans():
    """m = 10, 20, 60 over n = 1, 2, 3: R = 15, residuals -5, -10, 15, t of two is 4.302653."""
    found = ratio_estimate([10, 20, 60], [1, 2, 3])
    half = 4.302652729911275 * sqrt(350 / (3 * 2)) / 2
    assert found == Estimate(15.0, pytest.approx(half, rel=1e-9))


def test_one_day_has_no_interval():
    assert ratio_estimate([10], [2]) == Estimate(5.0, None)


@pytest.mark.parametrize(
    ("days", "enough"), [(WEEK[:5], True), (WEEK[1:], False), (WEEK[:4], False), ((), False)]
)
def test_five_days_of_one_kind_are_enough(days, enough):
    assert has_enough_days(days) == enough


def test_too_few_days_have_no_word_but_that():
    found = bottlenecks(of([[10, 30]] * 4))
    assert [(each.verdict, each.wait_minutes.half_width) for each in found] == [
        ("not enough data", None)
    ] * 2


def test_a_skill_above_the_others_day_by_day_is_likely_and_the_others_are_none():
    waits = [[90 + n % 2, 10, 11 - n % 2] for n in range(5)]
    assert verdicts(WEEK[:5], waits) == ("likely", None, None)


def test_a_skill_that_is_worst_on_one_day_only_is_possible():
    waits = [[10, 11], [11, 10], [10, 11], [200, 10], [10, 10]]
    assert verdicts(WEEK[:5], waits) == ("possible", "possible")


def test_a_single_skill_is_possible():
    assert verdicts(WEEK[:5], [[10], [20], [30], [40], [50]]) == ("possible",)


def test_what_a_bottleneck_says_of_its_skill():
    now = of(
        [[60, 20], [60, 20]],
        queued=np.array([[200, 100]] * 2),
        abandoned=np.array([[20, 0]] * 2),
        load_ms=np.array([[200 * MINUTE, 100 * MINUTE]] * 2),
        share_ms=np.array([[250 * MINUTE, 100 * MINUTE]] * 2),
        overlap_ms=np.array([[30 * MINUTE, 0]] * 2),
    )
    found = bottlenecks(now)[0]
    assert (found.wait_share, found.abandonment, found.load) == (0.75, 0.1, 0.8)
    assert (found.overlap_contacts, found.wait_minutes.value) == (30.0, 60.0)


def test_waits_far_beyond_the_model_are_not_for_want_of_staff_alone():
    now = of([[100, 20]] * 5)
    found = bottlenecks(now, modelled_wait_s={"a": 39.0, "b": 10.0})
    assert [each.is_beyond_model for each in found] == [True, False]


def test_without_a_model_nothing_is_beyond_it():
    assert [each.is_beyond_model for each in bottlenecks(of([[100, 20]] * 5))] == [False, False]


CHANGES = {
    "volume": {"queued": 150, "load_ms": 150},
    "handle time": {"load_ms": 150},
    "staffing": {"head_ms": 50, "share_ms": 50},
    "skill concentration": {"share_ms": 50},
}


@pytest.mark.parametrize(("name", "change"), CHANGES.items())
def test_a_planted_cause_is_named(name, change):
    more = {field: np.full((5, 1), value) for field, value in change.items()}
    found = cause(of([[20]] * 5, **more), of([[10]] * 5), "a")
    assert found is not None
    assert found.name == name


def test_the_parts_add_up_to_the_change_of_the_load():
    sums = {"queued": 130, "load_ms": 170, "head_ms": 90, "share_ms": 60}
    now = of([[20]] * 5, **{name: np.full((5, 1), value) for name, value in sums.items()})
    found = cause(now, of([[10]] * 5), "a")
    assert found is not None
    assert exp(sum(found[1:])) == pytest.approx(170 / 60)


def test_periods_of_different_length_are_compared_by_day():
    found = cause(of([[10]] * 5), of([[10]] * 2), "a")
    assert found is not None
    assert found == ("other", 0, 0, 0, 0)


def test_where_waiting_fell_the_cause_is_what_eased_it():
    fewer = {"queued": np.full((5, 1), 50), "load_ms": np.full((5, 1), 60)}
    found = cause(of([[5]] * 5, **fewer), of([[10]] * 5), "a")
    assert found is not None
    assert (found.name, found.volume) == ("volume", pytest.approx(log(0.5)))


def test_a_new_skill_has_no_cause():
    assert cause(of([[10, 10]]), of([[10]]), "b") is None


def test_a_skill_without_staff_has_no_cause():
    none = {"head_ms": np.zeros((1, 1), int)}
    assert cause(of([[10]], **none), of([[10]]), "a") is None


def test_the_hour_that_waits_is_found_and_no_other():
    rng = np.random.default_rng(1)
    waits = rng.integers(50, 60, (5, 3, 8))
    waits[:, 1, 4] += 200
    assert np.argwhere(hot_hours(waits)).tolist() == [[1, 4]]


def test_four_days_show_no_hour():
    assert not hot_hours(np.ones((4, 2, 2))).any()


def test_cells_that_are_all_equal_show_no_hour():
    assert not hot_hours(np.ones((5, 2, 2))).any()


def test_blocks_are_the_tables_rows_by_day_and_skill():
    load = {
        "instance_id": "i-1",
        "category": "c",
        "skill": "Billing",
        **dict.fromkeys(
            (c.name for c in tables.SKILL_LOAD.columns if c.name.startswith("contacts")), 2
        ),
        **dict.fromkeys((c.name for c in tables.SKILL_LOAD.columns if c.name.endswith("_ms")), 5),
    }
    staff = {"instance_id": "i-1", "skill": "Billing", "agents": 1, "staffed_head_ms": 7,
             "staffed_share_ms": 3, "idle_ms": 1, "queue_ms": 1, "overlap_ms": 4}  # fmt: skip
    when = [{"day": MONDAY, "interval_start": at(f"2024-05-06T09:{minute}")} for minute in (15, 30)]
    found = blocks(
        table(tables.SKILL_LOAD, [load | each for each in when]),
        table(tables.SKILL_STAFFING, [staff | each for each in when]),
    )
    assert (found.days, found.skills) == ((MONDAY,), ("Billing",))
    assert [int(sums[0, 0]) for sums in found[2:]] == [4, 4, 4, 10, 10, 10, 14, 6, 8]
