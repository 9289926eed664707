"""The sums over a simulated day: per skill, per agent, and who sat idle while others waited.

Whole milliseconds and counts only, so that equal days give equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from transforms.workforce.centre import Centre, Day, Milliseconds, spans_ms


class Trace(NamedTuple):
    """What became of each call of a day, in the day's order.

    `agent`: place of who took the call in the centre's agents, -1 if nobody did. `left_ms`: when it
    left the queue, answered or not. `done_ms`: when the work after it was done; else as `left_ms`.
    `end_ms`: end of the day; who waits then without having hung up is neither answered nor
    abandoned.
    """

    agent: Milliseconds
    left_ms: Milliseconds
    done_ms: Milliseconds
    end_ms: int


class SkillOutcome(NamedTuple):
    """Counts and sums over the calls of a skill; offered = answered + abandoned + waiting.

    `waiting`: at the end of the day. `in_target`: answered within the skill's target.
    `gone_in_target`: left the queue within it, answered or not, as Connect's service level has it.
    `lent`: answered by who lacks the skill. `wait_ms`: in queue, of all; `answered_wait_ms` and
    `abandoned_wait_ms` are parts of it. `breach_ms`: of the waits, what exceeds the target.
    `handle_ms`: of the answered. `resolution_ms`: from the call made to the after-contact work
    done, of the answered.
    """

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    waiting: int = 0
    in_target: int = 0
    gone_in_target: int = 0
    lent: int = 0
    wait_ms: int = 0
    answered_wait_ms: int = 0
    abandoned_wait_ms: int = 0
    breach_ms: int = 0
    handle_ms: int = 0
    resolution_ms: int = 0


class AgentOutcome(NamedTuple):
    """An agent's day: on duty = busy + idle; a call that outlasts the shift counts as on duty."""

    answered: int
    busy_ms: int
    idle_ms: int

    @property
    def on_duty_ms(self) -> int:
        """Time on calls, in after-contact work, or ready for one."""
        return self.busy_ms + self.idle_ms


class Outcome(NamedTuple):
    """A day's sums, by the places of skills and agents in the centre.

    `overlap_ms[agent][skill]`: time in which the agent was idle while callers of a skill that the
    agent lacks waited (0 for own skills); empty unless asked for.
    """

    skills: tuple[SkillOutcome, ...]
    agents: tuple[AgentOutcome, ...]
    overlap_ms: tuple[tuple[int, ...], ...] = ()

    @property
    def in_all(self) -> SkillOutcome:
        """The sums over all skills."""
        return reduce(_added, self.skills, SkillOutcome())


def outcome(centre: Centre, day: Day, trace: Trace, *, overlap: bool = False) -> Outcome:
    """The sums over a day's trace."""
    idle = _idle(centre, trace)
    return Outcome(
        _skill_outcomes(centre, day, trace),
        _agent_outcomes(centre, trace, idle),
        _overlap(centre, day, trace, idle) if overlap else (),
    )


class _Idle(NamedTuple):
    """Uninterrupted idle times: whose, from when, to when."""

    agent: NDArray[np.int64]
    from_ms: Milliseconds
    to_ms: Milliseconds


def _skill_outcomes(centre: Centre, day: Day, trace: Trace) -> tuple[SkillOutcome, ...]:
    answered = trace.agent >= 0
    wait = trace.left_ms - day.at_ms
    waiting = ~answered & (day.at_ms + day.patience_ms > trace.end_ms)
    targets = [round(skill.target_s * 1000) for skill in centre.skills]
    target = np.array(targets, np.int64)[day.skill]
    lacks = np.array([s.name not in a.factors for a in centre.agents for s in centre.skills], bool)
    lent = np.zeros(len(wait), bool)
    lent[answered] = lacks[trace.agent[answered] * len(centre.skills) + day.skill[answered]]
    columns = (
        np.ones(len(wait), bool),
        answered,
        ~answered & ~waiting,
        waiting,
        answered & (wait <= target),
        ~waiting & (wait <= target),
        lent,
        wait,
        wait * answered,
        wait * (~answered & ~waiting),
        np.maximum(wait - target, 0),
        trace.done_ms - trace.left_ms,
        (trace.done_ms - day.at_ms) * answered,
    )
    sums = [_sums(day.skill, column, len(centre.skills)) for column in columns]
    return tuple(SkillOutcome(*row) for row in zip(*sums, strict=True))


