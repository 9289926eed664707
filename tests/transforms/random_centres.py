"""Random centres of several skills for the gates, and their simulated days as day blocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from transforms.workforce.bottlenecks import Blocks
from transforms.workforce.centre import Agent, Centre, Skill, Span, day
from transforms.workforce.centre_outcome import Outcome
from transforms.workforce.centre_simulation import simulated

MONDAY = date(2024, 5, 6)
INTERVALS = 32  # eight hours


def unequal_centre(seed: int, agents: int = 100, skills: int = 8, load: float = 0.85) -> Centre:
    """Pools that fit their work more or less; 40 % of the agents have a second skill."""
    rng = np.random.default_rng((seed, 7))
    share = rng.dirichlet(np.full(skills, 8.0))
    handle_s = np.exp(rng.normal(np.log(240), 0.25, skills))
    patience_s = np.exp(rng.normal(np.log(180), 0.2, skills))
    erlangs = load * agents * share
    wave = 1 + 0.25 * np.sin(np.linspace(0, np.pi, INTERVALS)) - 0.16
    made = tuple(
        Skill(
            f"s{k}",
            tuple((erlangs[k] * 900 / handle_s[k] * wave).tolist()),
            0.8 * handle_s[k],
            0.2 * handle_s[k],
            patience_s=patience_s[k],
        )
        for k in range(skills)
    )
    pools = share * np.exp(rng.normal(0, 0.35, skills))
    first = np.searchsorted(np.cumsum(pools / pools.sum()), (np.arange(agents) + 0.5) / agents)
    second = rng.integers(0, skills, agents)
    has_second = rng.permutation(agents) < 0.4 * agents
    return Centre(
        made,
        tuple(
            Agent(
                f"a{n:03d}",
                {f"s{first[n]}": 1.0, **({f"s{second[n]}": 1.0} if has_second[n] else {})},
                (Span(0, 900 * INTERVALS),),
            )
            for n in range(agents)
        ),
    )


def equal_centre(agents: int = 40, skills: int = 8, load: float = 0.85) -> Centre:
    """No bottleneck: every skill has the same calls and the same pool of specialists."""
    each = agents // skills
    calls = (load * each * 900 / 240,) * INTERVALS
    return Centre(
        tuple(Skill(f"s{k}", calls, 192, 48, patience_s=180) for k in range(skills)),
        tuple(
            Agent(f"a{n:03d}", {f"s{n % skills}": 1.0}, (Span(0, 900 * INTERVALS),))
            for n in range(agents)
        ),
    )


def outcomes(
    centre: Centre, seed: int, days: int, first: int = 0, *, overlap: bool = False
) -> list[Outcome]:
    """Days of the centre, one after the other."""
    numbers = range(first, first + days)
    return [simulated(centre, day(centre, seed, n), overlap=overlap) for n in numbers]


def as_blocks(centre: Centre, found: Sequence[Outcome]) -> Blocks:
    """The days as blocks, Mondays to Fridays; work offered at the skill's mean handle time."""
    workdays = (day for n in range(2 * len(found) + 7)
                if (day := MONDAY + timedelta(n)).weekday() < 5)  # fmt: skip
    days = tuple(day for _, day in zip(found, workdays, strict=False))
    holders = [sum(skill.name in agent.factors for agent in centre.agents)
               for skill in centre.skills]  # fmt: skip

    def column(name: str) -> np.ndarray:
        return np.array([[getattr(skill, name) for skill in each.skills] for each in found])

    shape = (len(found), 1)
    shares = [sum(1 / len(agent.factors) for agent in centre.agents if skill.name in agent.factors)
              for skill in centre.skills]  # fmt: skip
    second = 1000 * centre.day_s
    overlap = [np.sum(each.overlap_ms, axis=0) if each.overlap_ms else np.zeros(len(holders))
               for each in found]  # fmt: skip
    return Blocks(
        days,
        tuple(skill.name for skill in centre.skills),
        column("offered"),
        column("abandoned"),
        column("offered"),
        column("wait_ms"),
        column("breach_ms"),
        (column("offered") * [1000 * skill.handle_s for skill in centre.skills]).astype(np.int64),
        np.tile(np.array(holders) * second, shape).astype(np.int64),
        np.tile(np.array(shares) * second, shape).astype(np.int64),
        np.array(overlap).astype(np.int64),
    )
