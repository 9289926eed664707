"""Patience from censored waits: hand-made tables, simulated truth, a bank's real month."""

from __future__ import annotations

import gzip
import json
from fractions import Fraction
from math import inf, isnan, log, prod
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.workforce.patience import (
    abandon_rate,
    hazard_per_s,
    patience_curve,
    shrunk_rates_per_s,
)

DATA = Path(__file__).parents[3] / "shared" / "data"
RECORDS = DATA / "bank_1999_02" / "contact_records.ndjson.gz"
here = pytest.mark.skipif(not RECORDS.exists(), reason="the shared data are not here")

# Remission of 21 leukaemia patients under 6-MP, in weeks (Freireich et al. 1963): the textbook's
# table, with ties of events, and of events and censorings.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
waits = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=40)


def columns(contacts):
    return [wait for wait, _ in contacts], [left for _, left in contacts]


def simulated(contacts: int, patience_ms: float, offered_ms: float, seed: int = 1958):
    """Waits of callers with exponential patience, and an independent wait that cuts them."""
    random = np.random.default_rng(seed)
    patience = random.exponential(patience_ms, contacts)
    offered = random.exponential(offered_ms, contacts)
    return np.minimum(patience, offered).astype(np.int64), patience < offered


def test_the_textbooks_table_comes_out():
    curve = patience_curve(WEEKS, RELAPSED)
    assert (
        list(curve.wait_ms),
        list(curve.at_risk),
        list(curve.abandoned),
        [round(float(share), 4) for share in curve.survival],
        curve.longest_ms,
    ) == (
        [6, 7, 10, 13, 16, 22, 23],
        [21, 17, 15, 12, 11, 7, 6],
        [3, 1, 1, 1, 1, 1, 1],
        [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482],
        35,
    )


def test_the_textbooks_median_is_23():
    assert patience_curve(WEEKS, RELAPSED).median_ms() == 23


@given(waits)
def test_the_curve_is_the_product_of_exact_shares(contacts):
    curve = patience_curve(*columns(contacts))
    times = sorted({wait for wait, left in contacts if left})
    share = {
        time: 1
        - Fraction(
            sum(wait == time and left for wait, left in contacts),
            sum(wait >= time for wait, _ in contacts),
        )
        for time in times
    }
    expected = [float(prod(share[t] for t in times if t <= time)) for time in times]
    assert list(curve.survival) == pytest.approx(expected, rel=1e-12)


@given(waits, st.randoms(use_true_random=False))
def test_the_order_of_contacts_changes_nothing(contacts, random):
    shuffled = random.sample(contacts, len(contacts))
    curve, other = (patience_curve(*columns(rows)) for rows in (contacts, shuffled))
    assert [list(curve[i]) for i in range(4)] == [list(other[i]) for i in range(4)]


@given(waits)
def test_with_nobody_answered_the_curve_is_the_share_who_waited_longer(contacts):
    times = [wait for wait, _ in contacts]
    curve = patience_curve(times, [True] * len(times))
    expected = [sum(wait > time for wait in times) / len(times) for time in curve.wait_ms]
    assert list(curve.survival) == pytest.approx(expected, abs=1e-12)


def test_who_leaves_goes_before_who_is_answered_at_the_same_time():
    curve = patience_curve([5, 5], [True, False])
    assert (list(curve.at_risk), list(curve.survival)) == ([2], [0.5])


def test_an_answer_makes_patience_longer_than_the_mean_of_those_who_left():
    wait, left = [10, 10, 60, 60, 60, 60], [True, True, False, False, False, False]
    assert patience_curve(wait, left).median_ms() == inf


def test_without_contacts_nothing_is_known():
    curve = patience_curve([], [])
    assert (curve.median_ms(), curve.longest_ms, curve.wait_ms.size) == (inf, 0, 0)


def test_survival_steps_down_at_the_very_time_of_leaving():
    curve = patience_curve([10, 20], [True, True])
    assert list(curve.survival_at([0, 9, 10, 19, 20, 99])) == [1, 1, 0.5, 0.5, 0, 0]


def test_a_quantile_is_found_where_rounding_would_step_past_it():
    curve = patience_curve(range(1, 11), [True] * 10)
    assert [curve.quantile_ms(share / 10) for share in range(1, 10)] == list(range(1, 10))


def test_the_restricted_mean_is_the_area_below_the_steps():
    curve = patience_curve([10, 20, 30, 40], [True, False, True, False])
    # 10 at 1, then 20 at 3/4, then 5 at 3/8.
    assert curve.restricted_mean_ms(35) == 10 + 15 + 5 * 0.375


def test_a_mean_without_censoring_is_the_plain_mean():
    assert patience_curve([10, 20, 60], [True] * 3).restricted_mean_ms(1000) == pytest.approx(30)


def test_a_mean_beyond_what_was_seen_is_refused():
    with pytest.raises(
        ValueError, match="until_ms is 41: the waits seen tell patience from 0 to 4"
    ):
        patience_curve([10, 40], [True, False]).restricted_mean_ms(41)


def test_a_quantile_of_everybody_is_refused():
    with pytest.raises(ValueError, match="share is 1: it must lie between 0 and 1"):
        patience_curve([10], [True]).quantile_ms(1)


def test_the_hazard_counts_seconds_spent_in_each_band():
    # Seconds in [0, 10): 5 + 10 + 10 + 10; in [10, 30): 0 + 5 + 20 + 20; in [30, 50): 0 + 20.
    wait, left = [5_000, 15_000, 30_000, 60_000], [True, True, True, False]
    found = hazard_per_s(wait, left, [0, 10_000, 30_000, 50_000, 60_000, 70_000])
    assert list(found[:4]) == [1 / 35, 1 / 45, 1 / 20, 0]
    assert isnan(found[4])


