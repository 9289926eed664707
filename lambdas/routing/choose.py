"""Which agents should be offered a contact: pure, so that it can be replayed and simulated.

The associated agent comes first, then the agents with the least effective score among those who
can take the contact now, else the flow's default queue. The same contact over the same data is
always answered alike, because Connect retries.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from lambdas.routing.decision import (
    RESPONSE_KEYS,
    Decision,
    Offer,
    Owner,
    Reason,
    decision_id_of,
    default,
    draw,
    response,
)
from lambdas.routing.event import NONE, Contact
from lambdas.routing.live import AgentState, Demand, demand, taken_since
from lambdas.routing.policy import MOST_AGENTS, Policy
from lambdas.routing.scores import Candidate, fresh_candidates, has_id

__all__ = [
    "MOST_AGENTS",
    "NONE",
    "RESPONSE_KEYS",
    "AgentState",
    "Association",
    "Candidate",
    "Decision",
    "Offer",
    "Owner",
    "Policy",
    "Reason",
    "Rule",
    "State",
    "choose",
    "default",
    "fresh_candidates",
    "has_id",
    "response",
]

_NEVER = datetime.max.replace(tzinfo=UTC)


class Association(NamedTuple):
    """The agent who looks after this customer, until `expires_at` (None: until changed)."""

    agent_name: str
    agent_id: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What is known at this moment beside the scores.

    `agents` are the live states by agent id; empty means that the centre keeps none.
    """

    association: Association | None = None
    agents: Mapping[str, AgentState] = field(default_factory=dict)


Rule = Callable[[Contact, Sequence[Candidate], State, Policy, datetime], Decision]


def choose(
    contact: Contact, candidates: Sequence[Candidate], state: State, policy: Policy, now: datetime
) -> Decision:
    """The decision for the contact. `now` is aware; `candidates` may come in any order.

    A `Rule`, as any function of these arguments that a centre may put in its place.
    """
    fresh = fresh_candidates(candidates, policy, now)
    age_s = _age_s(fresh, now)
    is_widened = age_s is not None and age_s > policy.widen_after_s
    most = min((contact.n or policy.n) * (2 if is_widened else 1), MOST_AGENTS)
    floor = _Floor(contact, state, policy, now)
    owner, associated = floor.owner(fresh)
    others = [row for row in fresh if not associated or row.agent_id != associated[0].agent_id]
    ranked = floor.best_of_two(others) if is_widened else floor.least(others, most)
    free = (*associated, *(Offer(*row[:3]) for row in ranked))[:most]
    agents = (*free, *floor.busy(fresh, free, most - len(free)))
    return Decision(
        decision="CANDIDATES" if agents else "DEFAULT",
        reason=floor.reason(candidates, free, agents, associated, is_widened),
        agents=agents,
        free=len(free),
        affinity=associated[0].agent_id if associated else None,
        data_age_s=age_s,
        decision_id=decision_id_of(contact, agents, policy),
        policy=policy,
        owner=owner,
    )


def _age_s(rows: Sequence[Candidate], now: datetime) -> float | None:
    newest = max((row.as_of for row in rows), default=None)
    return None if newest is None else max(0.0, (now - newest).total_seconds())


class _Ranked(NamedTuple):
    """The order of asking: effective score, fewer pending, longest idle, lot; then the row."""

    score: float
    pending: int
    idle_since: datetime
    lot: bytes
    row: Candidate


