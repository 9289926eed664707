-- Which skill is the bottleneck? One row per skill, the most wait-minutes first.
-- Ranked by wait-minutes because they add up over queues and intervals and find the skill where
-- one more agent helps most; counting calls does not. Beside them: the work offered (abandoned
-- contacts count with the skill's mean handle time, or load would be understated where it hurts)
-- against the time staffed (an agent with k skills counts 1/k towards each).
-- Callers of the other skills are not helped by agents who wait here: `load` says how full the
-- skill is, 1 = every staffed minute needed.
--
-- param from_day: date = 0001-01-01 -- first UTC day
-- param to_day: date = 9999-12-31 -- last UTC day
WITH demand AS (
    SELECT
        skill,
        sum(contacts_queued) AS contacts_queued,
        sum(contacts_abandoned) AS contacts_abandoned,
        sum(contacts_removed_20s) AS contacts_removed_20s,
        sum(wait_ms) AS wait_ms,
        sum(handle_time_ms) AS handle_time_ms,
        sum(contacts_handle_timed) AS contacts_handle_timed
    FROM calls_by_category_queue
    WHERE day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
        AND skill IS NOT NULL
        AND contacts_queued > 0
    GROUP BY skill
),
holder AS (
    SELECT day, instance_id, agent_arn, skill,
        count(*) OVER (PARTITION BY day, instance_id, agent_arn) AS skills
    FROM agent_skill
    WHERE kind = 'queue'
        AND day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
),
present AS (
    SELECT day, instance_id, agent_arn, sum(duration_ms) AS staffed_ms
    FROM agent_state_interval
    WHERE state IN ('available', 'incoming', 'missed', 'on_contact', 'after_contact_work')
        AND day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
    GROUP BY day, instance_id, agent_arn
),
staffing AS (
    SELECT
        holder.skill AS skill,
        count(DISTINCT holder.agent_arn) AS agents,
        sum(CAST(present.staffed_ms AS double) / holder.skills) AS staffed_ms
    FROM holder
    JOIN present
        ON holder.day = present.day
        AND holder.instance_id = present.instance_id
        AND holder.agent_arn = present.agent_arn
    GROUP BY holder.skill
),
offered AS (
    SELECT
        demand.skill AS skill,
        contacts_queued,
        contacts_abandoned,
        contacts_removed_20s,
        wait_ms,
        CAST(handle_time_ms AS double) + contacts_abandoned
            * coalesce(CAST(handle_time_ms AS double) / nullif(contacts_handle_timed, 0), 0.0)
            AS offered_ms
    FROM demand
)
SELECT
    rank() OVER (ORDER BY offered.wait_ms DESC) AS rank,
    offered.skill AS skill,
    CAST(wait_ms AS double) / 60000.0 AS wait_minutes,
    CAST(wait_ms AS double) / nullif(sum(wait_ms) OVER (), 0) AS wait_share,
    contacts_queued,
    CAST(contacts_abandoned AS double) / nullif(contacts_queued, 0) AS abandonment_rate,
    CAST(contacts_removed_20s AS double) / nullif(contacts_queued, 0) AS service_level_20_removed,
    CAST(offered_ms AS double) / 3600000.0 AS offered_hours,
    CAST(staffed_ms AS double) / 3600000.0 AS staffed_hours,
    CAST(offered_ms AS double) / nullif(staffed_ms, 0.0) AS load,
    agents
FROM offered
LEFT JOIN staffing ON offered.skill = staffing.skill
ORDER BY rank, offered.skill
