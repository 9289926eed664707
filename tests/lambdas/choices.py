"""Short words for what a choice is made of: candidates, live states, the contact and the policy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lambdas.routing.choose import (
    AgentState,
    Association,
    Candidate,
    Policy,
    State,
    choose,
)
from lambdas.routing.event import Contact
from lambdas.routing.live import Slots

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
CALL = Contact(contact_id="c-1", call_type="claims")
POLICY = Policy(n=3, offer_busy=False)  # so that a test sees who is free, and no more than three


def agents(*workloads, age_s=0):
    return [
        Candidate(f"agent-{place}", f"id-{place}", workload, NOW - timedelta(seconds=age_s))
        for place, workload in enumerate(workloads)
    ]


def numbers(**changes):
    return replace(POLICY, **changes)


def decided(candidates, contact=CALL, association=None, policy=POLICY, live=None):
    return choose(contact, candidates, State(association, live or {}), policy, NOW)


def free(agent_id, **values):
    """The live state of an agent who can take a call."""
    values = {"is_routable": True, "seen_at": NOW, "slots": {"VOICE": Slots(1, 1, 0)}} | values
    return AgentState(agent_id, **values)


def floor(*states):
    return {state.agent_id: state for state in states}


def all_free(count, **values):
    return floor(*(free(f"id-{place}", **values) for place in range(count)))


def ids(decision):
    return [offer.agent_id for offer in decision.agents]


def owner(agent_id="id-9", expires_at=None):
    return Association("agent-9", agent_id, expires_at)
