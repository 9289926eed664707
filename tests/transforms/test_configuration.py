"""Configuration as the streams show it: events and contacts in, agents, profiles, groups out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from tests.transforms.landed import INSTANCE, at, table
from transforms import tables
from transforms.configuration import (
    EVENTS_NEEDED,
    RECORDS_NEEDED,
    agent_hierarchy_groups,
    routing_profiles,
    users,
)
from transforms.schema import Table
from transforms.versions import newest

Rows = list[dict[str, Any]]
MADE: dict[str, tuple[Table, Callable[[pa.Table, pa.Table], pa.Table]]] = {
    "users": (tables.USERS, users),
    "routing_profiles": (tables.ROUTING_PROFILES, routing_profiles),
    "agent_hierarchy_groups": (tables.AGENT_HIERARCHY_GROUPS, agent_hierarchy_groups),
}


def agent(name: str = "ada") -> dict[str, Any]:
    return {
        "instance_id": "i-1",
        "instance_arn": INSTANCE,
        "aws_account_id": "111122223333",
        "agent_arn": f"{INSTANCE}/agent/{name}",
        "agent_id": name,
    }


def event(
    when: str = "2024-05-06T09:00:00.125", name: str = "ada", **fields: Any
) -> dict[str, Any]:
    prefix = "current_agent_hierarchy_groups_level"
    return {
        **agent(name),
        "event_timestamp": at(when),
        "current_configuration_username": name,
        "current_configuration_first_name": "Ada",
        "current_configuration_last_name": "Byron",
        "current_configuration_auto_accept": True,
        "current_routing_profile_arn": f"{INSTANCE}/routing-profile/rp-1",
        "current_routing_profile_name": "Basic",
        "current_routing_profile_default_outbound_queue_arn": f"{INSTANCE}/queue/q-1",
        f"{prefix}_1_arn": f"{INSTANCE}/agent-group/g-1",
        f"{prefix}_1_name": "North",
        f"{prefix}_2_arn": f"{INSTANCE}/agent-group/g-2",
        f"{prefix}_2_name": "Team 7",
    } | fields


def contact(when: str | None = "2024-05-06T10:00:00", name: str = "ada", **fields: Any) -> Any:
    return {
        **agent(name),
        "agent_username": name,
        "agent_connected_to_agent_timestamp": at(when) if when else None,
        "agent_routing_profile_arn": f"{INSTANCE}/routing-profile/rp-1",
        "agent_routing_profile_name": "Basic, as contacts say",
        "agent_hierarchy_groups_level_1_arn": f"{INSTANCE}/agent-group/g-1",
        "agent_hierarchy_groups_level_1_name": "North, as contacts say",
    } | fields


def seen(name: str, events: Rows, contacts: Rows | None = None) -> Rows:
    definition, function = MADE[name]
    rows = function(
        table(tables.AGENT_EVENT, events).select(EVENTS_NEEDED),
        table(tables.CONTACT_RECORD, contacts or []).select(RECORDS_NEEDED),
    )
    return newest(definition.conform(rows), definition).rows.to_pylist()


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """What is not null, without the version."""
    return {k: v for k, v in row.items() if v is not None and k != "record_version"}


def test_an_event_shows_a_user():
    [row] = seen("users", [event()])
    expected = {
        "user_id": "ada",
        "user_arn": f"{INSTANCE}/agent/ada",
        "agent_hierarchy_group_id": "g-2",
        "agent_hierarchy_group_arn": f"{INSTANCE}/agent-group/g-2",
        "agent_hierarchy_group_level_1_id": "g-1",
        "agent_hierarchy_group_level_2_id": "g-2",
        "first_name": "Ada",
        "last_name": "Byron",
        "agent_username": "ada",
        "instance_id": "i-1",
        "instance_arn": INSTANCE,
        "agent_routing_profile_id": "rp-1",
        "agent_routing_profile_arn": f"{INSTANCE}/routing-profile/rp-1",
        "last_modified_region": "us-east-1",
        "last_modified_timestamp": at("2024-05-06T09:00:00.125"),
        "auto_accept": True,
    }
    assert expected == shown(row)


def test_an_event_shows_a_routing_profile():
    [row] = seen("routing_profiles", [event()])
    expected = {
        "agent_routing_profile_id": "rp-1",
        "agent_routing_profile_arn": f"{INSTANCE}/routing-profile/rp-1",
        "routing_profile_name": "Basic",
        "instance_id": "i-1",
        "instance_arn": INSTANCE,
        "default_outbound_queue_id": "q-1",
        "last_modified_region": "us-east-1",
        "last_modified_timestamp": at("2024-05-06T09:00:00.125"),
    }
    assert expected == shown(row)


def test_an_event_shows_the_groups_of_every_level():
    rows = seen("agent_hierarchy_groups", [event()])
    expected = {
        "instance_id": "i-1",
        "instance_arn": INSTANCE,
        "aws_account_id": "111122223333",
        "agent_hierarchy_group_id": "g-1",
        "agent_hierarchy_group_arn": f"{INSTANCE}/agent-group/g-1",
        "agent_hierarchy_group_name": "North",
        "last_modified_region": "us-east-1",
        "last_modified_timestamp": at("2024-05-06T09:00:00.125"),
    }
    assert expected == shown(rows[0])
    assert [row["agent_hierarchy_group_name"] for row in rows] == ["North", "Team 7"]


def test_the_newest_event_is_believed_whatever_the_order():
    old, new = event(), event("2024-05-06T09:00:01", current_configuration_last_name="King")
    for events in ([old, new], [new, old]):
        assert [row["last_name"] for row in seen("users", events)] == ["King"]


def test_of_two_events_at_one_instant_the_same_is_always_believed():
    events = [event(), event(current_configuration_last_name="King")]
    assert seen("users", events) == seen("users", events[::-1])


def test_a_profile_is_as_its_newest_event_of_any_agent_shows_it():
    events = [
        event(),
        event("2024-05-06T09:00:01", "bela", current_routing_profile_name="Renamed"),
    ]
    assert [row["routing_profile_name"] for row in seen("routing_profiles", events)] == ["Renamed"]


@pytest.mark.parametrize("name", list(MADE))
def test_an_event_without_a_snapshot_teaches_nothing(name):
    login = agent() | {"event_timestamp": at("2024-05-06T09:30:00")}
    assert seen(name, [event()]) == seen(name, [event(), login])


@pytest.mark.parametrize("name", list(MADE))
def test_a_contact_teaches_only_what_no_event_shows(name):
    assert seen(name, [event()]) == seen(name, [event()], [contact()])


def test_without_events_the_newest_contact_shows_the_user():
    contacts = [contact("2024-05-06T10:00:00"), contact("2024-05-06T11:00:00")]
    [row] = seen("users", [], contacts)
    assert row["last_modified_timestamp"] == at("2024-05-06T11:00:00")
    assert row["agent_hierarchy_group_id"] == "g-1"


def test_without_events_contacts_show_profiles_and_groups():
    [profile] = seen("routing_profiles", [], [contact()])
    [group] = seen("agent_hierarchy_groups", [], [contact()])
    assert profile["routing_profile_name"] == "Basic, as contacts say"
    assert group["agent_hierarchy_group_name"] == "North, as contacts say"


@pytest.mark.parametrize("name", list(MADE))
def test_a_contact_that_reached_no_agent_teaches_nothing(name):
    assert seen(name, [], [contact(None)]) == []


def test_a_user_without_groups_has_none():
    bare = dict.fromkeys(
        name for name in EVENTS_NEEDED if name.startswith("current_agent_hierarchy")
    )
    [row] = seen("users", [event(**bare)])
    assert row["agent_hierarchy_group_id"] is None


def test_an_event_without_an_agents_id_shows_no_user():
    assert seen("users", [event(agent_id=None)]) == []


def test_days_may_be_learnt_in_any_order():
    early, late = (
        MADE["users"][1](
            table(tables.AGENT_EVENT, [each]).select(EVENTS_NEEDED),
            table(tables.CONTACT_RECORD, [contact()]).select(RECORDS_NEEDED),
        )
        for each in (event(), event("2024-05-07T09:00:00", current_configuration_last_name="King"))
    )
    learnt = [
        newest(tables.USERS.conform(pa.concat_tables(parts)), tables.USERS).rows
        for parts in ([early, late], [late, early])
    ]
    assert learnt[0].equals(learnt[1])
    assert learnt[0].column("last_name").to_pylist() == ["King"]
