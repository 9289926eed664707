"""The agents' timeline: small tables of events in, small tables of intervals out."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms import agent_days
from tests.transforms.agent_days import (
    DAY_MIN,
    FIRST_MIDNIGHT,
    MOMENT,
    drawn,
    on,
    shuffled,
)
from tests.transforms.agent_timelines import (
    DEFINITION,
    intervals,
    made,
    online,
    shown,
    state,
    timeline,
)
from tests.transforms.landed import event
from transforms.facts import violations

one_database = agent_days.one_database
pytestmark = pytest.mark.usefixtures("one_database")
SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "samples" / "agent_events"


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
    found = timeline(on("09:00:00"), on("09:02:00", "LOGOUT"))
    assert found == ["09:00:00-09:02:00 available"]


def test_the_published_example_of_after_contact_work_takes_5005_ms():
    rows = intervals(
        event("2019-05-25T18:55:27.017Z", contacts=["ENDED"], EventId="1"),
        event("2019-05-25T18:55:32.022Z", EventId="2"),
    )
    assert [(row["state"], row["duration_ms"]) for row in rows] == [("after_contact_work", 5_005)]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published samples are not here")
def test_the_published_sample_of_after_contact_work_takes_5005_ms():
    rows = intervals(*(json.loads(path.read_text()) for path in SAMPLES.glob("*acw*.json")))
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
    rows = online(on("23:58:00"), on("00:03:00", "LOGOUT", day=7))
    expected = [(6, 120_000), (7, 180_000)]
    assert expected == [(row["day"].day, row["duration_ms"]) for row in rows]


def test_a_credit_that_crosses_midnight_is_cut_too():
    rows = online(on("23:59:00", "HEART_BEAT"), on("00:10:00", "LOGIN", day=7, status=None))
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


# -- what an interval tells -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        (["CONNECTED_ONHOLD", "CONNECTED"], "talk"),
        (["PAUSED", "CONNECTED_ONHOLD"], "hold"),
        ([RINGING_OUT, "PAUSED"], "pause"),
        ([RINGING_OUT], "outbound_ringing"),
        (["ENDED"], None),
        (["CONNECTED", "MISSED"], None),
    ],
)
def test_a_phase_is_what_goes_on_while_on_contact(contacts, expected):
    assert expected == shown(contacts=contacts)["phase"]


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        ([], (0, 0, 0, 0)),
        (["CONNECTED", "CONNECTED_ONHOLD", "PAUSED", "ENDED", RINGING_OUT], (5, 5, 0, 0)),
        (["CONNECTING", "INCOMING", "PENDING"], (3, 0, 3, 0)),
        (["ERROR", "MISSED", "REJECTED"], (3, 0, 0, 1)),
    ],
)
def test_contacts_are_counted_by_what_they_need_of_the_agent(contacts, expected):
    row = shown(contacts=contacts)
    names = ("contacts", "contacts_active", "contacts_ringing", "contacts_error")
    assert expected == tuple(row[name] for name in names)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("CUSTOM", "Available", "CUSTOM"),
        (None, "Available", "ROUTABLE"),
        (None, "Lunch", "CUSTOM"),
        ("NEVER_SEEN", "Lunch", "CUSTOM"),
        (None, "Error", None),
    ],
)
def test_the_kind_of_a_status_is_told_by_its_name_where_the_event_lacks_it(kind, name, expected):
    assert expected == shown(type=kind, status=name)["status_type"]


def test_an_offline_interval_is_of_the_offline_status_and_holds_no_contact():
    _, row = intervals(on("09:00:00"), on("09:05:00", "LOGOUT", contacts=["ENDED"]))
    names = ("status_type", "status_name", "contacts", "agent_username")
    assert [row[name] for name in names] == ["OFFLINE", "Offline", 0, "ada"]


def with_profile(record: dict[str, Any], arn: str) -> dict[str, Any]:
    record["CurrentAgentSnapshot"]["Configuration"] |= {
        "RoutingProfile": {"ARN": arn},
        "AgentHierarchyGroups": {"Level2": {"ARN": f"group-{arn}", "Name": "Team"}},
    }
    return record


def test_another_routing_profile_and_group_begin_an_interval():
    found = online(
        with_profile(on("09:00:00"), "a"),
        with_profile(on("09:01:00"), "a"),
        with_profile(on("09:02:00"), "b"),
        on("09:03:00", "LOGOUT"),
    )
    names = ("agent_routing_profile_arn", "agent_hierarchy_level_2_arn", "duration_ms")
    expected = [("a", "group-a", 120_000), ("b", "group-b", 60_000)]
    assert expected == [tuple(row[name] for name in names) for row in found]


def test_another_status_begins_an_interval_though_the_state_is_the_same():
    found = timeline(
        on("09:00:00", status="Lunch"), on("09:01:00", status="Break"), on("09:02:00", "LOGOUT")
    )
    assert found == ["09:00:00-09:01:00 custom", "09:01:00-09:02:00 custom"]


def test_an_event_without_a_snapshot_tells_nothing():
    found = timeline(on("09:00:00"), on("09:01:00", status=None), on("09:02:00", "LOGOUT"))
    assert found == ["09:00:00-09:02:00 available"]


# -- always -----------------------------------------------------------------------------------

moments = st.lists(MOMENT, max_size=14)


@given(moments)
def test_intervals_of_an_agent_never_overlap(moments):
    rows = made(drawn(moments)).to_pylist()
    ends = [row["ended_at"] for row in rows]
    assert all(end <= row["started_at"] for end, row in zip(ends, rows[1:], strict=False))


@given(moments)
def test_every_interval_keeps_the_facts_of_its_table(moments):
    assert set(violations(made(drawn(moments)), DEFINITION).values()) == {0}


@given(moments, st.integers(0, 2))
def test_a_day_from_a_login_to_a_logout_has_no_holes(moments, day):
    midnight = day * DAY_MIN
    during = [(midnight + 300 + minute % 1000, *rest) for minute, *rest in moments]
    login, logout = (midnight + 299, "LOGIN", None, [], 0), (midnight + 1301, "LOGOUT", None, [], 0)
    rows = made(drawn([login, *during, logout])).to_pylist()
    starts, ends = ([row[name] for row in rows] for name in ("started_at", "ended_at"))
    begin = FIRST_MIDNIGHT + timedelta(days=day)
    assert [begin, *ends] == [*starts, begin + timedelta(days=1)]


@given(moments)
def test_no_interval_is_without_an_event_of_its_day_or_the_eve(moments):
    days = {FIRST_MIDNIGHT + timedelta(days=minute // DAY_MIN) for minute, *_ in moments}
    known = {(day + timedelta(days=n)).date() for day in days for n in (0, 1)}
    assert {row["day"] for row in made(drawn(moments)).to_pylist()} <= known


@given(moments, st.integers(0, 4), st.randoms(use_true_random=False))
def test_a_day_follows_from_the_days_beside_it_in_any_order(moments, day, rng):
    near = [moment for moment in moments if abs(moment[0] // DAY_MIN - day) <= 1]
    wanted = pc.field("day") == (FIRST_MIDNIGHT + timedelta(days=day)).date()
    found = made(shuffled(drawn(near), rng)).filter(wanted)
    assert made(drawn(moments)).filter(wanted).equals(found)
