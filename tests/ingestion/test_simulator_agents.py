"""The simulated agents: what their events say of them, second by second."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from tests.ingestion.simulated import (
    Run,
    instant,
    seconds,
    small_run,
    stretches,
)


@pytest.fixture
def run() -> Run:
    return small_run()


def test_somebody_works_across_midnight(run: Run) -> None:
    midnight = instant("2026-01-06T00:00:00Z")
    assert any(
        stretch.start < midnight < stretch.end
        for events in run.events.values()
        for stretch in stretches(events)
    )


def test_an_agents_events_never_share_aninstant(run: Run) -> None:
    instants = [
        (agent, event["EventTimestamp"]) for agent, events in run.events.items() for event in events
    ]
    assert len(set(instants)) == len(instants)


def test_every_previous_snapshot_is_the_one_told_before(run: Run) -> None:
    broken = [
        later["EventId"]
        for events in run.events.values()
        for event, later in pairwise(events)
        if later["EventType"] != "LOGIN"
        and later["PreviousAgentSnapshot"] != event["CurrentAgentSnapshot"]
    ]
    assert broken == []


def test_a_signed_in_agent_is_heard_of_every_two_minutes(run: Run) -> None:
    silences = [
        seconds(event["EventTimestamp"], later["EventTimestamp"])
        for events in run.events.values()
        for event, later in pairwise(events)
        if event["EventType"] != "LOGOUT"
    ]
    assert max(silences) == 120.0


def test_heart_beats_come_only_after_two_quiet_minutes(run: Run) -> None:
    before_beats = {
        seconds(event["EventTimestamp"], later["EventTimestamp"])
        for events in run.events.values()
        for event, later in pairwise(events)
        if later["EventType"] == "HEART_BEAT"
    }
    assert before_beats == {120.0}


def test_everyone_who_signs_in_signs_out(run: Run) -> None:
    kinds = Counter(event["EventType"] for events in run.events.values() for event in events)
    assert kinds["LOGIN"] == kinds["LOGOUT"]
    assert all(events[-1]["EventType"] == "LOGOUT" for events in run.events.values())


def test_after_contact_work_in_events_is_that_of_the_record(run: Run) -> None:
    from_records = {
        record["ContactId"]: record["Agent"]["AfterContactWorkDuration"]
        for record in run.contacts
        if record["Agent"]
    }
    from_events = {}
    for events in run.events.values():
        for event in events:
            before, now = event["PreviousAgentSnapshot"], event["CurrentAgentSnapshot"]
            if before is None or now is None:
                continue
            left = {contact["ContactId"] for contact in now["Contacts"]}
            for contact in before["Contacts"]:
                if contact["State"] == "ENDED" and contact["ContactId"] not in left:
                    since = contact["StateStartTimestamp"]
                    # events of one agent that fall together are told a millisecond apart
                    from_events[contact["ContactId"]] = round(
                        seconds(since, event["EventTimestamp"]), 1
                    )
    assert from_events == from_records


def test_every_state_and_status_of_an_agent_occurs(run: Run) -> None:
    snapshots = [
        event["CurrentAgentSnapshot"]
        for events in run.events.values()
        for event in events
        if event["CurrentAgentSnapshot"]
    ]
    statuses = {snapshot["AgentStatus"]["Name"] for snapshot in snapshots}
    states = {contact["State"] for snapshot in snapshots for contact in snapshot["Contacts"]}
    assert statuses >= {"Available", "Break", "Lunch", "Training", "Back office", "Offline"}
    assert states >= {"CONNECTING", "INCOMING", "CONNECTED", "CONNECTED_ONHOLD", "ENDED"}
    assert states >= {"MISSED", "REJECTED", "ERROR", "PAUSED"}


def test_some_agents_phone_out_of_a_custom_status(run: Run) -> None:
    talking = {
        contact["InitiationMethod"]
        for events in run.events.values()
        for stretch in stretches(events)
        if stretch.status_type == "CUSTOM"
        for contact in stretch.contacts
    }
    assert talking == {"OUTBOUND"}


def test_a_custom_status_waits_for_the_contact_to_end(run: Run) -> None:
    awaited = {
        event["CurrentAgentSnapshot"]["NextAgentStatus"]["Name"]
        for events in run.events.values()
        for event in events
        if event["CurrentAgentSnapshot"]
        and event["CurrentAgentSnapshot"]["Contacts"]
        and event["CurrentAgentSnapshot"]["NextAgentStatus"]
    }
    assert awaited >= {"Break", "Lunch", "Back office"}


def test_an_agent_may_hold_several_chats(run: Run) -> None:
    most = max(
        len(event["CurrentAgentSnapshot"]["Contacts"])
        for events in run.events.values()
        for event in events
        if event["CurrentAgentSnapshot"]
    )
    assert most > 1
