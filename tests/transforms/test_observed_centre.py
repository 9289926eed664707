"""The centre that a few hand-made days show: what comes, who is there, how quick."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.transforms.landed import at
from transforms.workforce.centre import CentreError, Span
from transforms.workforce.observed_agents import PRIOR_CONTACTS, pace_factors
from transforms.workforce.observed_centre import (
    NEEDED,
    Observed,
    Options,
    full_weekdays,
    observed,
    observed_centre,
    worked_ms,
)

MONDAY = at("2026-01-05T00:00")
HOUR_S = 3600


def table(number: int, rows: list[dict[str, Any]]) -> pa.Table:
    columns = NEEDED[number].columns
    schema = pa.schema([NEEDED[number].table.schema.field(name).with_nullable(True)
                        for name in columns])  # fmt: skip
    return pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows], schema)


def call(at_s: float, agent: str | None = "ada", day: int = 0, **fields: Any) -> dict[str, Any]:
    """A call that waited 10 s; answered and handled in 240 s, 40 s of it after, if by somebody."""
    midnight = MONDAY + timedelta(days=day)
    enqueued = midnight + timedelta(seconds=at_s)
    answered = {"handle_time_ms": 240_000, "after_contact_work_time_ms": 40_000} if agent else {}
    row = {
        "day": midnight.date(),
        "contact_id": f"{day}-{at_s}-{agent}",
        "queue_name": "Billing",
        "enqueue_timestamp": enqueued,
        "agent_username": agent,
        "queue_time_ms": 10_000,
        "is_queued": 1,
        "is_handled": int(agent is not None),
        "is_abandoned": int(agent is None),
    } | answered | fields  # fmt: skip
    handle = timedelta(milliseconds=row.get("handle_time_ms") or 0)
    waited = timedelta(milliseconds=row["queue_time_ms"])
    return {"ended_at": enqueued + waited + handle} | row


def state(
    from_s: float, to_s: float, agent: str = "ada", day: int = 0, name: str = "available"
) -> dict[str, Any]:
    midnight = MONDAY + timedelta(days=day)
    return {
        "day": midnight.date(),
        "agent_username": agent,
        "state": name,
        "started_at": midnight + timedelta(seconds=from_s),
        "ended_at": midnight + timedelta(seconds=to_s),
    }


def holds(agent: str, *queues: str, day: int = 0) -> list[dict[str, Any]]:
    date = (MONDAY + timedelta(days=day)).date()
    return [
        {"day": date, "agent_username": agent, "kind": "queue", "skill": queue} for queue in queues
    ]


def seen(
    calls: list[dict[str, Any]],
    states: list[dict[str, Any]],
    skills: list[dict[str, Any]] | None = None,
    options: Options | None = None,
) -> Observed:
    tables = table(0, calls), table(1, states), table(2, skills or [])
    return observed(*tables, options or Options())


WORKDAY = [state(9 * HOUR_S, 17 * HOUR_S)]


def test_arrivals_are_means_over_the_days_of_the_class():
    found = seen(
        [
            call(9 * HOUR_S + n, day=day)
            for day, calls in ((0, 3), (1, 2), (5, 1))
            for n in range(calls)
        ],
        [*WORKDAY, *(state(9 * HOUR_S, 17 * HOUR_S, day=day) for day in (1, 5))],
    )
    [skill] = found.skills
    assert {n: calls for n, calls in enumerate(skill.arrivals) if calls} == {36: 2.5}


def test_one_day_of_any_kind_is_a_usual_day():
    found = seen([call(9 * HOUR_S, day=5)], [state(0, HOUR_S, day=5)])
    assert [day.isoformat() for day in found.days] == ["2026-01-10"]


@pytest.mark.parametrize("weekend", [(5, 6), (4, 5)])
def test_half_days_are_those_with_few_contacts_wherever_the_weekend_is(weekend):
    days = {(MONDAY + timedelta(days=n)).date(): 40 if n % 7 in weekend else 80 + n % 7
            for n in range(28)}  # fmt: skip
    assert full_weekdays(days) == frozenset(range(7)) - set(weekend)


def test_a_day_with_few_of_the_usual_contacts_is_left_out_as_incomplete():
    calls = [call(9 * HOUR_S + n, day=day) for day in (0, 1) for n in range(5)]
    states = [state(0, HOUR_S, day=day) for day in (0, 1, 2)]
    assert len(seen([*calls, call(0, day=2)], states).days) == 2


def test_a_contact_that_another_followed_is_no_arrival():
    moved_on = call(9 * HOUR_S, None, is_abandoned=0, contact_id="moved on")
    [skill] = seen([call(9 * HOUR_S), moved_on], WORKDAY).skills
    assert sum(skill.arrivals) == 1


def test_talk_and_work_after_come_back_in_seconds_at_the_usual_pace():
    [skill] = seen([call(9 * HOUR_S + 300 * n) for n in range(40)], WORKDAY).skills
    assert (skill.talk_s, skill.after_s) == pytest.approx((200, 40))


def test_ringing_is_part_of_the_work_and_shortens_the_target():
    ringing = state(17 * HOUR_S, 17 * HOUR_S + 5, name="incoming")
    [skill] = seen([call(9 * HOUR_S)], [*WORKDAY, ringing]).skills
    assert (skill.talk_s, skill.target_s) == pytest.approx((205, 15))


def test_a_queue_with_few_contacts_is_drawn_to_the_others():
    calls = [call(9 * HOUR_S + 300 * n) for n in range(60)]
    odd = call(9 * HOUR_S, "bea", queue_name="Rare", handle_time_ms=2_440_000)
    rare = seen([*calls, odd], [*WORKDAY, state(9 * HOUR_S, 17 * HOUR_S, "bea")]).skills[1]
    assert rare.name == "Rare"
    assert 200 < rare.talk_s < 500


def test_patience_is_told_from_censored_waits():
    calls = [call(9 * HOUR_S + 300 * n, queue_time_ms=40_000) for n in range(60)]
    gone = [call(8 * HOUR_S + n, None, queue_time_ms=20_000) for n in range(120)]
    [skill] = seen([*calls, *gone], WORKDAY).skills
    assert skill.patience_s == pytest.approx((60 * 40 + 120 * 20) / 120)


def test_breaks_are_left_out_of_a_shift_and_refused_calls_are_not():
    states = [
        state(9 * HOUR_S, 10 * HOUR_S),
        state(10 * HOUR_S + 20, 12 * HOUR_S, name="on_contact"),
        state(12 * HOUR_S, 13 * HOUR_S, name="custom"),
        state(13 * HOUR_S, 17 * HOUR_S),
    ]
    [rostered] = seen([call(9 * HOUR_S)], states).roster
    assert rostered.agent.shifts == (
        Span(9 * HOUR_S, 12 * HOUR_S),
        Span(13 * HOUR_S, 17 * HOUR_S),
    )


def test_time_on_calls_that_no_queue_brought_is_left_out_of_a_shift():
    outbound = call(11 * HOUR_S, is_queued=0, queue_name=None, queue_time_ms=0)
    [rostered] = seen([call(9 * HOUR_S), outbound], WORKDAY).roster
    assert rostered.agent.shifts == (
        Span(9 * HOUR_S, 11 * HOUR_S),
        Span(11 * HOUR_S + 240, 17 * HOUR_S),
    )


def test_the_typical_day_is_the_one_nearest_to_the_others():
    starts_h = {0: 9, 1: 9.25, 2: 13}
    states = [state(h * HOUR_S, (h + 4) * HOUR_S, day=day) for day, h in starts_h.items()]
    calls = [call(9 * HOUR_S, day=day) for day in starts_h]
    [rostered] = seen(calls, states).roster
    assert rostered.agent.shifts == (Span(9.25 * HOUR_S, 13.25 * HOUR_S),)


def test_who_works_two_days_of_three_is_there_in_two_turns_of_three():
    states = [*WORKDAY, state(9 * HOUR_S, 17 * HOUR_S, day=1)]
    states += [state(9 * HOUR_S, 17 * HOUR_S, "bea", day=day) for day in range(3)]
    calls = [call(9 * HOUR_S, "bea", day=day) for day in range(3)]
    skills = [*holds("ada", "Billing"), *holds("bea", "Billing")]
    found = seen(calls, states, skills)
    turns = [found.centre(turn).agents[0] for turn in range(300)]
    assert sum(bool(agent.shifts) for agent in turns) == pytest.approx(200, abs=2)


def test_the_same_number_of_agents_is_there_in_every_turn_to_within_one():
    agents = [f"agent {n}" for n in range(20)]
    states = [
        state(9 * HOUR_S, 17 * HOUR_S, agent, day=day)
        for n, agent in enumerate(agents)
        for day in range(5)
        if (n + day) % 5
    ]
    calls = [call(9 * HOUR_S, agents[0], day=day) for day in range(5)]
    found = seen(calls, states, [row for agent in agents for row in holds(agent, "Billing")])
    there = {sum(bool(a.shifts) for a in found.centre(turn).agents) for turn in range(50)}
    assert there <= {15, 16, 17}


def test_skills_are_those_of_the_last_routing_profile_whoever_was_transferred_to():
    skills = [*holds("ada", "Billing", "Gone"), *holds("ada", "Billing", day=1)]
    calls = [call(9 * HOUR_S), call(9 * HOUR_S + 300, queue_name="Sales", contact_id="lent")]
    [rostered] = seen(calls, WORKDAY, skills).roster
    assert set(rostered.agent.factors) == {"Billing"}


def test_without_a_routing_profile_an_agent_has_the_queues_ever_handled():
    calls = [call(9 * HOUR_S), call(9 * HOUR_S + 300, queue_name="Sales", contact_id="other")]
    [rostered] = seen(calls, WORKDAY).roster
    assert set(rostered.agent.factors) == {"Billing", "Sales"}


def test_an_agents_pace_is_shrunk_by_the_contacts_that_tell_it():
    agents = ["ada"] * 14 + ["bea"] * 14
    worked = np.array([400_000] * 14 + [100_000] * 14)
    factors = pace_factors(agents, ["Billing"] * 28, worked)
    # Half of ln 2 overall, and half of what is left in the skill.
    assert math.log(factors["ada", "Billing"]) == pytest.approx(0.75 * math.log(2))
    assert PRIOR_CONTACTS == 14


def test_contacts_at_once_share_their_agents_time():
    found = worked_ms(["ada", "ada", "bea"], np.array([0, 50, 0]), np.array([100, 150, 100]))
    assert found.tolist() == [75, 75, 100]


def test_the_order_of_rows_does_not_matter():
    calls = [call(9 * HOUR_S + 97 * n, ("ada", "bea")[n % 2], queue_time_ms=1000 * n)
             for n in range(30)]  # fmt: skip
    states = [*WORKDAY, state(8 * HOUR_S, 16 * HOUR_S, "bea")]
    assert seen(calls, states) == seen(calls[::-1], states[::-1])


def test_a_lake_without_contacts_and_agents_is_told():
    with pytest.raises(CentreError, match="No day has both"):
        seen([call(9 * HOUR_S)], [])


def test_priorities_targets_and_costs_come_from_the_options():
    options = Options(targets_s={"Billing": 60.0}, priorities={"Billing": 3}, costs={"Billing": 2})
    [skill] = seen([call(9 * HOUR_S)], WORKDAY, options=options).skills
    assert (skill.target_s, skill.priority, skill.cost) == (60.0, 3, 2)


def test_the_outcome_has_what_was_seen():
    calls = [call(9 * HOUR_S), call(9 * HOUR_S + 400, None, queue_time_ms=30_000)]
    [outcome] = seen(calls, WORKDAY).outcomes
    assert (outcome.offered, outcome.answered, outcome.abandoned) == (2, 1, 1)
    assert (outcome.wait_ms, outcome.breach_ms, outcome.handle_ms) == (40_000, 10_000, 240_000)


def test_the_centre_has_the_skills_and_agents_of_the_days():
    centre = observed_centre(table(0, [call(9 * HOUR_S)]), table(1, WORKDAY), table(2, []))
    assert [skill.name for skill in centre.skills] == ["Billing"]
    assert [agent.agent_id for agent in centre.agents] == ["ada"]
