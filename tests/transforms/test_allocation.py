"""Allocation of multi-skilled agents: prices against derivatives, and what must always hold."""

from __future__ import annotations

from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.workforce.allocation import (
    allocation,
    allocations,
    head_staff,
    share_staff,
    training_value,
    waiting_curve,
)
from transforms.workforce.erlang import erlang_a

STEP = 1e-3


def centre(seed: int, *, whole: bool = False, groups: int = 6, skills: int = 4):
    """A random interval: load, patience, cost, agents, efficiency."""
    random = np.random.default_rng(seed)
    efficiency = np.where(random.random((groups, skills)) < 0.45, 1.0, 0.0)
    efficiency[np.arange(groups), np.arange(groups) % skills] = 1.0
    agents = random.integers(0, 9, groups).astype(float)
    if not whole:
        agents += random.random(groups)
        efficiency *= random.uniform(0.6, 1.2, efficiency.shape)
    load = random.uniform(0.3, 1.2, skills) * share_staff(agents, efficiency)
    return load, random.uniform(0.2, 4, skills), random.uniform(0.5, 3, skills), agents, efficiency


centres = st.builds(centre, st.integers(0, 10**6), whole=st.booleans())


def more_staff(data, skill: int, by: float) -> float:
    """The cost with ordinary agents more who have that skill only."""
    load, patience, cost, agents, efficiency = data
    only = np.eye(len(load))[[skill]]
    return allocation(load, patience, cost, [*agents, by], np.concatenate((efficiency, only))).cost


def more_agents(data, group: int, by: float) -> float:
    load, patience, cost, agents, efficiency = data
    return allocation(
        load, patience, cost, agents + by * np.eye(len(agents))[group], efficiency
    ).cost


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_the_price_of_a_skill_is_what_a_little_more_staff_saves(seed, whole):
    data = centre(seed, whole=whole)
    base = allocation(*data)
    saved = [(base.cost - more_staff(data, skill, STEP)) / STEP for skill in range(4)]
    assert saved == pytest.approx(list(base.staff_price), rel=1e-3, abs=2e-3)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_the_price_of_a_group_is_what_a_little_more_of_it_saves(seed, whole):
    data = centre(seed, whole=whole)
    base = allocation(*data)
    saved = [(base.cost - more_agents(data, group, STEP)) / STEP for group in range(6)]
    assert saved == pytest.approx(list(base.agent_price), rel=1e-3, abs=2e-3)


@pytest.mark.parametrize("agents", [0, 1, 17, 20, 23, 31])
def test_one_skill_is_erlang_a(agents):
    found = allocation([20.0], [1.5], [2.0], [agents], [[1.0]])
    now, more = (20 * erlang_a(20, n, 1.5).mean_wait for n in (agents, agents + 1))
    expected = (agents, now, 2 * now, 2 * (now - more), 2 * (now - more))
    assert tuple(float(np.sum(value)) for value in found[1:]) == pytest.approx(expected, abs=1e-5)


def test_two_equal_skills_share_a_group_equally():
    found = allocation([9.0, 9.0], [1.0, 1.0], [1.0, 1.0], [20.0], [[1.0, 1.0]])
    assert list(found.agents[0]) == pytest.approx([10, 10], abs=1e-5)


def test_equal_groups_are_worth_the_same_and_as_much_as_one():
    load, patience, cost = [9.0, 12.0], [1.0, 2.0], [1.0, 1.0]
    one = allocation(load, patience, cost, [22.5], [[1.0, 1.0]])
    two = allocation(load, patience, cost, [11.25, 11.25], [[1.0, 1.0], [1.0, 1.0]])
    assert (two.cost, *two.staff, *two.agent_price) == pytest.approx(
        (one.cost, *one.staff, *one.agent_price, *one.agent_price), abs=1e-5
    )


def test_the_many_skilled_go_where_the_single_skilled_are_few():
    efficiency = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    found = allocation([10.0, 10.0], [1.0, 1.0], [1.0, 1.0], [12.0, 6.0, 5.0], efficiency)
    assert list(found.agents[2]) == pytest.approx([0, 5], abs=1e-5)


