"""What would change: the observed centre beside a changed one, over the same simulated days.

Both centres meet the same calls (common random numbers), and a difference is told with the
interval of its daily values, because waits within a day depend on each other. The observed figures
stand beside the modelled ones, so that a model that does not fit is seen at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from statistics import fmean
from typing import NamedTuple, Protocol

import pyarrow as pa

from transforms.workforce.centre import (
    Agent,
    Centre,
    CentreError,
    day,
    with_agents,
    with_skill,
    with_volume,
)
from transforms.workforce.centre_outcome import Outcome, SkillOutcome
from transforms.workforce.centre_simulation import AS_CONNECT, Job, Rules, simulations
from transforms.workforce.interval import half_width
from transforms.workforce.observed_centre import Observed

IN_ALL = "(all)"
NEW_SKILL_SLOW = 1.25

Ratio = tuple[float, float]
"""A sum over a day and what it is divided by, so that days add up."""

SCHEMA = pa.schema(
    [
        ("queue", pa.string()),
        ("measure", pa.string()),
        ("observed", pa.float64()),
        ("today", pa.float64()),
        ("changed", pa.float64()),
        ("difference", pa.float64()),
        ("difference_ci95", pa.float64()),
    ]
)


class Change(Protocol):
    """Something that makes another centre of a centre; raises CentreError for unknown names."""

    def applied(self, centre: Centre) -> Centre:
        """The centre with the change."""


class MoreAgents(NamedTuple):
    """More agents who have this skill alone, or fewer if negative.

    They work shifts of those who have the skill and are there, spread evenly over these by start.
    """

    skill: str
    more: int

    def applied(self, centre: Centre) -> Centre:
        """The centre with the change."""
        there = centre._replace(agents=tuple(agent for agent in centre.agents if agent.shifts))
        away = tuple(agent for agent in centre.agents if not agent.shifts)
        if self.more < 0:
            fewer = with_agents(there, self.skill, self.more)
            return fewer._replace(agents=(*fewer.agents, *away))
        shifts = sorted(agent.shifts for agent in there.agents if self.skill in agent.factors)
        for n in range(self.more):
            pattern = shifts[(2 * n + 1) * len(shifts) // (2 * self.more)] if shifts else None
            there = with_agents(there, self.skill, 1, pattern)
        return there._replace(agents=(*there.agents, *away))


class Training(NamedTuple):
    """An agent learns a skill, and is `slow` times slower in it than in those known."""

    agent_id: str
    skill: str
    slow: float = NEW_SKILL_SLOW

    def applied(self, centre: Centre) -> Centre:
        """The centre with the change."""
        agent = next((each for each in centre.agents if each.agent_id == self.agent_id), None)
        if agent is None:
            raise CentreError(f"No agent {self.agent_id!r} in this centre: name one of its agents.")
        if self.skill in agent.factors:
            raise CentreError(f"{self.agent_id} has {self.skill!r} already: name another skill.")
        pace = math.exp(fmean(math.log(factor) for factor in agent.factors.values() or (1.0,)))
        return with_skill(centre, self.agent_id, self.skill, pace * self.slow)


class Volume(NamedTuple):
    """`factor` times the calls of a skill."""

    skill: str
    factor: float

    def applied(self, centre: Centre) -> Centre:
        """The centre with the change."""
        return with_volume(centre, self.skill, self.factor)


def changed(centre: Centre, changes: Iterable[Change]) -> Centre:
    """The centre after all changes, in order."""
    *_, after = accumulate(changes, lambda so_far, each: each.applied(so_far), initial=centre)
    return after


class Way(NamedTuple):
    """A way to run the centre: what is changed in it, and who takes which call."""

    changes: tuple[Change, ...] = ()
    rules: Rules = AS_CONNECT


AS_IS = Way()


def what_if(
    observed: Observed,
    way: Way,
    days: int = 20,
    seed: int = 1,
    *,
    today: Way = AS_IS,
    workers: int = 1,
) -> pa.Table:
    """A row per queue and measure, `IN_ALL` last: observed, today and changed, as `SCHEMA`.

    `mean_wait_s` in queue up to the answer (ringing included) or the end of patience;
    `abandoned_share`; `service_level`, Connect's: who left the queue within its target, answered or
    not; `answered_in_target_share`; `occupancy` of the agents who have the skill.
    `difference_ci95`: half of the 95 % interval of changed - today, paired by day; null for a
    single day. Turn and number of a day are the same, so that in either centre the same agents are
    there. Raises CentreError for changes that name what is not there.
    """
    centres = [observed.centre(number) for number in range(days)]
    arms = [
        [
            Job(changed(centre, arm.changes), day(changed(centre, arm.changes), seed, n), arm.rules)
            for n, centre in enumerate(centres)
        ]
        for arm in (today, way)
    ]
    outcomes = simulations([job for arm in arms for job in arm], workers)
    figures = [
        _figures(job.centre, outcome, observed.ring_s)
        for job, outcome in zip((job for arm in arms for job in arm), outcomes, strict=True)
    ]
    return told(observed_ratios(observed), figures[:days], figures[days:])


Figures = Mapping[tuple[str, str], Ratio]
"""Ratios by queue and measure."""


def told(observed: Figures, today: Sequence[Figures], changed: Sequence[Figures]) -> pa.Table:
    """The rows of `SCHEMA` from the figures of equally many days each way."""
    rows = []
    for key, seen in observed.items():
        before = [each[key] for each in today]
        after = [each[key] for each in changed]
        half = half_width(
            [b - a for a, b in zip(_deviations(before), _deviations(after), strict=True)]
        )
        now, then = _pooled(before), _pooled(after)
        row = (*key, _quotient(*seen), now, then, then - now, half)
        rows.append(dict(zip(SCHEMA.names, row, strict=True)))
    return pa.Table.from_pylist(rows, SCHEMA)


def observed_ratios(observed: Observed) -> Figures:
    """The observed figures over all days."""
    names = [skill.name for skill in observed.skills]
    agents = [each.agent for each in observed.roster]
    times_ms = {
        each.agent_id: (observed.busy_ms[each.agent_id], observed.on_duty_ms[each.agent_id])
        for each in agents
    }
    outcomes = dict(zip(names, observed.outcomes, strict=True))
    return _ratios(outcomes, _holders(names, agents), times_ms, 0.0)


def _figures(centre: Centre, outcome: Outcome, ring_s: float) -> Figures:
    names = [skill.name for skill in centre.skills]
    times_ms = {
        agent.agent_id: (each.busy_ms, each.on_duty_ms)
        for agent, each in zip(centre.agents, outcome.agents, strict=True)
    }
    outcomes = dict(zip(names, outcome.skills, strict=True))
    return _ratios(outcomes, _holders(names, centre.agents), times_ms, ring_s)


def _holders(skills: Iterable[str], agents: Sequence[Agent]) -> dict[str, list[str]]:
    return {skill: [a.agent_id for a in agents if skill in a.factors] for skill in skills}


def _ratios(
    outcomes: Mapping[str, SkillOutcome],
    holders: Mapping[str, Iterable[str]],
    times_ms: Mapping[str, tuple[int, int]],
    ring_s: float,
) -> Figures:
    found: dict[tuple[str, str], Ratio] = {}
    in_all = SkillOutcome(*map(sum, zip(*outcomes.values(), strict=True)))
    for name, outcome in (*outcomes.items(), (IN_ALL, in_all)):
        agents = [times_ms[a] for a in (times_ms if name == IN_ALL else holders[name])]
        for measure, ratio in _MEASURES.items():
            found[name, measure] = ratio(outcome, ring_s)
        found[name, "occupancy"] = (sum(b for b, _ in agents), sum(d for _, d in agents))
    return found


_MEASURES: Mapping[str, Callable[[SkillOutcome, float], Ratio]] = {
    "mean_wait_s": lambda each, ring_s: (
        each.wait_ms / 1000 + ring_s * each.answered,
        each.offered,
    ),
    "abandoned_share": lambda each, _: (each.abandoned, each.offered),
    "service_level": lambda each, _: (each.gone_in_target, each.offered),
    "answered_in_target_share": lambda each, _: (each.in_target, each.offered),
}


def _pooled(days: Sequence[Ratio]) -> float:
    return _quotient(math.fsum(m for m, _ in days), math.fsum(n for _, n in days))


def _deviations(days: Sequence[Ratio]) -> list[float]:
    """How far each day is off, in units of the ratio: linearised, so that big days count more."""
    ratio, mean = _pooled(days), math.fsum(n for _, n in days) / len(days)
    return [_quotient(m - ratio * n, mean) for m, n in days]


def _quotient(above: float, below: float) -> float:
    return above / below if below else 0.0
