-- How did each queue do, day by day? One row per queue and UTC day of initiation.
-- Source of the formulas: Amazon Connect administrator guide, "Metrics definitions".
--
-- counts contacts_queued
-- param queue: text = % -- queue name, SQL LIKE pattern
-- param from_day: date = 0001-01-01 -- first UTC day of initiation
-- param to_day: date = 9999-12-31 -- last UTC day of initiation
SELECT
    queue_name,
    day,
    sum(contacts_queued) AS contacts_queued,
    sum(contacts_handled) AS contacts_handled,
    sum(contacts_abandoned) AS contacts_abandoned,
    CAST(sum(contacts_abandoned) AS double) / nullif(sum(contacts_queued), 0) AS abandonment_rate,
    CAST(sum(queue_answer_time_ms) AS double) / nullif(sum(contacts_answered), 0) / 1000.0
        AS avg_queue_answer_time_s,
    CAST(sum(handle_time_ms) AS double) / nullif(sum(contacts_handle_timed), 0) / 1000.0
        AS avg_handle_time_s,
    CAST(sum(contacts_removed_20s) AS double) / nullif(sum(contacts_queued), 0)
        AS service_level_20_removed,
    CAST(sum(contacts_answered_20s) AS double) / nullif(sum(contacts_queued), 0)
        AS service_level_20_answered,
    CAST(sum(wait_ms) AS double) / 60000.0 AS wait_minutes
FROM calls_by_category_queue
WHERE queue_name LIKE :queue
    AND day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
GROUP BY queue_name, day
ORDER BY queue_name, day
