"""Every state of every contact at an agent: ringing, talk, hold, after-contact work, misses.

Source: Amazon Connect administrator guide, "Agent event streams data model": a contact's state has
a start of its own; after-contact work ends with the event whose snapshot lists the contact no more.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.agent_timeline import BELONGING, CREDIT_S, SEEN, SILENT_S
from transforms.duck import id_in_arn, rows

_CONTACT = (
    "initial_contact_id",
    "channel",
    "initiation_method",
    "queue_arn",
    "queue_name",
)

_SQL = f"""
WITH {SEEN},
listed AS MATERIALIZED (
    SELECT event, day, told_at, beats, contact_id, max(state) AS state,
        CASE WHEN max(state_start_timestamp) > told_at THEN told_at
            ELSE max(state_start_timestamp) END AS since,
        {", ".join(f"max({name}) AS {name}" for name in _CONTACT)}
    FROM (SELECT event, day, told_at, beats, unnest(contacts, recursive := true) FROM told)
    WHERE contact_id <> '' AND state <> ''
    GROUP BY event, day, told_at, beats, contact_id),
linked AS (
    SELECT agent, view, place, event, contact_id, state, told_at, since, next_at,
        coalesce(lag(next_event) OVER sight = event AND lag(day) OVER sight >= day - 1, false)
            AS is_linked,
        -- the same state again, unless it began anew since
        is_linked AND lag(state) OVER sight = state
            AND coalesce(since <= lag(told_at) OVER sight, true) AS goes_on,
        greatest(coalesce(since, told_at),
            CASE WHEN NOT is_linked THEN lag(next_at) OVER sight END) AS since_here,
        CASE WHEN next_at < CAST(day + 2 AS TIMESTAMP) THEN next_at END AS until_at,
        CASE WHEN beats AND coalesce(until_at > told_at + INTERVAL {SILENT_S} SECOND, true)
            THEN told_at + INTERVAL {CREDIT_S} SECOND
            ELSE coalesce(until_at, told_at) END AS left_at
    FROM listed JOIN seen USING (event)
    WINDOW sight AS (PARTITION BY agent, view, contact_id ORDER BY place)),
numbered AS (
    -- a state never begins before the one before it
    SELECT *, max(since_here) OVER sight AS began_at,
        count(*) FILTER (NOT goes_on) OVER sight AS stretch
    FROM linked WINDOW sight AS (PARTITION BY agent, view, contact_id ORDER BY place)),
stretched AS (
    SELECT agent, view, contact_id, stretch, any_value(state) AS state,
        arg_min(event, place) AS event, arg_min(is_linked, place) AS is_linked,
        min(began_at) AS began_at, max(left_at) AS left_at
    FROM numbered GROUP BY agent, view, contact_id, stretch),
followed AS (
    SELECT *, CASE WHEN lead(is_linked) OVER runs THEN lead(state) OVER runs END AS next_state,
        CASE WHEN lead(is_linked) OVER runs THEN lead(began_at) OVER runs
            ELSE greatest(left_at, began_at) END AS ended_at
    FROM stretched WINDOW runs AS (PARTITION BY agent, view, contact_id ORDER BY stretch)),
cut AS (
    SELECT agent, view, contact_id, state, arg_min(event, stretch) AS event,
        max(next_state) AS next_state,
        min(began_at) AS state_started_at,
        greatest(began_at, CAST(view AS TIMESTAMP)) AS started_at,
        max(least(ended_at, CAST(view + 1 AS TIMESTAMP))) AS ended_at
    FROM followed
    WHERE began_at < CAST(view + 1 AS TIMESTAMP)
        AND (began_at >= CAST(view AS TIMESTAMP) OR ended_at > CAST(view AS TIMESTAMP))
    GROUP BY agent, view, contact_id, state, started_at)
SELECT view AS day, instance_id, agent_arn, agent_id,
    coalesce(told.aws_account_id, usual_account_id) AS aws_account_id,
    coalesce(told.agent_username, usual_username) AS agent_username,
    cut.contact_id, initial_contact_id, initiation_method, queue_arn, queue_name,
    CASE channel WHEN 'TASKS' THEN 'TASK' ELSE channel END AS channel,
    {id_in_arn("queue_arn", "queue")} AS queue_id,
    {", ".join(BELONGING)},
    cut.state, started_at, ended_at, epoch_ms(ended_at) - epoch_ms(started_at) AS duration_ms,
    state_started_at, next_state
FROM cut JOIN agent USING (agent) JOIN who USING (agent, view)
    JOIN told USING (event) JOIN listed USING (event, contact_id)
ORDER BY agent, started_at, cut.contact_id, cut.state"""


def contact_state_intervals(agent_event: pa.Table, instance_day: pa.Table) -> pa.Table:
    """Every uninterrupted state of a contact at an agent, cut at UTC midnight.

    A state begins at its `StateStartTimestamp` (else with the first event that shows it) and lasts
    to the start of the contact's next state, or to the agent's first event that lists the contact
    no more: a snapshot without it, a LOGIN or a LOGOUT. Where the instance sends heartbeats and
    that event comes more than 300 s after the last one that listed the contact, or never, the state
    is credited 120 s; elsewhere a state without a known end lasts to the last event that shows it.

    A state that took no time is a row too (`ended_at` = `started_at`): a miss is a miss. A contact
    that a snapshot lists twice counts once.

    Columns read: `EVENT_COLUMNS` and `INSTANCE_DAY_COLUMNS` of `agent_timeline`. Rows of a day are
    right if the days before and after are in the input.
    """
    return rows(_SQL, agent_event=agent_event, instance_day=instance_day)
