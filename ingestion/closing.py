"""The end of a contact: its record is sent, for a few a newer version too, and it is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion import centre_records as records
from ingestion.contact_truth import ContactFacts
from ingestion.rhythm import DAY_MS
from ingestion.truth import NO_QUEUE, UNCATEGORISED

if TYPE_CHECKING:
    from random import Random

    from ingestion.centre import Centre
    from ingestion.floor_state import Leg
    from ingestion.outbox import Outbox

_CORRECTED, _REDACTED = 0.006, 0.004


class Closing:
    """What becomes of contacts that are over."""

    def __init__(self, centre: Centre, rng: Random, outbox: Outbox) -> None:
        self._centre = centre
        self._rng = rng
        self._outbox = outbox

    def finish(self, leg: Leg) -> None:
        """Send the record, for a few a newer version days later, and count the contact."""
        rng = self._rng
        told = max(leg.disconnected or 0, leg.ended or 0) + rng.randint(62, 68) * 1000
        self._send(leg, told, is_update=False)
        if self._is_revised(leg):
            self._send(leg, told + rng.randint(3600, 2 * DAY_MS // 1000) * 1000, is_update=True)
        self._outbox.truth.contact(_facts(self._centre, leg))

    def _send(self, leg: Leg, told: int, *, is_update: bool) -> None:
        body = records.contact_record(self._centre, leg, told)
        self._outbox.send("contact_record", leg.contact_id, body, told, is_update=is_update)

    def _is_revised(self, leg: Leg) -> bool:
        """Whether the contact now has another category, or none of the customer's data."""
        drawn = self._rng.random()
        if drawn < _CORRECTED:
            others = [each for each in self._centre.categories if each is not leg.category]
            leg.category = self._rng.choice(others or [leg.category])
            leg.task = self._rng.choice(leg.category.tasks)
            leg.is_labelled = True
            return True
        leg.is_redacted = drawn < _CORRECTED + _REDACTED
        return leg.is_redacted


def _facts(centre: Centre, leg: Leg) -> ContactFacts:
    has_queue = leg.enqueued is not None or leg.method == "OUTBOUND"
    return ContactFacts(
        category=leg.category.name if leg.is_labelled else UNCATEGORISED,
        task=leg.task if leg.is_labelled else UNCATEGORISED,
        queue=centre.queues[leg.queue].name if has_queue else NO_QUEUE,
        channel=leg.channel,
        method=leg.method,
        initiated_ms=leg.initiated,
        disconnected_ms=leg.disconnected or leg.initiated,
        to_system_ms=leg.connected_to_system,
        enqueued_ms=leg.enqueued,
        dequeued_ms=leg.dequeued,
        agent=leg.desk.agent.username if leg.desk is not None else None,
        connected_ms=leg.connected,
        interaction_ms=records.interaction_ms(leg),
        hold_ms=leg.held,
        holds=leg.holds,
        pause_ms=leg.paused,
        after_contact_ms=records.after_contact_ms(leg),
        ended_ms=leg.ended,
        transferred_ms=leg.transfer_completed,
        is_external=leg.is_external,
        next_method=leg.next_method,
        is_agent_first=leg.reason == "AGENT_DISCONNECT",
        number=leg.number,
    )
