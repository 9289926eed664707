"""Agent events: JSON lines as landed, typed rows out, with a reason where that cannot be.

Source: Amazon Connect administrator guide, "Agent event streams data model". Snapshots can be
null, older events lack the status type, and proficiencies come as `ProficiencyLevel` or `Level`.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from transforms import duck, fields, tables
from transforms.duck import id_in_arn, instance_id
from transforms.fields import Record
from transforms.nested import Nested
from transforms.unknown_fields import compared

_SNAPSHOTS = ("CurrentAgentSnapshot", "PreviousAgentSnapshot")
_PERSON = ("Username", "FirstName", "LastName", "SipAddress", "AutoAccept", "LanguageCode")

RECORD = Record(
    tables.AGENT_EVENT.columns,
    names={
        "arn": "ARN",
        "level": "ProficiencyLevel|Level",
        "queue_arn": "Queue.ARN",
        "queue_name": "Queue.Name",
        "active_region": "GlobalResiliencyMetadata.ActiveRegion",
        "origin_region": "GlobalResiliencyMetadata.OriginRegion",
        "traffic_distribution_group_id": "GlobalResiliencyMetadata.TrafficDistributionGroupId",
    },
    unread=(
        *(f"{snapshot}.AgentCrossRegionRoutingConfiguration" for snapshot in _SNAPSHOTS),
        *(f"{snapshot}.Contacts.Queue.Channels" for snapshot in _SNAPSHOTS),
        *(f"PreviousAgentSnapshot.Configuration.{name}" for name in _PERSON),
        "PreviousAgentSnapshot.NextAgentStatus",
    ),
)


def agent_events(lines: pa.Table, keep: Collection[str] = ()) -> pa.Table:
    """One row per line: the columns of `agent_event` and `reject_reason` (null = good).

    `lines` has one JSON text per row in the column `line`. `keep` names the unknown fields whose
    values are kept. Rejects keep their row.
    """
    known, record = compared(lines, RECORD, keep)
    rows = duck.rows(
        f"""
            WITH transformed AS ({record.read("known")}),
            typed AS (
                SELECT {record.selected()}, {record.filled} AS filled,
                    r, kinds, unknown_fields, unknown
                FROM transformed)
            SELECT * EXCLUDE (r, kinds, unknown, filled),
                CAST(event_timestamp AS DATE) AS day,
                {instance_id("instance_arn", "agent_arn")} AS instance_id,
                {id_in_arn("agent_arn", "agent")} AS agent_id,
                {fields.record_version("event_timestamp", "0", "filled", record.digest)}
                    AS record_version,
                CASE
                    WHEN r IS NULL THEN 'not_json'
                    WHEN coalesce(event_id, '') = '' THEN 'missing_event_id'
                    WHEN coalesce(agent_arn, '') = '' THEN 'missing_agent_arn'
                    ELSE coalesce({record.type_mismatch},
                        CASE WHEN event_timestamp IS NULL THEN 'missing_event_timestamp' END)
                END AS reject_reason
            FROM typed""",
        known=known,
    )
    return Nested(record).typed(rows)
