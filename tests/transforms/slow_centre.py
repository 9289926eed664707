"""A centre's day as its rules read, one instant after the other: slow, to check the fast one by."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from transforms.workforce.centre import Agent, Centre, Day
from transforms.workforce.centre_simulation import Rules


@dataclass
class Worker:
    place: int
    agent: Agent
    on_duty: bool = False
    until_ms: int | None = None  # end of the call in hand
    idle_turn: int | None = None  # the how-manieth to become idle


@dataclass
class SlowDay:
    centre: Centre
    day: Day
    rules: Rules
    taken: dict[int, tuple[int, int, int]] = field(default_factory=dict)  # agent, from, to
    turns: int = 0

    def __post_init__(self):
        self.workers = [Worker(n, agent) for n, agent in enumerate(self.centre.agents)]
        self.queues = [[] for _ in self.centre.skills]
        self.at = self.day.at_ms.tolist()
        self.gives_up = (self.day.at_ms + self.day.patience_ms).tolist()
        self.handle = (self.day.talk_ms + self.day.after_ms).tolist()
        self.delays = [(round(each.after_s * 1000), each) for each in self.rules.lendings]

    def trace(self) -> list[tuple[int, int, int]]:
        """Agent, instant taken and instant done of each call; -1, 0, 0 where nobody took it."""
        now = -1
        while (now := self.next_after(now)) is not None:
            self.lives(now)
        return [self.taken.get(call, (-1, 0, 0)) for call in range(len(self.at))]

    def next_after(self, now):
        spans = [ms for w in self.workers for span in shifts(w) for ms in span]
        ends = [w.until_ms for w in self.workers if w.until_ms is not None]
        delayed = [at + delay for at in self.at for delay, _ in self.delays]
        return min((t for t in [*spans, *ends, *delayed, *self.at] if t > now), default=None)

    def lives(self, now):
        self.changes_shifts(now)
        for worker in self.workers:
            if worker.until_ms == now:
                worker.until_ms = None
                self.seeks(worker, now)
        for call, at in enumerate(self.at):
            if any(0 < delay == now - at for delay, _ in self.delays):
                self.lends(self.skill(call), now)
        for call, at in enumerate(self.at):
            if at == now:
                self.arrives(call, now)

    def changes_shifts(self, now):
        for worker in self.workers:
            if any(end == now for _, end in shifts(worker)):
                worker.on_duty, worker.idle_turn = False, None
        for worker in self.workers:
            if any(start == now for start, _ in shifts(worker)):
                worker.on_duty = True
                self.seeks(worker, now)

    def seeks(self, worker, now):
        if not worker.on_duty or worker.until_ms is not None:
            return
        options = [
            (self.head(k, now), worker.agent.factors[name])
            for k, name in enumerate(self.names())
            if name in worker.agent.factors and self.head(k, now) is not None
        ] or [
            (self.head(self.names().index(lending.borrower), now), self.lent(worker, lending))
            for lending in self.in_turn()
            if self.may_lend(worker, lending, now)
        ]
        if options:
            call, factor = min(options, key=lambda option: self.urgency(*option, now))
            self.takes(worker, call, factor, now)
        else:
            self.turns += 1
            worker.idle_turn = self.turns

    def urgency(self, call, factor, now):
        """Of two equals the call that came first."""
        skill = self.centre.skills[self.skill(call)]
        if self.rules.call_weight is None:
            return skill.priority, call
        return -self.rules.call_weight(skill, factor) * (now - self.at[call]), call

    def may_lend(self, worker, lending, now):
        """All that the rule asks, though some of it always holds."""
        head = self.head(self.names().index(lending.borrower), now)
        own = [k for k, name in enumerate(self.names()) if name in worker.agent.factors]
        others = [w for w in self.idle(lending.lender) if w is not worker]
        return (
            lending.lender in worker.agent.factors
            and lending.borrower not in worker.agent.factors
            and all(self.head(k, now) is None for k in own)
            and len(others) >= lending.reserve
            and head is not None
            and now - self.at[head] >= round(lending.after_s * 1000)
        )

    def lends(self, k, now):
        """The longest idle of those who would be asked first, each in the own queue."""
        offers = []
        for lending in self.rules.lendings:
            first = self.first(lending.lender)
            if lending.borrower == self.names()[k] and first and self.may_lend(first, lending, now):
                offers.append((first.idle_turn, len(offers), first, lending))
        if offers:
            _, _, worker, lending = min(offers)
            self.takes(worker, self.head(k, now), self.lent(worker, lending), now)

    def arrives(self, call, now):
        k = self.skill(call)
        first = self.first(self.names()[k])
        self.queues[k].append(call)
        if first:
            self.takes(first, call, first.agent.factors[self.names()[k]], now)
        elif any(delay == 0 for delay, _ in self.delays):
            self.lends(k, now)

    def takes(self, worker, call, factor, now):
        self.queues[self.skill(call)].remove(call)
        worker.until_ms = now + int(self.handle[call] * factor)
        worker.idle_turn = None
        self.taken[call] = worker.place, now, worker.until_ms

    def first(self, name):
        skill = self.centre.skills[self.names().index(name)]
        return min(
            self.idle(name),
            key=lambda worker: (self.rules.agent_rank(skill, worker.agent), worker.idle_turn),
            default=None,
        )

    def idle(self, name):
        return [w for w in self.workers if w.idle_turn is not None and name in w.agent.factors]

    def head(self, k, now):
        return next((call for call in self.queues[k] if self.gives_up[call] >= now), None)

    def in_turn(self):
        order = {name: k for k, name in enumerate(self.names())}
        return sorted(self.rules.lendings, key=lambda lending: order[lending.lender])

    def lent(self, worker, lending):
        return worker.agent.factors[lending.lender] * lending.slow

    def skill(self, call):
        return int(self.day.skill[call])

    def names(self):
        return [skill.name for skill in self.centre.skills]


def shifts(worker):
    """Shifts as milliseconds; the caller's do not touch."""
    return [(round(a * 1000), round(b * 1000)) for a, b in worker.agent.shifts if a < b]


def slow_overlap(centre: Centre, day: Day, trace, end_ms: int) -> list[list[int]]:
    """Per agent and skill that it lacks, from the definition: between any two changes."""
    agent, left, done = (column.tolist() for column in trace[:3])
    at = day.at_ms.tolist()
    spans = [[(round(a * 1000), round(b * 1000)) for a, b in x.shifts] for x in centre.agents]
    marks = sorted({0, end_ms, *at, *left, *done, *(ms for s in spans for xy in s for ms in xy)})
    found = [[0] * len(centre.skills) for _ in centre.agents]
    for start, stop in pairwise(marks):
        waits = {int(day.skill[c]) for c in range(len(at)) if at[c] <= start < left[c]}
        for a, each in enumerate(centre.agents):
            busy = any(agent[c] == a and left[c] <= start < done[c] for c in range(len(at)))
            if busy or not any(x <= start < y for x, y in spans[a]):
                continue
            for k in waits:
                if centre.skills[k].name not in each.factors:
                    found[a][k] += stop - start
    return found
