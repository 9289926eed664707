"""The agents' timeline: what every agent did, without gaps or overlaps.

Source: Amazon Connect administrator guide, "Agent event streams data model" and the metric
definition of agent activity, whose precedence is: error, missed, rejected, on contact,
after-contact work, incoming, custom status, available, offline.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.agent_timeline import BELONGING, CREDIT_S, SEEN, SILENT_S
from transforms.duck import rows

_COUNTS = ("contacts", "contacts_active", "contacts_ringing", "contacts_error")
# What a snapshot shows; a change of any of it starts a new interval.
_ABOUT = (
    "agent_username",
    "aws_account_id",
    "shown",
    "phase",
    "status_type",
    "status_name",
    "status_arn",
    *BELONGING,
    *_COUNTS,
)

_SHOWN = f"""
listed AS (
    SELECT * EXCLUDE (contacts), [CASE
            WHEN c.state = 'CONNECTING' AND c.initiation_method = 'OUTBOUND' THEN 'OUTBOUND_RING'
            ELSE c.state END FOR c IN contacts] AS states,
        -- a snapshot has held at least since the youngest part of it began
        CASE WHEN turn = 1 THEN
            greatest(status_at, list_max([c.state_start_timestamp FOR c IN contacts])) END
            AS held_from
    FROM told),
stated AS (
    SELECT *, CASE
            WHEN status_name = 'Error' OR list_contains(states, 'ERROR') THEN 'error'
            WHEN list_contains(states, 'MISSED') THEN 'missed'
            WHEN list_contains(states, 'REJECTED') THEN 'rejected'
            WHEN list_has_any(states,
                ['CONNECTED', 'CONNECTED_ONHOLD', 'PAUSED', 'OUTBOUND_RING']) THEN 'on_contact'
            WHEN list_contains(states, 'ENDED') THEN 'after_contact_work'
            WHEN len(states) > 0 THEN 'incoming'
            WHEN status_type = 'ROUTABLE' THEN 'available'
            ELSE lower(status_type) END AS shown,
        CASE
            WHEN shown <> 'on_contact' THEN NULL
            WHEN list_contains(states, 'CONNECTED') THEN 'talk'
            WHEN list_contains(states, 'CONNECTED_ONHOLD') THEN 'hold'
            WHEN list_contains(states, 'PAUSED') THEN 'pause'
            ELSE 'outbound_ringing' END AS phase,
        len(states) AS contacts,
        len([s FOR s IN states IF s IN
            ('CONNECTED', 'CONNECTED_ONHOLD', 'PAUSED', 'ENDED', 'OUTBOUND_RING')])
            AS contacts_active,
        len([s FOR s IN states IF s IN ('CONNECTING', 'INCOMING', 'PENDING')]) AS contacts_ringing,
        len([s FOR s IN states IF s = 'ERROR']) AS contacts_error
    FROM listed),
about AS MATERIALIZED (
    SELECT {", ".join(_ABOUT)}, row_number() OVER () AS about FROM stated GROUP BY ALL),
shown AS MATERIALIZED (
    SELECT event, day, told_at, turn, beats, is_heard_tomorrow, status_at, held_from, about,
        stated.shown, stated.status_type
    FROM stated JOIN about
        ON {" AND ".join(f"stated.{name} IS NOT DISTINCT FROM about.{name}" for name in _ABOUT)})"""

_TIMED = f"""
judged AS (
    SELECT agent, view, before_at, this.*,
        CASE
            WHEN turn = 2 OR this.shown IS NULL THEN 'offline'
            -- of the hour after a log-off
            WHEN coalesce(logout_at >= login_at, logout_at IS NOT NULL) AND (status_type = 'OFFLINE'
                OR coalesce(status_at <= logout_at, told_at <= logout_at + INTERVAL 1 HOUR))
                THEN 'offline'
            ELSE this.shown END AS state,
        CASE WHEN held_from < told_at AND held_from > coalesce(before_at, CAST(day AS TIMESTAMP))
            THEN held_from ELSE told_at END AS began_at,
        CASE WHEN next_held_from < next_at AND next_held_from > told_at
            THEN next_held_from ELSE next_at END AS next_began_at,
        -- what comes after the following day is not looked at
        CASE WHEN next_began_at < CAST(day + 2 AS TIMESTAMP) THEN next_began_at END AS until_at
    FROM seen JOIN shown AS this USING (event)
        LEFT JOIN (SELECT event AS next_event, held_from AS next_held_from FROM shown)
            USING (next_event)),
