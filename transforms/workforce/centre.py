"""A multi-skill centre, its variations, and days drawn from it with common random numbers.

A day is drawn from points in (time × mark): a skill's calls are those whose mark lies below the
arrivals expected in their interval. So a centre with more calls keeps those of the centre with
fewer and adds some, and whoever works there changes no draw. Two centres that are compared on the
same days differ by what was changed, hardly by luck (common random numbers).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

INTERVAL_S = 900
NEVER_MS = 1 << 46  # later than any instant of a simulation
_LAYER_CALLS = 8.0  # expected calls an interval that one stream of random numbers serves

Milliseconds = NDArray[np.int64]


class CentreError(ValueError):
    """A name that the centre does not know, and which ones it does."""


class Skill(NamedTuple):
    """A queue and what its calls are like.

    `arrivals`: calls expected in each 15 minutes from the start of the day. `talk_s` (with hold)
    and `after_s` (after-contact work) are means of lognormal times whose standard deviation is
    `spread` means. `patience_s`: mean of an exponential, infinite if nobody hangs up. `priority`:
    1 is served first. `cost`: of a waiting second. `target_s`: a longer wait is a breach.
    """

    name: str
    arrivals: tuple[float, ...]
    talk_s: float
    after_s: float = 0.0
    spread: float = 1.2
    patience_s: float = math.inf
    priority: int = 1
    cost: float = 1.0
    target_s: float = 20.0

    @property
    def handle_s(self) -> float:
        """Mean time that a call takes an agent of pace 1."""
        return self.talk_s + self.after_s


class Span(NamedTuple):
    """Time on duty, in seconds from the start of the day."""

    from_s: float
    to_s: float


class Agent(NamedTuple):
    """Somebody on duty in `shifts` (breaks left out) who takes the calls of `factors`' skills.

    A factor multiplies handle times: the agent's pace, times how much slower a new skill is.
    """

    agent_id: str
    factors: Mapping[str, float]
    shifts: tuple[Span, ...]


class Centre(NamedTuple):
    """Which calls come, and who is there to take them."""

    skills: tuple[Skill, ...]
    agents: tuple[Agent, ...]

    @property
    def day_s(self) -> int:
        """Length of the day: to the end of the last interval for which arrivals are given."""
        return INTERVAL_S * max((len(skill.arrivals) for skill in self.skills), default=0)


class Day(NamedTuple):
    """The calls of a day in order of arrival; `skill` is the place in the centre's skills.

    All times in milliseconds. `talk_ms` and `after_ms` are for an agent of pace 1; who has not
    been answered after `patience_ms` hangs up.
    """

    at_ms: Milliseconds
    skill: NDArray[np.int64]
    talk_ms: Milliseconds
    after_ms: Milliseconds
    patience_ms: Milliseconds


def with_skill(centre: Centre, agent_id: str, skill: str, factor: float) -> Centre:
    """The centre after the agent has learnt the skill; `factor` is pace × how slow in it."""
    _skill(centre, skill)
    if all(agent.agent_id != agent_id for agent in centre.agents):
        raise CentreError(f"No agent {agent_id!r} in this centre: name one of its agents.")
    return centre._replace(
        agents=tuple(
            agent._replace(factors={**agent.factors, skill: factor})
            if agent.agent_id == agent_id
            else agent
            for agent in centre.agents
        )
    )


def with_agents(
    centre: Centre, skill: str, count: int, shifts: tuple[Span, ...] | None = None
) -> Centre:
    """The centre with `count` more agents of pace 1 who have this skill alone; fewer if negative.

    They work in `shifts`, else in those of the agents who have the skill, one after the other, else
    all day. Who goes: those of the skill with the fewest skills, the last first.
    """
    _skill(centre, skill)
    able = [agent for agent in centre.agents if skill in agent.factors]
    if count < 0:
        going = sorted(range(len(able)), key=lambda n: (len(able[n].factors), -n))[:-count]
        gone = {able[n].agent_id for n in going}
        return centre._replace(
            agents=tuple(agent for agent in centre.agents if agent.agent_id not in gone)
        )
    patterns = [agent.shifts for agent in able] or [(Span(0.0, centre.day_s),)]
    taken = {agent.agent_id for agent in centre.agents}
    names = (name for n in range(len(taken) + count)
             if (name := f"new-{skill}-{n + 1}") not in taken)  # fmt: skip
    new = (
        Agent(name, {skill: 1.0}, shifts or patterns[n % len(patterns)])
        for n, name in zip(range(count), names, strict=False)
    )
    return centre._replace(agents=(*centre.agents, *new))


def with_volume(centre: Centre, skill: str, factor: float) -> Centre:
    """The centre with `factor` times the calls of a skill."""
    changed = _skill(centre, skill)
    scaled = changed._replace(arrivals=tuple(factor * calls for calls in changed.arrivals))
    return centre._replace(
        skills=tuple(scaled if each.name == skill else each for each in centre.skills)
    )


def day(centre: Centre, seed: int, number: int) -> Day:
    """Day `number` of a centre: the same arguments give the same calls, on every machine.

    A skill's draws hang on the seed, the number and the skill's name alone.
    """
    drawn = [_calls(skill, seed, number) for skill in centre.skills]
    place = np.repeat(np.arange(len(drawn)), [len(calls[0]) for calls in drawn]).astype(np.int64)
    at, talk, after, patience = (
        np.concatenate([calls[column] for calls in drawn] or [np.empty(0, np.int64)])
        for column in range(4)
    )
    order = np.argsort(at, kind="stable")  # ties: by place of the skill, then as drawn
    return Day(at[order], place[order], talk[order], after[order], patience[order])


def spans_ms(agent: Agent) -> list[tuple[int, int]]:
    """When the agent is on duty: in order, apart from each other, none of them empty."""
    spans: list[tuple[int, int]] = []
    for from_s, to_s in sorted(agent.shifts):
        from_ms, to_ms = round(from_s * 1000), round(to_s * 1000)
        if spans and from_ms <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(to_ms, spans[-1][1]))
        elif to_ms > from_ms:
            spans.append((from_ms, to_ms))
    return spans


def _skill(centre: Centre, name: str) -> Skill:
    found = next((skill for skill in centre.skills if skill.name == name), None)
    if found is None:
        known = ", ".join(skill.name for skill in centre.skills)
        raise CentreError(f"No skill {name!r} in this centre: name one of {known}.")
    return found


def _calls(skill: Skill, seed: int, number: int) -> tuple[Milliseconds, ...]:
    """Instant, talk, after-contact work and patience of a skill's calls, in milliseconds."""
    expected = np.array(skill.arrivals, np.float64)
    layers = math.ceil(float(expected.max(initial=0.0)) / _LAYER_CALLS)
    parts = [
        _layer(skill, expected, layer * _LAYER_CALLS, rng)
        for layer, rng in zip(range(layers), _streams(skill.name, seed, number), strict=False)
    ]
    empty = tuple(np.empty(0, np.int64) for _ in range(4))
    return tuple(np.concatenate(column) for column in zip(empty, *parts, strict=True))


