"""However late a record comes, it belongs to the day on which its contact began."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tests.transforms.landed import contact, event, versions, work
from transforms.calls_by_category_queue import calls_by_category_queue
from transforms.contact_statistic_record import contact_statistic_records

INSTANTS = 2_000 if os.environ.get("PROVE") == "1" else 50
LATE = {
    "an hour": timedelta(hours=1),
    "a day": timedelta(days=1),
    "30 days": timedelta(days=30),
    "23 months": timedelta(days=700),
}
# Days on which clocks change, a leap day, and the turn of a year, each with the one after it.
DAYS = ("2024-03-10", "2024-11-03", "2024-03-31", "2024-10-27", "2024-02-29", "2023-12-31")
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata")


def instants() -> list[datetime]:
    """Instants of those days and a day around, in seconds, the ends of days among them."""
    rng = Random(0)
    first = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in DAYS]
    ends = [day + timedelta(seconds=s) for day in first for s in (-1, 0, 86_399, 86_400)]
    return ends + [
        rng.choice(first) + timedelta(seconds=rng.randint(-86_400, 2 * 86_400))
        for _ in range(INSTANTS)
    ]


def told(at: datetime, number: int) -> str:
    """The instant as somewhere in the world writes it."""
    return at.astimezone(ZoneInfo(ZONES[number % len(ZONES)])).isoformat()


@pytest.mark.parametrize("late", LATE.values(), ids=[*LATE])
def test_a_late_contact_is_of_the_day_on_which_it_began(late):
    found = versions(
        "contact_record",
        [
            contact(
                ContactId=f"c-{n}",
                InitiationTimestamp=told(at, n),
                LastUpdateTimestamp=told(at + late, n),
            )
            for n, at in enumerate(instants())
        ],
    )
    assert found.column("day").to_pylist() == [at.date() for at in instants()]


@pytest.mark.parametrize("late", LATE.values(), ids=[*LATE])
def test_a_late_work_item_is_of_the_day_on_which_it_was_opened(late):
    found = versions(
        "work_item",
        [
            work(
                WorkItemId=f"w-{n}",
                OpenedTimestamp=told(at, n),
                LastUpdateTimestamp=told(at + late, n),
            )
            for n, at in enumerate(instants())
        ],
    )
    assert found.column("day").to_pylist() == [at.date() for at in instants()]


def test_an_agent_event_is_of_its_own_day():
    found = versions("agent_event", [event(told(at, n)) for n, at in enumerate(instants())])
    assert found.column("day").to_pylist() == [at.date() for at in instants()]


def test_every_call_counts_on_the_day_on_which_it_began():
    received = [
        contact(ContactId=f"c-{n}", InitiationTimestamp=told(at, n))
        for n, at in enumerate(instants())
    ]
    rows = versions("contact_record", received)
    calls = calls_by_category_queue(contact_statistic_records(rows)).to_pylist()
    counted = dict.fromkeys({at.date() for at in instants()}, 0)
    for row in calls:
        counted[row["day"]] += row["contacts"]
    dates = [at.date() for at in instants()]
    assert counted == {day: dates.count(day) for day in counted}
