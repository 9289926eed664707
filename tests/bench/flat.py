"""The flat table that every peer makes of the contact records, and how equal rows are told.

The job: read the gzipped objects, keep the newest version of each ContactId, write these 40 typed
columns as zstd Parquet, partitioned by the UTC day of initiation.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from tests.bench.harness import Rows

_TEXTS = """ContactId InitialContactId PreviousContactId NextContactId InstanceARN Channel
    InitiationMethod DisconnectReason CustomerId Agent.ARN Agent.Username Agent.RoutingProfile.Name
    Agent.RoutingProfile.ARN Agent.HierarchyGroups.Level1.GroupName
    Agent.HierarchyGroups.Level2.GroupName Queue.ARN Queue.Name Attributes.category
    Attributes.task"""
_INSTANTS = """InitiationTimestamp ConnectedToSystemTimestamp DisconnectTimestamp
    LastUpdateTimestamp TransferCompletedTimestamp ScheduledTimestamp
    Agent.ConnectedToAgentTimestamp Agent.AfterContactWorkStartTimestamp
    Agent.AfterContactWorkEndTimestamp Queue.EnqueueTimestamp Queue.DequeueTimestamp"""
_COUNTS = """AgentConnectionAttempts TotalPauseCount TotalPauseDurationInSeconds
    Agent.AgentInteractionDuration Agent.CustomerHoldDuration Agent.LongestHoldDuration
    Agent.NumberOfHolds Agent.AgentPauseDuration Agent.AfterContactWorkDuration Queue.Duration"""


class Field(NamedTuple):
    """A column: where the JSON has it, and its type: text, at (an instant) or count."""

    path: tuple[str, ...]
    type: str

    @property
    def name(self) -> str:
        """The path in one word."""
        return "_".join(self.path)


FIELDS = tuple(
    Field(tuple(path.split(".")), type_)
    for paths, type_ in ((_TEXTS, "text"), (_INSTANTS, "at"), (_COUNTS, "count"))
    for path in paths.split()
)
KEY, INITIATED, UPDATED = "ContactId", "InitiationTimestamp", "LastUpdateTimestamp"

# What is compared, in a peer's columns and in the lake's own.
PEERS_COLUMNS = {
    "contact_id": KEY,
    "initiated": INITIATED,
    "updated": UPDATED,
    "queue": "Queue_Name",
    "agent": "Agent_Username",
    "talk_s": "Agent_AgentInteractionDuration",
}
LAKES_COLUMNS = {
    "contact_id": "contact_id",
    "initiated": "initiation_timestamp",
    "updated": "last_update_timestamp",
    "queue": "queue_name",
    "agent": "agent_username",
    "talk_s": "agent_interaction_duration_ms // 1000",
}
_TYPES = {"initiated": "TIMESTAMP", "updated": "TIMESTAMP", "talk_s": "BIGINT"}


def tree(leaf: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as nested mappings by the JSON's names, `leaf` of its type at each end."""
    root: dict[str, Any] = {}
    for field in FIELDS:
        *parents, last = field.path
        node = root
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = leaf[field.type]
    return root


def found(files: Iterable[str], columns: Mapping[str, str]) -> Rows:
    """Rows of Parquet files, with a sum over the hashes of the compared columns."""
    values = ", ".join(
        f"CAST({sql} AS {_TYPES.get(name, 'VARCHAR')})" for name, sql in columns.items()
    )
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        count, checksum = db.execute(
            f"SELECT count(*), sum(CAST(hash({values}) AS HUGEINT)) FROM read_parquet($files)",
            {"files": list(files)},
        ).fetchall()[0]
    return Rows(count, str(checksum))


def raw_files(data: str, kind: str = "contact_record") -> list[str]:
    """Paths of the landed objects of a kind."""
    return [str(path) for path in sorted(Path(data, "raw", kind).rglob("*.gz"))]


def json_lines(files: Iterable[str]) -> Iterator[bytes]:
    """The JSON text of each object of each file."""
    for file in files:
        yield from gzip.decompress(Path(file).read_bytes()).splitlines()