def _streams(name: str, seed: int, number: int) -> Iterator[np.random.Generator]:
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    layer = 0
    while True:
        sequence = np.random.SeedSequence((seed, number, key, layer))
        yield np.random.Generator(np.random.PCG64(sequence))
        layer += 1


def _layer(
    skill: Skill, expected: NDArray[np.float64], base: float, rng: np.random.Generator
) -> tuple[Milliseconds, ...]:
    """The calls whose mark is in [base, base + `_LAYER_CALLS`) and below what is expected."""
    count = rng.poisson(_LAYER_CALLS * len(expected))
    place = rng.random(count) * len(expected)
    mark = base + rng.random(count) * _LAYER_CALLS
    normals = rng.standard_normal((2, count))
    patience = rng.standard_exponential(count)
    kept = mark < expected[place.astype(np.int64)]
    return (
        (place[kept] * (INTERVAL_S * 1000)).astype(np.int64),
        _lognormal_ms(skill.talk_s, skill.spread, normals[0, kept]),
        _lognormal_ms(skill.after_s, skill.spread, normals[1, kept]),
        _patience_ms(skill.patience_s, patience[kept]),
    )


def _lognormal_ms(mean_s: float, spread: float, normal: NDArray[np.float64]) -> Milliseconds:
    variance = math.log1p(spread * spread)
    times = mean_s * 1000 * np.exp(math.sqrt(variance) * normal - variance / 2)
    return np.rint(times).astype(np.int64)


def _patience_ms(mean_s: float, exponential: NDArray[np.float64]) -> Milliseconds:
    if math.isinf(mean_s):
        return np.full(len(exponential), NEVER_MS, np.int64)
    return np.rint(mean_s * 1000 * exponential).astype(np.int64)
