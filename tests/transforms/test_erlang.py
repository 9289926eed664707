"""Erlang B, C and A: closed forms to 60 digits, identities, limits and monotonicity."""

from __future__ import annotations

from math import inf, isfinite, nan
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from tests.transforms.exact_erlang import exact_a, exact_b, exact_c
from transforms.workforce.erlang import (
    ErlangQueue,
    Target,
    agents_needed,
    erlang_a,
    erlang_b,
    erlang_c,
)

RANDOM = Random(1917)
POINTS = [
    (
        10 ** RANDOM.uniform(-2, 2.5),
        RANDOM.randint(1, 330),
        10 ** RANDOM.uniform(-2, 2),
        10 ** RANDOM.uniform(-3, 1),
    )
    for _ in range(500)
]
NEAR = [  # where waits are neither certain nor unheard of
    (load, max(1, round(load + RANDOM.uniform(-2, 3) * load**0.5)), patience, time)
    for load, _, patience, time in POINTS
]
LARGE = [
    (5000.0, 5000, 1.0, 0.01),
    (5000.0, 5100, 20.0, 0.02),
    (5000.0, 4700, 3.0, 0.1),
    (4321.5, 4400, 0.05, 0.005),
    (5000.0, 1, 2.0, 1.0),
    (1.0, 5000, 2.0, 0.1),
]
loads = st.floats(0.01, 400)
pools = st.integers(0, 450)
patiences = st.floats(0.01, 50)


def measures(queue: ErlangQueue, time: float) -> tuple[float, ...]:
    return (*queue[3:], queue.service_level(time), queue.wait_beyond(time))


@pytest.mark.parametrize("points", [POINTS, LARGE], ids=["random", "large"])
def test_b_equals_the_quotient_of_sums_to_1e_9(points):
    found = [erlang_b(load, agents) for load, agents, *_ in points]
    expected = [exact_b(load, agents) for load, agents, *_ in points]
    assert found == pytest.approx(expected, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("points", [POINTS, NEAR, LARGE], ids=["random", "near", "large"])
def test_c_equals_the_quotient_of_sums_to_1e_9(points):
    stable = [(a, n, t) for a, n, _, t in points if a < n]
    found = [measures(erlang_c(a, n), t) for a, n, t in stable]
    expected = [tuple(exact_c(a, n, t)) for a, n, t in stable]
    assert np.array(found) == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("points", [POINTS, NEAR, LARGE], ids=["random", "near", "large"])
def test_a_equals_the_chain_summed_state_by_state_to_1e_8(points):
    found = [measures(erlang_a(a, n, p), t) for a, n, p, t in points]
    expected = [tuple(exact_a(a, n, p, t)) for a, n, p, t in points]
    assert np.array(found) == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)


def test_c_follows_from_b():
    for load, agents, *_ in [point for point in NEAR if point[0] < point[1]]:
        lost = erlang_b(load, agents)
        assert erlang_c(load, agents).wait_probability == pytest.approx(
            agents * lost / (agents - load * (1 - lost)), rel=0, abs=1e-10
        )


def test_what_comes_is_answered_or_abandons():
    for load, agents, patience, _ in POINTS + NEAR:
        queue = erlang_a(load, agents, patience)
        balance = queue.abandonment * load - (load - queue.occupancy * agents)
        assert balance / load == pytest.approx(0, abs=1e-10)


def test_abandonment_is_the_mean_wait_over_patience():
    for load, agents, patience, _ in POINTS + NEAR:
        queue = erlang_a(load, agents, patience)
        assert queue.abandonment == pytest.approx(queue.mean_wait / patience, rel=0, abs=1e-10)


def test_all_who_wait_long_enough_are_answered_or_have_abandoned():
    for load, agents, patience, _ in POINTS + NEAR:
        queue = erlang_a(load, agents, patience)
        assert queue.service_level(1e6) + queue.abandonment == pytest.approx(1, abs=1e-10)


def test_nobody_has_waited_at_time_0():
    for load, agents, patience, _ in POINTS + NEAR:
        queue = erlang_a(load, agents, patience)
        expected = (1 - queue.wait_probability, queue.wait_probability)
        assert (queue.service_level(0), queue.wait_beyond(0)) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("point", NEAR[:20])
