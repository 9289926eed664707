"""The agents' items as the agent events change them; what routing writes in between is kept."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.errors import LakeError
from lambdas.agent_state.event import AgentEvent
from lambdas.agent_state.fold import Seen, after
from lambdas.agent_state.item import item, seen
from lambdas.routing.reservations import Reservations

MOST_TRIES = 6


class ContendedError(LakeError):
    """An agent's item kept changing between read and write; the events are delivered again."""


@dataclass(frozen=True)
class AgentTable:
    """`AgentState` and `RoutingReservation` behind a DynamoDB client; raises what botocore does."""

    client: Any
    agent_state: str = "AgentState"
    reservation: str = "RoutingReservation"

    def apply(self, agent_id: str, events: Sequence[AgentEvent]) -> bool:
        """Whether the agent's state changed: False when every event is late or a repetition.

        The write is refused when somebody wrote since the read, and is then made anew from what is
        there. Raises ContendedError when that happens too often.
        """
        for turn in range(MOST_TRIES):
            if turn:
                time.sleep(0.01 * turn)
            before = self._seen(agent_id)
            now = after(before, events)
            if now is None or now == before:
                return False
            if self._is_written(now):
                return True
        raise ContendedError("agent state: an item keeps changing, its events come again")

    def settle(self, events: Iterable[AgentEvent]) -> int:
        """How many promises to other agents ended because their contact came to one of these.

        An answer that is older than the contact's arrival at an agent has been used: it is not
        given again, and whoever else was promised to the contact is free.
        """
        promises = Reservations(self.client, self.agent_state, self.reservation)
        ended = 0
        for event in events:
            for contact_id in event.arrivals:
                promised = promises.arrived(contact_id, event.at)
                if promised is not None and promised != event.agent_id:
                    ended += promises.release(promised, contact_id)
        return ended

    def _seen(self, agent_id: str) -> Seen | None:
        key = {"AgentId": {"S": agent_id}}
        reply = self.client.get_item(TableName=self.agent_state, Key=key, ConsistentRead=True)
        return seen(reply.get("Item") or {})

    def _is_written(self, now: Seen) -> bool:
        """Whether nobody wrote in between: over the version that was read, or over no item."""
        before = now.live.version
        written = now._replace(live=now.live._replace(version=before + 1))
        try:
            self.client.put_item(
                TableName=self.agent_state,
                Item=item(written),
                ConditionExpression="attribute_not_exists(#version) OR #version = :before",
                ExpressionAttributeNames={"#version": "version"},
                ExpressionAttributeValues={":before": {"N": str(before)}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True
