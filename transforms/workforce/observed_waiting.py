"""How much of the waiting an observed centre cannot explain by who was there and able."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import pyarrow as pa

from transforms.duck import rows
from transforms.workforce.observed_agents import days_table


def beside_available_share(
    contact_statistic_record: pa.Table,
    agent_state_interval: pa.Table,
    held: Mapping[str, Iterable[str]],
    days: Iterable[date],
) -> float:
    """The share of queue time that passed while an agent with the skill counted as available.

    Amazon Connect offers a contact to such an agent within a second, so a large share says that
    agents who counted as available were not: breaks and other work that the events do not tell.
    `held`: skills by agent. 0 where nobody waited.
    """
    holders = [(agent, skill) for agent, skills in held.items() for skill in skills]
    found = rows(
        """WITH waits AS (
            SELECT queue_name AS skill, epoch_ms(enqueue_timestamp) AS from_ms,
                epoch_ms(enqueue_timestamp) + queue_time_ms AS to_ms
            FROM contacts WHERE is_queued = 1 AND queue_time_ms > 0 AND queue_name IS NOT NULL
                AND enqueue_timestamp IS NOT NULL AND day IN (SELECT day FROM days)),
        steps AS (
            SELECT skill, unnest([epoch_ms(started_at), epoch_ms(ended_at)]) AS at_ms,
                unnest([1, -1]) AS step
            FROM intervals JOIN holders ON agent_username = agent
            WHERE state = 'available' AND day IN (SELECT day FROM days)),
        levels AS (
            SELECT skill, at_ms, sum(sum(step)) OVER so_far AS free,
                lead(at_ms) OVER (PARTITION BY skill ORDER BY at_ms) AS until_ms
            FROM steps GROUP BY skill, at_ms
            WINDOW so_far AS (PARTITION BY skill ORDER BY at_ms)),
        stretches AS (
            SELECT skill, at_ms, until_ms - at_ms AS ms,
                coalesce(sum(until_ms - at_ms) OVER (PARTITION BY skill ORDER BY at_ms
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before_ms
            FROM levels WHERE free > 0 AND until_ms IS NOT NULL),
        ends AS (
            SELECT skill, unnest([from_ms, to_ms]) AS end_ms, unnest([-1, 1]) AS sign FROM waits)
        SELECT coalesce(sum(sign * (before_ms + least(ms, end_ms - at_ms))), 0) AS beside_ms,
            coalesce(sum(sign * end_ms), 0) AS waited_ms
        FROM (SELECT ends.skill, end_ms, sign, coalesce(before_ms, 0) AS before_ms,
                coalesce(ms, 0) AS ms, coalesce(at_ms, end_ms) AS at_ms
            FROM ends ASOF LEFT JOIN stretches
                ON ends.skill = stretches.skill AND ends.end_ms >= stretches.at_ms)""",
        contacts=contact_statistic_record,
        intervals=agent_state_interval,
        holders=pa.table(
            {
                "agent": pa.array([agent for agent, _ in holders], pa.string()),
                "skill": pa.array([skill for _, skill in holders], pa.string()),
            }
        ),
        days=days_table(days),
    ).to_pylist()
    [row] = found
    return int(row["beside_ms"]) / int(row["waited_ms"]) if row["waited_ms"] else 0.0
