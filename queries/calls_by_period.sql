-- How many calls came when? One row per period of local time, category and queue.
-- Periods are those of the centre's clock: a day of 23 or 25 hours where the clock is changed, and
-- weeks from Monday. In the hour that autumn repeats, two periods of 15 minutes show the same time
-- on the clock; `first_interval_start` (UTC) tells them apart. Contacts count at their initiation.
--
-- counts contacts
-- param period: 15min|day|week = day -- what a row stands for
-- param zone: zone = UTC -- IANA time zone of the centre
-- param from_day: date = 0001-01-01 -- first local day
-- param to_day: date = 9999-12-31 -- last local day
WITH clocked AS (
    SELECT
        calls_by_category_queue.*,
        CAST(at_timezone(with_timezone(interval_start, 'UTC'), :zone) AS timestamp) AS local_start
    FROM calls_by_category_queue
    WHERE day BETWEEN date_add('day', -1, CAST(:from_day AS date))
        AND date_add('day', 1, CAST(:to_day AS date))
),
periodic AS (
    SELECT
        CASE :period
            WHEN '15min' THEN local_start
            WHEN 'day' THEN date_trunc('day', local_start)
            ELSE date_trunc('week', local_start)
        END AS period_start,
        CASE :period WHEN '15min' THEN interval_start END AS apart,
        clocked.*
    FROM clocked
    WHERE CAST(local_start AS date) BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
)
SELECT
    period_start,
    min(interval_start) AS first_interval_start,
    category,
    queue_name,
    sum(contacts) AS contacts,
    sum(contacts_queued) AS contacts_queued,
    sum(contacts_handled) AS contacts_handled,
    sum(contacts_abandoned) AS contacts_abandoned,
    CAST(sum(queue_answer_time_ms) AS double) / nullif(sum(contacts_answered), 0) / 1000.0
        AS avg_queue_answer_time_s,
    CAST(sum(handle_time_ms) AS double) / nullif(sum(contacts_handle_timed), 0) / 1000.0
        AS avg_handle_time_s,
    CAST(sum(contacts_removed_20s) AS double) / nullif(sum(contacts_queued), 0)
        AS service_level_20_removed,
    CAST(sum(contacts_answered_20s) AS double) / nullif(sum(contacts_queued), 0)
        AS service_level_20_answered,
    CAST(sum(wait_ms) AS double) / 60000.0 AS wait_minutes
FROM periodic
GROUP BY period_start, apart, category, queue_name
ORDER BY period_start, first_interval_start, category, queue_name
