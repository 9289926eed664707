"""The agents' timeline where they are offline, and where events were lost or came late."""

from __future__ import annotations

import pytest

from tests.transforms import agent_days
from tests.transforms.agent_days import (
    holding,
    on,
    since,
)
from tests.transforms.agent_timelines import (
    state,
    timeline,
    whole,
)

one_database = agent_days.one_database
pytestmark = pytest.mark.usefixtures("one_database")


# -- offline ----------------------------------------------------------------------------------


def test_offline_lasts_from_midnight_to_a_login_and_from_a_logout_to_midnight():
    found = whole(
        on("08:00:00", "LOGIN", status=None), on("08:00:00"), on("16:00:00", "LOGOUT", status=None)
    )
    expected = ["06 00:00-06 08:00 offline", "06 08:00-06 16:00 available"]
    assert found == [*expected, "06 16:00-07 00:00 offline"]


def test_a_login_without_a_snapshot_is_offline_until_a_status_shows():
    found = whole(
        on("08:00:00", "LOGIN", status=None), on("08:01:00"), on("08:02:00", status="Offline")
    )
    expected = ["06 00:00-06 08:01 offline", "06 08:01-06 08:02 available"]
    assert found == [*expected, "06 08:02-07 00:00 offline"]


def test_a_state_before_the_first_event_is_not_known():
    found = whole(on("08:00:00"), on("08:01:00", "LOGOUT"))
    assert found == ["06 08:00-06 08:01 available", "06 08:01-07 00:00 offline"]


def test_offline_is_carried_to_a_login_of_the_following_day():
    found = whole(
        on("16:00:00", "LOGOUT"),
        on("08:00:00", "LOGIN", day=7, status=None),
        on("08:00:00", day=7),
    )
    expected = ["06 16:00-07 00:00 offline", "07 00:00-07 08:00 offline"]
    assert expected == found[:2]


def test_offline_is_carried_to_the_end_of_the_following_day_at_most():
    others = [on("12:00:00", day=day, agent="bela") for day in (7, 8)]
    found = whole(on("16:00:00", "LOGOUT"), *others)
    assert [text for text in found if text.endswith("offline")] == [
        "06 16:00-07 00:00 offline",
        "07 00:00-08 00:00 offline",
    ]


def test_offline_is_not_carried_into_a_day_of_which_the_instance_knows_nothing():
    assert whole(on("16:00:00", "LOGOUT")) == ["06 16:00-07 00:00 offline"]


def test_an_offline_status_with_after_contact_work_is_after_contact_work():
    assert state(contacts=["ENDED"], status="Offline") == "after_contact_work"


# -- the hour after a log-off, and what is lost -----------------------------------------------


def test_an_event_of_the_hour_after_a_logout_does_not_reopen_a_state():
    found = whole(on("16:00:00", "LOGOUT"), on("16:59:00"), on("17:00:00", contacts=["ENDED"]))
    assert found == ["06 16:00-07 00:00 offline"]


def test_a_status_older_than_the_logout_does_not_reopen_a_state():
    found = whole(on("16:00:00", "LOGOUT"), since(on("18:00:00"), "15:00:00"))
    assert found == ["06 16:00-07 00:00 offline"]


def test_an_offline_status_after_a_logout_stays_offline_whatever_contacts_it_lists():
    late = since(on("16:05:00", status="Offline", contacts=["ENDED"]), "16:00:01")
    assert whole(on("16:00:00", "LOGOUT"), late) == ["06 16:00-07 00:00 offline"]


def test_a_status_younger_than_the_logout_means_that_a_login_was_lost():
    found = timeline(
        on("16:00:00", "LOGOUT"), since(on("16:30:00"), "16:20:00"), on("17:00:00", "LOGOUT")
    )
    assert found == ["16:20:00-17:00:00 available"]


def test_more_than_an_hour_after_a_logout_a_login_was_lost():
    found = timeline(on("16:00:00", "LOGOUT"), on("17:00:01"), on("17:01:00", "LOGOUT"))
    assert found == ["17:00:01-17:01:00 available"]


def test_a_login_after_a_logout_opens_states_again():
    found = timeline(
        on("16:00:00", "LOGOUT"),
        on("16:10:00", "LOGIN", status=None),
        on("16:10:00"),
        on("16:20:00", "LOGOUT"),
    )
    assert found == ["16:10:00-16:20:00 available"]


def test_after_a_lost_logout_the_next_login_ends_the_state():
    found = timeline(on("16:00:00"), on("17:00:00", "LOGIN", status=None))
    assert found == ["16:00:00-17:00:00 available"]


def test_a_stale_event_counts_at_its_own_time():
    late, rest = on("09:01:00", status="Lunch"), [on("09:00:00"), on("09:02:00", "LOGOUT")]
    assert timeline(*rest, late) == ["09:00:00-09:01:00 available", "09:01:00-09:02:00 custom"]


def test_a_status_whose_event_was_lost_begins_when_a_later_snapshot_says():
    found = timeline(
        on("09:00:00"), since(on("09:10:00", status="Lunch"), "09:04:00"), on("09:20:00", "LOGOUT")
    )
    assert found == ["09:00:00-09:04:00 available", "09:04:00-09:20:00 custom"]


def test_a_contacts_state_whose_event_was_lost_begins_when_a_later_snapshot_says():
    found = timeline(
        on("09:00:00", contacts=["CONNECTING"]),
        on("09:10:00", contacts=[holding("CONNECTED", "09:00:05")]),
        on("09:20:00", "LOGOUT"),
    )
    assert found == ["09:00:00-09:00:05 incoming", "09:00:05-09:20:00 on_contact"]


def test_no_state_begins_before_the_event_before_it():
    found = timeline(
        on("09:00:00", contacts=["CONNECTED"]), since(on("09:10:00"), "08:00:00"), on("09:20:00")
    )
    assert found == ["09:00:00-09:10:00 on_contact", "09:10:00-09:20:00 available"]


def test_heartbeats_of_one_agent_show_that_another_is_silent():
    found = timeline(
        on("09:00:00"), on("10:00:00", "LOGOUT"), on("12:00:00", "HEART_BEAT", agent="bela")
    )
    assert found[:2] == ["09:00:00-09:02:00 available", "09:02:00-10:00:00 gap"]


def test_heartbeats_of_the_following_day_show_it_too():
    found = timeline(
        on("22:00:00"), on("23:00:00", "LOGOUT"), on("12:00:00", "HEART_BEAT", day=7, agent="bela")
    )
    assert found[:2] == ["22:00:00-22:02:00 available", "22:02:00-23:00:00 gap"]


def test_another_instances_heartbeats_show_nothing():
    other = on("09:01:00", "HEART_BEAT", agent="bela", InstanceARN="arn/instance/i-2")
    assert timeline(on("09:00:00"), on("10:00:00", "LOGOUT"), other)[:1] == [
        "09:00:00-10:00:00 available"
    ]
