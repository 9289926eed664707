"""What the days show about an agent and a skill: the data that a recommendation's reasons quote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from transforms.workforce.centre import Centre
from transforms.workforce.centre_outcome import Outcome
from transforms.workforce.upskilling_shortlist import Candidate


class Evidence(NamedTuple):
    """Figures of a mean day before the training.

    `overlap_minutes`: the agent idle while callers of the skill waited; `overlap_calls`: calls that
    fit into it. `utilisation`: busy of the time on duty; `team_utilisation`: of all agents.
    `known_skill`: the agent's skill that most holders of the new one (`holders`) also have
    (`holders_with_it`), None if none does; `similarity`: those who have both of those who have
    either. `handle_s`: expected a call; `usual_handle_s`: at pace 1.
    """

    overlap_minutes: float
    overlap_calls: float
    utilisation: float
    team_utilisation: float
    known_skill: str | None
    holders_with_it: int
    holders: int
    similarity: float
    handle_s: float
    usual_handle_s: float


def evidence(centre: Centre, outcomes: Sequence[Outcome], candidate: Candidate) -> Evidence:
    """The evidence for a candidate; `outcomes` are days with overlap."""
    names = [skill.name for skill in centre.skills]
    place = [agent.agent_id for agent in centre.agents].index(candidate.training.agent_id)
    k = names.index(candidate.training.skill)
    usual_s = centre.skills[k].handle_s
    known, both, either = _closest(centre, place, candidate.training.skill)
    return Evidence(
        sum(day.overlap_ms[place][k] for day in outcomes) / 60_000 / len(outcomes),
        candidate.overlap_calls,
        _utilisation(outcomes, [place]),
        _utilisation(outcomes, range(len(centre.agents))),
        known,
        both,
        sum(candidate.training.skill in agent.factors for agent in centre.agents),
        both / either if either else 0.0,
        usual_s * candidate.factor,
        usual_s,
    )


def _closest(centre: Centre, place: int, skill: str) -> tuple[str | None, int, int]:
    """The agent's skill most alike: its name, who has both, who has either."""
    holders = {a for a, agent in enumerate(centre.agents) if skill in agent.factors}
    options = []
    for known in centre.agents[place].factors:
        have = {a for a, agent in enumerate(centre.agents) if known in agent.factors}
        both, either = len(holders & have), len(holders | have)
        if both:
            options.append((-both / either, known, both, either))
    if not options:
        return None, 0, 0
    _, known, both, either = min(options)
    return known, both, either


def _utilisation(outcomes: Sequence[Outcome], agents: Sequence[int]) -> float:
    days = [day.agents[a] for day in outcomes for a in agents]
    on_duty_ms = sum(each.on_duty_ms for each in days)
    return sum(each.busy_ms for each in days) / on_duty_ms if on_duty_ms else 0.0
