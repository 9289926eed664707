"""Agent queue statistics: what was offered to an agent, and what came of it, by queue.

Source: Amazon Connect administrator guide, "Agent data in the data lake" and "Metrics definitions".
Attempts and times come from agent events; contacts handled, and their handle time, from contact
records, as everywhere.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.agent_statistic_record import WHO, described, quarter_hour, quarter_hours
from transforms.duck import id_in_arn, rows
from transforms.tables.columns import LEVELS

EVENTS_NEEDED = (
    "day",
    *WHO,
    "aws_account_id",
    "agent_id",
    "agent_username",
    "contact_id",
    "channel",
    "initiation_method",
    "queue_arn",
    "queue_name",
    "state",
    "next_state",
    "state_started_at",
    "started_at",
    "ended_at",
)
"""The columns of `contact_state_interval` that the statistics need."""

STATISTICS_NEEDED = (
    "day",
    "instance_id",
    "contact_id",
    "agent_id",
    "disconnect_timestamp",
    "is_handled",
    "handle_time_ms",
)
"""The columns of `contact_statistic_record` that the statistics need."""

RECORDS_NEEDED = (
    "day",
    "instance_id",
    "aws_account_id",
    "contact_id",
    "channel",
    "queue_arn",
    "queue_name",
    "agent_arn",
    "agent_id",
    "agent_username",
    "agent_routing_profile_arn",
    *(f"agent_hierarchy_groups_level_{n}_arn" for n in LEVELS),
)
"""The columns of `contact_record` that the statistics need: what the agent belonged to."""

_KEY = (*WHO, "queue_arn", "channel")
_RINGING = "state IN ('INCOMING', 'PENDING', 'CONNECTING')"
_WITH_AGENT = "state IN ('CONNECTED', 'CONNECTED_ONHOLD', 'PAUSED', 'ENDED')"
_WAY = """CASE
    WHEN initiation_method IN ('OUTBOUND', 'EXTERNAL_OUTBOUND', 'AGENT_REPLY', 'MONITOR')
        THEN 'outbound'
    WHEN initiation_method IN
        ('CALLBACK', 'CALLBACK_CUSTOMER_FIRST_QUEUED', 'CALLBACK_CUSTOMER_FIRST_DIALED')
        THEN 'callback'
    WHEN initiation_method IN ('API', 'WEBRTC_API') THEN 'api'
    ELSE 'incoming' END"""
_ANSWERED = "coalesce(outcome IN ('CONNECTED', 'CONNECTED_ONHOLD', 'PAUSED'), false)"
_OFFERED = "attempts = 1 AND way <> 'outbound'"
_MISSED = "channel = 'VOICE' AND outcome IN ('MISSED', 'REJECTED', 'ERROR')"


def _counted(condition: str) -> str:
    return f"count(*) FILTER ({condition})"


def _sum(ms: str, condition: str = "true") -> str:
    return f"CAST(coalesce(sum({ms}) FILTER ({condition}), 0) AS BIGINT)"


_MEASURES = {
    "contacts_offered": _counted(_OFFERED),
    "agent_non_response": _counted(f"{_OFFERED} AND NOT {_ANSWERED}"),
    "agent_non_response_without_customer_abandons": _counted(f"{_OFFERED} AND {_MISSED}"),
    "contacts_handled": _counted("handled = 1"),
    "handle_time": _sum("handle_ms"),
    "contact_time_ms": _sum("contact_ms"),
    **{
        f"agent_{way}_connecting_time": _sum("ringing_ms", f"way = '{way}'")
        for way in ("incoming", "outbound", "callback", "api")
    },
    **{
        f"{way}_connecting_attempts": _counted(f"attempts = 1 AND way = '{way}'")
        for way in ("incoming", "outbound", "callback", "api")
    },
}

_LEVEL_ARNS = ", ".join(
    f"agent_hierarchy_groups_level_{n}_arn AS agent_hierarchy_level_{n}_arn" for n in LEVELS
)

_SQL = f"""
WITH stay AS (
    SELECT *, {_WAY} AS way, {_RINGING} AS is_ringing,
        {_WITH_AGENT} OR (state = 'CONNECTING' AND way = 'outbound') AS is_active
    FROM contact_state_interval),
