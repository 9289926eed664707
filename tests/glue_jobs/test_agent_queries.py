"""Questions about agents, over a lake of hand-made rows, with their arithmetic beside them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from glue_jobs.lake import Lake, made
from glue_jobs.query import answer
from glue_jobs.settings import Settings
from queries.question import question
from tests.transforms.landed import table
from transforms import tables
from transforms.schema import Table

HOUR = 3_600_000
DAYS = [date(2026, 1, 5), date(2026, 1, 6)]
WHO = {
    "ann": {"user_arn": "arn/ann", "user_id": "u-1", "routing_profile_id": "rp-1",
            "agent_hierarchy_level_1_id": "g-1", "agent_hierarchy_level_2_id": "g-2"},
    "bob": {"user_arn": "arn/bob", "user_id": "u-2", "routing_profile_id": "rp-9"},
}  # fmt: skip


def quarter_hour(number: int, id_column: str, agent: str, **fields: Any) -> dict[str, Any]:
    """The `number`-th row of an agent's."""
    start = datetime.fromisoformat("2026-01-05T09:00:00")
    return {
        "day": DAYS[0],
        id_column: f"s-{number}",
        "instance_id": "i-1",
        "interval_start_time": start,
        "interval_end_time": start + timedelta(minutes=15),
        "agent_username": agent,
        **WHO[agent],
    } | fields


