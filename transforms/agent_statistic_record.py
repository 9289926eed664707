"""Agent statistics: what every agent did in each 15 minutes, by agent status.

Source: Amazon Connect administrator guide, "Agent data in the data lake" and "Metrics definitions".
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from transforms.duck import id_in_arn, rows
from transforms.tables.columns import LEVEL_ARNS

WHO = ("instance_id", "agent_arn", "agent_routing_profile_arn", *(c.name for c in LEVEL_ARNS))
"""Columns that say which agent, and what the agent belonged to."""

NEEDED = (
    "day",
    *WHO,
    "aws_account_id",
    "agent_id",
    "agent_username",
    "state",
    "status_type",
    "status_arn",
    "status_name",
    "started_at",
    "ended_at",
    "contacts_active",
    "contacts_ringing",
    "contacts_error",
)
"""The columns of `agent_state_interval` that the statistics need."""


def quarter_hours(table: str) -> str:
    """SQL for the rows of `table` cut at every quarter of an hour: `interval_start` and `ms`.

    Pieces of a row add up to the row to the millisecond.
    """
    return f"""
    SELECT *, epoch_ms(least(ended_at, interval_start + INTERVAL 15 MINUTE))
        - epoch_ms(greatest(started_at, interval_start)) AS ms
    FROM (SELECT *, unnest(range({quarter_hour("started_at")}, ended_at, INTERVAL 15 MINUTE))
        AS interval_start FROM {table})"""


def quarter_hour(instant: str) -> str:
    """SQL for the start of the 15 minutes around an instant."""
    return f"time_bucket(INTERVAL 15 MINUTE, {instant})"


def described(statistic_id: str, key: Iterable[str]) -> str:
    """SQL for the columns that say what a row is about, over groups of `key` and interval."""
    hashed = ", ".join(f"CAST({name} AS VARCHAR)" for name in key)
    levels = (f"{id_in_arn(c.name, 'agent-group')} AS {_id(c.name)}" for c in LEVEL_ARNS)
    return f"""
    left(sha256(CAST(to_json([CAST(epoch_ms(interval_start) AS VARCHAR), {hashed}]) AS VARCHAR)),
        32) AS {statistic_id},
    CAST(interval_start AS DATE) AS day, interval_start AS interval_start_time,
    interval_start + INTERVAL 15 MINUTE AS interval_end_time,
    max(aws_account_id) AS aws_account_id, instance_id,
    nullif(regexp_extract(agent_arn, '^.*:instance/[^/]+'), '') AS instance_arn,
    agent_arn AS user_arn, max(agent_id) AS user_id,
    CASE WHEN agent_arn IS NOT NULL THEN max(agent_username) END AS agent_username,
    agent_routing_profile_arn,
    {id_in_arn("agent_routing_profile_arn", "routing-profile")} AS routing_profile_id,
    {", ".join(c.name for c in LEVEL_ARNS)}, {", ".join(levels)}"""


def _id(arn: str) -> str:
    return arn.removesuffix("_arn") + "_id"


def _spent(condition: str, ms: str = "ms") -> str:
    return f"CAST(coalesce(sum({ms}) FILTER ({condition}), 0) AS BIGINT)"


_KEY = (*WHO, "status_arn", "status_name")
_IN_STATUS = "state <> 'gap'"
_ROUTABLE = f"{_IN_STATUS} AND status_type = 'ROUTABLE'"
_IDLE = f"{_ROUTABLE} AND contacts_active = 0"

_TIMES = {
    # a status without a type is an internal error, which is not Offline
    "online_time": _spent(f"{_IN_STATUS} AND status_type IS DISTINCT FROM 'OFFLINE'"),
    "error_time": _spent("state = 'error' OR contacts_error > 0"),
    "non_productive_time": _spent(f"{_IN_STATUS} AND status_type = 'CUSTOM'"),
    "agent_idle_time": _spent(f"{_IDLE} AND contacts_ringing = 0"),
    "agent_idle_time_with_ringing": _spent(_IDLE),
    "agent_on_contact_time": _spent(f"{_ROUTABLE} AND contacts_active > 0"),
    "contact_time_concurrent_ms": _spent(_ROUTABLE, "ms * contacts_active"),
    "ringing_time_ms": _spent("contacts_ringing > 0"),
    "agent_status_time_ms": _spent(_IN_STATUS),
    "gap_time_ms": _spent("state = 'gap'"),
}

_SQL = f"""
WITH present AS (SELECT * FROM agent_state_interval WHERE state <> 'offline')
SELECT {described("asr_statistic_id", _KEY)},
    status_arn AS agent_status_arn, status_name AS agent_status_name,
    {", ".join(f"{sql} AS {name}" for name, sql in _TIMES.items())}
FROM ({quarter_hours("present")})
GROUP BY interval_start, {", ".join(_KEY)}
ORDER BY interval_start_time, user_arn, asr_statistic_id"""


def agent_statistic_records(agent_state_interval: pa.Table) -> pa.Table:
    """One row per agent, routing profile, hierarchy, status and 15 minutes; times in milliseconds.

    A contact is worked on while in talk, hold, pause, after-contact work or ringing outbound.

    - online_time: in a status other than Offline, custom ones included. Silence (`gap`) is in no
      status, so it is in `gap_time_ms` alone.
    - agent_on_contact_time: in a routable status with a contact worked on. Contacts worked on in a
      custom status or Offline do not count, nor do they in contact_time_concurrent_ms, the same
      with each of several contacts counted.
    - agent_idle_time: in a routable status and none worked on, a contact in error or missed
      included, and none ringing: so the data lake's text. The metrics page counts ringing as idle:
      agent_idle_time_with_ringing. So on contact + idle with ringing = time in routable statuses.
    - non_productive_time: in a custom status, whatever else was going on.
    - error_time: with a contact in error, or in the status Error.
    - occupancy = on contact / (on contact + idle); average concurrency = concurrent contact time /
      (on contact + idle).
    """
    return rows(_SQL, agent_state_interval=agent_state_interval)
