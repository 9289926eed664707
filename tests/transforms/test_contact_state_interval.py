"""Contacts' states at an agent: small tables of events in, small tables of intervals out."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
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
    holding,
    on,
    shuffled,
)
from tests.transforms.landed import at, event
from transforms import tables
from transforms.contact_state_interval import contact_state_intervals
from transforms.facts import violations
from transforms.instance_day import instance_days

one_database = agent_days.one_database
pytestmark = pytest.mark.usefixtures("one_database")

DEFINITION = tables.CONTACT_STATE_INTERVAL
SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "samples" / "agent_events"
BEAT = on("12:00:00", "HEART_BEAT", agent="bela")


def intervals(*events: dict[str, Any]) -> list[dict[str, Any]]:
    return made(agent_days.events(events)).to_pylist()


def made(silver: pa.Table) -> pa.Table:
    """The table that follows from rows of `agent_event`."""
    return DEFINITION.conform(contact_state_intervals(silver, instance_days(silver)))


def timeline(*events: dict[str, Any]) -> list[str]:
    """`HH:MM:SS-HH:MM:SS contact STATE`, one text per interval."""
    texts = "{started_at:%H:%M:%S}-{ended_at:%H:%M:%S} {contact_id} {state}"
    return [texts.format(**row) for row in intervals(*events)]


def test_a_contact_from_ringing_to_the_end_of_after_contact_work():
    found = timeline(
        on("09:00:00"),
        on("09:00:05", contacts=[holding("CONNECTING", "09:00:04")]),
        on("09:00:10", contacts=[holding("CONNECTED", "09:00:10")]),
        on("09:01:00", contacts=[holding("CONNECTED_ONHOLD", "09:01:00")]),
        on("09:02:00", contacts=[holding("CONNECTED", "09:02:00")]),
        on("09:04:00", contacts=[holding("ENDED", "09:03:59")]),
        on("09:04:30"),
    )
    assert found == [
        "09:00:04-09:00:10 c-1 CONNECTING",
        "09:00:10-09:01:00 c-1 CONNECTED",
        "09:01:00-09:02:00 c-1 CONNECTED_ONHOLD",
        "09:02:00-09:03:59 c-1 CONNECTED",
        "09:03:59-09:04:30 c-1 ENDED",
    ]


def test_a_row_tells_which_state_followed_and_null_when_the_contact_left():
    rows = intervals(
        on("09:00:00", contacts=["CONNECTING"]), on("09:00:20", contacts=["MISSED"]), on("09:01:00")
    )
    assert [(row["state"], row["next_state"]) for row in rows] == [
        ("CONNECTING", "MISSED"),
        ("MISSED", None),
    ]


def test_the_published_example_of_after_contact_work_takes_5005_ms():
    ended = holding("ENDED", "") | {"StateStartTimestamp": "2019-05-25T18:55:27.017Z"}
    rows = intervals(
        event("2019-05-25T18:55:27.017Z", contacts=[ended], EventId="1"),
        event("2019-05-25T18:55:32.022Z", EventId="2"),
    )
    assert [(row["state"], row["duration_ms"]) for row in rows] == [("ENDED", 5_005)]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published samples are not here")
def test_the_published_sample_of_after_contact_work_takes_5005_ms():
    rows = intervals(*(json.loads(path.read_text()) for path in SAMPLES.glob("*acw*.json")))
    assert [(row["state"], row["duration_ms"]) for row in rows] == [("ENDED", 5_005)]


def test_without_a_start_a_state_begins_with_the_event_that_shows_it():
    found = timeline(
        on("09:00:00", contacts=["CONNECTED"]),
        on("09:01:00", contacts=["CONNECTED"]),
        on("09:02:00", contacts=["ENDED"]),
        on("09:03:00"),
    )
    assert found == ["09:00:00-09:02:00 c-0 CONNECTED", "09:02:00-09:03:00 c-0 ENDED"]


def test_a_state_that_began_anew_is_another_interval():
    found = timeline(
        on("09:00:00", contacts=[holding("CONNECTED", "09:00:00")]),
        on("09:05:00", contacts=[holding("CONNECTED", "09:04:00")]),
        on("09:06:00"),
    )
    assert found == ["09:00:00-09:04:00 c-1 CONNECTED", "09:04:00-09:06:00 c-1 CONNECTED"]


def test_contacts_of_one_agent_have_timelines_of_their_own():
    found = timeline(
        on("09:00:00", contacts=["CONNECTED"]),
        on("09:01:00", contacts=["CONNECTED", "CONNECTING"]),
        on("09:02:00", contacts=["CONNECTED", "CONNECTED"]),
        on("09:03:00"),
    )
    assert found == [
        "09:00:00-09:03:00 c-0 CONNECTED",
        "09:01:00-09:02:00 c-1 CONNECTING",
        "09:02:00-09:03:00 c-1 CONNECTED",
    ]


@pytest.mark.parametrize("kind", ["LOGIN", "LOGOUT"])
def test_a_login_or_logout_without_a_snapshot_ends_a_state(kind):
    found = timeline(on("09:00:00", contacts=["ENDED"]), on("09:01:00", kind, status=None))
    assert found == ["09:00:00-09:01:00 c-0 ENDED"]


def test_a_contact_that_comes_back_goes_on_from_where_it_left():
    paused = holding("PAUSED", "09:00:00")
    found = timeline(
        on("09:00:00", contacts=[paused]),
        on("09:10:00"),
        on("09:20:00", contacts=[paused]),
        on("09:30:00"),
    )
    assert found == ["09:00:00-09:10:00 c-1 PAUSED", "09:10:00-09:30:00 c-1 PAUSED"]


def test_what_comes_back_in_two_states_at_once_does_not_end_before_it_begins():
    found = timeline(
        on("09:00:00", contacts=[holding("CONNECTED", "09:00:00")]),
        on("09:01:00", "LOGIN", status=None),
        on("09:01:00", contacts=[holding("CONNECTED", "09:00:00")], EventId="a"),
        on("09:01:00", contacts=[holding("ENDED", "09:00:00")], EventId="b"),
        on("09:02:00"),
    )
    assert found == [
        "09:00:00-09:01:00 c-1 CONNECTED",
        "09:01:00-09:01:00 c-1 CONNECTED",
        "09:01:00-09:02:00 c-1 ENDED",
    ]


def test_a_state_that_took_no_time_is_a_row():
    found = timeline(
        on("09:00:00", contacts=[holding("CONNECTING", "08:59:40")]),
        on("09:00:01", contacts=[holding("MISSED", "09:00:00")]),
        on("09:00:02", contacts=[holding("CONNECTING", "09:00:00")]),
        on("09:00:05"),
    )
    assert found == [
        "08:59:40-09:00:00 c-1 CONNECTING",
        "09:00:00-09:00:05 c-1 CONNECTING",
        "09:00:00-09:00:00 c-1 MISSED",
    ]


def test_states_of_one_instant_are_rows_of_their_own():
    rows = intervals(
        on("09:00:00", contacts=["CONNECTING"], EventId="a"),
        on("09:00:00", contacts=["MISSED"], EventId="b"),
        on("09:00:00", EventId="c"),
    )
    assert [(row["state"], row["duration_ms"]) for row in rows] == [
        ("CONNECTING", 0),
        ("MISSED", 0),
    ]


def test_a_silent_agents_contact_is_credited_one_heartbeat():
    found = timeline(on("09:00:00", contacts=["CONNECTED"]), on("10:00:00"), BEAT)
    assert found == ["09:00:00-09:02:00 c-0 CONNECTED"]


def test_a_contact_that_is_still_listed_after_a_silence_was_there_all_the_time():
    found = timeline(
        on("09:00:00", contacts=["CONNECTED"]),
        on("10:00:00", contacts=["ENDED"]),
        on("10:01:00"),
        BEAT,
    )
    assert found == ["09:00:00-10:00:00 c-0 CONNECTED", "10:00:00-10:01:00 c-0 ENDED"]


def test_without_heartbeats_a_state_lasts_to_the_event_that_ends_it():
    assert timeline(on("09:00:00", contacts=["CONNECTED"]), on("10:00:00")) == [
        "09:00:00-10:00:00 c-0 CONNECTED"
    ]


def test_a_state_without_a_known_end_lasts_to_the_last_event_that_shows_it():
    found = timeline(on("09:00:00", contacts=["CONNECTED"]), on("09:10:00", contacts=["CONNECTED"]))
    assert found == ["09:00:00-09:10:00 c-0 CONNECTED"]


def test_a_state_is_cut_at_midnight_and_its_start_kept():
    rows = intervals(
        on("23:58:00", contacts=[holding("CONNECTED", "23:57:00")]),
        on("00:03:00", day=7, contacts=["ENDED", holding("CONNECTED", "23:57:00")]),
        on("00:04:00", day=7),
    )
    found = [
        (row["day"].day, row["duration_ms"], row["state_started_at"])
        for row in rows
        if row["contact_id"] == "c-1"
    ]
    start = at("2024-05-06T23:57:00")
    assert found == [(6, 180_000, start), (7, 240_000, start)]


def test_a_contact_is_told_with_its_queue_channel_and_agent():
    listed = holding(
        "CONNECTED",
        "09:00:00",
        Channel="TASKS",
        InitiationMethod="API",
        InitialContactId="c-0",
        Queue={"ARN": "arn/instance/i-1/queue/q-1", "Name": "Billing"},
    )
    record = on("09:00:00", contacts=[listed], AWSAccountId="111122223333")
    record["CurrentAgentSnapshot"]["Configuration"]["RoutingProfile"] = {"ARN": "profile"}
    [row] = intervals(record, on("09:01:00"))
    expected = {
        "aws_account_id": "111122223333",
        "agent_id": "ada",
        "agent_username": "ada",
        "initial_contact_id": "c-0",
        "channel": "TASK",
        "initiation_method": "API",
        "queue_id": "q-1",
        "queue_name": "Billing",
        "agent_routing_profile_arn": "profile",
    }
    assert expected == {name: row[name] for name in expected}


def test_a_contact_without_an_id_or_a_state_is_none():
    nameless = {"ContactId": None, "State": "CONNECTED"}
    assert timeline(on("09:00:00", contacts=[nameless, {"ContactId": "c-1"}]), on("09:01:00")) == []


moments = st.lists(MOMENT, max_size=14)
startless = st.lists(MOMENT.map(lambda moment: (*moment[:4], 0)), max_size=14)


@given(moments)
def test_states_of_a_contact_never_overlap(moments):
    by_contact: dict[str, list[dict[str, Any]]] = {}
    for row in made(drawn(moments)).to_pylist():
        by_contact.setdefault(row["contact_id"], []).append(row)
    for rows in by_contact.values():
        spans = sorted((row["started_at"], row["ended_at"]) for row in rows)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


@given(moments)
def test_every_interval_keeps_the_facts_of_its_table(moments):
    assert set(violations(made(drawn(moments)), DEFINITION).values()) == {0}


@given(startless)
def test_every_state_that_an_event_shows_has_a_row(moments):
    rows = made(drawn(moments)).to_pylist()
    for minute, _, status, states, _ in moments:
        when = FIRST_MIDNIGHT + timedelta(minutes=minute)
        for number, state in enumerate(states if status else []):
            assert any(
                (row["contact_id"], row["state"]) == (f"c-{number}", state)
                and row["started_at"] <= when <= row["ended_at"]
                for row in rows
            )


@given(moments, st.integers(0, 4), st.randoms(use_true_random=False))
def test_a_day_follows_from_the_days_beside_it_in_any_order(moments, day, rng):
    near = [moment for moment in moments if abs(moment[0] // DAY_MIN - day) <= 1]
    wanted = pc.field("day") == (FIRST_MIDNIGHT + timedelta(days=day)).date()
    found = made(shuffled(drawn(near), rng)).filter(wanted)
    assert made(drawn(moments)).filter(wanted).equals(found)