TIMES = [
    # ann: 3 h on contact with two at once for 1 h of it, 1 h idle, 1 h more that rang; 1 h lunch
    ("ann", {"agent_status_name": "Available", "online_time": 5 * HOUR,
             "agent_on_contact_time": 3 * HOUR, "contact_time_concurrent_ms": 4 * HOUR,
             "agent_idle_time": HOUR, "agent_idle_time_with_ringing": 2 * HOUR,
             "ringing_time_ms": HOUR, "error_time": HOUR // 2}),
    ("ann", {"agent_status_name": "Lunch", "online_time": HOUR, "non_productive_time": HOUR,
             "day": DAYS[1]}),
    # bob: 1 h on contact, 4 h idle, 2 h of silence
    ("bob", {"agent_status_name": "Available", "online_time": 5 * HOUR,
             "agent_on_contact_time": HOUR, "contact_time_concurrent_ms": HOUR,
             "agent_idle_time": 4 * HOUR, "agent_idle_time_with_ringing": 4 * HOUR}),
    ("bob", {"gap_time_ms": 2 * HOUR}),
]  # fmt: skip
OFFERS = [
    ("ann", {"queue_name": "Billing", "channel": "VOICE", "contacts_offered": 8,
             "agent_non_response": 2, "agent_non_response_without_customer_abandons": 1,
             "contacts_handled": 6, "handle_time": 6 * 240_000, "contact_time_ms": HOUR,
             "incoming_connecting_attempts": 8, "agent_incoming_connecting_time": 40_000}),
    ("ann", {"queue_name": None, "queue_type": "AGENT", "channel": "VOICE", "contacts_handled": 2,
             "handle_time": 2 * 60_000, "outbound_connecting_attempts": 4,
             "agent_outbound_connecting_time": 30_000}),
    ("bob", {"queue_name": "Billing", "channel": "CHAT", "contacts_offered": 2,
             "agent_non_response": 1, "contacts_handled": 1, "handle_time": 600_000,
             "api_connecting_attempts": 2, "agent_api_connecting_time": 9_000,
             "day": DAYS[1]}),
]  # fmt: skip
CONFIGURED = {
    tables.ROUTING_PROFILES: {
        "agent_routing_profile_id": "rp-1", "routing_profile_name": "Basic",
    },
    tables.AGENT_HIERARCHY_GROUPS: {
        "agent_hierarchy_group_id": "g-2", "agent_hierarchy_group_name": "Team 7",
    },
}  # fmt: skip


def recorded(name: str, connected: str, *ms: int | None, **fields: Any) -> dict[str, Any]:
    """A handled contact by its record: talk, hold, after-contact work."""
    talk, hold, work = ms
    return {
        "day": DAYS[0],
        "instance_id": "i-1",
        "contact_id": name,
        "category": "invoice",
        "task": "refund",
        "record_version": "1",
        "agent_username": "ann",
        "agent_connected_to_agent_timestamp": datetime.fromisoformat(f"2026-01-05T{connected}"),
        "agent_interaction_duration_ms": talk,
        "agent_customer_hold_duration_ms": hold,
        "agent_after_contact_work_duration_ms": work,
    } | fields


def shown(name: str, state: str, start: str, ms: int, **fields: Any) -> dict[str, Any]:
    """A contact's state by the agent's events."""
    started = datetime.fromisoformat(start if "T" in start else f"2026-01-05T{start}")
    return {
        "day": started.date(),
        "instance_id": "i-1",
        "agent_arn": "arn/ann",
        "agent_username": "ann",
        "contact_id": name,
        "state": state,
        "started_at": started,
        "ended_at": started + timedelta(milliseconds=ms),
        "duration_ms": ms,
    } | fields


RECORDS = [
    recorded("rounded", "09:00:00", 60_000, 20_000, 5_000),
    recorded("late", "10:00:00", 60_000, None, None),
    recorded("unheard", "11:00:00", 30_000, 0, 0),
    recorded("midnight", "23:59:50", 20_000, 0, 0),
    recorded("other day", "12:00:00", 1_000, 0, 0, day=DAYS[1], agent_username="bob"),
]
STATES = [
    shown("rounded", "CONNECTING", "08:59:52", 8_300),
    shown("rounded", "CONNECTED", "09:00:00.300", 30_500),
    shown("rounded", "CONNECTED_ONHOLD", "09:00:30.800", 20_900),
    shown("rounded", "CONNECTED", "09:00:51.700", 30_100),
    shown("rounded", "ENDED", "09:01:21.800", 5_005),
    # 3 s late, 10 s of talk too few, 12.5 s of hold and 7 s of work that the record lacks
    shown("late", "CONNECTED", "10:00:03", 50_000),
    shown("late", "CONNECTED_ONHOLD", "10:00:53", 12_500),
    shown("late", "ENDED", "10:01:05.500", 7_000),
    shown("unrecorded", "CONNECTED", "13:00:00", 4_000),
    shown("given up", "CONNECTING", "14:00:00", 4_000),
    shown("given up", "ENDED", "14:00:04", 4_000),
    shown("midnight", "CONNECTED", "23:59:50", 10_000),
    shown("midnight", "CONNECTED", "2026-01-06T00:00:00", 10_000),
    shown("other day", "CONNECTED", "2026-01-06T00:00:01", 1_000),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    daily = {
        tables.AGENT_STATISTIC_RECORD: numbered(tables.AGENT_STATISTIC_RECORD, TIMES),
        tables.AGENT_QUEUE_STATISTIC_RECORD: numbered(tables.AGENT_QUEUE_STATISTIC_RECORD, OFFERS),
        tables.CONTACT_RECORD: RECORDS,
        tables.CONTACT_STATE_INTERVAL: STATES,
    }
    with made(Settings(str(tmp_path_factory.mktemp("agents") / "lake")))[0] as new:
        for definition, rows in daily.items():
            with new.replacement(definition) as change:
                change.put(table(definition, rows), DAYS)
        for definition, row in CONFIGURED.items():
            with new.replacement(definition) as change:
                change.put_all(table(definition, [row | {"record_version": "1"}]))
        yield new


def numbered(definition: Table, rows: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows of a statistics table with an id each; measures that a row does not name are 0."""
    zeros = {c.name: 0 for c in definition.columns if c.minimum == 0 and not c.absent}
    return [
        zeros | quarter_hour(number, definition.key[0], agent, **fields)
        for number, (agent, fields) in enumerate(rows)
    ]


def asked(lake: Lake, name: str, **given: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = answer(lake, question(name), given).to_pylist()
    return rows


def by_group(lake: Lake, column: str, **given: str) -> dict[str, Any]:
    return {row["grp"]: row[column] for row in asked(lake, "agent_metrics", **given)}


def test_an_agents_hours_are_told_apart(lake):
    ann, bob = asked(lake, "agent_metrics")
    expected = {
        "grp": "ann",
        "agents": 1,
        "online_hours": 6.0,  # 5 available, 1 at lunch
        "staffed_hours": 5.0,
        "contact_hours": 3.0,
        "idle_hours": 1.0,
        "non_productive_hours": 1.0,
        "error_hours": 0.5,
        "ringing_hours": 1.0,
        "gap_hours": 0.0,
        "occupancy": 3 / (3 + 1),
        "avg_concurrency": 4 / (3 + 1),
    }
    assert expected == ann
    assert (bob["online_hours"], bob["gap_hours"]) == (5.0, 2.0)


def test_whether_ringing_is_idle_is_a_parameter(lake):
    assert by_group(lake, "occupancy", ringing="included") == {"ann": 3 / 5, "bob": 1 / 5}


def test_occupancy_of_all_is_of_their_sums_and_no_average(lake):
    assert by_group(lake, "occupancy", by="all") == {"ALL": (3 + 1) / (3 + 1 + 1 + 4)}
    assert by_group(lake, "agents", by="all") == {"ALL": 2}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"by": "routing_profile"}, {"Basic": 6.0, "rp-9": 5.0}),
        ({"by": "hierarchy"}, {"g-1": 6.0, "(no group)": 5.0}),
        ({"by": "hierarchy", "level": "2"}, {"Team 7": 6.0, "(no group)": 5.0}),
        ({"by": "status"}, {"Available": 10.0, "Lunch": 1.0, "(no status)": 0.0}),
        ({"by": "day"}, {"2026-01-05": 10.0, "2026-01-06": 1.0}),
        ({"by": "agent", "from_day": "2026-01-06"}, {"ann": 1.0}),
    ],
)
def test_a_row_stands_for_what_is_asked(lake, given, expected):
    assert expected == by_group(lake, "online_hours", **given)


def test_nobody_who_is_neither_on_contact_nor_idle_has_an_occupancy(lake):
    assert by_group(lake, "occupancy", from_day="2026-01-06") == {"ann": None}


def test_what_was_offered_at_a_queue_and_what_came_of_it(lake):
    row = asked(lake, "agent_queue_metrics")[1]
    expected = {
        "agent": "ann",
        "queue": "Billing",
        "channel": "ALL",
        "contacts_offered": 8,
        "agent_non_response": 2,
        "agent_non_response_without_customer_abandons": 1,
        "agent_answer_rate": 6 / 8,
        "contacts_handled": 6,
        "avg_handle_time_s": 240.0,
        "contact_hours": 1.0,
        "incoming_connecting_attempts": 8,
        "avg_incoming_connecting_time_s": 5.0,
        "outbound_connecting_attempts": 0,
        "avg_outbound_connecting_time_s": None,
        "callback_connecting_attempts": 0,
        "avg_callback_connecting_time_s": None,
        "api_connecting_attempts": 0,
        "avg_api_connecting_time_s": None,
    }
    assert expected == row


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("agent_queue", [("ann", "(agent queue)", "ALL", 60.0), ("ann", "Billing", "ALL", 240.0),
                         ("bob", "Billing", "ALL", 600.0)]),
        ("agent", [("ann", "ALL", "ALL", (6 * 240 + 2 * 60) / 8), ("bob", "ALL", "ALL", 600.0)]),
        ("queue", [("ALL", "(agent queue)", "ALL", 60.0),
                   ("ALL", "Billing", "ALL", (6 * 240 + 600) / 7)]),
        ("channel", [("ALL", "ALL", "CHAT", 600.0), ("ALL", "ALL", "VOICE", (1440 + 120) / 8)]),
        ("all", [("ALL", "ALL", "ALL", (1440 + 120 + 600) / 9)]),
    ],
)  # fmt: skip
def test_handle_times_are_averages_over_contacts(lake, by, expected):
    rows = asked(lake, "agent_queue_metrics", by=by)
    found = [(r["agent"], r["queue"], r["channel"], r["avg_handle_time_s"]) for r in rows]
    assert expected == found


def test_days_bound_what_was_offered(lake):
    [row] = asked(lake, "agent_queue_metrics", from_day="2026-01-06")
    assert (row["agent"], row["contacts_offered"], row["agent_answer_rate"]) == ("bob", 2, 0.5)


def reconciled(lake: Lake, **given: str) -> dict[str, dict[str, Any]]:
    return {row["grp"]: row for row in asked(lake, "reconciliation", **given)}


def test_only_contacts_in_which_something_differs_are_shown(lake):
    assert list(reconciled(lake)) == ["late", "other day", "unheard", "unrecorded"]


def test_rounding_to_seconds_is_no_difference(lake):
    row = reconciled(lake, show="all")["rounded"]
    assert (row["record_interaction_ms"], row["event_interaction_ms"]) == (60_000, 60_600)
    assert (row["record_after_contact_work_ms"], row["event_after_contact_work_ms"]) == (5000, 5005)
    assert {row[name] for name in row if name.endswith("difference_ms")} == {0}
    assert row["contacts_alike"] == 1


def test_every_difference_is_told_by_how_much(lake):
    row = reconciled(lake)["late"]
    expected = {
        "contacts_alike": 0,
        "connect_difference_ms": 3_000,
        "interaction_difference_ms": 10_000,
        "hold_difference_ms": 12_500,
        "after_contact_work_difference_ms": 7_000,
    }
    assert expected == {name: row[name] for name in expected}


def test_a_smaller_tolerance_shows_more(lake):
    assert reconciled(lake, tolerance_ms="500")["rounded"]["interaction_difference_ms"] == 600


def test_a_contact_seen_in_only_one_is_told(lake):
    found = reconciled(lake)
    assert found["unheard"]["only_in_records"] == found["unrecorded"]["only_in_events"] == 1
    assert found["unheard"]["event_interaction_ms"] is None


def test_a_ringing_that_the_customer_ended_is_no_handled_contact(lake):
    assert "given up" not in reconciled(lake, show="all")


def test_a_contact_over_midnight_is_one_contact(lake):
    row = reconciled(lake, show="all", to_day="2026-01-05")["midnight"]
    assert (row["contacts_alike"], row["event_interaction_ms"]) == (1, 20_000)


def test_its_second_half_alone_is_no_contact_of_that_day(lake):
    assert list(reconciled(lake, show="all", from_day="2026-01-06")) == ["other day"]


def test_all_contacts_together(lake):
    [row] = reconciled(lake, by="all").values()
    expected = {
        "contacts": 6,
        "contacts_alike": 2,  # rounded, midnight
        "only_in_records": 1,
        "only_in_events": 1,
        "interaction_difference_ms": 10_000,
    }
    assert expected == {name: row[name] for name in expected}


@pytest.mark.parametrize(
    ("by", "expected"),
    [("agent", {"ann": 5, "bob": 1}), ("day", {"2026-01-05": 5, "2026-01-06": 1})],
)
def test_contacts_are_grouped_as_asked(lake, by, expected):
    assert {name: row["contacts"] for name, row in reconciled(lake, by=by).items()} == expected
