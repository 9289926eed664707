"""A centre in which a routing policy decides who is asked: what it would bring, before it is on.

A discrete-event simulation of one day. What a policy sees is as old as it is in life: scores are
those of the last published snapshot, and a change of an agent's state is known some seconds after
it happened. What happens is not: a call goes to the first of the offered agents who is really free,
else into the default queue, from which free agents take the longest waiting call that they can.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from statistics import fmean, pstdev
from typing import NamedTuple

from transforms.workforce.score import Weights, workload


class Worker(NamedTuple):
    """An agent on duty from `from_s` to `to_s`; `pace` multiplies handle times.

    `backlog_minutes` of offline work are open at the start; the agent does it between calls.
    """

    agent_id: str
    skills: frozenset[str]
    from_s: float
    to_s: float
    pace: float = 1.0
    backlog_minutes: float = 0.0


class Call(NamedTuple):
    """A call as it would come, whoever takes it; `owner` is the associated agent, if any."""

    contact_id: str
    at_s: float
    call_type: str
    handle_s: float
    patience_s: float
    owner: str | None = None


class Case(NamedTuple):
    """Offline work that arrives for an agent."""

    at_s: float
    agent_id: str
    minutes: float


class Centre(NamedTuple):
    """A day: who works, who calls, which cases come. What happens before `from_s` is warm-up."""

    workers: Sequence[Worker]
    calls: Sequence[Call]
    cases: Sequence[Case] = ()
    from_s: float = 0.0


class Timing(NamedTuple):
    """How old what a policy sees is, and how long an offer takes, in seconds."""

    refresh_s: float = 300.0  # from one snapshot of the scores to the next
    publish_s: float = 60.0  # from a snapshot's instant until it can be read
    news_s: float = 5.0  # from a change of an agent's state until the router knows
    ring_s: float = 2.0  # from the decision until the flow tries the agents
    reserved_s: float = 60.0  # a reservation that nothing confirms ends then


class Score(NamedTuple):
    """An agent's row for a call type, scored at `as_of_s`."""

    agent_id: str
    workload: int
    as_of_s: float


class Live(NamedTuple):
    """What the router last heard of an agent: free or not, and since when."""

    is_free: bool
    since_s: float


class Seen(NamedTuple):
    """All that a policy may look at.

    `pending`: reservations of an agent that nothing has confirmed yet. `assigned`: the instants of
    an agent's reservations that were not released, confirmed or not.
    """

    now_s: float
    scores: Sequence[Score]
    live: Mapping[str, Live]
    pending: Mapping[str, int]
    assigned: Mapping[str, Sequence[float]]


class Offers(NamedTuple):
    """The agents to try, in order, and whom of them the router has reserved."""

    agents: Sequence[str]
    reserved: str | None = None


Policy = Callable[[Call, Seen], Offers]


class Outcome(NamedTuple):
    """What became of the calls after the warm-up. Shares are of all calls; times in seconds.

    `fallback_share`: none of the offered agents was free. `missed_share`: so although another agent
    who can take the call was. `placed_share`: an offered agent took it. `owner_share`: of the calls
    with an associated agent, those that reached that agent. Occupancies are time on calls over time
    on duty, of agents while they stand among the first three scores of a call type, and of others.
    `backlog_sd_minutes`: spread of open offline work over the agents, mean over snapshots.
    """

    calls: int
    fallback_share: float
    missed_share: float
    placed_share: float
    owner_share: float
    abandoned_share: float
    mean_wait_s: float
    p90_wait_s: float
    listed_occupancy: float
    other_occupancy: float
    backlog_sd_minutes: float

    @property
    def occupancy_gap(self) -> float:
        """Occupancy of listed agents less that of the others."""
        return self.listed_occupancy - self.other_occupancy


_FORGOTTEN_S = 7200.0  # no snapshot is that old
LISTED = 3  # as many as the published design offers


def simulated(centre: Centre, policy: Policy, timing: Timing, weights: Weights) -> Outcome:
    """The day under a policy. The same arguments give the same outcome; nothing is drawn here."""
    return _Day(centre, policy, timing, weights).outcome()


