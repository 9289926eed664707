"""What routing decided, and how the flow is told: flat texts, always the same keys."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from lambdas.routing.event import NONE, SEPARATOR, Contact
from lambdas.routing.policy import DEFAULT, MOST_AGENTS, Policy

MOST_BYTES = 32_000  # Amazon Connect takes 32 KB

RESPONSE_KEYS = (
    "decision",
    "reason",
    "decisionId",
    "policy",
    "dataAgeSeconds",
    "count",
    *(f"agent{place}" for place in range(1, MOST_AGENTS + 1)),
    "priority",
    "affinity",
    "owner",
    "reserved",
    "overflowQueue",
    "visitedQueues",
)


class Reason(StrEnum):
    """Why a decision is what it is; those from UNAVAILABLE on are given when none was made."""

    ASSOCIATED_AGENT = "ASSOCIATED_AGENT"
    LEAST_WORKLOAD = "LEAST_WORKLOAD"
    WIDENED = "WIDENED"
    NO_LIVE_STATE = "NO_LIVE_STATE"  # by workload alone: no agent's state is known
    ALL_BUSY = "ALL_BUSY"  # none is free, and the policy says to name the best all the same
    NONE_FREE = "NONE_FREE"
    NONE_SKILLED = "NONE_SKILLED"
    CONTENDED = "CONTENDED"  # other contacts were faster at every agent that was tried
    STALE = "STALE"
    NO_CANDIDATES = "NO_CANDIDATES"
    NO_CALL_TYPE = "NO_CALL_TYPE"
    KILLED = "KILLED"
    UNAVAILABLE = "UNAVAILABLE"
    OUT_OF_TIME = "OUT_OF_TIME"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    FAILED = "FAILED"


class Owner(StrEnum):
    """What became of the customer's associated agent."""

    NONE = "NONE"
    OFFERED = "OFFERED"
    EXPIRED = "EXPIRED"
    BUSY = "BUSY"  # or away
    OVERLOADED = "OVERLOADED"


class Offer(NamedTuple):
    """An agent in the order of asking; `workload` is None for one who is not scored."""

    agent_name: str
    agent_id: str
    workload: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """`CANDIDATES` with the agents to ask in order, or `DEFAULT`.

    The first `free` of the agents could take the contact now. `reserved` is the agent who was
    promised to the contact. `lender` is the queue to move it to, whose agent that then is, and
    `visited` are the queues that are closed to it from then on. `detail` is for the log only.
    """

    decision: str
    reason: Reason
    agents: tuple[Offer, ...] = ()
    free: int = 0
    affinity: str | None = None
    data_age_s: float | None = None
    decision_id: str | None = None
    policy: Policy = DEFAULT
    owner: Owner = Owner.NONE
    reserved: str | None = None
    detail: str | None = None
    lender: str | None = None
    visited: tuple[str, ...] = ()


def default(
    contact: Contact, reason: Reason, policy: Policy, detail: str | None = None
) -> Decision:
    """The decision when none could be made: the flow's default queue takes the contact."""
    return Decision(
        "DEFAULT",
        reason,
        decision_id=decision_id_of(contact, (), policy),
        policy=policy,
        detail=detail,
        visited=contact.visited,
    )


def led_by(decision: Decision, offer: Offer, contact: Contact, most: int) -> Decision:
    """The decision with this agent first and reserved, and at most so many agents."""
    others = [each for each in decision.agents if each.agent_id != offer.agent_id]
    agents = (offer, *others)[:most]
    return replace(
        decision,
        agents=agents,
        reserved=offer.agent_id,
        decision_id=decision_id_of(contact, agents, decision.policy),
    )


def lent_by(decision: Decision, lender: str, agent_id: str, contact: Contact) -> Decision:
    """The decision with the lender's queue to move to, and its agent reserved."""
    visited = tuple(dict.fromkeys((*decision.visited, lender)))
    policy, agents = decision.policy, decision.agents
    return replace(
        decision,
        lender=lender,
        visited=visited,
        reserved=agent_id,
        decision_id=decision_id_of(contact, agents, policy, visited),
    )


def response(decision: Decision) -> dict[str, str]:
    """The decision as a flat STRING_MAP: always RESPONSE_KEYS, never an empty value."""
    agents = [offer.agent_id for offer in decision.agents]
    age_s = decision.data_age_s
    places = zip_longest(range(1, MOST_AGENTS + 1), agents, fillvalue=NONE)
    return {
        "decision": decision.decision,
        "reason": decision.reason.value,
        "decisionId": decision.decision_id or NONE,
        "policy": decision.policy.version or NONE,
        "dataAgeSeconds": NONE if age_s is None else str(round(age_s)),
        "count": str(len(agents)),
        **{f"agent{place}": agent for place, agent in places},
        "priority": str(decision.policy.priority),
        "affinity": decision.affinity or NONE,
        "owner": decision.owner.value,
        "reserved": decision.reserved or NONE,
        "overflowQueue": decision.lender or NONE,
        "visitedQueues": SEPARATOR.join(decision.visited) or NONE,
    }


def is_valid(answer: Mapping[str, object]) -> bool:
    """Whether a flow can take the answer: every key, each with a text, in 32 KB in all."""
    if not all(isinstance(value, str) and value.strip() for value in answer.values()):
        return False
    size = len(json.dumps(answer, ensure_ascii=False).encode(errors="replace"))
    return tuple(answer) == RESPONSE_KEYS and size <= MOST_BYTES


def draw(*parts: str) -> bytes:
    """A draw that is fixed for a contact and an agent, and independent of other contacts."""
    return hashlib.blake2b("\0".join(parts).encode(errors="replace"), digest_size=16).digest()


def decision_id_of(
    contact: Contact, agents: Sequence[Offer], policy: Policy, queues: Sequence[str] = ()
) -> str | None:
    """The same for a retry with the same outcome; None where there is no contact to find it by."""
    if contact.contact_id is None:
        return None
    asked = (offer.agent_id for offer in agents)
    told = (contact.contact_id, contact.call_type or "", policy.version, *asked, *queues)
    return draw(*told).hex()
