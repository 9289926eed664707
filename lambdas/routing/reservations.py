"""Promises of agents to contacts: each counts once, and ends by itself when nobody ends it.

The promise is an entry of the agent's own item, by contact: to make it twice is to make it once,
and what the events show takes it out again in the same write that counts the contact's slot. Every
write of an agent's item is on condition that its `version` is the one that was read, so two
contacts cannot both take the last slot. `RoutingReservation` has a contact's answer for retries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lambdas.agent_state.item import ROUTING_NAMES, agent_state, promises
from lambdas.routing.decision import Decision, Offer, Owner, Reason
from lambdas.routing.event import NONE, SEPARATOR, Contact
from lambdas.routing.live import AgentState, with_promise
from lambdas.routing.policy import Policy

MOST_RELEASES = 4  # tries; after them the promise ends by itself

Item = Mapping[str, Mapping[str, Any]]
_CHANGED = "ConditionalCheckFailed"
_MEANWHILE = "TransactionConflict"


class Promise(NamedTuple):
    """The decision for a contact, and the agent as read who leads it; `at` is aware.

    It is made only if the agents of `kept` are still as they were read, too.
    """

    contact: Contact
    agent: AgentState
    decision: Decision
    at: datetime
    kept: tuple[AgentState, ...] = ()


class Held(NamedTuple):
    """A contact's earlier answer; it is given again until `ends_s`, to the same question."""

    decision: Decision
    agent_id: str
    question: tuple[str, str]
    ends_s: float

    def answers(self, contact: Contact, now: datetime) -> bool:
        """Whether it is the answer to this question, too."""
        return self.ends_s > now.timestamp() and self.question == question(contact)


class Refused(NamedTuple):
    """Somebody was faster; `agent` is how the agent's item is now, None if it is gone.

    As it was read, where another write was under way or the agent is not whom it was about.
    """

    agent: AgentState | None


