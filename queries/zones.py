"""The time zones in which days and hours may be told."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA database here; kept, because finding them takes 60 ms."""
    return frozenset(available_timezones())
