"""Calls by category and queue: counts and sums of contact statistics per 15 minutes.

A contact that lacks a field that a metric needs is left out of that metric, never counted as zero;
the formulas stand in `transforms.contact_statistic_record`.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.duck import rows

INTERVAL_MINUTES = 15
SERVICE_LEVEL_S = 20

NEEDED = (
    "day",
    "instance_id",
    "initiation_timestamp",
    "queue_name",
    "skill",
    "category",
    "task",
    "channel",
    "is_queued",
    "is_handled",
    "is_abandoned",
    "queue_time_ms",
    "queue_answer_time_ms",
    "abandon_time_ms",
    "handle_time_ms",
)
"""The columns of `contact_statistic_record` that are added up."""

_SOON_MS = SERVICE_LEVEL_S * 1000

_SQL = f"""
SELECT CAST(interval_start AS DATE) AS day, instance_id, interval_start, queue_name, skill,
    category, task, channel,
    count(*) AS contacts,
    sum(is_queued) AS contacts_queued,
    sum(is_handled) AS contacts_handled,
    sum(is_abandoned) AS contacts_abandoned,
    count(queue_answer_time_ms) AS contacts_answered,
    count(abandon_time_ms) AS contacts_abandon_timed,
    count(handle_time_ms) AS contacts_handle_timed,
    count(*) FILTER (queue_time_ms < {_SOON_MS}) AS contacts_removed_20s,
    count(*) FILTER (queue_answer_time_ms < {_SOON_MS}) AS contacts_answered_20s,
    coalesce(sum(queue_time_ms), 0) AS wait_ms,
    coalesce(sum(queue_answer_time_ms), 0) AS queue_answer_time_ms,
    coalesce(sum(abandon_time_ms), 0) AS abandon_time_ms,
    coalesce(sum(handle_time_ms), 0) AS handle_time_ms
FROM (
    SELECT *, time_bucket(INTERVAL {INTERVAL_MINUTES} MINUTE,
        coalesce(initiation_timestamp, CAST(day AS TIMESTAMP))) AS interval_start
    FROM contact_statistic_record)
GROUP BY ALL
ORDER BY queue_name, category, interval_start, task, channel, skill, instance_id"""


def calls_by_category_queue(contact_statistic_record: pa.Table) -> pa.Table:
    """Counts and sums per 15 minutes × queue × category × task × channel.

    A contact counts in the interval in which it was initiated. `queue_name` and `skill` are null
    for contacts that never queued. Times in milliseconds.
    """
    return rows(_SQL, contact_statistic_record=contact_statistic_record)
