"""Agents' skills, as the day's events show them."""

from __future__ import annotations

from typing import Any

from tests.transforms.landed import at, event, versions
from transforms import tables
from transforms.agent_skill import agent_skills

NINE, TEN = "2024-05-06T09:00:00Z", "2024-05-06T10:00:00Z"


def shown(
    when: str, queues: list[str | None], proficiencies: Any = None, **fields: Any
) -> dict[str, Any]:
    record = event(when, **fields)
    record["CurrentAgentSnapshot"]["Configuration"] |= {
        "RoutingProfile": {"InboundQueues": [{"ARN": "q", "Name": name} for name in queues]},
        "Proficiencies": proficiencies,
    }
    return record


def skills(*events: dict[str, Any]) -> list[dict[str, Any]]:
    rows = agent_skills(versions("agent_event", events))
    return tables.AGENT_SKILL.conform(rows).to_pylist()


def french(level: float) -> list[dict[str, Any]]:
    return [{"Name": "language", "Value": "french", "ProficiencyLevel": level}]


def test_a_queue_is_a_skill_from_its_first_to_its_last_sight():
    [row] = skills(shown(NINE, ["Billing"]), shown(TEN, ["Billing"]))
    expected = ("queue", "Billing", None, at("2024-05-06T09:00:00"), at("2024-05-06T10:00:00"))
    names = ("kind", "skill", "level", "seen_from", "seen_to")
    assert tuple(row[name] for name in names) == expected


def test_an_agents_own_queue_has_no_name_and_is_no_skill():
    assert skills(shown(NINE, [None])) == []


def test_a_proficiency_is_a_name_and_a_value():
    [row] = skills(shown(NINE, [], french(4.5)))
    assert (row["kind"], row["skill"], row["level"]) == ("proficiency", "language:french", 4.5)


def test_the_last_level_of_the_day_counts():
    [row] = skills(shown(TEN, [], french(2)), shown(NINE, [], french(5)))
    assert row["level"] == 2


def test_of_levels_at_one_instant_the_order_of_rows_does_not_decide():
    first, second = shown(NINE, [], french(2), EventId="a"), shown(NINE, [], french(5), EventId="b")
    assert skills(first, second) == skills(second, first)


def test_days_are_apart():
    rows = skills(shown(NINE, ["Billing"]), shown("2024-05-07T09:00:00Z", ["Billing"]))
    assert [row["day"].day for row in rows] == [6, 7]


def test_an_event_without_a_snapshot_shows_nothing():
    assert skills(event(NINE, "LOGIN", status=None)) == []
