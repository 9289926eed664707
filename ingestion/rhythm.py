"""When customers come and when agents work: the daily and weekly rhythm of a centre."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from ingestion.centre import BACK_OFFICE, SHIFT_MIN, TRAINING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from ingestion.centre import Agent, Category, Centre

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000

# Share of a day's contacts by hour of the day, UTC, and of a plain weekday's by day of the week.
_BY_HOUR = (
    10, 9, 1, 1, 1, 2, 13, 18, 29, 46, 49, 58, 62, 66, 70, 62, 62, 44, 50, 42, 28, 26, 15, 10,
)  # fmt: skip
_BY_WEEKDAY = (1.10, 1.03, 1.0, 1.0, 0.97, 0.32, 0.28)


class Arrival(NamedTuple):
    """A customer who wants something. `at_ms` since the epoch is a whole second."""

    at_ms: int
    category: Category
    task: str
    channel: str
    customer: int


class Activity(NamedTuple):
    """Something other than contacts that an agent is to do, from about `at_ms`."""

    at_ms: int
    status: str
    duration_ms: int


class Shift(NamedTuple):
    """An agent's working day; it may end on the day after."""

    login_ms: int
    logout_ms: int
    activities: tuple[Activity, ...]


def arrivals(centre: Centre, start_ms: int, days: int, rng: Random) -> Iterator[Arrival]:
    """The customers of `days` days in order of time: a Poisson process, its rate set each hour."""
    for day_ms in range(start_ms, start_ms + days * DAY_MS, DAY_MS):
        volume = centre.contacts_per_agent * len(centre.agents) * _BY_WEEKDAY[_weekday(day_ms)]
        volume *= rng.lognormvariate(0, 0.03)
        for hour, weight in enumerate(_BY_HOUR):
            rate = volume * weight / sum(_BY_HOUR) / HOUR_MS
            opened = day_ms + hour * HOUR_MS
            at = opened + rng.expovariate(rate)
            while at < opened + HOUR_MS:
                yield _arrival(centre, int(at) // 1000 * 1000, rng)
                at += rng.expovariate(rate)


def _arrival(centre: Centre, at_ms: int, rng: Random) -> Arrival:
    [category] = rng.choices(centre.categories, cum_weights=centre.category_cum_shares)
    queue = centre.queues[category.queue]
    [channel] = rng.choices(queue.channels, cum_weights=queue.channel_cum_shares)
    # The square makes some customers call far more often than others.
    customer = int(centre.customers * rng.random() ** 2)
    return Arrival(at_ms, category, rng.choice(category.tasks), channel, customer)


def _weekday(day_ms: int) -> int:
    return datetime.fromtimestamp(day_ms / 1000, UTC).weekday()


def shift(agent: Agent, day_ms: int, rng: Random) -> Shift | None:
    """The agent's shift that starts on the day, None on days off and the odd sick day."""
    if _weekday(day_ms) in agent.weekdays_off or rng.random() < 0.03:
        return None
    start = day_ms + agent.shift_start_min * MINUTE_MS
    planned = (
        (60, TRAINING, 45) if rng.random() < 0.06 else None,
        (120, "Break", 15),
        (230, "Lunch", 30),
        (315, BACK_OFFICE, 60 if agent.is_specialist else 15),
        (410, "Break", 15),
    )
    return Shift(
        start + rng.randint(-180_000, 120_000),
        start + SHIFT_MIN * MINUTE_MS + rng.randint(0, 300_000),
        tuple(_activity(start, *plan, rng) for plan in planned if plan),
    )


def _activity(start: int, after_min: int, status: str, minutes: int, rng: Random) -> Activity:
    at = start + after_min * MINUTE_MS + rng.randint(-25 * MINUTE_MS, 25 * MINUTE_MS)
    return Activity(at, status, minutes * MINUTE_MS + rng.randint(-60_000, 90_000))