timed AS MATERIALIZED (
    SELECT *, told_at + INTERVAL {CREDIT_S} SECOND AS credited_at,
        state <> 'offline' AND beats
        AND coalesce(until_at > told_at + INTERVAL {SILENT_S} SECOND, true) AS is_silent
    FROM judged)"""

_SQL = f"""
WITH {SEEN}, {_SHOWN}, {_TIMED},
piece AS (
    SELECT agent, view, state, about, began_at AS started_at,
        CASE WHEN is_silent THEN credited_at ELSE coalesce(until_at, told_at) END AS ended_at
    FROM timed WHERE state <> 'offline'
    UNION ALL BY NAME
    SELECT agent, view, 'gap' AS state, credited_at AS started_at, until_at AS ended_at
    FROM timed WHERE is_silent AND until_at IS NOT NULL
    UNION ALL BY NAME
    SELECT agent, view, state, began_at AS started_at, coalesce(until_at, CAST(day
            + CASE WHEN is_heard_tomorrow THEN 2 ELSE 1 END AS TIMESTAMP)) AS ended_at
    FROM timed WHERE state = 'offline'
    UNION ALL BY NAME
    SELECT agent, view, 'offline' AS state, CAST(day AS TIMESTAMP) AS started_at,
        told_at AS ended_at
    FROM timed WHERE turn = 0 AND before_at IS NULL),
cut AS (
    SELECT agent, view, state, about, greatest(started_at, CAST(view AS TIMESTAMP)) AS started_at,
        least(ended_at, CAST(view + 1 AS TIMESTAMP)) AS ended_at
    FROM piece),
run AS (
    SELECT *, coalesce(lag(ended_at) OVER before = started_at AND lag(state) OVER before = state
            AND lag(about) OVER before IS NOT DISTINCT FROM about, false) AS goes_on
    FROM cut WHERE started_at < ended_at
    WINDOW before AS (PARTITION BY agent, view ORDER BY started_at)),
numbered AS (
    SELECT *, count(*) FILTER (NOT goes_on) OVER (PARTITION BY agent, view ORDER BY started_at)
        AS stretch
    FROM run),
stretched AS (
    SELECT agent, view, any_value(state) AS state, any_value(about) AS about,
        min(started_at) AS started_at, max(ended_at) AS ended_at
    FROM numbered GROUP BY agent, view, stretch)
SELECT * REPLACE (coalesce(agent_username, usual_username) AS agent_username,
        coalesce(aws_account_id, usual_account_id) AS aws_account_id,
        CASE WHEN state = 'offline' THEN 'OFFLINE' ELSE status_type END AS status_type,
        CASE WHEN state = 'offline' THEN 'Offline' ELSE status_name END AS status_name,
        {", ".join(f"coalesce({name}, 0) AS {name}" for name in _COUNTS)}),
    view AS day,
    epoch_ms(ended_at) - epoch_ms(started_at) AS duration_ms
FROM stretched JOIN agent USING (agent) JOIN who USING (agent, view) LEFT JOIN about USING (about)
ORDER BY agent, started_at"""


def agent_state_intervals(agent_event: pa.Table, instance_day: pa.Table) -> pa.Table:
    """The timeline of every agent in `agent_event`, cut at UTC midnight.

    Events are ordered by time, then login before status before logout, then id. A state begins with
    the event that shows it, or earlier where its snapshot says so and an event was lost (never
    before the event before). It lasts to the next one, and has no row until that is known (at
    latest on the following day). Where the instance sends heartbeats, an agent silent for more than
    300 s is credited 120 s, and the rest up to the next event is `gap`.

    Offline is an agent after a LOGOUT or in an Offline status without contacts, up to the end of
    the following day if the instance is heard of on it; after a LOGIN until it shows a status; and
    before a LOGIN that nothing precedes since the eve. Events of the hour after a LOGOUT change
    nothing, whatever contacts they list, unless their status began after it: then a LOGIN was lost.
    What nothing tells is unknown and has no row.

    Columns read: `EVENT_COLUMNS` and `INSTANCE_DAY_COLUMNS` of `agent_timeline`. Rows of a day are
    right if the days before and after are in the input.
    """
    return rows(_SQL, agent_event=agent_event, instance_day=instance_day)
