"""Who could work for a skill, and who sat idle while others waited, worked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.transforms.landed import at, table
from transforms import tables
from transforms.skill_staffing import (
    CONTACTS_NEEDED,
    SKILLS_NEEDED,
    STATES_NEEDED,
    skill_groups,
    skill_staffings,
)

DAY = date(2024, 5, 6)
NINE = at("2024-05-06T09:00:00")
MINUTE = 60_000


def state(agent: str, from_min: float, to_min: float, kind: str = "available") -> dict[str, Any]:
    return {
        "day": DAY,
        "instance_id": "i-1",
        "agent_arn": agent,
        "state": kind,
        "started_at": NINE + timedelta(minutes=from_min),
        "ended_at": NINE + timedelta(minutes=to_min),
        "duration_ms": round((to_min - from_min) * MINUTE),
    }


def skill(agent: str, name: str, kind: str = "queue") -> dict[str, Any]:
    about = {"day": DAY, "instance_id": "i-1", "agent_arn": agent, "kind": kind, "skill": name}
    return about | {"seen_from": NINE, "seen_to": NINE}


def waiting(from_min: float, to_min: float, name: str, queue: str | None = None) -> dict[str, Any]:
    return {
        "day": DAY,
        "instance_id": "i-1",
        "contact_id": f"{name}-{from_min}-{to_min}",
        "journey_id": "j",
        "category": "c",
        "task": "t",
        "enqueue_timestamp": NINE + timedelta(minutes=from_min),
        "queue_name": queue or name,
        "skill": name,
        "queue_time_ms": round((to_min - from_min) * MINUTE),
    }


def read(states: list[Any], skills: list[Any], contacts: list[Any]) -> list[Any]:
    return [
        table(tables.AGENT_STATE_INTERVAL, states).select(STATES_NEEDED),
        table(tables.AGENT_SKILL, skills).select(SKILLS_NEEDED),
        table(tables.CONTACT_STATISTIC_RECORD, contacts).select(CONTACTS_NEEDED),
    ]


def staffing(states: list[Any], skills: list[Any], contacts: list[Any] = []) -> Any:  # noqa: B006
    """Rows by skill, of a quarter of an hour each."""
    rows = tables.SKILL_STAFFING.conform(skill_staffings(*read(states, skills, contacts)))
    return {(row["skill"], row["interval_start"].minute): row for row in rows.to_pylist()}


def test_an_agent_counts_in_full_and_in_equal_shares():
    found = staffing([state("ada", 0, 10)], [skill("ada", "Billing"), skill("ada", "Orders")])
    row = found["Billing", 0]
    names = ("agents", "staffed_head_ms", "staffed_share_ms")
    assert [row[name] for name in names] == [1, 10 * MINUTE, 5 * MINUTE]


def test_time_is_cut_at_quarter_hours():
    found = staffing([state("ada", 10, 20)], [skill("ada", "Billing")])
    assert {key[1]: row["staffed_head_ms"] for key, row in found.items()} == {
        0: 5 * MINUTE,
        15: 5 * MINUTE,
    }


@pytest.mark.parametrize(
    ("kind", "staffed"),
    [("on_contact", 1), ("after_contact_work", 1), ("incoming", 1), ("custom", 0), ("gap", 0)],
)
def test_staffed_is_who_takes_contacts_or_works_on_one(kind, staffed):
    states = [state("ada", 0, 1), state("ada", 1, 2, kind)]
    found = staffing(states, [skill("ada", "Billing")])
    assert found["Billing", 0]["staffed_head_ms"] == (1 + staffed) * MINUTE


def test_idle_is_available_only():
    states = [state("ada", 0, 4), state("ada", 4, 9, "on_contact")]
    assert staffing(states, [skill("ada", "Billing")])["Billing", 0]["idle_ms"] == 4 * MINUTE


def test_overlap_is_idle_time_without_the_skill_while_its_callers_wait():
    found = staffing(
        [state("ada", 0, 10), state("bela", 0, 10)],
        [skill("ada", "Billing"), skill("bela", "Orders")],
        [waiting(2, 5, "Billing")],
    )
    assert found["Billing", 0]["overlap_ms"] == 3 * MINUTE
    assert found["Orders", 0]["overlap_ms"] == 0


def test_several_who_wait_are_one_queue():
    found = staffing(
        [state("bela", 0, 10)],
        [skill("bela", "Orders")],
        [waiting(2, 5, "Billing"), waiting(3, 6, "Billing"), waiting(8, 9, "Billing")],
    )
    row = found["Billing", 0]
    assert (row["queue_ms"], row["overlap_ms"]) == (5 * MINUTE, 5 * MINUTE)


def test_overlap_adds_up_over_agents():
    skills = [skill("ada", "Orders"), skill("bela", "Orders")]
    states = [state("ada", 0, 10), state("bela", 4, 10)]
    found = staffing(states, skills, [waiting(2, 5, "Billing")])
    assert found["Billing", 0]["overlap_ms"] == 4 * MINUTE


def test_who_has_no_known_skill_is_not_known_to_lack_one():
    found = staffing([state("ada", 0, 10)], [], [waiting(2, 5, "Billing")])
    assert found["Billing", 0]["overlap_ms"] == 0


def test_a_mapped_skill_is_held_by_who_has_its_queue():
    found = staffing(
        [state("ada", 0, 10)], [skill("ada", "Queue 7")], [waiting(2, 5, "loans", "Queue 7")]
    )
    assert {key[0] for key in found} == {"loans"}
    assert found["loans", 0]["staffed_share_ms"] == 10 * MINUTE


def test_a_proficiency_is_a_skill_where_work_needs_it():
    skills = [skill("ada", "Queue 7"), skill("bela", "Queue 7")]
    skills += [skill("ada", "product:loans", "proficiency"), skill("ada", "x:y", "proficiency")]
    found = staffing(
        [state("ada", 0, 10), state("bela", 0, 10)],
        skills,
        [waiting(2, 5, "product:loans", "Queue 7")],
    )
    assert {key[0] for key in found} == {"Queue 7", "product:loans"}
    assert found["product:loans", 0]["agents"] == 1
    assert found["product:loans", 0]["overlap_ms"] == 3 * MINUTE


def test_a_wait_beyond_midnight_counts_up_to_it():
    found = staffing([], [], [waiting(14 * 60 + 55, 15 * 60 + 20, "Billing")])
    assert [row["queue_ms"] for row in found.values()] == [5 * MINUTE]


def test_staff_is_grouped_by_what_it_can_do():
    skills = [skill("ada", "Orders"), skill("ada", "Billing"), skill("bela", "Orders")]
    states = [state("ada", 0, 10), state("bela", 0, 5)]
    found = skill_groups(*read(states, skills, [])).to_pylist()
    assert {tuple(row["skills"]): row["staffed_ms"] for row in found} == {
        ("Billing", "Orders"): 10 * MINUTE,
        ("Orders",): 5 * MINUTE,
    }
