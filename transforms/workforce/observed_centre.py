"""The centre as the lake's days show it, ready to be simulated: what comes, who is there.

What the days tell stands beside what a simulation gives (`Observed.outcomes`), so that nobody has
to trust the model. Where it differs from a real centre: an agent has one contact at a time (who
had three chats at once gave each a third of the time, and so much counts); ringing is work, and
comes on top of the wait; a contact that was moved on or asked for a callback counts as the one
that followed; a skill is a queue of the routing profile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from statistics import median
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms import tables
from transforms.duck import rows
from transforms.workforce.centre import INTERVAL_S, Centre, CentreError, Milliseconds, Skill
from transforms.workforce.centre_outcome import SkillOutcome
from transforms.workforce.observed_agents import (
    PRIOR_CONTACTS,
    Rostered,
    days_table,
    duty,
    elsewhere,
    held_skills,
    pace_factors,
    roster,
    those_there,
)
from transforms.workforce.observed_waiting import beside_available_share
from transforms.workforce.patience import shrunk_rates_per_s
from transforms.workforce.replayed_day import Needed

_INTERVALS = 86_400 // INTERVAL_S

NEEDED = (
    Needed(
        tables.CONTACT_STATISTIC_RECORD,
        ("day", "contact_id", "queue_name", "enqueue_timestamp", "ended_at", "agent_username",
         "queue_time_ms", "handle_time_ms", "after_contact_work_time_ms", "is_queued",
         "is_handled", "is_abandoned"),
    ),
    Needed(
        tables.AGENT_STATE_INTERVAL,
        ("day", "agent_username", "state", "started_at", "ended_at"),
    ),
    Needed(tables.AGENT_SKILL, ("day", "agent_username", "kind", "skill")),
)  # fmt: skip


class Options(NamedTuple):
    """What the records do not tell. Queues that are not named have the usual.

    `target_s`, `priorities` (1 is served first) and `costs` (of a waiting second) are by queue.
    """

    usual_target_s: float = 20.0
    targets_s: Mapping[str, float] = {}
    priorities: Mapping[str, int] = {}
    costs: Mapping[str, float] = {}


USUAL = Options()


class Observed(NamedTuple):
    """A typical day of those observed.

    `outcomes`: sums over `days` by skill, of contacts that were answered or abandoned; the wait
    goes to the answer, and so has the ringing (`ring_s` a contact) that a simulated one has not:
    the skills' `target_s` is shorter by it. `beside_available_share`: of the waiting, what passed
    while somebody able counted as available, which no simulated wait does.
    """

    days: tuple[date, ...]
    skills: tuple[Skill, ...]
    roster: tuple[Rostered, ...]
    outcomes: tuple[SkillOutcome, ...]
    ring_s: float
    busy_ms: Mapping[str, int]
    on_duty_ms: Mapping[str, int]
    beside_available_share: float = 0.0

    def centre(self, turn: int = 0) -> Centre:
        """The centre on a typical day; who has days off is there in some turns only."""
        return Centre(self.skills, those_there(self.roster, turn))


def observed_centre(
    contact_statistic_record: pa.Table,
    agent_state_interval: pa.Table,
    agent_skill: pa.Table,
    options: Options = USUAL,
    turn: int = 0,
) -> Centre:
    """The centre of `observed` on one turn's day."""
    tables_ = (contact_statistic_record, agent_state_interval, agent_skill)
    return observed(*tables_, options).centre(turn)


def observed(
    contact_statistic_record: pa.Table,
    agent_state_interval: pa.Table,
    agent_skill: pa.Table,
    options: Options = USUAL,
) -> Observed:
    """A typical UTC day of the `full_weekdays`, whatever the clocks in the centre's zone do.

    Arrivals: means over the days. Talk, after-contact work and spread: shrunk to those of all
    queues by `PRIOR_CONTACTS`. Patience: exponential, from censored waits, shrunk where few
    abandoned. Agents: `observed_agents`. Days with less than half the usual contacts are left out
    as incomplete. What is read: `NEEDED`. CentreError if no day has both contacts and agents.
    """
    days = _days(contact_statistic_record, agent_state_interval)
    contacts = _contacts(contact_statistic_record, days)
    names = tuple(sorted(set(contacts.queue)))
    factors = pace_factors(
        [contacts.agent[n] for n in contacts.answered],
        [contacts.queue[n] for n in contacts.answered],
        contacts.worked_ms[contacts.answered],
    )
    presence = duty(agent_state_interval, days)
    held = {
        agent: known
        for agent, each in held_skills(agent_skill, contact_statistic_record).items()
        if (known := [skill for skill in each if skill in names])
    }
    agents = roster(presence, elsewhere(contact_statistic_record, days), len(days), held, factors)
    states = _states(agent_state_interval, days)
    ring_s = sum(states.ringing_ms.values()) / 1000 / max(1, len(contacts.answered))
    return Observed(
        days,
        _skills(names, contacts, factors, len(days), ring_s, options),
        agents,
        tuple(_outcome(contacts, name, options) for name in names),
        ring_s,
        {a.agent.agent_id: states.busy_ms.get(a.agent.agent_id, 0) for a in agents},
        {a.agent.agent_id: states.on_duty_ms.get(a.agent.agent_id, 0) for a in agents},
        beside_available_share(contact_statistic_record, agent_state_interval, held, days),
    )


