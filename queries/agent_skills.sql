-- Who has which skill? One row per agent and queue that an event of the period shows on the agent.
-- The group is the agent's hierarchy group as last seen.
--
-- param from_day: date = 0001-01-01 -- first UTC day
-- param to_day: date = 9999-12-31 -- last UTC day
SELECT
    coalesce(agent_hierarchy_groups.agent_hierarchy_group_name,
        users.agent_hierarchy_group_id, '(no group)') AS agent_hierarchy_group,
    coalesce(agent_skill.agent_username, agent_skill.agent_arn) AS agent_username,
    agent_skill.skill AS skill,
    count(DISTINCT agent_skill.day) AS days,
    max(agent_skill.day) AS last_day
FROM agent_skill
LEFT JOIN users ON users.user_id = agent_skill.agent_id
LEFT JOIN agent_hierarchy_groups
    ON agent_hierarchy_groups.agent_hierarchy_group_id = users.agent_hierarchy_group_id
WHERE agent_skill.kind = 'queue'
    AND agent_skill.day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
GROUP BY
    coalesce(agent_hierarchy_groups.agent_hierarchy_group_name,
        users.agent_hierarchy_group_id, '(no group)'),
    coalesce(agent_skill.agent_username, agent_skill.agent_arn),
    agent_skill.skill
ORDER BY agent_hierarchy_group, agent_username, skill
