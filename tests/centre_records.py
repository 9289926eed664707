"""A few hand-made records of Amazon Connect and of a case system, as small as they may be."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

INSTANCE = "arn:aws:connect:us-east-1:111122223333:instance/aaaaaaaa-0000-4000-8000-000000000001"
AGENT = f"{INSTANCE}/agent/bbbbbbbb-0000-4000-8000-000000000001"


def contact(
    name: str,
    at: str = "2026-01-05T10:00:00Z",
    *,
    queue: str | None = "Billing",
    category: str = "invoice",
    updated: str = "2026-01-05T12:00:00Z",
    **others: Any,
) -> dict[str, Any]:
    """A handled contact, waiting 12 s and talking 90 s; `queue` None = it never queued."""
    record: dict[str, Any] = {
        "ContactId": name,
        "InstanceARN": INSTANCE,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": at,
        "LastUpdateTimestamp": updated,
        "CustomerEndpoint": {"Address": "+12025550123", "Type": "TELEPHONE_NUMBER"},
        "Attributes": {"category": category},
        "Agent": {
            "Username": "ann",
            "ARN": AGENT,
            "ConnectedToAgentTimestamp": at,
            "AgentInteractionDuration": 90,
        },
    }
    if queue is not None:
        record["Queue"] = {"Name": queue, "EnqueueTimestamp": at, "Duration": 12}
    return record | others


def agent_event(name: str, at: str, kind: str = "STATE_CHANGE", **others: Any) -> dict[str, Any]:
    """An event of the one agent, available for the queue Billing."""
    queues = [{"Name": "Billing", "ARN": f"{INSTANCE}/queue/q-1"}]
    configuration = {"Username": "ann", "RoutingProfile": {"InboundQueues": queues}}
    snapshot = {"AgentStatus": {"Name": "Available"}, "Configuration": configuration}
    return {
        "EventId": name,
        "AgentARN": AGENT,
        "InstanceARN": INSTANCE,
        "EventType": kind,
        "EventTimestamp": at,
        "CurrentAgentSnapshot": snapshot,
    } | others


def work_item(name: str, at: str = "2026-01-05T09:00:00Z", **others: Any) -> dict[str, Any]:
    """An open case of the one agent, 30 minutes of work left."""
    return {
        "WorkItemId": name,
        "AgentUsername": "ann",
        "CallType": "invoice",
        "CustomerId": "customer-7",
        "Status": "OPEN",
        "RemainingMinutes": 30,
        "OpenedTimestamp": at,
        "LastUpdateTimestamp": at,
    } | others


def written(path: Path, records: Iterable[Any]) -> Path:
    """The file with one record a line; texts go in as they are."""
    lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
    return path
