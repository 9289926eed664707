"""Agents, routing profiles and hierarchy groups as agent events and contact records show them."""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column, Table
from transforms.tables.columns import (
    AWS_ACCOUNT_ID,
    INSTANCE_ARN,
    INSTANCE_ID,
    LAST_PROCESSED,
    LEVELS,
    ROUTING_PROFILE_ARN,
    TEXT,
    at,
    text,
)

_NO_STREAM = "A setting that no stream carries; the API `{call}` tells it."
_OF_USER = _NO_STREAM.format(call="DescribeUser")
_OF_PROFILE = _NO_STREAM.format(call="DescribeRoutingProfile")

_MODIFIED = (
    text("last_modified_region", "AWS Region of the ARN"),
    at(
        "last_modified_timestamp",
        "Newest event (or, without events, contact) that shows it as it is here; the change itself "
        "is not on the stream and may be older",
    ),
)
_IS_ACTIVE = Column(
    "is_active", pa.bool_(), "Not deleted", absent="A deletion sends no event, so it is not known."
)
_VERSION = text(
    "record_version",
    "Order of what was seen: contact records before agent events, then time, then SHA-256",
    required=True,
)
_ROUTING_PROFILE_ID = text("agent_routing_profile_id", "Routing profile's id, from the ARN")

USERS = Table(
    "users",
    "One row per agent: as the newest event shows the agent, or for an agent without events the "
    "newest contact.",
    (
        text("user_id", "Agent's Connect user id, from the ARN", required=True),
        text("user_arn", "Agent's ARN"),
        text("directory_user_id", "Id in the directory service", absent=_OF_USER),
        text("agent_hierarchy_group_id", "Deepest group that the agent is in: id"),
        text("agent_hierarchy_group_arn", "Deepest group that the agent is in: ARN"),
        *(
            text(f"agent_hierarchy_group_level_{n}_id", f"Agent hierarchy, level {n}: id")
            for n in LEVELS
        ),
        text("agent_email", "E-mail address", absent=_OF_USER),
        text("agent_secondary_email", "Second e-mail address", absent=_OF_USER),
        text("first_name", "First name"),
        text("last_name", "Last name"),
        text("mobile", "Mobile phone number", absent=_OF_USER),
        text("agent_username", "Login name"),
        INSTANCE_ID._replace(required=False),
        INSTANCE_ARN._replace(path=""),
        _ROUTING_PROFILE_ID,
        ROUTING_PROFILE_ARN,
        Column("agent_security_profile_ids", pa.list_(TEXT), "Security profiles: ids",
               absent=_OF_USER),
        Column("agent_security_profile_arns", pa.list_(TEXT), "Security profiles: ARNs",
               absent=_OF_USER),
        *_MODIFIED,
        Column("after_contact_work_time_limit", pa.int32(), "Limit of after-contact work (seconds)",
               absent=_OF_USER),
        Column("auto_accept", pa.bool_(), "Contacts connect without a click"),
        text("desk_phone_number", "Desk phone number", absent=_OF_USER),
        text("phone_type", "SOFT_PHONE or DESK_PHONE", absent=_OF_USER),
        _IS_ACTIVE,
        LAST_PROCESSED,
        text("agent_voice_enhancement_mode", "Noise suppression of the agent's voice",
             absent=_OF_USER),
        _VERSION,
    ),
    key=("user_id",),
    sort_by=("agent_username", "user_id"),
    official=31,
)  # fmt: skip

ROUTING_PROFILES = Table(
    "routing_profiles",
    "One row per routing profile that an agent has or had, as last seen.",
    (
        _ROUTING_PROFILE_ID._replace(required=True),
        ROUTING_PROFILE_ARN,
        text("routing_profile_name", "Routing profile"),
        INSTANCE_ID._replace(required=False),
        INSTANCE_ARN._replace(path=""),
        text("agent_availability_timer", "What routing counts as idle since", absent=_OF_PROFILE),
        text("default_outbound_queue_id", "Queue of calls that an agent begins; from events only"),
        text("routing_profile_description", "Description", absent=_OF_PROFILE),
        *_MODIFIED,
        _IS_ACTIVE,
        LAST_PROCESSED,
        _VERSION,
    ),
    key=("agent_routing_profile_id",),
    sort_by=("routing_profile_name", "agent_routing_profile_id"),
    official=12,
)

AGENT_HIERARCHY_GROUPS = Table(
    "agent_hierarchy_groups",
    "One row per hierarchy group that an agent is or was in, as last seen.",
    (
        INSTANCE_ID._replace(required=False),
        INSTANCE_ARN._replace(path=""),
        AWS_ACCOUNT_ID._replace(path=""),
        text("agent_hierarchy_group_id", "Group's id, from the ARN", required=True),
        text("agent_hierarchy_group_arn", "Group's ARN"),
        text("agent_hierarchy_group_name", "Group"),
        *_MODIFIED,
        _IS_ACTIVE,
        LAST_PROCESSED,
        _VERSION,
    ),
    key=("agent_hierarchy_group_id",),
    sort_by=("agent_hierarchy_group_name", "agent_hierarchy_group_id"),
    official=10,
)
