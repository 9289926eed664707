"""What a policy permits, that nothing it forbids is ever picked, and its file."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.transforms.small_centres import small_centre
from transforms.workforce.centre import Centre
from transforms.workforce.upskilling_policy import (
    GroupRule,
    People,
    Policy,
    SkillRule,
    Training,
    allowed,
    missing,
    permitted,
    selection_rates,
    unknown_names,
)
from transforms.workforce.upskilling_policy_file import DEFAULT_POLICY, PolicyError, policy

CENTRE = small_centre(1)
AGENTS = [agent.agent_id for agent in CENTRE.agents]
NOBODY = People()
POLICIES = 1_000 if os.environ.get("PROVE") == "1" else 200


def agents_of(trainings):
    return {each.agent_id for each in trainings}


def test_without_rules_every_missing_skill_may_be_learnt():
    assert allowed(CENTRE, Policy(), NOBODY) == missing(CENTRE)


def test_switched_off_nobody_is_a_candidate():
    assert allowed(CENTRE, Policy(enabled=False), NOBODY) == []


def test_who_refused_or_is_excluded_is_not_asked():
    rules = Policy(refused=frozenset({"a00"}), excluded=frozenset({"a01"}))
    assert agents_of(allowed(CENTRE, rules, NOBODY)) == set(AGENTS) - {"a00", "a01"}


def test_if_consent_must_be_given_silence_is_none():
    rules = Policy(consent="if_given", given=frozenset({"a05"}))
    assert agents_of(allowed(CENTRE, rules, NOBODY)) == {"a05"}


def test_a_skill_needs_all_its_qualifications():
    rules = Policy(
        skills={"s0": SkillRule(requires=("german", "licence"))},
        holders={"german": frozenset({"a07", "a08"}), "licence": frozenset({"a08"})},
    )
    may = [each.agent_id for each in permitted(CENTRE, rules) if each.skill == "s0"]
    assert may == ["a08"]


def test_an_agent_learns_one_skill_a_cycle():
    picked = [Training("a00", "s1")]
    assert "a00" not in agents_of(allowed(CENTRE, Policy(), NOBODY, picked))


def test_a_spent_budget_allows_nothing():
    rules = Policy(trainings=1)
    assert allowed(CENTRE, rules, NOBODY, [Training("a00", "s1")]) == []


def test_hours_left_decide_which_skills_still_fit():
    rules = Policy(hours=20, skills={"s1": SkillRule(hours=12), "s2": SkillRule(hours=8)})
    left = allowed(CENTRE, rules, NOBODY, [Training("a00", "s1")])
    assert "s1" not in {each.skill for each in left}


def test_places_kept_for_a_group_go_to_nobody_else():
    people = People({agent: "north" if agent < "a07" else "south" for agent in AGENTS})
    rules = Policy(trainings=2, groups={"south": GroupRule(at_least=1)})
    left = allowed(CENTRE, rules, people, [Training("a00", "s1")])
    assert {people.group_of[each.agent_id] for each in left} == {"south"}


def test_who_was_picked_twice_running_waits_while_others_can_learn():
    picked = frozenset({"a00"})
    left = allowed(CENTRE, Policy(cycles_running=3), People(picked_before=(picked, picked)))
    assert "a00" not in agents_of(left)


def test_who_was_picked_twice_running_may_learn_if_nobody_else_can():
    picked = frozenset({"a00"})
    rules = Policy(consent="if_given", given=picked)
    assert agents_of(allowed(CENTRE, rules, People(picked_before=(picked, picked)))) == {"a00"}


def test_a_group_under_four_fifths_of_the_highest_rate_raises_an_alarm():
    people = People({agent: "north" if agent < "a07" else "south" for agent in AGENTS})
    picked = [Training("a00", "s1"), Training("a01", "s1"), Training("a08", "s1")]
    rates = selection_rates(CENTRE, Policy(), people, picked)
    assert [(each.group, each.picked, each.alarm) for each in rates] == [
        ("north", 2, False),
        ("south", 1, True),
    ]


def test_names_that_the_centre_does_not_have_are_told():
    rules = Policy(refused=frozenset({"a99"}), skills={"s9": SkillRule(requires=("licence",))})
    assert unknown_names(CENTRE, rules, NOBODY) == (
        "agent a99",
        "skill s9",
        "qualification licence",
    )


def random_rules(rng: np.random.Generator, centre: Centre) -> tuple[Policy, People]:
    """Any policy: often tight, sometimes impossible."""
    agents = [agent.agent_id for agent in centre.agents]
    skills = [skill.name for skill in centre.skills]

    def some(share: float) -> frozenset[str]:
        return frozenset(agent for agent in agents if rng.random() < share)

    groups = ["north", "south", "east"]
    rules = Policy(
        trainings=int(rng.integers(0, 7)),
        hours=float(rng.integers(0, 80)),
        consent="if_given" if rng.random() < 0.3 else "unless_refused",
        given=some(0.6),
        refused=some(0.2),
        excluded=some(0.1),
        skills={
            name: SkillRule(
                float(rng.integers(4, 20)),
                int(rng.integers(0, 4)) if rng.random() < 0.5 else None,
                ("licence",) if rng.random() < 0.3 else (),
            )
            for name in skills
        },
        holders={"licence": some(0.5)},
        groups={
            name: GroupRule(int(rng.integers(0, 2)), int(rng.integers(1, 4))) for name in groups
        },
        cycles_running=int(rng.integers(2, 4)),
    )
    history = tuple(some(0.5) for _ in range(int(rng.integers(0, 5))))
    return rules, People({agent: str(rng.choice(groups)) for agent in agents}, history)


def violations(centre: Centre, rules: Policy, people: People, picked: list[Training]) -> list[str]:
    """What is broken, worked out from the policy's words and not from its code."""
    found = []
    has = {agent.agent_id: set(agent.factors) for agent in centre.agents}
    if len(picked) > rules.trainings:
        found.append("trainings")
    if sum(rules.skills[each.skill].hours or 0 for each in picked) > rules.hours:
        found.append("hours")
    if len({each.agent_id for each in picked}) < len(picked):
        found.append("two skills for one agent")
    found += [each for training in picked for each in forbidden(rules, has, training)]
    for name, rule in rules.skills.items():
        if rule.trainings is not None and sum(s == name for _, s in picked) > rule.trainings:
            found.append("trainings of a skill")
    return found + breaks_of_groups(rules, people, picked)