@dataclass(frozen=True)
class Reservations:
    """The two tables behind a DynamoDB client; raises what botocore raises."""

    client: Any
    agent_state: str = "AgentState"
    reservation: str = "RoutingReservation"

    def reserve(self, promise: Promise) -> Held | Refused | None:
        """None when the promise is made: both items are written, or neither is."""
        kept = [{"ConditionCheck": self._unchanged(each)} for each in promise.kept]
        written = [{"Put": self._answer(promise)}, {"Update": self._entry(promise)}]
        try:
            self.client.transact_write_items(TransactItems=written + kept)
        except self.client.exceptions.TransactionCanceledException as error:
            row, agent, *others = error.response["CancellationReasons"]
            if row["Code"] == _CHANGED:
                return _required(held(row.get("Item") or {}))
            if agent["Code"] == _CHANGED:
                return Refused(agent_state(agent.get("Item") or {}))
            codes = {row["Code"], agent["Code"], *(each["Code"] for each in others)}
            if codes & {_MEANWHILE, _CHANGED}:
                return Refused(promise.agent)
            raise
        return None

    def release(self, agent_id: str, contact_id: str) -> bool:
        """Whether the agent is no longer promised to the contact."""
        for _ in range(MOST_RELEASES):
            agent = self._agent(agent_id)
            if agent is None or contact_id not in agent.pending:
                return True
            pending = {who: ends for who, ends in agent.pending.items() if who != contact_id}
            if self._is_written(agent._replace(pending=pending, version=agent.version + 1)):
                return True
        return False

    def arrived(self, contact_id: str, at: datetime) -> str | None:
        """Ends the contact's answer if it is older than `at`; the agent whom it had promised."""
        try:
            reply = self.client.delete_item(
                TableName=self.reservation,
                Key={"ContactId": {"S": contact_id}},
                ConditionExpression="reservedAt <= :at",
                ExpressionAttributeValues={":at": {"N": str(at.timestamp())}},
                ReturnValues="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return None
        agent_id: str | None = reply.get("Attributes", {}).get("agentId", {}).get("S")
        return agent_id

    def _answer(self, promise: Promise) -> dict[str, Any]:
        call_type, place = question(promise.contact)
        return {
            "TableName": self.reservation,
            "Item": held_item(promise),
            "ConditionExpression": (
                "attribute_not_exists(ContactId) OR expiresAt <= :now "
                "OR callType <> :callType OR askedIn <> :askedIn"
            ),
            "ExpressionAttributeValues": {
                ":now": {"N": str(promise.at.timestamp())},
                ":callType": {"S": call_type},
                ":askedIn": {"S": place},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _entry(self, promise: Promise) -> dict[str, Any]:
        agent, now_s = promise.agent, promise.at.timestamp()
        ends_s = _ends_s(promise)
        promised = with_promise(agent, promise.contact.contact_id or "", now_s, ends_s)
        return self._update(promised) | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

    def _unchanged(self, agent: AgentState) -> dict[str, Any]:
        """The condition that nobody has written the agent's item since."""
        return {
            "TableName": self.agent_state,
            "Key": {"AgentId": {"S": agent.agent_id}},
            "ConditionExpression": "#version = :version",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": {"N": str(agent.version)}},
        }

    def _update(self, agent: AgentState) -> dict[str, Any]:
        """The write of an agent's promises over the version before."""
        values = promises(agent)
        return {
            "TableName": self.agent_state,
            "Key": {"AgentId": {"S": agent.agent_id}},
            "UpdateExpression": f"SET {', '.join(f'#{name} = :{name}' for name in values)}",
            "ConditionExpression": "#version = :before",
            "ExpressionAttributeNames": {f"#{name}": name for name in values},
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}
            | {":before": {"N": str(agent.version - 1)}},
        }

    def _is_written(self, agent: AgentState) -> bool:
        try:
            self.client.update_item(**self._update(agent))
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _agent(self, agent_id: str) -> AgentState | None:
        names = {f"#{name}": name for name in ROUTING_NAMES}
        reply = self.client.get_item(
            TableName=self.agent_state,
            Key={"AgentId": {"S": agent_id}},
            ConsistentRead=True,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
        return agent_state(reply.get("Item") or {})


def question(contact: Contact) -> tuple[str, str]:
    """What an answer depends on beside the moment: the call type, and where the contact is."""
    been = SEPARATOR.join((*contact.visited, contact.moved_to or NONE))
    return contact.call_type or NONE, f"{'waiting' if contact.is_waiting else 'new'} {been}"


def held_item(promise: Promise) -> dict[str, Any]:
    """The item of `RoutingReservation`: the answer and how long it holds."""
    decision, age_s = promise.decision, promise.decision.data_age_s
    call_type, place = question(promise.contact)
    item = {
        "ContactId": {"S": promise.contact.contact_id},
        "callType": {"S": call_type},
        "askedIn": {"S": place},
        "agentId": {"S": promise.agent.agent_id},
        "agents": {"L": [{"S": offer.agent_id} for offer in decision.agents]},
        "reason": {"S": decision.reason.value},
        "owner": {"S": decision.owner.value},
        "affinity": {"S": decision.affinity or NONE},
        "overflowQueue": {"S": decision.lender or NONE},
        "visitedQueues": {"L": [{"S": each} for each in decision.visited]},
        "decisionId": {"S": decision.decision_id or NONE},
        "policy": {"S": decision.policy.version},
        "priority": {"N": str(decision.policy.priority)},
        "reservedAt": {"N": str(promise.at.timestamp())},
        "expiresAt": {"N": str(int(_ends_s(promise)))},
    }
    return item if age_s is None else item | {"dataAgeSeconds": {"N": str(age_s)}}


def held(item: Item) -> Held | None:
    """The answer that an item holds; None for an item that makes no sense."""
    try:
        return Held(
            _decision(item),
            item["agentId"]["S"],
            (item["callType"]["S"], item["askedIn"]["S"]),
            float(item["expiresAt"]["N"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _decision(item: Item) -> Decision:
    policy = replace(Policy(), version=item["policy"]["S"], priority=int(item["priority"]["N"]))
    affinity, age_s = item["affinity"]["S"], item.get("dataAgeSeconds")
    lender = item["overflowQueue"]["S"]
    agents = tuple(Offer("", each["S"], None) for each in item["agents"]["L"])
    return Decision(
        decision="CANDIDATES" if agents else "DEFAULT",
        reason=Reason(item["reason"]["S"]),
        agents=agents,
        affinity=None if affinity == NONE else affinity,
        data_age_s=None if age_s is None else float(age_s["N"]),
        decision_id=item["decisionId"]["S"],
        policy=policy,
        owner=Owner(item["owner"]["S"]),
        reserved=item["agentId"]["S"],
        lender=None if lender == NONE else lender,
        visited=tuple(each["S"] for each in item["visitedQueues"]["L"]),
    )


def _ends_s(promise: Promise) -> float:
    """Whole seconds, because a time to live is."""
    return float(int(promise.at.astimezone(UTC).timestamp() + promise.decision.policy.hold_s))


def _required(answer: Held | None) -> Held:
    if answer is None:
        raise ValueError("RoutingReservation: an item that makes no sense")
    return answer
