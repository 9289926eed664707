"""What routing reads: two key reads in DynamoDB, bounded in time so that the flow never waits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol

from lambdas.routing.choose import Association, Candidate

MOST_PAGES = 4  # of 1 MB: some 20,000 agents for one call type


class Tables(Protocol):
    """Where candidates and associations come from."""

    def candidates(self, call_type: str) -> list[Candidate]:
        """Every scored agent of the call type."""
        ...

    def association(self, customer_ids: Iterable[str]) -> Association | None:
        """The first customer id's agent that is found."""
        ...


@dataclass(frozen=True)
class DynamoTables:
    """The tables behind a DynamoDB client; raises what botocore raises."""

    client: Any
    agent_workload: str = "AgentWorkload"
    customer_agent: str = "CustomerAgentMap"

    def candidates(self, call_type: str) -> list[Candidate]:
        """One Query, up to MOST_PAGES pages; rows that make no sense are left out."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.agent_workload,
            KeyConditionExpression="CallType = :callType",
            ExpressionAttributeValues={":callType": {"S": call_type}},
            ProjectionExpression="AgentName, AgentId, Workload, asOf",
        )
        rows = (candidate(item) for page in islice(pages, MOST_PAGES) for item in page["Items"])
        return [row for row in rows if row is not None]

    def association(self, customer_ids: Iterable[str]) -> Association | None:
        """One GetItem for each id until one is found."""
        found = (self._association(customer_id) for customer_id in customer_ids)
        return next((row for row in found if row is not None), None)

    def _association(self, customer_id: str) -> Association | None:
        reply = self.client.get_item(
            TableName=self.customer_agent,
            Key={"CustomerId": {"S": customer_id}},
            ProjectionExpression="AgentName, AgentId, expiresAt",
        )
        return association(reply.get("Item") or {})


def candidate(item: Mapping[str, Mapping[str, str]]) -> Candidate | None:
    """A stored row as a candidate, or None when its workload, instant or agent id is unusable."""
    try:
        return Candidate(
            item["AgentName"]["S"],
            item["AgentId"]["S"],
            round(float(item["Workload"]["N"])),
            _instant(item["asOf"]["S"]),
        )
    except (KeyError, ValueError, OverflowError):
        return None


def association(item: Mapping[str, Mapping[str, str]]) -> Association | None:
    """A stored row as an association; None without an agent id or with an unreadable expiry."""
    try:
        expiry = item["expiresAt"]["N"] if "expiresAt" in item else None
        return Association(
            item.get("AgentName", {}).get("S", ""),
            item["AgentId"]["S"],
            None if expiry is None else datetime.fromtimestamp(float(expiry), UTC),
        )
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
