"""What 1, 10 and 100 million contacts a day would need, worked out from measured unit costs.

`python -m tests.bench.scale` prints the tables of docs/scale.md from docs/unit_costs.toml.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from glue_jobs.build import LATEST_LANDING
from glue_jobs.datafiles import ROWS_IN_A_GROUP

UNIT_COSTS = Path(__file__).parents[2] / "docs" / "unit_costs.toml"
CONTACTS = (1_000_000, 10_000_000, 100_000_000)
QUARTERS = 96
QUARTER_S = 900
NIGHT_S = 4 * 3600  # a day that is built anew, or back-filled, has the night for it
MACHINE_CORES = 2  # of the machine that the unit costs were measured on
WORKER_CORES = 8  # of a Glue G.2X worker
SHARD_BYTES_A_S = 1e6
SHARD_RECORDS_A_S = 1_000
REPORT_DAYS = 28
DAYS_LISTED = LATEST_LANDING.days + 1  # from the last build's own day on

Costs = Mapping[str, Mapping[str, Any]]
Row = Callable[[Costs, int], str]


def json_mb(costs: Costs, contacts: int) -> float:
    """Megabytes of JSON that so many contacts and their agents' events are."""
    given = costs["input"]
    events = given["events_per_contact"] * given["event_json_bytes"]
    return contacts * (given["contact_json_bytes"] + events) / 1e6


def rows(costs: Costs, contacts: int) -> float:
    """Rows of contact_record and agent_event."""
    return contacts * (1 + costs["input"]["events_per_contact"])


def shards(costs: Costs, contacts: int) -> int:
    """Kinesis shards that the busiest quarter of an hour needs, of both streams."""
    busy = costs["input"]["busiest_quarter"] / 86_400
    return math.ceil(
        max(
            json_mb(costs, contacts) * 1e6 * busy / SHARD_BYTES_A_S,
            rows(costs, contacts) * busy / SHARD_RECORDS_A_S,
        )
    )


def objects(costs: Costs, contacts: int) -> int:
    """Raw objects of a day: full batches, and at least one a minute of every shard."""
    given = costs["raw"]
    full = json_mb(costs, contacts) / given["object_json_mb"]
    return math.ceil(max(full, shards(costs, contacts) * given["batches_a_shard_and_day"]))


def listing_s(costs: Costs, contacts: int, days: int) -> float:
    """Seconds in which a build lists the raw objects that arrived in so many days."""
    listed = objects(costs, contacts) * days
    return float(listed / 1_000 * costs["raw"]["s_per_1000_keys_listed"])


def whole_day_cpu_s(costs: Costs, contacts: int, engine: str) -> float:
    """CPU seconds of building a day from nothing."""
    return json_mb(costs, contacts) * costs[engine]["cpu_s_per_mb"]


def last_increment_cpu_s(costs: Costs, contacts: int) -> float:
    """CPU seconds of the day's last quarter of an hour, which rewrites all of the day."""
    given = costs["increment"]
    return given["cpu_s"] + rows(costs, contacts) * given["cpu_s_per_row"]


def lookup(costs: Costs, contacts: int) -> tuple[float, float]:
    """Bytes and CPU seconds of seeing what moved, in the busiest quarter of an hour.

    By the filters of each day's row groups, or by every key where more land than a group has rows.
    """
    given = costs["lookup"]
    landed = contacts / QUARTERS * costs["input"]["busiest_quarter"]
    kept = contacts * given["days_kept"]
    groups = math.ceil(contacts / ROWS_IN_A_GROUP) * given["days_kept"]
    if landed > contacts / math.ceil(contacts / ROWS_IN_A_GROUP):
        return kept * given["bytes_per_key"], kept * given["cpu_s_per_key"]
    asked = groups * landed * given["cpu_s_per_text_and_group"]
    opened = given["days_kept"] * given["cpu_s_per_file"]
    return kept * given["bytes_per_key_of_filters"], asked + opened


def most_contacts(costs: Costs, cores: int) -> int:
    """Contacts a day with which the day's last increment still takes a quarter of an hour."""
    given = costs["increment"]
    affordable = (QUARTER_S * cores - given["cpu_s"]) / given["cpu_s_per_row"]
    return int(affordable / (1 + costs["input"]["events_per_contact"]))


def workers(cpu_s: float, within_s: float) -> int:
    """Glue workers that do so much in time, if every core works."""
    return math.ceil(cpu_s / within_s / WORKER_CORES)


def _spark_factor(costs: Costs) -> float:
    return float(costs["spark"]["cpu_s_per_mb"] / costs["embedded"]["cpu_s_per_mb"])


def _packed_mb(costs: Costs, contacts: int) -> float:
    return json_mb(costs, contacts) * float(costs["input"]["packed_share"])


