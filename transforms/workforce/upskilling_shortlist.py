"""Which trainings are worth simulating: two cheap scores that err in different ways.

The overlap rate counts the calls that somebody who sat idle could have taken; the allocation
values a skill where waiting is dear and the agent's own time is not. On eight small centres the
union of both held the best pair nearly always; alone they lost a quarter of its gain in the worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from transforms.workforce.allocation import allocations, training_value
from transforms.workforce.centre import INTERVAL_S, Agent, Centre, spans_ms
from transforms.workforce.centre_outcome import Outcome
from transforms.workforce.upskilling_policy import Training

Floats = NDArray[np.float64]

_HOUR = 4  # intervals: an allocation an hour
_MOST_PATIENT = 1e6  # mean handle times; the model wants a finite patience


class Candidate(NamedTuple):
    """A training worth simulating. `overlap_calls`: calls a day that fitted into idle time.

    `value_minutes`: waiting a day that the allocation expects to be saved, weighed by cost.
    """

    training: Training
    factor: float
    overlap_calls: float
    value_minutes: float


def new_factor(agent: Agent, slow: float) -> float:
    """Expected handle time in a new skill over the usual: the agent's pace times `slow`.

    The pace is the geometric mean of the agent's factors, which `observed_centre` has shrunk.
    """
    factors = list(agent.factors.values())
    pace = exp(fsum(log(factor) for factor in factors) / len(factors)) if factors else 1.0
    return pace * slow


def shortlist(
    centres: Sequence[Centre],
    outcomes: Sequence[Outcome],
    allowed: Sequence[Training],
    slow: float,
    best: int = 12,
) -> tuple[Candidate, ...]:
    """The `best` by overlap rate and the `best` by allocation, in the order of their names.

    `centres`: the same agents and skills on different days; `outcomes`: days with overlap.
    """
    if not allowed:
        return ()
    scored = _scored(centres, outcomes, allowed, slow)
    by_overlap = sorted(scored, key=lambda each: (-each.overlap_calls, each.training))
    by_value = sorted(scored, key=lambda each: (-each.value_minutes, each.training))
    return tuple(sorted({*by_overlap[:best], *by_value[:best]}))


def _scored(
    centres: Sequence[Centre],
    outcomes: Sequence[Outcome],
    allowed: Sequence[Training],
    slow: float,
) -> list[Candidate]:
    centre = centres[0]
    agents = {agent.agent_id: a for a, agent in enumerate(centre.agents)}
    skills = {skill.name: k for k, skill in enumerate(centre.skills)}
    overlap_ms = np.array([day.overlap_ms for day in outcomes], np.int64).sum(axis=0)
    value = allocation_values(centres, slow)
    found = []
    for training in allowed:
        a, k = agents[training.agent_id], skills[training.skill]
        factor = new_factor(centre.agents[a], slow)
        handle_ms = 1000 * centre.skills[k].handle_s * factor
        calls = float(overlap_ms[a, k]) / handle_ms / len(outcomes) if handle_ms else 0.0
        found.append(Candidate(training, factor, calls, float(value[a, k])))
    return found


def allocation_values(centres: Sequence[Centre], slow: float) -> Floats:
    """Minutes of waiting a day, weighed by cost, that each training saves: agents by skills."""
    centre = centres[0]
    skills = centre.skills
    hours = -(-max((len(skill.arrivals) for skill in skills), default=0) // _HOUR)
    load = np.array([_hourly(skill.arrivals, hours) * skill.handle_s for skill in skills]).T
    handle_s = np.maximum([skill.handle_s for skill in skills], 1e-3)
    patience = np.minimum([skill.patience_s for skill in skills] / handle_s, _MOST_PATIENT)
    efficiency = np.array(
        [
            [1 / agent.factors[s.name] if s.name in agent.factors else 0.0 for s in skills]
            for agent in centre.agents
        ]
    )
    talent = np.array([[slow / new_factor(agent, slow)] * len(skills) for agent in centre.agents])
    staffed = np.mean([_staffed(each, hours) for each in centres], axis=0)
    cost = [skill.cost for skill in skills]
    planned = allocations(load / INTERVAL_S, patience, cost, staffed, efficiency)
    return training_value(
        planned, staffed, efficiency, talent=talent, slow=slow,
        interval_minutes=_HOUR * INTERVAL_S / 60,
    )  # fmt: skip


def _hourly(arrivals: Sequence[float], hours: int) -> Floats:
    """Mean calls in 15 minutes, hour by hour."""
    filled = np.zeros(hours * _HOUR)
    filled[: len(arrivals)] = arrivals
    means: Floats = filled.reshape(hours, _HOUR).mean(axis=1)
    return means


def _staffed(centre: Centre, hours: int) -> Floats:
    """The share of each hour that each agent is on duty: hours by agents."""
    edges = np.arange(hours + 1) * (_HOUR * INTERVAL_S * 1000)
    shares = np.zeros((hours, len(centre.agents)))
    for a, agent in enumerate(centre.agents):
        for start, stop in spans_ms(agent):
            within = np.clip(edges, start, stop).astype(np.float64)
            shares[:, a] += np.diff(within) / (_HOUR * INTERVAL_S * 1000)
    return shares
