-- Contact metrics by the official formulas, one row per group.
-- Averages are over contacts, never averages of averages; a contact that lacks a field that a
-- metric needs is left out of that metric. Two official service levels, both below 20 s in queue:
-- removed = however the contact left the queue, answered = connected to an agent.
-- Source: Amazon Connect administrator guide, "Metrics definitions".
--
-- param by: all|category|queue|channel|day = all -- what a row stands for
-- param from_day: date = 0001-01-01 -- first UTC day of initiation
-- param to_day: date = 9999-12-31 -- last UTC day of initiation
WITH grouped AS (
    SELECT
        CASE :by
            WHEN 'all' THEN 'ALL'
            WHEN 'category' THEN category
            WHEN 'queue' THEN coalesce(queue_name, '(no queue)')
            WHEN 'channel' THEN coalesce(channel, '(no channel)')
            ELSE CAST(day AS varchar)
        END AS grp,
        contacts, contacts_queued, contacts_handled, contacts_abandoned, contacts_answered,
        contacts_abandon_timed, contacts_handle_timed, contacts_removed_20s, contacts_answered_20s,
        wait_ms, queue_answer_time_ms, abandon_time_ms, handle_time_ms
    FROM calls_by_category_queue
    WHERE day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
)
SELECT
    grp,
    sum(contacts) AS contacts,
    sum(contacts_queued) AS contacts_queued,
    sum(contacts_handled) AS contacts_handled,
    sum(contacts_abandoned) AS contacts_abandoned,
    CAST(sum(queue_answer_time_ms) AS double) / nullif(sum(contacts_answered), 0) / 1000.0
        AS avg_queue_answer_time_s,
    CAST(sum(handle_time_ms) AS double) / nullif(sum(contacts_handle_timed), 0) / 1000.0
        AS avg_handle_time_s,
    CAST(sum(abandon_time_ms) AS double) / nullif(sum(contacts_abandon_timed), 0) / 1000.0
        AS avg_abandon_time_s,
    CAST(sum(contacts_removed_20s) AS double) / nullif(sum(contacts_queued), 0)
        AS service_level_20_removed,
    CAST(sum(contacts_answered_20s) AS double) / nullif(sum(contacts_queued), 0)
        AS service_level_20_answered,
    CAST(sum(wait_ms) AS double) / 60000.0 AS wait_minutes
FROM grouped
GROUP BY grp
ORDER BY grp
