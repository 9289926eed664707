"""The agents' timeline: small tables of events in, small tables of intervals out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.landed import at, event, versions
from transforms import tables
from transforms.agent_state_interval import agent_state_intervals
from transforms.versions import newest

DEFINITION = tables.AGENT_STATE_INTERVAL


def intervals(*events: dict[str, Any]) -> list[dict[str, Any]]:
    silver = newest(versions("agent_event", events), tables.AGENT_EVENT).rows
    return DEFINITION.conform(agent_state_intervals(silver)).to_pylist()


def timeline(*events: dict[str, Any]) -> list[str]:
    """`HH:MM:SS-HH:MM:SS state`, one text per interval."""
    return [
        f"{row['started_at']:%H:%M:%S}-{row['ended_at']:%H:%M:%S} {row['state']}"
        for row in intervals(*events)
    ]


def on(clock: str, kind: str = "STATE_CHANGE", day: int = 6, **fields: Any) -> dict[str, Any]:
    return event(f"2024-05-{day:02d}T{clock}Z", kind, **fields)


def state(**fields: Any) -> str:
    [row] = intervals(on("09:00:00", **fields), on("09:01:00", "LOGOUT", status=None))
    return row["state"]


RINGING_OUT = {"ContactId": "c-1", "State": "CONNECTING", "InitiationMethod": "OUTBOUND"}


@pytest.mark.parametrize(
    ("contacts", "status", "expected"),
    [
        (["ERROR", "MISSED", "CONNECTED"], "Available", "error"),
        (["CONNECTED"], "Error", "error"),
        (["CONNECTED", "REJECTED", "MISSED"], "Available", "missed"),
        (["CONNECTED", "REJECTED"], "Available", "rejected"),
        (["ENDED", "CONNECTED"], "Lunch", "on_contact"),
        (["ENDED", "CONNECTED_ONHOLD"], "Available", "on_contact"),
        (["PAUSED", "CONNECTING"], "Available", "on_contact"),
        ([RINGING_OUT, "ENDED"], "Available", "on_contact"),
        (["CONNECTING", "ENDED"], "Available", "after_contact_work"),
        (["CONNECTING"], "Lunch", "incoming"),
        (["INCOMING"], "Available", "incoming"),
        (["PENDING"], "Available", "incoming"),
        (["LEVITATING"], "Available", "incoming"),
        ([], "Lunch", "custom"),
        ([], "Available", "available"),
    ],
)
def test_the_published_precedence_decides_the_state(contacts, status, expected):
    assert expected == state(contacts=contacts, status=status)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [("ROUTABLE", "Ready", "available"), ("CUSTOM", "Available", "custom"), (None, "A", "custom")],
)
def test_the_type_of_a_status_counts_and_without_one_its_name(kind, name, expected):
    assert expected == state(type=kind, status=name)


def test_a_day_from_login_to_logout():
    expected = [
        "09:00:00-09:01:00 available",
        "09:01:00-09:01:08 incoming",
        "09:01:08-09:04:00 on_contact",
        "09:04:00-09:04:30 after_contact_work",
        "09:04:30-09:05:00 available",
        "09:05:00-09:08:00 custom",
    ]
    found = timeline(
        on("08:59:59", "LOGIN", status=None),
        on("09:00:00"),
        on("09:01:00", contacts=["CONNECTING"]),
        on("09:01:08", contacts=["CONNECTED"]),
        on("09:04:00", contacts=["ENDED"]),
        on("09:04:30"),
        on("09:05:00", status="Lunch", type="CUSTOM"),
        on("09:08:00", "LOGOUT", status="Offline", type="OFFLINE"),
    )
    assert expected == found


def test_a_login_and_the_first_status_may_share_an_instant():
    found = timeline(
        on("09:00:00", "LOGIN", status=None, EventId="z"),
        on("09:00:00", EventId="a"),
        on("09:02:00", "LOGOUT", status=None),
    )
    assert found == ["09:00:00-09:02:00 available"]


def test_the_last_status_and_the_logout_may_share_an_instant():
    found = timeline(
        on("09:00:00"),
        on("09:02:00", "LOGOUT", EventId="a"),
        on("09:02:00", status="Lunch", EventId="z"),
        on("09:30:00", "LOGIN", status=None),
    )
    assert found == ["09:00:00-09:02:00 available"]


def test_a_logout_ends_the_state_even_if_its_snapshot_looks_busy():
    found = timeline(on("09:00:00"), on("09:02:00", "LOGOUT"), on("09:30:00"))
    assert found == ["09:00:00-09:02:00 available"]


def test_offline_has_no_row():
    found = timeline(
        on("09:00:00", status="Offline", type="OFFLINE"),
        on("10:00:00", status="Offline"),
        on("11:00:00"),
        on("11:00:10", "LOGOUT"),
    )
    assert found == ["11:00:00-11:00:10 available"]


def test_the_published_example_of_after_contact_work_takes_5005_ms():
    rows = intervals(
        event("2019-05-25T18:55:27.017Z", contacts=["ENDED"], EventId="1"),
        event("2019-05-25T18:55:32.022Z", EventId="2"),
    )
    assert [(row["state"], row["duration_ms"]) for row in rows] == [("after_contact_work", 5_005)]


def test_a_state_whose_end_is_not_known_yet_has_no_row():
    assert timeline(on("09:00:00"), on("09:05:00", status="Lunch")) == [
        "09:00:00-09:05:00 available"
    ]


def test_an_end_after_the_following_day_is_not_looked_at():
    assert timeline(on("09:00:00"), on("00:00:00", day=8)) == []


def test_without_heartbeats_a_state_lasts_to_the_next_event():
    assert timeline(on("09:00:00"), on("11:00:00", status="Lunch")) == [
        "09:00:00-11:00:00 available"
    ]


def test_heartbeats_keep_a_state_going():
    beats = [on(f"09:{minute:02d}:00", "HEART_BEAT") for minute in range(2, 20, 2)]
    found = timeline(on("09:00:00"), *beats, on("09:20:00", "LOGOUT"))
    assert found == ["09:00:00-09:20:00 available"]


def test_a_silent_agent_is_credited_one_heartbeat_and_the_rest_is_a_gap():
    found = timeline(
        on("09:00:00"), on("09:02:00", "HEART_BEAT"), on("10:00:00", "LOGIN", status=None)
    )
    assert found == ["09:00:00-09:04:00 available", "09:04:00-10:00:00 gap"]


def test_five_minutes_are_not_silence_yet():
    found = timeline(on("09:00:00"), on("09:02:00", "HEART_BEAT"), on("09:07:00", "LOGOUT"))
    assert found == ["09:00:00-09:07:00 available"]


def test_an_agent_who_is_never_heard_of_again_is_credited_one_heartbeat():
    assert timeline(on("09:00:00"), on("09:02:00", "HEART_BEAT")) == ["09:00:00-09:04:00 available"]


def test_a_state_is_cut_at_midnight():
    rows = intervals(on("23:58:00"), on("00:03:00", "LOGOUT", day=7))
    expected = [(6, 120_000), (7, 180_000)]
    assert expected == [(row["day"].day, row["duration_ms"]) for row in rows]


def test_a_credit_that_crosses_midnight_is_cut_too():
    rows = intervals(on("23:59:00", "HEART_BEAT"), on("00:10:00", "LOGIN", day=7, status=None))
    expected = [(6, "available", 60_000), (7, "available", 60_000), (7, "gap", 540_000)]
    assert expected == [(row["day"].day, row["state"], row["duration_ms"]) for row in rows]


def test_duplicates_of_an_event_change_nothing():
    events = [on("09:00:00"), on("09:05:00", contacts=["CONNECTED"]), on("09:06:00", "LOGOUT")]
    assert intervals(*events) == intervals(*events, *events)


def test_another_number_of_contacts_begins_an_interval():
    found = timeline(
        on("09:00:00", contacts=["CONNECTED"]),
        on("09:01:00", contacts=["CONNECTED", "CONNECTED"]),
        on("09:02:00", "LOGOUT"),
    )
    assert found == ["09:00:00-09:01:00 on_contact", "09:01:00-09:02:00 on_contact"]


def test_agents_do_not_end_each_others_states():
    found = timeline(on("09:00:00"), on("09:01:00", agent="bela"), on("09:02:00", "LOGOUT"))
    assert found == ["09:00:00-09:02:00 available"]


BESIDE = {
    "a heartbeat of two days before": [
        on("12:00:00", "HEART_BEAT", day=6),
        on("23:59:00", day=7),
        on("10:00:00", day=8),
    ],
    "an end two days later at midnight": [on("09:00:00"), on("00:00:00", day=8)],
    "heartbeats from the following day on": [
        on("23:59:00"),
        on("08:00:00", "LOGIN", day=7, status=None),
        on("08:02:00", "HEART_BEAT", day=7),
    ],
}


@pytest.mark.parametrize("day", [6, 7, 8])
@pytest.mark.parametrize("events", BESIDE.values(), ids=list(BESIDE))
def test_a_day_needs_only_the_days_beside_it(events, day):
    def found(*those: dict[str, Any]) -> list[dict[str, Any]]:
        return [row for row in intervals(*those) if row["day"].day == day]

    near = [each for each in events if abs(int(each["EventTimestamp"][8:10]) - day) <= 1]
    assert found(*events) == found(*near)


FRAGMENT = st.tuples(
    st.integers(1, 7_200_000),
    st.sampled_from(["STATE_CHANGE", "HEART_BEAT"]),
    st.sampled_from([[], ["CONNECTED"], ["ENDED"], ["CONNECTING"]]),
    st.sampled_from(["Available", "Lunch"]),
)


@given(st.lists(FRAGMENT, min_size=1, max_size=12))
def test_time_from_login_to_logout_is_covered_once(fragments):
    moment = start = at("2024-05-06T20:00:00")
    events = []
    for pause_ms, kind, contacts, status in fragments:
        events.append(event(f"{moment.isoformat()}Z", kind, contacts=contacts, status=status))
        moment += timedelta(milliseconds=pause_ms)
    rows = intervals(*events, event(f"{moment.isoformat()}Z", "LOGOUT", status=None))
    starts, ends = ([row[name] for row in rows] for name in ("started_at", "ended_at"))
    assert [start, *ends] == [*starts, moment]
