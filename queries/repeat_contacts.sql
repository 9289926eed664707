-- How often do customers have to come again? One row per category, the most chains of contacts first.
-- A chain is repeated if the same customer began another within the chosen days after it ended (its
-- start counts where no end is known). Shares of repeats are over chains of known customers. Chains
-- without their first contact are left out. One that ended less than those days ago may still be
-- repeated: end the period that much earlier.
--
-- counts journeys
-- param from_day: date = 0001-01-01 -- first UTC day of the first contact
-- param to_day: date = 9999-12-31 -- last UTC day of the first contact
-- param within_days: integer = 7 -- days after the end in which a new chain is a repeat
WITH asked AS (
    SELECT *
    FROM journey
    WHERE day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
        AND is_complete = 1
),
again AS (
    SELECT
        asked.instance_id AS instance_id,
        asked.journey_id AS journey_id,
        count(*) AS repeats
    FROM asked
    JOIN journey AS later
        ON later.instance_id = asked.instance_id
        AND later.customer_id = asked.customer_id
        AND later.is_complete = 1
        AND later.journey_id <> asked.journey_id
        AND later.started_at > coalesce(asked.ended_at, asked.started_at)
        AND later.started_at
            <= date_add('day', :within_days, coalesce(asked.ended_at, asked.started_at))
    WHERE later.day >= CAST(:from_day AS date)
    GROUP BY asked.instance_id, asked.journey_id
)
SELECT
    asked.category AS category,
    count(*) AS journeys,
    count(asked.customer_id) AS journeys_of_known_customers,
    count(again.repeats) AS journeys_repeated,
    CAST(count(again.repeats) AS double) / nullif(count(asked.customer_id), 0) AS repeat_share,
    CAST(count(asked.customer_id) - count(again.repeats) AS double)
        / nullif(count(asked.customer_id), 0) AS first_contact_resolution,
    sum(asked.is_abandoned) AS journeys_abandoned,
    sum(asked.transfers) AS transfers,
    sum(asked.transfers_cold) AS transfers_cold,
    sum(asked.transfers_warm) AS transfers_warm,
    CAST(count(CASE WHEN asked.transfers > 0 THEN 1 END) AS double) / nullif(count(*), 0)
        AS transferred_share,
    CAST(sum(asked.is_ping_pong) AS double) / nullif(count(*), 0) AS ping_pong_share,
    CAST(sum(asked.legs) AS double) / nullif(count(*), 0) AS avg_legs,
    CAST(sum(asked.wait_ms) AS double) / nullif(count(*), 0) / 1000.0 AS avg_wait_s,
    CAST(sum(asked.resolution_time_ms) AS double)
        / nullif(count(asked.resolution_time_ms), 0) / 1000.0 AS avg_resolution_time_s
FROM asked
LEFT JOIN again
    ON again.instance_id = asked.instance_id
    AND again.journey_id = asked.journey_id
GROUP BY asked.category
ORDER BY journeys DESC, category