class _Contacts(NamedTuple):
    """Queued contacts in order of id; `worked_ms`: the agent's time, shared by those at once."""

    queue: list[str]
    agent: list[str | None]
    interval: NDArray[np.int64]
    wait_ms: Milliseconds
    worked_ms: Milliseconds
    after_ms: Milliseconds
    is_answered: NDArray[np.bool_]
    is_abandoned: NDArray[np.bool_]

    @property
    def answered(self) -> NDArray[np.int64]:
        """The places of those answered."""
        return np.flatnonzero(self.is_answered)

    def of(self, queue: str) -> NDArray[np.bool_]:
        """Whether each is of the queue."""
        return np.array(np.array(self.queue, object) == queue, np.bool_)


class _States(NamedTuple):
    ringing_ms: dict[str, int]
    busy_ms: dict[str, int]
    on_duty_ms: dict[str, int]


def _days(contacts: pa.Table, intervals: pa.Table) -> tuple[date, ...]:
    found = rows(
        """SELECT day, count(*) AS n FROM contacts SEMI JOIN (
            SELECT DISTINCT day FROM intervals WHERE state = 'available') USING (day)
        WHERE is_queued = 1 AND queue_name IS NOT NULL GROUP BY day ORDER BY day""",
        contacts=contacts,
        intervals=intervals,
    ).to_pylist()
    contacts_by_day = {row["day"]: row["n"] for row in found}
    if not contacts_by_day:
        raise CentreError("No day has both queued contacts and agents: ask for other days.")
    full = full_weekdays(contacts_by_day)
    of_class = {day: n for day, n in contacts_by_day.items() if day.weekday() in full}
    usual = median(of_class.values())
    return tuple(day for day, n in of_class.items() if 2 * n >= usual)


def full_weekdays(contacts_by_day: Mapping[date, int]) -> frozenset[int]:
    """The days of the week (Monday 0) with two thirds of the ordinary day's contacts or more.

    Weeks end on other days in other countries; the contacts tell which are half days.
    """
    by_weekday: dict[int, list[int]] = {}
    for day, count in contacts_by_day.items():
        by_weekday.setdefault(day.weekday(), []).append(count)
    usual = {weekday: median(counts) for weekday, counts in by_weekday.items()}
    ordinary = median(usual.values())
    return frozenset(weekday for weekday, count in usual.items() if 3 * count >= 2 * ordinary)


def _contacts(contact_statistic_record: pa.Table, days: Iterable[date]) -> _Contacts:
    found = rows(
        """SELECT contact_id, queue_name, agent_username, day,
            CASE WHEN CAST(enqueue_timestamp AS DATE) = day
                THEN epoch_ms(enqueue_timestamp) - epoch_ms(day) ELSE 0 END AS at_ms,
            coalesce(queue_time_ms, 0) AS wait_ms, coalesce(handle_time_ms, 0) AS handle_ms,
            coalesce(after_contact_work_time_ms, 0) AS after_ms,
            coalesce(epoch_ms(ended_at), 0) AS ended_ms,
            is_handled = 1 AS is_answered, is_abandoned = 1 AS is_abandoned
        FROM contacts WHERE is_queued = 1 AND queue_name IS NOT NULL
            AND day IN (SELECT day FROM days)
        ORDER BY contact_id""",
        contacts=contact_statistic_record,
        days=days_table(days),
    )
    at, wait, handle, after, ended = (
        found.column(name).to_numpy().astype(np.int64)
        for name in ("at_ms", "wait_ms", "handle_ms", "after_ms", "ended_ms")
    )
    agent = found.column("agent_username").to_pylist()
    worked = worked_ms(agent, ended - handle, ended)
    share = np.divide(worked, handle, out=np.zeros(len(worked)), where=handle > 0)
    return _Contacts(
        found.column("queue_name").to_pylist(),
        agent,
        at // (INTERVAL_S * 1000),
        wait,
        worked,
        np.rint(after * share).astype(np.int64),
        found.column("is_answered").to_numpy(zero_copy_only=False).astype(np.bool_),
        found.column("is_abandoned").to_numpy(zero_copy_only=False).astype(np.bool_),
    )


def worked_ms(
    agent: Iterable[str | None], from_ms: Milliseconds, to_ms: Milliseconds
) -> Milliseconds:
    """The time that each contact took its agent: of n that run at once, an n-th each."""
    place = {name: n for n, name in enumerate(dict.fromkeys(agent))}
    who = np.array([place[name] for name in agent], np.int64)
    count = len(who)
    at = np.concatenate([from_ms, to_ms])
    step = np.repeat([1, -1], [count, count])
    order = np.lexsort((-step, at, np.tile(who, 2)))
    level = np.cumsum(step[order])
    gap = np.diff(at[order], append=at[order][-1:])
    share = np.divide(gap, level, out=np.zeros(2 * count), where=level > 0)
    passed = np.empty(2 * count)
    passed[order] = np.concatenate([[0.0], np.cumsum(share)[:-1]]) if count else share
    return np.rint(passed[count:] - passed[:count]).astype(np.int64)


