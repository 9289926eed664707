"""The customers' side of the floor: contacts arrive, wait, are answered, passed on or given up.

A discrete-event simulation. Waits are not drawn: they come from contacts that find no free agent.
A waiting contact is answered in order of priority, then of time; a free agent takes the one that
waits longest in the queues of the routing profile; a contact that finds several free agents goes to
the one who had the customer last, else to the one who is idle longest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion.centre import identifier
from ingestion.closing import Closing
from ingestion.conversations import Conversations
from ingestion.desks import Desks
from ingestion.floor_state import Clock, Desk, Leg, Slot
from ingestion.lines import Lines
from ingestion.rhythm import HOUR_MS, Arrival, arrivals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from ingestion.centre import Centre
    from ingestion.outbox import Outbox

# Shares of contacts, agents' offers and the like, as one sees them in service centres.
_SELF_SERVED, _UNLABELLED, _ANONYMOUS = 0.04, 0.02, 0.03
_CALLED_BACK, _MOVED_ON = 0.35, 0.08
_REFUSALS = (("MISSED", 0.014, 20), ("REJECTED", 0.018, 5), ("ERROR", 0.019, 3))

_RING_S = (1, 5)
_CALLBACK_OFFER_S, _MOVE_ON_S = 90, 70
_LONGEST_PATIENCE_MS = 2 * HOUR_MS


class Floor:
    """One run of a centre from `start` (ms since the epoch) for a number of days."""

    def __init__(self, centre: Centre, start: int, days: int, rng: Random, outbox: Outbox) -> None:
        self._centre = centre
        self._rng = rng
        self._closing = Closing(centre, rng, outbox)
        self._clock = Clock()
        self._desks = Desks(centre, self._clock, rng, outbox, self._pull)
        self._desks.plan_days(start, days)
        self._lines = Lines(centre)
        self._conversations = Conversations(
            self._desks, self._clock, rng, self._closing, self._enqueue
        )
        self._coming = arrivals(centre, start, days, rng)
        self._expect()

    def instants(self) -> Iterator[int]:
        """Every instant at which something happened, until the last agent has gone home."""
        return self._clock.instants()

    # Arrival and queueing

    def _expect(self) -> None:
        arrival = next(self._coming, None)
        if arrival is not None:
            self._clock.at(arrival.at_ms, self._arrive, arrival)

    def _arrive(self, now: int, arrival: Arrival) -> None:
        self._expect()
        rng = self._rng
        leg = Leg(
            contact_id=identifier(rng),
            channel=arrival.channel,
            method="INBOUND" if arrival.channel == "VOICE" else "API",
            initiated=now,
            category=arrival.category,
            task=arrival.task,
            customer=arrival.customer,
            queue=arrival.category.queue,
            is_labelled=rng.random() >= _UNLABELLED,
            is_anonymous=rng.random() < _ANONYMOUS,
            connected_to_system=now,
        )
        in_flow_ms = rng.randint(5, 40) * 1000
        ends_there = rng.random() < _SELF_SERVED
        self._clock.at(now + in_flow_ms, self._end_in_flow if ends_there else self._leave_flow, leg)

    def _end_in_flow(self, now: int, leg: Leg) -> None:
        leg.disconnected, leg.reason = now, "CONTACT_FLOW_DISCONNECT"
        self._closing.finish(leg)

    def _leave_flow(self, now: int, leg: Leg) -> None:
        if self._desks.is_staffed(leg.queue):
            self._enqueue(now, leg)
        else:
            self._end_in_flow(now, leg)

    def _patience_ms(self, leg: Leg) -> int:
        """How long the customer would wait, in whole seconds; tasks and callbacks expire late."""
        if leg.channel == "TASK" or leg.method == "CALLBACK":
            return _LONGEST_PATIENCE_MS
        scale = self._centre.patience_s * (2 if leg.channel == "CHAT" else 1)
        drawn = self._rng.weibullvariate(scale, self._centre.patience_shape)
        return min(int(drawn) + 2, _LONGEST_PATIENCE_MS // 1000) * 1000

    def _enqueue(self, now: int, leg: Leg, patience_ms: int | None = None) -> None:
        leg.enqueued = now
        if patience_ms is None:
            patience_ms = self._patience_ms(leg)
        self._clock.at(now + patience_ms, self._give_up, leg)
        if leg.method == "INBOUND":
            drawn = self._rng.random()
            if drawn < _CALLED_BACK:
                self._clock.at(now + _CALLBACK_OFFER_S * 1000, self._call_back_later, leg)
            elif drawn < _CALLED_BACK + _MOVED_ON:
                self._clock.at(now + _MOVE_ON_S * 1000, self._move_on, leg)
        self._offer(now, leg)

    def _offer(self, now: int, leg: Leg) -> None:
        free = [desk for desk in self._desks.holding(leg.queue) if desk.takes(leg.channel)]
        if free:
            last = self._desks.last_of(leg.customer)
            chosen = min(free, key=lambda d: (d is not last, len(d.slots), d.idle_since, d.number))
            self._ring(now, chosen, leg)
        else:
            self._lines.join(now, leg)

    def _pull(self, now: int, desk: Desk) -> None:
        while leg := self._lines.longest_waiting(desk):
            self._ring(now, desk, leg)

    # Ringing

    def _ring(self, now: int, desk: Desk, leg: Leg) -> None:
        leg.attempts += 1
        is_callback = leg.method == "CALLBACK"
        self._desks.seat(now, desk, leg, "INCOMING" if is_callback else "CONNECTING")
        second = -(-now // 1000) * 1000
        drawn = self._rng.random()
        for state, share, after_s in _REFUSALS:
            if drawn < share:
                self._clock.at(second + after_s * 1000, self._refuse, leg, leg.slot, state)
                return
        ring_ms = self._rng.randint(*_RING_S) * 1000
        self._clock.at(second + ring_ms, self._answer, leg, leg.slot)

    def _refuse(self, now: int, leg: Leg, slot: Slot, state: str) -> None:
        if leg.slot is not slot or leg.desk is None:
            return
        desk, leg.desk, leg.slot = leg.desk, None, None
        self._desks.move(now, desk, slot, state)
        self._clock.at(now + self._rng.randint(4, 40) * 1000, self._acknowledge, desk, slot)
        self._offer(now, leg)

    def _acknowledge(self, now: int, desk: Desk, slot: Slot) -> None:
        self._desks.clear(now, desk, slot)
        self._desks.settle(now, desk)

    def _give_up(self, now: int, leg: Leg) -> None:
        if leg.dequeued is not None:
            return
        if leg.desk is not None and leg.slot is not None:
            desk, slot = leg.desk, leg.slot
            leg.desk = leg.slot = None
            self._acknowledge(now, desk, slot)
        if leg.consulting is not None:
            self._conversations.resume(now, leg.consulting)
        reason = "EXPIRED" if leg.channel == "TASK" else "CUSTOMER_DISCONNECT"
        self._leave_queue(now, leg, reason)

    def _leave_queue(self, now: int, leg: Leg, reason: str) -> None:
        leg.dequeued = leg.disconnected = now
        leg.reason = reason
        self._closing.finish(leg)

    def _call_back_later(self, now: int, leg: Leg) -> None:
        if leg.dequeued is not None or leg.slot is not None:
            return
        callback = leg.followed_by(identifier(self._rng), "CALLBACK", leg.queue, now)
        self._leave_queue(now, leg, "CONTACT_FLOW_DISCONNECT")
        self._enqueue(now, callback)

    def _move_on(self, now: int, leg: Leg) -> None:
        """Put a caller who has waited long into another queue."""
        if leg.dequeued is not None or leg.slot is not None:
            return
        target = self._desks.other_queue([leg.queue])
        if target is not None:
            successor = leg.followed_by(identifier(self._rng), "QUEUE_TRANSFER", target, now)
            leg.transfer_completed = now
            self._leave_queue(now, leg, "CONTACT_FLOW_DISCONNECT")
            self._enqueue(now, successor)

    def _answer(self, now: int, leg: Leg, slot: Slot) -> None:
        if leg.slot is not slot or leg.desk is None:
            return
        leg.dequeued = leg.connected = now
        self._desks.move(now, leg.desk, slot, "CONNECTED")
        self._conversations.start(now, leg, leg.desk)
