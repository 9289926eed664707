"""Which agents should be offered a contact: pure, so that it can be replayed and simulated.

The associated agent comes first, then the agents with the least workload for the call type, else
the flow's default queue. The same contact over the same data is always answered alike, because
Connect retries.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from lambdas.routing.event import Contact

MOST_AGENTS = 10
LONGEST_AGENT_ID = 256
NONE = "NONE"  # a flow has no test for a blank, and rejects an empty string

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
)


class Reason(StrEnum):
    """Why a decision is what it is; the last three are given when there was none to make."""

    ASSOCIATED_AGENT = "ASSOCIATED_AGENT"
    LEAST_WORKLOAD = "LEAST_WORKLOAD"
    WIDENED = "WIDENED"
    STALE = "STALE"
    NO_CANDIDATES = "NO_CANDIDATES"
    NO_CALL_TYPE = "NO_CALL_TYPE"
    UNAVAILABLE = "UNAVAILABLE"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers a centre may turn; `version` comes back on the contact record.

    Scores older than `widen_after_s` are trusted less: twice as many agents, best of two at random.
    Older than `expire_after_s`, or dated more than `skew_s` ahead, they are not used at all.
    """

    n: int = 3
    widen_after_s: float = 300
    expire_after_s: float = 1800
    skew_s: float = 300
    priority: int = 5
    version: str = "v1"


class Candidate(NamedTuple):
    """An agent's workload (0 to 10000) for the call type, scored at `as_of` (aware, UTC)."""

    agent_name: str
    agent_id: str
    workload: int
    as_of: datetime


class Association(NamedTuple):
    """The agent who looks after this customer, until `expires_at` (None: until changed)."""

    agent_name: str
    agent_id: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What is known at this moment beside the scores."""

    association: Association | None = None


class Offer(NamedTuple):
    """An agent in the order of asking; `workload` is None for one who is not scored."""

    agent_name: str
    agent_id: str
    workload: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """`CANDIDATES` with the agents to ask in order, or `DEFAULT`; `detail` is for the log only."""

    decision: str
    reason: Reason
    agents: tuple[Offer, ...] = ()
    affinity: str | None = None
    data_age_s: float | None = None
    decision_id: str | None = None
    policy: Policy = Policy()
    detail: str | None = None


def choose(
    contact: Contact, candidates: Sequence[Candidate], state: State, policy: Policy, now: datetime
) -> Decision:
    """The decision for the contact. `now` is aware; `candidates` may come in any order."""
    fresh = _fresh(candidates, policy, now)
    age_s = min((_age_s(row, now) for row in fresh), default=None)
    is_widened = age_s is not None and age_s > policy.widen_after_s
    associated = _associated(state.association, candidates, now)
    others = [row for row in fresh if not associated or row.agent_id != associated[0].agent_id]
    ranked = (_best_of_two if is_widened else _least_workload)(contact, others)
    most = min((contact.n or policy.n) * (2 if is_widened else 1), MOST_AGENTS)
    agents = (*associated, *(Offer(*row[:3]) for row in ranked))[:most]
    return Decision(
        decision="CANDIDATES" if agents else "DEFAULT",
        reason=_reason(contact, candidates, agents, associated, is_widened),
        agents=agents,
        affinity=associated[0].agent_id if associated else None,
        data_age_s=age_s,
        decision_id=_decision_id(contact, agents, policy),
        policy=policy,
    )


def default(contact: Contact, reason: Reason, policy: Policy, detail: str) -> Decision:
    """The decision when none could be made: the flow's default queue takes the contact."""
    return Decision(
        "DEFAULT",
        reason,
        decision_id=_decision_id(contact, (), policy),
        policy=policy,
        detail=detail,
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
    }


def _fresh(candidates: Iterable[Candidate], policy: Policy, now: datetime) -> list[Candidate]:
    """The rows to choose from.

    Each score run names every agent, so a row that lags behind the newest one belongs to an agent
    who is no longer scored.
    """
    believed = [
        row
        for row in candidates
        if _has_id(row.agent_id)
        and -policy.skew_s <= (now - row.as_of).total_seconds() <= policy.expire_after_s
    ]
    newest_at = max((row.as_of for row in believed), default=now)
    return [
        row for row in believed if (newest_at - row.as_of).total_seconds() <= policy.widen_after_s
    ]


def _has_id(agent_id: str) -> bool:
    return agent_id.strip() == agent_id and 0 < len(agent_id) <= LONGEST_AGENT_ID


def _age_s(row: Candidate, now: datetime) -> float:
    return max(0.0, (now - row.as_of).total_seconds())


def _associated(
    association: Association | None, candidates: Iterable[Candidate], now: datetime
) -> tuple[Offer, ...]:
    if association is None or not _has_id(association.agent_id):
        return ()
    if association.expires_at is not None and association.expires_at <= now:
        return ()
    workloads = {row.agent_id: row.workload for row in candidates}
    agent_name, agent_id, _ = association
    return (Offer(agent_name, agent_id, workloads.get(agent_id)),)


def _least_workload(contact: Contact, rows: Iterable[Candidate]) -> list[Candidate]:
    return sorted(rows, key=lambda row: (row.workload, _lot(contact, row)))


def _best_of_two(contact: Contact, rows: Iterable[Candidate]) -> list[Candidate]:
    """Winners of pairs drawn by lot, then the losers.

    Old scores still tell the busy from the free, but no longer who is the freest: a fixed list
    would swamp its head.
    """
    drawn = sorted(rows, key=lambda row: _lot(contact, row))
    pairs = [
        sorted(drawn[place : place + 2], key=lambda row: row.workload)
        for place in range(0, len(drawn), 2)
    ]
    winners = [pair[0] for pair in pairs]
    return winners + _least_workload(contact, (row for pair in pairs for row in pair[1:]))


def _lot(contact: Contact, row: Candidate) -> bytes:
    """A draw that is fixed for a contact and an agent, and independent of other contacts."""
    return _digest(contact.contact_id or "", row.agent_id)


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(errors="replace"), digest_size=16).digest()


def _reason(
    contact: Contact,
    candidates: Sequence[Candidate],
    agents: Sequence[Offer],
    associated: Sequence[Offer],
    is_widened: bool,
) -> Reason:
    if associated:
        return Reason.ASSOCIATED_AGENT
    if agents:
        return Reason.WIDENED if is_widened else Reason.LEAST_WORKLOAD
    if contact.call_type is None:
        return Reason.NO_CALL_TYPE
    is_stale = any(_has_id(row.agent_id) for row in candidates)
    return Reason.STALE if is_stale else Reason.NO_CANDIDATES


def _decision_id(contact: Contact, agents: Sequence[Offer], policy: Policy) -> str | None:
    """The same for a retry with the same outcome; None where there is no contact to find it by."""
    if contact.contact_id is None:
        return None
    asked = (offer.agent_id for offer in agents)
    return _digest(contact.contact_id, contact.call_type or "", policy.version, *asked).hex()
