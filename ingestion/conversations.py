"""What follows once a contact has an agent: talk, holds, transfers, after-contact work, calls out.

Working times are log-normal around the category's mean, times the agent's own pace.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from ingestion.centre import AVAILABLE, BACK_OFFICE, identifier
from ingestion.floor_state import Leg

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from ingestion.closing import Closing
    from ingestion.desks import Desks
    from ingestion.floor_state import Clock, Desk

# Shares of contacts, as one sees them in service centres.
_HELD, _PAUSED, _BY_AGENT = 0.14, 0.2, 0.2
_OUTSIDE, _COLD, _WARM = 0.012, 0.04, 0.025
_PHONED, _UNREACHED = 0.08, 0.25

_PHONE_WITHIN_S, _UNANSWERED_S = 1500, 25
_CONSULT_S, _CONSULT_PATIENCE_S = (20, 60), 150
_TALK_FACTORS = {"VOICE": 1.0, "CHAT": 1.7, "TASK": 1.2}
_TALK_SIGMA = 0.55


class Conversations:
    """Contacts with their agents.

    `enqueue` is called with a contact that goes on to a queue, and with the time that it would wait
    there (ms), None where the customer has the usual patience.
    """

    def __init__(
        self,
        desks: Desks,
        clock: Clock,
        rng: Random,
        closing: Closing,
        enqueue: Callable[[int, Leg, int | None], None],
    ) -> None:
        self._desks = desks
        self._clock = clock
        self._rng = rng
        self._closing = closing
        self._enqueue = enqueue

    def start(self, now: int, leg: Leg, desk: Desk) -> None:
        """Begin the contact at the desk that has answered it; one who consulted goes on, too."""
        if leg.consulting is not None:
            self._go_on(now, leg.consulting)
            consult_ms = self._rng.randint(*_CONSULT_S) * 1000
            self._clock.at(now + consult_ms, self._hang_up, leg.consulting, "OTHER")
        if leg.method == "CALLBACK" and not self._is_reached(now, leg):
            self._clock.at(now + _UNANSWERED_S * 1000, self._hang_up, leg, "TELECOM_UNANSWERED")
        else:
            self._converse(now, leg, desk)

    def resume(self, now: int, leg: Leg) -> None:
        """Go back to a customer whose consultation nobody answered, and come to an end soon."""
        self._go_on(now, leg)
        self._clock.at(now + 20_000, self._hang_up, leg, "CUSTOMER_DISCONNECT")

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
            leg.interrupted = now
            self._desks.move(now, leg.desk, leg.slot, state)

    def _go_on(self, now: int, leg: Leg) -> None:
        if leg.desk is None or leg.slot is None:
            return
        leg.resumed = now
        length = now - leg.interrupted
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
        is_passed_on = drawn < _OUTSIDE + _COLD + _WARM and leg.channel == "VOICE"
        if is_passed_on and leg.method not in ("TRANSFER", "OUTBOUND"):
            self._pass_on(now, leg, drawn)
        else:
            self._part(now, leg)

    def _part(self, now: int, leg: Leg) -> None:
        by_agent = self._rng.random() < _BY_AGENT
        self._hang_up(now, leg, "AGENT_DISCONNECT" if by_agent else "CUSTOMER_DISCONNECT")

    def _pass_on(self, now: int, leg: Leg, drawn: float) -> None:
        """Transfer the contact to outside or to a queue that the agent does not hold."""
        if drawn < _OUTSIDE:
            self._transfer_outside(now, leg)
            return
        target = self._desks.other_queue(leg.desk.agent.profile.queues) if leg.desk else None
        if target is None:
            self._part(now, leg)
        elif drawn < _OUTSIDE + _COLD:
            self._transfer(now, leg, target)
        else:
            self._consult(now, leg, target)

    def _transfer_outside(self, now: int, leg: Leg) -> None:
        """Leave the customer with somebody outside the centre, to talk on."""
        leg.transfer_completed, leg.is_external = now, True
        self._hang_up(now, leg, "CUSTOMER_DISCONNECT")
        leg.disconnected = now + self._rng.randint(15, 900) * 1000

    def _transfer(self, now: int, leg: Leg, target: int) -> None:
        successor = leg.followed_by(identifier(self._rng), "TRANSFER", target, now)
        leg.transfer_completed = now
        self._hang_up(now, leg, "OTHER")
        self._enqueue(now, successor, None)

    def _consult(self, now: int, leg: Leg, target: int) -> None:
        successor = leg.followed_by(identifier(self._rng), "TRANSFER", target, now)
        successor.consulting = leg
        self._interrupt(now, leg)
        self._enqueue(now, successor, _CONSULT_PATIENCE_S * 1000)

    def _hang_up(self, now: int, leg: Leg, reason: str) -> None:
        if leg.desk is None or leg.slot is None:
            return
        leg.left = leg.disconnected = now
        leg.reason = reason
        self._desks.move(now, leg.desk, leg.slot, "ENDED")
        mean_s = leg.category.after_s * _pace(leg.desk, leg)
        self._clock.at(now + 2000 + self._duration_ms(mean_s), self._wrap_up, leg)

    def _wrap_up(self, now: int, leg: Leg) -> None:
        if leg.desk is None or leg.slot is None:
            return
        leg.ended = now
        self._desks.clear(now, leg.desk, leg.slot)
        self._desks.remember(leg.customer, leg.desk)
        if self._rng.random() < leg.desk.agent.case_share:
            self._desks.open_case(now, leg.desk, leg)
        self._plan_call(now, leg)
        self._closing.finish(leg)
        self._desks.settle(now, leg.desk)

    # Agents phone

    def _plan_call(self, now: int, leg: Leg) -> None:
        """Let the agent phone the customer of a contact again, for some."""
        if self._rng.random() < _PHONED:
            after_s = self._rng.randint(5, _PHONE_WITHIN_S)
            self._clock.at(now + after_s * 1000, self._phone, leg.desk, leg)

    def _phone(self, now: int, desk: Desk, earlier: Leg) -> None:
        if not desk.is_idle or desk.status not in (AVAILABLE, BACK_OFFICE):
            return
        leg = Leg(
            contact_id=identifier(self._rng),
            channel="VOICE",
            method="OUTBOUND",
            initiated=now,
            category=earlier.category,
            task=earlier.task,
            customer=earlier.customer,
            queue=desk.agent.profile.queues[0],
            is_labelled=earlier.is_labelled,
        )
        self._desks.seat(now, desk, leg, "CONNECTING")
        if self._rng.random() < _UNREACHED:
            self._clock.at(now + _UNANSWERED_S * 1000, self._hang_up, leg, "TELECOM_UNANSWERED")
        else:
            self._clock.at(now + self._rng.randint(4, 15) * 1000, self._pick_up, leg, desk)

    def _pick_up(self, now: int, leg: Leg, desk: Desk) -> None:
        leg.connected = leg.connected_to_system = now
        if leg.slot is not None:
            self._desks.move(now, desk, leg.slot, "CONNECTED")
        self._converse(now, leg, desk)


def _pace(desk: Desk, leg: Leg) -> float:
    """Factor on the working times: the agent's own, less with more proficiency in the queue."""
    queues = desk.agent.profile.queues
    level = desk.levels[queues.index(leg.queue)] if leg.queue in queues else 1
    return desk.agent.pace * (1.12 - 0.04 * level)
