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
-- counts contacts_queued
-- param by: skill|category|skill_category = skill -- what a row stands for
-- param from_day: date = 0001-01-01 -- first UTC day
-- param to_day: date = 9999-12-31 -- last UTC day
WITH open_day AS (
    SELECT DISTINCT day
    FROM skill_load
    WHERE day <= CAST(:to_day AS date)
),
marked AS (
    SELECT
        day,
        CASE WHEN day >= CAST(:from_day AS date) THEN 1 ELSE 0 END AS is_now,
        CASE WHEN day >= date_add('day', 5, date_trunc('week', day)) THEN 1 ELSE 0 END AS is_weekend
    FROM open_day
),
placed AS (
    SELECT
        day,
        is_now,
        rank() OVER (PARTITION BY is_now ORDER BY day DESC) AS place,
        sum(is_now) OVER () AS days_now,
        sum(is_now * is_weekend) OVER () AS weekends_now
    FROM marked
),
-- the period's days, and as many before them; `tested_days` is 0 if they are too few
side AS (
    SELECT
        day,
        is_now,
        CAST(count(*) OVER (PARTITION BY is_now) AS double) AS days,
        CASE WHEN weekends_now >= 5 OR days_now - weekends_now >= 5 THEN days_now ELSE 0 END
            AS tested_days
    FROM placed
    WHERE is_now = 1 OR place <= days_now
),
daily AS (
    SELECT
        side.is_now AS is_now,
        load.day AS day,
        load.skill AS skill,
        load.category AS category,
        max(side.days) AS days,
        max(side.tested_days) AS tested_days,
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
    GROUP BY side.is_now, load.day, load.skill, load.category
),
sized AS (
    SELECT
        *,
        sum(contacts_queued * is_now) OVER (PARTITION BY skill, category) AS contacts,
        sum(contacts_queued * is_now) OVER (PARTITION BY category) AS contacts_of_category
    FROM daily
),
named AS (
    SELECT
        is_now,
        day,
        CASE WHEN :by = 'category' THEN 'ALL' ELSE skill END AS skill,
        CASE
            WHEN :by = 'skill' THEN 'ALL'
            WHEN :by = 'category' AND contacts_of_category < 30 THEN '(other)'
            WHEN :by = 'skill_category' AND contacts < 30 THEN '(other)'
            ELSE category
        END AS category,
        days,
        tested_days,
        contacts_queued,
        contacts_abandoned,
        contacts_wait_timed,
        contacts_removed_20s,
        contacts_answered,
        wait_ms,
        breach_ms,
        offered_ms
    FROM sized
),
demand AS (
    SELECT
        is_now,
        day,
        skill,
        category,
        max(days) AS days,
        max(tested_days) AS tested_days,
        sum(contacts_queued) AS contacts_queued,
        sum(contacts_abandoned) AS contacts_abandoned,
        sum(contacts_wait_timed) AS contacts_wait_timed,
        sum(contacts_removed_20s) AS contacts_removed_20s,
        sum(contacts_answered) AS contacts_answered,
        sum(wait_ms) AS wait_ms,
        sum(breach_ms) AS breach_ms,
        sum(offered_ms) AS offered_ms,
        CAST(sum(wait_ms) AS double) / 1000.0 AS wait_s,
        CAST(sum(contacts_wait_timed) AS double) AS waits
    FROM named
    GROUP BY is_now, day, skill, category
),
-- beside every row of a day: its sums over the days, and the sums of the day over the rows
beside AS (
    SELECT
        *,
        sum(wait_s) OVER (PARTITION BY is_now, skill, category) AS row_wait_s,
        sum(waits) OVER (PARTITION BY is_now, skill, category) AS row_waits,
        CAST(count(*) OVER (PARTITION BY is_now, skill, category) AS double) AS row_days,
        sum(wait_s) OVER (PARTITION BY is_now, day) AS day_wait_s,
        sum(wait_s) OVER (PARTITION BY is_now) AS all_wait_s,
        CASE WHEN rank() OVER (PARTITION BY is_now, skill, category ORDER BY day) = 1
            THEN 1e0 ELSE 0e0 END AS is_first_day
    FROM demand
),
counted AS (
    SELECT
        *,
        sum(is_first_day) OVER (PARTITION BY is_now) AS rows_shown,
        sum(wait_s * day_wait_s) OVER (PARTITION BY is_now) AS all_squares
    FROM beside
),
shared AS (
    SELECT
        *,
        CAST(day_wait_s AS double) / nullif(rows_shown, 0) AS equal_s,
        CAST(all_wait_s AS double) / nullif(rows_shown, 0) AS all_equal_s,
        CAST(all_squares AS double) / nullif(rows_shown * rows_shown, 0) AS equal_squares,
        CAST(row_wait_s - CAST(all_wait_s AS double) / nullif(rows_shown, 0) AS double)
            / nullif(days, 0) AS mean_excess_s,
        CAST(row_wait_s AS double) / nullif(days, 0) AS mean_wait_s,
        coalesce(CAST(row_wait_s AS double) / nullif(row_waits, 0), 0e0) AS avg_wait_s
    FROM counted
),
total AS (
    SELECT
        skill,
        category,
        max(CASE WHEN is_now = 1 THEN days END) AS days,
        max(tested_days) AS tested_days,
        max(CASE WHEN is_now = 1 THEN rows_shown END) AS rows_shown,
        sum(is_now * contacts_queued) AS contacts_queued,
        sum(is_now * contacts_abandoned) AS contacts_abandoned,
        sum(is_now * contacts_wait_timed) AS contacts_wait_timed,
        sum(is_now * contacts_removed_20s) AS contacts_removed_20s,
        sum(is_now * contacts_answered) AS contacts_answered,
        sum(is_now * wait_ms) AS wait_ms,
        sum(is_now * breach_ms) AS breach_ms,
        sum(is_now * offered_ms) AS offered_ms,
        max(CASE WHEN is_now = 1 THEN mean_excess_s END) AS mean_excess_s,
        sum(CASE WHEN is_now = 1
            THEN (wait_s - avg_wait_s * waits) * (wait_s - avg_wait_s * waits) END)
            AS ratio_squares,
        -- a day on which the row had nothing counts as 0
        sum(CASE WHEN is_now = 1 THEN (wait_s - mean_wait_s) * (wait_s - mean_wait_s) END)
            + max(CASE WHEN is_now = 1 THEN (days - row_days) * mean_wait_s * mean_wait_s END)
            AS day_squares,
        sum(CASE WHEN is_now = 1 THEN (wait_s - equal_s - mean_excess_s)
            * (wait_s - equal_s - mean_excess_s) END) AS excess_squares_of_its_days,
        max(CASE WHEN is_now = 1 AND row_days < days THEN equal_squares
            + 2.0 * mean_excess_s * all_equal_s + days * mean_excess_s * mean_excess_s END)
            AS squares_of_equal_shares,
        sum(CASE WHEN is_now = 1 AND row_days < days
            THEN (equal_s + mean_excess_s) * (equal_s + mean_excess_s) END)
            AS squares_of_its_days,
        max(CASE WHEN is_now = 0 THEN days END) AS days_before,
        sum((1 - is_now) * contacts_queued) AS contacts_queued_before,
        sum((1 - is_now) * wait_ms) AS wait_ms_before,
        sum((1 - is_now) * offered_ms) AS offered_ms_before
    FROM shared
    GROUP BY skill, category
),
staff AS (
    SELECT
        staffing.skill AS skill,
        max(side.is_now * staffing.agents) AS agents,
        sum(side.is_now * staffing.staffed_head_ms) AS head_ms,
        sum(side.is_now * staffing.staffed_share_ms) AS share_ms,
        sum(side.is_now * staffing.overlap_ms) AS overlap_ms,
        sum((1 - side.is_now) * staffing.staffed_head_ms) AS head_ms_before,
        sum((1 - side.is_now) * staffing.staffed_share_ms) AS share_ms_before,
        max(side.is_now) AS is_now
    FROM skill_staffing AS staffing
    JOIN side ON side.day = staffing.day
    WHERE :by = 'skill'
    GROUP BY staffing.skill
),
-- Student's quantiles of (days - 1): 97.5 %, and one-sided 5 % over up to ten and up to fifty rows
student (days, below, t975, t995, t999) AS (
    VALUES
        (0, 5, CAST(NULL AS double), CAST(NULL AS double), CAST(NULL AS double)),
        (5, 6, 2.7764e0, 4.6041e0, 7.1732e0),
        (6, 7, 2.5706e0, 4.0321e0, 5.8934e0),
        (7, 8, 2.4469e0, 3.7074e0, 5.2076e0),
        (8, 9, 2.3646e0, 3.4995e0, 4.7853e0),
        (9, 10, 2.3060e0, 3.3554e0, 4.5008e0),
        (10, 11, 2.2622e0, 3.2498e0, 4.2968e0),
        (11, 12, 2.2281e0, 3.1693e0, 4.1437e0),
        (12, 13, 2.2010e0, 3.1058e0, 4.0247e0),
        (13, 14, 2.1788e0, 3.0545e0, 3.9296e0),
        (14, 15, 2.1604e0, 3.0123e0, 3.8520e0),
        (15, 18, 2.1448e0, 2.9768e0, 3.7874e0),
        (18, 21, 2.1098e0, 2.8982e0, 3.6458e0),
        (21, 25, 2.0860e0, 2.8453e0, 3.5518e0),
        (25, 28, 2.0639e0, 2.7969e0, 3.4668e0),
        (28, 31, 2.0518e0, 2.7707e0, 3.4210e0),
        (31, 41, 2.0423e0, 2.7500e0, 3.3852e0),
        (41, 61, 2.0211e0, 2.7045e0, 3.3069e0),
        (61, 121, 2.0003e0, 2.6603e0, 3.2317e0),
        (121, 366, 1.9799e0, 2.6174e0, 3.1595e0),
        (366, 1000000, 1.9665e0, 2.5894e0, 3.1127e0)
),
compared AS (
    SELECT
        total.*,
        staff.agents AS agents,
        staff.share_ms AS share_ms,
        CASE WHEN staff.is_now = 1 THEN staff.overlap_ms END AS overlap_ms,
        student.t975 AS t975,
        CASE WHEN total.rows_shown <= 10 THEN student.t995 ELSE student.t999 END AS t_verdict,
        CASE WHEN total.days_before IS NOT NULL
            THEN CAST(total.wait_ms_before AS double) / nullif(total.days_before, 0) / 60000.0 END
            AS wait_minutes_per_day_before,
        ln(CAST(nullif(total.contacts_queued, 0) AS double) / nullif(total.days, 0))
            - ln(CAST(nullif(total.contacts_queued_before, 0) AS double)
                / nullif(total.days_before, 0)) AS from_volume,
        ln(CAST(nullif(total.offered_ms, 0) AS double) / nullif(total.contacts_queued, 0))
            - ln(CAST(nullif(total.offered_ms_before, 0) AS double)
                / nullif(total.contacts_queued_before, 0)) AS from_handle_time,
        ln(CAST(nullif(staff.head_ms_before, 0) AS double) / nullif(total.days_before, 0))
            - ln(CAST(nullif(staff.head_ms, 0) AS double) / nullif(total.days, 0)) AS from_staffing,
        ln(CAST(nullif(staff.share_ms_before, 0) AS double) / nullif(staff.head_ms_before, 0))
            - ln(CAST(nullif(staff.share_ms, 0) AS double) / nullif(staff.head_ms, 0))
            AS from_concentration
    FROM total
    JOIN student ON student.days <= total.tested_days AND total.tested_days < student.below
    LEFT JOIN staff ON staff.skill = total.skill
    WHERE total.days IS NOT NULL
),
tested AS (
    SELECT
        *,
        CAST(t_verdict * sqrt(excess_squares_of_its_days + coalesce(squares_of_equal_shares, 0e0)
            - coalesce(squares_of_its_days, 0e0)) AS double)
            / nullif(sqrt(days * (days - 1)), 0) AS margin_s,
        CAST(t975 * sqrt(ratio_squares) * sqrt(days) AS double)
            / nullif(sqrt(days - 1), 0) / nullif(contacts_wait_timed, 0) AS avg_wait_s_ci95,
        CAST(t975 * sqrt(day_squares) AS double)
            / nullif(sqrt(days * (days - 1)), 0) / 60.0 AS wait_minutes_per_day_ci95,
        CASE WHEN CAST(wait_ms AS double) / nullif(days, 0) / 60000.0 < wait_minutes_per_day_before
            THEN -1 ELSE 1 END AS direction
    FROM compared
),
parted AS (
    SELECT
        *,
        coalesce(direction * from_volume, 0e0) AS volume,
        coalesce(direction * from_handle_time, 0e0) AS handle_time,
        coalesce(direction * from_staffing, 0e0) AS staffing,
        coalesce(direction * from_concentration, 0e0) AS concentration
    FROM tested
)
SELECT
    rank() OVER (ORDER BY wait_ms DESC) AS rank,
    skill,
    category,
    CASE
        WHEN margin_s IS NULL THEN 'not enough data'
        WHEN mean_excess_s > margin_s THEN 'likely'
        WHEN mean_excess_s >= -1.0 * margin_s THEN 'possible'
    END AS verdict,
    CAST(wait_ms AS double) / 60000.0 AS wait_minutes,
    CAST(wait_ms AS double) / nullif(sum(wait_ms) OVER (), 0) AS wait_share,
    CAST(wait_ms AS double) / nullif(days, 0) / 60000.0 AS wait_minutes_per_day,
    wait_minutes_per_day_ci95,
    CAST(wait_ms AS double) / nullif(contacts_wait_timed, 0) / 1000.0 AS avg_wait_s,
    avg_wait_s_ci95,
    CAST(breach_ms AS double) / 60000.0 AS breach_minutes,
    contacts_queued,
    CAST(contacts_abandoned AS double) / nullif(contacts_queued, 0) AS abandonment_rate,
    CAST(contacts_removed_20s AS double) / nullif(contacts_queued, 0) AS service_level_20_removed,
    CAST(offered_ms AS double) / 3600000.0 AS offered_hours,
    CAST(nullif(share_ms, 0) AS double) / 3600000.0 AS staffed_hours,
    CAST(offered_ms AS double) / nullif(share_ms, 0) AS load,
    nullif(agents, 0) AS agents,
    CAST(overlap_ms AS double) / 3600000.0 AS overlap_hours,
    CAST(overlap_ms AS double)
        / nullif(
            CAST(offered_ms AS double) / nullif(contacts_answered + contacts_abandoned, 0), 0
        ) AS overlap_contacts,
    wait_minutes_per_day_before,
    CASE
        WHEN days_before IS NULL THEN NULL
        WHEN volume >= handle_time AND volume >= staffing AND volume >= concentration
            AND volume >= 0.02e0 THEN 'volume'
        WHEN handle_time >= staffing AND handle_time >= concentration
            AND handle_time >= 0.02e0 THEN 'handle time'
        WHEN staffing >= concentration AND staffing >= 0.02e0 THEN 'staffing'
        WHEN concentration >= 0.02e0 THEN 'skill concentration'
        ELSE 'other'
    END AS cause,
    from_volume,
    from_handle_time,
    from_staffing,
    from_concentration
FROM parted
ORDER BY rank, skill, category
