"""What a queueing model and a simulation say of a bottleneck: modelled waits, one more agent.

Observed waits far above those that Erlang A expects of the same staff (O. Garnett, A. Mandelbaum
and M. Reiman, "Designing a call center with impatient customers", M&SOM 2002) are not for want of
staff alone: adherence to the plan, or who has which skill. The effect of one more agent, simulated
on the same days with and without, is the causal number that a rank by waiting stands in for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import time
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.calls_by_category_queue import INTERVAL_MINUTES
from transforms.duck import rows
from transforms.workforce.allocation import allocations
from transforms.workforce.bottlenecks import Estimate
from transforms.workforce.centre import Centre, Span, day, with_agents
from transforms.workforce.centre_simulation import Job, simulations
from transforms.workforce.interval import half_width
from transforms.workforce.patience import shrunk_rates_per_s

_INTERVAL_MS = INTERVAL_MINUTES * 60_000
_PATIENT = 1000.0  # mean handle times: nobody was seen to lose patience


class TypicalDay(NamedTuple):
    """The mean of the days of a period by time of day: I intervals, K skills, G groups of agents.

    `contacts` (I, K) offered; `load` (I, K) in erlangs; `agents` (I, G) staffed; `holds` (G, K) 1
    where the group has the skill; `handle_s` and `patience_s` (K,) means.
    """

    intervals: tuple[time, ...]
    skills: tuple[str, ...]
    contacts: NDArray[np.float64]
    load: NDArray[np.float64]
    agents: NDArray[np.float64]
    holds: NDArray[np.float64]
    handle_s: NDArray[np.float64]
    patience_s: NDArray[np.float64]


def typical_day(skill_load: pa.Table, skill_groups: pa.Table) -> TypicalDay:
    """The typical day of a period's rows of `skill_load` and of `skill_staffing.skill_groups`.

    Days are those with contacts. Of a group's skills those without contacts do not matter.
    """
    demand = rows(_DEMAND, skill_load=skill_load).to_pylist()
    staff = rows(_STAFF, skill_groups=skill_groups, skill_load=skill_load).to_pylist()
    days = max(1, len(skill_load.column("day").unique()))
    skills = sorted({row["skill"] for row in demand})
    intervals = sorted({row["clock"] for row in demand})
    held = [tuple(skill for skill in skills if skill in row["skills"]) for row in staff]
    groups = sorted(set(held) - {()})
    by_skill = [
        _sums(intervals, skills, ((row["clock"], row["skill"], row[name]) for row in demand))
        for name in ("contacts", "load_ms", "handled", "abandoned", "wait_ms")
    ]
    contacts, load_ms, handled, abandoned, wait_ms = by_skill
    present = ((row["clock"], key, row["staffed_ms"]) for row, key in zip(staff, held, strict=True))
    holds = [[float(skill in group) for skill in skills] for group in groups]
    handle_s = load_ms.sum(axis=0) / np.maximum(1, handled.sum(axis=0)) / 1000
    return TypicalDay(
        tuple(intervals),
        tuple(skills),
        contacts / days,
        load_ms / days / _INTERVAL_MS,
        _sums(intervals, groups, present) / days / _INTERVAL_MS,
        np.array(holds).reshape(len(groups), len(skills)),
        np.maximum(handle_s, 0.001),
        _patience_s(abandoned.sum(axis=0), wait_ms.sum(axis=0)),
    )


def modelled_waits_s(of: TypicalDay) -> dict[str, float]:
    """The mean wait that Erlang A expects per skill, seconds, the agents shared at their best.

    Quarter hours are taken each by itself, and days as the mean day. What a skill gets of the
    agents is a pool of its own: where in truth whoever is free helps, the wait of a small skill
    comes out too long. `simulated_waits_s` knows no such pools.
    """
    patience = np.minimum(of.patience_s / of.handle_s, _PATIENT)
    shared = allocations(of.load, patience, np.ones(len(of.skills)), of.agents, of.holds)
    waiting_s = np.array([each.waiting for each in shared]).sum(axis=0) * _INTERVAL_MS / 1000
    waits = waiting_s / np.maximum(of.contacts.sum(axis=0), 1e-9)
    return dict(zip(of.skills, waits.tolist(), strict=True))


def simulated_waits_s(
    centre: Centre, *, days: int = 20, seed: int = 0, first_day: int = 0, workers: int = 1
) -> dict[str, float]:
    """The mean wait per skill of simulated days, seconds; who hangs up counts too."""
    calls = [day(centre, seed, first_day + number) for number in range(days)]
    found = simulations([Job(centre, one) for one in calls], workers)
    sums = np.array([[(s.wait_ms, s.offered) for s in each.skills] for each in found]).sum(axis=0)
    waits = sums[:, 0] / np.maximum(1, sums[:, 1]) / 1000
    return dict(zip((skill.name for skill in centre.skills), waits.tolist(), strict=True))


def saved_minutes(
    centre: Centre,
    skills: Sequence[str],
    *,
    days: int = 20,
    seed: int = 0,
    first_day: int = 0,
    workers: int = 1,
) -> dict[str, Estimate]:
    """Wait-minutes a day, of all skills, that one more agent of a skill saves, per skill.

    The agent knows this skill alone and works as long as the middle one of those who have it. Both
    centres meet the same calls (common random numbers); the interval is over days. Deterministic
    by `seed`.
    """
    calls = [day(centre, seed, first_day + number) for number in range(days)]
    centres = [centre, *(with_agents(centre, skill, 1, _shifts(centre, skill)) for skill in skills)]
    found = simulations([Job(each, one) for one in calls for each in centres], workers)
    waits = np.array([outcome.in_all.wait_ms for outcome in found]).reshape(days, len(centres))
    saved = (waits[:, :1] - waits[:, 1:]) / 60_000
    return {
        skill: Estimate(float(minutes.mean()), half_width(minutes.tolist()))
        for skill, minutes in zip(skills, saved.T, strict=True)
    }


def _shifts(centre: Centre, skill: str) -> tuple[Span, ...] | None:
    """The shifts of middle length among those who have the skill and are there; None if none is."""
    there = [agent.shifts for agent in centre.agents if skill in agent.factors and agent.shifts]
    there.sort(key=lambda shifts: sum(span.to_s - span.from_s for span in shifts))
    return there[len(there) // 2] if there else None


def _sums(
    rows_of: Sequence[Any], columns: Sequence[Any], values: Iterable[tuple[Any, Any, int]]
) -> NDArray[np.int64]:
    """Values summed into a matrix by row and column; what has no place in it is left out."""
    row_at, column_at = ({key: n for n, key in enumerate(keys)} for keys in (rows_of, columns))
    sums = np.zeros((len(rows_of), len(columns)), np.int64)
    for row, column, value in values:
        if row in row_at and column in column_at:
            sums[row_at[row], column_at[column]] += int(value)
    return sums


def _patience_s(abandoned: NDArray[np.int64], wait_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    if not wait_ms.sum():
        return np.full(wait_ms.shape, np.inf)
    rate = shrunk_rates_per_s(abandoned, wait_ms)
    patience = np.full(rate.shape, np.inf)
    np.divide(1.0, rate, out=patience, where=rate > 0)
    return patience


_DEMAND = """
SELECT CAST(interval_start AS TIME) AS clock, skill, sum(contacts_queued) AS contacts,
    sum(offered_load_ms) AS load_ms, sum(contacts_abandoned) AS abandoned, sum(wait_ms) AS wait_ms,
    sum(contacts_answered + contacts_abandoned) AS handled
FROM skill_load GROUP BY clock, skill"""

_STAFF = """
SELECT CAST(interval_start AS TIME) AS clock, skills, sum(staffed_ms) AS staffed_ms
FROM skill_groups SEMI JOIN skill_load USING (instance_id, day)
GROUP BY clock, skills"""
