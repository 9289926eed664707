"""An Amazon Connect agent event as the few facts that routing needs.

Source: administrator guide, "Agent event streams data model". Snapshots can be null, the status
type and the slots are absent in older events, and proficiencies come as `ProficiencyLevel` or
`Level`. Nothing here raises; what is odd is left out.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NamedTuple

from lambdas.routing.live import Slots, channel

LONGEST_ID = 256
MOST_ITEMS = 200  # of a list: an agent has a few contacts and some ten skills

_AGENT_ID = re.compile(r"/agent/([^/\s]{1,256})$")
_RANKS = {"LOGIN": 0, "LOGOUT": 2}  # of events at the same millisecond; the others come between
_REFUSED = ("MISSED", "REJECTED", "ERROR")


class Snapshot(NamedTuple):
    """The agent as an event shows it; `contacts` maps contact ids to channel and state."""

    status: str | None
    is_routable: bool
    next_status: str | None
    slots: Mapping[str, Slots]
    contacts: Mapping[str, tuple[str, str]]
    skills: Mapping[str, float]
    agent_name: str | None
    routing_profile: str | None


class AgentEvent(NamedTuple):
    """One event; `order` is by instant, then kind, then id, the same wherever it is seen."""

    agent_id: str
    at: datetime
    kind: str
    event_id: str
    current: Snapshot | None
    previous: Snapshot | None

    @property
    def order(self) -> tuple[datetime, int, str]:
        """Where the event stands among the agent's events."""
        return order(self.at, self.kind, self.event_id)

    @property
    def arrivals(self) -> list[str]:
        """The contacts that newly are with the agent, or that the agent newly has refused."""
        now = self.current.contacts if self.current else {}
        before = self.previous.contacts if self.previous else {}
        return [
            who
            for who, (_, state) in now.items()
            if who not in before or (state in _REFUSED and state != before[who][1])
        ]

    @property
    def newcomers(self) -> list[str]:
        """The contacts that newly are with the agent."""
        before = self.previous.contacts if self.previous else {}
        return [who for who in (self.current.contacts if self.current else {}) if who not in before]

    @property
    def shown(self) -> set[str]:
        """The contacts of both snapshots: none of them is still on its way to the agent."""
        return {who for each in (self.current, self.previous) if each for who in each.contacts}


def order(at: datetime, kind: str, event_id: str) -> tuple[datetime, int, str]:
    """The order of an agent's events; ties by kind, then by id, so that every reader agrees."""
    return at, _RANKS.get(kind, 1), event_id


def agent_event(record: object) -> AgentEvent | None:
    """The event of a parsed record; None without an agent, an id or a readable instant."""
    if not isinstance(record, Mapping):
        return None
    agent = _AGENT_ID.search(_text(record.get("AgentARN")) or "")
    at = _instant(record.get("EventTimestamp"))
    event_id = _text(record.get("EventId"))
    if agent is None or at is None or event_id is None:
        return None
    return AgentEvent(
        agent[1],
        at,
        _text(record.get("EventType")) or "",
        event_id,
        _snapshot(record.get("CurrentAgentSnapshot")),
        _snapshot(record.get("PreviousAgentSnapshot")),
    )


def _snapshot(value: object) -> Snapshot | None:
    if not isinstance(value, Mapping):
        return None
    status = _mapping(value, "AgentStatus")
    name = _text(status.get("Name"))
    kind = _text(status.get("Type"))
    configuration = _mapping(value, "Configuration")
    profile = _mapping(configuration, "RoutingProfile")
    contacts = dict(_contacts(value))
    return Snapshot(
        status=name,
        is_routable=name != "Error" and (kind == "ROUTABLE" if kind else name == "Available"),
        next_status=_text(_mapping(value, "NextAgentStatus").get("Name")),
        slots=_slots(profile, [each for each, _ in contacts.values()]),
        contacts=contacts,
        skills=dict(_skills(configuration)),
        agent_name=_text(configuration.get("Username")),
        routing_profile=_text(profile.get("ARN")),
    )


def _contacts(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    for each in _mappings(snapshot, "Contacts"):
        who = _text(each.get("ContactId"))
        if who is not None:
            name = channel(_text(each.get("Channel")) or "VOICE")
            yield who, (name, _text(each.get("State")) or "")


def _slots(profile: Mapping[str, Any], taken: list[str]) -> dict[str, Slots]:
    """The slots by channel, never more free ones than the contacts leave.

    Events without slots tell nothing of channels: then the agent has one place for each that a
    contact is in, and one for calls.
    """
    known = dict(_concurrency(profile))
    if not known:
        known = dict.fromkeys([*taken, "VOICE"], (1, 1))
    slots = {}
    for name in [*known, *(set(taken) - known.keys())]:
        most, free = known.get(name, (1, 1))
        active = taken.count(name)
        slots[name] = Slots(most, max(0, min(free, most - active)), active)
    return slots


def _concurrency(profile: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, int]]]:
    for each in _mappings(profile, "Concurrency"):
        name = _text(each.get("Channel"))
        most = _number(each.get("MaximumSlots"))
        if name is not None and most is not None:
            free = _number(each.get("AvailableSlots"))
            yield channel(name), (int(most), int(most if free is None else free))


def _skills(configuration: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for each in _mappings(configuration, "Proficiencies"):
        name, value = _text(each.get("Name")), _text(each.get("Value"))
        level = _number(each.get("ProficiencyLevel", each.get("Level")))
        if name is not None and value is not None and level is not None:
            yield f"{name}:{value}", level


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    child = parent.get(key)
    return child if isinstance(child, Mapping) else {}


def _mappings(parent: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    items = parent.get(key)
    items = items[:MOST_ITEMS] if isinstance(items, list) else []
    return [item for item in items if isinstance(item, Mapping)]


def _text(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= LONGEST_ID * 2 and text.isprintable() else None


def _number(value: object) -> float | None:
    """A number from 0 to 1000, also as text; more is no count of slots and no level."""
    try:
        number = float(value) if isinstance(value, int | float | str) else -1.0
    except ValueError:
        return None
    return number if isfinite(number) and 0 <= number <= 1000 else None


def _instant(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if at is None else (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