class _Agent:
    """An agent as he or she really is."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.is_on_duty = False
        self.is_free = False  # on duty and on no call
        self.call: Call | None = None
        self.since_s = worker.from_s  # of the present state; also of `backlog` and `occupancy`
        self.backlog_minutes = worker.backlog_minutes
        self.occupancy = 0.0
        self.is_listed = False
        self.spent_s = {(busy, listed): 0.0 for busy in (0, 1) for listed in (0, 1)}

    def advance(self, now_s: float, from_s: float, half_life_s: float) -> None:
        """Let time pass up to now: idle time does offline work."""
        passed_s = now_s - self.since_s
        if self.is_on_duty and passed_s > 0:
            kept = 2.0 ** (-passed_s / half_life_s)
            self.occupancy = self.occupancy * kept + (1 - kept) * (self.call is not None)
            if self.call is None:
                self.backlog_minutes = max(0.0, self.backlog_minutes - passed_s / 60)
            counted_s = max(0.0, now_s - max(self.since_s, from_s))
            self.spent_s[self.call is not None, self.is_listed] += counted_s
        self.since_s = now_s


class _Day:
    """The event loop: a heap of (second, tie-break, what to do)."""

    def __init__(self, centre: Centre, policy: Policy, timing: Timing, weights: Weights) -> None:
        self.centre, self.policy, self.timing, self.weights = centre, policy, timing, weights
        self.now_s = 0.0
        self.agents = {worker.agent_id: _Agent(worker) for worker in centre.workers}
        self.able: dict[str, list[_Agent]] = {}
        for agent in self.agents.values():
            for skill in sorted(agent.worker.skills):
                self.able.setdefault(skill, []).append(agent)
        self.scores: dict[str, list[Score]] = {}
        self.live: dict[str, Live] = {}
        self.pending = dict.fromkeys(self.agents, 0)
        self.assigned: dict[str, list[float]] = {agent_id: [] for agent_id in self.agents}
        self.waiting: dict[str, tuple[float, Call]] = {}  # by contact, in order of arrival
        self.waits: list[float] = []
        self.spreads: list[float] = []
        self.fell_back = self.missed = self.placed = self.abandoned = 0
        self.owned = self.kept = self.counted = 0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.order = count()
        self.coming = iter(sorted(centre.calls, key=lambda call: call.at_s))

    def outcome(self) -> Outcome:
        self._plan()
        while self.events:
            self.now_s, _, happens = heapq.heappop(self.events)
            happens()
        return self._told()

    def _plan(self) -> None:
        end_s = max((worker.to_s for worker in self.centre.workers), default=0.0)
        for agent in self.agents.values():
            self._at(agent.worker.from_s, partial(self._starts, agent))
            self._at(agent.worker.to_s, partial(self._leaves, agent))
        for case in self.centre.cases:
            self._at(case.at_s, partial(self._case, case))
        self._awaits_next()
        at_s = min((worker.from_s for worker in self.centre.workers), default=0.0)
        while at_s < end_s:
            self._at(at_s, self._snapshot)
            at_s += self.timing.refresh_s

    def _at(self, at_s: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self.events, (at_s, next(self.order), happens))

    # -- agents -------------------------------------------------------------------------------

    def _advance(self, agent: _Agent) -> None:
        agent.advance(self.now_s, self.centre.from_s, self.weights.occupancy_half_life_s)

    def _starts(self, agent: _Agent) -> None:
        agent.since_s = self.now_s
        agent.is_on_duty = True
        agent.is_free = agent.call is None
        self._freed(agent)

    def _leaves(self, agent: _Agent) -> None:
        self._advance(agent)
        agent.is_on_duty = agent.is_free = False  # a call in hand is finished all the same
        self._tell(agent)

    def _freed(self, agent: _Agent) -> None:
        if agent.is_free:
            for at_s, call in self.waiting.values():
                if call.call_type in agent.worker.skills:
                    del self.waiting[call.contact_id]
                    self._takes(agent, call, self.now_s - at_s)
                    return
        self._tell(agent)

    def _takes(self, agent: _Agent, call: Call, wait_s: float) -> None:
        self._advance(agent)
        agent.call, agent.is_free = call, False
        if self._counts(call):
            self.waits.append(wait_s)
            self.kept += call.owner == agent.worker.agent_id
        self._tell(agent)
        ends_s = self.now_s + call.handle_s * agent.worker.pace
        self._at(ends_s, partial(self._ends, agent))

    def _ends(self, agent: _Agent) -> None:
        self._advance(agent)
        agent.call, agent.is_free = None, agent.is_on_duty
        self._freed(agent)

    def _tell(self, agent: _Agent) -> None:
        news = Live(agent.is_free, self.now_s)
        self._at(self.now_s + self.timing.news_s, partial(self._hears, agent, news))

    def _hears(self, agent: _Agent, news: Live) -> None:
        self.live[agent.worker.agent_id] = news

    def _case(self, case: Case) -> None:
        agent = self.agents[case.agent_id]
        self._advance(agent)
        agent.backlog_minutes += case.minutes

    # -- scores -------------------------------------------------------------------------------

    def _snapshot(self) -> None:
        for agent in self.agents.values():
            self._advance(agent)
        scores = {
            call_type: sorted(
                (self._score(agent) for agent in able), key=lambda row: (row.workload, row.agent_id)
            )
            for call_type, able in self.able.items()
        }
        for assigned in self.assigned.values():
            assigned[:] = [at_s for at_s in assigned if at_s > self.now_s - _FORGOTTEN_S]
        on_duty = [a.backlog_minutes for a in self.agents.values() if a.is_on_duty]
        if self.now_s >= self.centre.from_s and len(on_duty) > 1:
            self.spreads.append(pstdev(on_duty))
        self._at(self.now_s + self.timing.publish_s, partial(self._publish, scores))

    def _score(self, agent: _Agent) -> Score:
        found = workload(
            self.weights,
            open_work_minutes=agent.backlog_minutes,
            occupancy=agent.occupancy,
            current=1.0 if agent.call else 0.0,
            handle_ratio=agent.worker.pace,
        )
        return Score(agent.worker.agent_id, found, self.now_s)

    def _publish(self, scores: dict[str, list[Score]]) -> None:
        self.scores = scores
        listed = {row.agent_id for rows in scores.values() for row in rows[:LISTED]}
        for agent in self.agents.values():
            self._advance(agent)
            agent.is_listed = agent.worker.agent_id in listed

    # -- calls --------------------------------------------------------------------------------

    def _counts(self, call: Call) -> bool:
        return call.at_s >= self.centre.from_s

    def _awaits_next(self) -> None:
        """One call ahead, so that the heap does not hold the day."""
        if (call := next(self.coming, None)) is not None:
            self._at(call.at_s, partial(self._arrives, call))

    def _arrives(self, call: Call) -> None:
        self._awaits_next()
        if self._counts(call):
            self.counted += 1
            self.owned += call.owner is not None
        scores = self.scores.get(call.call_type, ())
        offers = self.policy(call, Seen(self.now_s, scores, self.live, self.pending, self.assigned))
        if offers.reserved is not None:
            self.pending[offers.reserved] += 1
            self.assigned[offers.reserved].append(self.now_s)
        self._at(self.now_s + self.timing.ring_s, partial(self._rings, call, offers))

    def _rings(self, call: Call, offers: Offers) -> None:
        free = (self.agents[each] for each in offers.agents if each in self.agents)
        agent = next((each for each in free if each.is_free), None)
        if offers.reserved is not None:
            self._release(call, offers.reserved, agent)
        if agent is not None:
            self.placed += self._counts(call)
            self._takes(agent, call, self.now_s - call.at_s)
            return
        able = [each for each in self.able.get(call.call_type, ()) if each.is_free]
        if self._counts(call):
            self.fell_back += 1
            self.missed += bool(able)
        if able:
            self._takes(min(able, key=lambda each: each.since_s), call, self.now_s - call.at_s)
            return
        self.waiting[call.contact_id] = (call.at_s, call)
        self._at(self.now_s + call.patience_s, partial(self._gives_up, call))

    def _release(self, call: Call, reserved: str, taken: _Agent | None) -> None:
        """A reservation is confirmed or released when the router hears who took the call.

        Nobody tells of a call that went to the default queue: its reservation expires.
        """
        at_s = call.at_s
        if taken is not None and taken.worker.agent_id == reserved:
            self._at(self.now_s + self.timing.news_s, partial(self._unreserve, reserved, None))
        elif taken is not None:
            self._at(self.now_s + self.timing.news_s, partial(self._unreserve, reserved, at_s))
        else:
            self._at(at_s + self.timing.reserved_s, partial(self._unreserve, reserved, at_s))

    def _unreserve(self, agent_id: str, forget_s: float | None) -> None:
        self.pending[agent_id] -= 1
        if forget_s is not None:
            self.assigned[agent_id].remove(forget_s)

    def _gives_up(self, call: Call) -> None:
        if self.waiting.pop(call.contact_id, None) and self._counts(call):
            self.abandoned += 1

    # -- outcome ------------------------------------------------------------------------------

    def _told(self) -> Outcome:
        spent = {
            place: sum(agent.spent_s[place] for agent in self.agents.values())
            for place in ((0, 0), (0, 1), (1, 0), (1, 1))
        }
        waits = sorted(self.waits)
        return Outcome(
            calls=self.counted,
            fallback_share=_share(self.fell_back, self.counted),
            missed_share=_share(self.missed, self.counted),
            placed_share=_share(self.placed, self.counted),
            owner_share=_share(self.kept, self.owned),
            abandoned_share=_share(self.abandoned, self.counted),
            mean_wait_s=fmean(waits) if waits else 0.0,
            p90_wait_s=waits[int(0.9 * (len(waits) - 1))] if waits else 0.0,
            listed_occupancy=_share(spent[1, 1], spent[1, 1] + spent[0, 1]),
            other_occupancy=_share(spent[1, 0], spent[1, 0] + spent[0, 0]),
            backlog_sd_minutes=fmean(self.spreads) if self.spreads else 0.0,
        )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
