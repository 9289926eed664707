"""Every table of the lake, once. Official Amazon Connect names and units where one exists.

Source of names and units: the Amazon Connect analytics data lake (administrator guide, "Access the
data lake"): snake_case, durations in milliseconds (`_ms`), flags as bigint 0/1. Columns that are
ours say so by having no counterpart there: `day`, `category`, `task`, `skill`, `customer_id`,
`record_version`.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column, Fact, Table

TEXT = pa.string()
COUNT = pa.int64()
MS = pa.int64()
INSTANT = pa.timestamp("us")
DATE = pa.date32()


def _text(name: str, doc: str, *, required: bool = False) -> Column:
    return Column(name, TEXT, doc, required)


def _at(name: str, doc: str, *, required: bool = False) -> Column:
    return Column(name, INSTANT, doc + " (UTC)", required)


def _ms(name: str, doc: str) -> Column:
    return Column(name, MS, doc + " (milliseconds)", minimum=0)


def _count(name: str, doc: str) -> Column:
    return Column(name, COUNT, doc, minimum=0)


# Columns that several tables share: one meaning, one definition.
DAY = Column("day", DATE, "UTC day of the record's own time; the partition", required=True)
INSTANCE_ID = _text("instance_id", "Amazon Connect instance, from its ARN; empty if unknown")
CONTACT_ID = _text("contact_id", "Contact", required=True)
CHANNEL = _text("channel", "VOICE, CHAT, TASK, EMAIL, or a newer value as sent")
CATEGORY = _text("category", "What the contact is about, by the taxonomy", required=True)
TASK = _text("task", "What is to be done about it, by the taxonomy", required=True)
QUEUE_NAME = _text("queue_name", "Queue; null where the contact never queued")
SKILL = _text("skill", "Skill that the work needs, by the taxonomy: a queue unless mapped")
CUSTOMER_ID = _text("customer_id", "Customer token: keyed HMAC, never a number; null if hidden")
AGENT_ARN = _text("agent_arn", "Agent's ARN")
AGENT_ID = _text("agent_id", "Agent's Connect user id, from the ARN")
AGENT_USERNAME = _text("agent_username", "Agent's login name")
RECORD_VERSION = _text(
    "record_version",
    "Total order of the versions of one record: last update, redactions, filled fields, SHA-256",
    required=True,
)

_LEVELS = tuple(
    _text(f"agent_hierarchy_groups_level_{level}_name", f"Agent hierarchy, level {level}")
    for level in range(1, 6)
)

CONTACT_RECORD = Table(
    "contact_record",
    "One row per contact: its newest version.",
    (
        DAY,
        INSTANCE_ID,
        _text("aws_account_id", "AWS account of the instance"),
        CONTACT_ID,
        _text("initial_contact_id", "First contact of the chain; null on the first leg"),
        _text("previous_contact_id", "Contact before a transfer or callback"),
        _text("related_contact_id", "Contact that this one relates to"),
        _text("next_contact_id", "Contact after a transfer or callback"),
        CHANNEL,
        _text("initiation_method", "INBOUND, OUTBOUND, TRANSFER, CALLBACK, API, …, as sent"),
        _at("initiation_timestamp", "Arrival, or the transfer's or callback's start"),
        _at("connected_to_system_timestamp", "Customer connected to Amazon Connect"),
        _at("last_update_timestamp", "Amazon Connect last changed the record"),
        _at("scheduled_timestamp", "Scheduled start of a task"),
        _at("transfer_completed_timestamp", "Cold transfer completed"),
        _at("disconnect_timestamp", "Customer left this contact"),
        _text("disconnect_reason", "How the contact ended, as sent"),
        _ms("queue_duration_ms", "Time in queue"),
        _at("queue_dequeue_timestamp", "Left the queue"),
        _at("queue_enqueue_timestamp", "Entered the queue"),
        QUEUE_NAME,
        _text("queue_arn", "Queue's ARN"),
        _text("queue_id", "Queue's id, from the ARN"),
        _count("agent_connection_attempts", "Tries to connect the contact to an agent"),
        _at("agent_connected_to_agent_timestamp", "Connected to an agent"),
        _ms("agent_interaction_duration_ms", "Agent with customer, without hold"),
        _ms("agent_customer_hold_duration_ms", "Customer on hold"),
        _count("agent_number_of_holds", "Times put on hold"),
        _ms("agent_longest_hold_duration_ms", "Longest hold"),
        _at("agent_after_contact_work_start_timestamp", "After-contact work began"),
        _at("agent_after_contact_work_end_timestamp", "After-contact work ended"),
        _ms("agent_after_contact_work_duration_ms", "After-contact work"),
        _ms("agent_pause_duration_ms", "Task paused"),
        AGENT_USERNAME,
        AGENT_ARN,
        AGENT_ID,
        _text("instance_arn", "Instance's ARN"),
        *_LEVELS,
        _text("agent_routing_profile_name", "Routing profile"),
        _text("agent_routing_profile_arn", "Routing profile's ARN"),
        _text("agent_routing_profile_id", "Routing profile's id, from the ARN"),
        _text("aws_contact_trace_record_format_version", "Record format"),
        _text("customer_endpoint_type", "Kind of the customer's endpoint"),
        _text("system_endpoint_type", "Kind of the system's endpoint"),
        CATEGORY,
        TASK,
        SKILL,
        CUSTOMER_ID,
        RECORD_VERSION,
    ),
    key=("instance_id", "contact_id"),
    sort_by=("queue_name", "category", "initiation_timestamp", "contact_id"),
)

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
    ]
)

AGENT_EVENT = Table(
    "agent_event",
    "One row per agent event.",
    (
        DAY,
        INSTANCE_ID,
        _text("aws_account_id", "AWS account of the instance"),
        _text("instance_arn", "Instance's ARN"),
        _text("agent_arn", "Agent's ARN", required=True),
        AGENT_ID,
        _text("event_id", "Event", required=True),
        _at("event_timestamp", "When the event happened", required=True),
        _text("event_type", "LOGIN, LOGOUT, STATE_CHANGE, HEART_BEAT, as sent"),
        _text("version", "Version of the agent event format"),
        _text("current_agent_status_arn", "Status after the event: ARN"),
        _text("current_agent_status_name", "Status after the event: name"),
        _at("current_agent_status_start_timestamp", "Status began"),
        _text("current_agent_status_type", "ROUTABLE, CUSTOM, OFFLINE; older events lack it"),
        _text("current_next_agent_status_name", "Status that the agent takes after this contact"),
        _text("current_configuration_username", "Agent's login name"),
        _text("current_routing_profile_arn", "Routing profile's ARN"),
        _text("current_routing_profile_name", "Routing profile"),
        Column("current_routing_profile_concurrency", pa.list_(SLOTS), "Slots by channel"),
        Column("current_routing_profile_inbound_queues", pa.list_(QUEUE), "Queues served"),
        Column(
            "current_configuration_proficiencies", pa.list_(PROFICIENCY), "Proficiencies, 1 to 5"
        ),
        *(_text(f"current_{level.name}", level.doc) for level in _LEVELS),
        Column("current_contacts", pa.list_(SNAPSHOT_CONTACT), "Contacts after the event"),
        RECORD_VERSION,
    ),
    key=("instance_id", "event_id"),
    sort_by=("agent_arn", "event_timestamp", "event_id"),
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
    "gap",
)

AGENT_STATE_INTERVAL = Table(
    "agent_state_interval",
    "One row per agent and uninterrupted state, cut at UTC midnight; gap-free from login to logout "
    "and never overlapping. Time offline has no row.",
    (
        DAY,
        INSTANCE_ID,
        _text("agent_arn", "Agent's ARN", required=True),
        AGENT_ID,
        AGENT_USERNAME,
        Column(
            "state",
            TEXT,
            "Activity by the published precedence; gap = the agent fell silent without a logout",
            required=True,
            values=STATES,
        ),
        _text("status_name", "Agent status during the interval"),
        _at("started_at", "Interval began", required=True),
        _at("ended_at", "Interval ended", required=True),
        _ms("duration_ms", "Length"),
        _count("contacts", "Contacts that the agent held"),
    ),
    key=("instance_id", "agent_arn", "started_at"),
    sort_by=("agent_arn", "started_at"),
    facts=(Fact("an interval ends after it starts", "ended_at > started_at"),),
)

AGENT_SKILL = Table(
    "agent_skill",
    "One row per agent, skill and UTC day on which an event showed the agent with it.",
    (
        DAY,
        INSTANCE_ID,
        _text("agent_arn", "Agent's ARN", required=True),
        AGENT_ID,
        AGENT_USERNAME,
        Column("kind", TEXT, "Where it comes from", True, ("queue", "proficiency")),
        _text("skill", "Queue name, or proficiency name:value", required=True),
        Column("level", pa.float64(), "Proficiency level; null for queues"),
        _at("seen_from", "First event that day with the skill", required=True),
        _at("seen_to", "Last event that day with the skill", required=True),
    ),
    key=("day", "instance_id", "agent_arn", "kind", "skill"),
    sort_by=("skill", "agent_arn"),
)

WORK_ITEM = Table(
    "work_item",
    "One row per work item (an offline case): its newest version.",
    (
        DAY,
        _text("work_item_id", "Work item", required=True),
        AGENT_USERNAME,
        _text("call_type", "Category that the case belongs to"),
        CUSTOMER_ID,
        _text("status", "OPEN or CLOSED, as sent"),
        Column("remaining_minutes", pa.float64(), "Work left (minutes)", minimum=0),
        _at("opened_timestamp", "Case opened"),
        _at("last_update_timestamp", "Case last changed"),
        RECORD_VERSION,
    ),
    key=("work_item_id",),
    sort_by=("agent_username", "opened_timestamp", "work_item_id"),
)

CALLS_BY_CATEGORY_QUEUE = Table(
    "calls_by_category_queue",
    "One row per 15 minutes of initiation, queue, category, task and channel: counts and sums that "
    "add up over any grouping. Percentiles do not add up, so none is here.",
    (
        DAY,
        INSTANCE_ID,
        _at("interval_start", "Start of the 15 minutes", required=True),
        QUEUE_NAME,
        SKILL,
        CATEGORY,
        TASK,
        CHANNEL,
        _count("contacts", "Contacts"),
        _count("contacts_queued", "Contacts that entered a queue"),
        _count("contacts_handled", "Contacts connected to an agent"),
        _count("contacts_abandoned", "Queued, not connected, no next contact"),
        _count("contacts_answered", "Queued and connected, with a time in queue"),
        _count("contacts_abandon_timed", "Abandoned, with a time in queue"),
        _count("contacts_handle_timed", "With a handle time"),
        _count("contacts_removed_20s", "Left the queue in under 20 s, however"),
        _count("contacts_answered_20s", "Answered in under 20 s in queue"),
        _ms("wait_ms", "Time in queue, all queued contacts"),
        _ms("queue_answer_time_ms", "Time in queue of answered contacts"),
        _ms("abandon_time_ms", "Time in queue of abandoned contacts"),
        _ms("handle_time_ms", "Talk + hold + after-contact work + pause"),
    ),
    key=("instance_id", "interval_start", "queue_name", "skill", "category", "task", "channel"),
    sort_by=("queue_name", "category", "interval_start"),
)

CUSTOMER_AGENT = Table(
    "customer_agent",
    "One row per customer with an associated agent: who handled the customer's latest contact.",
    (
        _text("customer_id", "Customer token: keyed HMAC", required=True),
        _text("agent_username", "Associated agent's login name", required=True),
        AGENT_ID,
        _count("contacts", "Contacts that this agent handled for the customer in the window"),
        _at("as_of", "Latest handled contact", required=True),
        _at("expires_at", "The association ends", required=True),
    ),
    key=("customer_id",),
    sort_by=("customer_id",),
)

WORKLOAD_SCORE = Table(
    "workload_score",
    "One row per agent and call type: how loaded the agent is, lower is freer.",
    (
        _text("call_type", "Category", required=True),
        _text("agent_username", "Agent's login name", required=True),
        AGENT_ID,
        Column("workload", COUNT, "Score, 0 (free) to 10000", required=True, minimum=0),
        Column("open_work_minutes", pa.float64(), "Open offline work (minutes)", minimum=0),
        Column("backlog", pa.float64(), "Open work against the reference, 0 to 1", minimum=0),
        Column("occupancy", pa.float64(), "Share of recent time on contacts, 0 to 1", minimum=0),
        Column("current", pa.float64(), "Rest of the current contact, 0 to 1", minimum=0),
        Column("handling", pa.float64(), "Handle time against the team's, 0 to 1", minimum=0),
        _at("as_of", "Newest instant that the lake knew", required=True),
        _text("score_version", "Version of the formula and its weights", required=True),
    ),
    key=("call_type", "agent_username"),
    sort_by=("call_type", "workload", "agent_username"),
)

RUN = Table(
    "run",
    "One row per build: what came in, what went out, and the snapshots that belong together.",
    (
        DAY,
        _text("run_id", "Digest of the inputs and the code version", required=True),
        _at("finished_at", "Build finished", required=True),
        _text("code_version", "Version of this package", required=True),
        Column("inputs", pa.list_(TEXT), "Raw objects read for the first time", required=True),
        Column("landed", pa.map_(TEXT, COUNT), "Records read, by kind"),
        Column("duplicates", pa.map_(TEXT, COUNT), "Records already known, by kind"),
        Column("superseded", pa.map_(TEXT, COUNT), "Older versions dropped, by kind"),
        Column("rejected", pa.map_(TEXT, COUNT), "Records that could not be typed, by kind"),
        Column("rows", pa.map_(TEXT, COUNT), "Net new rows, by kind"),
        Column("days", pa.map_(TEXT, COUNT), "Days rewritten, by table"),
        Column("snapshots", pa.map_(TEXT, COUNT), "Snapshot that this build left, by table"),
    ),
    key=("run_id", "finished_at"),
    sort_by=("finished_at",),
)

TABLES = (
    CONTACT_RECORD,
    AGENT_EVENT,
    WORK_ITEM,
    AGENT_STATE_INTERVAL,
    AGENT_SKILL,
    CALLS_BY_CATEGORY_QUEUE,
    CUSTOMER_AGENT,
    WORKLOAD_SCORE,
    RUN,
)
BY_NAME = {table.name: table for table in TABLES}