def test_the_hazard_of_the_whole_is_the_likeliest_exponential_rate():
    wait, left = simulated(500, 60_000, 30_000)
    [whole] = hazard_per_s(wait, left, [0, int(wait.max()) + 1])
    assert whole == pytest.approx(abandon_rate(wait, left).per_s, rel=1e-12)


def test_the_hazard_of_exponential_patience_is_flat():
    wait, left = simulated(200_000, 60_000, 60_000)
    found = hazard_per_s(wait, left, range(0, 70_000, 10_000))
    assert found == pytest.approx(np.full(6, 1 / 60), rel=0.04)


def test_edges_that_do_not_ascend_are_refused():
    with pytest.raises(ValueError, match=r"edges_ms is .10, 10.: two or more ascending times"):
        hazard_per_s([1], [True], [10, 10])


@pytest.mark.parametrize("offered_ms", [10_000, 60_000, 300_000])
def test_simulated_patience_is_found_however_often_answers_cut_it(offered_ms):
    wait, left = simulated(200_000, 60_000, offered_ms)
    curve, rate = patience_curve(wait, left), abandon_rate(wait, left)
    found = (curve.median_ms(), curve.quantile_ms(0.25), rate.mean_patience_s)
    assert found == pytest.approx((60_000 * log(2), 60_000 * log(4 / 3), 60), rel=0.02)


def test_the_mean_of_those_who_left_is_far_from_the_truth():
    wait, left = simulated(200_000, 60_000, 10_000)
    assert wait[left].mean() == pytest.approx(60_000 / 7, rel=0.02)


def test_patience_that_is_not_exponential_is_found():
    random = np.random.default_rng(7)
    patience = np.where(random.random(200_000) < 0.3, 5_000, 90_000)
    offered = random.exponential(40_000, patience.size)
    curve = patience_curve(np.minimum(patience, offered).astype(np.int64), patience < offered)
    assert curve.survival_at([4_999, 5_000, 89_999, 90_000]) == pytest.approx(
        [1, 0.7, 0.7, 0], abs=0.005
    )


def test_the_interval_of_the_rate_covers_the_truth_as_often_as_it_says():
    covered = 0
    for seed in range(1000):
        rate = abandon_rate(*simulated(120, 60_000, 30_000, seed))
        covered += rate.low_per_s <= 1 / 60 <= rate.high_per_s
    assert covered / 1000 == pytest.approx(0.95, abs=0.02)


def test_the_rate_is_those_who_left_over_all_seconds_waited():
    rate = abandon_rate([10_000, 30_000, 60_000], [True, False, True])
    assert (rate.per_s, rate.abandoned, rate.waited_s, rate.mean_patience_s) == (0.02, 2, 100, 50)


def test_if_nobody_left_the_rate_is_0_up_to_what_chance_allows():
    rate = abandon_rate([40_000, 60_000], [False, False])
    found = (rate.per_s, rate.low_per_s, rate.high_per_s, rate.mean_patience_s)
    assert found == (0, 0, pytest.approx(-log(0.025) / 100), inf)


@pytest.mark.parametrize("call", [abandon_rate, shrunk_rates_per_s])
def test_without_any_waiting_a_rate_is_refused(call):
    with pytest.raises(ValueError, match="nobody waited, so that nothing tells of patience"):
        call([0, 0], [0, 0])


def test_a_small_queue_is_drawn_to_the_rate_of_all():
    # 300 left in 10,000 s: 0.03 a second. The small queue alone would say 0.
    found = shrunk_rates_per_s([300, 0], [9_900_000, 100_000])
    assert list(found) == pytest.approx([300 / 9_900, 50 / (100 + 50 / 0.03)])


def test_a_queue_that_nobody_waited_in_has_the_rate_of_all():
    assert list(shrunk_rates_per_s([300, 0], [10_000_000, 0])) == pytest.approx([0.03, 0.03])


def test_if_nobody_left_any_queue_all_rates_are_0():
    assert list(shrunk_rates_per_s([0, 0], [1000, 2000])) == [0, 0]


def test_a_queue_with_enough_who_left_keeps_its_own_rate():
    found = shrunk_rates_per_s([100, 99, 801], [1_000_000, 1_000_000, 8_000_000])
    assert list(found[[0, 2]]) == [0.1, 801 / 8000]
    assert found[1] == pytest.approx(149 / 1500)


def test_a_million_contacts_take_less_than_a_second():
    wait, left = simulated(1_000_000, 60_000, 30_000)
    before = process_time()
    patience_curve(wait, left)
    assert process_time() - before < 1


def test_waits_and_outcomes_must_be_as_many():
    with pytest.raises(ValueError, match=r"wait_ms has the shape \(2,\), abandoned \(1,\)"):
        patience_curve([1, 2], [True])


def test_a_negative_wait_is_refused():
    with pytest.raises(ValueError, match="wait_ms holds -1: a wait is 0 ms or longer"):
        patience_curve([-1], [True])


def bank_month():
    """Waits of the queued contacts, and whether no agent came."""
    with gzip.open(RECORDS) as lines:
        records = [json.loads(line) for line in lines]
    queued = [record for record in records if record["Queue"]]
    waited = [1000 * record["Queue"]["Duration"] for record in queued]
    return np.array(waited), np.array([record["Agent"] is None for record in queued])


@here
def test_the_banks_callers_are_patient_where_the_naive_mean_calls_them_hasty():
    wait, left = bank_month()
    assert patience_curve(wait, left).median_ms() == 280_000
    assert wait[left].mean() / 1000 == pytest.approx(65.53, abs=0.005)
    assert abandon_rate(wait, left).mean_patience_s == pytest.approx(344.35, abs=0.005)
