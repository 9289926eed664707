"""A changed centre beside today's: what moves, how sure, and what cannot be asked."""

from __future__ import annotations

from typing import Any

import pytest

from transforms.workforce.centre import Agent, CentreError, Skill, Span
from transforms.workforce.centre_outcome import SkillOutcome
from transforms.workforce.observed_agents import Rostered
from transforms.workforce.observed_centre import Observed
from transforms.workforce.what_if import (
    IN_ALL,
    MoreAgents,
    Training,
    Volume,
    Way,
    changed,
    told,
    what_if,
)

EIGHT_HOURS = (Span(0.0, 8 * 3600.0),)


def skill(name: str, calls: float) -> Skill:
    return Skill(name, (calls,) * 32, 240.0, 30.0, patience_s=300.0, target_s=17.0)


def rostered(name: str, *skills: str, shifts: tuple[Span, ...] = EIGHT_HOURS) -> Rostered:
    return Rostered(Agent(name, dict.fromkeys(skills, 1.0), shifts), 1.0)


def seen(*roster: Rostered) -> Observed:
    agents = roster or (
        *(rostered(f"busy {n}", "Billing") for n in range(5)),
        *(rostered(f"calm {n}", "Sales") for n in range(5)),
    )
    outcomes = (SkillOutcome(100, 90, 10, wait_ms=4_000_000), SkillOutcome(10, 10))
    names = [each.agent.agent_id for each in agents]
    return Observed(
        (),
        (skill("Billing", 17.0), skill("Sales", 6.0)),
        agents,
        outcomes,
        3.0,
        dict.fromkeys(names, 600),
        dict.fromkeys(names, 1000),
    )


def answered(way: Way, days: int = 6) -> dict[tuple[str, str], dict[str, Any]]:
    rows = what_if(seen(), way, days).to_pylist()
    return {(row["queue"], row["measure"]): row for row in rows}


def test_more_agents_shorten_the_wait_of_their_queue_beyond_doubt():
    row = answered(Way((MoreAgents("Billing", 2),)))["Billing", "mean_wait_s"]
    assert row["difference"] + row["difference_ci95"] < 0


def test_a_queue_that_shares_no_agent_with_the_change_stays_as_it_is():
    row = answered(Way((MoreAgents("Billing", 2),)))["Sales", "mean_wait_s"]
    assert (row["difference"], row["difference_ci95"]) == (0, 0)


def test_training_an_idle_agent_helps_the_queue_that_waits():
    row = answered(Way((Training("calm 1", "Billing"),)))["Billing", "mean_wait_s"]
    assert row["difference"] + row["difference_ci95"] < 0


def test_more_calls_raise_occupancy_and_abandonment():
    rows = answered(Way((Volume("Billing", 1.2),)))
    assert rows["Billing", "occupancy"]["difference"] > 0
    assert rows["Billing", "abandoned_share"]["difference"] > 0


def test_changes_add_up():
    both = answered(Way((Volume("Billing", 1.2), MoreAgents("Billing", 3))))
    alone = answered(Way((Volume("Billing", 1.2),)))
    key = ("Billing", "service_level")
    assert both[key]["changed"] > alone[key]["changed"]


def test_no_change_changes_nothing():
    assert {row["difference"] for row in answered(Way()).values()} == {0.0}


def test_the_observed_figures_stand_beside_the_modelled_ones():
    rows = answered(Way())
    assert rows["Billing", "mean_wait_s"]["observed"] == 40.0
    assert rows["Billing", "abandoned_share"]["observed"] == 0.1
    assert rows[IN_ALL, "occupancy"]["observed"] == 0.6


def test_ringing_comes_on_top_of_a_modelled_wait():
    found = seen()._replace(skills=(skill("Billing", 0.2), skill("Sales", 0.2)))
    [row] = [
        row
        for row in what_if(found, Way(), 3).to_pylist()
        if (row["queue"], row["measure"]) == (IN_ALL, "mean_wait_s")
    ]
    assert row["today"] == pytest.approx(3.0, abs=0.2)


def test_a_single_day_has_no_interval():
    assert {row["difference_ci95"] for row in answered(Way(), days=1).values()} == {None}


def test_the_same_question_has_the_same_answer():
    way = Way((MoreAgents("Billing", 1),))
    assert what_if(seen(), way, 3, seed=5).equals(what_if(seen(), way, 3, seed=5))


def test_days_count_by_their_contacts_in_the_interval():
    figures = [{("Q", "m"): (10.0, 10.0)}, {("Q", "m"): (30.0, 10.0)}]
    same = [{("Q", "m"): (0.0, 10.0)}] * 2
    [row] = told({("Q", "m"): (1, 1)}, same, figures).to_pylist()
    assert (row["today"], row["changed"], row["difference"]) == (0, 2, 2)
    assert row["difference_ci95"] == pytest.approx(12.706, abs=0.001)  # t of one degree × 1


def test_new_agents_work_the_shifts_of_those_who_are_there():
    early, late = (Span(0.0, 100.0),), (Span(200.0, 300.0),)
    centre = seen(
        rostered("a", "Billing", shifts=early),
        rostered("b", "Billing", shifts=late),
        rostered("away", "Billing", shifts=()),
    ).centre()
    agents = changed(centre, [MoreAgents("Billing", 2)]).agents
    assert {a.shifts for a in agents if a.agent_id.startswith("new")} == {early, late}


def test_agents_who_leave_are_of_those_there():
    centre = seen(rostered("here", "Billing"), rostered("away", "Billing", shifts=())).centre()
    after = changed(centre, [MoreAgents("Billing", -1)])
    assert [agent.agent_id for agent in after.agents] == ["away"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (MoreAgents("Biling", 1), "No skill 'Biling'"),
        (Volume("Biling", 1.1), "No skill 'Biling'"),
        (Training("nobody", "Billing"), "No agent 'nobody'"),
        (Training("calm 1", "Biling"), "No skill 'Biling'"),
        (Training("calm 1", "Sales"), "has 'Sales' already"),
    ],
)
def test_what_is_not_there_is_told(change, told):
    with pytest.raises(CentreError, match=told):
        what_if(seen(), Way((change,)), 2)
