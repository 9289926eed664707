"""Agent events by hand: snapshots that are null, lists, old and new spellings."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.transforms.landed import INSTANCE, at, event, parsed, versions
from tests.transforms.rich_records import rich_agent_events
from transforms import tables

NOON = "2024-05-06T12:00:00.000Z"


def row(record: dict[str, Any] | str) -> dict[str, Any]:
    [found] = parsed("agent_event", [record]).to_pylist()
    return found


def snapshot(**fields: Any) -> dict[str, Any]:
    return event(NOON, CurrentAgentSnapshot=fields)


def configured(**fields: Any) -> dict[str, Any]:
    return row(snapshot(Configuration=fields))


def test_an_event_without_a_snapshot_has_no_status():
    found = row(event(NOON, "LOGIN", status=None))
    expected = (None, None, None, "LOGIN", date(2024, 5, 6))
    assert expected == (
        found["reject_reason"],
        found["current_agent_status_name"],
        found["current_contacts"],
        found["event_type"],
        found["day"],
    )


def test_instants_keep_their_milliseconds():
    found = row(event("2024-05-06T12:00:00.031Z"))
    assert at("2024-05-06T12:00:00.031") == found["event_timestamp"]


def test_contacts_of_the_snapshot_are_listed_in_order():
    contacts = [
        {
            "ContactId": "c-1",
            "Channel": "VOICE",
            "State": "CONNECTED",
            "StateStartTimestamp": "2024-05-06T11:59:00.5Z",
            "Queue": {"ARN": "q", "Name": None},
        },
        {"ContactId": "c-2", "Channel": "TASKS", "State": "LEVITATING", "Queue": None},
    ]
    found = row(event(NOON, contacts=contacts))["current_contacts"]
    expected = [
        ("c-1", "VOICE", "CONNECTED", at("2024-05-06T11:59:00.5"), "q"),
        ("c-2", "TASKS", "LEVITATING", None, None),
    ]
    names = ("contact_id", "channel", "state", "state_start_timestamp", "queue_arn")
    assert expected == [tuple(contact[name] for name in names) for contact in found]


def test_queues_slots_and_proficiencies_are_read():
    found = configured(
        RoutingProfile={
            "Name": "General",
            "InboundQueues": [{"ARN": "q", "Name": "Billing", "Channels": ["VOICE", "CHAT"]}],
            "Concurrency": [{"Channel": "CHAT", "AvailableSlots": 2, "MaximumSlots": 3}],
        },
        Proficiencies=[
            {"Name": "language", "Value": "french", "ProficiencyLevel": 4.5},
            {"Name": "product", "Value": "loans", "Level": 2},
        ],
    )
    expected = {
        "current_routing_profile_name": "General",
        "current_routing_profile_inbound_queues": [
            {"arn": "q", "name": "Billing", "channels": ["VOICE", "CHAT"]}
        ],
        "current_routing_profile_concurrency": [
            {"channel": "CHAT", "available_slots": 2, "maximum_slots": 3}
        ],
        "current_configuration_proficiencies": [
            {"name": "language", "value": "french", "level": 4.5},
            {"name": "product", "value": "loans", "level": 2.0},
        ],
    }
    assert expected == {name: found[name] for name in expected}


def test_the_hierarchy_is_read_level_by_level():
    found = configured(
        AgentHierarchyGroups={"Level1": {"Name": "Porto"}, "Level2": None, "Level3": {"Name": "A"}}
    )
    levels = [found[f"current_agent_hierarchy_groups_level_{n}_name"] for n in (1, 2, 3)]
    assert levels == ["Porto", None, "A"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"EventId": None}, "missing_event_id"),
        ({"EventId": ""}, "missing_event_id"),
        ({"AgentARN": None}, "missing_agent_arn"),
        ({"EventTimestamp": None}, "missing_event_timestamp"),
        ({"EventTimestamp": "noon"}, "type_mismatch: EventTimestamp"),
        ({"EventTimestamp": "infinity"}, "type_mismatch: EventTimestamp"),
        ({"CurrentAgentSnapshot": "away"}, "type_mismatch: CurrentAgentSnapshot"),
        (
            {"CurrentAgentSnapshot": {"Contacts": "none"}},
            "type_mismatch: CurrentAgentSnapshot.Contacts",
        ),
        (
            {"CurrentAgentSnapshot": {"AgentStatus": {"StartTimestamp": "earlier"}}},
            "type_mismatch: CurrentAgentSnapshot.AgentStatus.StartTimestamp",
        ),
        ({"EventType": "TELEPORT", "New": {"thing": 1}}, None),
    ],
)
def test_what_cannot_be_typed_has_a_reason_and_what_is_unknown_passes(fields, expected):
    assert expected == row(event(NOON, **fields))["reject_reason"]


@pytest.mark.parametrize("snapshot", ["CurrentAgentSnapshot", "PreviousAgentSnapshot"])
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("Contacts.StateStartTimestamp", {"Contacts": [{}, {"StateStartTimestamp": "soon"}]}),
        (
            "Configuration.RoutingProfile.Concurrency.AvailableSlots",
            {"Configuration": {"RoutingProfile": {"Concurrency": [{"AvailableSlots": "x"}]}}},
        ),
        (
            "Configuration.Proficiencies.ProficiencyLevel",
            {"Configuration": {"Proficiencies": [{"Level": "high"}]}},
        ),
        ("Configuration.RoutingProfile", {"Configuration": {"RoutingProfile": []}}),
    ],
)
def test_a_wrong_value_within_a_snapshot_is_a_reject_that_names_it(snapshot, path, fields):
    found = row(event(NOON, **{snapshot: fields}))
    assert found["reject_reason"] == f"type_mismatch: {snapshot}.{path}"


@pytest.mark.parametrize("key", ["Name", "GroupName"])
def test_a_hierarchy_group_has_its_name_under_either_key(key):
    found = configured(AgentHierarchyGroups={"Level1": {key: "Porto"}})
    assert found["current_agent_hierarchy_groups_level_1_name"] == "Porto"


@pytest.mark.parametrize("key", ["EnqueuedTimestamp", "EnqueueTimestamp"])
def test_the_next_status_is_chosen_under_either_key(key):
    found = row(snapshot(NextAgentStatus={"Name": "Lunch", key: "2024-05-06T11:58:00.004Z"}))
    expected = ("Lunch", at("2024-05-06T11:58:00.004"))
    assert expected == (
        found["current_next_agent_status_name"],
        found["current_next_agent_status_enqueued_timestamp"],
    )


def test_the_snapshot_before_is_read_like_the_present_one():
    first, second = (row(record) for record in rich_agent_events())
    named = [name for name in first if name.startswith("current_") and name != "current_contacts"]
    names = {name: name.replace("current_", "previous_") for name in named}
    expected = {name: first[name] for name, before in names.items() if before in second}
    assert expected == {name: second[names[name]] for name in expected}


def test_a_region_of_a_contact_is_read():
    [contact] = row(rich_agent_events()[0])["current_contacts"]
    assert contact["traffic_distribution_group_id"] == "t-1"


def test_a_line_that_is_not_json_is_a_reject():
    assert row("{")["reject_reason"] == "not_json"


def test_a_copy_written_anew_is_the_same_version():
    record = event(NOON, contacts=["CONNECTED"])
    copy = json.dumps(dict(reversed(record.items())), separators=(" ,  ", " : "))
    assert row(record)["record_version"] == row(copy)["record_version"]


def test_good_rows_have_the_columns_of_the_table():
    rows = versions("agent_event", [event(NOON)])
    assert tables.AGENT_EVENT.schema.equals(rows.schema)


def test_the_instance_is_that_of_the_record():
    assert INSTANCE.endswith(row(event(NOON))["instance_id"])
