"""The truth ledger: what every metric of a simulated run must come to.

It is filled by the simulation from its own variables, never by reading records back, and holds
sums only: its size grows with days, queues and agents, not with contacts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ingestion import agent_truth
from ingestion.contact_truth import Sums, amounts
from ingestion.records import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.agent_truth import Doing, Ring
    from ingestion.contact_truth import ContactFacts

NO_QUEUE = "(no queue)"
UNCATEGORISED = "uncategorised"

_DAY_MS = 86_400_000
_INTERVAL_MS = 900_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DELIVERY_PARTS = ("produced", "duplicates", "superseded", "rows")


class _Kind(NamedTuple):
    """Contacts that are told apart whatever their day; each field is a way to group them."""

    category: str
    queue: str
    channel: str


class Truth:
    """The ledger of one run; with `intervals` it also keeps sums for each quarter of an hour."""

    def __init__(self, *, intervals: bool = False) -> None:
        self.intervals = intervals
        self._deliveries = {kind: Counter[str]() for kind in KINDS}
        self._contacts: dict[_Kind, Sums] = defaultdict(Sums)
        self._contacts_by_day: dict[int, Sums] = defaultdict(Sums)
        self._contacts_by_disconnect_day: dict[int, Sums] = defaultdict(Sums)
        self._calls: dict[tuple[int, str, str, str, str], Sums] = defaultdict(Sums)
        self._times: dict[str, Counter[Doing]] = defaultdict(Counter)
        self._times_by_day: dict[int, Counter[Doing]] = defaultdict(Counter)
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._counts_by_day: dict[int, Counter[str]] = defaultdict(Counter)
        self._open_work: Counter[str] = Counter()

    def delivered(self, kind: str, part: str) -> None:
        """Count a delivery: `rows`, `superseded` (one version more) or `duplicates`."""
        self._deliveries[kind]["produced"] += 1
        self._deliveries[kind][part] += 1

    def contact(self, facts: ContactFacts) -> None:
        """Count a contact, once, by its newest version."""
        day, last_day = facts.initiated_ms // _DAY_MS, facts.disconnected_ms // _DAY_MS
        groups = [
            self._contacts[_Kind(facts.category, facts.queue, facts.channel)],
            self._contacts_by_day[day],
            self._contacts_by_disconnect_day[last_day],
        ]
        if self.intervals:
            start = facts.initiated_ms // _INTERVAL_MS * _INTERVAL_MS
            key = (start, facts.queue, facts.category, facts.task, facts.channel)
            groups.append(self._calls[key])
        added = amounts(facts)
        for group in groups:
            group.add(added, facts.wait_ms)
        if facts.agent is not None and facts.connected_ms is not None:
            for counts in (self._counts[facts.agent], self._counts_by_day[last_day]):
                counts["contacts_handled"] += 1
                counts["handle_time_ms"] += facts.handle_ms or 0

    def agent_time(self, username: str, doing: Doing, start_ms: int, end_ms: int) -> None:
        """Add what an agent was at for a time, cut at midnight UTC."""
        self._times[username][doing] += end_ms - start_ms
        for day, ms in _by_day(start_ms, end_ms):
            self._times_by_day[day][doing] += ms

    def ring(self, ring: Ring) -> None:
        """Count a ringing that is over, on the day on which it began; its time, day by day."""
        name = agent_truth.connecting(ring)
        agent, first_day = (
            self._counts[ring.username],
            self._counts_by_day[ring.start_ms // _DAY_MS],
        )
        for each in agent_truth.counts(ring.method, ring.channel, ring.outcome):
            agent[each] += 1
            first_day[each] += 1
        agent[name] += ring.end_ms - ring.start_ms
        for day, ms in _by_day(ring.start_ms, ring.end_ms):
            self._counts_by_day[day][name] += ms

    def work(self, username: str, minutes: int) -> None:
        """Add minutes of open offline work, or take them away."""
        self._open_work[username] += minutes

    def as_dict(self) -> dict[str, Any]:
        """The whole truth, ready for JSON; groups and names in alphabetical order."""
        truth: dict[str, Any] = {
            "deliveries": {
                kind: {part: counts[part] for part in _DELIVERY_PARTS}
                for kind, counts in self._deliveries.items()
            },
            "contact_metrics": self._contact_metrics(),
            "journeys": Sums(self._contacts.values()).chains(),
            **self._agents(),
            "open_work": {name: left for name, left in sorted(self._open_work.items()) if left},
        }
        if self.intervals:
            truth["calls"] = [_calls_row(key, sums) for key, sums in sorted(self._calls.items())]
        return truth

    def _contact_metrics(self) -> dict[str, dict[str, Any]]:
        kinds = self._contacts
        told = {"all": {"ALL": Sums(kinds.values()).metrics()}}
        for place, by in enumerate(_Kind._fields):
            told[by] = {
                name: Sums(sums for kind, sums in kinds.items() if kind[place] == name).metrics()
                for name in sorted({kind[place] for kind in kinds})
            }
        days = {"day": self._contacts_by_day, "disconnect_day": self._contacts_by_disconnect_day}
        for by, groups in days.items():
            told[by] = {_day(day): groups[day].metrics() for day in sorted(groups)}
        return told

    def _agents(self) -> dict[str, Any]:
        agents, days = sorted(self._times), sorted(self._times_by_day)
        return {
            "agent_state_ms": {name: agent_truth.states(self._times[name]) for name in agents},
            "agent_state_ms_by_day": {
                _day(day): agent_truth.states(self._times_by_day[day]) for day in days
            },
            "agent_metrics": {
                name: agent_truth.metrics(self._times[name], self._counts[name]) for name in agents
            },
            "agent_metrics_by_day": {
                _day(day): agent_truth.metrics(self._times_by_day[day], self._counts_by_day[day])
                for day in days
            },
        }


def _calls_row(key: tuple[int, str, str, str, str], sums: Sums) -> dict[str, Any]:
    start, queue, category, task, channel = key
    at = _EPOCH + timedelta(milliseconds=start)
    return {
        "day": at.date().isoformat(),
        "interval_start": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "queue": queue,
        "category": category,
        "task": task,
        "channel": channel,
        **sums.calls(),
    }


def _by_day(start_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    """The days (numbered from the epoch) that a time touches, and its milliseconds on each."""
    while start_ms < end_ms:
        day = start_ms // _DAY_MS
        cut = min(end_ms, (day + 1) * _DAY_MS)
        yield day, cut - start_ms
        start_ms = cut


def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).date().isoformat()
