"""The truth ledger: what every metric of a simulated run must come to.

It is filled by the simulation from its own variables, never by reading records back, and holds
sums only: its size grows with days, queues and agents, not with contacts.
Formulas: Amazon Connect's metric definitions over contact records; activities of agents by the
precedence of the agent event stream.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ingestion.records import KINDS

if TYPE_CHECKING:
    from collections.abc import Collection

SERVICE_LEVEL_MS = 20_000
NO_QUEUE = "(no queue)"
UNCATEGORISED = "uncategorised"

_DAY_MS = 86_400_000
_INTERVAL_MS = 900_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRECEDENCE = (
    ("ERROR", "error"),
    ("MISSED", "missed"),
    ("REJECTED", "rejected"),
    ("CONNECTED", "on_contact"),
    ("CONNECTED_ONHOLD", "on_contact"),
    ("PAUSED", "on_contact"),
    ("ENDED", "after_contact_work"),
    ("CONNECTING", "incoming"),
    ("INCOMING", "incoming"),
)


class ContactFacts(NamedTuple):
    """What the metrics need of one contact. Durations in ms; None where it never got that far."""

    category: str
    task: str
    queue: str
    channel: str
    initiated_ms: int
    wait_ms: int | None  # None: never queued
    handle_ms: int | None  # None: never connected to an agent
    is_abandoned: bool


def agent_state(contact_states: Collection[str], is_custom: bool) -> str:
    """What an agent is doing, by the published order of precedence."""
    for state, activity in _PRECEDENCE:
        if state in contact_states:
            return activity
    return "custom" if is_custom else "available"


class Truth:
    """The ledger of one run; with `intervals` it also keeps sums for each quarter of an hour."""

    def __init__(self, *, intervals: bool = False) -> None:
        self.intervals = intervals
        self._deliveries = {kind: Counter[str]() for kind in KINDS}
        self._contacts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._calls: dict[tuple[int, str, str, str, str], Counter[str]] = defaultdict(Counter)
        self._agents: dict[str, Counter[str]] = defaultdict(Counter)
        self._days: dict[int, Counter[str]] = defaultdict(Counter)
        self._open_work: Counter[str] = Counter()

    def delivered(self, kind: str, part: str) -> None:
        """Count a delivery: `rows`, `superseded` (one version more) or `duplicates`."""
        self._deliveries[kind]["produced"] += 1
        self._deliveries[kind][part] += 1

    def contact(self, facts: ContactFacts) -> None:
        """Count a contact, once, by its newest version."""
        sums = _sums(facts)
        groups = (
            ("all", "ALL"),
            ("category", facts.category),
            ("queue", facts.queue),
            ("channel", facts.channel),
            ("day", _day(facts.initiated_ms // _DAY_MS)),
        )
        for group in groups:
            self._contacts[group].update(sums)
        if self.intervals:
            start = facts.initiated_ms // _INTERVAL_MS * _INTERVAL_MS
            key = (start, facts.queue, facts.category, facts.task, facts.channel)
            self._calls[key].update(sums)

    def agent_time(self, username: str, state: str, start_ms: int, end_ms: int) -> None:
        """Add the time of an agent in a state, cut at midnight UTC."""
        self._agents[username][state] += end_ms - start_ms
        while start_ms < end_ms:
            day = start_ms // _DAY_MS
            cut = min(end_ms, (day + 1) * _DAY_MS)
            self._days[day][state] += cut - start_ms
            start_ms = cut

    def work(self, username: str, minutes: int) -> None:
        """Add minutes of open offline work, or take them away."""
        self._open_work[username] += minutes

    def as_dict(self) -> dict[str, Any]:
        """The whole truth, ready for JSON; groups and names in alphabetical order."""
        metrics: dict[str, dict[str, Any]] = {}
        for (by, grp), sums in sorted(self._contacts.items()):
            metrics.setdefault(by, {})[grp] = _metrics(sums)
        truth: dict[str, Any] = {
            "deliveries": {
                kind: {part: counts[part] for part in _DELIVERY_PARTS}
                for kind, counts in self._deliveries.items()
            },
            "contact_metrics": metrics,
            "agent_state_ms": {name: _plain(ms) for name, ms in sorted(self._agents.items())},
            "agent_state_ms_by_day": {
                _day(day): _plain(ms) for day, ms in sorted(self._days.items())
            },
            "open_work": {name: left for name, left in sorted(self._open_work.items()) if left},
        }
        if self.intervals:
            truth["calls"] = [_calls_row(key, sums) for key, sums in sorted(self._calls.items())]
        return truth


_DELIVERY_PARTS = ("produced", "duplicates", "superseded", "rows")
_CALLS_SUMS = (
    "contacts",
    "contacts_queued",
    "contacts_handled",
    "contacts_abandoned",
    "wait_ms",
    "handle_time_ms",
)


def _sums(facts: ContactFacts) -> dict[str, int]:
    is_queued, is_handled = facts.wait_ms is not None, facts.handle_ms is not None
    wait_ms = facts.wait_ms or 0
    is_answered = is_queued and is_handled
    is_soon = is_queued and wait_ms < SERVICE_LEVEL_MS
    return {
        "contacts": 1,
        "contacts_queued": int(is_queued),
        "contacts_handled": int(is_handled),
        "contacts_abandoned": int(facts.is_abandoned),
        "answered": int(is_answered),
        "removed_20": int(is_soon),
        "answered_20": int(is_soon and is_answered),
        "queue_answer_time_ms": wait_ms if is_answered else 0,
        "handle_time_ms": facts.handle_ms or 0,
        "abandon_time_ms": wait_ms if facts.is_abandoned else 0,
        "wait_ms": wait_ms,
    }


def _metrics(sums: Counter[str]) -> dict[str, int | float | None]:
    queued, handled, abandoned = (
        sums[f"contacts_{part}"] for part in ("queued", "handled", "abandoned")
    )
    return {
        "contacts": sums["contacts"],
        "contacts_queued": queued,
        "contacts_handled": handled,
        "contacts_abandoned": abandoned,
        "avg_queue_answer_time_s": _ratio(sums["queue_answer_time_ms"] / 1000, sums["answered"]),
        "avg_handle_time_s": _ratio(sums["handle_time_ms"] / 1000, handled),
        "avg_abandon_time_s": _ratio(sums["abandon_time_ms"] / 1000, abandoned),
        "service_level_20_removed": _ratio(sums["removed_20"], queued),
        "service_level_20_answered": _ratio(sums["answered_20"], queued),
        "wait_minutes": sums["wait_ms"] / 60_000,
        "queue_answer_time_ms": sums["queue_answer_time_ms"],
        "handle_time_ms": sums["handle_time_ms"],
        "abandon_time_ms": sums["abandon_time_ms"],
        "wait_ms": sums["wait_ms"],
    }


def _calls_row(key: tuple[int, str, str, str, str], sums: Counter[str]) -> dict[str, Any]:
    start, queue, category, task, channel = key
    at = _EPOCH + timedelta(milliseconds=start)
    return {
        "day": at.date().isoformat(),
        "interval_start": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "queue": queue,
        "category": category,
        "task": task,
        "channel": channel,
    } | {name: sums[name] for name in _CALLS_SUMS}


def _ratio(amount: float, count: int) -> float | None:
    return amount / count if count else None


def _plain(ms: Counter[str]) -> dict[str, int]:
    return {state: amount for state, amount in sorted(ms.items()) if amount}


def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).date().isoformat()
