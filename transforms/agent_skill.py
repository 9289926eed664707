"""Which agent has which skill: queues of the routing profile and proficiencies, day by day."""

from __future__ import annotations

import pyarrow as pa

from transforms.duck import rows

NEEDED = (
    "day",
    "instance_id",
    "agent_arn",
    "agent_id",
    "event_timestamp",
    "event_id",
    "current_configuration_username",
    "current_configuration_proficiencies",
    "current_routing_profile_inbound_queues",
)

_SQL = """
WITH seen AS (
    SELECT day, instance_id, agent_arn, agent_id, event_timestamp, event_id,
        current_configuration_username AS agent_username,
        unnest(list_concat(
            [{'kind': 'queue', 'skill': q.name, 'level': CAST(NULL AS DOUBLE)}
                FOR q IN coalesce(current_routing_profile_inbound_queues, [])
                IF q.name IS NOT NULL],
            [{'kind': 'proficiency', 'skill': concat(p.name, ':', p.value), 'level': p.level}
                FOR p IN coalesce(current_configuration_proficiencies, [])])) AS has
    FROM agent_event)
SELECT day, instance_id, agent_arn, any_value(agent_id) AS agent_id,
    max(agent_username) AS agent_username, has.kind AS kind, has.skill AS skill,
    arg_max(has.level, (event_timestamp, event_id, has.level)) AS level,
    min(event_timestamp) AS seen_from, max(event_timestamp) AS seen_to
FROM seen
GROUP BY day, instance_id, agent_arn, has.kind, has.skill
ORDER BY skill, agent_arn, day, kind, instance_id"""


def agent_skills(agent_event: pa.Table) -> pa.Table:
    """One row per agent, skill and day that an event shows; agent queues (no name) are no skill.

    Columns read: `NEEDED`.
    """
    return rows(_SQL, agent_event=agent_event)
