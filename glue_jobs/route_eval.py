"""`lake route-eval`: what routing policies would bring, side by side, before one is switched on.

Every policy runs over the same days, so that differences are those of the policies: days of an
invented centre by seed, or the lake's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

import pyarrow as pa

from glue_jobs.lake import Lake
from ingestion.errors import LakeError
from lambdas.routing.choose import Association, Candidate, Rule, State, choose
from lambdas.routing.event import Contact
from lambdas.routing.live import AgentState, Slots
from lambdas.routing.policy import Policy as Numbers
from lambdas.routing.rule import rule
from transforms.workforce.interval import half_width
from transforms.workforce.invented_day import invented_day
from transforms.workforce.replayed_day import NEEDED, replayed_day
from transforms.workforce.routing_simulation import (
    Call,
    Centre,
    Offers,
    Outcome,
    Policy,
    Seen,
    Timing,
    simulated,
)
from transforms.workforce.score import Weights

HISTORY_DAYS = 28
PUBLISHED_LIST = 3
_MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)  # any: only differences count


class NothingToReplayError(LakeError):
    """The lake has no calls or agents on the days asked for."""

    exit_code = 3


class Trial(NamedTuple):
    """One day under one policy; `setting` is what the table shows beside the outcome.

    `seed` is the invented day's seed, or the lake's day.
    """

    setting: Mapping[str, Any]
    seed: int | date
    day: Callable[[], Centre]
    policy: str
    numbers: Numbers
    timing: Timing

    def outcome(self) -> Outcome:
        """What the simulation finds."""
        policy = policy_named(self.policy)(self.numbers)
        return simulated(self.day(), policy, self.timing, Weights())


# -- policies ---------------------------------------------------------------------------------


def by_live_state(numbers: Numbers, rule: Rule = choose) -> Policy:
    """The router's own `choose`, or another rule, with the live states that it would have."""
    slots = {busy: {"VOICE": Slots(1, 1 - busy, busy)} for busy in (0, 1)}

    def policy(call: Call, seen: Seen) -> Offers:
        now = _at(seen.now_s)
        owner = Association("", call.owner) if call.owner else None
        asked = [*(row.agent_id for row in seen.scores), *([call.owner] if call.owner else [])]
        states = {agent_id: _state(agent_id, seen, slots) for agent_id in asked}
        contact = Contact(call.contact_id, call.call_type, "VOICE")
        rows = [
            Candidate(row.agent_id, row.agent_id, row.workload, _at(row.as_of_s))
            for row in seen.scores
        ]
        decision = rule(contact, rows, State(owner, states), numbers, now)
        agents = [offer.agent_id for offer in decision.agents]
        first = states.get(agents[0]) if agents else None
        is_free = first is not None and "VOICE" in first.slots and first.slots["VOICE"].available
        return Offers(agents, agents[0] if is_free else None)

    return policy


def by_published_list(_numbers: Numbers) -> Policy:
    """The published design: the three with the least workload in the snapshot, tried in order."""
    return lambda _call, seen: Offers([row.agent_id for row in seen.scores[:PUBLISHED_LIST]])


def by_queue_alone(_numbers: Numbers) -> Policy:
    """Nobody is offered: every call goes to the default queue, to the agent who is longest idle."""
    return lambda _call, _seen: Offers([])


POLICIES: Mapping[str, Callable[[Numbers], Policy]] = {
    "ours": by_live_state,
    "published": by_published_list,
    "queue": by_queue_alone,
}


def policy_named(name: str) -> Callable[[Numbers], Policy]:
    """One of POLICIES, or the router under the rule that `module:function` names.

    Raises RuleError where there is no such function.
    """
    known = POLICIES.get(name)
    return known or partial(by_live_state, rule=rule(name))


def _state(agent_id: str, seen: Seen, slots: Mapping[int, Mapping[str, Slots]]) -> AgentState:
    live = seen.live.get(agent_id)
    if live is None:
        return AgentState(agent_id)
    pending = seen.pending[agent_id]
    return AgentState(
        agent_id,
        is_routable=True,
        seen_at=_at(seen.now_s),
        slots=slots[0 if live.is_free else 1],
        idle_since=_at(live.since_s) if live.is_free else None,
        pending={f"other {n}": float("inf") for n in range(pending)},
        taken=tuple(_at(at_s).timestamp() for at_s in _taken(seen.assigned[agent_id], pending)),
    )


def _taken(assigned: Sequence[float], pending: int) -> Sequence[float]:
    """Those that are no longer pending: the older ones."""
    return assigned[: len(assigned) - pending]


