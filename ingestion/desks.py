"""The agents' side of the floor: signing in and out, statuses, offline work, and every event told.

One agent's events never share an instant: a second one in the same millisecond is told a
millisecond later, so that their order is their timestamps' order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingestion import centre_records as records
from ingestion.agent_truth import OUTBOUND_RING, Ring, doing
from ingestion.centre import AVAILABLE, BACK_OFFICE, OFFLINE, STATUS_TYPES, TRAINING, identifier
from ingestion.floor_state import Case, Desk, Next, Slot
from ingestion.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, shift

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from random import Random

    from ingestion.centre import Centre
    from ingestion.floor_state import Clock, Leg
    from ingestion.outbox import Outbox
    from ingestion.rhythm import Activity, Shift

HEART_BEAT_MS = 120_000
MOST_CASES = 25  # beyond these an agent hands nothing more to the back office
_CHUNK_MIN = 15  # a case is saved at least this often while it is worked on


class Desks:
    """All desks of a centre. `pull` is called with every desk that could take a contact now."""

    def __init__(
        self,
        centre: Centre,
        clock: Clock,
        rng: Random,
        outbox: Outbox,
        pull: Callable[[int, Desk], None],
    ) -> None:
        self._centre = centre
        self._clock = clock
        self._rng = rng
        self._outbox = outbox
        self._truth = outbox.truth
        self._pull = pull
        self._desks = [self._desk(number) for number in range(len(centre.agents))]
        self._last_of: list[Desk | None] = [None] * centre.customers
        self._by_queue: list[list[Desk]] = [[] for _ in centre.queues]
        for desk in self._desks:
            for queue in desk.agent.profile.queues:
                self._by_queue[queue].append(desk)

    def _desk(self, number: int) -> Desk:
        agent = self._centre.agents[number]
        levels = list(agent.levels)
        return Desk(agent, number, levels, records.configuration(self._centre, agent, levels))

    def holding(self, queue: int) -> list[Desk]:
        """The desks whose agents are signed in and stay, and take contacts of the queue."""
        return [d for d in self._by_queue[queue] if d.is_online and not d.is_leaving]

    def is_staffed(self, queue: int) -> bool:
        """Whether anybody who takes the queue's contacts is signed in and stays."""
        return any(desk.is_online and not desk.is_leaving for desk in self._by_queue[queue])

    def other_queue(self, known: Collection[int]) -> int | None:
        """A staffed queue that is not among those; None if there is no such queue."""
        others = [queue for queue in range(len(self._by_queue)) if queue not in known]
        staffed = [queue for queue in others if self.is_staffed(queue)]
        return self._rng.choice(staffed) if staffed else None

    def last_of(self, customer: int) -> Desk | None:
        """The desk that had the customer last."""
        return self._last_of[customer]

    def remember(self, customer: int, desk: Desk) -> None:
        """Note the desk that had the customer last."""
        self._last_of[customer] = desk

    # Contacts at a desk

    def seat(self, now: int, desk: Desk, leg: Leg, state: str) -> None:
        """Put a contact before the agent."""
        slot = Slot(leg, state, desk.next_event_at(now), "")
        slot.json = records.slot_json(records.slot_head(self._centre, leg), slot)
        leg.desk, leg.slot = desk, slot
        desk.slots.append(slot)
        self._tell(now, desk)

    def move(self, now: int, desk: Desk, slot: Slot, state: str) -> None:
        """Change the state of a contact before the agent."""
        at = desk.next_event_at(now)
        self._count_ring(at, desk, slot, state)
        slot.state, slot.state_at = state, at
        slot.json = records.slot_json(records.slot_head(self._centre, slot.leg), slot)
        self._tell(now, desk)

    def clear(self, now: int, desk: Desk, slot: Slot) -> None:
        """Take a contact away from the agent."""
        self._count_ring(desk.next_event_at(now), desk, slot, None)
        desk.slots.remove(slot)
        if not desk.slots:
            desk.idle_since = now
        self._tell(now, desk)

    def _count_ring(self, at: int, desk: Desk, slot: Slot, outcome: str | None) -> None:
        if slot.is_ringing:
            leg, name = slot.leg, desk.agent.username
            ring = Ring(name, leg.method, leg.channel, slot.state_at, at, outcome)
            self._truth.ring(ring)

    def settle(self, now: int, desk: Desk) -> None:
        """Let the agent go on to what waits: home, a break, or the next contact."""
        if desk.is_leaving:
            self._go_home(now, desk)
        elif not desk.slots and desk.next is not None:
            self._begin(now, desk, desk.next.activity)
        else:
            self._pull(now, desk)

    # Events

    def _tell(self, now: int, desk: Desk, kind: str = "STATE_CHANGE") -> None:
        at = desk.next_event_at(now)
        if desk.doing is not None:
            self._truth.agent_time(desk.agent.username, desk.doing, desk.event_at, at)
        previous, current = desk.snapshot, "null"
        if kind != "LOGIN":
            current = records.snapshot(self._centre, desk)
            states = tuple([_activity(slot) for slot in desk.slots])
            desk.doing = doing(states, is_custom=STATUS_TYPES[desk.status] == "CUSTOM")
        desk.snapshot, desk.event_at = current, at
        event_id = identifier(self._rng)
        arn = desk.agent.arn
        event = records.AgentEvent(arn, event_id, at, kind, current, previous)
        self._outbox.send("agent_event", arn, records.agent_event(self._centre, event), at)

    def _set_status(self, now: int, desk: Desk, status: str, kind: str = "STATE_CHANGE") -> None:
        desk.status = status
        desk.status_at = desk.next_event_at(now)
        self._tell(now, desk, kind)

    def _beat(self, now: int, desk: Desk, shifts: int) -> None:
        if not desk.is_online or desk.shifts != shifts:
            return
        if now - desk.event_at >= HEART_BEAT_MS:
            self._tell(now, desk, "HEART_BEAT")
        self._clock.at(desk.event_at + HEART_BEAT_MS, self._beat, desk, shifts)

    # Shifts

    def plan_days(self, start: int, days: int) -> None:
        """Plan who works when; those whose shift began on the eve sign in at the start."""
        for desk in self._desks:
            eve = shift(desk.agent, start - DAY_MS, self._rng)
            if eve is not None and eve.logout_ms > start + HOUR_MS:
                late = eve._replace(login_ms=start + self._rng.randint(1, 60_000))
                self._plan_shift(start, desk, late)
        for day_ms in range(start, start + days * DAY_MS, DAY_MS):
            self._clock.at(day_ms, self._plan_day)

    def _plan_day(self, now: int) -> None:
        for desk in self._desks:
            day = shift(desk.agent, now, self._rng)
            if day is not None:
                self._plan_shift(now, desk, day)

    def _plan_shift(self, now: int, desk: Desk, day: Shift) -> None:
        self._clock.at(day.login_ms, self._sign_in, desk)
        self._clock.at(day.logout_ms, self._leave, desk)
        for activity in day.activities:
            if activity.at_ms > now:
                self._clock.at(activity.at_ms, self._turn_to, desk, activity)

    def _sign_in(self, now: int, desk: Desk) -> None:
        desk.is_online, desk.is_leaving, desk.next = True, False, None
        desk.shifts += 1
        desk.snapshot = "null"
        self._tell(now, desk, "LOGIN")
        self._clock.at(now + self._rng.randint(250, 900), self._become_available, desk)
        self._clock.at(now + HEART_BEAT_MS, self._beat, desk, desk.shifts)

    def _become_available(self, now: int, desk: Desk) -> None:
        self._set_status(now, desk, AVAILABLE)
        desk.idle_since = now
        self._pull(now, desk)

    def _leave(self, now: int, desk: Desk) -> None:
        if desk.is_online:
            desk.is_leaving, desk.next = True, None
            self._go_home(now, desk)

    def _go_home(self, now: int, desk: Desk) -> None:
        """Sign the agent out once contacts, breaks and offline work are over."""
        if not desk.slots and desk.status == AVAILABLE:
            self._sign_out(now, desk)

    def _sign_out(self, now: int, desk: Desk) -> None:
        self._set_status(now, desk, OFFLINE, "LOGOUT")
        desk.is_online, desk.doing = False, None

    # Breaks and offline work

    def _turn_to(self, now: int, desk: Desk, activity: Activity) -> None:
        is_free = desk.is_online and not desk.is_leaving and desk.next is None
        if not is_free or desk.status != AVAILABLE:
            return
        if activity.status == BACK_OFFICE and not desk.cases:
            return
        if desk.slots:
            desk.next = Next(activity, now)
        else:
            self._begin(now, desk, activity)

    def _begin(self, now: int, desk: Desk, activity: Activity) -> None:
        desk.next = None
        self._set_status(now, desk, activity.status)
        until = now + activity.duration_ms
        self._clock.at(until, self._return, desk)
        if activity.status == BACK_OFFICE:
            self._take_case(now, desk, until)

    def _return(self, now: int, desk: Desk) -> None:
        if desk.is_leaving and not desk.slots:
            self._sign_out(now, desk)
            return
        if desk.status == TRAINING:
            self._raise_level(now, desk)
        self._become_available(now, desk)

    def _raise_level(self, now: int, desk: Desk) -> None:
        weakest = desk.levels.index(min(desk.levels))
        desk.levels[weakest] = min(5, desk.levels[weakest] + 1)
        desk.configuration = records.configuration(self._centre, desk.agent, desk.levels)
        self._tell(now, desk)

    def open_case(self, now: int, desk: Desk, leg: Leg) -> None:
        """Hand the rest of a contact's work to the agent's back office, if there is room."""
        if len(desk.cases) >= MOST_CASES:
            return
        case = Case(
            item_id=identifier(self._rng),
            username=desk.agent.username,
            category=leg.category.name,
            customer=leg.customer,
            opened=now,
            remaining_min=5 * self._rng.randint(2, 14),
        )
        desk.cases.append(case)
        self._truth.work(case.username, case.remaining_min)
        self._save(now, case, is_update=False)

    def _take_case(self, now: int, desk: Desk, until: int) -> None:
        if not desk.cases:
            return
        minutes = min(desk.cases[0].remaining_min, _CHUNK_MIN, (until - now) // MINUTE_MS)
        if minutes > 0:
            self._clock.at(now + minutes * MINUTE_MS, self._work_on, desk, minutes, until)

    def _work_on(self, now: int, desk: Desk, minutes: int, until: int) -> None:
        case = desk.cases[0]
        case.remaining_min -= minutes
        self._truth.work(case.username, -minutes)
        if case.remaining_min == 0:
            desk.cases.pop(0)
        self._save(now, case, is_update=True)
        self._take_case(now, desk, until)

    def _save(self, now: int, case: Case, *, is_update: bool) -> None:
        body = records.work_item(case, now)
        self._outbox.send("work_item", case.item_id, body, now, is_update=is_update)


def _activity(slot: Slot) -> str:
    """The state of a contact as the precedence of activities knows it."""
    if slot.state == "CONNECTING" and slot.leg.method == "OUTBOUND":
        return OUTBOUND_RING
    return slot.state