def test_the_dearer_skill_gets_more_of_a_shared_group():
    found = allocation([9.0, 9.0], [1.0, 1.0], [1.0, 5.0], [18.0], [[1.0, 1.0]])
    assert found.staff[1] > found.staff[0]


@settings(max_examples=150, deadline=None)
@given(centres)
def test_there_is_always_an_allocation_and_it_keeps_to_the_agents(data):
    _, _, cost, agents, efficiency = data
    found = allocation(*data)
    assert np.all(found.agents >= 0)
    assert np.all(found.agents[efficiency == 0] == 0)
    assert np.all(found.agents.sum(axis=1) <= agents + 1e-6)
    assert found.staff == pytest.approx((found.agents * efficiency).sum(axis=0))
    assert found.cost == pytest.approx(float(cost @ found.waiting))


@settings(max_examples=100, deadline=None)
@given(centres, st.integers(0, 5), st.floats(0, 5))
def test_more_staff_never_costs_more(data, group, more):
    assert more_agents(data, group, more) <= allocation(*data).cost + 1e-5


@settings(max_examples=100, deadline=None)
@given(centres, st.integers(0, 5), st.integers(0, 3))
def test_one_skill_more_never_costs_more(data, group, skill):
    load, patience, cost, agents, efficiency = data
    trained = efficiency.copy()
    trained[group, skill] = max(trained[group, skill], 0.8)
    costs = [allocation(load, patience, cost, agents, e).cost for e in (efficiency, trained)]
    assert costs[1] <= costs[0] + 1e-5


@settings(max_examples=100, deadline=None)
@given(centres)
def test_no_sharing_by_hand_is_cheaper(data):
    load, patience, cost, agents, efficiency = data
    held = efficiency > 0
    by_hand = (agents[:, None] * held / held.sum(axis=1)[:, None] * efficiency).sum(axis=0)
    waiting = [
        np.interp(staff, *waiting_curve(*skill))
        for staff, *skill in zip(by_hand, load, patience, strict=True)
    ]
    assert allocation(*data).cost <= cost @ waiting + 1e-5


@settings(max_examples=100, deadline=None)
@given(centres)
def test_the_prices_add_up_to_what_is_at_stake(data):
    # Duality: a group is worth what its agents earn in the skills that they serve, and no more.
    *_, efficiency = data
    found = allocation(*data)
    earned = found.staff_price * efficiency
    assert np.all(earned <= found.agent_price[:, None] + 1e-6)
    assert np.where(found.agents > 1e-3, earned - found.agent_price[:, None], 0) == pytest.approx(
        np.zeros(efficiency.shape), abs=1e-6
    )


def test_equal_inputs_give_equal_bytes():
    found = [allocation(*centre(3)) for _ in range(2)]
    assert len({b"".join(np.asarray(value).tobytes() for value in each) for each in found}) == 1


@pytest.mark.parametrize("load", [0.0, 0.3, 20.0, 400.0])
@pytest.mark.parametrize("patience", [0.0, 0.05, 1.0, 30.0])
def test_the_curve_is_convex_and_never_rises(load, patience):
    curve = waiting_curve(load, patience)
    slopes = np.diff(curve.waiting) / np.diff(curve.staff)
    assert np.all(slopes <= 1e-12)
    assert np.all(np.diff(slopes) >= -1e-9 * max(1.0, patience))


@pytest.mark.parametrize("patience", [0.05, 1.0, 30.0])
def test_beyond_the_curves_end_next_to_nobody_waits(patience):
    for load in (0.3, 20.0, 400.0):
        assert waiting_curve(load, patience).waiting[-1] < 1e-6


