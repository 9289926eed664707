-- Do contact records and agent events tell the same? One row per contact, or per group of contacts.
-- Handled contacts by record (connected to an agent) beside those that agent events show connected:
-- connect time, talk, hold, after-contact work by both. A difference is an absolute one, and 0 up
-- to the tolerance, because contact records are in whole seconds; a duration that a record lacks
-- is 0. Contacts seen in only one differ too. A contact belongs to the day of its record, without a
-- record to the first day of its events. Outbound, a record may count ringing as talk.
--
-- counts contacts
-- param by: contact|agent|day|all = contact -- what a row stands for
-- param show: different|all = different -- only rows in which something differs, or every row
-- param tolerance_ms: integer = 2000 -- how far apart the two may be
-- param from_day: date = 0001-01-01 -- first UTC day
-- param to_day: date = 9999-12-31 -- last UTC day
WITH recorded AS (
    SELECT
        day, instance_id, contact_id, agent_username,
        agent_connected_to_agent_timestamp AS connected_at,
        coalesce(agent_interaction_duration_ms, 0) AS talk_ms,
        coalesce(agent_customer_hold_duration_ms, 0) AS hold_ms,
        coalesce(agent_after_contact_work_duration_ms, 0) AS work_ms
    FROM contact_record
    WHERE agent_connected_to_agent_timestamp IS NOT NULL
        AND day <= CAST(:to_day AS date)
),
shown AS (
    SELECT
        instance_id, contact_id,
        min(day) AS day,
        min(agent_username) AS agent_username,
        min(CASE WHEN state <> 'ENDED' THEN started_at END) AS connected_at,
        sum(CASE WHEN state = 'CONNECTED' THEN duration_ms ELSE 0 END) AS talk_ms,
        sum(CASE WHEN state = 'CONNECTED_ONHOLD' THEN duration_ms ELSE 0 END) AS hold_ms,
        sum(CASE WHEN state = 'ENDED' THEN duration_ms ELSE 0 END) AS work_ms
    FROM contact_state_interval
    WHERE state IN ('CONNECTED', 'CONNECTED_ONHOLD', 'PAUSED', 'ENDED')
        AND day >= CAST(:from_day AS date)
    GROUP BY instance_id, contact_id
    -- work alone follows a ringing that the customer ended
    HAVING count(CASE WHEN state <> 'ENDED' THEN 1 END) > 0
),
paired AS (
    SELECT
        coalesce(recorded.day, shown.day) AS day,
        coalesce(recorded.contact_id, shown.contact_id) AS contact_id,
        coalesce(recorded.agent_username, shown.agent_username) AS agent_username,
        CASE WHEN shown.contact_id IS NULL THEN 1 ELSE 0 END AS only_in_records,
        CASE WHEN recorded.contact_id IS NULL THEN 1 ELSE 0 END AS only_in_events,
        abs(CAST((to_unixtime(recorded.connected_at) - to_unixtime(shown.connected_at)) * 1000
            AS bigint)) AS connect_apart_ms,
        abs(recorded.talk_ms - shown.talk_ms) AS talk_apart_ms,
        abs(recorded.hold_ms - shown.hold_ms) AS hold_apart_ms,
        abs(recorded.work_ms - shown.work_ms) AS work_apart_ms,
        recorded.talk_ms AS record_talk_ms, shown.talk_ms AS event_talk_ms,
        recorded.hold_ms AS record_hold_ms, shown.hold_ms AS event_hold_ms,
        recorded.work_ms AS record_work_ms, shown.work_ms AS event_work_ms
    FROM recorded
    FULL JOIN shown
        ON recorded.instance_id = shown.instance_id AND recorded.contact_id = shown.contact_id
),
compared AS (
    SELECT
        CASE :by
            WHEN 'contact' THEN contact_id
            WHEN 'agent' THEN coalesce(agent_username, '(unknown agent)')
            WHEN 'day' THEN CAST(day AS varchar)
            ELSE 'ALL'
        END AS grp,
        only_in_records, only_in_events,
        CASE WHEN connect_apart_ms > :tolerance_ms THEN connect_apart_ms ELSE 0 END AS connect_ms,
        CASE WHEN talk_apart_ms > :tolerance_ms THEN talk_apart_ms ELSE 0 END AS talk_ms,
        CASE WHEN hold_apart_ms > :tolerance_ms THEN hold_apart_ms ELSE 0 END AS hold_ms,
        CASE WHEN work_apart_ms > :tolerance_ms THEN work_apart_ms ELSE 0 END AS work_ms,
        record_talk_ms, event_talk_ms, record_hold_ms, event_hold_ms, record_work_ms, event_work_ms
    FROM paired
    WHERE day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
)
SELECT
    grp,
    count(*) AS contacts,
    sum(CASE WHEN only_in_records + only_in_events + connect_ms + talk_ms + hold_ms + work_ms = 0
        THEN 1 ELSE 0 END) AS contacts_alike,
    sum(only_in_records) AS only_in_records,
    sum(only_in_events) AS only_in_events,
    sum(connect_ms) AS connect_difference_ms,
    sum(record_talk_ms) AS record_interaction_ms,
    sum(event_talk_ms) AS event_interaction_ms,
    sum(talk_ms) AS interaction_difference_ms,
    sum(record_hold_ms) AS record_hold_ms,
    sum(event_hold_ms) AS event_hold_ms,
    sum(hold_ms) AS hold_difference_ms,
    sum(record_work_ms) AS record_after_contact_work_ms,
    sum(event_work_ms) AS event_after_contact_work_ms,
    sum(work_ms) AS after_contact_work_difference_ms
FROM compared
GROUP BY grp
HAVING :show = 'all'
    OR sum(only_in_records + only_in_events + connect_ms + talk_ms + hold_ms + work_ms) > 0
ORDER BY grp
