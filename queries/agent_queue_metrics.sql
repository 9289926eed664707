-- What was offered to agents, and what came of it? One row per agent and queue, or either.
-- Offered = a contact that others began rang at the agent; each ringing counts. Not answered counts
-- whether the agent missed it or the customer gave up meanwhile; without customers who gave up it
-- is known for voice only. agent_answer_rate = answered / offered. Connecting = ringing, by how the
-- contact began; avg_handle_time_s is over contacts handled, by when they disconnected.
-- Hold-disconnects are absent: they need the state before the end, which no stream carries.
-- Source: Amazon Connect administrator guide, "Metrics definitions", "Agent data in the data lake".
--
-- counts contacts_offered
-- param by: agent_queue|agent|queue|channel|all = agent_queue -- what a row stands for
-- param from_day: date = 0001-01-01 -- first UTC day
-- param to_day: date = 9999-12-31 -- last UTC day
WITH grouped AS (
    SELECT
        CASE WHEN :by IN ('agent_queue', 'agent')
            THEN coalesce(agent_username, user_id, '(unknown agent)') ELSE 'ALL' END AS agent,
        CASE WHEN :by IN ('agent_queue', 'queue') THEN coalesce(
            queue_name,
            CASE WHEN queue_type = 'AGENT' THEN '(agent queue)' END,
            queue_id,
            '(no queue)') ELSE 'ALL' END AS queue,
        CASE WHEN :by = 'channel' THEN coalesce(channel, '(no channel)') ELSE 'ALL' END AS channel,
        contacts_offered, agent_non_response, agent_non_response_without_customer_abandons,
        contacts_handled, handle_time, contact_time_ms,
        incoming_connecting_attempts, agent_incoming_connecting_time,
        outbound_connecting_attempts, agent_outbound_connecting_time,
        callback_connecting_attempts, agent_callback_connecting_time,
        api_connecting_attempts, agent_api_connecting_time
    FROM agent_queue_statistic_record
    WHERE day BETWEEN CAST(:from_day AS date) AND CAST(:to_day AS date)
)
SELECT
    agent,
    queue,
    channel,
    sum(contacts_offered) AS contacts_offered,
    sum(agent_non_response) AS agent_non_response,
    sum(agent_non_response_without_customer_abandons)
        AS agent_non_response_without_customer_abandons,
    CAST(sum(contacts_offered) - sum(agent_non_response) AS double)
        / nullif(sum(contacts_offered), 0) AS agent_answer_rate,
    sum(contacts_handled) AS contacts_handled,
    CAST(sum(handle_time) AS double) / nullif(sum(contacts_handled), 0) / 1000.0
        AS avg_handle_time_s,
    CAST(sum(contact_time_ms) AS double) / 3600000.0 AS contact_hours,
    sum(incoming_connecting_attempts) AS incoming_connecting_attempts,
    CAST(sum(agent_incoming_connecting_time) AS double)
        / nullif(sum(incoming_connecting_attempts), 0) / 1000.0 AS avg_incoming_connecting_time_s,
    sum(outbound_connecting_attempts) AS outbound_connecting_attempts,
    CAST(sum(agent_outbound_connecting_time) AS double)
        / nullif(sum(outbound_connecting_attempts), 0) / 1000.0 AS avg_outbound_connecting_time_s,
    sum(callback_connecting_attempts) AS callback_connecting_attempts,
    CAST(sum(agent_callback_connecting_time) AS double)
        / nullif(sum(callback_connecting_attempts), 0) / 1000.0 AS avg_callback_connecting_time_s,
    sum(api_connecting_attempts) AS api_connecting_attempts,
    CAST(sum(agent_api_connecting_time) AS double)
        / nullif(sum(api_connecting_attempts), 0) / 1000.0 AS avg_api_connecting_time_s
FROM grouped
GROUP BY agent, queue, channel
ORDER BY agent, queue, channel
