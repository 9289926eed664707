"""A simulated centre of 100 agents: what the tables come to is what really happened there."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Mapping
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
from transforms.pipeline import SOURCES, STEPS, Step
from transforms.versions import newest

DAYS = 7 if os.environ.get("PROVE") == "1" else 2
GROUPS = {
    "all": "'ALL'",
    "category": "category",
    "queue": "coalesce(queue_name, '(no queue)')",
    "channel": "channel",
    "day": "CAST(day AS VARCHAR)",
}
CONTACTS = {
    "contacts": "count(*)",
    "contacts_queued": "sum(is_queued)",
    "contacts_answered": "sum(is_queued_and_handled)",
    "contacts_handled": "sum(is_handled)",
    "contacts_abandoned": "sum(is_abandoned)",
    "contacts_with_agent": "count(handle_time_ms)",
    "contacts_incoming": "sum(is_incoming)",
    "contacts_api": "sum(is_api_contact)",
    "contacts_callback": "sum(is_callback_contact)",
    "contacts_outbound": "count(*) FILTER (initiation_method = 'OUTBOUND')",
    "contacts_handled_incoming": "sum(is_handled_incoming)",
    "contacts_handled_api": "sum(is_api_handled)",
    "contacts_handled_callback": "sum(is_callback_handled)",
    "contacts_handled_outbound": "sum(is_handled_outbound)",
    "contacts_put_on_hold": "sum(is_put_on_hold)",
    "contacts_agent_hung_up_first": "sum(is_agent_hung_up_first)",
    "contacts_flow_timed": "count(contact_flow_time_ms)",
    "contacts_transferred_in": "sum(is_transferred_in)",
    "contacts_transferred_in_by_agent": "sum(is_transferred_in_from_handled)",
    "contacts_transferred_in_from_queue": "sum(is_transferred_in_from_queued)",
    "contacts_transferred_out": "sum(is_transferred_out)",
    "contacts_transferred_out_internal": "sum(is_transferred_out_internal)",
    "contacts_transferred_out_external": "sum(is_transferred_out_external)",
    "contacts_transferred_out_from_handled": "sum(is_transferred_out_from_handled)",
    "contacts_transferred_out_from_queued": "sum(is_transferred_out_from_queued)",
    "callback_attempts": "sum(is_callback_attempt)",
    "holds": "sum(number_of_holds)",
    "wait_ms": "sum(queue_time_ms)",
    "max_queued_ms": "max(queue_time_ms)",
    "queue_answer_time_ms": "sum(queue_answer_time_ms)",
    "abandon_time_ms": "sum(abandon_time_ms)",
    "interaction_ms": "sum(agent_interaction_time_ms)",
    "hold_ms": "sum(customer_hold_time_ms)",
    "interaction_and_hold_ms": "sum(agent_interaction_and_hold_time_ms)",
    "interaction_outbound_ms": "sum(agent_interaction_outbound_time_ms)",
    "after_contact_work_ms": "sum(after_contact_work_time_ms)",
    "after_contact_work_outbound_ms": "sum(after_contact_work_outbound_time_ms)",
    "pause_ms": "sum(agent_pause_time_ms)",
    "handle_time_ms": "sum(handle_time_ms)",
    "active_time_ms": "sum(active_time_ms)",
    "resolution_ms": "sum(resolution_time_ms)",
    "contact_flow_time_ms": "sum(contact_flow_time_ms)",
    **{
        f"{fate}_{limit_s}": f"count(*) FILTER ({ms} < {limit_s * 1000})"
        for fate, ms in (
            ("removed", "queue_time_ms"),
            ("answered", "queue_answer_time_ms"),
            ("abandoned", "abandon_time_ms"),
        )
        for limit_s in (10, 20, 60, 120)
    },
}
CALLS = (
    "contacts",
    "contacts_queued",
    "contacts_handled",
    "contacts_abandoned",
    "wait_ms",
    "queue_answer_time_ms",
    "abandon_time_ms",
    "handle_time_ms",
)
AGENT_TIMES = {
    "online_ms": "online_time",
    "on_contact_ms": "agent_on_contact_time",
    "idle_ms": "agent_idle_time_with_ringing",
    "idle_ringing_ms": "agent_idle_time_with_ringing - agent_idle_time",
    "non_productive_ms": "non_productive_time",
    "error_ms": "error_time",
    "ringing_ms": "ringing_time_ms",
    "contact_time_routable_ms": "contact_time_concurrent_ms",
}
OFFERS = {
    "contacts_offered": "contacts_offered",
    "contacts_accepted": "contacts_offered - agent_non_response",
    "agent_non_response": "agent_non_response",
    "agent_non_response_without_customer_abandons": (
        "agent_non_response_without_customer_abandons"
    ),
    "contact_time_ms": "contact_time_ms",
    "contacts_handled": "contacts_handled",
    "handle_time_ms": "handle_time",
    **{
        f"{way}_connecting_{what}": column
        for way in ("incoming", "outbound", "callback", "api")
        for what, column in (
            ("attempts", f"{way}_connecting_attempts"),
            ("ms", f"agent_{way}_connecting_time"),
        )
    },
}
JOURNEYS = {
    "chains": "count(*)",
    "chains_of_several": "count(*) FILTER (legs > 1)",
    "legs": "sum(legs)",
    "transfers_warm": "sum(transfers_warm)",
    "callbacks": "sum(callbacks)",
    "wait_ms": "sum(wait_ms)",
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


def output(step: Step, made: Mapping[str, pa.Table]) -> pa.Table:
    """What a step makes of the tables before it, of which it sees the columns that it names."""
    read = (made[each.table.name].select(each.columns or each.table.names) for each in step.reads)
    written = step.writes.conform(step.function(*read))
    return written if step.writes.is_daily else newest(written, step.writes).rows


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
        made[step.writes.name] = output(step, made)
    return Centre(truth, deliveries, made)


def asked(centre: Centre, table: str, sql: str) -> list[dict[str, Any]]:
    """Rows of a query over one table."""
    return rows(sql, **{table: centre.tables[table]}).to_pylist()


def summed(
    centre: Centre, table: str, group: str, sums: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    """Sums of a table by group."""
    wanted = ", ".join(
        f"CAST(coalesce({sql}, 0) AS BIGINT) AS {name}" for name, sql in sums.items()
    )
    found = asked(centre, table, f"SELECT {group} AS grp, {wanted} FROM {table} GROUP BY 1")
    return {row.pop("grp"): row for row in found}


def told(truth: Mapping[str, Mapping[str, Any]], sums: Mapping[str, str]) -> dict[str, Any]:
    """The same sums by group, as the truth has them."""
    return {group: {name: metrics[name] for name in sums} for group, metrics in truth.items()}


def filled(groups: Mapping[str, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    """The groups for which anything was counted."""
    return {group: sums for group, sums in groups.items() if any(sums.values())}


def test_every_delivery_is_a_row_a_duplicate_or_superseded_as_in_truth(centre):
    assert centre.truth["deliveries"] == centre.deliveries


@pytest.mark.parametrize("by", [*GROUPS, "disconnect_day"])
def test_counts_and_sums_of_contacts_equal_the_truth(centre, by):
    group = GROUPS.get(by, "CAST(CAST(disconnect_timestamp AS DATE) AS VARCHAR)")
    found = summed(centre, "contact_statistic_record", group, CONTACTS)
    assert told(centre.truth["contact_metrics"][by], CONTACTS) == found


@pytest.mark.parametrize("by", GROUPS)
def test_counts_and_sums_of_calls_equal_the_truth(centre, by):
    sums = {name: f"sum({name})" for name in CALLS} | {
        "removed_20": "sum(contacts_removed_20s)",
        "answered_20": "sum(contacts_answered_20s)",
    }
    found = summed(centre, "calls_by_category_queue", GROUPS[by], sums)
    assert told(centre.truth["contact_metrics"][by], sums) == found


def test_calls_equal_the_truth_row_for_row(centre):
    expected = {tuple(row.values()) for row in centre.truth["calls"]}
    found = asked(
        centre,
        "calls_by_category_queue",
        f"""SELECT CAST(day AS VARCHAR) AS day,
            strftime(interval_start, '%Y-%m-%dT%H:%M:%SZ') AS interval_start,
            {GROUPS["queue"]} AS queue, category, task, channel, contacts, contacts_queued,
            contacts_handled, contacts_abandoned, wait_ms, handle_time_ms
        FROM calls_by_category_queue""",
    )
    assert (expected, len(expected)) == ({tuple(row.values()) for row in found}, len(found))


def test_chains_of_contacts_equal_the_truth(centre):
    [found] = summed(centre, "journey", "'ALL'", JOURNEYS).values()
    assert {name: centre.truth["journeys"][name] for name in JOURNEYS} == found


def test_completed_transfers_of_chains_equal_the_truth(centre):
    [found] = summed(centre, "journey", "'ALL'", {"cold": "sum(transfers_cold)"}).values()
    kinds = ("transfers_cold", "transfers_external", "transfers_from_queue")
    assert sum(centre.truth["journeys"][kind] for kind in kinds) == found["cold"]


@pytest.mark.parametrize(
    ("about", "group"),
    [("agent_state_ms", "agent_username"), ("agent_state_ms_by_day", "CAST(day AS VARCHAR)")],
)
def test_time_in_each_state_equals_the_truth_to_the_millisecond(centre, about, group):
    found: dict[str, dict[str, int]] = {}
    for row in asked(
        centre,
        "agent_state_interval",
        f"""SELECT {group} AS grp, state, CAST(sum(duration_ms) AS BIGINT) AS ms
            FROM agent_state_interval WHERE state <> 'offline' GROUP BY ALL""",
    ):
        found.setdefault(row["grp"], {})[row["state"]] = row["ms"]
    assert centre.truth[about] == found


@pytest.mark.parametrize(
    ("about", "group"),
    [("agent_metrics", "agent_username"), ("agent_metrics_by_day", "CAST(day AS VARCHAR)")],
)
@pytest.mark.parametrize(
    ("table", "columns"),
    [("agent_statistic_record", AGENT_TIMES), ("agent_queue_statistic_record", OFFERS)],
)
def test_metrics_of_agents_equal_the_truth(centre, table, columns, about, group):
    sums = {name: f"sum({column})" for name, column in columns.items()}
    found = summed(centre, table, group, sums)
    assert filled(told(centre.truth[about], sums)) == filled(found)


def test_open_work_equals_the_truth(centre):
    found = asked(
        centre,
        "work_item",
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
