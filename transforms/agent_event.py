"""Agent events: JSON lines as landed, typed rows out, with a reason where that cannot be.

Source: Amazon Connect administrator guide, "Agent event streams data model". Snapshots can be
null, older events lack the status type, and proficiencies come as `ProficiencyLevel` or `Level`.
"""

from __future__ import annotations

import pyarrow as pa

from transforms import fields
from transforms.duck import id_in_arn, instance_id, kernel
from transforms.fields import instant, text

_NOW = "CurrentAgentSnapshot"
_CONFIGURATION = f"{_NOW}.Configuration"

FIELDS = (
    text("aws_account_id", "AWSAccountId"),
    text("instance_arn", "InstanceARN"),
    text("agent_arn", "AgentARN"),
    text("event_id", "EventId"),
    instant("event_timestamp", "EventTimestamp"),
    text("event_type", "EventType"),
    text("version", "Version"),
    text("current_agent_status_arn", f"{_NOW}.AgentStatus.ARN"),
    text("current_agent_status_name", f"{_NOW}.AgentStatus.Name"),
    instant("current_agent_status_start_timestamp", f"{_NOW}.AgentStatus.StartTimestamp"),
    text("current_agent_status_type", f"{_NOW}.AgentStatus.Type"),
    text("current_next_agent_status_name", f"{_NOW}.NextAgentStatus.Name"),
    text("current_configuration_username", f"{_CONFIGURATION}.Username"),
    text("current_routing_profile_arn", f"{_CONFIGURATION}.RoutingProfile.ARN"),
    text("current_routing_profile_name", f"{_CONFIGURATION}.RoutingProfile.Name"),
    *(
        text(
            f"current_agent_hierarchy_groups_level_{n}_name",
            f"{_CONFIGURATION}.AgentHierarchyGroups.Level{n}.Name",
        )
        for n in range(1, 6)
    ),
)

_CONTACT = {
    "ContactId": "VARCHAR",
    "InitialContactId": "VARCHAR",
    "Channel": "VARCHAR",
    "InitiationMethod": "VARCHAR",
    "State": "VARCHAR",
    "StateStartTimestamp": "VARCHAR",
    "ConnectedToAgentTimestamp": "VARCHAR",
    "QueueTimestamp": "VARCHAR",
}
_QUEUE = {"ARN": "VARCHAR", "Name": "VARCHAR"}
_LISTS: fields.Shape = {
    _NOW: {
        "Contacts": [{**_CONTACT, "Queue": _QUEUE}],
        "Configuration": {
            "Proficiencies": [
                dict.fromkeys(("Name", "Value", "ProficiencyLevel", "Level"), "VARCHAR")
            ],
            "RoutingProfile": {
                "InboundQueues": [{**_QUEUE, "Channels": ["VARCHAR"]}],
                "Concurrency": [
                    dict.fromkeys(("Channel", "AvailableSlots", "MaximumSlots"), "VARCHAR")
                ],
            },
        },
    }
}
_STRUCTURE = fields.shape(FIELDS, _LISTS)

_SNAPSHOT = 'r."CurrentAgentSnapshot"'
_CONTACTS = f"""[{{
    'contact_id': c."ContactId",
    'initial_contact_id': c."InitialContactId",
    'channel': c."Channel",
    'initiation_method': c."InitiationMethod",
    'state': c."State",
    'state_start_timestamp': {fields.instant_of('c."StateStartTimestamp"')},
    'connected_to_agent_timestamp': {fields.instant_of('c."ConnectedToAgentTimestamp"')},
    'queue_timestamp': {fields.instant_of('c."QueueTimestamp"')},
    'queue_arn': c."Queue"."ARN",
    'queue_name': c."Queue"."Name"}} FOR c IN {_SNAPSHOT}."Contacts"]"""
_QUEUES = f"""[{{'arn': q."ARN", 'name': q."Name", 'channels': q."Channels"}}
    FOR q IN {_SNAPSHOT}."Configuration"."RoutingProfile"."InboundQueues"]"""
_SLOTS = f"""[{{'channel': s."Channel",
    'available_slots': TRY_CAST(s."AvailableSlots" AS BIGINT),
    'maximum_slots': TRY_CAST(s."MaximumSlots" AS BIGINT)}}
    FOR s IN {_SNAPSHOT}."Configuration"."RoutingProfile"."Concurrency"]"""
_PROFICIENCIES = f"""[{{'name': p."Name", 'value': p."Value",
    'level': TRY_CAST(coalesce(p."ProficiencyLevel", p."Level") AS DOUBLE)}}
    FOR p IN {_SNAPSHOT}."Configuration"."Proficiencies"]"""


def agent_events(lines: pa.Table) -> pa.Table:
    """One row per line: the columns of `agent_event` and `reject_reason` (null = good).

    `lines` has one JSON text per row in the column `line`. Rejects keep their row.
    """
    with kernel({"lines": lines}) as db:
        return db.sql(f"""
            WITH transformed AS ({fields.read(_STRUCTURE)}),
            typed AS (
                SELECT {fields.selected(FIELDS)},
                    {fields.filled(FIELDS)} AS filled,
                    {fields.type_mismatch(FIELDS, _STRUCTURE)} AS mistyped,
                    {_CONTACTS} AS current_contacts,
                    {_QUEUES} AS current_routing_profile_inbound_queues,
                    {_SLOTS} AS current_routing_profile_concurrency,
                    {_PROFICIENCIES} AS current_configuration_proficiencies,
                    r
                FROM transformed)
            SELECT typed.* EXCLUDE (r),
                CAST(event_timestamp AS DATE) AS day,
                {instance_id("instance_arn", "agent_arn")} AS instance_id,
                {id_in_arn("agent_arn", "agent")} AS agent_id,
                {fields.record_version("event_timestamp", "0", "filled")} AS record_version,
                CASE
                    WHEN r IS NULL THEN 'not_json'
                    WHEN coalesce(event_id, '') = '' THEN 'missing_event_id'
                    WHEN coalesce(agent_arn, '') = '' THEN 'missing_agent_arn'
                    WHEN mistyped IS NOT NULL THEN mistyped
                    WHEN event_timestamp IS NULL THEN 'missing_event_timestamp'
                END AS reject_reason
            FROM typed""").to_arrow_table()
