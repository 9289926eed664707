"""Who is usually there, with which skills, and how quick: agents as the lake's days show them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms.duck import rows
from transforms.workforce.centre import INTERVAL_S, Agent, Milliseconds, Span

PRIOR_CONTACTS = 14.0
"""Contacts at which an agent's own pace counts one half (L. Brown et al., JASA 2005: about 14)."""

_STAFFED = "('available', 'incoming', 'missed', 'on_contact', 'after_contact_work')"
_DAY_MS = 86_400_000
_SHORT_MS = 60_000  # a refused call or a slip of the mouse is no break
_GOLDEN = (math.sqrt(5) - 1) / 2
_EDGES_MS = np.arange(0, _DAY_MS + 1, INTERVAL_S * 1000)


class Rostered(NamedTuple):
    """An agent's typical day, and the share of days on which it happens."""

    agent: Agent
    presence: float


class Duty(NamedTuple):
    """Stretches on duty or on work that no queue brought, in milliseconds from midnight UTC."""

    agent: Sequence[str]
    day: Sequence[date]
    from_ms: Milliseconds
    to_ms: Milliseconds


def roster(
    duty: Duty,
    elsewhere: Duty,
    days: int,
    skills: Mapping[str, Iterable[str]],
    factors: Mapping[tuple[str, str], float],
) -> tuple[Rostered, ...]:
    """The agents with skills who were on duty on any of the days, by skills, start and name.

    The typical day is the one, of those worked, that is nearest to the others in 15-minute steps
    (the medoid; the earliest of equals), without breaks and without the time `elsewhere`. Presence
    makes its length come to the agent's mean time on duty a day. `factors` are by agent and skill.
    """
    found = []
    for agent_id, spans_by_day in _spans(duty, elsewhere).items():
        if agent_id not in skills or not spans_by_day:
            continue
        spans, presence = _typical(spans_by_day, days)
        known = {skill: factors.get((agent_id, skill), 1.0) for skill in sorted(skills[agent_id])}
        found.append(Rostered(Agent(agent_id, known, spans), presence))
    return tuple(
        sorted(found, key=lambda r: (sorted(r.agent.factors), r.agent.shifts[0], r.agent.agent_id))
    )


def those_there(roster: Sequence[Rostered], turn: int = 0) -> tuple[Agent, ...]:
    """Every agent of the roster; those who have this turn off have no shifts.

    Systematic sampling: an agent with presence 0.6 is there in three of five turns, and each turn
    has, of any group that stands together in the roster, the usual number to within one.
    """
    there, cumulated = [], (0.5 + turn * _GOLDEN) % 1
    for rostered in roster:
        before, cumulated = cumulated, cumulated + rostered.presence
        is_there = math.floor(cumulated + 1e-9) > math.floor(before + 1e-9)
        there.append(rostered.agent if is_there else rostered.agent._replace(shifts=()))
    return tuple(there)


def duty(agent_state_interval: pa.Table, days: Iterable[date]) -> Duty:
    """Time available, ringing, on contacts and in the work after, on those days."""
    return _duty(
        f"""SELECT agent_username, day, epoch_ms(started_at) - epoch_ms(day) AS from_ms,
            epoch_ms(ended_at) - epoch_ms(day) AS to_ms
        FROM intervals WHERE state IN {_STAFFED} AND agent_username IS NOT NULL
            AND day IN (SELECT day FROM days)
        ORDER BY agent_username, day, from_ms, to_ms""",
        intervals=agent_state_interval,
        days=days_table(days),
    )


def elsewhere(contact_statistic_record: pa.Table, days: Iterable[date]) -> Duty:
    """Time on contacts that no queue brought: calls that agents make, agents' own queues."""
    return _duty(
        f"""SELECT agent_username, day,
            greatest(0, epoch_ms(ended_at) - handle_time_ms - epoch_ms(day)) AS from_ms,
            least({_DAY_MS}, epoch_ms(ended_at) - epoch_ms(day)) AS to_ms
        FROM contacts
        WHERE handle_time_ms > 0 AND agent_username IS NOT NULL AND day IN (SELECT day FROM days)
            AND NOT (coalesce(is_queued, 0) = 1 AND queue_name IS NOT NULL)
            AND from_ms < to_ms
        ORDER BY agent_username, day, from_ms, to_ms""",
        contacts=contact_statistic_record,
        days=days_table(days),
    )


