"""Configuration: agents, routing profiles and hierarchy groups, as the streams show them.

Source: Amazon Connect administrator guide, "Configuration data in the data lake". No stream carries
the configuration itself; every snapshot of an agent event, and every handled contact, shows a part.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.duck import id_in_arn, rows
from transforms.tables.columns import LEVELS

EVENTS_NEEDED = (
    "day",
    "instance_id",
    "instance_arn",
    "aws_account_id",
    "agent_arn",
    "agent_id",
    "event_timestamp",
    "current_configuration_username",
    "current_configuration_first_name",
    "current_configuration_last_name",
    "current_configuration_auto_accept",
    "current_routing_profile_arn",
    "current_routing_profile_name",
    "current_routing_profile_default_outbound_queue_arn",
    *(
        f"current_agent_hierarchy_groups_level_{n}_{what}"
        for n in LEVELS
        for what in ("arn", "name")
    ),
)
"""The columns of `agent_event` that show configuration."""

RECORDS_NEEDED = (
    "day",
    "instance_id",
    "instance_arn",
    "aws_account_id",
    "agent_arn",
    "agent_id",
    "agent_username",
    "agent_connected_to_agent_timestamp",
    "agent_routing_profile_arn",
    "agent_routing_profile_name",
    *(f"agent_hierarchy_groups_level_{n}_{what}" for n in LEVELS for what in ("arn", "name")),
)
"""The columns of `contact_record` that show configuration."""


def _groups(prefix: str) -> str:
    levels = (
        f"{{'arn': {prefix}_{n}_arn, 'name': {prefix}_{n}_name, "
        f"'id': {id_in_arn(f'{prefix}_{n}_arn', 'agent-group')}}}"
        for n in LEVELS
    )
    return f"[{', '.join(levels)}]"


_SEEN = f"""
seen AS (
    SELECT 1 AS source, event_timestamp AS seen_at, instance_id, instance_arn, aws_account_id,
        agent_arn, agent_id, current_configuration_username AS agent_username,
        current_configuration_first_name AS first_name,
        current_configuration_last_name AS last_name,
        current_configuration_auto_accept AS auto_accept,
        current_routing_profile_arn AS agent_routing_profile_arn,
        current_routing_profile_name AS routing_profile_name,
        current_routing_profile_default_outbound_queue_arn AS outbound_queue_arn,
        {_groups("current_agent_hierarchy_groups_level")} AS groups
    FROM agent_event
    UNION ALL BY NAME
    SELECT 0 AS source, agent_connected_to_agent_timestamp AS seen_at, instance_id, instance_arn,
        aws_account_id, agent_arn, agent_id, agent_username, agent_routing_profile_arn,
        agent_routing_profile_name AS routing_profile_name,
        {_groups("agent_hierarchy_groups_level")} AS groups
    FROM contact_record WHERE agent_connected_to_agent_timestamp IS NOT NULL)"""

_USERS = f"""
SELECT source, seen_at, agent_id AS user_id, agent_arn AS user_arn, agent_arn AS arn, instance_id,
    instance_arn, agent_username, first_name, last_name, auto_accept, agent_routing_profile_arn,
    {id_in_arn("agent_routing_profile_arn", "routing-profile")} AS agent_routing_profile_id,
    [g FOR g IN groups IF g.id IS NOT NULL][-1] AS deepest,
    deepest['id'] AS agent_hierarchy_group_id, deepest['arn'] AS agent_hierarchy_group_arn,
    {", ".join(f"groups[{n}].id AS agent_hierarchy_group_level_{n}_id" for n in LEVELS)}
FROM seen WHERE agent_username IS NOT NULL"""

_ROUTING_PROFILES = f"""
SELECT source, seen_at, instance_id, instance_arn, agent_routing_profile_arn,
    agent_routing_profile_arn AS arn, routing_profile_name,
    {id_in_arn("agent_routing_profile_arn", "routing-profile")} AS agent_routing_profile_id,
    {id_in_arn("outbound_queue_arn", "queue")} AS default_outbound_queue_id
FROM seen"""

_GROUPS = """
SELECT source, seen_at, instance_id, instance_arn, aws_account_id,
    g.arn AS arn, g.id AS agent_hierarchy_group_id, g.arn AS agent_hierarchy_group_arn,
    g.name AS agent_hierarchy_group_name
FROM (SELECT *, unnest(groups) AS g FROM seen)"""


def users(agent_event: pa.Table, contact_record: pa.Table) -> pa.Table:
    """The newest sight of every agent who has an id and a login name.

    As a snapshot of an agent event shows the agent; for agents without events, as the newest
    contact that reached them. An event without a snapshot teaches nothing.
    """
    return _newest(_USERS, "user_id", agent_event, contact_record)


def routing_profiles(agent_event: pa.Table, contact_record: pa.Table) -> pa.Table:
    """The newest sight of every routing profile that an agent has or had."""
    return _newest(_ROUTING_PROFILES, "agent_routing_profile_id", agent_event, contact_record)


def agent_hierarchy_groups(agent_event: pa.Table, contact_record: pa.Table) -> pa.Table:
    """The newest sight of every hierarchy group, of any level, that an agent is or was in."""
    return _newest(_GROUPS, "agent_hierarchy_group_id", agent_event, contact_record)


def _newest(sights: str, key: str, agent_event: pa.Table, contact_record: pa.Table) -> pa.Table:
    """One row per key: events before contact records, then the latest, then by content.

    `record_version` is that order as a text, so that days can be learnt in any order.
    """
    return rows(
        f"""
        WITH {_SEEN}, sight AS (
            SELECT * FROM ({sights}) WHERE {key} IS NOT NULL
            -- hashing is for the few that share an instant
            QUALIFY rank() OVER (PARTITION BY {key} ORDER BY source DESC, seen_at DESC) = 1)
        SELECT * EXCLUDE (source, seen_at, arn), seen_at AS last_modified_timestamp,
            nullif(split_part(arn, ':', 4), '') AS last_modified_region,
            concat_ws('|', source, strftime(seen_at, '%Y-%m-%dT%H:%M:%S.%f'),
                left(sha256(CAST(to_json(sight) AS VARCHAR)), 32)) AS record_version
        FROM sight
        QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY record_version DESC) = 1
        ORDER BY {key}""",
        agent_event=agent_event,
        contact_record=contact_record,
    )
