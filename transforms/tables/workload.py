"""Offline work, the scores that follow from it, and the ledger of builds."""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column, Table
from transforms.tables.columns import (
    AGENT_ID,
    AGENT_USERNAME,
    COUNT,
    CUSTOMER_ID,
    DAY,
    RECORD_VERSION,
    TEXT,
    UNKNOWN_FIELDS,
    at,
    count,
    text,
)

WORK_ITEM = Table(
    "work_item",
    "One row per work item (an offline case): its newest version.",
    (
        DAY,
        text("work_item_id", "Work item", path="WorkItemId", required=True),
        AGENT_USERNAME._replace(path="AgentUsername"),
        text("call_type", "Category that the case belongs to", path="CallType"),
        CUSTOMER_ID,
        text("status", "OPEN or CLOSED, as sent", path="Status"),
        Column(
            "remaining_minutes",
            pa.float64(),
            "Work left (minutes)",
            minimum=0,
            path="RemainingMinutes",
        ),
        at("opened_timestamp", "Case opened", path="OpenedTimestamp"),
        at("last_update_timestamp", "Case last changed", path="LastUpdateTimestamp"),
        UNKNOWN_FIELDS,
        RECORD_VERSION,
    ),
    key=("work_item_id",),
    sort_by=("agent_username", "opened_timestamp", "work_item_id"),
)

CUSTOMER_AGENT = Table(
    "customer_agent",
    "One row per customer with an associated agent: who handled the customer's latest contact.",
    (
        text("customer_id", "Customer token: keyed HMAC", required=True),
        text("agent_username", "Associated agent's login name", required=True),
        AGENT_ID,
        count("contacts", "Contacts that this agent handled for the customer in the window"),
        at("as_of", "Latest handled contact", required=True),
        at("expires_at", "The association ends", required=True),
    ),
    key=("customer_id",),
    sort_by=("customer_id",),
)

WORKLOAD_SCORE = Table(
    "workload_score",
    "One row per agent and call type: how loaded the agent is, lower is freer.",
    (
        text("call_type", "Category", required=True),
        text("agent_username", "Agent's login name", required=True),
        AGENT_ID,
        Column("workload", COUNT, "Score, 0 (free) to 10000", required=True, minimum=0),
        Column("open_work_minutes", pa.float64(), "Open offline work (minutes)", minimum=0),
        Column("backlog", pa.float64(), "Open work against the reference, 0 to 1", minimum=0),
        Column("occupancy", pa.float64(), "Share of recent time on contacts, 0 to 1", minimum=0),
        Column("current", pa.float64(), "Rest of the current contact, 0 to 1", minimum=0),
        Column("handling", pa.float64(), "Handle time against the team's, 0 to 1", minimum=0),
        at("as_of", "Newest instant that the lake knew", required=True),
        text("score_version", "Version of the formula and its weights", required=True),
    ),
    key=("call_type", "agent_username"),
    sort_by=("call_type", "workload", "agent_username"),
)

RUN = Table(
    "run",
    "One row per run: what came in, what went out, and the snapshots that belong together.",
    (
        DAY,
        text("run_id", "Digest of inputs, code version, settings and days asked", required=True),
        at("finished_at", "Run finished", required=True),
        text("code_version", "Version of this package", required=True),
        Column("inputs", pa.list_(TEXT), "Raw objects read for the first time", required=True),
        Column("landed", pa.map_(TEXT, COUNT), "Records read, by kind"),
        Column("duplicates", pa.map_(TEXT, COUNT), "Records already known, by kind"),
        Column("superseded", pa.map_(TEXT, COUNT), "Older versions dropped, by kind"),
        Column("rejected", pa.map_(TEXT, COUNT), "Records that could not be typed, by kind"),
        Column("rows", pa.map_(TEXT, COUNT), "Net new rows, by kind"),
        Column("unknown_fields", pa.map_(TEXT, COUNT), "Records with a field not known, by field"),
        text("taxonomy", "Digest of the taxonomy in force"),
        Column("days", pa.map_(TEXT, COUNT), "Days rewritten, by table"),
        Column("snapshots", pa.map_(TEXT, COUNT), "Snapshot that this run left, by table"),
        at("started_at", "Run started"),
        text("command", "What ran: build, compact, rollback begun, rollback; null is a build"),
        text("restored", "Of a rollback: the run whose tables were put back"),
    ),
    key=("run_id", "finished_at"),
    sort_by=("finished_at",),
)
