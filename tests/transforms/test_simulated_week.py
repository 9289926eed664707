"""A simulated centre of 100 agents: what the tables come to is what really happened there."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ingestion.simulator import invented_centre, write
from tests.transforms.landed import parsed
from transforms.duck import rows
from transforms.facts import violations
from transforms.pipeline import SOURCES, STEPS
from transforms.versions import newest

DAYS = 7 if os.environ.get("PROVE") == "1" else 2
NO_QUEUE = "(no queue)"
GROUPS = {
    "all": "'ALL'",
    "category": "category",
    "queue": f"coalesce(queue_name, '{NO_QUEUE}')",
    "channel": "channel",
    "day": "CAST(day AS VARCHAR)",
}
SUMS = (
    "contacts",
    "contacts_queued",
    "contacts_handled",
    "contacts_abandoned",
    "wait_ms",
    "queue_answer_time_ms",
    "abandon_time_ms",
    "handle_time_ms",
)
SHARES = {
    "service_level_20_removed": "contacts_removed_20s",
    "service_level_20_answered": "contacts_answered_20s",
}


class Centre(NamedTuple):
    """What happened, what became of the deliveries, and every table by name."""

    truth: dict[str, Any]
    deliveries: dict[str, dict[str, int]]
    tables: dict[str, pa.Table]


def delivered(folder: Path, kind: str) -> Iterator[str]:
    for path in sorted(folder.glob(f"{kind}-*.ndjson.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from file


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Centre:
    folder = tmp_path_factory.mktemp("centre")
    truth = write(folder, invented_centre(100), date(2024, 1, 1), DAYS, 1, intervals=True)
    deliveries, made = {}, {}
    for source in SOURCES:
        landed = parsed(source.kind, delivered(folder, source.kind))
        good = landed.filter(pc.field("reject_reason").is_null())
        found = newest(source.writes.conform(good), source.writes)
        made[source.writes.name] = found.rows
        deliveries[source.kind] = {
            "produced": landed.num_rows,
            "duplicates": found.duplicates,
            "superseded": found.superseded,
            "rows": found.rows.num_rows,
        }
    for step in STEPS:
        made[step.writes.name] = step.writes.conform(step.function(made[step.reads.name]))
    return Centre(truth, deliveries, made)


def asked(centre: Centre, sql: str) -> list[dict[str, Any]]:
    names = ("calls_by_category_queue", "agent_state_interval", "work_item")
    return rows(sql, **{name: centre.tables[name] for name in names}).to_pylist()


def test_every_delivery_is_a_row_a_duplicate_or_superseded_as_in_truth(centre):
    assert centre.truth["deliveries"] == centre.deliveries


@pytest.mark.parametrize("by", GROUPS)
def test_counts_and_sums_equal_the_truth(centre, by):
    sums = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in SUMS)
    found = asked(
        centre, f"SELECT {GROUPS[by]} AS grp, {sums} FROM calls_by_category_queue GROUP BY 1"
    )
    expected = {
        grp: {name: metrics[name] for name in SUMS}
        for grp, metrics in centre.truth["contact_metrics"][by].items()
    }
    assert expected == {row.pop("grp"): row for row in found}


@pytest.mark.parametrize("by", GROUPS)
def test_service_levels_equal_the_truth(centre, by):
    shares = ", ".join(
        f"CAST(sum({part}) AS DOUBLE) / nullif(sum(contacts_queued), 0) AS {name}"
        for name, part in SHARES.items()
    )
    found = asked(
        centre, f"SELECT {GROUPS[by]} AS grp, {shares} FROM calls_by_category_queue GROUP BY 1"
    )
    expected = {
        grp: {name: metrics[name] for name in SHARES}
        for grp, metrics in centre.truth["contact_metrics"][by].items()
    }
    assert expected == {row.pop("grp"): row for row in found}


def test_calls_equal_the_truth_row_for_row(centre):
    expected = {tuple(row.values()) for row in centre.truth["calls"]}
    found = asked(
        centre,
        f"""SELECT CAST(day AS VARCHAR) AS day,
            strftime(interval_start, '%Y-%m-%dT%H:%M:%SZ') AS interval_start,
            {GROUPS["queue"]} AS queue, category, task, channel, contacts, contacts_queued,
            contacts_handled, contacts_abandoned, wait_ms, handle_time_ms
        FROM calls_by_category_queue""",
    )
    assert (expected, len(expected)) == ({tuple(row.values()) for row in found}, len(found))


@pytest.mark.parametrize(
    ("told", "group"),
    [("agent_state_ms", "agent_username"), ("agent_state_ms_by_day", "CAST(day AS VARCHAR)")],
)
def test_time_in_each_state_equals_the_truth_to_the_millisecond(centre, told, group):
    found: dict[str, dict[str, int]] = {}
    for row in asked(
        centre,
        f"""SELECT {group} AS grp, state, CAST(sum(duration_ms) AS BIGINT) AS ms
            FROM agent_state_interval GROUP BY ALL""",
    ):
        found.setdefault(row["grp"], {})[row["state"]] = row["ms"]
    assert centre.truth[told] == found


def test_open_work_equals_the_truth(centre):
    found = asked(
        centre,
        """SELECT agent_username, sum(remaining_minutes) AS minutes FROM work_item
            WHERE status = 'OPEN' GROUP BY ALL HAVING minutes <> 0""",
    )
    assert centre.truth["open_work"] == {row["agent_username"]: row["minutes"] for row in found}


@pytest.mark.parametrize(
    "table", [each.writes for each in (*SOURCES, *STEPS)], ids=lambda t: t.name
)
def test_every_table_keeps_its_facts(centre, table):
    assert set(violations(centre.tables[table.name], table).values()) == {0}


def test_no_phone_number_is_in_any_table(centre):
    numbers = [
        f"{name}.{column}"
        for name, table in centre.tables.items()
        for column in table.column_names
        if pa.types.is_string(table.schema.field(column).type)
        and pc.any(pc.match_substring_regex(table.column(column), r"\+1\d{10}")).as_py()
    ]
    assert numbers == []
