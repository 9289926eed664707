"""How loaded is each agent for each call type? The score that routing ranks by, lower is freer.

A weighted mean of four terms in [0, 1]: the open offline work, recent occupancy, the contact in
hand, and how long the agent takes for such calls against the team. Every term is stored beside the
score, so that a manager can see why.
"""

from __future__ import annotations

from datetime import datetime
from math import log2
from typing import NamedTuple

import pyarrow as pa

from transforms.duck import literal, rows


class Weights(NamedTuple):
    """Weights of the four terms (sum 1) and what they are measured against."""

    backlog: float = 0.45
    occupancy: float = 0.25
    current: float = 0.15
    handling: float = 0.15
    half_backlog_minutes: float = 240.0  # open work at which the backlog term is one half
    occupancy_half_life_s: float = 1800.0
    freshness_half_life_s: float = 900.0  # age at which what was seen of an agent counts one half
    shrink_contacts: float = 14.0  # contacts at which an agent's own handle time counts one half
    queue_share: float = 0.1  # a queue serves a call type if it takes this share of it
    version: str = "2"


USUAL = Weights()


def workload(
    weights: Weights,
    *,
    open_work_minutes: float,
    occupancy: float,
    current: float,
    handle_ratio: float,
) -> int:
    """The score of one agent from its terms, 0 (free) to 10000: the formula of the table's SQL.

    `handle_ratio` is the agent's mean handle time over the call type's.
    """
    backlog = open_work_minutes / (open_work_minutes + weights.half_backlog_minutes)
    handling = max(-1.0, min(1.0, log2(handle_ratio))) / 2 + 0.5
    terms = (
        (weights.backlog, backlog),
        (weights.occupancy, occupancy),
        (weights.current, current),
        (weights.handling, handling),
    )
    return round(10_000 * sum(weight * term for weight, term in terms))


_BUSY = "('on_contact', 'after_contact_work', 'incoming')"
_STAFFED = "('on_contact', 'after_contact_work', 'incoming', 'missed', 'available')"


def workload_scores(
    work_item: pa.Table,
    agent_state_interval: pa.Table,
    agent_skill: pa.Table,
    contact_record: pa.Table,
    as_of: datetime,
    *,
    weights: Weights = USUAL,
) -> pa.Table:
    """One row per agent and call type that the agent can take, as the table `workload_score`.

    An agent can take a call type if the agent has a queue that serves it, or has handled it. The
    inputs hold the days that count (28 is usual); `as_of` (UTC, naive) is the newest instant that
    the lake knew. Backlog is L / (L + half_backlog_minutes), so that it grows strictly with open
    work and no outlier squeezes the others; open cases do not decay with age. Occupancy weighs
    time by an exponential with the half-life, and goes over to the team's as the last that was
    seen of the agent ages; who was not seen has the team's. Current is the time that the contact in
    hand is still expected to take, given how long it has taken, over the call type's mean handle
    time, at most 1; after-contact work likewise. Handling is the log ratio of the agent's shrunk
    mean handle time to the call type's, a half at the average, 0 at half and 1 at twice of it.
    """
    return rows(
        _sql(as_of, weights),
        work_item=work_item,
        agent_state_interval=agent_state_interval,
        agent_skill=agent_skill,
        contact_record=contact_record,
    )


def customer_agents(contact_record: pa.Table, as_of: datetime, affinity_days: int = 90) -> pa.Table:
    """One row per customer token: who handled the latest contact, as the table `customer_agent`.

    The association ends `affinity_days` after that contact; ended ones are left out.
    """
    now = _instant(as_of)
    return rows(
        f"""
        WITH handled AS (
            SELECT customer_id, agent_username, agent_id,
                agent_connected_to_agent_timestamp AS handled_at, contact_id
            FROM contact_record
            WHERE customer_id IS NOT NULL AND agent_username IS NOT NULL
                AND agent_connected_to_agent_timestamp IS NOT NULL),
        latest AS (
            SELECT *, count(*) OVER (PARTITION BY customer_id, agent_username) AS contacts
            FROM handled
            QUALIFY row_number() OVER (
                PARTITION BY customer_id ORDER BY handled_at DESC, contact_id) = 1)
        SELECT customer_id, agent_username, agent_id, contacts, handled_at AS as_of,
            handled_at + INTERVAL {affinity_days} DAY AS expires_at
        FROM latest
        WHERE handled_at + INTERVAL {affinity_days} DAY > {now}
        ORDER BY customer_id""",
        contact_record=contact_record,
    )


def _instant(at: datetime) -> str:
    return f"TIMESTAMP {literal(at.isoformat(sep=' '))}"


