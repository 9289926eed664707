"""The plan against the best there is, against fresh days, and where no training can pay."""

from __future__ import annotations

import json
import os
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import pytest

from tests.transforms.exhaustive_upskilling import (
    SLOW,
    as_found,
    cut_when_judged,
    pairs,
    trained,
    waited_ms,
)
from tests.transforms.random_centres import equal_centre
from tests.transforms.small_centres import small_centre
from transforms.workforce.centre import Agent, Centre, CentreError, Skill, Span, day
from transforms.workforce.centre_simulation import simulated
from transforms.workforce.upskilling import Plan, Search, upskilling_plan
from transforms.workforce.upskilling_policy import Policy
from transforms.workforce.upskilling_reasons import document
from transforms.workforce.upskilling_shortlist import new_factor

PROVE = os.environ.get("PROVE") == "1"
FOUND = json.loads((Path(__file__).parent / "small_centres.json").read_text())
LOOKED_AT = FOUND if PROVE else FOUND[:1]
TWO = Policy(trainings=2, least_cut=0.0)
HARD = Search(days=120, fresh_days=300, ways=6)
QUICK = Search(days=6, fresh_days=8, shortlist=4, ways=1)
NULLS = 100 if PROVE else 10


class Judged(NamedTuple):
    """A plan, and what it, the naive rule, and the naive rule step by step save when judged."""

    plan: Plan
    cut: float
    naive: float
    naive_in_steps: float


@pytest.fixture(scope="module")
def judged():
    """Every method, by the centre's seed, on days on which none has chosen."""
    found = {}
    for each in LOOKED_AT:
        centre = small_centre(each["seed"])
        plan = upskilling_plan([centre], TWO, search=HARD)
        cuts = (
            cut_when_judged(centre, two)
            for two in (plan.trainings, naive_two(centre), naive_two_in_steps(centre))
        )
        found[each["seed"]] = Judged(plan, *cuts)
    return found


def naive_two(centre):
    """By today's report: the two least busy agents learn the skill of the longest queue."""
    return naive_order(centre)[:2]


def naive_two_in_steps(centre):
    """The naive rule with our simulator's help: after the first it looks anew."""
    first = naive_order(centre)[0]
    return [first, naive_order(trained(centre, [first]))[0]]


def naive_order(centre):
    """Who could learn the longest queue's skill, the least busy first."""
    days = [simulated(centre, day(centre, 5, n)) for n in range(20)]
    queues = range(len(centre.skills))
    longest = max(queues, key=lambda k: sum(each.skills[k].wait_ms for each in days))
    name = centre.skills[longest].name
    busy = {
        agent.agent_id: sum(each.agents[a].busy_ms for each in days)
        for a, agent in enumerate(centre.agents)
        if name not in agent.factors
    }
    return [(agent_id, name) for agent_id in sorted(busy, key=busy.__getitem__)]


def shares(judged, of):
    """By seed: the share of the best cut."""
    best = {each["seed"]: each["best_cut"] for each in LOOKED_AT}
    return {seed: getattr(found, of) / best[seed] for seed, found in judged.items()}


def test_the_plan_comes_near_the_best_of_all_pairs_in_each_centre(judged):
    assert {k: v for k, v in shares(judged, "cut").items() if v < 0.95} == {}


def test_the_plan_is_on_average_next_to_the_best(judged):
    assert fmean(shares(judged, "cut").values()) >= 0.97


def test_the_plan_beats_sending_the_least_busy_to_the_longest_queue(judged):
    plan, naive = (fmean(shares(judged, of).values()) for of in ("cut", "naive"))
    assert plan - naive >= 0.10


def test_the_plan_beats_the_naive_rule_even_with_a_simulator(judged):
    plan, naive = (fmean(shares(judged, of).values()) for of in ("cut", "naive_in_steps"))
    assert plan - naive >= 0.05


def test_what_is_predicted_comes_true_within_a_tenth(judged):
    off = {
        seed: found.plan.cut.value / found.cut - 1
        for seed, found in judged.items()
        if abs(found.plan.cut.value - found.cut) > 0.1 * found.cut
    }
    assert off == {}