STREAMS: dict[str, Row] = {
    "JSON a day": lambda c, n: f"{json_mb(c, n) / 1e3:,.0f} GB",
    "raw, gzip, a day": lambda c, n: f"{_packed_mb(c, n) / 1e3:,.1f} GB",
    "shards in the busiest quarter of an hour": lambda c, n: f"{shards(c, n):,}",
    "raw objects a day": lambda c, n: f"{objects(c, n):,}",
    "Parquet of every table, a day": lambda c, n: (
        f"{json_mb(c, n) * c['lake']['mb_per_mb'] / 1e3:,.1f} GB"
    ),
}
WHOLE_DAYS: dict[str, Row] = {
    "CPU hours, embedded": lambda c, n: f"{whole_day_cpu_s(c, n, 'embedded') / 3600:,.1f}",
    f"hours on {MACHINE_CORES} cores, embedded": lambda c, n: (
        f"{whole_day_cpu_s(c, n, 'embedded') / 3600 / MACHINE_CORES:,.1f}"
    ),
    "CPU hours, Spark": lambda c, n: f"{whole_day_cpu_s(c, n, 'spark') / 3600:,.1f}",
    "G.2X workers that do it in four hours": lambda c, n: (
        f"{workers(whole_day_cpu_s(c, n, 'spark'), NIGHT_S):,}"
    ),
    "shuffle": lambda c, n: f"{json_mb(c, n) * c['spark']['shuffle_mb_per_mb'] / 1e3:,.0f} GB",
    "tasks that parse": lambda c, n: (
        f"{math.ceil(_packed_mb(c, n) / c['spark']['packed_mb_per_task']):,}"
    ),
    "commits": lambda c, _: f"{c['lake']['tables_by_day']}",
}
INCREMENTS: dict[str, Row] = {
    "new JSON, on average": lambda c, n: f"{json_mb(c, n) / QUARTERS:,.0f} MB",
    "minutes of listing raw objects": lambda c, n: f"{listing_s(c, n, DAYS_LISTED) / 60:,.1f}",
    "of a day's first build": lambda c, n: f"{listing_s(c, n, c['raw']['days_kept']) / 60:,.0f}",
    "rows of the day at its end": lambda c, n: f"{rows(c, n) / 1e6:,.1f} M",
    "CPU minutes of the last, embedded": lambda c, n: f"{last_increment_cpu_s(c, n) / 60:,.0f}",
    f"minutes on {MACHINE_CORES} cores": lambda c, n: (
        f"{last_increment_cpu_s(c, n) / 60 / MACHINE_CORES:,.0f}"
    ),
    "G.2X workers that keep up on Spark": lambda c, n: (
        f"{workers(last_increment_cpu_s(c, n) * _spark_factor(c), QUARTER_S):,}"
    ),
    "read to see what moved": lambda c, n: f"{lookup(c, n)[0] / 1e9:,.1f} GB",
    "CPU minutes of that": lambda c, n: f"{lookup(c, n)[1] / 60:,.1f}",
    "commits a day": lambda c, _: f"{c['lake']['tables_by_day'] * QUARTERS:,}",
}
SERVING: dict[str, Row] = {
    "DynamoDB write units a second, mean": lambda c, n: f"{_writes(c, n) / 86_400:,.0f}",
    "in the busiest quarter of an hour": lambda c, n: (
        f"{_writes(c, n) / 86_400 * c['input']['busiest_quarter']:,.0f}"
    ),
}


def _writes(costs: Costs, contacts: int) -> float:
    given = costs["dynamodb"]
    events = costs["input"]["events_per_contact"] * given["per_event"]
    return contacts * float(events + given["per_decision"] + given["per_settled"])


def _athena(costs: Costs) -> dict[str, Row]:
    def read(bytes_: float) -> Row:
        return lambda _, n: f"{n * REPORT_DAYS * bytes_ / 1e9:,.2f} GB"

    return {
        f"Athena, `{name}`, {REPORT_DAYS} days": read(each)
        for name, each in costs["query"]["bytes_per_contact"].items()
    }


def table(costs: Costs, rows_: Mapping[str, Row]) -> Iterator[str]:
    """A Markdown table with a column for each number of contacts."""
    yield "| contacts a day | " + " | ".join(f"{n:,}" for n in CONTACTS) + " |"
    yield "|---" * (1 + len(CONTACTS)) + "|"
    for name, value in rows_.items():
        yield f"| {name} | " + " | ".join(value(costs, n) for n in CONTACTS) + " |"


def told(costs: Costs) -> str:
    """Every table, and the number of contacts at which increments fall behind."""
    parts: Iterable[tuple[str, Mapping[str, Row]]] = (
        ("Streams and storage", STREAMS),
        ("A whole day at once (back-fill, rebuild)", WHOLE_DAYS),
        ("A quarter of an hour at a time", INCREMENTS),
        ("Serving and asking", SERVING | _athena(costs)),
    )
    lines = []
    for title, found in parts:
        lines += [f"### {title}", "", *table(costs, found), ""]
    for cores in (MACHINE_CORES, 16):
        lines.append(
            f"- The last increment of a day takes a quarter of an hour on {cores} cores at "
            f"{most_contacts(costs, cores) / 1e6:,.1f} million contacts a day (embedded)."
        )
    return "\n".join(lines)


def main() -> None:
    print(told(tomllib.loads(UNIT_COSTS.read_text())))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
