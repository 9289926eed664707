"""What an instance's agent stream carries, day by day."""

from __future__ import annotations

import pyarrow as pa

from transforms.duck import rows

NEEDED = ("day", "instance_id", "event_type", "event_timestamp")

_SQL = """
SELECT day, instance_id, count(*) AS events,
    count(*) FILTER (event_type = 'HEART_BEAT') AS heartbeats,
    min(event_timestamp) AS first_event_at, max(event_timestamp) AS last_event_at
FROM agent_event GROUP BY day, instance_id ORDER BY day, instance_id"""


def instance_days(agent_event: pa.Table) -> pa.Table:
    """One row per instance and UTC day with agent events.

    Columns read: `NEEDED`.
    """
    return rows(_SQL, agent_event=agent_event)
