"""Journeys: chains of contacts, one row each.

Source of the chain's fields: Amazon Connect administrator guide, "Contact record data model"
(initial, previous and next contact, TransferCompletedTimestamp: set for cold transfers only).
"""

from __future__ import annotations

import pyarrow as pa

from transforms.duck import rows

REACH_DAYS = 7

NEEDED = (
    "day",
    "instance_id",
    "contact_id",
    "journey_id",
    "previous_contact_id",
    "initiation_timestamp",
    "ended_at",
    "customer_id",
    "channel",
    "initiation_method",
    "category",
    "task",
    "queue_name",
    "agent_id",
    "agent_username",
    "queue_time_ms",
    "handle_time_ms",
    "is_queued",
    "is_handled",
    "is_abandoned",
    "is_transferred_in",
    "is_transferred_in_from_handled",
    "is_transferred_out",
    "is_callback_contact",
)
"""The columns of `contact_statistic_record` that a journey is made of."""

_JOURNEY = "instance_id, journey_id, journey_day"

# A leg's place in its journey is a total order: a contact is one row.
_LEGS = f"""
SELECT contact.*, first_day IS NOT NULL AS is_with_first,
    coalesce(first_day, contact.day) AS journey_day,
    coalesce(initiation_timestamp, CAST(contact.day AS TIMESTAMP)) AS began,
    row_number() OVER (
        PARTITION BY contact.instance_id, contact.journey_id, coalesce(first_day, contact.day)
        ORDER BY contact_id <> contact.journey_id,
            coalesce(initiation_timestamp, CAST(contact.day AS TIMESTAMP)), contact_id) AS place
FROM contact
LEFT JOIN (
    SELECT instance_id, journey_id, day AS first_day FROM contact WHERE contact_id = journey_id
) AS first
    ON first.instance_id = contact.instance_id
    AND first.journey_id = contact.journey_id
    AND contact.day BETWEEN first_day AND first_day + {REACH_DAYS}"""

_LINKED = """
SELECT leg.*, before.is_transferred_out AS is_after_cold_transfer,
    leg.queue_name IS NOT NULL AND leg.queue_name IS DISTINCT FROM
        lag(leg.queue_name IGNORE NULLS) OVER (
            PARTITION BY leg.instance_id, leg.journey_id, leg.journey_day ORDER BY leg.place)
        AS is_other_queue
FROM leg
LEFT JOIN leg AS before
    ON before.instance_id = leg.instance_id
    AND before.journey_id = leg.journey_id
    AND before.journey_day = leg.journey_day
    AND before.contact_id = leg.previous_contact_id"""


def _first(column: str) -> str:
    """SQL for the first leg's value, else the next that is not null."""
    return f"arg_min({column}, place) FILTER ({column} IS NOT NULL) AS {column}"


def _last(column: str) -> str:
    """SQL for the last leg's value, else the one before that is not null."""
    return f"arg_max({column}, place) FILTER ({column} IS NOT NULL) AS last_{column}"


_FIRSTS = ", ".join(
    _first(name) for name in ("customer_id", "channel", "initiation_method", "category", "task")
)

_SQL = f"""
WITH leg AS ({_LEGS}),
linked AS ({_LINKED}),
journey AS (
    SELECT journey_day AS day, instance_id, journey_id,
        CAST(bool_or(is_with_first) AS BIGINT) AS is_complete,
        min(began) AS started_at, max(ended_at) AS ended_at,
        {_FIRSTS}, {_last("queue_name")}, {_last("agent_username")},
        count(*) AS legs,
        sum(is_queued) AS contacts_queued,
        sum(is_handled) AS contacts_handled,
        sum(is_abandoned) AS contacts_abandoned,
        arg_max(is_abandoned, place) AS is_abandoned,
        sum(is_transferred_out) AS transfers_cold,
        count(*) FILTER (is_transferred_in = 1 AND coalesce(is_after_cold_transfer, 0) = 0)
            AS transfers_other,
        count(*) FILTER (is_transferred_in_from_handled = 1 AND is_after_cold_transfer = 0)
            AS transfers_warm,
        sum(is_callback_contact) AS callbacks,
        coalesce(list(queue_name ORDER BY place) FILTER (is_other_queue), []) AS queues,
        count(DISTINCT queue_name) AS queues_visited,
        count(DISTINCT coalesce(agent_id, agent_username)) FILTER (is_handled = 1) AS agents,
        coalesce(sum(queue_time_ms), 0) AS wait_ms,
        coalesce(sum(handle_time_ms), 0) AS handle_time_ms,
        epoch_ms(max(ended_at)) - epoch_ms(min(initiation_timestamp)) AS elapsed_ms
    FROM linked
    GROUP BY {_JOURNEY})
SELECT *, transfers_cold + transfers_other AS transfers,
    CAST(len(queues) > queues_visited AS BIGINT) AS is_ping_pong,
    CASE WHEN elapsed_ms < 0 THEN 0 ELSE elapsed_ms END AS resolution_time_ms
FROM journey
ORDER BY category, started_at, journey_id, day, instance_id"""


def journeys(contact_statistic_record: pa.Table) -> pa.Table:
    """One row per chain of contacts, on the day of its first contact; times in milliseconds.

    The first contact is the one whose id is the chain's (`journey_id`); legs on its day and the
    seven after it belong to the row. A leg without that contact there is part of a row of the
    leg's own day with `is_complete` = 0.

    transfers_cold = legs with a completed transfer; transfers_warm = legs begun by an agent's
    transfer whose contact before has none; transfers = cold + every leg begun by a transfer whose
    contact before has no completed one. resolution_time_ms = first initiation to the latest end
    of after-contact work or contact.
    """
    return rows(_SQL, contact=contact_statistic_record)
