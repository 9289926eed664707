"""`contact_record`: silver, a contact in its newest version.

A path such as `Level1.GroupName|Name` names the spellings of a field, the first that is there
counts. Source of paths: Amazon Connect administrator guide, "Contact record data model".
"""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column, Table
from transforms.tables.columns import (
    AGENT_ARN,
    AGENT_ID,
    AGENT_USERNAME,
    AWS_ACCOUNT_ID,
    CATEGORY,
    CHANNEL,
    CONTACT_ID,
    CUSTOMER_ID,
    DAY,
    INSTANCE_ARN,
    INSTANCE_ID,
    LAST_PROCESSED,
    LEVELS,
    QUEUE_NAME,
    RECORD_VERSION,
    ROUTING_PROFILE_ARN,
    SKILL,
    TASK,
    TEXT,
    UNKNOWN_FIELDS,
    at,
    count,
    ms,
    text,
)
from transforms.tables.contact_channels import CHAT, VOICE_ID, device
from transforms.tables.contact_structs import (
    AI_AGENT,
    AUDIO,
    CRITERIA,
    EVALUATION,
    RECIPIENTS,
    RECORDING,
    REFERENCE,
    TEXTS,
    TRANSITION,
)

_PERSONAL = "Personal: a customer's name or address stays in raw."
_NO_RULE = "Follows from the customer's number, which stays in raw, by a rule nobody has published."
_NOT_SENT = "In no published model of the contact record stream."


def _level(level: int) -> tuple[Column, ...]:
    name = f"agent_hierarchy_groups_level_{level}"
    group = f"Agent.HierarchyGroups.Level{level}"
    return (
        text(f"{name}_name", f"Agent hierarchy, level {level}", path=f"{group}.GroupName|Name"),
        text(f"{name}_arn", f"Agent hierarchy, level {level}: ARN", path=f"{group}.ARN"),
        text(f"{name}_id", f"Agent hierarchy, level {level}: id, from the ARN"),
    )


def _endpoint(name: str, whose: str, key: str) -> tuple[Column, ...]:
    return (
        text(f"{name}_endpoint_type", f"Kind of {whose} endpoint, as sent", path=f"{key}.Type"),
        text(
            f"{name}_endpoint_address",
            f"Token of {whose} address: keyed HMAC, never the address",
            path=f"{key}.Address",
        ),
    )


def _display_name(name: str) -> Column:
    return text(f"{name}_endpoint_display_name", "Name shown for the endpoint", absent=_PERSONAL)


