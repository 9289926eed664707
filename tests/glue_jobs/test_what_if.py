"""`lake what-if`, `lake overflow` and `lake automation` over a simulated centre's own lake."""

from __future__ import annotations

import json
import os
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glue_jobs.commands_what_if import misfit
from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from glue_jobs.what_if import ChangeError, changes, doubt, lake_centre
from ingestion.simulator import invented_centre
from lambdas.routing.decision import Decision, Reason
from lambdas.routing.event import Contact
from lambdas.routing.overflow import MOST_TRANSFERS, been, open_lenders
from lambdas.routing.policy import Policy, changed
from tests.lake_program import outcome, run
from transforms.workforce.centre_simulation import Lending
from transforms.workforce.overflow import Setting, Tried
from transforms.workforce.overflow_config import overflow_config
from transforms.workforce.what_if import IN_ALL, MoreAgents, Training, Volume

IS_PROOF = os.environ.get("PROVE") == "1"
DAYS, AGENTS, SEED = (10, 40, 3) if IS_PROOF else (3, 20, 3)
NOBODY_FREE = Decision("DEFAULT", Reason.ALL_BUSY)
QUEUES = ("Billing", "Orders", "Claims", "Sales")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("centre")
    size = ("--days", str(DAYS), "--agents", str(AGENTS), "--seed", str(SEED))
    run("simulate", *size, "--out", str(folder / "records"))
    run("ingest", str(folder / "records"), "--lake", str(folder / "lake"))
    run("build", "--lake", str(folder / "lake"))
    return str(folder / "lake")


@pytest.fixture(scope="module")
def answer(lake: str) -> dict[tuple[str, str], dict[str, Any]]:
    asked = ("--queue", "Billing", "--agents", "+2", "--volume", "Sales:+20%", "--days", "8")
    rows = run("what-if", "--lake", lake, *asked, "--format", "json").rows
    return {(row["queue"], row["measure"]): row for row in rows}


# -- what-if ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "within"),
    [("abandoned_share", 0.03), ("occupancy", 0.05), ("service_level", 0.10)],
)
def test_the_modelled_centre_is_near_the_observed_one(answer, measure, within):
    row = answer[IN_ALL, measure]
    assert row["today"] == pytest.approx(row["observed"], abs=within)


def test_the_modelled_wait_is_near_the_observed_one(answer):
    row = answer[IN_ALL, "mean_wait_s"]
    assert row["today"] == pytest.approx(row["observed"], rel=0.35)


def test_events_that_tell_all_leave_no_doubt(lake):
    with opened(Settings(lake)) as open_lake:
        assert doubt(lake_centre(open_lake)) is None


def test_waiting_beside_agents_who_count_as_free_is_told(lake):
    with opened(Settings(lake)) as open_lake:
        seen = lake_centre(open_lake)._replace(beside_available_share=0.894)
    assert str(doubt(seen)).startswith("89% of the waiting passed while somebody with the skill")


def test_the_load_of_every_skill_is_the_observed_one(lake):
    with opened(Settings(lake)) as open_lake:
        seen = lake_centre(open_lake)
    modelled = [sum(skill.arrivals) * skill.handle_s / 3600 for skill in seen.skills]
    ring_s = seen.ring_s
    observed = [
        (each.handle_ms / 1000 + ring_s * each.answered) / each.answered
        * each.offered / len(seen.days) / 3600
        for each in seen.outcomes
    ]  # fmt: skip
    assert modelled == pytest.approx(observed, rel=0.08)


def test_the_skills_of_the_agents_are_those_of_the_centre_that_was_simulated(lake):
    with opened(Settings(lake)) as open_lake:
        roster = lake_centre(open_lake).roster
    centre = invented_centre(AGENTS, seed=SEED)
    hired = {
        agent.username: {centre.queues[queue].name for queue in agent.profile.queues}
        for agent in centre.agents
    }
    assert {each.agent.agent_id: {*each.agent.factors} for each in roster} == {
        name: queues for name, queues in hired.items() if name in {r.agent.agent_id for r in roster}
    }


def test_two_more_agents_shorten_the_wait_of_their_queue(answer):
    row = answer["Billing", "mean_wait_s"]
    assert row["difference"] + row["difference_ci95"] < 0


def test_more_volume_makes_a_queue_wait(answer):
    assert answer["Sales", "mean_wait_s"]["difference"] > 0


