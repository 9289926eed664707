"""What a lake must hold, as plain dicts: the records that landed, and what they come to.

Nothing of the product decides here but the last part of the total order, a digest that is read
from its parser once: any order does where update and content do not decide, if it is one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.centre_records import agent_event, contact, work_item

DAYS = ("2024-02-29", "2025-12-31", "2026-01-05", "2026-01-06")
_UPDATES = ("2026-01-07T00:00:00Z", "2026-01-07T00:00:01Z")
_KEYS = {"contact_record": "ContactId", "agent_event": "EventId", "work_item": "WorkItemId"}
_TIMES = {
    "contact_record": "InitiationTimestamp",
    "agent_event": "EventTimestamp",
    "work_item": "OpenedTimestamp",
}

Line = str  # a record as it lands
Rows = dict[str, Line]  # newest line by key
State = dict[str, Rows]  # by kind
Order = Callable[[Line], str]


class Calls(NamedTuple):
    """Sums of `calls_by_category_queue`."""

    contacts: int
    wait_ms: int
    handle_time_ms: int


def universe() -> dict[str, list[Line]]:
    """Every record that is ever delivered, by kind: versions, ties, moves, and typed rejects."""
    contacts = [
        contact(f"c-{n}", f"{day}T23:59:59Z", queue=queue, category=category, updated=updated)
        | more
        for n in range(3)
        for day in DAYS
        for queue in ("Billing", "Claims")
        for category in ("invoice", "loss")
        for updated in _UPDATES
        for more in ({}, {"DisconnectReason": "CUSTOMER_DISCONNECT"})
    ]
    events = [
        agent_event(f"e-{n}-{day}", f"{day}T09:00:00Z", event)
        for n in range(2)
        for day in DAYS
        for event in ("STATE_CHANGE", "HEART_BEAT")
    ]
    items = [
        work_item(f"w-{n}", f"{day}T09:00:00Z", LastUpdateTimestamp=updated, Status=status)
        for n in range(2)
        for day in DAYS[:2]
        for updated in _UPDATES
        for status in ("OPEN", "CLOSED")
    ]
    bad = [work_item("w-bad", RemainingMinutes=-minutes) for minutes in (1, 2)]
    found = {"contact_record": contacts, "agent_event": events, "work_item": [*items, *bad]}
    return {kind: [json.dumps(each) for each in records] for kind, records in found.items()}


def record_key(kind: str, line: Line) -> str:
    """The key of a record."""
    record = json.loads(line)
    return str(record[_KEYS[kind]])


def day(kind: str, line: Line) -> str:
    """The day that a record belongs to."""
    return str(json.loads(line)[_TIMES[kind]][:10])


def is_typed(line: Line) -> bool:
    """Whether a landed record has the types that a row needs."""
    return "w-bad" not in line


def version(line: Line) -> tuple[str, int]:
    """Update, then how much the record says; a digest decides between equals."""
    record = json.loads(line)
    return record.get("LastUpdateTimestamp") or record["EventTimestamp"], _leaves(record)


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_leaves, value.values()))
    return sum(map(_leaves, value)) if isinstance(value, list) else 1


def newest(kind: str, lines: Iterable[Line], digest: Order) -> Rows:
    """The newest line of every key."""
    found: Rows = {}
    for line in sorted(filter(is_typed, lines), key=lambda each: (version(each), digest(each))):
        found[record_key(kind, line)] = line
    return found


def calls(contacts: Iterable[Line]) -> dict[tuple[str, str, str], Calls]:
    """What contacts add up to, by day, queue and category: 12 s of waiting and 90 s each."""
    counts = Counter(
        (day("contact_record", line), record["Queue"]["Name"], record["Attributes"]["category"])
        for line in contacts
        for record in [json.loads(line)]
    )
    return {key: Calls(n, n * 12_000, n * 90_000) for key, n in counts.items()}


@dataclass
class Model:
    """Objects by their names (kind and lines), which of them count as read, and what runs left.

    `pending`: rejects that are good today. `states`: everything that a table may ever have been.
    """

    digest: Order
    objects: dict[str, tuple[str, tuple[Line, ...]]] = field(default_factory=dict)
    read: frozenset[str] = frozenset()
    runs: dict[str, frozenset[str]] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)
    is_sure: bool = True

    def state(self, keys: Iterable[str]) -> State:
        """What the objects of these names come to."""
        lines: dict[str, list[Line]] = {kind: [] for kind in _KEYS}
        for key in keys:
            kind, some = self.objects[key]
            lines[kind] += some
        return {kind: newest(kind, some, self.digest) for kind, some in lines.items()}

    @property
    def landed(self) -> dict[str, int]:
        """How many records were read, by kind."""
        counts = Counter[str]()
        for key in self.read:
            kind, lines = self.objects[key]
            counts[kind] += len(lines)
        return dict(counts)

    def reach(self, keys: Iterable[str]) -> None:
        """These objects count as read from now on, and the tables are what they come to."""
        self.read = frozenset(keys)
        self.allow(self.read)
        self.is_sure = True

    def allow(self, keys: Iterable[str]) -> None:
        """The tables may be, or have been, what these objects come to."""
        state = self.state(keys)
        if state not in self.states:
            self.states.append(state)