_CONTACT = (
    INSTANCE_ID,
    AWS_ACCOUNT_ID,
    CONTACT_ID,
    text(
        "initial_contact_id",
        "First contact of the chain; null on the first leg",
        path="InitialContactId",
    ),
    text("previous_contact_id", "Contact before a transfer or callback", path="PreviousContactId"),
    text("related_contact_id", "Contact that this one relates to", path="RelatedContactId"),
    text("next_contact_id", "Contact after a transfer or callback", path="NextContactId"),
    CHANNEL,
    text(
        "initiation_method",
        "INBOUND, OUTBOUND, TRANSFER, CALLBACK, API, …, as sent",
        path="InitiationMethod",
    ),
    at(
        "initiation_timestamp",
        "Arrival, or the transfer's or callback's start",
        path="InitiationTimestamp",
    ),
    at(
        "connected_to_system_timestamp",
        "Customer connected to Amazon Connect",
        path="ConnectedToSystemTimestamp",
    ),
    at(
        "last_update_timestamp",
        "Amazon Connect last changed the record, as it says; the official column is when the "
        "official lake touched its row",
        path="LastUpdateTimestamp",
    ),
    at("scheduled_timestamp", "Scheduled start of a task", path="ScheduledTimestamp"),
    at(
        "transfer_completed_timestamp",
        "Cold transfer completed",
        path="TransferCompletedTimestamp",
    ),
    at("disconnect_timestamp", "Customer left this contact", path="DisconnectTimestamp"),
    text("disconnect_reason", "How the contact ended, as sent", path="DisconnectReason"),
)
_QUEUE = (
    ms("queue_duration_ms", "Time in queue", path="Queue.Duration"),
    at("queue_dequeue_timestamp", "Left the queue", path="Queue.DequeueTimestamp"),
    at("queue_enqueue_timestamp", "Entered the queue", path="Queue.EnqueueTimestamp"),
    QUEUE_NAME,
    text("queue_arn", "Queue's ARN", path="Queue.ARN"),
    text("queue_id", "Queue's id, from the ARN; an agent's own queue has the agent's"),
)
_AGENT = (
    count(
        "agent_connection_attempts",
        "Tries to connect the contact to an agent",
        path="AgentConnectionAttempts",
    ),
    at(
        "agent_connected_to_agent_timestamp",
        "Connected to an agent",
        path="Agent.ConnectedToAgentTimestamp",
    ),
    ms(
        "agent_interaction_duration_ms",
        "Agent with customer, without hold",
        path="Agent.AgentInteractionDuration",
    ),
    ms("agent_customer_hold_duration_ms", "Customer on hold", path="Agent.CustomerHoldDuration"),
    count("agent_number_of_holds", "Times put on hold", path="Agent.NumberOfHolds"),
    ms("agent_longest_hold_duration_ms", "Longest hold", path="Agent.LongestHoldDuration"),
    at(
        "agent_after_contact_work_start_timestamp",
        "After-contact work began",
        path="Agent.AfterContactWorkStartTimestamp",
    ),
    at(
        "agent_after_contact_work_end_timestamp",
        "After-contact work ended",
        path="Agent.AfterContactWorkEndTimestamp",
    ),
    ms(
        "agent_after_contact_work_duration_ms",
        "After-contact work",
        path="Agent.AfterContactWorkDuration",
    ),
    Column(
        "attributes",
        TEXTS,
        "Attributes that the taxonomy reads or keeps, without numbers and addresses",
        path="Attributes",
    ),
    AGENT_USERNAME._replace(path="Agent.Username"),
    AGENT_ARN._replace(path="Agent.ARN"),
    AGENT_ID,
    INSTANCE_ARN,
    *(column for level in LEVELS for column in _level(level)),
    text("agent_routing_profile_name", "Routing profile", path="Agent.RoutingProfile.Name"),
    ROUTING_PROFILE_ARN._replace(path="Agent.RoutingProfile.ARN"),
    text("agent_routing_profile_id", "Routing profile's id, from the ARN"),
    text("agent_voice_enhancement_mode", "Voice enhancement of the agent", absent=_NOT_SENT),
)
_ENDPOINTS = (
    text(
        "aws_contact_trace_record_format_version",
        "Record format",
        path="AWSContactTraceRecordFormatVersion",
    ),
    text("campaign_Id", "Outbound campaign", path="Campaign.CampaignId"),
    *_endpoint("customer", "the customer's", "CustomerEndpoint"),
    *_endpoint("transferred", "the transfer's outside", "TransferredToEndpoint"),
    *_endpoint("system", "the system's", "SystemEndpoint"),
    text("recording_deletion_reason", "Why deleted", path="Recording.DeletionReason"),
    text("recording_location", "Where the first recording lies", path="Recording.Location"),
    text("recording_status", "AVAILABLE, DELETED, …, as sent", path="Recording.Status"),
    text("recording_type", "AUDIO, or a newer value as sent", path="Recording.Type"),
    text(
        "answering_machine_detection_Status",
        "What answered a campaign's call, as sent",
        path="AnsweringMachineDetectionStatus",
    ),
)
_DETAILS = (
    Column(
        "tags_references_items",
        TEXTS,
        "Tags that AWS made, and those that the taxonomy keeps, without numbers and addresses",
        path="Tags",
    ),
    Column(
        "contact_details",
        TEXTS,
        "Details of a task that the taxonomy keeps, without numbers and addresses",
        path="ContactDetails",
    ),
    Column(
        "contact_evaluations",
        pa.map_(TEXT, EVALUATION),
        "Evaluations by their id",
        path="ContactEvaluations",
    ),
    Column(
        "references",
        pa.list_(REFERENCE),
        "References; the value is null, for links, files and texts may name the customer",
        path="References",
    ),
    Column("email_recipients", RECIPIENTS, "Recipients of an e-mail", absent=_PERSONAL),
    Column(
        "additional_email_recipients",
        RECIPIENTS,
        "Further recipients of an e-mail",
        absent=_PERSONAL,
    ),
    Column(
        "agent_state_transitions",
        pa.list_(TRANSITION),
        "A supervisor's states: SILENT_MONITOR, BARGE, as sent",
        path="Agent.StateTransitions",
    ),
    Column("recordings", pa.list_(RECORDING), "Recordings and transcripts", path="Recordings"),
    *device("agent", "Agent.DeviceInfo"),
    *device("customer", absent=_NOT_SENT),
    text(
        "disconnect_details_potential_disconnect_issue",
        "What may have cut the call, as sent",
        path="DisconnectDetails.PotentialDisconnectIssue",
    ),
    at("last_resumed_timestamp", "Last resumed", path="LastResumedTimestamp"),
    at("last_paused_timestamp", "Last paused", path="LastPausedTimestamp"),
    at(
        "customer_voice_activity_greeting_start_timestamp",
        "Customer's greeting began, on a campaign's call",
        path="CustomerVoiceActivity.GreetingStartTimestamp",
    ),
    at(
        "customer_voice_activity_greeting_end_timestamp",
        "Customer's greeting ended, on a campaign's call",
        path="CustomerVoiceActivity.GreetingEndTimestamp",
    ),
    ms(
        "total_pause_duration_ms",
        "Paused, with or without an agent",
        path="TotalPauseDurationInSeconds",
    ),
    count("total_pause_count", "Times paused", path="TotalPauseCount"),
    Column(
        "quality_metrics_agent_audio",
        AUDIO,
        "How the agent sounded, 1 to 5, and what may be wrong",
        path="QualityMetrics.Agent.Audio",
    ),
    Column(
        "quality_metrics_customer_audio",
        AUDIO,
        "How the customer sounded, 1 to 5, and what may be wrong",
        path="QualityMetrics.Customer.Audio",
    ),
    Column(
        "segment_attributes",
        TEXTS,
        "Segment attributes of Amazon Connect's own that name nobody, and those that the "
        "taxonomy keeps, without numbers and addresses",
        path="SegmentAttributes",
    ),
    LAST_PROCESSED,
)
_LATEST = (
    text(
        "q_in_connect_session_arn", "Session of Amazon Q in Connect", path="WisdomInfo.SessionArn"
    ),
    Column("ai_agents", pa.list_(AI_AGENT), "AI agents that took part", absent=_NOT_SENT),
    text("customer_phone_number_prefix", "Start of the customer's number", absent=_NO_RULE),
    text(
        "agent_capabilities_video",
        "SEND, or a newer value as sent",
        path="Agent.Capabilities.Video",
    ),
    text(
        "customer_capabilities_video",
        "SEND, or a newer value as sent",
        path="Customer.Capabilities.Video",
    ),
    text(
        "contact_association_id",
        "Common to all contacts that relate to each other",
        path="ContactAssociationId",
    ),
    count("contact_routing_queue_priority", "Priority in the queue", absent=_NOT_SENT),
    ms("contact_routing_queue_time_adjustment_ms", "Head start in the queue", absent=_NOT_SENT),
    *(_display_name(name) for name in ("customer", "system", "transferred")),
    text(
        "disconnect_details_telemetry_inferred_reason",
        "What cut the call, by telemetry",
        absent=_NOT_SENT,
    ),
    text("quality_metrics_agent_reported_issue", "What the agent reported", absent=_NOT_SENT),
    text("task_template_arn", "Task template: ARN", absent=_NOT_SENT),
    text("task_template_name", "Task template", absent=_NOT_SENT),
    Column(
        "routing_criteria",
        pa.list_(CRITERIA),
        "The last three routing criteria; an expression is JSON text",
        path="RoutingCriteria",
    ),
)
OFFICIAL = (*_CONTACT, *_QUEUE, *_AGENT, *_ENDPOINTS, *VOICE_ID, *_DETAILS, *CHAT, *_LATEST)

CONTACT_RECORD = Table(
    "contact_record",
    "One row per contact: its newest version.",
    (*OFFICIAL, DAY, CATEGORY, TASK, SKILL, CUSTOMER_ID, UNKNOWN_FIELDS, RECORD_VERSION),
    key=("instance_id", "contact_id"),
    sort_by=("queue_name", "category", "initiation_timestamp", "contact_id"),
    official=len(OFFICIAL),
)
