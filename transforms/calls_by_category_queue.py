"""Calls by category and queue: counts and sums per 15 minutes, by the official formulas.

Source: Amazon Connect administrator guide, "Metrics definitions". A contact that lacks a field
that a metric needs is left out of that metric, never counted as zero.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.duck import rows

INTERVAL_MINUTES = 15
SERVICE_LEVEL_S = 20

_QUEUED = "queue_enqueue_timestamp IS NOT NULL"
_HANDLED = "agent_connected_to_agent_timestamp IS NOT NULL"
_ABANDONED = f"({_QUEUED} AND NOT {_HANDLED} AND next_contact_id IS NULL)"
_TIMED = "queue_duration_ms IS NOT NULL"
_ANSWERED = f"({_QUEUED} AND {_HANDLED} AND {_TIMED})"
_SOON = f"queue_duration_ms < {SERVICE_LEVEL_S * 1000}"
_HANDLE_PARTS = (
    "agent_interaction_duration_ms",
    "agent_customer_hold_duration_ms",
    "agent_after_contact_work_duration_ms",
    "agent_pause_duration_ms",
)
_HANDLE_TIMED = f"coalesce({', '.join(_HANDLE_PARTS)}) IS NOT NULL"
_HANDLE_MS = " + ".join(f"coalesce({part}, 0)" for part in _HANDLE_PARTS)

_SQL = f"""
SELECT CAST(interval_start AS DATE) AS day, instance_id, interval_start, queue_name, skill,
    category, task, channel,
    count(*) AS contacts,
    count(*) FILTER ({_QUEUED}) AS contacts_queued,
    count(*) FILTER ({_HANDLED}) AS contacts_handled,
    count(*) FILTER ({_ABANDONED}) AS contacts_abandoned,
    count(*) FILTER ({_ANSWERED}) AS contacts_answered,
    count(*) FILTER ({_ABANDONED} AND {_TIMED}) AS contacts_abandon_timed,
    count(*) FILTER ({_HANDLE_TIMED}) AS contacts_handle_timed,
    count(*) FILTER ({_QUEUED} AND {_SOON}) AS contacts_removed_20s,
    count(*) FILTER ({_ANSWERED} AND {_SOON}) AS contacts_answered_20s,
    coalesce(sum(queue_duration_ms) FILTER ({_QUEUED}), 0) AS wait_ms,
    coalesce(sum(queue_duration_ms) FILTER ({_ANSWERED}), 0) AS queue_answer_time_ms,
    coalesce(sum(queue_duration_ms) FILTER ({_ABANDONED}), 0) AS abandon_time_ms,
    coalesce(sum({_HANDLE_MS}) FILTER ({_HANDLE_TIMED}), 0) AS handle_time_ms
FROM (
    SELECT *, time_bucket(INTERVAL {INTERVAL_MINUTES} MINUTE,
        coalesce(initiation_timestamp, CAST(day AS TIMESTAMP))) AS interval_start
    FROM contact_record)
GROUP BY ALL
ORDER BY queue_name, category, interval_start, task, channel, skill, instance_id"""


def calls_by_category_queue(contact_record: pa.Table) -> pa.Table:
    """Counts and sums of `contact_record` per 15 minutes × queue × category × task × channel.

    A contact counts in the interval in which it was initiated. `queue_name` and `skill` are null
    for contacts that never queued. Times in milliseconds.
    """
    return rows(_SQL, contact_record=contact_record)