@pytest.mark.skipif(not PROVE, reason="takes minutes: PROVE=1")
@pytest.mark.parametrize("entry", FOUND, ids=lambda entry: str(entry["seed"]))
def test_the_frozen_best_are_what_exhaustive_search_finds(entry):
    assert json.loads(json.dumps(as_found(entry["seed"]))) == entry


def test_the_exhaustive_search_expects_what_the_plan_expects():
    centre = small_centre(1)
    expected = [trained(centre, [pair]).agents for pair in pairs(centre)[:1]]
    factor = new_factor(centre.agents[0], SLOW)
    assert expected[0][0].factors["s1"] == pytest.approx(factor)


def test_equal_input_gives_equal_bytes():
    plans = [upskilling_plan([small_centre(3)], TWO, search=QUICK) for _ in range(2)]
    first, second = (json.dumps(document(plan)) for plan in plans)
    assert first == second


def test_the_order_of_nothing_but_names_decides_between_equals():
    plan = upskilling_plan([equal_centre(8, 4)], Policy(trainings=1), search=QUICK)
    again = upskilling_plan([equal_centre(8, 4)], Policy(trainings=1), search=QUICK)
    assert plan == again


def calm_centre(n):
    """Nobody waits, or a training helps nobody: the skill has no calls, or a novice is too slow."""
    spans = (Span(0, 3600),)
    calls, idle = (4.0 + n % 5,) * 4, (0.0,) * 4
    kind = n % 3
    if kind == 0:
        skills = (Skill("a", calls, 180, 30), Skill("b", calls, 180, 30))
        return Centre(
            skills, tuple(Agent(f"p{k}", {"ab"[k % 2]: 1.0}, spans) for k in range(60))
        ), Policy()
    if kind == 1:
        skills = (Skill("a", calls, 240, patience_s=180), Skill("b", idle, 240, patience_s=180))
        return Centre(skills, tuple(Agent(f"p{k}", {"a": 1.0}, spans) for k in range(3))), Policy()
    skills = tuple(Skill(name, (14.0,) * 4, 240, patience_s=600) for name in "ab")
    agents = tuple(Agent(f"p{k}", {"ab"[k % 2]: 1.0}, spans) for k in range(8))
    return Centre(skills, agents), Policy(slow=10.0)


def test_where_no_training_pays_none_is_recommended():
    verdicts = []
    for n in range(NULLS):
        centre, policy = calm_centre(n)
        search = Search(days=10, fresh_days=20, shortlist=3, ways=1, seed=n)
        verdicts.append(upskilling_plan([centre], policy, search=search).verdict)
    assert verdicts.count("no training pays") >= 0.95 * NULLS


def test_another_permitted_pair_never_lowers_the_optimum():
    centre = small_centre(2)._replace(agents=small_centre(2).agents[3:8])
    days = [day(centre, 9, n) for n in range(2)]
    tried = pairs(centre)[:6]
    waits = {
        two: waited_ms(trained(centre, two), days)
        for count in (1, 2)
        for two in combinations(tried, count)
    }
    best = [
        min(wait for two, wait in waits.items() if set(two) <= set(tried[:n]))
        for n in range(1, len(tried) + 1)
    ]
    assert best == sorted(best, reverse=True)


def test_the_switch_turns_it_off():
    plan = upskilling_plan([small_centre(1)], Policy(enabled=False), search=QUICK)
    assert (plan.verdict, plan.recommendations) == ("switched off", ())


def test_without_anybody_to_ask_it_says_so():
    plan = upskilling_plan([small_centre(1)], Policy(consent="if_given"), search=QUICK)
    assert plan.verdict == "nobody may be trained"


def test_each_recommendation_says_why_what_else_and_who_loses():
    plan = upskilling_plan([small_centre(3)], TWO, search=QUICK)
    each = document(plan)["recommendations"][0]
    assert (len(each["reasons"]), len(each["alternatives"]), len(each["queues"])) == (6, 2, 5)


def test_centres_of_other_agents_are_refused():
    one, other = small_centre(1), small_centre(2)
    with pytest.raises(CentreError, match="2 centres of other skills"):
        upskilling_plan([one, other])
