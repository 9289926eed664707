"""Periods of the centre's clock, through both changes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.hand_made_lake import Ask, Contacts, asking, contact, queued
from tests.transforms.landed import at


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Contacts], Ask]]:
    with asking(tmp_path_factory.mktemp("periods")) as of:
        yield of


def every_quarter(first: datetime, last: datetime) -> Contacts:
    """One contact every 15 minutes."""
    count = int((last - first) / timedelta(minutes=15))
    begun = (first + timedelta(minutes=15 * n) for n in range(count))
    return tuple(
        contact(f"c-{n}", initiation_timestamp=start, **queued(1)) for n, start in enumerate(begun)
    )


# Clocks change on 2026-03-29 and 2026-10-25 in Berlin, on 2026-03-08 and 2026-11-01 in New York.
SPRING_BERLIN = every_quarter(at("2026-03-28"), at("2026-03-31"))
AUTUMN_BERLIN = every_quarter(at("2026-10-24"), at("2026-10-27"))
SPRING_YORK = every_quarter(at("2026-03-07"), at("2026-03-10"))
AUTUMN_YORK = every_quarter(at("2026-10-31"), at("2026-11-03"))


def days(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {f"{row['period_start']:%m-%d}": row["contacts"] for row in rows}


@pytest.mark.parametrize(
    ("contacts", "zone", "expected"),
    [
        # UTC midnight is 01:00 or, in summer, 02:00 in Berlin; a day has 96 quarters of an hour
        (SPRING_BERLIN, "Europe/Berlin", {"03-28": 92, "03-29": 92, "03-30": 96, "03-31": 8}),
        (AUTUMN_BERLIN, "Europe/Berlin", {"10-24": 88, "10-25": 100, "10-26": 96, "10-27": 4}),
        # and 19:00 or 20:00 of the day before in New York
        (SPRING_YORK, "America/New_York", {"03-06": 20, "03-07": 96, "03-08": 92, "03-09": 80}),
        (AUTUMN_YORK, "America/New_York", {"10-30": 16, "10-31": 96, "11-01": 100, "11-02": 76}),
        # Kathmandu is 05:45 ahead, all year: 18 h 15 min are left of the first day
        (SPRING_BERLIN, "Asia/Kathmandu", {"03-28": 73, "03-29": 96, "03-30": 96, "03-31": 23}),
        (SPRING_BERLIN, "UTC", {"03-28": 96, "03-29": 96, "03-30": 96}),
    ],
)
def test_days_are_those_of_the_zone_of_23_24_or_25_hours(asked, contacts, zone, expected):
    assert expected == days(asked(contacts)("calls_by_period", period="day", zone=zone))


def clock(rows: list[dict[str, Any]], first: str, last: str) -> list[str]:
    """Times on the clock, and in UTC, of the rows between two of the clock."""
    shown = [
        (f"{row['period_start']:%m-%d %H:%M}", f"{row['first_interval_start']:%H:%M}")
        for row in rows
    ]
    return [f"{local} = {utc}" for local, utc in shown if first <= local <= last]


def test_in_spring_an_hour_of_the_clock_has_no_periods(asked):
    rows = asked(SPRING_BERLIN)("calls_by_period", period="15min", zone="Europe/Berlin")
    assert clock(rows, "03-29 01:45", "03-29 03:15") == [
        "03-29 01:45 = 00:45",
        "03-29 03:00 = 01:00",
        "03-29 03:15 = 01:15",
    ]


@pytest.mark.parametrize(
    ("contacts", "zone", "first", "last", "expected"),
    [
        (
            AUTUMN_BERLIN,
            "Europe/Berlin",
            "10-25 02:30",
            "10-25 02:45",
            [
                "10-25 02:30 = 00:30",
                "10-25 02:30 = 01:30",
                "10-25 02:45 = 00:45",
                "10-25 02:45 = 01:45",
            ],
        ),
        (
            AUTUMN_YORK,
            "America/New_York",
            "11-01 01:45",
            "11-01 02:00",
            ["11-01 01:45 = 05:45", "11-01 01:45 = 06:45", "11-01 02:00 = 07:00"],
        ),
    ],
)
def test_in_autumn_two_periods_with_one_time_on_the_clock_stay_apart(
    asked, contacts, zone, first, last, expected
):
    rows = asked(contacts)("calls_by_period", period="15min", zone=zone)
    assert expected == clock(rows, first, last)
    assert {row["contacts"] for row in rows} == {1}


@pytest.mark.parametrize(
    ("contacts", "zone", "expected"),
    [
        # Monday, 30 March: the week before ends with the day of 23 hours
        (SPRING_BERLIN, "Europe/Berlin", {"03-23": 92 + 92, "03-30": 96 + 8}),
        (AUTUMN_YORK, "America/New_York", {"10-26": 16 + 96 + 100, "11-02": 76}),
        (SPRING_BERLIN, "UTC", {"03-23": 96 + 96, "03-30": 96}),
    ],
)
def test_weeks_begin_on_the_zones_monday(asked, contacts, zone, expected):
    assert expected == days(asked(contacts)("calls_by_period", period="week", zone=zone))


def test_the_days_asked_for_are_those_of_the_zone(asked):
    rows = asked(AUTUMN_BERLIN)(
        "calls_by_period", zone="Europe/Berlin", from_day="2026-10-25", to_day="2026-10-25"
    )
    assert days(rows) == {"10-25": 100}
