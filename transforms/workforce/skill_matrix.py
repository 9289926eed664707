"""Which skills the agents should have if one could choose: two each, in a closed chain.

Skills stand in a circle; who has one has, besides, the next. So the spare time of any pool reaches
every queue by way of its neighbours, which brings most of what all skills for everybody would:
W. C. Jordan and S. C. Graves, Principles on the Benefits of Manufacturing Process Flexibility,
Management Science 41(4), 1995; R. B. Wallace and W. Whitt, M&SOM 7(4), 2005 (two skills an agent).

How many have a skill first is square-root staffing (load + c √load, one c for all). Who does is
chosen so that as few as possible have to learn something.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from transforms.workforce.centre import INTERVAL_S, Agent, Centre, day, spans_ms
from transforms.workforce.centre_outcome import Outcome
from transforms.workforce.centre_simulation import Job
from transforms.workforce.simulation_pool import Simulate, in_this_process
from transforms.workforce.upskilling_effect import Estimate, QueueEffect, cut, effects
from transforms.workforce.upskilling_shortlist import new_factor

SHARES = (0.25, 0.5, 1.0)  # of the agents who have a second skill
_NEAR = 1.1  # fewer second skills are taken if callers wait at most so many times the best

Seat = tuple[str, ...]  # first skill, and the second where there is one


class Design(NamedTuple):
    """Who has which skills: `second_share` of the agents have two.

    `to_learn`: skills that agents would have to learn. `cut`: of today's waiting, on the same days.
    """

    second_share: float
    skills: dict[str, Seat]
    to_learn: int
    cut: Estimate
    queues: tuple[QueueEffect, ...]


class SkillMatrix(NamedTuple):
    """The design to aim for, those it was chosen from, and, as a bound, all skills for everybody.

    `chain`: the skills in the order of the circle.
    """

    chain: tuple[str, ...]
    target: Design
    designs: tuple[Design, ...]
    everybody: Design


def skill_matrix(
    centre: Centre,
    *,
    slow: float = 1.0,
    days: int = 20,
    seed: int = 1,
    simulate: Simulate = in_this_process,
) -> SkillMatrix:
    """The target skills of a centre's agents, and the waiting to expect against today's.

    Of the designs the one with the fewest second skills whose callers wait at most a tenth longer
    than in the best. `slow`: how much longer a call takes in a skill that is new to an agent; 1
    once it is learnt.
    """
    circle = chain(centre)
    seats = [*(_seats(centre, circle, share) for share in SHARES), None]
    placed = [_placed(centre, each) if each else _all_skills(centre) for each in seats]
    variants = [centre, *(_skilled(centre, each, slow) for each in placed)]
    drawn = [day(centre, seed, n) for n in range(days)]
    found = simulate([Job(each, one) for each in variants for one in drawn])
    runs = [found[n * days : (n + 1) * days] for n in range(len(variants))]
    designs = [
        _design(centre, share, skills, runs[0], run)
        for share, skills, run in zip((*SHARES, 1.0), placed, runs[1:], strict=True)
    ]
    *chained, everybody = designs
    least = min(1 - each.cut.value for each in chained)
    target = next(each for each in chained if 1 - each.cut.value <= _NEAR * least)
    return SkillMatrix(circle, target, tuple(chained), everybody)


def chain(centre: Centre) -> tuple[str, ...]:
    """The skills in a circle: from the greatest load on, each by the one most often held with it.

    So what agents know already fits the chain as far as it can.
    """
    left = {skill.name: _erlangs(centre)[k] for k, skill in enumerate(centre.skills)}
    circle: list[str] = []
    while left:
        last = circle[-1] if circle else None
        name = min(left, key=lambda each: (-_held_together(centre, last, each), -left[each], each))
        circle.append(name)
        del left[name]
    return tuple(circle)


def first_skills(centre: Centre) -> dict[str, int]:
    """How many agents have each skill first: load + c √load, whole, adding up to the agents."""
    load = _erlangs(centre)
    root = np.sqrt(load)
    agents = len(centre.agents)
    on_duty = _on_duty(centre)
    spare = (on_duty - float(load.sum())) / float(root.sum()) if root.any() else 0.0
    wanted = np.maximum(load + spare * root, 0.05 * load)
    wanted = wanted if wanted.any() else np.ones(len(load))
    wanted = agents * wanted / wanted.sum()
    names = [skill.name for skill in centre.skills]
    return dict(zip(names, _whole(wanted, agents), strict=True))


def _erlangs(centre: Centre) -> NDArray[np.float64]:
    """Mean load of each skill, over the day."""
    intervals = max(1, centre.day_s // INTERVAL_S)
    return np.array([sum(s.arrivals) / intervals * s.handle_s / INTERVAL_S for s in centre.skills])


def _on_duty(centre: Centre) -> float:
    """Mean agents on duty, over the day."""
    on_duty_ms = sum(end - start for a in centre.agents for start, end in spans_ms(a))
    return on_duty_ms / 1000 / max(1, centre.day_s)


def _held_together(centre: Centre, one: str | None, other: str) -> int:
    return sum(one in agent.factors and other in agent.factors for agent in centre.agents)


def _whole(wanted: NDArray[np.float64], total: int) -> list[int]:
    """Whole numbers nearest to those wanted, with their sum; at least one each where it goes."""
    found = np.floor(wanted).astype(np.int64)
    if total >= len(found):
        found = np.maximum(found, 1)
    while found.sum() > total:
        found[int(np.argmax(found - wanted))] -= 1
    while found.sum() < total:
        found[int(np.argmax(wanted - found))] += 1
    counts: list[int] = found.tolist()
    return counts


def _seats(centre: Centre, circle: Sequence[str], share: float) -> list[Seat]:
    """One seat an agent, spread so that any stretch of seats has its share of every kind."""
    after = dict(pairwise([*circle, circle[0]]))
    counts = first_skills(centre)
    agents = len(centre.agents)
    given = dict.fromkeys(circle, 0)
    seats: list[Seat] = []
    for n in range(agents):
        name = max(circle, key=lambda each: (counts[each] * (n + 1) / agents - given[each], each))
        given[name] += 1
        has_second = int(given[name] * share) > int((given[name] - 1) * share)
        seats.append((name, after[name]) if has_second and after[name] != name else (name,))
    return seats


def _placed(centre: Centre, seats: Sequence[Seat]) -> dict[str, Seat]:
    """Who gets which seat: within agents of like hours, with as little to learn as possible."""
    agents = sorted(centre.agents, key=lambda agent: (_hours(agent), agent.agent_id))
    block = max(8, 4 * len(centre.skills))
    found: dict[str, Seat] = {}
    for start in range(0, len(agents), block):
        who, where = agents[start : start + block], seats[start : start + block]
        cost = [[_to_learn(agent, seat) for seat in where] for agent in who]
        rows, columns = linear_sum_assignment(np.array(cost))
        found |= {who[r].agent_id: where[c] for r, c in zip(rows, columns, strict=True)}
    return found


def _hours(agent: Agent) -> tuple[tuple[int, int], ...]:
    return tuple(spans_ms(agent))


def _to_learn(agent: Agent, seat: Seat) -> int:
    return sum(name not in agent.factors for name in seat)


def _all_skills(centre: Centre) -> dict[str, Seat]:
    everything = tuple(skill.name for skill in centre.skills)
    return {agent.agent_id: everything for agent in centre.agents}


def _skilled(centre: Centre, skills: dict[str, Seat], slow: float) -> Centre:
    return centre._replace(
        agents=tuple(
            agent._replace(
                factors={
                    name: agent.factors.get(name) or new_factor(agent, slow)
                    for name in skills[agent.agent_id]
                }
            )
            for agent in centre.agents
        )
    )


def _design(
    centre: Centre,
    share: float,
    skills: dict[str, Seat],
    today: Sequence[Outcome],
    then: Sequence[Outcome],
) -> Design:
    to_learn = sum(_to_learn(agent, skills[agent.agent_id]) for agent in centre.agents)
    return Design(
        share,
        {agent.agent_id: skills[agent.agent_id] for agent in centre.agents},
        to_learn,
        cut(centre, today, then),
        effects(centre, today, then),
    )
