"""Simulated queues against those that queueing theory solves: within three standard errors.

The formulae stand here once more, so that nothing that is tested vouches for itself.
"""

from __future__ import annotations

from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
import pytest

from transforms.workforce.centre import NEVER_MS, Agent, Centre, Day, Skill, Span, day
from transforms.workforce.centre_simulation import AS_CONNECT, traced

SERVICE_S = 300.0


class Queue(NamedTuple):
    """What was seen of one queue in one run, after the warm-up."""

    wait_s: float
    waited_share: float
    abandoned_share: float


def erlang_c(load, agents):
    """Probability of waiting; the mean wait is this over (agents - load), in mean handle times."""
    blocking = 1.0
    for n in range(1, agents + 1):
        blocking = load * blocking / (n + load * blocking)
    return agents * blocking / (agents - load * (1 - blocking))


def erlang_a(load, agents, patience):
    """Mean wait and abandonment, patience in mean handle times, from the birth-death chain."""
    weights, weight, k = [1.0], 1.0, 0
    while k < agents or weight > 1e-18 * max(weights):
        k += 1
        weight *= load / (min(k, agents) + max(k - agents, 0) / patience)
        weights.append(weight)
    queue = sum(w * max(k - agents, 0) for k, w in enumerate(weights)) / sum(weights)
    return queue / load, queue / load / patience


def cobham(loads, agents):
    """Mean waits of priority classes with one exponential handle time, in handle times."""
    served, waits = 0.0, []
    for load in loads:
        over = 1 - (served + load) / agents
        waits.append(erlang_c(sum(loads), agents) / agents / ((1 - served / agents) * over))
        served += load
    return waits


def exponential_day(rng, loads, hours, patience_s=None):
    """Poisson calls and exponential times: what the formulae take for granted."""
    counts = rng.poisson(np.array(loads) * hours * 3600 / SERVICE_S)
    total = int(counts.sum())
    at = rng.random(total) * hours * 3.6e6
    order = np.argsort(at)
    talk = rng.exponential(SERVICE_S * 1000, total)
    patience = np.full(total, NEVER_MS) if patience_s is None else (
        rng.exponential(patience_s * 1000, total))  # fmt: skip
    skill = np.repeat(np.arange(len(loads)), counts)[order]
    rounded = (np.rint(column).astype(np.int64) for column in (talk, 0 * talk, patience))
    return Day(at[order].astype(np.int64), skill, *rounded)


def centre(skills_of, hours, priorities=(1,)):
    """Agents of pace 1 with these skills, there until long after the last call."""
    skills = tuple(Skill(f"{k}", (0.0,), SERVICE_S, priority=p) for k, p in enumerate(priorities))
    agents = tuple(
        Agent(f"agent-{n}", {f"{k}": 1.0 for k in known}, (Span(0, (hours + 100) * 3600),))
        for n, known in enumerate(skills_of)
    )
    return Centre(skills, agents)


def seen(day_, trace, skill, from_hour):
    mine = (day_.skill == skill) & (day_.at_ms >= from_hour * 3_600_000)
    wait_s = (trace.left_ms - day_.at_ms)[mine] / 1000
    return Queue(
        float(wait_s.mean()), float((wait_s > 0).mean()), float((trace.agent[mine] < 0).mean())
    )


def runs(skills_of, loads, *, hours=300, count=16, priorities=None, patience_s=None):
    """Per skill, what was seen of it in `count` runs."""
    rng = np.random.default_rng(20)
    place = centre(skills_of, hours, priorities or (1,) * len(loads))
    found = []
    for _ in range(count):
        day_ = exponential_day(rng, loads, hours, patience_s)
        trace = traced(place, day_, AS_CONNECT)
        found.append([seen(day_, trace, skill, 10) for skill in range(len(loads))])
    return [list(skill) for skill in zip(*found, strict=True)]


def apart(values, exact):
    """How many standard errors the mean of independent runs lies from the exact value."""
    return abs(fmean(values) - exact) / (stdev(values) / len(values) ** 0.5)


def test_calls_that_wait_for_ever_wait_as_erlang_c_says():
    (queue,) = runs([[0]] * 10, [8.0])
    chance = erlang_c(8.0, 10)
    assert apart([run.waited_share for run in queue], chance) < 3
    assert apart([run.wait_s for run in queue], chance / 2 * SERVICE_S) < 3


@pytest.mark.parametrize(("load", "patience"), [(9.0, 1.0), (12.0, 0.5)])
def test_impatient_calls_wait_and_abandon_as_erlang_a_says(load, patience):
    (queue,) = runs([[0]] * 10, [load], patience_s=patience * SERVICE_S)
    wait, abandonment = erlang_a(load, 10, patience)
    assert apart([run.wait_s for run in queue], wait * SERVICE_S) < 3
    assert apart([run.abandoned_share for run in queue], abandonment) < 3


def test_priorities_wait_as_cobham_says():
    first, second = runs([[0, 1]] * 10, [4.0, 4.5], priorities=(1, 2), count=24)
    expected = cobham([4.0, 4.5], 10)
    assert apart([run.wait_s for run in first], expected[0] * SERVICE_S) < 3
    assert apart([run.wait_s for run in second], expected[1] * SERVICE_S) < 3


def test_one_agent_with_lognormal_times_keeps_waiting_as_pollaczek_and_khinchine_say():
    """On days as they are drawn, so that arrivals and handle times are tested with the queue."""
    hours, load, spread = 1200, 0.6, 1.0
    skill = Skill("0", (load * 900 / SERVICE_S,) * (4 * hours), SERVICE_S, spread=spread)
    place = centre([[0]], hours)._replace(skills=(skill,))
    waits = []
    for number in range(30):
        day_ = day(place, 3, number)
        waits.append(seen(day_, traced(place, day_, AS_CONNECT), 0, 20).wait_s)
    assert apart(waits, SERVICE_S * load * (1 + spread**2) / (2 * (1 - load))) < 3


def test_two_skills_an_agent_bring_nearly_all_that_all_skills_bring():
    """90 agents, 6 types, 84 erlangs; each with a type and its neighbour, so that all are chained.

    The case of R. B. Wallace and W. Whitt, A Staffing Algorithm for Call Centers with Skill-Based
    Routing, Manufacturing & Service Operations Management 7(4), 2005.

    With one skill, and with all, the wait is Erlang's. How much longer the chained wait is than
    with all skills is seen on the same days, which tells it apart from the luck of those days.
    """
    designs = ([[n % 6, (n + 1) % 6] for n in range(90)], [list(range(6))] * 90)
    chained_s, everything_s = (
        fmean(run.wait_s for queue in runs(design, [14.0] * 6, hours=80, count=10) for run in queue)
        for design in designs
    )
    benefit_s = (erlang_c(14.0, 15) / (15 - 14.0) - erlang_c(84.0, 90) / (90 - 84.0)) * SERVICE_S
    assert 0.90 < 1 - (chained_s - everything_s) / benefit_s < 0.97