def _sql(as_of: datetime, weights: Weights) -> str:
    now = _instant(as_of)
    age_s = f"(epoch({now}) - epoch({{}}))"
    decayed = f"pow(2.0, -{age_s} / {weights.occupancy_half_life_s})"
    return f"""
WITH handle AS (
    SELECT agent_username, agent_id, category, queue_name,
        coalesce(agent_interaction_duration_ms, 0) + coalesce(agent_customer_hold_duration_ms, 0)
        + coalesce(agent_after_contact_work_duration_ms, 0) AS handle_ms,
        coalesce(agent_after_contact_work_duration_ms, 0) AS after_ms
    FROM contact_record
    WHERE agent_connected_to_agent_timestamp IS NOT NULL AND agent_username IS NOT NULL),
serves AS (
    SELECT category, queue_name
    FROM (SELECT category, queue_name,
            count(*) / sum(count(*)) OVER (PARTITION BY category) AS share
          FROM contact_record WHERE queue_name IS NOT NULL GROUP BY category, queue_name)
    WHERE share >= {weights.queue_share}),
has_skill AS (
    SELECT agent_username, any_value(agent_id) AS agent_id, skill AS queue_name
    FROM (SELECT *, max(day) OVER (PARTITION BY agent_arn) AS last_day FROM agent_skill
          WHERE kind = 'queue')
    WHERE day = last_day AND agent_username IS NOT NULL
    GROUP BY agent_username, skill),
can AS (
    SELECT DISTINCT agent_username, category FROM has_skill JOIN serves USING (queue_name)
    UNION SELECT DISTINCT agent_username, category FROM handle),
who AS (
    SELECT agent_username, max(agent_id) AS agent_id
    FROM (SELECT agent_username, agent_id FROM has_skill
          UNION ALL SELECT agent_username, agent_id FROM handle)
    GROUP BY agent_username),
open_work AS (
    SELECT agent_username, sum(remaining_minutes) AS minutes
    FROM work_item WHERE status = 'OPEN' GROUP BY agent_username),
recent AS (
    SELECT agent_username, state, least(ended_at, {now}) AS ended_at,
        {decayed.format(f"least(ended_at, {now})")} - {decayed.format("started_at")} AS weight
    FROM agent_state_interval
    WHERE started_at < {now} AND state IN {_STAFFED}),
busy_share AS (
    SELECT agent_username, max(ended_at) AS seen_at,
        coalesce(sum(weight) FILTER (state IN {_BUSY}), 0) / nullif(sum(weight), 0) AS occupancy
    FROM recent GROUP BY agent_username),
team AS (SELECT avg(occupancy) AS occupancy FROM busy_share),
occupied AS (
    SELECT agent_username, team.occupancy + (busy_share.occupancy - team.occupancy)
        * pow(2.0, -greatest(0, {age_s.format("seen_at")}) / {weights.freshness_half_life_s})
            AS occupancy
    FROM busy_share CROSS JOIN team),
state_now AS (
    SELECT agent_username, arg_max(state, started_at) AS state
    FROM agent_state_interval
    WHERE started_at <= {now} AND ended_at > {now} - INTERVAL 150 SECOND
    GROUP BY agent_username),
since AS (
    -- intervals are cut where a contact is put on hold: it goes back to the last other state
    SELECT agent_username, state_now.state, 1000 * {
        age_s.format('''coalesce(
            max(ended_at) FILTER (agent_state_interval.state <> state_now.state),
            min(started_at))''')
    } AS elapsed_ms
    FROM agent_state_interval JOIN state_now USING (agent_username)
    WHERE started_at <= {now} AND state_now.state IN {_BUSY}
    GROUP BY agent_username, state_now.state),
timed AS (SELECT category, handle_ms, after_ms FROM handle WHERE handle_ms > 0),
mean_ms AS (SELECT avg(handle_ms) AS on_contact, avg(after_ms) AS after FROM timed),
in_hand AS (
    SELECT agent_username, CASE state
        WHEN 'incoming' THEN any_value(mean_ms.on_contact)
        WHEN 'on_contact' THEN
            (coalesce(sum(handle_ms - elapsed_ms) FILTER (handle_ms > elapsed_ms), 0)
                + {weights.shrink_contacts} * any_value(mean_ms.on_contact))
            / (count(*) FILTER (handle_ms > elapsed_ms) + {weights.shrink_contacts})
        ELSE (coalesce(sum(after_ms - elapsed_ms) FILTER (after_ms > elapsed_ms), 0)
                + {weights.shrink_contacts} * any_value(mean_ms.after))
            / (count(*) FILTER (after_ms > elapsed_ms) + {weights.shrink_contacts}) END AS left_ms
    FROM since CROSS JOIN mean_ms CROSS JOIN timed
    GROUP BY agent_username, state),
typical AS (SELECT category, avg(handle_ms) AS ms FROM timed GROUP BY category),
usual AS (
    SELECT category, avg(ln(handle_ms)) AS log_ms FROM handle WHERE handle_ms > 0
    GROUP BY category),
own AS (
    SELECT agent_username, category,
        avg(ln(handle_ms) - usual.log_ms) * count(*) / (count(*) + {weights.shrink_contacts})
            AS log_ratio
    FROM handle JOIN usual USING (category)
    WHERE handle_ms > 0 GROUP BY agent_username, category),
term AS (
    SELECT can.category AS call_type, can.agent_username, who.agent_id,
        coalesce(open_work.minutes, 0.0) AS open_work_minutes,
        coalesce(open_work.minutes, 0.0)
            / (coalesce(open_work.minutes, 0.0) + {weights.half_backlog_minutes}) AS backlog,
        coalesce(occupied.occupancy, team.occupancy, 0.0) AS occupancy,
        CASE WHEN since.agent_username IS NULL THEN 0.0
            ELSE coalesce(least(1.0, in_hand.left_ms / typical.ms), 1.0) END AS current,
        greatest(-1.0, least(1.0, coalesce(own.log_ratio, 0.0) / ln(2.0))) / 2.0 + 0.5 AS handling
    FROM can CROSS JOIN team
    LEFT JOIN typical ON typical.category = can.category
    LEFT JOIN who USING (agent_username)
    LEFT JOIN open_work USING (agent_username)
    LEFT JOIN occupied USING (agent_username)
    LEFT JOIN since USING (agent_username)
    LEFT JOIN in_hand USING (agent_username)
    LEFT JOIN own ON own.agent_username = can.agent_username AND own.category = can.category)
SELECT call_type, agent_username, agent_id,
    CAST(round(10000 * ({weights.backlog} * backlog + {weights.occupancy} * occupancy
        + {weights.current} * current + {weights.handling} * handling)) AS BIGINT) AS workload,
    open_work_minutes, backlog, occupancy, current, handling,
    {now} AS as_of, {literal(weights.version)} AS score_version
FROM term
ORDER BY call_type, workload, agent_username"""