class _Floor:
    """The agents as one contact finds them at one instant."""

    def __init__(self, contact: Contact, state: State, policy: Policy, now: datetime) -> None:
        self._contact, self._state, self._policy, self._now = contact, state, policy, now
        self._agents = state.agents
        self._is_served = bool(self._agents) or not policy.needs_live
        self._demand: Demand = demand(contact, policy, now)

    def owner(self, fresh: Iterable[Candidate]) -> tuple[Owner, tuple[Offer, ...]]:
        """What becomes of the associated agent, and the offer if there is one."""
        association = self._state.association
        if association is None or not has_id(association.agent_id):
            return Owner.NONE, ()
        agent_name, agent_id, expires_at = association
        if expires_at is not None and expires_at <= self._now:
            return Owner.EXPIRED, ()
        if not self._is_free(agent_id):
            return Owner.BUSY, ()
        row = next((row for row in fresh if row.agent_id == agent_id), None)
        if row is not None and self._ranked(row).score > self._policy.owner_limit:
            return Owner.OVERLOADED, ()
        return Owner.OFFERED, (Offer(agent_name, agent_id, row and row.workload),)

    def least(self, rows: Iterable[Candidate], most: int) -> list[Candidate]:
        """The free agents with the least effective score, best first.

        `rows` come by workload, and nothing makes a score less than the workload: the search ends
        where the rest cannot come before the `most` that are found.
        """
        found: list[_Ranked] = []
        bound = 0.0
        for row in rows:
            if len(found) >= most and row.workload > bound:
                break
            if self._is_free(row.agent_id):
                found.append(self._ranked(row))
                if len(found) <= most:
                    bound = max(bound, found[-1].score)
        return [each.row for each in sorted(found)[:most]]

    def best_of_two(self, rows: Iterable[Candidate]) -> list[Candidate]:
        """Winners of pairs of free agents drawn by lot, then the losers.

        Old scores still tell the busy from the free, but no longer who is the freest: a fixed list
        would swamp its head.
        """
        free = [self._ranked(row) for row in rows if self._is_free(row.agent_id)]
        free.sort(key=lambda each: each.lot)
        pairs = [sorted(free[place : place + 2]) for place in range(0, len(free), 2)]
        winners = [pair[0].row for pair in pairs]
        return winners + [each.row for each in sorted(each for pair in pairs for each in pair[1:])]

    def busy(self, rows: Iterable[Candidate], free: Sequence[Offer], most: int) -> list[Offer]:
        """Agents on duty who have no place now, those first who may soonest have one.

        Some are free again by the time that the flow asks, and the flow looks before it asks. The
        fewest promises come first, then the contact that came longest ago.
        """
        if most <= 0 or not self._policy.offer_busy or not self._agents:
            return []
        named = {offer.agent_id for offer in free}
        found = [
            (self._demand.pending(agent), max(agent.taken, default=0.0), self._lot(row), row)
            for row in rows
            if row.agent_id not in named
            and (agent := self._agents.get(row.agent_id)) is not None
            and self._demand.is_on_duty(agent)
        ]
        return [Offer(*row[:3]) for *_, row in sorted(found)[:most]]

    def reason(
        self,
        candidates: Iterable[Candidate],
        free: Sequence[Offer],
        agents: Sequence[Offer],
        associated: Sequence[Offer],
        is_widened: bool,
    ) -> Reason:
        """Why these agents, or why none."""
        if associated:
            return Reason.ASSOCIATED_AGENT
        if free and not self._agents:
            return Reason.NO_LIVE_STATE
        if free:
            return Reason.WIDENED if is_widened else Reason.LEAST_WORKLOAD
        return Reason.ALL_BUSY if agents else self._why_none(candidates)

    def _why_none(self, candidates: Iterable[Candidate]) -> Reason:
        if self._contact.call_type is None:
            return Reason.NO_CALL_TYPE
        fresh = fresh_candidates(candidates, self._policy, self._now)
        if not fresh:
            weights = self._policy.sources
            is_stale = any(weights.get(row.source) and has_id(row.agent_id) for row in candidates)
            return Reason.STALE if is_stale else Reason.NO_CANDIDATES
        if not self._is_served:
            return Reason.NO_LIVE_STATE
        is_skilled = any(self._is_skilled(row.agent_id) for row in fresh)
        return Reason.NONE_FREE if is_skilled else Reason.NONE_SKILLED

    def _is_free(self, agent_id: str) -> bool:
        """Whether the agent can be offered; where no state is kept, by skill alone."""
        if not self._agents:
            return self._is_served and not self._demand.skills
        agent = self._agents.get(agent_id)
        return agent is not None and self._demand.is_met_by(agent)

    def _is_skilled(self, agent_id: str) -> bool:
        if not self._demand.skills:
            return True
        agent = self._agents.get(agent_id)
        return agent is not None and self._demand.is_skilled(agent)

    def _ranked(self, row: Candidate) -> _Ranked:
        policy, agent = self._policy, self._agents.get(row.agent_id)
        age_s = max(0.0, (self._now - row.as_of).total_seconds())
        score = row.workload + policy.stale_unit * age_s / 60
        lot = self._lot(row)
        if agent is None:
            return _Ranked(score, 0, _NEVER, lot, row)
        pending = self._demand.pending(agent)
        score += policy.unit * (pending + taken_since(agent, row.as_of))
        return _Ranked(score, pending, agent.idle_since or _NEVER, lot, row)

    def _lot(self, row: Candidate) -> bytes:
        return draw(self._contact.contact_id or "", row.agent_id)
