-- When do people wait? One row per queue and hour of the centre's clock, over the days together.
-- Contacts count at the instant at which they enter the queue; agents' own queues are left out. In
-- the hour that autumn repeats, both count as the hour that the clock shows.
--
-- counts contacts_queued
-- param zone: zone = UTC -- IANA time zone of the centre
-- param from_day: date = 0001-01-01 -- first local day
-- param to_day: date = 9999-12-31 -- last local day
WITH clocked AS (
    SELECT
        skill_load.*,
        CAST(at_timezone(with_timezone(interval_start, 'UTC'), :zone) AS timestamp) AS local_start
    FROM skill_load
    WHERE day BETWEEN date_add('day', -1, CAST(:from_day AS date))
        AND date_add('day', 1, CAST(:to_day AS date))
)
SELECT
    coalesce(queue_name, '(no queue)') AS queue_name,
    EXTRACT(hour FROM local_start) AS local_hour,
    sum(contacts_queued) AS contacts_queued,
    sum(contacts_abandoned) AS contacts_abandoned,
    CAST(sum(wait_ms) AS double) / nullif(sum(contacts_wait_timed), 0) / 1000.0 AS avg_wait_s,
    CAST(sum(wait_ms) AS double) / 60000.0 AS wait_minutes
FROM clocked
WHERE CAST(local_start AS date) BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
GROUP BY coalesce(queue_name, '(no queue)'), EXTRACT(hour FROM local_start)
ORDER BY queue_name, local_hour
