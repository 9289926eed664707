"""What routing reads: few round trips to DynamoDB, bounded in time so that the flow never waits."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple, Protocol

from ingestion.errors import LakeError
from lambdas.agent_state.item import ROUTING_NAMES, agent_state
from lambdas.routing.choose import Association
from lambdas.routing.live import AgentState
from lambdas.routing.policy import LAKE
from lambdas.routing.reservations import Held, Promise, Refused, Reservations, held
from lambdas.routing.scores import LEAST_WORKLOAD, MOST_WORKLOAD, Candidate, sort_key

MOST_PAGES = 4  # of 1 MB: some 20,000 agents for one call type
KEYS_A_READ = 100  # BatchGetItem's limit
MOST_TURNS = 4


class OutOfTimeError(LakeError, TimeoutError):
    """The time that a decision may take is over."""


class ThrottledError(LakeError):
    """DynamoDB keeps handing keys back unread."""


class Known(NamedTuple):
    """What one read found: the customer's agent, an earlier answer, and agents by id.

    `rest` are the agents that did not fit into the read.
    """

    association: Association | None
    held: Held | None
    agents: dict[str, AgentState]
    rest: Sequence[str]


class Tables(Protocol):
    """Where candidates, customers' agents and live states come from, and promises go."""

    def candidates(self, call_type: str) -> list[Candidate]:
        """Every scored agent of the call type."""
        ...

    def known(
        self, contact_id: str | None, customer_ids: Iterable[str], agent_ids: Sequence[str]
    ) -> Known:
        """The first customer id's agent that is found, and the states of the first agents."""
        ...

    def agents(self, agent_ids: Sequence[str]) -> dict[str, AgentState]:
        """The states of up to KEYS_A_READ agents, by id; agents without one are left out."""
        ...

    def reserve(self, promise: Promise) -> Held | Refused | None:
        """None when the promise is made."""
        ...

    def release(self, agent_id: str, contact_id: str) -> bool:
        """Whether the agent is no longer promised to the contact."""
        ...


class InTime:
    """A client that refuses every operation from `ends` (of the monotonic clock) on."""

    def __init__(self, client: Any, ends: float) -> None:
        self._client, self._ends = client, ends

    def __getattr__(self, operation: str) -> Any:
        if time.monotonic() >= self._ends:
            raise OutOfTimeError(f"routing: no time left for {operation}")
        return getattr(self._client, operation)


@dataclass(frozen=True)
class DynamoTables:
    """The tables behind a DynamoDB client; raises what botocore raises."""

    client: Any
    agent_workload: str = "AgentWorkload"
    customer_agent: str = "CustomerAgentMap"
    agent_state: str = "AgentState"
    reservation: str = "RoutingReservation"

    def candidates(self, call_type: str) -> list[Candidate]:
        """One Query, up to MOST_PAGES pages; rows that make no sense are left out."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.agent_workload,
            KeyConditionExpression="CallType = :callType",
            ExpressionAttributeValues={":callType": {"S": call_type}},
            ProjectionExpression="AgentName, AgentId, Workload, asOf, #source",
            ExpressionAttributeNames={"#source": "source"},
        )
        rows = (candidate(item) for page in islice(pages, MOST_PAGES) for item in page["Items"])
        return [row for row in rows if row is not None]

    def known(
        self, contact_id: str | None, customer_ids: Iterable[str], agent_ids: Sequence[str]
    ) -> Known:
        """One BatchGetItem, with as many agents as there is room for."""
        customers = list(dict.fromkeys(customer_ids))
        room = KEYS_A_READ - len(customers) - (contact_id is not None)
        found = self._read(
            {
                self.customer_agent: self._customers(customers),
                self.reservation: self._contacts([contact_id] if contact_id else []),
                self.agent_state: self._states(agent_ids[:room]),
            }
        )
        rows = {row.get("CustomerId", {}).get("S"): row for row in found[self.customer_agent]}
        associations = (association(rows.get(each, {})) for each in customers)
        return Known(
            next((row for row in associations if row is not None), None),
            next((held(row) for row in found[self.reservation]), None),
            _by_id(found[self.agent_state]),
            agent_ids[room:],
        )

    def agents(self, agent_ids: Sequence[str]) -> dict[str, AgentState]:
        """One BatchGetItem; states that make no sense are left out."""
        found = self._read({self.agent_state: self._states(agent_ids[:KEYS_A_READ])})
        return _by_id(found[self.agent_state])

    def reserve(self, promise: Promise) -> Held | Refused | None:
        """See `Reservations.reserve`."""
        return self._reservations.reserve(promise)

    def release(self, agent_id: str, contact_id: str) -> bool:
        """See `Reservations.release`."""
        return self._reservations.release(agent_id, contact_id)

    @property
    def _reservations(self) -> Reservations:
        return Reservations(self.client, self.agent_state, self.reservation)

    def _customers(self, customer_ids: Sequence[str]) -> dict[str, Any]:
        return {
            "Keys": [{"CustomerId": {"S": each}} for each in customer_ids],
            "ProjectionExpression": "CustomerId, AgentName, AgentId, expiresAt",
        }

    def _contacts(self, contact_ids: Sequence[str]) -> dict[str, Any]:
        """Read consistently: a retry comes a moment after the answer that it must find."""
        keys = [{"ContactId": {"S": each}} for each in contact_ids]
        return {"Keys": keys, "ConsistentRead": True}

    def _states(self, agent_ids: Sequence[str]) -> dict[str, Any]:
        names = {f"#{name}": name for name in ROUTING_NAMES}
        return {
            "Keys": [{"AgentId": {"S": each}} for each in dict.fromkeys(agent_ids)],
            "ConsistentRead": True,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }

    def _read(self, request: Mapping[str, dict[str, Any]]) -> dict[str, list[Any]]:
        """The rows by table, whatever DynamoDB hands back unread at first."""
        rows: dict[str, list[Any]] = {table: [] for table in request}
        asked = {table: keys for table, keys in request.items() if keys["Keys"]}
        for reply in self._replies(asked):
            for table, found in reply["Responses"].items():
                rows[table] += found
        return rows

    def _replies(self, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for turn in range(MOST_TURNS):
            if not asked:
                return
            if turn:
                time.sleep(0.02 * 2**turn)
            reply = self.client.batch_get_item(RequestItems=asked)
            yield reply
            asked = reply.get("UnprocessedKeys") or {}
        if asked:
            raise ThrottledError("routing: DynamoDB hands keys back unread")


def _by_id(items: Iterable[Any]) -> dict[str, AgentState]:
    states = (agent_state(item) for item in items)
    return {state.agent_id: state for state in states if state is not None}


def candidate(item: Mapping[str, Mapping[str, str]]) -> Candidate | None:
    """A stored row as a candidate, or None when its workload, instant or agent id is unusable."""
    try:
        source = item["source"]["S"] if "source" in item else LAKE
        row = Candidate(
            item["AgentName"]["S"].removesuffix(sort_key("", source)),
            item["AgentId"]["S"],
            round(float(item["Workload"]["N"])),
            instant(item["asOf"]["S"]),
            source,
        )
    except (KeyError, ValueError, OverflowError):
        return None
    return row if LEAST_WORKLOAD <= row.workload <= MOST_WORKLOAD else None


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


def instant(text: str) -> datetime:
    """An instant as a producer wrote it, UTC where it names no zone; raises ValueError."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
