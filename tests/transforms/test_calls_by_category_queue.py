"""The metrics' parts, worked by hand from the published formulas."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.transforms.landed import at, table
from transforms import tables
from transforms.calls_by_category_queue import NEEDED, calls_by_category_queue
from transforms.contact_statistic_record import contact_statistic_records

NINE = at("2024-05-06T09:00:00")
QUEUED = {"queue_name": "Billing", "queue_enqueue_timestamp": NINE}
HANDLED = {"agent_connected_to_agent_timestamp": NINE}


def record(**fields: Any) -> dict[str, Any]:
    return {
        "day": date(2024, 5, 6),
        "instance_id": "i-1",
        "contact_id": "c-1",
        "initiation_timestamp": NINE,
        "channel": "VOICE",
        "category": "invoice",
        "task": "explain",
        "record_version": "1",
    } | fields


def calls(*records: dict[str, Any]) -> list[dict[str, Any]]:
    contacts = contact_statistic_records(table(tables.CONTACT_RECORD, records))
    statistics = tables.CONTACT_STATISTIC_RECORD.conform(contacts, NEEDED)
    rows = calls_by_category_queue(statistics)
    return tables.CALLS_BY_CATEGORY_QUEUE.conform(rows).to_pylist()


def counted(*records: dict[str, Any]) -> dict[str, Any]:
    """The sums of records that belong together, without those that are zero."""
    [row] = calls(*records)
    sums = [column.name for column in tables.CALLS_BY_CATEGORY_QUEUE.columns[8:]]
    return {name: row[name] for name in sums if row[name]}


def test_an_answered_contact():
    expected = {
        "contacts": 1,
        "contacts_queued": 1,
        "contacts_handled": 1,
        "contacts_answered": 1,
        "contacts_handle_timed": 1,
        "contacts_removed_20s": 1,
        "contacts_answered_20s": 1,
        "wait_ms": 7_000,
        "queue_answer_time_ms": 7_000,
        "handle_time_ms": 33_000 + 4_000 + 32_000 + 1_000,
    }
    found = counted(
        record(
            **QUEUED,
            **HANDLED,
            queue_duration_ms=7_000,
            agent_interaction_duration_ms=33_000,
            agent_customer_hold_duration_ms=4_000,
            agent_after_contact_work_duration_ms=32_000,
            agent_pause_duration_ms=1_000,
        )
    )
    assert expected == found


def test_an_abandoned_contact():
    expected = {
        "contacts": 1,
        "contacts_queued": 1,
        "contacts_abandoned": 1,
        "contacts_abandon_timed": 1,
        "wait_ms": 90_000,
        "abandon_time_ms": 90_000,
    }
    assert expected == counted(record(**QUEUED, queue_duration_ms=90_000))


def test_a_contact_with_a_next_contact_was_not_abandoned():
    """A callback or a transfer out of the queue goes on in another record."""
    expected = {
        "contacts": 1,
        "contacts_queued": 1,
        "contacts_removed_20s": 1,
        "wait_ms": 5_000,
    }
    assert expected == counted(record(**QUEUED, queue_duration_ms=5_000, next_contact_id="c-2"))


def test_a_contact_that_never_queued_only_counts():
    assert counted(record()) == {"contacts": 1}


def test_a_contact_handled_without_a_queue_is_not_answered_from_one():
    assert counted(record(**HANDLED)) == {"contacts": 1, "contacts_handled": 1}


def test_a_missing_time_in_queue_is_left_out_and_not_zero():
    """Upstream does not always send Duration although EnqueueTimestamp is present."""
    expected = {
        "contacts": 4,
        "contacts_queued": 4,
        "contacts_handled": 2,
        "contacts_abandoned": 2,
        "contacts_answered": 1,
        "contacts_abandon_timed": 1,
        "wait_ms": 90_000,
        "queue_answer_time_ms": 30_000,
        "abandon_time_ms": 60_000,
    }
    found = counted(
        record(**QUEUED, **HANDLED, queue_duration_ms=30_000),
        record(**QUEUED, **HANDLED),
        record(**QUEUED, queue_duration_ms=60_000),
        record(**QUEUED),
    )
    assert expected == found


@pytest.mark.parametrize(("wait_ms", "soon"), [(0, 1), (19_999, 1), (20_000, 0), (20_001, 0)])
def test_service_levels_are_strictly_below_twenty_seconds(wait_ms, soon):
    [row] = calls(
        record(**QUEUED, **HANDLED, queue_duration_ms=wait_ms),
        record(**QUEUED, queue_duration_ms=wait_ms),
    )
    assert (row["contacts_removed_20s"], row["contacts_answered_20s"]) == (2 * soon, soon)


@pytest.mark.parametrize(
    ("parts", "timed", "handle_time_ms"),
    [
        ({}, 0, 0),
        ({"agent_interaction_duration_ms": 0}, 1, 0),
        ({"agent_pause_duration_ms": 3_000}, 1, 3_000),
        (
            {
                "agent_after_contact_work_duration_ms": 5_000,
                "agent_customer_hold_duration_ms": 2_000,
            },
            1,
            7_000,
        ),
    ],
)
def test_handle_time_takes_nulls_as_zero_unless_all_are_null(parts, timed, handle_time_ms):
    [row] = calls(record(**HANDLED, **parts))
    assert (row["contacts_handle_timed"], row["handle_time_ms"]) == (timed, handle_time_ms)


@pytest.mark.parametrize(
    ("clock", "start"),
    [("09:00:00", "09:00"), ("09:14:59.999", "09:00"), ("09:15:00", "09:15"), ("23:59", "23:45")],
)
def test_a_contact_counts_in_the_quarter_of_an_hour_of_its_initiation(clock, start):
    [row] = calls(record(initiation_timestamp=at(f"2024-05-06T{clock}")))
    assert at(f"2024-05-06T{start}") == row["interval_start"]


def test_a_contact_without_an_initiation_counts_at_the_start_of_its_day():
    [row] = calls(record(initiation_timestamp=None))
    assert at("2024-05-06T00:00:00") == row["interval_start"]


@pytest.mark.parametrize("column", ["queue_name", "category", "task", "channel", "skill"])
def test_what_differs_in_one_group_column_is_a_row_of_its_own(column):
    assert [row["contacts"] for row in calls(record(), record(**{column: "other"}))] == [1, 1]
