"""Landed lines and table rows made by hand: the shortest record that a test can say it with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms.agent_event import agent_events
from transforms.contact_record import contact_records
from transforms.pipeline import SOURCES
from transforms.schema import Table
from transforms.taxonomy import Taxonomy
from transforms.work_item import work_items

INSTANCE = "arn:aws:connect:us-east-1:111122223333:instance/i-1"
SOURCE = {source.kind: source for source in SOURCES}


def at(text: str) -> datetime:
    """A UTC instant (naive, as tables hold it)."""
    return datetime.fromisoformat(text)


def lines(records: Iterable[Mapping[str, Any] | str]) -> pa.Table:
    """Records, or lines as they are, as a parser gets them."""
    texts = [record if isinstance(record, str) else json.dumps(record) for record in records]
    return pa.table({"line": pa.array(texts, pa.string())})


def token(value: str | None) -> str | None:
    """A stand-in for a customer token, in which no number shows."""
    return f"c-{sum(value.encode())}" if value else None


def parsed(kind: str, records: Iterable[Mapping[str, Any] | str]) -> pa.Table:
    """What the kind's parser makes of records, rejects included."""
    landed = lines(records)
    if kind == "contact_record":
        return contact_records(landed, Taxonomy(), token, token)
    return agent_events(landed) if kind == "agent_event" else work_items(landed, token)


def versions(kind: str, records: Iterable[Mapping[str, Any] | str]) -> pa.Table:
    """The good rows of records, one per line, in the shape of the kind's table."""
    rows = parsed(kind, records)
    return SOURCE[kind].writes.conform(rows.filter(pc.field("reject_reason").is_null()))


def table(definition: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of a table; columns that a row does not name are null."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=definition.schema)


def contact(**fields: Any) -> dict[str, Any]:
    """A contact record with a day and no more, and `fields`."""
    record = {
        "ContactId": "c-1",
        "InstanceARN": INSTANCE,
        "InitiationTimestamp": "2024-05-06T09:00:00Z",
    }
    return record | fields


def event(when: str, kind: str = "STATE_CHANGE", *, agent: str = "ada", **fields: Any) -> Any:
    """An agent event; `fields` are `status`, `type`, `contacts`, or keys of the record."""
    status = fields.pop("status", "Available")
    snapshot = {
        "AgentStatus": {"Name": status, "Type": fields.pop("type", None)},
        "Configuration": {"Username": agent},
        "Contacts": [
            {"ContactId": f"c-{n}", "State": state} if isinstance(state, str) else state
            for n, state in enumerate(fields.pop("contacts", []))
        ],
    }
    record = {
        "AgentARN": f"{INSTANCE}/agent/{agent}",
        "InstanceARN": INSTANCE,
        "EventId": f"{agent}-{when}-{kind}",
        "EventTimestamp": when,
        "EventType": kind,
        "CurrentAgentSnapshot": None if status is None else snapshot,
    }
    return record | fields


def work(**fields: Any) -> dict[str, Any]:
    """A work item with a day and no more, and `fields`."""
    return {"WorkItemId": "w-1", "OpenedTimestamp": "2024-05-06T09:00:00Z"} | fields