def held_skills(
    agent_skill: pa.Table, contact_statistic_record: pa.Table
) -> dict[str, tuple[str, ...]]:
    """The queues of each agent's routing profile as last seen; without one, those ever handled."""
    found = rows(
        """WITH profile AS (
            SELECT DISTINCT agent_username, skill
            FROM (SELECT *, max(day) OVER (PARTITION BY agent_username) AS last_day
                FROM agent_skill WHERE kind = 'queue' AND agent_username IS NOT NULL)
            WHERE day = last_day),
        handled AS (
            SELECT DISTINCT agent_username, queue_name AS skill FROM contacts
            WHERE is_handled = 1 AND is_queued = 1 AND queue_name IS NOT NULL
                AND agent_username IS NOT NULL)
        SELECT agent_username, list_sort(list(skill)) AS skills
        FROM (FROM profile UNION ALL (FROM handled ANTI JOIN profile USING (agent_username)))
        GROUP BY agent_username ORDER BY agent_username""",
        agent_skill=agent_skill,
        contacts=contact_statistic_record,
    ).to_pylist()
    return {row["agent_username"]: tuple(row["skills"]) for row in found}


def pace_factors(
    agents: Sequence[str | None], skills: Sequence[str], worked_ms: Milliseconds
) -> dict[tuple[str, str], float]:
    """How long each agent takes in each skill handled, against all who handle it: 1 is usual.

    The mean log of handle times over that of the skill, shrunk to the agent's own over all skills,
    and this to 1, with the weight of `PRIOR_CONTACTS`: one long call says little.
    """
    residual: dict[tuple[str, str], list[float]] = {}
    usual = _mean_logs(skills, worked_ms)
    for agent, skill, ms in zip(agents, skills, worked_ms.tolist(), strict=True):
        if agent is not None and ms > 0:
            residual.setdefault((agent, skill), []).append(math.log(ms) - usual[skill])
    own: dict[str, list[float]] = {}
    for (agent, _), each in residual.items():
        own.setdefault(agent, []).extend(each)
    paces = {agent: _shrunk(each, 0.0) for agent, each in own.items()}
    return {key: math.exp(_shrunk(each, paces[key[0]])) for key, each in residual.items()}


def _shrunk(values: Sequence[float], prior: float) -> float:
    return (math.fsum(values) + PRIOR_CONTACTS * prior) / (len(values) + PRIOR_CONTACTS)


def _mean_logs(skills: Sequence[str], worked_ms: Milliseconds) -> dict[str, float]:
    logs: dict[str, list[float]] = {}
    for skill, ms in zip(skills, worked_ms.tolist(), strict=True):
        if ms > 0:
            logs.setdefault(skill, []).append(math.log(ms))
    return {skill: math.fsum(each) / len(each) for skill, each in logs.items()}


def _duty(sql: str, **tables: pa.Table) -> Duty:
    found = rows(sql, **tables)
    return Duty(
        found.column("agent_username").to_pylist(),
        found.column("day").to_pylist(),
        found.column("from_ms").to_numpy().astype(np.int64),
        found.column("to_ms").to_numpy().astype(np.int64),
    )


def days_table(days: Iterable[date]) -> pa.Table:
    """The days as a table, for a query to join."""
    return pa.table({"day": pa.array(sorted(days), pa.date32())})


Spans = list[tuple[int, int]]


def _spans(duty: Duty, elsewhere: Duty) -> dict[str, list[Spans]]:
    """Each agent's stretches, one list for each day on duty."""
    changes: dict[tuple[str, date], list[tuple[int, int]]] = {}
    for times, step in ((duty, 1), (elsewhere, -2)):
        ends = zip(times.from_ms.tolist(), times.to_ms.tolist(), strict=True)
        for agent, day, (from_ms, to_ms) in zip(times.agent, times.day, ends, strict=True):
            changes.setdefault((agent, day), []).extend([(from_ms, step), (to_ms, -step)])
    found: dict[str, list[Spans]] = {}
    for (agent, _), each in sorted(changes.items()):
        if spans := _merged(each):
            found.setdefault(agent, []).append(spans)
    return found


def _merged(changes: Spans) -> Spans:
    """Where the steps add up to 1 or more; gaps that are no break are filled."""
    spans: Spans = []
    level, began = 0, 0
    for at, step in sorted(changes):
        if level > 0 and at > began:
            if spans and began - spans[-1][1] < _SHORT_MS:
                spans[-1] = (spans[-1][0], at)
            else:
                spans.append((began, at))
        level, began = level + step, at
    return spans


def _typical(days_worked: list[Spans], days: int) -> tuple[tuple[Span, ...], float]:
    presence = np.stack([_by_interval(spans) for spans in days_worked])
    apart = [int(np.abs(presence - each).sum()) for each in presence]
    nearest = apart.index(min(apart))
    share = int(presence.sum()) / (days * int(presence[nearest].sum()))
    spans = tuple(Span(from_ms / 1000, to_ms / 1000) for from_ms, to_ms in days_worked[nearest])
    return spans, min(1.0, share)


def _by_interval(spans: Spans) -> NDArray[np.int64]:
    """Milliseconds on duty in each 15 minutes."""
    from_ms, to_ms = np.array(spans, np.int64).T
    passed = np.clip(_EDGES_MS[:, None] - from_ms, 0, to_ms - from_ms).sum(axis=1)
    each: NDArray[np.int64] = np.diff(passed)
    return each
