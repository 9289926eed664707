"""`agent_event`: silver, an event of an agent.

A path such as `NextAgentStatus.EnqueuedTimestamp|EnqueueTimestamp` names the spellings of a field.
Source of paths: Amazon Connect administrator guide, "Agent event streams data model".
"""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column, Table
from transforms.tables.columns import (
    AGENT_ARN,
    AGENT_ID,
    AWS_ACCOUNT_ID,
    COUNT,
    DAY,
    INSTANCE_ARN,
    INSTANCE_ID,
    INSTANT,
    LAST_PROCESSED,
    LEVELS,
    RECORD_VERSION,
    TEXT,
    UNKNOWN_FIELDS,
    at,
    text,
)

_NOT_SENT = "In no published model of the agent event stream."

QUEUE = pa.struct([("arn", TEXT), ("name", TEXT), ("channels", pa.list_(TEXT))])
PROFICIENCY = pa.struct([("name", TEXT), ("value", TEXT), ("level", pa.float64())])
SLOTS = pa.struct([("channel", TEXT), ("available_slots", COUNT), ("maximum_slots", COUNT)])
SNAPSHOT_CONTACT = pa.struct(
    [
        ("contact_id", TEXT),
        ("initial_contact_id", TEXT),
        ("channel", TEXT),
        ("initiation_method", TEXT),
        ("state", TEXT),
        ("state_start_timestamp", INSTANT),
        ("connected_to_agent_timestamp", INSTANT),
        ("queue_timestamp", INSTANT),
        ("queue_arn", TEXT),
        ("queue_name", TEXT),
        ("active_region", TEXT),
        ("origin_region", TEXT),
        ("traffic_distribution_group_id", TEXT),
    ]
)


def _status(when: str, snapshot: str) -> tuple[Column, ...]:
    name, path = f"{when}_agent_status", f"{snapshot}.AgentStatus"
    return (
        text(f"{name}_arn", f"Agent's {when} status: ARN", path=f"{path}.ARN"),
        text(f"{name}_name", f"Agent's {when} status: name", path=f"{path}.Name"),
        at(f"{name}_start_timestamp", f"The {when} status began", path=f"{path}.StartTimestamp"),
        text(
            f"{name}_type", "ROUTABLE, CUSTOM, OFFLINE; older events lack it", path=f"{path}.Type"
        ),
    )


def _next_status(snapshot: str) -> tuple[Column, ...]:
    name, path = "current_next_agent_status", f"{snapshot}.NextAgentStatus"
    whose = "Status that the agent takes after this contact"
    return (
        text(f"{name}_arn", f"{whose}: ARN", path=f"{path}.ARN"),
        text(f"{name}_name", f"{whose}: name", path=f"{path}.Name"),
        at(
            f"{name}_enqueued_timestamp",
            "The agent chose the next status",
            path=f"{path}.EnqueuedTimestamp|EnqueueTimestamp",
        ),
        text(f"{name}_type", f"{whose}: type", path=f"{path}.Type"),
    )


def _person(configuration: str) -> tuple[Column, ...]:
    name = "current_configuration"
    return (
        text(f"{name}_username", "Agent's login name", path=f"{configuration}.Username"),
        text(f"{name}_first_name", "Agent's first name", path=f"{configuration}.FirstName"),
        text(f"{name}_last_name", "Agent's last name", path=f"{configuration}.LastName"),
        text(
            f"{name}_sip_address", "Agent's softphone address", path=f"{configuration}.SipAddress"
        ),
        Column(
            f"{name}_auto_accept",
            pa.bool_(),
            "Whether the agent takes contacts without a click",
            path=f"{configuration}.AutoAccept",
        ),
        text(
            f"{name}_language_code",
            "Language of the agent's control panel",
            path=f"{configuration}.LanguageCode",
        ),
    )


def _configuration(when: str, configuration: str) -> tuple[Column, ...]:
    name, path = f"{when}_routing_profile", f"{configuration}.RoutingProfile"
    outbound, default = f"{name}_default_outbound_queue", f"{path}.DefaultOutboundQueue"
    return (
        Column(
            f"{when}_configuration_proficiencies",
            pa.list_(PROFICIENCY),
            "Proficiencies, 1 to 5",
            path=f"{configuration}.Proficiencies",
        ),
        text(f"{name}_arn", "Routing profile's ARN", path=f"{path}.ARN"),
        text(f"{name}_name", "Routing profile", path=f"{path}.Name"),
        Column(
            f"{name}_concurrency", pa.list_(SLOTS), "Slots by channel", path=f"{path}.Concurrency"
        ),
        text(f"{outbound}_arn", "Queue of outbound calls: ARN", path=f"{default}.ARN"),
        text(f"{outbound}_name", "Queue of outbound calls", path=f"{default}.Name"),
        Column(
            f"{outbound}_channels",
            pa.list_(TEXT),
            "Queue of outbound calls: channels",
            path=f"{default}.Channels",
        ),
        Column(
            f"{name}_inbound_queues",
            pa.list_(QUEUE),
            "Queues served; an agent's own queue has no name",
            path=f"{path}.InboundQueues",
        ),
        *(
            column
            for level in LEVELS
            for column in _level(
                f"{when}_agent_hierarchy_groups_level_{level}",
                f"{configuration}.AgentHierarchyGroups.Level{level}",
                level,
            )
        ),
    )


def _level(name: str, path: str, level: int) -> tuple[Column, ...]:
    return (
        text(f"{name}_arn", f"Agent hierarchy, level {level}: ARN", path=f"{path}.ARN"),
        text(f"{name}_name", f"Agent hierarchy, level {level}", path=f"{path}.Name|GroupName"),
    )


def _contacts(when: str, snapshot: str) -> tuple[Column, ...]:
    return (
        Column(
            f"{when}_contacts",
            pa.list_(SNAPSHOT_CONTACT),
            f"The agent's {when} contacts",
            path=f"{snapshot}.Contacts",
        ),
        at(f"{when}_snapshot_timestamp", "The snapshot was taken", absent=_NOT_SENT),
    )


_NOW = "CurrentAgentSnapshot"
_BEFORE = "PreviousAgentSnapshot"

OFFICIAL = (
    INSTANCE_ID,
    AWS_ACCOUNT_ID,
    INSTANCE_ARN,
    AGENT_ARN._replace(path="AgentARN", required=True),
    text("event_id", "Event", path="EventId", required=True),
    at("event_timestamp", "When the event happened", path="EventTimestamp", required=True),
    text("event_type", "LOGIN, LOGOUT, STATE_CHANGE, HEART_BEAT, as sent", path="EventType"),
    text("version", "Version of the agent event format", path="Version"),
    *_status("current", _NOW),
    *_next_status(_NOW),
    *_person(f"{_NOW}.Configuration"),
    *_configuration("current", f"{_NOW}.Configuration"),
    *_contacts("current", _NOW),
    *_status("previous", _BEFORE),
    *_configuration("previous", f"{_BEFORE}.Configuration"),
    *_contacts("previous", _BEFORE),
    LAST_PROCESSED,
)

AGENT_EVENT = Table(
    "agent_event",
    "One row per agent event.",
    (*OFFICIAL, DAY, AGENT_ID, UNKNOWN_FIELDS, RECORD_VERSION),
    key=("instance_id", "event_id"),
    sort_by=("agent_arn", "event_timestamp", "event_id"),
    official=len(OFFICIAL),
)