def _agent_outcomes(centre: Centre, trace: Trace, idle: _Idle) -> tuple[AgentOutcome, ...]:
    answered = trace.agent >= 0
    who, count = trace.agent[answered], len(centre.agents)
    busy = (trace.done_ms - trace.left_ms)[answered]
    columns = (
        _sums(who, np.ones(len(who), np.int64), count),
        _sums(who, busy, count),
        _sums(idle.agent, idle.to_ms - idle.from_ms, count),
    )
    return tuple(AgentOutcome(*row) for row in zip(*columns, strict=True))


def _idle(centre: Centre, trace: Trace) -> _Idle:
    """On duty and on no call: where the count of shifts less that of calls is one."""
    answered = trace.agent >= 0
    shifts = [(a, *span) for a, agent in enumerate(centre.agents) for span in spans_ms(agent)]
    who, starts, ends = np.array(shifts, np.int64).reshape(-1, 3).T
    callee, taken, done = (x[answered] for x in (trace.agent, trace.left_ms, trace.done_ms))
    agent = np.concatenate([who, who, callee, callee])
    at = np.concatenate([starts, ends, taken, done])
    step = np.repeat([1, -1, -1, 1], [len(who), len(who), len(callee), len(callee)])
    order = np.lexsort((at, agent))
    agent, at = agent[order], at[order]
    idle = (np.cumsum(step[order])[:-1] == 1) & (at[1:] > at[:-1]) & (agent[1:] == agent[:-1])
    return _Idle(agent[1:][idle], at[:-1][idle], at[1:][idle])


def _overlap(centre: Centre, day: Day, trace: Trace, idle: _Idle) -> tuple[tuple[int, ...], ...]:
    columns = []
    for place, skill in enumerate(centre.skills):
        mine = day.skill == place
        waited = _waited(day.at_ms[mine], trace.left_ms[mine])
        overlap = _sums(idle.agent, waited(idle.to_ms) - waited(idle.from_ms), len(centre.agents))
        lacks = (skill.name not in agent.factors for agent in centre.agents)
        columns.append([ms * lack for ms, lack in zip(overlap, lacks, strict=True)])
    return tuple(zip(*columns, strict=True))


def _waited(at: Milliseconds, left: Milliseconds) -> Callable[[Milliseconds], Milliseconds]:
    """For instants: how long, up to each of them, anybody has been in the queue."""
    change = np.concatenate([at, left])
    order = np.argsort(change, kind="stable")
    change = np.concatenate([[0], change[order]])
    level = np.cumsum(np.repeat([1, -1], [len(at), len(left)])[order])
    some = np.concatenate([[False], level > 0])
    passed = np.concatenate([[0], np.cumsum(np.diff(change) * some[:-1])])

    def upto(instant: Milliseconds) -> Milliseconds:
        i = np.searchsorted(change, instant, side="right") - 1
        waited: Milliseconds = passed[i] + (instant - change[i]) * some[i]
        return waited

    return upto


def _sums(place: NDArray[np.int64], values: NDArray[Any], places: int) -> list[int]:
    """Exact: every sum stays below 2 ** 53."""
    sums: list[int] = np.bincount(place, values, places).astype(np.int64).tolist()
    return sums


def _added(left: SkillOutcome, right: SkillOutcome) -> SkillOutcome:
    return SkillOutcome(*(a + b for a, b in zip(left, right, strict=True)))