def _states(agent_state_interval: pa.Table, days: Iterable[date]) -> _States:
    found = rows(
        """SELECT agent_username AS agent, sum(ms) AS on_duty_ms,
            coalesce(sum(ms) FILTER (state <> 'available'), 0) AS busy_ms,
            coalesce(sum(ms) FILTER (state IN ('incoming', 'missed')), 0) AS ringing_ms
        FROM (SELECT *, epoch_ms(ended_at) - epoch_ms(started_at) AS ms FROM intervals)
        WHERE day IN (SELECT day FROM days) AND agent_username IS NOT NULL
            AND state IN ('available', 'incoming', 'missed', 'on_contact', 'after_contact_work')
        GROUP BY agent_username ORDER BY agent_username""",
        intervals=agent_state_interval,
        days=days_table(days),
    ).to_pylist()
    ringing, busy, on_duty = (
        {row["agent"]: int(row[name]) for row in found}
        for name in ("ringing_ms", "busy_ms", "on_duty_ms")
    )
    return _States(ringing, busy, on_duty)


def _skills(
    names: tuple[str, ...],
    contacts: _Contacts,
    factors: Mapping[tuple[str, str], float],
    days: int,
    ring_s: float,
    options: Options,
) -> tuple[Skill, ...]:
    """One skill for each queue; what an agent of pace 1 takes."""
    factor = np.array(
        [
            factors.get((agent or "", queue), 1.0)
            for agent, queue in zip(contacts.agent, contacts.queue, strict=True)
        ]
    )
    timed = contacts.is_answered & (contacts.worked_ms > 0)
    talk = np.maximum(contacts.worked_ms - contacts.after_ms, 0) / factor
    after = contacts.after_ms / factor
    handled = _Times(talk[timed], after[timed])
    masks = [contacts.of(name) for name in names]
    gone = [int((contacts.is_abandoned & mask).sum()) for mask in masks]
    waited = [int(contacts.wait_ms[mask].sum()) for mask in masks]
    rates = shrunk_rates_per_s(gone, waited) if sum(waited) else np.zeros(len(names))
    return tuple(
        Skill(
            name,
            _arrivals(contacts, mask, days),
            *_Times(talk[timed & mask], after[timed & mask]).shrunk(handled, ring_s),
            patience_s=1 / rate if rate else float("inf"),
            priority=options.priorities.get(name, 1),
            cost=options.costs.get(name, 1.0),
            target_s=max(0.0, options.targets_s.get(name, options.usual_target_s) - ring_s),
        )
        for name, mask, rate in zip(names, masks, rates.tolist(), strict=True)
    )


class _Times(NamedTuple):
    """Talk and after-contact work of some contacts, in milliseconds at pace 1."""

    talk: NDArray[np.float64]
    after: NDArray[np.float64]

    def shrunk(self, every: _Times, ring_s: float) -> tuple[float, float, float]:
        """Mean talk with ringing and mean work after (seconds), and spread."""
        count = len(self.talk)
        talk, after, spread = (
            (count * own + PRIOR_CONTACTS * usual) / (count + PRIOR_CONTACTS)
            for own, usual in zip(self._moments(), every._moments(), strict=True)
        )
        return talk / 1000 + ring_s, after / 1000, min(3.0, max(0.1, spread))

    def _moments(self) -> tuple[float, float, float]:
        if not len(self.talk):
            return 0.0, 0.0, 0.0
        mean = float(self.talk.mean())
        spread = float(self.talk.std()) / mean if mean else 0.0
        return mean, float(self.after.mean()), spread


def _arrivals(contacts: _Contacts, mask: NDArray[np.bool_], days: int) -> tuple[float, ...]:
    """Contacts a day by 15 minutes, without those that another contact followed."""
    kept = mask & (contacts.is_answered | contacts.is_abandoned)
    counts = np.bincount(contacts.interval[kept], minlength=_INTERVALS)[:_INTERVALS]
    return tuple((counts / days).tolist())


def _outcome(contacts: _Contacts, name: str, options: Options) -> SkillOutcome:
    mask = contacts.of(name)
    answered, gone = mask & contacts.is_answered, mask & contacts.is_abandoned
    ended = answered | gone
    wait = contacts.wait_ms
    target = round(1000 * options.targets_s.get(name, options.usual_target_s))
    worked = int(contacts.worked_ms[answered].sum())
    return SkillOutcome(
        offered=int(ended.sum()),
        answered=int(answered.sum()),
        abandoned=int(gone.sum()),
        in_target=int((answered & (wait <= target)).sum()),
        gone_in_target=int((ended & (wait <= target)).sum()),
        wait_ms=int(wait[ended].sum()),
        answered_wait_ms=int(wait[answered].sum()),
        abandoned_wait_ms=int(wait[gone].sum()),
        breach_ms=int(np.maximum(wait[ended] - target, 0).sum()),
        handle_ms=worked,
        resolution_ms=int(wait[answered].sum()) + worked,
    )
