-- What did each group of agents handle? One row per hierarchy group, category and task.
-- The group is the agent's hierarchy group as last seen; contacts count on their day of initiation.
-- Handle time is over contacts that have one.
--
-- counts agents
-- param group: text = % -- name of the hierarchy group, SQL LIKE pattern
-- param from_day: date = 0001-01-01 -- first UTC day of initiation
-- param to_day: date = 9999-12-31 -- last UTC day of initiation
WITH handled AS (
    SELECT
        coalesce(agent_hierarchy_groups.agent_hierarchy_group_name,
            users.agent_hierarchy_group_id, '(no group)') AS agent_hierarchy_group,
        contact_statistic_record.category AS category,
        contact_statistic_record.task AS task,
        contact_statistic_record.agent_id AS agent_id,
        contact_statistic_record.handle_time_ms AS handle_time_ms,
        contact_statistic_record.is_transferred_out_from_handled AS is_transferred_out
    FROM contact_statistic_record
    LEFT JOIN users ON users.user_id = contact_statistic_record.agent_id
    LEFT JOIN agent_hierarchy_groups
        ON agent_hierarchy_groups.agent_hierarchy_group_id = users.agent_hierarchy_group_id
    WHERE contact_statistic_record.is_handled = 1
        AND contact_statistic_record.day
            BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
)
SELECT
    agent_hierarchy_group,
    category,
    task,
    count(DISTINCT agent_id) AS agents,
    count(*) AS contacts_handled,
    CAST(sum(handle_time_ms) AS double) / nullif(count(handle_time_ms), 0) / 1000.0
        AS avg_handle_time_s,
    CAST(sum(handle_time_ms) AS double) / 3600000.0 AS handle_hours,
    CAST(sum(is_transferred_out) AS double) / nullif(count(*), 0) AS transfer_share
FROM handled
WHERE agent_hierarchy_group LIKE :group
GROUP BY agent_hierarchy_group, category, task
ORDER BY agent_hierarchy_group, handle_hours DESC, category, task
