"""The agents' timeline: what every agent did, without gaps or overlaps.

Source: Amazon Connect administrator guide, "Agent event streams data model" and the metric
definition of agent activity, whose precedence is: error, missed, rejected, on contact,
after-contact work, incoming, custom status, available, offline.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.duck import rows

SILENT_S = 300  # heartbeats come every 120 s; two and a half of them missing is silence
CREDIT_S = 120  # a silent agent was there for one more heartbeat

_STATE = """CASE
    WHEN event_type = 'LOGOUT' OR current_agent_status_name IS NULL THEN 'offline'
    WHEN current_agent_status_name = 'Error' OR list_contains(states, 'ERROR') THEN 'error'
    WHEN list_contains(states, 'MISSED') THEN 'missed'
    WHEN list_contains(states, 'REJECTED') THEN 'rejected'
    WHEN list_has_any(states, ['CONNECTED', 'CONNECTED_ONHOLD', 'PAUSED', 'OUTBOUND_RING'])
        THEN 'on_contact'
    WHEN list_contains(states, 'ENDED') THEN 'after_contact_work'
    WHEN len(states) > 0 THEN 'incoming'
    WHEN current_agent_status_type = 'OFFLINE' OR current_agent_status_name = 'Offline'
        THEN 'offline'
    WHEN current_agent_status_type = 'CUSTOM'
        OR (current_agent_status_type IS NULL AND current_agent_status_name <> 'Available')
        THEN 'custom'
    ELSE 'available' END"""

_SQL = f"""
WITH event AS (
    SELECT *, [CASE
            WHEN c.state = 'CONNECTING' AND c.initiation_method = 'OUTBOUND' THEN 'OUTBOUND_RING'
            ELSE c.state END FOR c IN coalesce(current_contacts, [])] AS states,
        -- a login and the first status share an instant; so may the last status and the logout
        CASE event_type WHEN 'LOGIN' THEN 0 WHEN 'LOGOUT' THEN 2 ELSE 1 END AS turn
    FROM agent_event),
stated AS (
    SELECT *, {_STATE} AS state,
        lead(event_timestamp) OVER timeline AS next_at
    FROM event
    WINDOW timeline AS (PARTITION BY instance_id, agent_arn
                        ORDER BY event_timestamp, turn, event_id)),
beating AS (
    -- silence means something only where heartbeats are sent: on that day or the following one
    SELECT DISTINCT instance_id, agent_arn, unnest([day - 1, day]) AS day
    FROM agent_event WHERE event_type = 'HEART_BEAT'),
known AS (
    -- what happens after the following day is not looked at, so that a day depends on few days
    SELECT stated.*, beating.day IS NOT NULL AS beats,
        CASE WHEN next_at < CAST(stated.day + 2 AS TIMESTAMP) THEN next_at END AS until_at
    FROM stated LEFT JOIN beating USING (instance_id, agent_arn, day)
    WHERE state <> 'offline'),
timed AS (
    SELECT *, event_timestamp AS started_at,
        event_timestamp + INTERVAL {CREDIT_S} SECOND AS credited_at,
        beats AND coalesce(until_at > event_timestamp + INTERVAL {SILENT_S} SECOND, true) AS silent
    FROM known
    WHERE beats OR until_at IS NOT NULL),
heard AS (
    SELECT *, CASE WHEN silent THEN credited_at ELSE until_at END AS ended_at FROM timed
    UNION ALL BY NAME
    SELECT * REPLACE ('gap' AS state, credited_at AS started_at, NULL AS states),
        until_at AS ended_at
    FROM timed WHERE silent AND until_at IS NOT NULL),
cut AS (
    SELECT * REPLACE (least(ended_at, CAST(day + 1 AS TIMESTAMP)) AS ended_at) FROM heard
    UNION ALL BY NAME
    SELECT * REPLACE (greatest(started_at, CAST(day + 1 AS TIMESTAMP)) AS started_at,
                      CAST(day + 1 AS DATE) AS day)
    FROM heard WHERE ended_at > CAST(day + 1 AS TIMESTAMP)),
run AS (
    SELECT *, coalesce(len(states), 0) AS contacts,
        -- heartbeats and unrelated changes do not start a new interval
        coalesce(lag(ended_at) OVER before = started_at
            AND lag(state) OVER before = state
            AND lag(current_agent_status_name) OVER before
                IS NOT DISTINCT FROM current_agent_status_name
            AND lag(coalesce(len(states), 0)) OVER before = coalesce(len(states), 0), false)
            AS goes_on
    FROM cut WHERE ended_at > started_at
    WINDOW before AS (PARTITION BY instance_id, agent_arn, day ORDER BY started_at)),
numbered AS (
    SELECT *, sum(CASE WHEN goes_on THEN 0 ELSE 1 END)
        OVER (PARTITION BY instance_id, agent_arn, day ORDER BY started_at) AS stretch
    FROM run)
SELECT day, instance_id, agent_arn, any_value(agent_id) AS agent_id,
    max(current_configuration_username) AS agent_username,
    any_value(state) AS state, any_value(current_agent_status_name) AS status_name,
    min(started_at) AS started_at, max(ended_at) AS ended_at,
    epoch_ms(max(ended_at)) - epoch_ms(min(started_at)) AS duration_ms,
    any_value(contacts) AS contacts
FROM numbered
GROUP BY day, instance_id, agent_arn, stretch
ORDER BY agent_arn, started_at, instance_id"""


def agent_state_intervals(agent_event: pa.Table) -> pa.Table:
    """The timeline of every agent in `agent_event`, cut at UTC midnight.

    Events are ordered by time, then login before status before logout, then id. A state lasts to
    the next event, and has no row until that is known (at latest on the following day). Where
    heartbeats are sent, an agent silent for more than 300 s is credited 120 s, and the rest up to
    the next event is `gap`. Rows of a day are right if the events of the day before and after are
    in the input.
    """
    return rows(_SQL, agent_event=agent_event)
