"""What an agent is doing now, and whether the agent can take a contact: pure.

Instants that only differ from others here are epoch seconds, because thousands are compared.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from lambdas.routing.event import Contact
from lambdas.routing.policy import Policy, Skills

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Slots(NamedTuple):
    """An agent's places for contacts of one channel: how many at most, free, and taken."""

    most: int
    available: int
    active: int


class AgentState(NamedTuple):
    """What is known of an agent; `seen_at` (aware) is the instant of the newest event.

    `pending` maps a contact that the agent was promised to the second at which the promise ends.
    A contact leaves it when it shows at an agent, so that it counts either here or in `slots`.
    `taken` are the seconds at which contacts came to the agent, oldest first. `version` counts the
    writes: who writes on an older one than the stored is refused.
    """

    agent_id: str
    is_routable: bool = False
    seen_at: datetime | None = None
    slots: Mapping[str, Slots] = _NOTHING
    next_status: str | None = None
    has_heartbeats: bool = False
    idle_since: datetime | None = None
    pending: Mapping[str, float] = _NOTHING
    taken: tuple[float, ...] = ()
    skills: Skills = _NOTHING
    version: int = 0


class Demand(NamedTuple):
    """What one contact asks of an agent at one instant."""

    contact_id: str | None
    channel: str
    skills: Skills
    now_s: float
    beaten_since: datetime
    changed_since: datetime
    cap: int
    is_cross_channel: bool

    def pending(self, agent: AgentState) -> int:
        """How many other contacts the agent is promised to; what has ended does not count."""
        if not agent.pending:
            return 0
        now_s, own = self.now_s, self.contact_id
        return sum(1 for who, ends in agent.pending.items() if ends > now_s and who != own)

    def is_met_by(self, agent: AgentState) -> bool:
        """Whether the agent can take the contact now, promises to other contacts counted."""
        if not self.is_on_duty(agent):
            return False
        pending = self.pending(agent)
        if pending >= agent.slots[self.channel].available or pending >= self.cap:
            return False
        return self._is_unmixed(agent)

    def is_on_duty(self, agent: AgentState) -> bool:
        """Whether the agent takes such contacts and was heard of; it may be busy."""
        if not agent.is_routable or agent.next_status or agent.seen_at is None:
            return False
        if agent.seen_at < (self.beaten_since if agent.has_heartbeats else self.changed_since):
            return False
        return self.channel in agent.slots and (not self.skills or self.is_skilled(agent))

    def is_skilled(self, agent: AgentState) -> bool:
        """Whether the agent has every skill at its least proficiency."""
        return all(agent.skills.get(skill, 0) >= level for skill, level in self.skills.items())

    def _is_unmixed(self, agent: AgentState) -> bool:
        """Connect's routing profiles keep an agent to one channel at a time, unless told so."""
        if self.is_cross_channel:
            return True
        for name, slots in agent.slots.items():
            if slots.active and name != self.channel:
                return False
        return True


def demand(contact: Contact, policy: Policy, now: datetime) -> Demand:
    """What the contact asks of an agent; a contact without a channel is a call."""
    return Demand(
        contact_id=contact.contact_id,
        channel=channel(contact.channel or "VOICE"),
        skills=policy.requires.get(contact.call_type or "", _NOTHING),
        now_s=now.timestamp(),
        beaten_since=now - timedelta(seconds=policy.heartbeat_s),
        changed_since=now - timedelta(seconds=policy.state_s),
        cap=policy.cap,
        is_cross_channel=policy.is_cross_channel,
    )


def channel(name: str) -> str:
    """A channel's one name: agent events call tasks TASKS, contacts TASK."""
    upper = name.upper()
    return "TASK" if upper == "TASKS" else upper


def taken_since(agent: AgentState, at: datetime) -> int:
    """How many contacts came to the agent after the instant."""
    return len(agent.taken) - bisect_right(agent.taken, at.timestamp()) if agent.taken else 0


def with_promise(agent: AgentState, contact_id: str, now_s: float, ends_s: float) -> AgentState:
    """The agent promised to the contact until `ends_s`; promises that have ended are left out."""
    running = {who: ends for who, ends in agent.pending.items() if ends > now_s}
    return agent._replace(pending=running | {contact_id: ends_s}, version=agent.version + 1)
