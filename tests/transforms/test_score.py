"""Workload scores and customers' agents, on centres of two or three agents."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.landed import at, table
from transforms import tables
from transforms.facts import violations
from transforms.workforce.score import USUAL, Weights, customer_agents, workload, workload_scores

NOW = at("2024-05-06T12:00:00")
DAY = date(2024, 5, 6)
Row = dict[str, Any]


def item(agent: str, minutes: float | None, **fields: Any) -> Row:
    return {
        "day": DAY,
        "work_item_id": f"w-{agent}-{minutes}",
        "agent_username": agent,
        "status": "OPEN",
        "remaining_minutes": minutes,
        "record_version": "1",
    } | fields


def interval(agent: str, state: str, ago_s: float, until_s: float = 0, **fields: Any) -> Row:
    return {
        "day": DAY,
        "instance_id": "i-1",
        "agent_arn": agent,
        "agent_username": agent,
        "state": state,
        "started_at": NOW - timedelta(seconds=ago_s),
        "ended_at": NOW - timedelta(seconds=until_s),
    } | fields


def skill(agent: str, queue: str = "Billing", **fields: Any) -> Row:
    return {
        "day": DAY,
        "instance_id": "i-1",
        "agent_arn": agent,
        "agent_id": f"id-{agent}",
        "agent_username": agent,
        "kind": "queue",
        "skill": queue,
        "seen_from": NOW,
        "seen_to": NOW,
    } | fields


def handled(agent: str | None, seconds: float | None = 300, **fields: Any) -> Row:
    return {
        "day": DAY,
        "instance_id": "i-1",
        "contact_id": f"c-{agent}-{seconds}",
        "queue_name": "Billing",
        "category": "invoice",
        "task": "explain",
        "agent_username": agent,
        "agent_id": f"id-{agent}",
        "agent_connected_to_agent_timestamp": agent and NOW - timedelta(hours=1),
        "agent_interaction_duration_ms": seconds and int(seconds * 1000),
        "record_version": "1",
    } | fields


SKILLS = (skill("ada"), skill("bela"))
CALLS = (handled("cato"),)  # so that the queue serves the category


def scores(
    items: Any = (),
    intervals: Any = (),
    skills: Any = SKILLS,
    contacts: Any = CALLS,
    weights: Weights = Weights(),
) -> dict[tuple[str, str], Row]:
    rows = tables.WORKLOAD_SCORE.conform(
        workload_scores(
            table(tables.WORK_ITEM, items),
            table(tables.AGENT_STATE_INTERVAL, intervals),
            table(tables.AGENT_SKILL, skills),
            table(tables.CONTACT_RECORD, contacts),
            NOW,
            weights=weights,
        )
    )
    assert sum(violations(rows, tables.WORKLOAD_SCORE).values()) == 0
    return {(row["call_type"], row["agent_username"]): row for row in rows.to_pylist()}


def term(name: str, agent: str = "ada", **given_rows: Any) -> float:
    return scores(**given_rows)["invoice", agent][name]


# -- the terms --------------------------------------------------------------------------------


def test_of_like_agents_the_one_with_more_open_work_scores_higher():
    found = scores(items=[item("ada", 60), item("bela", 61)])
    assert found["invoice", "ada"]["workload"] < found["invoice", "bela"]["workload"]


def test_the_score_is_the_weighted_sum_of_its_terms():
    row = scores(items=[item("ada", 240)], intervals=[interval("ada", "on_contact", 600)])[
        "invoice", "ada"
    ]
    expected = round(10_000 * (0.45 * 0.5 + 0.25 * 1 + 0.15 * 1 + 0.15 * 0.5))
    assert row["workload"] == expected


def test_closed_items_do_not_count():
    assert term("open_work_minutes", items=[item("ada", 60, status="CLOSED")]) == 0


def test_open_items_add_up_and_unknown_minutes_are_left_out():
    items = [item("ada", 60), item("ada", 30), item("ada", None)]
    assert term("open_work_minutes", items=items) == 90


def test_the_backlog_is_one_half_at_the_reference():
    weights = Weights(half_backlog_minutes=100)
    assert term("backlog", items=[item("ada", 100)], weights=weights) == 0.5


def test_occupancy_is_the_busy_share_of_recent_time():
    intervals = [interval("ada", "available", 7_200, 3_600), interval("ada", "on_contact", 3_600)]
    early, late = 2**-4, 2**-2  # two and one hours ago, at a half-life of thirty minutes
    expected = (1 - late) / (1 - early)
    assert term("occupancy", intervals=intervals) == pytest.approx(expected)


@pytest.mark.parametrize("state", ["custom", "error", "gap"])
def test_time_in_which_no_contact_can_come_is_no_staffed_time(state):
    intervals = [interval("ada", state, 7_200, 3_600), interval("ada", "on_contact", 3_600)]
    assert term("occupancy", intervals=intervals) == 1


@pytest.mark.parametrize(("state", "share"), [("incoming", 1), ("available", 0), ("custom", 0)])
def test_a_contact_that_rings_is_all_ahead_and_without_one_there_is_nothing_to_wait_for(
    state, share
):
    assert term("current", intervals=[interval("ada", state, 60)]) == share


def test_a_contact_in_hand_counts_by_the_time_that_it_is_expected_to_take_yet():
    calls = [handled("cato", seconds, contact_id=f"c-{seconds}") for seconds in (100, 200, 600)]
    found = term("current", contacts=calls, intervals=[interval("ada", "on_contact", 150)])
    # Of those that took longer than 150 s, 50 and 450 s were left; the mean of all is 300 s.
    assert found == pytest.approx((50 + 450 + 14 * 300) / (2 + 14) / 300)


def test_a_hold_does_not_begin_the_contact_anew():
    calls = [handled("cato", seconds, contact_id=f"c-{seconds}") for seconds in (100, 200, 600)]
    held = [
        interval("ada", "available", 900, 150),
        interval("ada", "on_contact", 150, 20),
        interval("ada", "on_contact", 20),
    ]
    whole = [interval("ada", "available", 900, 150), interval("ada", "on_contact", 150)]
    assert term("current", contacts=calls, intervals=held) == term(
        "current", contacts=calls, intervals=whole
    )


def test_after_contact_work_counts_by_what_is_left_of_it():
    call = handled("cato", 240, agent_after_contact_work_duration_ms=60_000)
    found = term("current", contacts=[call], intervals=[interval("ada", "after_contact_work", 30)])
    assert found == pytest.approx((30 + 14 * 60) / 15 / 300)


def test_who_is_no_longer_seen_goes_over_to_the_teams_occupancy():
    intervals = [
        interval("ada", "on_contact", 3_600, 900),
        interval("bela", "available", 3_600),
    ]
    # The team's is a half; what was seen of ada 15 minutes ago counts one half of it.
    assert term("occupancy", intervals=intervals) == pytest.approx(0.75)
    assert term("occupancy", "bela", intervals=intervals) == 0


def test_who_was_never_seen_has_the_teams_occupancy():
    intervals = [interval("bela", "on_contact", 3_600, 1_800), interval("bela", "available", 1_800)]
    both = scores(intervals=intervals)
    occupancy = {agent: both["invoice", agent]["occupancy"] for agent in ("ada", "bela")}
    assert occupancy["ada"] == pytest.approx(occupancy["bela"])


def test_a_contact_of_some_time_ago_is_not_in_hand():
    assert term("current", intervals=[interval("ada", "on_contact", 600, 151)]) == 0


def test_an_agent_who_takes_as_long_as_the_team_is_in_the_middle():
    calls = [handled("ada"), handled("bela")]
    assert term("handling", contacts=calls) == pytest.approx(0.5)


def test_few_contacts_say_little_about_an_agents_handle_time():
    slow = handled("ada", 600)
    few = [slow, handled("bela", 300)]
    many = [slow | {"contact_id": str(n)} for n in range(50)] + [handled("bela", 300)] * 50
    assert 0.5 < term("handling", contacts=few) < term("handling", contacts=many)


AMOUNT = st.floats(0, 1e6, allow_nan=False)


@given(AMOUNT, AMOUNT)
def test_more_open_work_never_lowers_the_score(less, more):
    less, more = sorted((less, more))
    found = scores(items=[item("ada", less), item("bela", more)])
    assert found["invoice", "ada"]["workload"] <= found["invoice", "bela"]["workload"]


@given(st.integers(1, 7_200), st.integers(1, 7_200))
def test_more_time_on_contacts_never_lowers_the_score(less, more):
    less, more = sorted((less, more))
    intervals = [
        row
        for agent, busy in (("ada", less), ("bela", more))
        for row in (
            interval(agent, "available", 7_400, busy + 160),
            interval(agent, "on_contact", busy + 160, 160),
        )
    ]
    found = scores(intervals=intervals)
    assert found["invoice", "ada"]["workload"] <= found["invoice", "bela"]["workload"]


@given(st.floats(1, 1e5), st.floats(1, 1e5))
def test_a_longer_handle_time_never_lowers_the_score(less, more):
    less, more = sorted((less, more))
    found = scores(contacts=[handled("ada", less), handled("bela", more)])
    assert found["invoice", "ada"]["workload"] <= found["invoice", "bela"]["workload"]


@given(
    st.fixed_dictionaries(
        {
            "open_work_minutes": AMOUNT,
            "occupancy": st.floats(0, 1),
            "current": st.floats(0, 1),
            "handle_ratio": st.floats(1e-3, 1e3),
        }
    ),
    st.sampled_from(["open_work_minutes", "occupancy", "current", "handle_ratio"]),
    st.floats(0, 1),
)
def test_more_of_any_input_never_lowers_the_score(inputs, name, more):
    most = 1.0 - inputs[name] if name in ("occupancy", "current") else 1e3
    raised = inputs | {name: inputs[name] + more * most}
    assert workload(USUAL, **inputs) <= workload(USUAL, **raised)


STATE = st.sampled_from(tables.STATES)


@given(
    st.lists(AMOUNT, max_size=4),
    st.lists(st.tuples(STATE, st.floats(0, 1e5)), max_size=6),
    st.lists(st.floats(0, 1e6), max_size=4),
)
def test_a_score_is_between_0_and_10000(minutes, states, handle_s):
    found = scores(
        items=[item("ada", amount) for amount in minutes],
        intervals=[interval("ada", state, age + 60, age) for state, age in states],
        contacts=[*CALLS, *(handled("ada", seconds) for seconds in handle_s)],
    )
    assert all(0 <= row["workload"] <= 10_000 for row in found.values())


# -- who can take what ------------------------------------------------------------------------


def test_an_agent_can_take_what_the_queue_serves_and_what_the_agent_has_handled():
    found = scores(skills=[skill("ada")], contacts=[handled("bela"), handled(None)])
    assert sorted(found) == [("invoice", "ada"), ("invoice", "bela")]


def test_a_queue_that_takes_few_calls_of_a_type_does_not_serve_it():
    contacts = [handled("bela")] * 19 + [handled("bela", queue_name="Orders")]
    found = scores(skills=[skill("ada", "Orders")], contacts=contacts)
    assert sorted(found) == [("invoice", "bela")]


def test_a_skill_of_an_earlier_day_is_gone_if_a_later_day_lacks_it():
    yesterday = DAY - timedelta(days=1)
    skills = [skill("ada", day=yesterday), skill("ada", "Orders")]
    assert ("invoice", "ada") not in scores(skills=skills)


def test_a_proficiency_is_no_queue():
    assert ("invoice", "ada") not in scores(skills=[skill("ada", kind="proficiency")])


def test_each_agent_and_call_type_has_one_row_with_the_connect_id():
    contacts = [handled("ada"), handled("ada", category="refund"), handled("bela")]
    found = scores(contacts=contacts)
    assert {(key, row["agent_id"]) for key, row in found.items()} == {
        (("invoice", "ada"), "id-ada"),
        (("invoice", "bela"), "id-bela"),
        (("refund", "ada"), "id-ada"),
        (("refund", "bela"), "id-bela"),
    }


def test_nobody_scores_in_an_empty_lake():
    assert scores(skills=(), contacts=()) == {}


# -- customers --------------------------------------------------------------------------------


def associated(*contacts: Row, days: int = 90) -> list[tuple[str, str, int]]:
    rows = customer_agents(table(tables.CONTACT_RECORD, contacts), NOW, days)
    conformed = tables.CUSTOMER_AGENT.conform(rows).to_pylist()
    return [(row["customer_id"], row["agent_username"], row["contacts"]) for row in conformed]


def met(agent: str | None, days_ago: float, customer: str | None = "x", **fields: Any) -> Row:
    when = NOW - timedelta(days=days_ago)
    return handled(agent, customer_id=customer, agent_connected_to_agent_timestamp=when, **fields)


def test_the_agent_of_the_latest_contact_is_associated():
    found = associated(met("ada", 5), met("bela", 2), met("ada", 9), met("bela", 3))
    assert found == [("x", "bela", 2)]


def test_an_association_ends_after_its_days():
    assert associated(met("ada", 7), met("bela", 6.9, "y"), days=7) == [("y", "bela", 1)]


def test_the_end_is_told():
    [row] = customer_agents(table(tables.CONTACT_RECORD, [met("ada", 1)]), NOW, 7).to_pylist()
    assert row["expires_at"] == NOW + timedelta(days=6)


def test_contacts_without_a_customer_or_an_agent_associate_nobody():
    assert associated(met("ada", 1, None), met(None, 1)) == []


def test_of_contacts_at_one_instant_the_order_of_rows_does_not_decide():
    first, second = met("ada", 1, contact_id="a"), met("bela", 1, contact_id="b")
    assert associated(first, second) == associated(second, first)