def test_the_mean_wait_is_the_integral_of_the_tail(point):
    load, agents, patience, _ = point
    queue = erlang_a(load, agents, patience)
    end = queue.wait_quantile(1 - 1e-13)
    area, _ = quad(queue.wait_beyond, 0, end, limit=200, epsabs=1e-12, epsrel=1e-12)
    assert area == pytest.approx(queue.mean_wait, rel=1e-8, abs=1e-11)


@pytest.mark.parametrize("patience", [inf, 0.8])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.99])
def test_a_quantile_is_waited_beyond_by_the_rest(share, patience):
    queue = erlang_a(95, 96, patience)
    beyond = queue.wait_beyond(queue.wait_quantile(share))
    assert beyond == pytest.approx(min(1 - share, queue.wait_probability), rel=1e-9)


def test_the_quantile_of_those_who_need_not_wait_is_0():
    assert erlang_a(10, 20, 1.0).wait_quantile(0.5) == 0.0


def test_the_last_caller_waits_without_bound():
    assert [erlang_a(9, 10, patience).wait_quantile(1) for patience in (1.0, inf)] == [inf, inf]


def test_without_patience_a_is_b():
    queue = erlang_a(90, 95, 0)
    lost = erlang_b(90, 95)
    assert measures(queue, 0.1)[:3] == (lost, 0.0, lost)
    assert (queue.service_level(0.1), queue.wait_beyond(0.1)) == (1 - lost, 0.0)


def test_as_patience_goes_to_0_a_goes_to_b():
    for load, agents, _, time in POINTS + NEAR:
        lost = erlang_b(load, agents)
        queue = erlang_a(load, agents, 1e-12)
        assert queue[3:6] == pytest.approx((lost, 0, lost), abs=1e-8)
        assert queue.service_level(time) == pytest.approx(1 - lost, abs=1e-8)


def test_with_endless_patience_a_is_c():
    assert erlang_a(90, 95, inf) == erlang_c(90, 95)


def test_as_patience_grows_a_goes_to_c():
    for load, agents, _, time in [point for point in NEAR if point[0] < 0.98 * point[1]]:
        found = measures(erlang_a(load, agents, 1e9), time)
        assert found == pytest.approx(measures(erlang_c(load, agents), time), rel=1e-4, abs=1e-6)


def test_an_overloaded_pool_of_the_patient_makes_everybody_wait_without_end():
    queue = erlang_c(10, 10)
    assert queue == ErlangQueue(10, 10, inf, 1.0, inf, 0.0, 1.0)
    assert (queue.service_level(5), queue.wait_quantile(0.1)) == (0.0, inf)


def test_an_overloaded_pool_of_the_impatient_loses_the_surplus():
    queue = erlang_a(5000, 4000, 10)
    assert queue[3:] == pytest.approx((1, 2, 0.2, 1), rel=1e-12)