def forbidden(rules, has, training):
    agent, skill = training
    needs_licence = bool(rules.skills[skill].requires)
    broken = {
        "known already": skill in has[agent],
        "refused or excluded": agent in rules.refused or agent in rules.excluded,
        "no consent": rules.consent == "if_given" and agent not in rules.given,
        "no licence": needs_licence and agent not in rules.holders["licence"],
    }
    return [name for name, is_so in broken.items() if is_so]


def breaks_of_groups(rules, people, picked):
    found = []
    count = Counter(people.group_of[each.agent_id] for each in picked)
    for name, rule in rules.groups.items():
        if rule.at_most is not None and count[name] > rule.at_most:
            found.append("cap of a group")
    kept = sum(max(0, rule.at_least - count[name]) for name, rule in rules.groups.items())
    if picked and len(picked) + kept > rules.trainings:
        found.append("a place kept for a group")
    return found


def breaks_of_rotation(centre, rules, people, picked):
    """Somebody picked all the time although another, fresh, could have had the place."""
    running = rules.cycles_running - 1
    if len(people.picked_before) < running:
        return []
    tired = frozenset.intersection(*people.picked_before[-running:])
    return [
        f"rotation: {agent}"
        for agent, skill in picked
        if agent in tired
        for others in [[each for each in picked if each != (agent, skill)]]
        for other in missing(centre)
        if other.agent_id not in tired | agents_of(picked)
        and violations(centre, rules, people, [*others, other]) == []
    ]


def test_no_random_policy_is_ever_violated():
    rng = np.random.default_rng(7)
    broken = []
    for n in range(POLICIES):
        centre = small_centre(1 + n % 8)
        rules, people = random_rules(rng, centre)
        picked: list[Training] = []
        while options := allowed(centre, rules, people, picked):
            picked.append(options[int(rng.integers(len(options)))])  # whatever the simulation says
        broken += violations(centre, rules, people, picked)
        broken += breaks_of_rotation(centre, rules, people, picked)
    assert broken == []


def test_most_random_policies_allow_somebody():
    rng = np.random.default_rng(7)
    some = [bool(allowed(CENTRE, *random_rules(rng, CENTRE))) for _ in range(200)]
    assert sum(some) > 100


def test_the_default_file_is_the_default_policy():
    assert policy(DEFAULT_POLICY) == Policy()


def test_the_file_sets_what_it_says():
    text = """
    enabled = true
    [budget]
    trainings = 2
    hours = 30
    [agents]
    refused = ["ann"]
    [skills."Loans"]
    hours = 16
    requires = ["licence"]
    [qualifications]
    licence = ["bob"]
    [groups."North"]
    at_most = 1
    [rotation]
    cycles = 2
    """
    assert policy(text) == replace(
        Policy(),
        trainings=2,
        hours=30,
        refused=frozenset({"ann"}),
        skills={"Loans": SkillRule(16, None, ("licence",))},
        holders={"licence": frozenset({"bob"})},
        groups={"North": GroupRule(0, 1)},
        cycles_running=2,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("enabled = 1", "upskilling.toml: the top enabled is 1: write true or false"),
        ("[budget]\ntrainings = -1", "[budget] trainings is -1: write a whole number from 0"),
        ("[budget]\nmoney = 1", "[budget] money is not one of trainings, hours, training_hours"),
        ("[agents]\nconsent = 'yes'", '"unless_refused" or "if_given"'),
        ("[agents]\nage = 50", "[agents] age is not one of consent, given, refused, excluded"),
        ("[sex]\nf = ['a']", "sex is not one of enabled, budget"),
        ("[groups.N]\nat_least = 9", "[groups] keep 9 places, but [budget] trainings is 5"),
        ("[groups.N]\nat_least = 2\nat_most = 1", "at_most is below at_least"),
        ("skills = 3", "[skills] is 3: write it as a section"),
        ("[effect]\nslow = nan", "[effect] slow is nan: write a number, 1 to 10"),
        ("[budget", "upskilling.toml: "),
    ],
)
def test_a_wrong_file_is_told_in_one_line(text, told):
    with pytest.raises(PolicyError) as error:
        policy(text)
    assert (told in str(error.value), "\n" in str(error.value)) == (True, False), str(error.value)
