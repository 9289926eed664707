-- How do agents spend their time? One row per group.
-- Contact time is time in a routable status with a contact worked on: talk, hold, pause,
-- after-contact work, ringing outbound. Idle is the rest of it, contacts in error included; whether
-- ringing is idle too, the official definitions disagree on, so it is a parameter.
-- occupancy = contact / (contact + idle), several contacts at once counted as one;
-- avg_concurrency = the same with each contact counted; staffed = online, in no custom status.
-- Adherence is absent: it needs the agents' schedules, which no stream carries.
-- Source: Amazon Connect administrator guide, "Metrics definitions", "Agent data in the data lake".
--
-- counts agents
-- param by: all|agent|routing_profile|hierarchy|status|day = agent -- what a row stands for
-- param level: 1|2|3|4|5 = 1 -- level of the hierarchy, 1 is the top
-- param ringing: excluded|included = excluded -- whether time in which a contact rings is idle
-- param from_day: date = 0001-01-01 -- first UTC day
-- param to_day: date = 9999-12-31 -- last UTC day
WITH spent AS (
    SELECT
        day, user_arn, user_id, agent_username, routing_profile_id, agent_status_name,
        CASE :level
            WHEN '1' THEN agent_hierarchy_level_1_id
            WHEN '2' THEN agent_hierarchy_level_2_id
            WHEN '3' THEN agent_hierarchy_level_3_id
            WHEN '4' THEN agent_hierarchy_level_4_id
            ELSE agent_hierarchy_level_5_id
        END AS group_id,
        CASE :ringing
            WHEN 'included' THEN agent_idle_time_with_ringing
            ELSE agent_idle_time
        END AS idle_ms,
        online_time, agent_on_contact_time, non_productive_time, error_time,
        contact_time_concurrent_ms, ringing_time_ms, gap_time_ms
    FROM agent_statistic_record
    WHERE day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
),
grouped AS (
    SELECT
        spent.*,
        CASE :by
            WHEN 'all' THEN 'ALL'
            WHEN 'agent' THEN coalesce(spent.agent_username, spent.user_id, '(unknown agent)')
            WHEN 'routing_profile' THEN coalesce(
                routing_profiles.routing_profile_name, spent.routing_profile_id,
                '(no routing profile)')
            WHEN 'hierarchy' THEN coalesce(
                agent_hierarchy_groups.agent_hierarchy_group_name, spent.group_id, '(no group)')
            WHEN 'status' THEN coalesce(spent.agent_status_name, '(no status)')
            ELSE CAST(spent.day AS varchar)
        END AS grp
    FROM spent
    LEFT JOIN routing_profiles
        ON spent.routing_profile_id = routing_profiles.agent_routing_profile_id
    LEFT JOIN agent_hierarchy_groups
        ON spent.group_id = agent_hierarchy_groups.agent_hierarchy_group_id
)
SELECT
    grp,
    count(DISTINCT user_arn) AS agents,
    CAST(sum(online_time) AS double) / 3600000.0 AS online_hours,
    CAST(sum(online_time) - sum(non_productive_time) AS double) / 3600000.0 AS staffed_hours,
    CAST(sum(agent_on_contact_time) AS double) / 3600000.0 AS contact_hours,
    CAST(sum(idle_ms) AS double) / 3600000.0 AS idle_hours,
    CAST(sum(non_productive_time) AS double) / 3600000.0 AS non_productive_hours,
    CAST(sum(error_time) AS double) / 3600000.0 AS error_hours,
    CAST(sum(ringing_time_ms) AS double) / 3600000.0 AS ringing_hours,
    CAST(sum(gap_time_ms) AS double) / 3600000.0 AS gap_hours,
    CAST(sum(agent_on_contact_time) AS double)
        / nullif(sum(agent_on_contact_time) + sum(idle_ms), 0) AS occupancy,
    CAST(sum(contact_time_concurrent_ms) AS double)
        / nullif(sum(agent_on_contact_time) + sum(idle_ms), 0) AS avg_concurrency
FROM grouped
GROUP BY grp
ORDER BY grp
