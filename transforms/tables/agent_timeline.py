"""What agents did and can do: tables that follow from agent events."""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column, Fact, Table
from transforms.tables.columns import (
    AGENT_ID,
    AGENT_USERNAME,
    AWS_ACCOUNT_ID,
    CONTACT_ID,
    DAY,
    INSTANCE_ID,
    LEVEL_ARNS,
    ROUTING_PROFILE_ARN,
    TEXT,
    at,
    count,
    ms,
    text,
)

STATES = (
    "error",
    "missed",
    "rejected",
    "on_contact",
    "after_contact_work",
    "incoming",
    "custom",
    "available",
    "offline",
    "gap",
)
PHASES = ("talk", "hold", "pause", "outbound_ringing")
STATUS_TYPES = ("ROUTABLE", "CUSTOM", "OFFLINE")

_AGENT = text("agent_arn", "Agent's ARN", required=True)
_SPAN = (
    at("started_at", "Interval began", required=True),
    at("ended_at", "Interval ended", required=True),
    ms("duration_ms", "Length"),
)
_LASTS = Fact("an interval ends after it starts", "ended_at > started_at")
# What an agent belonged to during an interval; a change of it starts a new one.
_BELONGING = (ROUTING_PROFILE_ARN, *LEVEL_ARNS)

INSTANCE_DAY = Table(
    "instance_day",
    "One row per instance and UTC day with agent events: whether its stream carries heartbeats.",
    (
        DAY,
        INSTANCE_ID,
        count("events", "Agent events"),
        count("heartbeats", "Of these, heartbeats"),
        at("first_event_at", "First agent event"),
        at("last_event_at", "Last agent event"),
    ),
    key=("day", "instance_id"),
    sort_by=("instance_id",),
)

AGENT_STATE_INTERVAL = Table(
    "agent_state_interval",
    "One row per agent and uninterrupted state, cut at UTC midnight; never overlapping, and "
    "gap-free from the first state that is known to the last.",
    (
        DAY,
        INSTANCE_ID,
        AWS_ACCOUNT_ID,
        _AGENT,
        AGENT_ID,
        AGENT_USERNAME,
        Column(
            "state",
            TEXT,
            "Activity by the published precedence; gap = the agent fell silent without a logout",
            required=True,
            values=STATES,
        ),
        Column("phase", TEXT, "While on contact: what is going on in it", values=PHASES),
        Column(
            "status_type",
            TEXT,
            "Kind of the agent status, told by its name where the event lacks it; null for Error",
            values=STATUS_TYPES,
        ),
        text("status_name", "Agent status during the interval"),
        text("status_arn", "Agent status: ARN"),
        *_BELONGING,
        *_SPAN,
        count("contacts", "Contacts that the agent held"),
        count(
            "contacts_active",
            "Of these, contacts worked on: talk, hold, pause, after-contact work, ringing outbound",
        ),
        count("contacts_ringing", "Of these, contacts being offered"),
        count("contacts_error", "Of these, contacts in error"),
    ),
    key=("instance_id", "agent_arn", "started_at"),
    sort_by=("agent_arn", "started_at"),
    facts=(_LASTS,),
)

CONTACT_STATE_INTERVAL = Table(
    "contact_state_interval",
    "One row per agent, contact and uninterrupted contact state as the agent's events show it, cut "
    "at UTC midnight; a state that took no time is a row too.",
    (
        DAY,
        INSTANCE_ID,
        AWS_ACCOUNT_ID,
        _AGENT,
        AGENT_ID,
        AGENT_USERNAME,
        CONTACT_ID,
        text("initial_contact_id", "First contact of the chain; null on the first leg"),
        text("channel", "VOICE, CHAT, TASK (sent as TASKS), or a newer value as sent"),
        text("initiation_method", "INBOUND, OUTBOUND, CALLBACK, …, as sent"),
        text("queue_arn", "Queue's ARN"),
        text("queue_id", "Queue's id, from the ARN"),
        text("queue_name", "Queue; null for an agent's own queue"),
        *_BELONGING,
        text("state", "CONNECTING, CONNECTED, CONNECTED_ONHOLD, ENDED, …, as sent", required=True),
        *_SPAN,
        at("state_started_at", "The state began, also where the row was cut at midnight"),
        text("next_state", "State that followed; null = the contact left the agent, or not known"),
    ),
    key=("instance_id", "agent_arn", "contact_id", "started_at", "state"),
    sort_by=("agent_arn", "started_at", "contact_id"),
    facts=(Fact("a state does not end before it starts", "ended_at >= started_at"),),
)

AGENT_SKILL = Table(
    "agent_skill",
    "One row per agent, skill and UTC day on which an event showed the agent with it.",
    (
        DAY,
        INSTANCE_ID,
        _AGENT,
        AGENT_ID,
        AGENT_USERNAME,
        Column("kind", TEXT, "Where it comes from", True, ("queue", "proficiency")),
        text("skill", "Queue name, or proficiency name:value", required=True),
        Column("level", pa.float64(), "Proficiency level; null for queues"),
        at("seen_from", "First event that day with the skill", required=True),
        at("seen_to", "Last event that day with the skill", required=True),
    ),
    key=("day", "instance_id", "agent_arn", "kind", "skill"),
    sort_by=("skill", "agent_arn"),
)
