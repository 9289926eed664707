-- What do people call about? One row per category and task, the most agent work first.
-- The category `uncategorised` is what the taxonomy does not know yet.
--
-- counts contacts
-- param from_day: date = 0001-01-01 -- first UTC day of initiation
-- param to_day: date = 9999-12-31 -- last UTC day of initiation
SELECT
    category,
    task,
    sum(contacts) AS contacts,
    CAST(sum(contacts) AS double) / nullif(sum(sum(contacts)) OVER (), 0) AS contacts_share,
    sum(contacts_handled) AS contacts_handled,
    sum(contacts_abandoned) AS contacts_abandoned,
    CAST(sum(handle_time_ms) AS double) / nullif(sum(contacts_handle_timed), 0) / 1000.0
        AS avg_handle_time_s,
    CAST(sum(handle_time_ms) AS double) / 3600000.0 AS handle_hours,
    CAST(sum(handle_time_ms) AS double) / nullif(sum(sum(handle_time_ms)) OVER (), 0)
        AS handle_share,
    CAST(sum(wait_ms) AS double) / 60000.0 AS wait_minutes
FROM calls_by_category_queue
WHERE day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
GROUP BY category, task
ORDER BY handle_hours DESC, category, task
