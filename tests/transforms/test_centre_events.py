"""The fast event loop does what the slow one does, call by call, in any tiny centre."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.slow_centre import SlowDay, slow_overlap
from transforms.workforce import centre_simulation
from transforms.workforce.centre import Agent, Centre, Day, Skill, Span
from transforms.workforce.centre_events import events
from transforms.workforce.centre_simulation import (
    Lending,
    Rules,
    best_pace,
    cost_rate,
    fewest_skills,
    longest_idle,
    simulated,
    traced,
)

NAMES = ("a", "b", "c")


@st.composite
def centres(draw):
    names = NAMES[: draw(st.integers(1, 3))]
    whole = st.integers(0, 3)
    skills = tuple(
        Skill(name, (0.0,), 10.0, priority=draw(whole), cost=draw(st.sampled_from([1.0, 2.0, 5.0])))
        for name in names
    )
    factors = st.dictionaries(st.sampled_from(names), st.sampled_from([0.5, 1.0, 1.25]), max_size=3)
    return Centre(skills, tuple(
        Agent(f"agent-{n}", draw(factors), draw(shifts()))
        for n in range(draw(st.integers(0, 4)))
    ))  # fmt: skip


@st.composite
def shifts(draw):
    """None, one or two, apart from each other."""
    marks = sorted(draw(st.sets(st.integers(0, 40), min_size=4, max_size=4)))
    spans = (Span(marks[0], marks[1]), Span(marks[2], marks[3]))
    return spans[: draw(st.integers(0, 2))] if draw(st.booleans()) else (Span(0, 40),)


@st.composite
def days(draw, centre):
    """So coarse that much happens at the same instant."""
    count = draw(st.integers(0, 14))
    ms = [
        [1000 * draw(st.integers(low, high)) for _ in range(count)]
        for low, high in ((0, 30), (2, 12), (0, 3), (0, 9))
    ]
    skill = [draw(st.integers(0, len(centre.skills) - 1)) for _ in range(count)]
    columns = (sorted(ms[0]), skill, *ms[1:])
    return Day(*(np.array(column, np.int64) for column in columns))


@st.composite
def rules(draw, centre):
    names = [skill.name for skill in centre.skills]
    pairs = [(j, k) for j in names for k in names if j != k]
    lendings = [
        Lending(
            j, k, draw(st.integers(0, 4)), draw(st.integers(0, 2)), draw(st.sampled_from([1, 1.5]))
        )
        for j, k in (draw(st.lists(st.sampled_from(pairs), max_size=4)) if pairs else [])
    ]
    rank = draw(st.sampled_from([longest_idle, fewest_skills, best_pace]))
    return Rules(rank, draw(st.sampled_from([None, cost_rate])), tuple(lendings))


@st.composite
def jobs(draw):
    centre = draw(centres())
    return centre, draw(days(centre)), draw(rules(centre))


@settings(max_examples=500, deadline=None)
@given(jobs())
def test_every_call_is_taken_as_a_slow_reading_of_the_rules_says(job):
    trace = traced(*job)
    fast = [
        (a, left, done) if a >= 0 else (-1, 0, 0)
        for a, left, done in zip(*(column.tolist() for column in trace[:3]), strict=True)
    ]
    assert fast == SlowDay(*job).trace()


@settings(max_examples=150, deadline=None)
@given(jobs())
def test_overlap_is_idle_time_while_callers_of_a_lacked_skill_waited(job):
    trace = traced(*job)
    expected = slow_overlap(*job[:2], trace, trace.end_ms)
    assert [list(row) for row in simulated(*job, overlap=True).overlap_ms] == expected


@settings(max_examples=150, deadline=None)
@given(jobs())
def test_no_call_is_lost(job):
    for skill in simulated(*job).skills:
        assert skill.offered == skill.answered + skill.abandoned + skill.waiting


@settings(max_examples=150, deadline=None)
@given(jobs())
def test_agents_handle_exactly_what_the_queues_gave_them(job):
    outcome = simulated(*job)
    answered = sum(agent.answered for agent in outcome.agents)
    busy_ms = sum(agent.busy_ms for agent in outcome.agents)
    assert (answered, busy_ms) == (outcome.in_all.answered, outcome.in_all.handle_ms)


@settings(max_examples=150, deadline=None)
@given(jobs())
def test_nobody_is_on_duty_for_less_than_the_shifts(job):
    for agent, told in zip(job[0].agents, simulated(*job).agents, strict=True):
        planned_ms = sum(1000 * (to_s - from_s) for from_s, to_s in agent.shifts)
        assert planned_ms <= told.on_duty_ms <= planned_ms + told.busy_ms


def test_the_loop_compiles_as_it_stands_and_gives_the_same_bytes(monkeypatch):
    numba = pytest.importorskip("numba")
    compiled = numba.njit(events)
    floats = {5, 6, 17, 18}  # factors and weights

    def run(*lists):
        arrays = [np.array(x, np.float64 if n in floats else np.int64)
                  for n, x in enumerate(lists[:-1])]  # fmt: skip
        return compiled(*arrays, lists[-1])

    agents = tuple(
        Agent(f"agent-{n}", {NAMES[n % 3]: 1.0, NAMES[n % 2]: 1.1}, (Span(0, 900),))
        for n in range(9)
    )
    centre = Centre(tuple(Skill(name, (60.0,), 40.0) for name in NAMES), agents)
    rng = np.random.default_rng(5)
    at = np.sort(rng.integers(0, 900_000, 200))
    calls = (rng.integers(0, 3, 200), *rng.integers(1, 80_000, (3, 200)))
    lent = Rules(lendings=(Lending("a", "b"), Lending("b", "c", 5.0, 0)))
    for rules_ in (Rules(), lent, lent._replace(call_weight=cost_rate)):
        plain = traced(centre, Day(at, *calls), rules_)
        with monkeypatch.context() as patch:
            patch.setattr(centre_simulation, "events", run)
            fast = traced(centre, Day(at, *calls), rules_)
        assert [x.tobytes() for x in fast[:3]] == [x.tobytes() for x in plain[:3]]