def test_without_calls_nobody_waits():
    for queue in (erlang_a(0, 3, 2.0), erlang_c(0, 3)):
        assert measures(queue, 0.1) == (0.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def test_without_agents_everybody_waits_until_patience_ends():
    queue = erlang_a(3, 0, 2.0)
    assert queue[3:] == pytest.approx((1, 2, 1, 1))
    assert queue.service_level(9) == 0.0
    assert queue.wait_quantile(0.5) == pytest.approx(2 * np.log(2))


def test_blocking_without_calls_is_certain_only_without_agents():
    assert (erlang_b(0, 0), erlang_b(0, 1)) == (1.0, 0.0)


@pytest.mark.parametrize("patience", [1e-9, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("agents", [0, 1, 4900, 5000, 5100, 9000])
def test_five_thousand_erlangs_stay_finite(agents, patience):
    queue = erlang_a(5000, agents, patience)
    found = measures(queue, 0.01)
    assert all(isfinite(value) and value >= 0 for value in found)


@settings(max_examples=200, deadline=None)
@given(loads, pools, patiences, st.floats(1.0001, 1.5))
def test_more_load_never_helps(load, agents, patience, more):
    less, greater = erlang_a(load, agents, patience), erlang_a(load * more, agents, patience)
    assert all(x <= y + 1e-12 * max(1, y) for x, y in zip(less[3:], greater[3:], strict=True))
    assert greater.service_level(0.1) <= less.service_level(0.1) + 1e-12


@settings(max_examples=200, deadline=None)
@given(loads, pools, patiences)
def test_an_agent_more_never_harms(load, agents, patience):
    less, more = erlang_a(load, agents, patience), erlang_a(load, agents + 1, patience)
    assert all(x <= y + 1e-12 * max(1, y) for x, y in zip(more[3:], less[3:], strict=True))
    assert less.service_level(0.1) <= more.service_level(0.1) + 1e-12


@settings(max_examples=200, deadline=None)
@given(loads, st.integers(1, 450), patiences)
def test_each_further_agent_saves_less_waiting(load, agents, patience):
    waits = [erlang_a(load, agents + more, patience).mean_wait for more in (-1, 0, 1)]
    assert waits[0] - waits[1] >= waits[1] - waits[2] - 1e-12 * patience


@settings(max_examples=200, deadline=None)
@given(loads, pools, patiences, st.floats(1.001, 3))
def test_more_patience_means_more_waiting_and_fewer_lost(load, agents, patience, more):
    hasty, calm = erlang_a(load, agents, patience), erlang_a(load, agents, patience * more)
    assert hasty.mean_wait <= calm.mean_wait + 1e-12 * calm.patience
    assert calm.abandonment <= hasty.abandonment + 1e-12


TARGETS = [
    Target(service_level=0.8, within=0.1),
    Target(mean_wait=0.05),
    Target(occupancy=0.85),
    Target(service_level=0.9, within=0.05, occupancy=0.9),
]


@pytest.mark.parametrize("patience", [inf, 0.5])
@pytest.mark.parametrize("target", [*TARGETS, Target(abandonment=0.02)])
@pytest.mark.parametrize("load", [0.2, 7.0, 90.0, 1500.0])
def test_the_agents_needed_keep_the_target_and_one_fewer_do_not(load, target, patience):
    needed = agents_needed(load, target, patience)
    kept = [target.is_met(erlang_a(load, n, patience)) for n in (needed - 1, needed) if n >= 0]
    assert kept == [False, True][-len(kept) :]


def test_the_textbook_centre_needs_97_agents():
    assert agents_needed(90, Target(service_level=0.8, within=0.1)) == 97


def test_five_thousand_erlangs_need_few_more_than_their_load():
    target = Target(service_level=0.8, within=0.1)
    assert [agents_needed(5000, target, patience) for patience in (inf, 1.0)] == [5014, 4600]


def test_no_calls_need_no_agents():
    assert agents_needed(0, Target(service_level=0.8, within=0.1)) == 0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: erlang_b(-1, 3), "load is -1: it must be 0 or more erlangs, and finite"),
        (lambda: erlang_b(inf, 3), "load is inf: it must be 0 or more erlangs, and finite"),
        (lambda: erlang_c(nan, 3), "load is nan: it must be 0 or more erlangs, and finite"),
        (lambda: erlang_c(1, -3), "agents is -3: it must be 0 or more"),
        (lambda: erlang_c(1, 2.5), "agents is 2.5: it must be a whole number"),
        (lambda: erlang_a(1, 3, -1), "patience is -1: it must be 0 to 1e[+]09 mean handle times"),
        (lambda: erlang_a(1, 3, 2e9), "patience is 2000000000.0: it must be 0 to 1e[+]09"),
        (lambda: erlang_c(1, 3).service_level(-1), "within is -1: it must be 0 or more"),
        (lambda: erlang_c(1, 3).wait_beyond(-1), "time is -1: it must be 0 or more"),
        (lambda: erlang_c(1, 3).wait_quantile(2), r"share is 2: it must be in \[0, 1\]"),
        (lambda: agents_needed(9, Target(service_level=1)), "service_level is 1: it must be in"),
        (lambda: agents_needed(9, Target(mean_wait=0)), "mean_wait is 0: it must be above 0"),
        (lambda: agents_needed(9, Target(abandonment=0)), "abandonment is 0: it must be in"),
        (lambda: agents_needed(9, Target(occupancy=0)), "occupancy is 0: it must be in"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(call, told):
    with pytest.raises(ValueError, match=told):
        call()
