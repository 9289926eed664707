"""A small simulated centre, its deliveries as plain objects, and its truth."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from ingestion.simulator import Delivery, Truth, deliveries, invented_centre

MONDAY = date(2026, 1, 5)
SUNDAY = date(2026, 1, 4)
MILLISECOND = timedelta(milliseconds=1)


class Run(NamedTuple):
    delivered: list[Delivery]
    truth: dict[str, Any]
    contacts: list[dict[str, Any]]
    events: dict[str, list[dict[str, Any]]]  # of each agent, in order of time
    items: list[dict[str, Any]]


@cache
def small_run() -> Run:
    """Two days of twenty agents; nobody may change it."""
    truth = Truth(intervals=True)
    delivered = list(deliveries(invented_centre(agents=20), MONDAY, 2, 7, truth))
    events = {event["EventId"]: event for event in bodies(delivered, "agent_event")}
    by_agent = defaultdict(list)
    for event in sorted(events.values(), key=lambda each: each["EventTimestamp"]):
        by_agent[event["AgentARN"]].append(event)
    return Run(
        delivered,
        truth.as_dict(),
        newest(bodies(delivered, "contact_record"), "ContactId"),
        dict(by_agent),
        newest(bodies(delivered, "work_item"), "WorkItemId"),
    )


def bodies(delivered: list[Delivery], kind: str) -> Iterator[dict[str, Any]]:
    return (json.loads(each.body) for each in delivered if each.kind == kind)


def newest(versions: Iterator[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for version in versions:
        known = found.get(version[key])
        if known is None or known["LastUpdateTimestamp"] < version["LastUpdateTimestamp"]:
            found[version[key]] = version
    return list(found.values())


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def seconds(since: str, until: str) -> float:
    return (instant(until) - instant(since)).total_seconds()


class Stretch(NamedTuple):
    """The time between two events of an agent, and what the first of them showed."""

    username: str
    status_type: str
    contacts: list[dict[str, Any]]
    start: datetime
    end: datetime

    @property
    def ms(self) -> int:
        return round((self.end - self.start) / MILLISECOND)


def stretches(events: list[dict[str, Any]]) -> Iterator[Stretch]:
    """An agent's signed-in time; nothing from LOGIN to the first status, nor after LOGOUT."""
    for event, following in pairwise(events):
        snapshot = event["CurrentAgentSnapshot"]
        if snapshot and snapshot["AgentStatus"]["Type"] != "OFFLINE":
            yield Stretch(
                snapshot["Configuration"]["Username"],
                snapshot["AgentStatus"]["Type"],
                snapshot["Contacts"],
                instant(event["EventTimestamp"]),
                instant(following["EventTimestamp"]),
            )


def cut_at_midnight(stretch: Stretch) -> Iterator[Stretch]:
    midnight = stretch.start.replace(hour=0, minute=0, second=0, microsecond=0)
    midnight += timedelta(days=1)
    if stretch.end > midnight:
        yield stretch._replace(end=midnight)
        yield from cut_at_midnight(stretch._replace(start=midnight))
    else:
        yield stretch
