"""Who may be trained in what: consent, prerequisites, budget, groups, rotation, and the off switch.

A policy names agents, qualifications, skills and groups, and nothing about a person beyond them:
there is no field for age, sex, health, origin or the like, and an unknown one is refused. Why
somebody is excluded is not asked.

Every rule only takes away: a part of an allowed set of trainings is allowed. So trainings can be
picked one by one, and none ever has to be taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal, NamedTuple

from transforms.workforce.centre import Centre

Consent = Literal["unless_refused", "if_given"]

ALARM_RATIO = 0.8  # the four-fifths rule of the US Uniform Guidelines, 29 CFR 1607.4(D)


class Training(NamedTuple):
    """An agent learns a skill."""

    agent_id: str
    skill: str


@dataclass(frozen=True)
class SkillRule:
    """What a training in the skill takes: hours, at most how many a cycle, which qualifications."""

    hours: float | None = None
    trainings: int | None = None
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupRule:
    """Trainings of a group: at least so many are kept for it, at most so many go to it."""

    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True)
class Policy:
    """The rules of one cycle; agents by the centre's `agent_id`.

    `trainings` and `hours` are the budget; a training takes `training_hours` unless its skill says
    otherwise. `holders`: who has a qualification. `contracts`: agents by kind of contract, for the
    report alone. `cycles_running`: nobody is picked so many times running while others could be.
    `slow`: how much longer a call of a new skill takes. `least_cut`: the share of all waiting that
    a training must save. Places kept for a group stay free rather than go to others.
    """

    enabled: bool = True
    trainings: int = 5
    hours: float = inf
    training_hours: float = 8.0
    consent: Consent = "unless_refused"
    given: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    skills: Mapping[str, SkillRule] = field(default_factory=dict)
    holders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    groups: Mapping[str, GroupRule] = field(default_factory=dict)
    contracts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cycles_running: int = 3
    slow: float = 1.25
    least_cut: float = 0.005

    def hours_of(self, skill: str) -> float:
        """Hours that a training in the skill takes."""
        hours = self.skills.get(skill, SkillRule()).hours
        return self.training_hours if hours is None else hours


class People(NamedTuple):
    """What the lake knows of agents beside their work.

    `group_of`: the hierarchy group of an agent. `picked_before`: who was picked in each of the
    earlier cycles, the newest last.
    """

    group_of: Mapping[str, str] = {}
    picked_before: tuple[frozenset[str], ...] = ()


class SelectionRate(NamedTuple):
    """Of the agents who may be trained, those picked; `alarm`: under 0.8 of the highest rate."""

    by: str
    group: str
    agents: int
    picked: int
    alarm: bool

    @property
    def rate(self) -> float:
        """Picked of all who may be."""
        return self.picked / self.agents if self.agents else 0.0


def missing(centre: Centre) -> list[Training]:
    """Every skill that an agent lacks, in the order of agents and skills."""
    return [
        Training(agent.agent_id, skill.name)
        for agent in centre.agents
        for skill in centre.skills
        if skill.name not in agent.factors
    ]


def permitted(centre: Centre, policy: Policy) -> list[Training]:
    """Trainings that consent, exclusions and prerequisites permit, whatever the budget."""
    if not policy.enabled:
        return []
    return [
        training
        for training in missing(centre)
        if _may_be_asked(training.agent_id, policy) and _qualifies(training, policy)
    ]


def allowed(
    centre: Centre, policy: Policy, people: People, picked: Sequence[Training] = ()
) -> list[Training]:
    """Trainings that may be picked next; `centre` is today's, before those picked."""
    fitting = [
        training
        for training in permitted(centre, policy)
        if _fits_budget(training, policy, picked)
        and training.agent_id not in {each.agent_id for each in picked}
        and _fits_groups(training, policy, people.group_of, picked)
    ]
    tired = _picked_running(people.picked_before, policy.cycles_running - 1)
    return [each for each in fitting if each.agent_id not in tired] or fitting


def selection_rates(
    centre: Centre, policy: Policy, people: People, picked: Sequence[Training]
) -> tuple[SelectionRate, ...]:
    """Per hierarchy group and kind of contract: who could have been picked, and who was."""
    may = {training.agent_id for training in permitted(centre, policy)}
    chosen = {training.agent_id for training in picked}
    groups: dict[str, set[str]] = {}
    for agent in centre.agents:
        groups.setdefault(people.group_of.get(agent.agent_id, ""), set()).add(agent.agent_id)
    return (
        *_rates("group", groups, may, chosen),
        *_rates("contract", policy.contracts, may, chosen),
    )


def unknown_names(centre: Centre, policy: Policy, people: People) -> tuple[str, ...]:
    """Names in the policy that the centre does not know: slips of the pen, or people who left."""
    agents = {agent.agent_id for agent in centre.agents}
    named = policy.given | policy.refused | policy.excluded
    named = named.union(*policy.holders.values(), *policy.contracts.values())
    qualifications = {each for rule in policy.skills.values() for each in rule.requires}
    unknown = {
        "agent": named - agents,
        "skill": policy.skills.keys() - {skill.name for skill in centre.skills},
        "group": policy.groups.keys() - set(people.group_of.values()),
        "qualification": qualifications - policy.holders.keys(),
    }
    return tuple(f"{kind} {name}" for kind, names in unknown.items() for name in sorted(names))


def _may_be_asked(agent_id: str, policy: Policy) -> bool:
    consents = policy.consent == "unless_refused" or agent_id in policy.given
    return consents and agent_id not in policy.refused | policy.excluded


def _qualifies(training: Training, policy: Policy) -> bool:
    required = policy.skills.get(training.skill, SkillRule()).requires
    return all(training.agent_id in policy.holders.get(each, ()) for each in required)


def _fits_budget(training: Training, policy: Policy, picked: Sequence[Training]) -> bool:
    skills = [each.skill for each in (*picked, training)]
    most = policy.skills.get(training.skill, SkillRule()).trainings
    return (
        len(skills) <= policy.trainings
        and sum(map(policy.hours_of, skills)) <= policy.hours
        and (most is None or skills.count(training.skill) <= most)
    )


def _fits_groups(
    training: Training, policy: Policy, group_of: Mapping[str, str], picked: Sequence[Training]
) -> bool:
    """Whether the group's cap holds and the places kept for other groups stay free."""
    after = [*picked, training]
    count = Counter(group_of.get(each.agent_id, "") for each in after)
    group = group_of.get(training.agent_id, "")
    most = policy.groups.get(group, GroupRule()).at_most
    kept = sum(max(0, rule.at_least - count[name]) for name, rule in policy.groups.items())
    return (most is None or count[group] <= most) and len(after) + kept <= policy.trainings


def _picked_running(cycles: Sequence[frozenset[str]], running: int) -> frozenset[str]:
    """Who was picked in each of the newest `running` cycles."""
    if running < 1 or len(cycles) < running:
        return frozenset()
    return frozenset.intersection(*cycles[-running:])


def _rates(
    by: str, groups: Mapping[str, Iterable[str]], may: set[str], chosen: set[str]
) -> list[SelectionRate]:
    rates = [
        SelectionRate(by, name, len(may & set(agents)), len(chosen & set(agents)), False)
        for name, agents in sorted(groups.items())
    ]
    highest = max((each.rate for each in rates), default=0.0)
    return [
        each._replace(alarm=each.agents > 0 and each.rate < ALARM_RATIO * highest) for each in rates
    ]
