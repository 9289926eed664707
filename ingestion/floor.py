"""The customers' side of the floor: contacts arrive, wait, are answered, passed on or given up.

A discrete-event simulation. Waits are not drawn: they come from contacts that find no free agent.
A waiting contact is answered in order of priority, then of time; a free agent takes the one that
waits longest in the queues of the routing profile; a contact that finds several free agents goes to
the one who had the customer last, else to the one who is idle longest.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import log
from typing import TYPE_CHECKING

from ingestion import centre_records as records
from ingestion.centre import identifier
from ingestion.desks import Desks
from ingestion.floor_state import Clock, Desk, Leg, Slot
from ingestion.rhythm import DAY_MS, HOUR_MS, Arrival, arrivals
from ingestion.truth import NO_QUEUE, UNCATEGORISED, ContactFacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from ingestion.centre import Centre
    from ingestion.outbox import Outbox

# Shares of contacts, agents' offers and the like, as one sees them in service centres.
_SELF_SERVED, _UNLABELLED, _ANONYMOUS, _PREMIUM = 0.04, 0.02, 0.03, 0.05
_HELD, _PAUSED, _COLD, _WARM, _CALLED_BACK = 0.14, 0.2, 0.04, 0.025, 0.35
_CORRECTED, _REDACTED = 0.006, 0.004
_REFUSALS = (("MISSED", 0.014, 20), ("REJECTED", 0.018, 5), ("ERROR", 0.019, 3))

_RING_S = (1, 5)
_CALLBACK_OFFER_S = 90
_CONSULT_S, _CONSULT_PATIENCE_S = (20, 60), 150
_TALK_FACTORS = {"VOICE": 1.0, "CHAT": 1.7, "TASK": 1.2}
_TALK_SIGMA = 0.55
_LONGEST_PATIENCE_MS = 2 * HOUR_MS


class Floor:
    """One run of a centre from `start` (ms since the epoch) for a number of days."""

    def __init__(self, centre: Centre, start: int, days: int, rng: Random, outbox: Outbox) -> None:
        self._centre = centre
        self._rng = rng
        self._outbox = outbox
        self._truth = outbox.truth
        self._clock = Clock()
        self._desks = Desks(centre, self._clock, rng, outbox, self._pull)
        self._desks.plan_days(start, days)
        self._lines: dict[tuple[int, str], list[tuple[int, int, int, Leg]]] = {
            (number, channel): []
            for number, queue in enumerate(centre.queues)
            for channel in queue.channels
        }
        self._tickets = 0
        self._last_desk: list[Desk | None] = [None] * centre.customers
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
        self._finish(leg)

    def _leave_flow(self, now: int, leg: Leg) -> None:
        if self._desks.is_staffed(leg.queue):
            self._enqueue(now, leg, self._patience_ms(leg))
        else:
            self._end_in_flow(now, leg)

    def _patience_ms(self, leg: Leg) -> int:
        """How long the customer would wait, in whole seconds; tasks and callbacks expire late."""
        if leg.channel == "TASK" or leg.method == "CALLBACK":
            return _LONGEST_PATIENCE_MS
        scale = self._centre.patience_s * (2 if leg.channel == "CHAT" else 1)
        drawn = self._rng.weibullvariate(scale, self._centre.patience_shape)
        return min(int(drawn) + 2, _LONGEST_PATIENCE_MS // 1000) * 1000

    def _enqueue(self, now: int, leg: Leg, patience_ms: int) -> None:
        leg.enqueued = now
        self._clock.at(now + patience_ms, self._give_up, leg)
        if leg.method == "INBOUND" and self._rng.random() < _CALLED_BACK:
            self._clock.at(now + _CALLBACK_OFFER_S * 1000, self._call_back_later, leg)
        self._offer(now, leg)

    def _offer(self, now: int, leg: Leg) -> None:
        free = [desk for desk in self._desks.holding(leg.queue) if desk.takes(leg.channel)]
        if free:
            last = self._last_desk[leg.customer]
            chosen = min(free, key=lambda d: (d is not last, len(d.slots), d.idle_since, d.number))
            self._ring(now, chosen, leg)
        else:
            self._tickets += 1
            place = (self._priority(leg), leg.enqueued or now, self._tickets, leg)
            heappush(self._lines[leg.queue, leg.channel], place)

    def _priority(self, leg: Leg) -> int:
        """1 for premium customers, 2 for others, 3 for tasks, which nobody listens to music for."""
        if leg.customer < self._centre.customers * _PREMIUM**2:
            return 1
        return 3 if leg.channel == "TASK" else 2

    def _pull(self, now: int, desk: Desk) -> None:
        while leg := self._longest_waiting(desk):
            self._ring(now, desk, leg)

    def _longest_waiting(self, desk: Desk) -> Leg | None:
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
        line = self._lines[queue, channel]
        while line and line[0][3].dequeued is not None:
            heappop(line)
        return line

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
        leg.dequeued = leg.disconnected = now
        leg.reason = "EXPIRED" if leg.channel == "TASK" else "CUSTOMER_DISCONNECT"
        if leg.desk is not None and leg.slot is not None:
            desk, slot = leg.desk, leg.slot
            leg.desk = leg.slot = None
            self._acknowledge(now, desk, slot)
        if leg.consulting is not None:
            self._go_on(now, leg.consulting)
            self._clock.at(now + 20_000, self._hang_up, leg.consulting, "CUSTOMER_DISCONNECT")
        self._finish(leg)

    def _call_back_later(self, now: int, leg: Leg) -> None:
        if leg.dequeued is not None or leg.slot is not None:
            return
        callback = self._successor(now, leg, "CALLBACK", leg.queue)
        leg.dequeued = leg.disconnected = now
        leg.reason = "CONTACT_FLOW_DISCONNECT"
        self._finish(leg)
        self._enqueue(now, callback, self._patience_ms(callback))

    # Conversation

    def _answer(self, now: int, leg: Leg, slot: Slot) -> None:
        if leg.slot is not slot or leg.desk is None:
            return
        leg.dequeued = leg.connected = now
        self._desks.move(now, leg.desk, slot, "CONNECTED")
        if leg.consulting is not None:
            self._go_on(now, leg.consulting)
            consult_ms = self._rng.randint(*_CONSULT_S) * 1000
            self._clock.at(now + consult_ms, self._hang_up, leg.consulting, "OTHER")
        if leg.method == "CALLBACK" and not self._is_reached(now, leg):
            self._clock.at(now + 25_000, self._hang_up, leg, "TELECOM_UNANSWERED")
        else:
            self._converse(now, leg, leg.desk)

    def _is_reached(self, now: int, leg: Leg) -> bool:
        if self._rng.random() < 0.12:
            return False
        leg.connected_to_system = now + self._rng.randint(4, 9) * 1000
        return True

    def _converse(self, now: int, leg: Leg, desk: Desk) -> None:
        rng = self._rng
        mean_s = leg.category.talk_s * _TALK_FACTORS[leg.channel] * _pace(desk, leg)
        talk_ms = 10_000 + self._duration_ms(mean_s)
        end = now + talk_ms
        if rng.random() < {"VOICE": _HELD, "TASK": _PAUSED}.get(leg.channel, 0.0):
            begin = now + int(talk_ms * rng.uniform(0.2, 0.8)) // 1000 * 1000
            length = rng.randint(10, 90) * 1000
            self._clock.at(begin, self._interrupt, leg)
            self._clock.at(begin + length, self._go_on, leg)
            end += length
        self._clock.at(end, self._conclude, leg)

    def _duration_ms(self, mean_s: float) -> int:
        drawn = self._rng.lognormvariate(log(mean_s) - _TALK_SIGMA**2 / 2, _TALK_SIGMA)
        return int(drawn) * 1000

    def _interrupt(self, now: int, leg: Leg) -> None:
        if leg.desk is not None and leg.slot is not None:
            state = "PAUSED" if leg.channel == "TASK" else "CONNECTED_ONHOLD"
            self._desks.move(now, leg.desk, leg.slot, state)

    def _go_on(self, now: int, leg: Leg) -> None:
        if leg.desk is None or leg.slot is None:
            return
        length = now - leg.slot.state_at
        if leg.slot.state == "PAUSED":
            leg.paused += length
            leg.pauses += 1
        else:
            leg.held += length
            leg.holds += 1
            leg.longest_hold = max(leg.longest_hold, length)
        self._desks.move(now, leg.desk, leg.slot, "CONNECTED")

    def _conclude(self, now: int, leg: Leg) -> None:
        drawn = self._rng.random()
        target = self._transfer_target(leg) if drawn < _COLD + _WARM else None
        if target is None:
            by_agent = self._rng.random() < 0.2
            self._hang_up(now, leg, "AGENT_DISCONNECT" if by_agent else "CUSTOMER_DISCONNECT")
        elif drawn < _COLD:
            self._transfer(now, leg, target)
        else:
            self._consult(now, leg, target)

    def _transfer_target(self, leg: Leg) -> int | None:
        """A staffed queue that the agent does not hold, None where a transfer makes no sense."""
        if leg.channel != "VOICE" or leg.method == "TRANSFER" or leg.desk is None:
            return None
        own = leg.desk.agent.profile.queues
        others = [q for q in range(len(self._centre.queues)) if q not in own]
        staffed = [queue for queue in others if self._desks.is_staffed(queue)]
        return self._rng.choice(staffed) if staffed else None

    def _transfer(self, now: int, leg: Leg, target: int) -> None:
        successor = self._successor(now, leg, "TRANSFER", target)
        leg.transfer_completed = now
        self._hang_up(now, leg, "OTHER")
        self._enqueue(now, successor, self._patience_ms(successor))

    def _consult(self, now: int, leg: Leg, target: int) -> None:
        successor = self._successor(now, leg, "TRANSFER", target)
        successor.consulting = leg
        self._interrupt(now, leg)
        self._enqueue(now, successor, _CONSULT_PATIENCE_S * 1000)

    def _successor(self, now: int, leg: Leg, method: str, queue: int) -> Leg:
        """The contact that follows `leg` for the same customer; both know of each other."""
        leg.next_id = identifier(self._rng)
        return Leg(
            contact_id=leg.next_id,
            channel=leg.channel,
            method=method,
            initiated=now,
            category=leg.category,
            task=leg.task,
            customer=leg.customer,
            queue=queue,
            is_labelled=leg.is_labelled,
            is_anonymous=leg.is_anonymous,
            initial_id=leg.initial_id or leg.contact_id,
            previous_id=leg.contact_id,
            connected_to_system=None if method == "CALLBACK" else now,
        )

    # The end

    def _hang_up(self, now: int, leg: Leg, reason: str) -> None:
        if leg.desk is None or leg.slot is None:
            return
        leg.disconnected, leg.reason = now, reason
        self._desks.move(now, leg.desk, leg.slot, "ENDED")
        mean_s = leg.category.after_s * _pace(leg.desk, leg)
        self._clock.at(now + 2000 + self._duration_ms(mean_s), self._wrap_up, leg)

    def _wrap_up(self, now: int, leg: Leg) -> None:
        if leg.desk is None or leg.slot is None:
            return
        leg.ended = now
        self._desks.clear(now, leg.desk, leg.slot)
        self._last_desk[leg.customer] = leg.desk
        if self._rng.random() < leg.desk.agent.case_share:
            self._desks.open_case(now, leg.desk, leg)
        self._finish(leg)
        self._desks.settle(now, leg.desk)

    def _finish(self, leg: Leg) -> None:
        """Send the record, for a few a newer version days later, and count the contact."""
        rng = self._rng
        told = max(leg.disconnected or 0, leg.ended or 0) + rng.randint(62, 68) * 1000
        self._send(leg, told, is_update=False)
        if self._is_revised(leg):
            self._send(leg, told + rng.randint(3600, 2 * DAY_MS // 1000) * 1000, is_update=True)
        self._truth.contact(_facts(self._centre, leg))

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


def _pace(desk: Desk, leg: Leg) -> float:
    """Factor on the working times: the agent's own, less with more proficiency in the queue."""
    queues = desk.agent.profile.queues
    level = desk.levels[queues.index(leg.queue)] if leg.queue in queues else 1
    return desk.agent.pace * (1.12 - 0.04 * level)


def _facts(centre: Centre, leg: Leg) -> ContactFacts:
    wait = handle = None
    if leg.enqueued is not None and leg.dequeued is not None:
        wait = leg.dequeued - leg.enqueued
    if leg.connected is not None:
        handle = records.interaction_ms(leg) + leg.held + leg.paused + records.after_contact_ms(leg)
    return ContactFacts(
        category=leg.category.name if leg.is_labelled else UNCATEGORISED,
        task=leg.task if leg.is_labelled else UNCATEGORISED,
        queue=NO_QUEUE if wait is None else centre.queues[leg.queue].name,
        channel=leg.channel,
        initiated_ms=leg.initiated,
        wait_ms=wait,
        handle_ms=handle,
        is_abandoned=leg.is_abandoned,
    )
