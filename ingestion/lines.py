"""The lines of a floor: contacts that wait because no agent was free when they came."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.centre import Centre
    from ingestion.floor_state import Desk, Leg

_PREMIUM = 0.05


class Lines:
    """One line for each queue and channel: by priority, then by time in queue."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._tickets = 0
        self._waiting: dict[tuple[int, str], list[tuple[int, int, int, Leg]]] = {
            (number, channel): []
            for number, queue in enumerate(centre.queues)
            for channel in queue.channels
        }

    def join(self, now: int, leg: Leg) -> None:
        """Let a contact wait; one that rang in vain keeps its place."""
        self._tickets += 1
        place = (self._priority(leg), leg.enqueued or now, self._tickets, leg)
        heappush(self._waiting[leg.queue, leg.channel], place)

    def _priority(self, leg: Leg) -> int:
        """1 for premium customers, 2 for others, 3 for tasks, which nobody listens to music for."""
        if leg.customer < self._centre.customers * _PREMIUM**2:
            return 1
        return 3 if leg.channel == "TASK" else 2

    def longest_waiting(self, desk: Desk) -> Leg | None:
        """The contact that is the desk's next, out of its line; None where it can take none."""
        lines = [
            line
            for queue in desk.agent.profile.queues
            for channel in self._centre.queues[queue].channels
            if (line := self._standing(queue, channel)) and desk.takes(channel)
        ]
        if not lines:
            return None
        return heappop(min(lines, key=lambda line: line[0][:3]))[3]

    def _standing(self, queue: int, channel: str) -> list[tuple[int, int, int, Leg]]:
        """The line without those at its head who have left."""
        line = self._waiting[queue, channel]
        while line and line[0][3].dequeued is not None:
            heappop(line)
        return line
