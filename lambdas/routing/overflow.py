"""Which queue lends an agent to a contact whose own agents are all busy: pure.

Lending at once with one agent kept back had the least waiting of the policies that were simulated;
waiting first gives half of that away. Every queue that a contact has been in is closed to it, and
two transfers are the most, so no contact goes round in circles. A queue goes by its call type.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from lambdas.routing.decision import Decision, Reason, draw
from lambdas.routing.event import Contact
from lambdas.routing.live import AgentState, demand
from lambdas.routing.policy import Lender, Policy

MOST_TRANSFERS = 2

_BUSY = frozenset({Reason.ALL_BUSY, Reason.NONE_FREE, Reason.NONE_SKILLED})


class Loan(NamedTuple):
    """The agent whom the lender gives, and those who stay free for its own contacts."""

    lender: Lender
    agent: AgentState
    kept: tuple[AgentState, ...]


def been(contact: Contact, policy: Policy) -> tuple[str, ...]:
    """The queues closed to the contact: its own, if that has lenders, and those it came with.

    A list that closes all queues stays as it is, so that it never grows too long to be read.
    """
    if len(contact.visited) > MOST_TRANSFERS:
        return contact.visited
    own = contact.call_type
    return tuple(dict.fromkeys((*contact.visited, *((own,) if own in policy.lenders else ()))))


def open_lenders(contact: Contact, decision: Decision, policy: Policy) -> tuple[Lender, ...]:
    """Those to ask, in the recommended order; none where an agent is free or nobody knows."""
    closed = been(contact, policy)
    is_busy = decision.reason in _BUSY and decision.lender is None
    if not is_busy or contact.contact_id is None or len(closed) > MOST_TRANSFERS:
        return ()
    lenders = policy.lenders.get(contact.call_type or "", ())
    return tuple(lender for lender in lenders if lender.call_type not in closed)


def loan(
    contact: Contact, lender: Lender, agents: Iterable[AgentState], policy: Policy, now: datetime
) -> Loan | None:
    """What the lender with these agents can give now; None where its reserve would be touched.

    Only agents who could take this very contact count. Which of them is lent is drawn by lot, so
    that contacts of one moment do not all meet at the same one.
    """
    asks = demand(contact, policy, now)
    free = [agent for agent in agents if asks.is_met_by(agent)]
    free.sort(key=lambda agent: draw(contact.contact_id or "", agent.agent_id))
    if len(free) <= lender.reserve:
        return None
    return Loan(lender, free[0], tuple(free[1 : lender.reserve + 1]))