followed AS (
    -- ringing goes on over midnight, and from one such state into another: INCOMING, CONNECTING
    SELECT *, coalesce(state_started_at < started_at, false) OR coalesce(
            lag(is_ringing) OVER stays AND lag(ended_at) OVER stays = started_at
            AND lag(state) OVER stays <> state, false) AS goes_on
    FROM stay
    WINDOW stays AS (PARTITION BY instance_id, agent_arn, contact_id
        ORDER BY started_at, ended_at, is_ringing DESC, state)),
numbered AS (
    SELECT *, count(*) FILTER (NOT goes_on) OVER (
        PARTITION BY instance_id, agent_arn, contact_id ORDER BY started_at, ended_at, state)
        AS attempt
    FROM followed WHERE is_ringing),
ended AS (
    -- an attempt is followed into the day after the one on which it began, and no further
    SELECT *, arg_max({{'state': next_state}}, (started_at, ended_at, state)) OVER (
            PARTITION BY instance_id, agent_arn, contact_id, attempt ORDER BY day
            RANGE BETWEEN CURRENT ROW AND INTERVAL 1 DAY FOLLOWING).state AS outcome
    FROM numbered),
handled AS (
    SELECT instance_id, contact_id, handle_time_ms AS handle_ms,
        -- no further than to the end of the following day
        {
    quarter_hour('''least(greatest(disconnect_timestamp, CAST(day AS TIMESTAMP)),
            CAST(day + 2 AS TIMESTAMP) - INTERVAL 1 MICROSECOND)''')
} AS interval_start
    FROM contact_statistic_record
    WHERE is_handled = 1 AND disconnect_timestamp IS NOT NULL),
measured AS (
    SELECT *, CASE WHEN is_ringing THEN ms END AS ringing_ms,
        CASE WHEN is_active THEN ms END AS contact_ms
    FROM ({quarter_hours("stay")}) WHERE is_ringing OR is_active
    UNION ALL BY NAME
    SELECT *, {quarter_hour("started_at")} AS interval_start, 1 AS attempts
    FROM ended WHERE NOT goes_on
    UNION ALL BY NAME
    SELECT * EXCLUDE (contact_id), {_LEVEL_ARNS}, 1 AS handled
    FROM contact_record JOIN handled USING (instance_id, contact_id))
SELECT {described("aqsr_statistic_id", _KEY)},
    queue_arn, {id_in_arn("queue_arn", "queue")} AS queue_id, max(queue_name) AS queue_name,
    CASE WHEN contains(queue_arn, '/queue/agent/') THEN 'AGENT'
        WHEN queue_arn IS NOT NULL THEN 'STANDARD' END AS queue_type,
    channel,
    {", ".join(f"{sql} AS {name}" for name, sql in _MEASURES.items())}
FROM measured
GROUP BY interval_start, {", ".join(_KEY)}
ORDER BY queue_name, interval_start_time, user_arn, aqsr_statistic_id"""


def agent_queue_statistic_records(
    contact_state_interval: pa.Table,
    contact_statistic_record: pa.Table,
    contact_record: pa.Table,
) -> pa.Table:
    """One row per agent, what it belonged to, queue, channel and 15 minutes; times in milliseconds.

    A contact rings while INCOMING, PENDING or CONNECTING; an attempt is an uninterrupted ringing of
    one contact at one agent, and counts, with what came of it, where it begins.

    - Ways: outbound is what the agent began (OUTBOUND, EXTERNAL_OUTBOUND, AGENT_REPLY, MONITOR);
      callback the CALLBACK methods; api API and WEBRTC_API; incoming all others (INBOUND,
      TRANSFER, QUEUE_TRANSFER). `…_connecting_attempts` attempts of the way;
      `agent_…_connecting_time` their ringing, in the interval in which it rang.
    - contacts_offered: attempts that are not outbound. agent_non_response: those that did not end
      connected, each for itself, customers who gave up while it rang included;
      …_without_customer_abandons: those that ended MISSED, REJECTED or in ERROR, voice only.
      So answered = contacts_offered - agent_non_response.
    - contacts_handled, handle_time: by contact record, in the interval in which the contact
      disconnected; one open for longer than to the end of the day after its first counts there.
    - contact_time_ms: talk, hold, pause, after-contact work and ringing outbound, contacts at once
      each counted, in whatever status the agent was.
    """
    return rows(
        _SQL,
        contact_state_interval=contact_state_interval,
        contact_statistic_record=contact_statistic_record,
        contact_record=contact_record,
    )
