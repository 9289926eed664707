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

    from ingestion.agent_truth import Doing
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
    next_method: str | None = None
    number: int = 1  # in its chain
    connected_to_system: int | None = None
    enqueued: int | None = None
    dequeued: int | None = None
    connected: int | None = None
    left: int | None = None  # by the agent, whose after-contact work begins
    disconnected: int | None = None  # by the customer
    ended: int | None = None  # of after-contact work
    transfer_completed: int | None = None
    is_external: bool = False  # transferred to a telephone number outside
    reason: str | None = None
    attempts: int = 0
    desk: Desk | None = None  # where it is ringing or was answered
    slot: Slot | None = None
    consulting: Leg | None = None  # the leg whose agent waits for this one to be answered
    interrupted: int = 0  # last time that a hold or a pause began
    resumed: int = 0  # last time that one ended
    held: int = 0
    holds: int = 0
    longest_hold: int = 0
    paused: int = 0
    pauses: int = 0

    def followed_by(self, contact_id: str, method: str, queue: int, now: int) -> Leg:
        """The contact that follows for the same customer, from now on; both know of each other."""
        self.next_id, self.next_method = contact_id, method
        return Leg(
            contact_id=contact_id,
            channel=self.channel,
            method=method,
            initiated=now,
            category=self.category,
            task=self.task,
            customer=self.customer,
            queue=queue,
            is_labelled=self.is_labelled,
            is_anonymous=self.is_anonymous,
            initial_id=self.initial_id or self.contact_id,
            previous_id=self.contact_id,
            number=self.number + 1,
            connected_to_system=None if method == "CALLBACK" else now,
        )


@dataclass(slots=True, eq=False)
class Slot:
    """A contact as one agent sees it; `json` is its form in agent events."""

    leg: Leg
    state: str
    state_at: int
    json: str

    @property
    def is_ringing(self) -> bool:
        """Whether the agent has yet to answer, or the customer whom the agent phones."""
        return self.state in ("CONNECTING", "INCOMING")


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
    doing: Doing | None = None  # since `event_at`; None while signed out
    event_at: int = 0
    snapshot: str = "null"  # as last told

    @property
    def is_idle(self) -> bool:
        """Whether the agent is at work, has no contact and is not about to turn to anything."""
        return self.is_online and not (self.is_leaving or self.next or self.slots)

    def next_event_at(self, now: int) -> int:
        """When the agent's next event is told: now, or just after the one before."""
        return max(now, self.event_at + 1)

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
