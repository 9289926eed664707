-- What did customers go through? One row per chain of contacts, the latest first.
-- `is_repeated` is 1 if the same customer began another chain within the chosen days after this one
-- ended (its start counts where no end is known); null where the customer is unknown. A chain that
-- ended less than those days ago may still be repeated.
--
-- param from_day: date = 0001-01-01 -- first UTC day of the first contact
-- param to_day: date = 9999-12-31 -- last UTC day of the first contact
-- param within_days: integer = 7 -- days after the end in which a new chain is a repeat
WITH asked AS (
    SELECT *
    FROM journey
    WHERE day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
),
again AS (
    SELECT
        asked.instance_id AS instance_id,
        asked.journey_id AS journey_id,
        asked.day AS day,
        min(later.started_at) AS repeated_at
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
    GROUP BY asked.instance_id, asked.journey_id, asked.day
)
SELECT
    asked.journey_id AS journey_id,
    asked.is_complete AS is_complete,
    asked.started_at AS started_at,
    asked.ended_at AS ended_at,
    asked.customer_id AS customer_id,
    asked.channel AS channel,
    asked.category AS category,
    asked.task AS task,
    asked.legs AS legs,
    asked.contacts_handled AS contacts_handled,
    asked.is_abandoned AS is_abandoned,
    asked.transfers AS transfers,
    asked.transfers_cold AS transfers_cold,
    asked.transfers_warm AS transfers_warm,
    asked.callbacks AS callbacks,
    nullif(array_join(asked.queues, ' > '), '') AS queues,
    asked.queues_visited AS queues_visited,
    asked.is_ping_pong AS is_ping_pong,
    asked.agents AS agents,
    CAST(asked.wait_ms AS double) / 1000.0 AS wait_s,
    CAST(asked.handle_time_ms AS double) / 1000.0 AS handle_time_s,
    CAST(asked.resolution_time_ms AS double) / 1000.0 AS resolution_time_s,
    CASE
        WHEN asked.customer_id IS NULL THEN NULL
        WHEN again.repeated_at IS NULL THEN 0
        ELSE 1
    END AS is_repeated,
    again.repeated_at AS repeated_at
FROM asked
LEFT JOIN again
    ON again.instance_id = asked.instance_id
    AND again.journey_id = asked.journey_id
    AND again.day = asked.day
ORDER BY started_at DESC, journey_id
