-- Contact metrics by the official formulas, one row per group.
-- Averages are over contacts, never averages of averages; a contact that lacks a field that a
-- metric needs is left out of that metric. The formulas stand in contact_statistic_record.
-- Where two official definitions disagree, both are here. Service level: removed = however the
-- contact left the queue in time, answered = connected to an agent in time; with 20 s fixed, and
-- with the chosen time. Put on hold: at least once, or as published, every contact with a number
-- of holds, 0 included. Hold time: over all handled contacts, or over those that were held. Handle
-- time with and without time in a custom status is the same: a contact holds none.
-- Absent: hold disconnects (the state before a disconnect is in no stream); warm transfers out (a
-- contact does not say; journeys counts them).
-- A contact counts on the day on which it disconnects (else was initiated), or is initiated, or,
-- with contacts that queued alone, enters the queue. Days of the table are those of initiation: up
-- to 97 days before the first are read, because a contact may last for 90.
-- Source: Amazon Connect administrator guide, "Metrics definitions".
--
-- counts contacts
-- param by: all|category|task|queue|channel|agent|skill|initiation_method|day = all -- what a row stands for
-- param from_day: date = 0001-01-01 -- first UTC day
-- param to_day: date = 9999-12-31 -- last UTC day
-- param at: disconnect|initiation|enqueue = disconnect -- the instant whose day counts
-- param service_level_s: integer = 20 -- below how many seconds in queue is in time
WITH dated AS (
    SELECT
        contact_statistic_record.*,
        CAST(
            CASE :at
                WHEN 'disconnect' THEN coalesce(
                    disconnect_timestamp, initiation_timestamp, CAST(day AS timestamp)
                )
                WHEN 'initiation' THEN coalesce(initiation_timestamp, CAST(day AS timestamp))
                ELSE enqueue_timestamp
            END AS date
        ) AS counted_on
    FROM contact_statistic_record
    WHERE day BETWEEN date_add('day', -97, CAST(:from_day AS date)) AND CAST(:to_day AS date)
),
grouped AS (
    SELECT
        CASE :by
            WHEN 'all' THEN 'ALL'
            WHEN 'category' THEN category
            WHEN 'task' THEN task
            WHEN 'queue' THEN coalesce(queue_name, '(no queue)')
            WHEN 'channel' THEN coalesce(channel, '(no channel)')
            WHEN 'agent' THEN coalesce(agent_username, '(no agent)')
            WHEN 'skill' THEN coalesce(skill, '(no skill)')
            WHEN 'initiation_method' THEN coalesce(initiation_method, '(no method)')
            ELSE CAST(counted_on AS varchar)
        END AS grp,
        dated.*
    FROM dated
    WHERE counted_on BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
)
SELECT
    grp,
    count(*) AS contacts,
    sum(is_queued) AS contacts_queued,
    sum(is_handled) AS contacts_handled,
    sum(is_abandoned) AS contacts_abandoned,
    CAST(sum(queue_answer_time_ms) AS double) / nullif(count(queue_answer_time_ms), 0) / 1000.0
        AS avg_queue_answer_time_s,
    CAST(sum(handle_time_ms) AS double) / nullif(count(handle_time_ms), 0) / 1000.0
        AS avg_handle_time_s,
    CAST(sum(abandon_time_ms) AS double) / nullif(count(abandon_time_ms), 0) / 1000.0
        AS avg_abandon_time_s,
    CAST(count(CASE WHEN queue_time_ms < 20000 THEN 1 END) AS double) / nullif(sum(is_queued), 0)
        AS service_level_20_removed,
    CAST(count(CASE WHEN queue_answer_time_ms < 20000 THEN 1 END) AS double)
        / nullif(sum(is_queued), 0) AS service_level_20_answered,
    CAST(coalesce(sum(queue_time_ms), 0) AS double) / 60000.0 AS wait_minutes,
    CAST(count(CASE WHEN queue_time_ms < 1000 * :service_level_s THEN 1 END) AS double)
        / nullif(sum(is_queued), 0) AS service_level_removed,
    CAST(count(CASE WHEN queue_answer_time_ms < 1000 * :service_level_s THEN 1 END) AS double)
        / nullif(sum(is_queued), 0) AS service_level_answered,
    count(CASE WHEN queue_time_ms < 1000 * :service_level_s THEN 1 END) AS contacts_removed_in_time,
    count(CASE WHEN queue_answer_time_ms < 1000 * :service_level_s THEN 1 END)
        AS contacts_answered_in_time,
    count(CASE WHEN abandon_time_ms < 1000 * :service_level_s THEN 1 END)
        AS contacts_abandoned_in_time,
    CAST(sum(is_abandoned) AS double) / nullif(sum(is_queued), 0) AS abandonment_rate,
    CAST(max(queue_time_ms) AS double) / 1000.0 AS max_queue_time_s,
    sum(is_queued_and_handled) AS contacts_queued_and_handled,
    sum(is_incoming) AS contacts_incoming,
    sum(is_handled_incoming) AS contacts_handled_incoming,
    sum(is_handled_outbound) AS contacts_handled_outbound,
    sum(is_api_contact) AS contacts_api,
    sum(is_api_handled) AS contacts_handled_api,
    sum(is_callback_contact) AS contacts_callback,
    sum(is_callback_handled) AS contacts_handled_callback,
    sum(is_callback_attempt) AS callback_attempts,
    sum(is_agent_hung_up_first) AS contacts_agent_hung_up_first,
    sum(is_put_on_hold) AS contacts_put_on_hold,
    count(number_of_holds) AS contacts_put_on_hold_as_published,
    CAST(coalesce(sum(number_of_holds), 0) AS double) / nullif(sum(is_handled), 0) AS avg_holds,
    sum(is_transferred_in) AS contacts_transferred_in,
    sum(is_transferred_in_from_handled) AS contacts_transferred_in_by_agent,
    sum(is_transferred_in_from_queued) AS contacts_transferred_in_from_queue,
    sum(is_transferred_out) AS contacts_transferred_out,
    sum(is_transferred_out_from_handled) AS contacts_transferred_out_from_handled,
    sum(is_transferred_out_from_queued) AS contacts_transferred_out_from_queued,
    sum(is_transferred_out_internal) AS contacts_transferred_out_internal,
    sum(is_transferred_out_external) AS contacts_transferred_out_external,
    CAST(sum(handle_time_ms) AS double) / 1000.0 AS sum_handle_time_s,
    CAST(sum(after_contact_work_time_ms) AS double) / 1000.0 AS sum_after_contact_work_time_s,
    CAST(sum(after_contact_work_time_ms) AS double)
        / nullif(count(after_contact_work_time_ms), 0) / 1000.0 AS avg_after_contact_work_time_s,
    CAST(sum(active_time_ms) AS double) / nullif(count(active_time_ms), 0) / 1000.0
        AS avg_active_time_s,
    CAST(sum(agent_pause_time_ms) AS double) / nullif(count(agent_pause_time_ms), 0) / 1000.0
        AS avg_agent_pause_time_s,
    CAST(sum(agent_interaction_time_ms) AS double)
        / nullif(count(agent_interaction_time_ms), 0) / 1000.0 AS avg_interaction_time_s,
    CAST(sum(customer_hold_time_ms) AS double) / nullif(count(customer_hold_time_ms), 0) / 1000.0
        AS avg_hold_time_s,
    CAST(sum(CASE WHEN is_put_on_hold = 1 THEN customer_hold_time_ms END) AS double)
        / nullif(count(CASE WHEN is_put_on_hold = 1 THEN customer_hold_time_ms END), 0) / 1000.0
        AS avg_hold_time_of_held_s,
    CAST(sum(agent_interaction_and_hold_time_ms) AS double)
        / nullif(count(agent_interaction_and_hold_time_ms), 0) / 1000.0
        AS avg_interaction_and_hold_time_s,
    CAST(sum(resolution_time_ms) AS double) / nullif(count(resolution_time_ms), 0) / 1000.0
        AS avg_resolution_time_s,
    CAST(sum(contact_flow_time_ms) AS double) / 1000.0 AS sum_contact_flow_time_s,
    CAST(sum(contact_flow_time_ms) AS double) / nullif(count(contact_flow_time_ms), 0) / 1000.0
        AS avg_contact_flow_time_s
FROM grouped
GROUP BY grp
ORDER BY grp
