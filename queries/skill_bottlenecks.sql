-- Which skill is the bottleneck, how sure is that, and why? Most wait-minutes first.
-- Ranked by wait-minutes because they add up over queues and intervals and find the skill where one
-- more agent helps most; counting calls does not. `overlap_contacts`: those that agents without the
-- skill could have taken in the time they were idle while somebody waited; it confirms the rank.
-- `verdict`: likely = its share of each day's waiting is above an equal share, tested at 5 % over
-- all rows at once; possible = the days do not tell; null = below an equal share; not enough data =
-- fewer than five days of one kind (Monday to Friday, weekend). Half-widths are Student's of 95 %
-- over days as blocks, because waits within a day depend on each other.
-- `load` = work offered (who abandoned counts with the mean handle time of skill and hour) over
-- time staffed (an agent with n skills counts an n-th in each). Causes: the change of its logarithm
-- since as many days with contacts just before `from_day`, in four parts that add up; `cause` is
-- the largest part in the direction in which waiting went, other if all are below 0.02.
-- Staff belongs to skills, so that rows of categories have none; there, categories with fewer than
-- 30 contacts are one.
-- Source of the interval: ratio estimator over blocks, Cochran, Sampling Techniques, 6.
--
-- param by: skill|category|skill_category = skill -- what a row stands for
-- param from_day: date = 0001-01-01 -- first UTC day
-- param to_day: date = 9999-12-31 -- last UTC day
WITH open_day AS (
    SELECT DISTINCT day
    FROM skill_load
    WHERE day <= CAST(:to_day AS date)
),
period AS (
    SELECT day,
        CASE WHEN day >= date_add('day', 5, date_trunc('week', day)) THEN 1 ELSE 0 END AS is_weekend
    FROM open_day
    WHERE day >= CAST(:from_day AS date)
),
extent AS (
    SELECT
        count(*) AS days,
        CASE WHEN sum(is_weekend) >= 5 OR count(*) - sum(is_weekend) >= 5 THEN 1 ELSE 0 END
            AS is_enough
    FROM period
),
earlier AS (
    SELECT day, rank() OVER (ORDER BY day DESC) AS place
    FROM open_day
    WHERE day < CAST(:from_day AS date)
),
side AS (
    SELECT day, 1 AS is_now FROM period
    UNION ALL
    SELECT earlier.day AS day, 0 AS is_now
    FROM earlier
    JOIN extent ON earlier.place <= extent.days
),
side_days AS (
    SELECT is_now, CAST(count(*) AS double) AS days
    FROM side
    GROUP BY is_now
),
size AS (
    SELECT load.skill AS skill, load.category AS category,
        sum(load.contacts_queued * side.is_now) AS contacts
    FROM skill_load AS load
    JOIN side ON side.day = load.day
    GROUP BY load.skill, load.category
),
whole_size AS (
    SELECT category, sum(contacts) AS contacts
    FROM size
    GROUP BY category
),
named AS (
    SELECT
        size.skill AS skill,
        size.category AS category,
        CASE WHEN :by = 'category' THEN 'ALL' ELSE size.skill END AS shown_skill,
        CASE
            WHEN :by = 'skill' THEN 'ALL'
            WHEN :by = 'category' AND whole_size.contacts < 30 THEN '(other)'
            WHEN :by = 'skill_category' AND size.contacts < 30 THEN '(other)'
            ELSE size.category
        END AS shown_category
    FROM size
    JOIN whole_size ON whole_size.category = size.category
),
demand AS (
    SELECT
        side.is_now AS is_now,
        load.day AS day,
        named.shown_skill AS skill,
        named.shown_category AS category,
        sum(load.contacts_queued) AS contacts_queued,
        sum(load.contacts_abandoned) AS contacts_abandoned,
        sum(load.contacts_wait_timed) AS contacts_wait_timed,
        sum(load.contacts_removed_20s) AS contacts_removed_20s,
        sum(load.contacts_answered) AS contacts_answered,
        sum(load.wait_ms) AS wait_ms,
        sum(load.breach_ms) AS breach_ms,
        sum(load.offered_load_ms) AS offered_ms
    FROM skill_load AS load
    JOIN side ON side.day = load.day
    JOIN named ON named.skill = load.skill AND named.category = load.category
    GROUP BY side.is_now, load.day, named.shown_skill, named.shown_category
),
total AS (
    SELECT
        demand.is_now AS is_now,
        demand.skill AS skill,
        demand.category AS category,
        max(side_days.days) AS days,
        sum(contacts_queued) AS contacts_queued,
        sum(contacts_abandoned) AS contacts_abandoned,
        sum(contacts_wait_timed) AS contacts_wait_timed,
        sum(contacts_removed_20s) AS contacts_removed_20s,
        sum(contacts_answered) AS contacts_answered,
        sum(wait_ms) AS wait_ms,
        sum(breach_ms) AS breach_ms,
        sum(offered_ms) AS offered_ms
    FROM demand
    JOIN side_days ON side_days.is_now = demand.is_now
    GROUP BY demand.is_now, demand.skill, demand.category
),
staff AS (
    SELECT
        side.is_now AS is_now,
        staffing.skill AS skill,
        max(staffing.agents) AS agents,
        sum(staffing.staffed_head_ms) AS head_ms,
        sum(staffing.staffed_share_ms) AS share_ms,
        sum(staffing.overlap_ms) AS overlap_ms
    FROM skill_staffing AS staffing
    JOIN side ON side.day = staffing.day
    WHERE :by = 'skill'
    GROUP BY side.is_now, staffing.skill
),
day_total AS (
    SELECT day, sum(wait_ms) AS wait_ms, CAST(count(*) AS double) AS present
    FROM demand
    WHERE is_now = 1
    GROUP BY day
),
shown AS (
    SELECT skill, category, days, CAST(contacts_wait_timed AS double) AS contacts,
        CAST(wait_ms AS double) / 1000.0 AS wait_s,
        CAST(wait_ms AS double) / nullif(contacts_wait_timed, 0) / 1000.0 AS avg_wait_s,
        CAST(wait_ms AS double) / nullif(days, 0) / 1000.0 AS day_wait_s,
        CAST(count(*) OVER () AS double) AS rows_shown
    FROM total
    WHERE is_now = 1
),
-- every row on every day, with 0 where there was nothing
block AS (
    SELECT
        shown.skill AS skill,
        shown.category AS category,
        coalesce(CAST(demand.contacts_wait_timed AS double), 0e0) * coalesce(shown.avg_wait_s, 0e0)
            AS expected_wait_s,
        CAST(coalesce(demand.wait_ms, 0) AS double) / 1000.0 AS wait_s,
        shown.day_wait_s AS day_wait_s,
        CAST(coalesce(demand.wait_ms, 0) AS double) / 1000.0
            - CAST(day_total.wait_ms AS double) / nullif(shown.rows_shown, 0) / 1000.0 AS excess_s
    FROM shown
    CROSS JOIN day_total
    LEFT JOIN demand
        ON demand.is_now = 1
        AND demand.day = day_total.day
        AND demand.skill = shown.skill
        AND demand.category = shown.category
),
excess AS (
    SELECT skill, category, CAST(sum(excess_s) AS double) / nullif(count(*), 0) AS mean_excess_s
    FROM block
    GROUP BY skill, category
),
spread AS (
    SELECT
        block.skill AS skill,
        block.category AS category,
        max(excess.mean_excess_s) AS mean_excess_s,
        sum((block.wait_s - block.expected_wait_s) * (block.wait_s - block.expected_wait_s))
            AS ratio_squares,
        sum((block.wait_s - block.day_wait_s) * (block.wait_s - block.day_wait_s)) AS day_squares,
        sum((block.excess_s - excess.mean_excess_s) * (block.excess_s - excess.mean_excess_s))
            AS excess_squares
    FROM block
    JOIN excess ON excess.skill = block.skill AND excess.category = block.category
    GROUP BY block.skill, block.category
),
-- Student's quantiles of (days - 1): 97.5 %, and one-sided 5 % over up to ten and up to fifty rows
student (days, t975, t995, t999) AS (
    VALUES
        (5, 2.7764e0, 4.6041e0, 7.1732e0),
        (6, 2.5706e0, 4.0321e0, 5.8934e0),
        (7, 2.4469e0, 3.7074e0, 5.2076e0),
        (8, 2.3646e0, 3.4995e0, 4.7853e0),
        (9, 2.3060e0, 3.3554e0, 4.5008e0),
        (10, 2.2622e0, 3.2498e0, 4.2968e0),
        (11, 2.2281e0, 3.1693e0, 4.1437e0),
        (12, 2.2010e0, 3.1058e0, 4.0247e0),
        (13, 2.1788e0, 3.0545e0, 3.9296e0),
        (14, 2.1604e0, 3.0123e0, 3.8520e0),
        (15, 2.1448e0, 2.9768e0, 3.7874e0),
        (18, 2.1098e0, 2.8982e0, 3.6458e0),
        (21, 2.0860e0, 2.8453e0, 3.5518e0),
        (25, 2.0639e0, 2.7969e0, 3.4668e0),
        (28, 2.0518e0, 2.7707e0, 3.4210e0),
        (31, 2.0423e0, 2.7500e0, 3.3852e0),
        (41, 2.0211e0, 2.7045e0, 3.3069e0),
        (61, 2.0003e0, 2.6603e0, 3.2317e0),
        (121, 1.9799e0, 2.6174e0, 3.1595e0),
        (366, 1.9665e0, 2.5894e0, 3.1127e0)
),
known AS (
    SELECT max(student.days) AS days
    FROM student
    JOIN extent ON student.days <= extent.days
    WHERE extent.is_enough = 1
),
tested AS (
    SELECT
        shown.skill AS skill,
        shown.category AS category,
        spread.mean_excess_s AS mean_excess_s,
        CAST(CASE WHEN shown.rows_shown <= 10 THEN student.t995 ELSE student.t999 END
            * sqrt(spread.excess_squares) AS double)
            / nullif(sqrt(shown.days * (shown.days - 1)), 0) AS margin_s,
        CAST(student.t975 * sqrt(spread.ratio_squares) * sqrt(shown.days) AS double)
            / nullif(sqrt(shown.days - 1), 0) / nullif(shown.contacts, 0) AS avg_wait_s_ci95,
        CAST(student.t975 * sqrt(spread.day_squares) AS double)
            / nullif(sqrt(shown.days * (shown.days - 1)), 0) / 60.0 AS wait_minutes_per_day_ci95
    FROM shown
    JOIN spread ON spread.skill = shown.skill AND spread.category = shown.category
    CROSS JOIN known
    JOIN student ON student.days = known.days
),
measured AS (
    SELECT
        total.is_now AS is_now,
        total.skill AS skill,
        total.category AS category,
        CAST(total.wait_ms AS double) / nullif(total.days, 0) / 60000.0 AS wait_minutes_per_day,
        ln(CAST(total.contacts_queued AS double) / nullif(total.days, 0)) AS volume,
        ln(CAST(nullif(total.offered_ms, 0) AS double) / nullif(total.contacts_queued, 0))
            AS handle_time,
        ln(CAST(nullif(staff.head_ms, 0) AS double) / nullif(total.days, 0)) AS staffing,
        ln(CAST(nullif(staff.share_ms, 0) AS double) / nullif(staff.head_ms, 0)) AS undivided
    FROM total
    LEFT JOIN staff ON staff.is_now = total.is_now AND staff.skill = total.skill
),
moved AS (
    SELECT
        now.skill AS skill,
        now.category AS category,
        before.wait_minutes_per_day AS wait_minutes_per_day_before,
        CASE WHEN now.wait_minutes_per_day < before.wait_minutes_per_day THEN -1 ELSE 1 END
            AS direction,
        now.volume - before.volume AS from_volume,
        now.handle_time - before.handle_time AS from_handle_time,
        before.staffing - now.staffing AS from_staffing,
        before.undivided - now.undivided AS from_concentration
    FROM measured AS now
    JOIN measured AS before
        ON before.is_now = 0
        AND before.skill = now.skill
        AND before.category = now.category
    WHERE now.is_now = 1
),
part AS (
    SELECT skill, category, 1 AS place, 'volume' AS name,
        coalesce(direction * from_volume, 0e0) AS size
    FROM moved
    UNION ALL
    SELECT skill, category, 2, 'handle time', coalesce(direction * from_handle_time, 0e0)
    FROM moved
    UNION ALL
    SELECT skill, category, 3, 'staffing', coalesce(direction * from_staffing, 0e0)
    FROM moved
    UNION ALL
    SELECT skill, category, 4, 'skill concentration', coalesce(direction * from_concentration, 0e0)
    FROM moved
    UNION ALL
    SELECT skill, category, 5, 'other', 0.02e0
    FROM moved
),
largest AS (
    SELECT skill, category, name,
        rank() OVER (PARTITION BY skill, category ORDER BY size DESC, place) AS place
    FROM part
)
SELECT
    rank() OVER (ORDER BY total.wait_ms DESC) AS rank,
    total.skill AS skill,
    total.category AS category,
    CASE
        WHEN tested.margin_s IS NULL THEN 'not enough data'
        WHEN tested.mean_excess_s > tested.margin_s THEN 'likely'
        WHEN tested.mean_excess_s >= -1.0 * tested.margin_s THEN 'possible'
    END AS verdict,
    CAST(total.wait_ms AS double) / 60000.0 AS wait_minutes,
    CAST(total.wait_ms AS double) / nullif(sum(total.wait_ms) OVER (), 0) AS wait_share,
    CAST(total.wait_ms AS double) / nullif(total.days, 0) / 60000.0 AS wait_minutes_per_day,
    tested.wait_minutes_per_day_ci95 AS wait_minutes_per_day_ci95,
    CAST(total.wait_ms AS double) / nullif(total.contacts_wait_timed, 0) / 1000.0 AS avg_wait_s,
    tested.avg_wait_s_ci95 AS avg_wait_s_ci95,
    CAST(total.breach_ms AS double) / 60000.0 AS breach_minutes,
    total.contacts_queued AS contacts_queued,
    CAST(total.contacts_abandoned AS double) / nullif(total.contacts_queued, 0) AS abandonment_rate,
    CAST(total.contacts_removed_20s AS double) / nullif(total.contacts_queued, 0)
        AS service_level_20_removed,
    CAST(total.offered_ms AS double) / 3600000.0 AS offered_hours,
    CAST(nullif(staff.share_ms, 0) AS double) / 3600000.0 AS staffed_hours,
    CAST(total.offered_ms AS double) / nullif(staff.share_ms, 0) AS load,
    nullif(staff.agents, 0) AS agents,
    CAST(staff.overlap_ms AS double) / 3600000.0 AS overlap_hours,
    CAST(staff.overlap_ms AS double)
        / nullif(
            CAST(total.offered_ms AS double)
                / nullif(total.contacts_answered + total.contacts_abandoned, 0),
            0
        ) AS overlap_contacts,
    moved.wait_minutes_per_day_before AS wait_minutes_per_day_before,
    largest.name AS cause,
    moved.from_volume AS from_volume,
    moved.from_handle_time AS from_handle_time,
    moved.from_staffing AS from_staffing,
    moved.from_concentration AS from_concentration
FROM total
LEFT JOIN staff ON staff.is_now = 1 AND staff.skill = total.skill
LEFT JOIN tested ON tested.skill = total.skill AND tested.category = total.category
LEFT JOIN moved ON moved.skill = total.skill AND moved.category = total.category
LEFT JOIN largest
    ON largest.skill = total.skill AND largest.category = total.category AND largest.place = 1
WHERE total.is_now = 1
ORDER BY rank, total.skill, total.category
