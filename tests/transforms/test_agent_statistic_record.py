"""Agent statistics: hand-made intervals in, times per agent, status and 15 minutes out."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.landed import INSTANCE, at, table
from transforms import tables
from transforms.agent_statistic_record import agent_statistic_records
from transforms.facts import violations

DEFINITION = tables.AGENT_STATISTIC_RECORD
MINUTE = 60_000


def interval(span: str, state: str = "available", **fields: Any) -> dict[str, Any]:
    """An interval of ada on 6 May 2024; `span` is `HH:MM:SS-HH:MM:SS`."""
    start, end = (at(f"2024-05-06T{clock}") for clock in span.split("-"))
    kind, name = {"custom": ("CUSTOM", "Lunch")}.get(state, ("ROUTABLE", "Available"))
    active = 1 if state in ("on_contact", "after_contact_work") else 0
    return {
        "day": date(2024, 5, 6),
        "instance_id": "i-1",
        "aws_account_id": "111122223333",
        "agent_arn": f"{INSTANCE}/agent/ada",
        "agent_id": "ada",
        "agent_username": "ada",
        "state": state,
        "status_type": kind,
        "status_name": name,
        "status_arn": f"{INSTANCE}/agent-state/{name}",
        "agent_routing_profile_arn": f"{INSTANCE}/routing-profile/rp-1",
        "agent_hierarchy_level_1_arn": f"{INSTANCE}/agent-group/g-1",
        "started_at": start,
        "ended_at": end,
        "contacts": active,
        "contacts_active": active,
        "contacts_ringing": 1 if state == "incoming" else 0,
        "contacts_error": 1 if state == "error" else 0,
    } | fields


def statistics(*intervals: dict[str, Any]) -> list[dict[str, Any]]:
    given = table(tables.AGENT_STATE_INTERVAL, intervals)
    rows = DEFINITION.conform(agent_statistic_records(given))
    assert sum(violations(rows, DEFINITION).values()) == 0
    return rows.to_pylist()


def sums(*intervals: dict[str, Any]) -> dict[str, int]:
    """Every time that is not 0, over all rows, without the status time."""
    found = Counter[str]()
    for row in statistics(*intervals):
        found.update({name: row[name] for name in TIMES})
    return {name: ms for name, ms in found.items() if ms}


TIMES = (
    "online_time",
    "error_time",
    "non_productive_time",
    "agent_idle_time",
    "agent_idle_time_with_ringing",
    "agent_on_contact_time",
    "contact_time_concurrent_ms",
    "ringing_time_ms",
    "gap_time_ms",
)


def test_a_row_says_whom_and_what_it_is_about():
    [row] = statistics(interval("09:00:00-09:01:00"))
    expected = {
        "day": date(2024, 5, 6),
        "interval_start_time": at("2024-05-06T09:00:00"),
        "interval_end_time": at("2024-05-06T09:15:00"),
        "instance_id": "i-1",
        "instance_arn": INSTANCE,
        "aws_account_id": "111122223333",
        "user_id": "ada",
        "user_arn": f"{INSTANCE}/agent/ada",
        "agent_username": "ada",
        "routing_profile_id": "rp-1",
        "agent_hierarchy_level_1_id": "g-1",
        "agent_hierarchy_level_2_id": None,
        "agent_status_name": "Available",
        "agent_status_arn": f"{INSTANCE}/agent-state/Available",
        "agent_status_time_ms": MINUTE,
    }
    assert expected == {name: row[name] for name in expected}


def test_an_interval_is_cut_at_every_quarter_of_an_hour():
    rows = statistics(interval("09:10:00-09:47:30"))
    expected = [("09:00", 5.0), ("09:15", 15.0), ("09:30", 15.0), ("09:45", 2.5)]  # 37.5 minutes
    assert expected == [
        (f"{row['interval_start_time']:%H:%M}", row["agent_status_time_ms"] / MINUTE)
        for row in rows
    ]


def test_an_interval_that_ends_on_the_quarter_has_no_part_behind_it():
    assert len(statistics(interval("09:00:00-09:15:00"))) == 1


def test_parts_of_milliseconds_add_up_to_the_whole():
    third = {"ended_at": at("2024-05-06T09:30:00.333333")}
    rows = statistics(interval("09:00:00-09:00:00", **third))
    assert sum(row["agent_status_time_ms"] for row in rows) == 30 * MINUTE + 333


def test_available_without_a_contact_is_idle_and_online():
    expected = dict.fromkeys(
        ("online_time", "agent_idle_time", "agent_idle_time_with_ringing"), MINUTE
    )
    assert expected == sums(interval("09:00:00-09:01:00"))


@pytest.mark.parametrize("state", ["on_contact", "after_contact_work"])
def test_contacts_and_the_work_after_them_are_contact_time(state):
    expected = dict.fromkeys(
        ("online_time", "agent_on_contact_time", "contact_time_concurrent_ms"), MINUTE
    )
    assert expected == sums(interval("09:00:00-09:01:00", state))


def test_several_contacts_at_once_are_one_contact_time_and_several_concurrent_ones():
    found = sums(
        interval("09:00:00-09:01:00", "on_contact"),
        interval("09:01:00-09:03:00", "on_contact", contacts_active=3),
    )
    assert found["agent_on_contact_time"] == 3 * MINUTE
    assert found["contact_time_concurrent_ms"] == (1 * 1 + 2 * 3) * MINUTE


def test_ringing_is_idle_by_one_official_definition_and_not_by_the_other():
    found = sums(interval("09:00:00-09:01:00"), interval("09:01:00-09:01:20", "incoming"))
    assert found == {
        "online_time": 80_000,
        "agent_idle_time": 60_000,
        "agent_idle_time_with_ringing": 80_000,
        "ringing_time_ms": 20_000,
    }


def test_what_rings_beside_a_contact_is_contact_time():
    found = sums(interval("09:00:00-09:01:00", "on_contact", contacts_ringing=1))
    assert found == {
        "online_time": MINUTE,
        "agent_on_contact_time": MINUTE,
        "contact_time_concurrent_ms": MINUTE,
        "ringing_time_ms": MINUTE,
    }


def test_a_contact_in_error_is_error_time_and_idle():
    found = sums(interval("09:00:00-09:01:00", "error"))
    assert (found["error_time"], found["agent_idle_time"]) == (MINUTE, MINUTE)


def test_a_missed_contact_leaves_the_agent_idle():
    assert sums(interval("09:00:00-09:01:00", "missed"))["agent_idle_time"] == MINUTE


def test_the_status_error_is_online_and_error_time_and_neither_idle_nor_non_productive():
    found = sums(
        interval(
            "09:00:00-09:01:00", "error", status_name="Error", status_type=None, contacts_error=0
        )
    )
    assert found == {"online_time": MINUTE, "error_time": MINUTE}


def test_a_custom_status_is_online_and_non_productive():
    found = sums(interval("09:00:00-09:01:00", "custom"))
    assert found == {"online_time": MINUTE, "non_productive_time": MINUTE}


def test_a_contact_worked_on_in_a_custom_status_is_no_contact_time():
    found = sums(interval("09:00:00-09:01:00", "on_contact", status_type="CUSTOM"))
    assert found == {"online_time": MINUTE, "non_productive_time": MINUTE}


def test_a_contact_worked_on_while_offline_is_neither_online_nor_contact_time():
    busy = interval("09:00:00-09:01:00", "on_contact", status_type="OFFLINE", status_name="Offline")
    assert sums(busy) == {}
    assert statistics(busy)[0]["agent_status_time_ms"] == MINUTE


def test_time_offline_has_no_row():
    assert statistics(interval("09:00:00-09:01:00", "offline", status_type=None)) == []


def test_silence_is_in_no_status():
    gap = interval(
        "09:00:00-09:01:00",
        "gap",
        status_type=None,
        status_name=None,
        status_arn=None,
        contacts_active=None,
    )
    assert sums(gap) == {"gap_time_ms": MINUTE}
    assert statistics(gap)[0]["agent_status_time_ms"] == 0


def test_each_status_has_a_row_of_its_own():
    rows = statistics(
        interval("09:00:00-09:04:00"),
        interval("09:04:00-09:06:00", "custom"),
        interval("09:06:00-09:07:00", "on_contact"),
    )
    expected = {"Available": 5 * MINUTE, "Lunch": 2 * MINUTE}  # 4 + 1 available, 2 at lunch
    assert expected == {row["agent_status_name"]: row["agent_status_time_ms"] for row in rows}


def test_another_hierarchy_group_begins_another_row():
    moved = {
        "agent_hierarchy_level_1_arn": None,
        "agent_hierarchy_level_2_arn": f"{INSTANCE}/agent-group/g-1",
    }
    rows = statistics(interval("09:00:00-09:04:00"), interval("09:04:00-09:05:00", **moved))
    assert sorted(row["agent_status_time_ms"] for row in rows) == [MINUTE, 4 * MINUTE]


STATES = st.sampled_from(
    ["available", "incoming", "on_contact", "error", "custom", "missed", "gap"]
)


@given(st.lists(st.tuples(st.integers(1, 5_000_000), STATES), min_size=1, max_size=9))
def test_nothing_is_lost_or_counted_twice_by_cutting(spans):
    moment, intervals = at("2024-05-06T00:00:00"), []
    for ms, state in spans:
        end = moment + timedelta(milliseconds=ms)
        intervals.append(
            interval("00:00:00-00:00:00", state) | {"started_at": moment, "ended_at": end}
        )
        moment = end
    expected = sum(ms for ms, _ in spans)
    rows = statistics(*intervals)
    assert expected == sum(row["agent_status_time_ms"] + row["gap_time_ms"] for row in rows)
