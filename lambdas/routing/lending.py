"""An agent lent from the tables: looked at only where a contact's own agents are all busy."""

from collections.abc import Iterator
from datetime import datetime

from lambdas.routing.decision import Decision, lent_by
from lambdas.routing.event import Contact
from lambdas.routing.overflow import Loan, loan, open_lenders
from lambdas.routing.policy import Policy
from lambdas.routing.reservations import Held, Promise
from lambdas.routing.scores import fresh_candidates
from lambdas.routing.tables import KEYS_A_READ, Tables

MOST_TRIES = 2  # at one lender, where other contacts were faster


def lent(
    who: Contact, decision: Decision, tables: Tables, policy: Policy, now: datetime
) -> Decision:
    """The decision with a lender's agent promised, or as it is where nobody can lend.

    The promise holds only if the agents kept back are still free as it is made, so contacts that
    ask at the same moment cannot take the reserve together. Raises what the tables raise.
    """
    for each in loans(who, decision, tables, policy, now):
        told = with_loan(decision, each, who)
        outcome = tables.reserve(Promise(who, each.agent, told, now, each.kept))
        if outcome is None:
            return told
        if isinstance(outcome, Held):
            return outcome.decision
    return decision


def loans(
    who: Contact, decision: Decision, tables: Tables, policy: Policy, now: datetime
) -> Iterator[Loan]:
    """The loans that can be made, the recommended lender's first, read as they are asked for.

    Two round trips a lender: the scores name its agents, of whom the hundred with the least
    workload are looked at. Who asks for the next was refused the last, so the lender is looked at
    again before the next one is.
    """
    for lender in open_lenders(who, decision, policy):
        rows = fresh_candidates(tables.candidates(lender.call_type), policy, now)
        agent_ids = [row.agent_id for row in rows[:KEYS_A_READ]]
        for _ in range(MOST_TRIES if agent_ids else 0):
            found = loan(who, lender, tables.agents(agent_ids).values(), policy, now)
            if found is None:
                break
            yield found


def with_loan(decision: Decision, found: Loan, who: Contact) -> Decision:
    """The decision that names the lender and its agent."""
    return lent_by(decision, found.lender.call_type, found.agent.agent_id, who)