def _at(second: float) -> datetime:
    return _MIDNIGHT + timedelta(seconds=second)


# -- trials -----------------------------------------------------------------------------------


def invented_trials(
    agents: Iterable[int],
    occupancies: Iterable[float],
    refreshes_s: Iterable[float],
    seeds: Iterable[int],
    policies: Sequence[str],
    numbers: Numbers,
) -> list[Trial]:
    """Every combination over days of invented centres."""
    seeds, refreshes_s, occupancies = list(seeds), list(refreshes_s), list(occupancies)
    return [
        Trial(
            {"agents": size, "occupancy": occupancy, "refresh_s": refresh_s},
            seed,
            partial(invented_day, size, occupancy, seed),
            policy,
            numbers,
            Timing(refresh_s=refresh_s),
        )
        for size in agents
        for occupancy in occupancies
        for refresh_s in refreshes_s
        for policy in policies
        for seed in seeds
    ]


def replayed_trials(
    lake: Lake,
    days: Iterable[date],
    refreshes_s: Iterable[float],
    policies: Sequence[str],
    numbers: Numbers,
) -> list[Trial]:
    """The lake's own days; NothingToReplayError if none of them has calls and agents.

    `agents` of the setting is the most of any day, so that days of one setting stay together.
    """
    refreshes_s = list(refreshes_s)
    replayed = {day: _replayed(lake, day) for day in days}
    centres = {day: each for day, each in replayed.items() if each.calls and each.workers}
    if not centres:
        raise NothingToReplayError(
            f"{lake.settings.lake} has no calls with agents on these days; `lake describe` "
            "tells which days it has"
        )
    agents = max(len(centre.workers) for centre in centres.values())
    return [
        Trial(
            {"agents": agents, "occupancy": None, "refresh_s": refresh_s},
            day,
            partial(_same, centre),
            policy,
            numbers,
            Timing(refresh_s=refresh_s),
        )
        for day, centre in centres.items()
        for refresh_s in refreshes_s
        for policy in policies
    ]


def _replayed(lake: Lake, day: date) -> Centre:
    before = {day - timedelta(days=n) for n in range(HISTORY_DAYS + 1)}
    contacts, intervals, work = NEEDED
    return replayed_day(
        lake.read(contacts.table, before, contacts.columns),
        lake.read(intervals.table, {day}, intervals.columns),
        lake.read(work.table, columns=work.columns),
        day,
    )


def _same(centre: Centre) -> Centre:
    return centre


# -- comparison -------------------------------------------------------------------------------


def compared(
    trials: Sequence[Trial], workers: int, progress: Callable[[int, int], None]
) -> pa.Table:
    """One row per setting and policy: means over its days, with 95 % intervals and the seeds.

    Intervals are Student's over days: a day is one observation, because waits within a day depend
    on each other. They are null for a single day.
    """
    outcomes: dict[tuple[Any, ...], dict[int | date, Outcome]] = {}
    for number, (trial, outcome) in enumerate(_outcomes(trials, workers), 1):
        outcomes.setdefault((*trial.setting.items(), trial.policy), {})[trial.seed] = outcome
        progress(number, len(trials))
    return pa.Table.from_pylist(
        [
            {
                **dict(key[:-1]),
                "policy": key[-1],
                "days": len(days),
                "seeds": _span([*days]),
                **_summary([*days.values()]),
            }
            for key, days in outcomes.items()
        ]
    )


def _span(seeds: Sequence[int | date]) -> str:
    return " to ".join(map(str, dict.fromkeys((seeds[0], seeds[-1]))))


def _outcomes(trials: Sequence[Trial], workers: int) -> Iterator[tuple[Trial, Outcome]]:
    if workers == 1:
        yield from ((trial, trial.outcome()) for trial in trials)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from zip(trials, pool.map(Trial.outcome, trials), strict=True)


_SHOWN = (
    ("missed_share", True),
    ("fallback_share", True),
    ("owner_share", False),
    ("abandoned_share", False),
    ("mean_wait_s", True),
    ("occupancy_gap", True),
    ("backlog_sd_minutes", False),
)


def _summary(days: Sequence[Outcome]) -> dict[str, Any]:
    found: dict[str, Any] = {"calls": sum(day.calls for day in days)}
    for name, has_interval in _SHOWN:
        values = [getattr(day, name) for day in days]
        found[name] = round(fmean(values), 4)
        if has_interval:
            half = half_width(values)
            found[f"{name}_ci95"] = None if half is None else round(half, 4)
    return found
