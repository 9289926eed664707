"""Records as Amazon Connect wrote them: each lands with its documented meaning."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingestion.records import Accepted, Rejected, outcomes
from tests.transforms.landed import at, parsed, token

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "samples"
KINDS = {"contact_records": "contact_record", "agent_events": "agent_event"}
FRAGMENT = "contact_records/agent_queue_no_name_partial_2020.json"


def landed(name: str) -> Accepted | Rejected:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip("the samples are not beside the project")
    [outcome] = outcomes(path.read_bytes())
    return outcome


@cache
def row(name: str) -> dict[str, Any]:
    outcome = landed(name)
    assert isinstance(outcome, Accepted)
    [found] = parsed(outcome.kind, [outcome.line.decode()]).to_pylist()
    return found


def part(name: str, expected: dict[str, Any]) -> dict[str, Any]:
    return {column: row(name)[column] for column in expected}


def test_every_sample_but_the_fragment_lands_as_its_kind_without_a_reject_or_an_unknown_field():
    names = sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.glob("*/*.json"))
    if not names:
        pytest.skip("the samples are not beside the project")
    whole = [name for name in names if name != FRAGMENT]
    expected = [(KINDS[name.partition("/")[0]], None, None) for name in whole]
    found = [(landed(name), row(name)) for name in whole]
    assert expected == [(o.kind, r["reject_reason"], r["unknown_fields"]) for o, r in found]


def test_an_answered_call_of_2022():
    name = "contact_records/voice_inbound_answered_2022.json"
    expected = {
        "day": date(2022, 4, 8),
        "aws_account_id": "111122223333",
        "aws_contact_trace_record_format_version": "2017-03-10",
        "contact_id": "15a5cf14-3212-45a1-9f86-a8e97db8afaf",
        "instance_id": "1d908e11-3d5f-4cfb-b34d-1e7e0f216898",
        "initial_contact_id": None,
        "initiation_timestamp": at("2022-04-08T14:59:38"),
        "last_update_timestamp": at("2022-04-08T15:03:02"),
        "queue_name": "BasicQueue",
        "queue_duration_ms": 7_000,
        "queue_id": "c677a7a5-1d56-4ce3-a890-79fc53f7fe3f",
        "agent_username": "admin1",
        "agent_id": "57db30ae-8c01-44e6-abd5-80b7b51944cf",
        "agent_routing_profile_id": "6e16b957-b7c7-44c7-b959-c9380699c7cc",
        "agent_interaction_duration_ms": 33_000,
        "agent_customer_hold_duration_ms": 0,
        "agent_after_contact_work_duration_ms": 32_000,
        "agent_pause_duration_ms": None,
        "agent_hierarchy_groups_level_1_name": None,
        "disconnect_reason": "CUSTOMER_DISCONNECT",
        "customer_endpoint_type": "TELEPHONE_NUMBER",
        "customer_endpoint_address": token("+17205550104"),
        "campaign_Id": None,
        "attributes": [],
        "contact_details": [],
        "references": [],
        "recording_status": "AVAILABLE",
        "media_streams_items": [{"type": "AUDIO"}],
    }
    assert expected == part(name, expected)


def test_the_first_recording_is_in_the_list_too():
    found = row("contact_records/voice_inbound_answered_2022.json")
    [recording] = found["recordings"]
    assert (recording["location"], recording["storage_type"], recording["start_timestamp"]) == (
        found["recording_location"],
        "S3",
        None,
    )


def test_a_call_of_2020_without_a_disconnect_reason():
    expected = {
        "disconnect_reason": None,
        "skill": "Chinese CSR",
        "agent_interaction_duration_ms": 14_000,
        "contact_details": None,
        "attributes": [],
    }
    assert expected == part("contact_records/voice_inbound_answered_short_2020.json", expected)


def test_a_sparse_transfer_leg_with_a_number_among_its_attributes_and_no_arns():
    expected = {
        "instance_id": "",
        "agent_arn": None,
        "agent_id": None,
        "previous_contact_id": "0eeeb618-d2a9-46ce-9ad9-0c76a60cff8e",
        "initiation_method": "TRANSFER",
        "disconnect_reason": "TELECOM_PROBLEM",
        "queue_name": "Test",
        "queue_duration_ms": None,
        "agent_number_of_holds": 1,
        "agent_customer_hold_duration_ms": 10_000,
        "agent_longest_hold_duration_ms": 8_000,
        "agent_after_contact_work_duration_ms": None,
        "recording_location": "abc.com",
        "last_update_timestamp": None,
        "customer_id": None,
        "category": "uncategorised",
    }
    assert expected == part("contact_records/transfer_leg_sparse_scv.json", expected)


def test_a_fragment_without_contact_id_is_rejected_where_it_lands():
    outcome = landed(FRAGMENT)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "missing_contact_id"


def test_a_fragment_without_contact_id_is_a_reject_of_the_parser_too():
    outcome = landed(FRAGMENT)
    line = outcome.payload.decode().replace("\n", " ")
    [found] = parsed("contact_record", [line]).to_pylist()
    assert (found["reject_reason"], found["queue_name"], found["queue_id"]) == (
        "missing_contact_id",
        None,
        "cf45f63b-02a4-49f3-aa31-9ee264031bc8",
    )


def test_a_login_of_2018_has_null_snapshots():
    expected = {
        "event_type": "LOGIN",
        "event_timestamp": at("2018-05-16T16:12:59.059"),
        "agent_id": "dfe8970a-ee78-4fa2-b79b-b6b3e92d35c0",
        "current_agent_status_name": None,
        "current_contacts": None,
        "previous_agent_status_name": None,
        "previous_contacts": None,
    }
    assert expected == part("agent_events/login_null_snapshots_2018.json", expected)


HEARTBEAT = "agent_events/heart_beat_next_status_lunch.json"


def test_a_heartbeat_with_lunch_to_come():
    expected = {
        "event_type": "HEART_BEAT",
        "event_timestamp": at("2019-08-13T20:58:44.031"),
        "instance_id": "aaaaaaaa-bbbb-cccc-dddd-111111111111",
        "agent_id": "agent-ARN",
        "current_agent_status_name": "Available",
        "current_agent_status_type": None,
        "current_next_agent_status_name": "Lunch",
        "current_next_agent_status_arn": "example-ARN2",
        "current_next_agent_status_enqueued_timestamp": at("2019-08-13T20:58:00.004"),
        "current_configuration_username": "aestest",
        "current_configuration_first_name": "AgentEventStreamTest",
        "current_routing_profile_default_outbound_queue_channels": ["VOICE"],
        "current_contacts": [],
        "current_configuration_proficiencies": None,
        "current_agent_hierarchy_groups_level_1_name": None,
        "previous_agent_status_name": "Offline",
        "previous_contacts": [],
    }
    assert expected == part(HEARTBEAT, expected)


@pytest.mark.parametrize("when", ["current", "previous"])
def test_an_agents_own_queue_has_no_name(when):
    found = row(HEARTBEAT)[f"{when}_routing_profile_inbound_queues"]
    assert [(queue["name"], queue["channels"]) for queue in found] == [
        (None, ["VOICE", "CHAT"]),
        ("Omni-channel-queue", ["CHAT", "VOICE"]),
    ]


def test_slots_are_by_channel():
    found = row(HEARTBEAT)["current_routing_profile_concurrency"]
    assert found == [
        {"channel": "CHAT", "available_slots": 3, "maximum_slots": 3},
        {"channel": "VOICE", "available_slots": 1, "maximum_slots": 1},
    ]


ACW_BEGINS = "agent_events/state_change_contact_connected_to_ended_acw_start.json"
ACW_ENDS = "agent_events/state_change_contact_cleared_acw_end.json"


def test_after_contact_work_begins_with_a_contact_that_was_connected_and_is_ended():
    found = row(ACW_BEGINS)
    [before], [now] = found["previous_contacts"], found["current_contacts"]
    assert (before["state"], now["state"], now["queue_name"]) == (
        "CONNECTED",
        "ENDED",
        "BasicQueue",
    )


def test_after_contact_work_ends_when_no_contact_is_listed():
    found = row(ACW_ENDS)
    [before] = found["previous_contacts"]
    assert (before["state"], found["current_contacts"]) == ("ENDED", [])


def test_the_published_after_contact_work_comes_to_5_005_seconds():
    found = row(ACW_ENDS)
    [ended] = found["previous_contacts"]
    lasted = found["event_timestamp"] - ended["state_start_timestamp"]
    assert lasted.total_seconds() == 5.005