def test_head_staff_counts_an_agent_in_each_skill_and_share_staff_once():
    efficiency = [[1.0, 0.8], [0.0, 1.0], [0.0, 0.0]]
    agents = [[4.0, 3.0, 9.0], [1.5, 0.0, 0.0]]
    assert head_staff(agents, efficiency).tolist() == [[4.0, 7.0], [1.5, 1.5]]
    assert share_staff(agents, efficiency).tolist() == [[2.0, 5.0], [0.75, 0.75]]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_the_value_of_a_training_is_what_a_little_of_it_saves(seed, whole):
    load, patience, cost, agents, efficiency = centre(seed, whole=whole)
    agents += 1  # so that an agent of each group is there all the time
    base = allocation(load, patience, cost, agents, efficiency)
    value = training_value([base], [agents], efficiency, slow=1.25, interval_minutes=15)
    saved = np.zeros(efficiency.shape)
    for group, skill in zip(*np.nonzero(efficiency == 0), strict=True):
        trained = efficiency[group].copy()
        trained[skill] = 1 / 1.25
        moved = [*(agents - STEP * np.eye(len(agents))[group]), STEP]
        cost_then = allocation(load, patience, cost, moved, [*efficiency, trained]).cost
        saved[group, skill] = 15 * (base.cost - cost_then) / STEP
    # Where whole numbers make one agent fewer dearer than one more is worth, the value is a bound.
    assert np.all(saved <= value + 0.05)
    if not whole:
        assert saved == pytest.approx(value, rel=1e-3, abs=0.05)


def test_training_the_idle_in_the_skill_that_waits_is_worth_most():
    efficiency = np.eye(3)
    agents = np.array([[12.0, 30.0, 11.0], [12.0, 30.0, 0.0]])
    load = [[12.0, 15.0, 10.0], [12.0, 15.0, 0.0]]
    planned = allocations(load, [1.0, 1.0, 1.0], [1.0, 1.0, 1.0], agents, efficiency)
    value = training_value(planned, agents, efficiency)
    assert np.unravel_index(np.argmax(value), value.shape) == (1, 0)
    assert np.diagonal(value).tolist() == [0, 0, 0]


def test_an_agent_who_is_not_there_saves_nothing():
    efficiency, agents = np.eye(2), np.array([[5.0, 0.0]])
    planned = allocations([[6.0, 0.0]], [1.0, 1.0], [1.0, 1.0], agents, efficiency)
    assert training_value(planned, agents, efficiency).tolist() == [[0, 0], [0, 0]]


def test_half_an_agent_saves_half():
    efficiency = np.eye(2)
    values = []
    for present in (0.5, 1.0):
        agents = np.array([[5.0, present]])
        planned = allocations([[6.0, 0.0]], [1.0, 1.0], [1.0, 1.0], agents, efficiency)
        values.append(training_value(planned, agents, efficiency)[1, 0])
    assert 2 * values[0] == pytest.approx(values[1], abs=1e-9)


def test_without_agents_everybody_waits():
    found = allocation([2.0], [3.0], [1.0], [], np.zeros((0, 1)))
    assert (found.cost, found.agents.shape) == (pytest.approx(6), (0, 1))


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (0, [1.0, -2.0], r"load is \[1.0, -2.0\]: each must be 0 or more, and finite"),
        (1, [1.0, np.inf], r"patience is \[1.0, inf\]: each must be 0 or more, and finite"),
        (2, [1.0], r"cost has the shape \(1,\): it must be \(2,\)"),
        (4, [[1.0], [1.0]], r"efficiency has the shape \(2, 1\): it must be \(1, 2\)"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(place, value, told):
    data = [[1.0, 2.0], [1.0, 1.0], [1.0, 1.0], [3.0], [[1.0, 1.0]]]
    data[place] = value
    with pytest.raises(ValueError, match=told):
        allocation(*data)


def test_a_day_of_100_agents_with_8_skills_takes_few_seconds():
    random = np.random.default_rng(8)
    efficiency = np.where(random.random((100, 8)) < 0.25, 1.0, 0.0)
    efficiency[np.arange(100), np.arange(100) % 8] = 1.0
    agents = np.ones((32, 100))
    load = random.uniform(0.6, 1.0, (32, 8)) * share_staff(agents, efficiency)
    before = process_time()
    planned = allocations(load, np.ones(8), np.ones(8), agents, efficiency)
    assert (len(planned), process_time() - before < 10) == (32, True)
