"""Contact records: JSON lines as landed, typed rows out, with a reason where that cannot be.

Source: Amazon Connect administrator guide, "Contact record data model".
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from transforms import duck, tables
from transforms.customer import Token, tokens
from transforms.duck import id_in_arn, instance_id, literal
from transforms.fields import Record, record_version
from transforms.nested import Kept, Nested
from transforms.scrubbing import scrubbed, unwrapped
from transforms.tables.columns import LEVELS, text
from transforms.taxonomy import Taxonomy, categorised
from transforms.unknown_fields import compared

_ADDRESSES = tuple(f"{whose}_endpoint_address" for whose in ("customer", "transferred", "system"))
# Read for what it decides, not kept as it is.
_CUSTOMER = text("customer", "The customer's id as received", path="CustomerId")

RECORD = Record(
    (*tables.CONTACT_RECORD.columns, _CUSTOMER),
    names={
        "arn": "ARN",
        "state": "state",
        "state_start_timestamp": "stateStartTimestamp",
        "state_end_timestamp": "stateEndTimestamp",
        "expiry_duration_in_seconds": "DurationInSeconds",
    },
    unread=(
        "AdditionalEmailRecipients",
        "Agent.AcceptedByAgentTimestamp",
        "Agent.AgentInitiatedHoldDuration",
        "Agent.Capabilities.ScreenShare",
        "Agent.PreviewEndTimestamp",
        "ContactLens",
        "Customer.Capabilities.ScreenShare",
        "GlobalResiliencyMetadata",
        "OutboundStrategy",
    ),
)

# SQL of what people wrote, within lists and maps.
_FREE_TEXTS = {
    "attributes": scrubbed("text"),
    "segment_attributes": scrubbed(unwrapped("text")),
    "contact_details": scrubbed("text"),
    "tags_references_items": scrubbed("text"),
    "references.name": scrubbed("text"),
    "references.value": "NULL::VARCHAR",
    "recordings.deletion_reason": scrubbed("text"),
    "routing_criteria.steps.expression": scrubbed("text"),
}

_OWN_DAY = """CAST(coalesce(initiation_timestamp, connected_to_system_timestamp,
    queue_enqueue_timestamp, agent_connected_to_agent_timestamp, disconnect_timestamp,
    scheduled_timestamp, last_update_timestamp) AS DATE)"""

# Why a record contradicts itself, by the field that shows it. No clock is asked, so that a record
# is judged alike whenever it is built; durations are rounded, so they may be a little too long.
_LEEWAY = "INTERVAL 60 SECOND"
_IMPLAUSIBLE = {
    # a clock that was never set
    "InitiationTimestamp": f"{_OWN_DAY} < DATE '1971-01-01'",
    # of a future that its own update does not know
    "LastUpdateTimestamp": "initiation_timestamp > last_update_timestamp + INTERVAL 30 DAY",
    "DisconnectTimestamp": "disconnect_timestamp < initiation_timestamp",
    "Queue.Duration": f"""queue_enqueue_timestamp + to_milliseconds(queue_duration_ms)
        > queue_dequeue_timestamp + {_LEEWAY}""",
    "Agent.AgentInteractionDuration": f"""agent_connected_to_agent_timestamp
        + to_milliseconds(agent_interaction_duration_ms) > disconnect_timestamp + {_LEEWAY}""",
    "Agent.AfterContactWorkDuration": f"""agent_after_contact_work_start_timestamp
        + to_milliseconds(agent_after_contact_work_duration_ms)
        > agent_after_contact_work_end_timestamp + {_LEEWAY}""",
}
_CONTRADICTION = "CASE {} END".format(
    " ".join(
        f"WHEN {sql} THEN {literal(f'implausible: {path}')}" for path, sql in _IMPLAUSIBLE.items()
    )
)

_ARN_KINDS = {
    "queue": "queue",
    "agent": "agent",
    "agent_routing_profile": "routing-profile",
    **{f"agent_hierarchy_groups_level_{level}": "agent-group" for level in LEVELS},
}
_IDS = ", ".join(
    f"{id_in_arn(f'{name}_arn', kind)} AS {name}_id" for name, kind in _ARN_KINDS.items()
)


def contact_records(
    lines: pa.Table, taxonomy: Taxonomy, number_token: Token, customer_token: Token
) -> pa.Table:
    """One row per line: the columns of `contact_record` and `reject_reason` (null = good).

    `lines` has one JSON text per row in the column `line`. `number_token` and `customer_token`
    turn a phone number and another customer id or address into tokens; each is called once per
    distinct value. Rejects keep their row, so that input rows = output rows.
    """
    known, record = compared(lines, RECORD, taxonomy.keep.fields)
    rows = duck.rows(
        f"""
            WITH transformed AS ({record.read("known")}),
            typed AS (
                SELECT {record.selected(**_as_received(record))},
                    {_redacted_fields(record)} AS redacted, {record.filled} AS filled,
                    r, kinds, unknown_fields, unknown
                FROM transformed)
            SELECT * EXCLUDE (r, kinds, unknown, redacted, filled),
                {_OWN_DAY} AS day,
                {instance_id("instance_arn", "agent_arn", "queue_arn")} AS instance_id,
                {_IDS},
                {record_version("last_update_timestamp", "redacted", "filled", record.digest)}
                    AS record_version,
                CASE
                    WHEN r IS NULL THEN 'not_json'
                    WHEN coalesce(contact_id, '') = '' THEN 'missing_contact_id'
                    ELSE coalesce({record.type_mismatch}, {record.negative},
                        CASE WHEN {_OWN_DAY} IS NULL THEN 'no_timestamp' END, {_CONTRADICTION})
                END AS reject_reason
            FROM typed""",
        known=known,
    )
    typed = Nested(record, _FREE_TEXTS, _kept(taxonomy)).typed(rows)
    hidden = _pseudonymous(typed, number_token, customer_token)
    return categorised(hidden, taxonomy)


def _redacted_fields(record: Record) -> str:
    """SQL for how many fields a redaction took out of a record."""
    named = f"map_extract_value({record.text('segment_attributes')}, 'connect:RedactedFields')"
    return f"""CASE WHEN {named} IS NULL THEN 0 ELSE
        len([name FOR name IN string_split({unwrapped(named)}, ',') IF trim(name) <> '']) END"""


def _as_received(record: Record) -> dict[str, str]:
    """SQL of the columns that become tokens, and of free text."""
    addresses = {name: record.text(name) for name in (*_ADDRESSES, "customer")}
    reason = "recording_deletion_reason"
    return addresses | {reason: scrubbed(record.text(reason))}


def _kept(taxonomy: Taxonomy) -> dict[str, Kept]:
    """What is kept of the columns that hold what people wrote."""
    keep = taxonomy.keep
    return {
        "attributes": Kept(taxonomy.kept_attributes),
        "segment_attributes": Kept(taxonomy.kept_segment_attributes),
        "contact_details": Kept(keep.contact_details),
        "tags_references_items": Kept(keep.tags, prefix="aws:"),
    }


def _pseudonymous(rows: pa.Table, number_token: Token, customer_token: Token) -> pa.Table:
    """`rows` with tokens for addresses, and `customer_id`: of the number, else of the id."""
    number, other = cache(number_token), cache(customer_token)

    def address_token(address: str | None) -> str | None:
        return number(address) or other(address)

    ids = tokens(rows.column("customer"), other)
    numbers = tokens(rows.column("customer_endpoint_address"), number)
    for name in _ADDRESSES:
        found = tokens(rows.column(name), address_token)
        rows = rows.set_column(rows.schema.get_field_index(name), name, found)
    return rows.drop_columns(["customer"]).append_column("customer_id", pc.coalesce(numbers, ids))
