"""What a centre's floor knows at one instant: contacts, desks, cases, and what is to happen next.

Everything here changes as the simulated clock goes on. Instants are milliseconds since the epoch;
those of contacts are whole seconds, because contact records know no finer ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from ingestion.centre import AVAILABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingestion.centre import Agent, Category
    from ingestion.rhythm import Activity


class Clock:
    """What is to happen, in order of time; what was planned first goes first at a tie."""

    def __init__(self) -> None:
        self._planned: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self._number = 0

    def at(self, instant: int, action: Callable[..., None], *arguments: object) -> None:
        """Plan `action(instant, *arguments)`."""
        self._number += 1
        heappush(self._planned, (instant, self._number, action, arguments))

    def instants(self) -> Iterator[int]:
        """Every instant at which something happened, just after it did, until nothing is left."""
        planned = self._planned
        while planned:
            instant, _, action, arguments = heappop(planned)
            action(instant, *arguments)
            yield instant


@dataclass(slots=True, eq=False)
class Leg:
    """One contact: from its start to one agent's after-contact work, or to its end unanswered."""

    contact_id: str
    channel: str
    method: str
    initiated: int
    category: Category
    task: str
    customer: int
    queue: int
    is_labelled: bool = True
    is_anonymous: bool = False
    is_redacted: bool = False
    initial_id: str | None = None
    previous_id: str | None = None
    next_id: str | None = None
    connected_to_system: int | None = None
    enqueued: int | None = None
    dequeued: int | None = None
    connected: int | None = None
    disconnected: int | None = None
    ended: int | None = None  # of after-contact work
    transfer_completed: int | None = None
    reason: str | None = None
    attempts: int = 0
    desk: Desk | None = None  # where it is ringing or was answered
    slot: Slot | None = None
    consulting: Leg | None = None  # the leg whose agent waits for this one to be answered
    held: int = 0
    holds: int = 0
    longest_hold: int = 0
    paused: int = 0
    pauses: int = 0

    @property
    def is_abandoned(self) -> bool:
        """Whether it was queued, never reached an agent and led nowhere."""
        return self.enqueued is not None and self.connected is None and self.next_id is None


@dataclass(slots=True, eq=False)
class Slot:
    """A contact as one agent sees it; `json` is its form in agent events."""

    leg: Leg
    state: str
    state_at: int
    json: str


@dataclass(slots=True, eq=False)
class Case:
    """A work item: offline work that an agent owes a customer."""

    item_id: str
    username: str
    category: str
    customer: int
    opened: int
    remaining_min: int


class Next(NamedTuple):
    """An activity that waits for the agent's contacts to end."""

    activity: Activity
    enqueued: int


@dataclass(slots=True, eq=False)
class Desk:
    """An agent at work, or not: status, contacts, open cases, and the last event told of it."""

    agent: Agent
    number: int
    levels: list[int]
    configuration: str  # the serialised configuration up to `Concurrency`
    is_online: bool = False
    is_leaving: bool = False
    shifts: int = 0  # begun so far
    status: str = AVAILABLE
    status_at: int = 0
    next: Next | None = None
    slots: list[Slot] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    idle_since: int = 0
    state: str | None = None  # activity by precedence since `event_at`; None while signed out
    event_at: int = 0
    snapshot: str = "null"  # as last told

    def takes(self, channel: str) -> bool:
        """Whether one more contact of the channel may ring here now."""
        if self.status != AVAILABLE or not self.is_online or self.is_leaving or self.next:
            return False
        if not self.slots:
            return True
        return (
            channel == "CHAT"
            and len(self.slots) < self.agent.chat_slots
            and all(slot.leg.channel == "CHAT" for slot in self.slots)
            and not any(slot.state in ("MISSED", "REJECTED", "ERROR") for slot in self.slots)
        )
