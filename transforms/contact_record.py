"""Contact records: JSON lines as landed, typed rows out, with a reason where that cannot be.

Source: Amazon Connect administrator guide, "Contact record data model".
"""

from __future__ import annotations

import pyarrow as pa

from transforms import fields
from transforms.customer import Token, tokens
from transforms.duck import id_in_arn, instance_id, kernel, literal
from transforms.fields import count, instant, seconds, text
from transforms.taxonomy import Taxonomy

FIELDS = (
    text("aws_account_id", "AWSAccountId"),
    text("contact_id", "ContactId"),
    text("initial_contact_id", "InitialContactId"),
    text("previous_contact_id", "PreviousContactId"),
    text("related_contact_id", "RelatedContactId"),
    text("next_contact_id", "NextContactId"),
    text("channel", "Channel"),
    text("initiation_method", "InitiationMethod"),
    instant("initiation_timestamp", "InitiationTimestamp"),
    instant("connected_to_system_timestamp", "ConnectedToSystemTimestamp"),
    instant("last_update_timestamp", "LastUpdateTimestamp"),
    instant("scheduled_timestamp", "ScheduledTimestamp"),
    instant("transfer_completed_timestamp", "TransferCompletedTimestamp"),
    instant("disconnect_timestamp", "DisconnectTimestamp"),
    text("disconnect_reason", "DisconnectReason"),
    seconds("queue_duration_ms", "Queue.Duration"),
    instant("queue_dequeue_timestamp", "Queue.DequeueTimestamp"),
    instant("queue_enqueue_timestamp", "Queue.EnqueueTimestamp"),
    text("queue_name", "Queue.Name"),
    text("queue_arn", "Queue.ARN"),
    count("agent_connection_attempts", "AgentConnectionAttempts"),
    instant("agent_connected_to_agent_timestamp", "Agent.ConnectedToAgentTimestamp"),
    seconds("agent_interaction_duration_ms", "Agent.AgentInteractionDuration"),
    seconds("agent_customer_hold_duration_ms", "Agent.CustomerHoldDuration"),
    count("agent_number_of_holds", "Agent.NumberOfHolds"),
    seconds("agent_longest_hold_duration_ms", "Agent.LongestHoldDuration"),
    instant("agent_after_contact_work_start_timestamp", "Agent.AfterContactWorkStartTimestamp"),
    instant("agent_after_contact_work_end_timestamp", "Agent.AfterContactWorkEndTimestamp"),
    seconds("agent_after_contact_work_duration_ms", "Agent.AfterContactWorkDuration"),
    seconds("agent_pause_duration_ms", "Agent.AgentPauseDuration"),
    text("agent_username", "Agent.Username"),
    text("agent_arn", "Agent.ARN"),
    text("instance_arn", "InstanceARN"),
    *(
        text(f"agent_hierarchy_groups_level_{n}_name", f"Agent.HierarchyGroups.Level{n}.GroupName")
        for n in range(1, 6)
    ),
    text("agent_routing_profile_name", "Agent.RoutingProfile.Name"),
    text("agent_routing_profile_arn", "Agent.RoutingProfile.ARN"),
    text("aws_contact_trace_record_format_version", "AWSContactTraceRecordFormatVersion"),
    text("customer_endpoint_type", "CustomerEndpoint.Type"),
    text("system_endpoint_type", "SystemEndpoint.Type"),
)
# Read for what they decide, not kept as they are.
_ADDRESS = text("customer_endpoint_address", "CustomerEndpoint.Address")
_CUSTOMER = text("customer", "CustomerId")
_REDACTED = text("redacted", "SegmentAttributes.connect:RedactedFields")
_READ = (*FIELDS, _ADDRESS, _CUSTOMER, _REDACTED)

_STRUCTURE = fields.shape(_READ, {"Attributes": "MAP(VARCHAR, VARCHAR)"})

# The order of attributes is no content, but a map keeps it.
_CANONICAL = """struct_update(r, "Attributes" :=
    map_from_entries(list_sort(map_entries(r."Attributes"))))"""

# The value is a list of names, flat or as {"ValueString": "…"}.
_REDACTED_FIELDS = f"""CASE WHEN {_REDACTED.text} IS NULL THEN 0
    ELSE len(string_split({_REDACTED.text}, ',')) END"""

_OWN_DAY = """CAST(coalesce(initiation_timestamp, connected_to_system_timestamp,
    queue_enqueue_timestamp, agent_connected_to_agent_timestamp, disconnect_timestamp,
    scheduled_timestamp, last_update_timestamp) AS DATE)"""


def attribute(key: str) -> str:
    """SQL for a contact attribute of the transformed record `r`."""
    return f'r."Attributes"[{literal(key)}]'


def contact_records(
    lines: pa.Table, taxonomy: Taxonomy, number_token: Token, customer_token: Token
) -> pa.Table:
    """One row per line: the columns of `contact_record` and `reject_reason` (null = good).

    `lines` has one JSON text per row in the column `line`. `number_token` and `customer_token`
    turn a phone number and another customer id into tokens; they are called once per distinct
    value. Rejects keep their row, so that input rows = output rows.
    """
    with kernel({"lines": lines}) as db:
        db.execute(f"""CREATE TEMP TABLE transformed AS
            {fields.read(_STRUCTURE)}""")
        for name, field, token in (
            ("number", _ADDRESS, number_token),
            ("customer", _CUSTOMER, customer_token),
        ):
            db.register(name, tokens(db, f"SELECT {field.text} FROM transformed", token))
        return db.sql(f"""
            WITH typed AS (
                SELECT {fields.selected(FIELDS)},
                    {_REDACTED_FIELDS} AS redacted,
                    {fields.filled(_READ)} AS filled,
                    coalesce({fields.type_mismatch(FIELDS, _STRUCTURE)},
                        {fields.negative(FIELDS)}) AS mistyped,
                    r
                FROM transformed)
            SELECT typed.* EXCLUDE (r),
                {_OWN_DAY} AS day,
                {instance_id("instance_arn", "agent_arn", "queue_arn")} AS instance_id,
                {id_in_arn("queue_arn", "queue")} AS queue_id,
                {id_in_arn("agent_arn", "agent")} AS agent_id,
                {id_in_arn("agent_routing_profile_arn", "routing-profile")}
                    AS agent_routing_profile_id,
                {taxonomy.category(attribute, "queue_name")} AS category,
                {taxonomy.task(attribute, "queue_name")} AS task,
                {taxonomy.skill(attribute, "queue_name")} AS skill,
                coalesce(number.token, customer.token) AS customer_id,
                {fields.record_version("last_update_timestamp", "redacted", "filled", _CANONICAL)}
                    AS record_version,
                CASE
                    WHEN r IS NULL THEN 'not_json'
                    WHEN coalesce(contact_id, '') = '' THEN 'missing_contact_id'
                    WHEN mistyped IS NOT NULL THEN mistyped
                    WHEN {_OWN_DAY} IS NULL THEN 'no_timestamp'
                END AS reject_reason
            FROM typed
            LEFT JOIN number ON number.value = {_ADDRESS.text}
            LEFT JOIN customer ON customer.value = {_CUSTOMER.text}""").to_arrow_table()
