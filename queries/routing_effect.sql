-- What did routing bring? One row per policy, reason, call type, day, or period before and after.
-- Over contacts whose flow asked the routing Lambda: it left its decision in their attributes. The
-- fallback share is of contacts for which neither an agent was named nor a queue lent one, the lent
-- share of those that a queue lent an agent to; placed are those that an agent took who
-- was named, and `placed_first` by the one named first. Waits are in queue, over all these contacts;
-- an agent's queue counts. Half-widths are Student's of 95 %, over days as blocks because waits
-- within a day depend on each other; they need five days. To compare two policies run side by side
-- take by = policy; to compare before and after, by = period and its first day.
-- `agents_cv` is the spread of contacts over agents: standard deviation over mean.
-- Source of the interval: ratio estimator over blocks, Cochran, Sampling Techniques, 6.
--
-- counts contacts
-- param by: policy|reason|call_type|day|period = policy -- what a row stands for
-- param from_day: date = 0001-01-01 -- first UTC day
-- param to_day: date = 9999-12-31 -- last UTC day
-- param after: date = 0001-01-01 -- by period: first UTC day of the later one
WITH routed AS (
    SELECT
        CASE :by
            WHEN 'policy' THEN coalesce(element_at(asked.attributes, 'policy'), 'none')
            WHEN 'reason' THEN coalesce(element_at(asked.attributes, 'reason'), 'none')
            WHEN 'call_type' THEN asked.category
            WHEN 'day' THEN CAST(asked.day AS varchar)
            WHEN 'period' THEN
                CASE WHEN asked.day < CAST(:after AS date) THEN 'before' ELSE 'after' END
        END AS routed_by,
        asked.day AS day,
        CASE
            WHEN element_at(asked.attributes, 'decision') = 'DEFAULT'
                AND coalesce(element_at(asked.attributes, 'overflowQueue'), 'NONE') = 'NONE' THEN 1
            ELSE 0
        END AS is_fallback,
        CASE WHEN element_at(asked.attributes, 'overflowQueue') <> 'NONE' THEN 1 ELSE 0 END
            AS is_lent,
        CASE
            WHEN asked.agent_id = element_at(asked.attributes, 'agent1') THEN 1
            WHEN asked.agent_id = element_at(asked.attributes, 'agent2') THEN 2
            WHEN asked.agent_id = element_at(asked.attributes, 'agent3') THEN 3
            WHEN asked.agent_id = element_at(asked.attributes, 'agent4') THEN 4
            WHEN asked.agent_id = element_at(asked.attributes, 'agent5') THEN 5
            WHEN asked.agent_id = element_at(asked.attributes, 'agent6') THEN 6
            WHEN asked.agent_id = element_at(asked.attributes, 'agent7') THEN 7
            WHEN asked.agent_id = element_at(asked.attributes, 'agent8') THEN 8
            WHEN asked.agent_id = element_at(asked.attributes, 'agent9') THEN 9
            WHEN asked.agent_id = element_at(asked.attributes, 'agent10') THEN 10
        END AS place,
        CASE WHEN element_at(asked.attributes, 'affinity') <> 'NONE' THEN 1 ELSE 0 END
            AS is_owner_offered,
        CASE WHEN element_at(asked.attributes, 'affinity') = asked.agent_id THEN 1 ELSE 0 END
            AS is_with_owner,
        asked.agent_id AS agent_id,
        counted.is_abandoned AS is_abandoned,
        CAST(coalesce(counted.queue_time_ms, 0) AS double) / 1000.0 AS wait_s
    FROM contact_record AS asked
    JOIN contact_statistic_record AS counted
        ON counted.instance_id = asked.instance_id
        AND counted.contact_id = asked.contact_id
        AND counted.day = asked.day
    WHERE asked.day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
        AND element_at(asked.attributes, 'decision') IN ('CANDIDATES', 'DEFAULT')
),
total AS (
    SELECT
        routed_by,
        count(*) AS contacts,
        count(DISTINCT day) AS days,
        CAST(sum(is_fallback) AS double) / nullif(count(*), 0) AS fallback_share,
        CAST(sum(is_lent) AS double) / nullif(count(*), 0) AS lent_share,
        CAST(count(place) AS double) / nullif(count(*), 0) AS placed_share,
        CAST(count(CASE WHEN place = 1 THEN 1 END) AS double) / nullif(count(*), 0)
            AS placed_first_share,
        CAST(sum(is_with_owner) AS double) / nullif(sum(is_owner_offered), 0) AS owner_share,
        CAST(sum(is_abandoned) AS double) / nullif(count(*), 0) AS abandoned_share,
        CAST(sum(wait_s) AS double) / nullif(count(*), 0) AS avg_wait_s
    FROM routed
    GROUP BY routed_by
),
block AS (
    SELECT
        routed_by,
        day,
        CAST(count(*) AS double) AS contacts,
        CAST(sum(is_fallback) AS double) AS fallbacks,
        sum(wait_s) AS wait_s
    FROM routed
    GROUP BY routed_by, day
),
spread AS (
    SELECT
        block.routed_by AS routed_by,
        sum((block.fallbacks - total.fallback_share * block.contacts)
            * (block.fallbacks - total.fallback_share * block.contacts)) AS fallback_squares,
        sum((block.wait_s - total.avg_wait_s * block.contacts)
            * (block.wait_s - total.avg_wait_s * block.contacts)) AS wait_squares
    FROM block
    JOIN total ON total.routed_by = block.routed_by
    GROUP BY block.routed_by
),
agent AS (
    SELECT routed_by, agent_id, CAST(count(*) AS double) AS contacts
    FROM routed
    WHERE agent_id IS NOT NULL
    GROUP BY routed_by, agent_id
),
balance AS (
    SELECT
        routed_by,
        count(*) AS agents,
        CAST(stddev_pop(contacts) AS double)
            / nullif(CAST(sum(contacts) AS double) / nullif(count(*), 0), 0) AS agents_cv
    FROM agent
    GROUP BY routed_by
),
-- The 97.5 % quantile of Student's t by its series in 1 / degrees of freedom, to 0.3 % from four on.
freedom AS (
    SELECT routed_by, CAST(1 AS double) / nullif(days - 1, 0) AS inverse
    FROM total
    WHERE days >= 5
),
quantile AS (
    SELECT
        routed_by,
        1.959964e0 + 2.3723e0 * inverse + 2.8225e0 * inverse * inverse
            + 2.556e0 * inverse * inverse * inverse AS t
    FROM freedom
)
SELECT
    total.routed_by AS routed_by,
    total.contacts AS contacts,
    total.days AS days,
    total.fallback_share AS fallback_share,
    CAST(quantile.t * sqrt(
        CAST(spread.fallback_squares * total.days AS double) / nullif(total.days - 1, 0)) AS double)
        / nullif(total.contacts, 0) AS fallback_share_ci95,
    total.lent_share AS lent_share,
    total.placed_share AS placed_share,
    total.placed_first_share AS placed_first_share,
    total.owner_share AS owner_share,
    total.abandoned_share AS abandoned_share,
    total.avg_wait_s AS avg_wait_s,
    CAST(quantile.t * sqrt(
        CAST(spread.wait_squares * total.days AS double) / nullif(total.days - 1, 0)) AS double)
        / nullif(total.contacts, 0) AS avg_wait_s_ci95,
    balance.agents AS agents,
    balance.agents_cv AS agents_cv
FROM total
JOIN spread ON spread.routed_by = total.routed_by
LEFT JOIN balance ON balance.routed_by = total.routed_by
LEFT JOIN quantile ON quantile.routed_by = total.routed_by
ORDER BY routed_by
