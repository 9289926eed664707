"""Waits by queue and hour of the day: a table whose fields are shaded and marked."""

from __future__ import annotations

from typing import NamedTuple

from glue_jobs.cells import inert
from glue_jobs.report.figures import Rows
from glue_jobs.report.grid import is_small

HOURS = range(24)
# Mean wait (seconds) from which a field is one shade darker; the first is Connect's usual target.
STEPS_S = (20, 60, 180, 600)


class Field(NamedTuple):
    """One hour of one queue: mean wait (s) or None, how dark (0 to 4), and what it says."""

    text: str
    value: str
    shade: int
    says: str


class Heat(NamedTuple):
    """Queues with a field for each hour. `source`: the command with the same figures."""

    caption: str
    meaning: str
    source: str
    rows: tuple[tuple[str, str, tuple[Field, ...]], ...]
    steps: tuple[str, ...]


def heat(rows: Rows, source: str) -> Heat:
    """The heat map of `wait_by_hour`: the queues with most waiting first."""
    queues: dict[str, float] = {}
    for row in rows:
        queues[row["queue_name"]] = queues.get(row["queue_name"], 0.0) + row["wait_minutes"]
    found = {(row["queue_name"], row["local_hour"]): row for row in rows}
    ordered = sorted(queues, key=lambda name: (-queues[name], name))
    return Heat(
        "Mean wait in seconds by queue and hour",
        "Time in queue of the contacts that entered the queue in that hour of the clock, over the "
        "days together; fewer than five are not shown",
        source,
        tuple(
            (name, inert(name), tuple(_field(found.get((name, hour))) for hour in HOURS))
            for name in ordered
        ),
        ("under 20 s", "from 20 s", "from 1 min", "from 3 min", "from 10 min"),
    )


def _field(row: dict[str, object] | None) -> Field:
    if row is None or row["avg_wait_s"] is None:
        return Field("", "", 0, "no calls")
    wait_s, calls = float(str(row["avg_wait_s"])), int(str(row["contacts_queued"]))
    if is_small(calls):
        return Field("<5", "fewer than 5", 0, "fewer than 5 calls")
    shade = sum(wait_s >= step for step in STEPS_S)
    return Field(f"{wait_s:.0f}", str(row["avg_wait_s"]), shade, f"{wait_s:.0f} s, {calls} calls")
