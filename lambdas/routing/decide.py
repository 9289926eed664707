"""A decision from the tables: what is known is read, the choice is made, the agent is promised."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ingestion.privacy import Tokens
from lambdas.routing.choose import Candidate, Rule, State, choose, fresh_candidates, has_id
from lambdas.routing.decision import Decision, Offer, Reason, default, draw, led_by
from lambdas.routing.event import Contact
from lambdas.routing.lending import lent, loans, with_loan
from lambdas.routing.live import AgentState, demand
from lambdas.routing.overflow import been
from lambdas.routing.policy import MOST_AGENTS, Policy
from lambdas.routing.reservations import Held, Promise, Refused
from lambdas.routing.tables import KEYS_A_READ, Tables

MOST_TRIES = 8


class Facts(NamedTuple):
    """What a decision is made from, or the answer that was given already.

    `former` is the agent whom the contact was promised for another call type.
    """

    candidates: list[Candidate]
    state: State
    held: Decision | None = None
    former: str | None = None


def decide(
    who: Contact,
    tables: Tables,
    tokens: Tokens,
    policy: Policy,
    now: datetime,
    rule: Rule = choose,
) -> Decision:
    """The decision that would be made now, without a promise; raises what the tables raise."""
    known = facts(who, tables, tokens, policy, now)
    decision = known.held or _ruled(who, known, known.state, policy, now, rule)
    loan = next(loans(who, decision, tables, policy, now), None)
    return decision if loan is None else with_loan(decision, loan, who)


def facts(who: Contact, tables: Tables, tokens: Tokens, policy: Policy, now: datetime) -> Facts:
    """What is known: scores, the customer's agent, an earlier answer, and the best agents' states.

    Two round trips; more where too few of the first hundred agents are free.
    """
    candidates = tables.candidates(who.queue) if who.queue else []
    ranked = [row.agent_id for row in fresh_candidates(candidates, policy, now)]
    known = tables.known(who.contact_id, customer_ids(who, tokens), ranked)
    if known.held is not None and known.held.answers(who, now):
        return Facts(candidates, State(known.association), known.held.decision)
    agents, owner = dict(known.agents), known.association
    asked = ranked[: len(ranked) - len(known.rest)]
    if owner is not None and has_id(owner.agent_id) and owner.agent_id not in asked:
        agents |= tables.agents([owner.agent_id])
    agents |= _more(who, tables, policy, now, agents, list(known.rest))
    former = known.held.agent_id if known.held and known.held.ends_s > now.timestamp() else None
    return Facts(candidates, State(known.association, agents), former=former)


def _more(
    who: Contact,
    tables: Tables,
    policy: Policy,
    now: datetime,
    agents: dict[str, AgentState],
    rest: list[str],
) -> dict[str, AgentState]:
    """The states of further agents, read until there are enough who can take the contact."""
    asks = demand(who, policy, now)
    found: dict[str, AgentState] = {}
    wanted = min(2 * (who.n or policy.n), MOST_AGENTS)
    free = sum(map(asks.is_met_by, agents.values()))
    while agents and rest and free < wanted:
        page = tables.agents(rest[:KEYS_A_READ])
        free += sum(map(asks.is_met_by, page.values()))
        found |= page
        rest = rest[KEYS_A_READ:]
    return found


def customer_ids(who: Contact, tokens: Tokens) -> list[str]:
    """The keys a customer may be stored under, best first: number, id, and the id as it is."""
    known = tokens.known_as(who.customer_address, who.customer_id)
    return [*known, who.customer_id] if who.customer_id else known


def decided(
    who: Contact,
    known: Facts,
    tables: Tables,
    policy: Policy,
    now: datetime,
    rule: Rule = choose,
) -> Decision:
    """The decision with an agent promised: an own one, or a lender's where they are all busy."""
    decision = reserved(who, known, tables, policy, now, rule)
    return lent(who, decision, tables, policy, now)


def reserved(
    who: Contact,
    known: Facts,
    tables: Tables,
    policy: Policy,
    now: datetime,
    rule: Rule = choose,
) -> Decision:
    """The decision with its first agent promised to the contact, where agents' states are kept.

    Only the first: to promise all n would take n free agents out of the centre for each call, and
    the flow looks at the others' availability itself before it asks them. When another contact was
    faster, the next agent is drawn from the best two, four, eight, so that a crowd of contacts
    spreads instead of meeting again at the second best. A contact that waits in the agents' queue
    already is promised none of them: Amazon Connect itself gives it to the first who is free.
    """
    if known.held is not None:
        return known.held
    if known.former is not None and who.contact_id is not None:
        tables.release(known.former, who.contact_id)
    state, first = known.state, _ruled(who, known, known.state, policy, now, rule)
    decision = first
    for turn in range(MOST_TRIES):
        if not decision.free or who.contact_id is None or who.is_waiting:
            return decision
        offer = _picked(who, decision, turn)
        agent = state.agents.get(offer.agent_id)
        if agent is None:
            return decision
        promised = led_by(decision, offer, who, len(first.agents))
        outcome = tables.reserve(Promise(who, agent, promised, now))
        if outcome is None:
            return promised
        if isinstance(outcome, Held):
            return outcome.decision
        state = _updated(state, agent.agent_id, outcome)
        decision = _ruled(who._replace(n=MOST_AGENTS), known, state, policy, now, rule)
    return default(who, Reason.CONTENDED, policy)


def _ruled(
    who: Contact, known: Facts, state: State, policy: Policy, now: datetime, rule: Rule
) -> Decision:
    """What the rule decides, with the queues where the contact has been."""
    decision = rule(who, known.candidates, state, policy, now)
    return replace(decision, visited=been(who, policy))


def _picked(who: Contact, decision: Decision, turn: int) -> Offer:
    """The customer's own agent or the best at first, then one drawn from the best 2, 4, 8."""
    circle = 1 if decision.affinity else min(2**turn, decision.free)
    return decision.agents[int.from_bytes(draw(who.contact_id or "", str(turn))) % circle]


def _updated(state: State, agent_id: str, outcome: Refused) -> State:
    """The state with the agent as the refusal shows it; one without an item is not there."""
    agent = outcome.agent or AgentState(agent_id)
    return State(state.association, {**state.agents, agent_id: agent})