@pytest.mark.parametrize(("today", "is_told"), [(60.0, False), (20.0, True), (90.0, True)])
def test_a_model_that_does_not_fit_is_told(today, is_told):
    row = {"queue": IN_ALL, "measure": "mean_wait_s", "observed": 50.0, "today": today}
    assert (misfit(pa.Table.from_pylist([row])) is not None) == is_told


def test_what_cannot_be_changed_is_told_in_a_line(lake):
    done = outcome("what-if", "--lake", lake, "--train", "nobody:Billing", "--days", "1")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "No agent 'nobody'" in done.err


def test_an_empty_lake_is_told_in_a_line(tmp_path):
    run("create", "--lake", str(tmp_path / "lake"))
    done = outcome("what-if", "--lake", str(tmp_path / "lake"), "--train", "ada:Billing")
    assert (done.code, done.err.count("\n")) == (3, 1)


def test_changes_are_read_as_written():
    assert changes(["Billing", "Sales"], [2, -1], ["ada.alder:Sales"], ["A:b:-12.5%"]) == (
        MoreAgents("Billing", 2),
        MoreAgents("Sales", -1),
        Training("ada.alder", "Sales"),
        Volume("A:b", 0.875),
    )


@pytest.mark.parametrize(
    ("queues", "agents", "train", "volume"),
    [
        ([], [], [], []),
        (["Billing"], [], [], []),
        ([], [], ["ada.alder"], []),
        ([], [], [], ["Sales:20"]),
        ([], [], [], ["Sales:-120%"]),
        ([], [], [], ["+20%"]),
    ],
)
def test_a_change_that_cannot_be_read_is_told(queues, agents, train, volume):
    with pytest.raises(ChangeError):
        changes(queues, agents, train, volume)


# -- overflow -----------------------------------------------------------------------------------


def test_overflow_writes_what_the_router_takes(lake, tmp_path):
    out = tmp_path / "overflow.json"
    asked = ("--days", "2", "--workers", "1", "--out", str(out), "--format", "json")
    done = run("overflow", "--lake", lake, *asked)
    config = json.loads(out.read_text())
    assert changed(Policy(), config["routing"]["policy"]).version == "overflow"
    assert sum(row["is_recommended"] for row in done.rows) >= 1
    assert done.err.startswith("recommended: ")


def lendings() -> st.SearchStrategy[tuple[Lending, ...]]:
    pairs = [(a, b) for a in QUEUES for b in QUEUES if a != b]
    return st.lists(st.sampled_from(pairs), unique=True).map(
        lambda found: tuple(Lending(a, b, 0, 1) for a, b in found)
    )


def path(plan: tuple[Lending, ...], first: str, choices: list[int]) -> list[str]:
    """The queues of a contact that finds nobody free anywhere, under the plan as config."""
    tried = Tried(Setting(3, 0, 1), plan, {}, (0.0,))
    lenders = overflow_config(tried, {}, {})["routing"]["policy"]["lenders"]
    policy = changed(Policy(), {"lenders": lenders})
    contact, queues = Contact("contact", first, "VOICE"), [first]
    for choice in choices:
        found = open_lenders(contact, NOBODY_FREE, policy)
        if not found:
            break
        queues.append(found[choice % len(found)].call_type)
        contact = contact._replace(visited=(*been(contact, policy), queues[-1]))
    return queues


@given(lendings(), st.sampled_from(QUEUES), st.lists(st.integers(0, 2), min_size=4))
@settings(max_examples=200, deadline=None)
def test_no_contact_visits_a_queue_twice(plan, first, choices):
    queues = path(plan, first, choices)
    assert len(queues) == len(set(queues)) <= MOST_TRANSFERS + 1


def test_a_contact_goes_from_lender_to_lender_while_there_are_others():
    plan = (Lending("Orders", "Billing"), Lending("Sales", "Billing"), Lending("Billing", "Sales"))
    assert path(plan, "Billing", [0, 0, 0, 0]) == ["Billing", "Orders", "Sales"]


# -- automation ---------------------------------------------------------------------------------


def test_automation_writes_its_table(lake):
    rows = run("automation", "--lake", lake, "--days", "1", "--format", "json").rows
    sql = "SELECT count(*) AS n FROM automation_candidate"
    [found] = run("sql", sql, "--lake", lake, "--format", "json").rows
    assert found["n"] == len(rows) > 10
