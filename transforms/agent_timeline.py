"""Agent events in order, as each day sees them: where the agents' timelines begin.

A day is worked out from its own events, the last one and the log-ons and log-offs of the day
before, and the first one of the following day, as if there were no others: what it comes to does
not depend on how much history is at hand.

Source: Amazon Connect administrator guide, "Agent event streams data model": heartbeats come every
120 s where nothing else does, events go on up to one hour after a log-off, snapshots can be null.
"""

from __future__ import annotations

from transforms.tables.columns import LEVELS

SILENT_S = 300  # two and a half heartbeats missing
CREDIT_S = 120  # a silent agent was there for one more heartbeat

# What an agent belongs to: column of the tables that follow, column of the event.
BELONGING = {
    "agent_routing_profile_arn": "current_routing_profile_arn",
    **{
        f"agent_hierarchy_level_{n}_arn": f"current_agent_hierarchy_groups_level_{n}_arn"
        for n in LEVELS
    },
}
EVENT_COLUMNS = (
    "day",
    "instance_id",
    "aws_account_id",
    "agent_arn",
    "agent_id",
    "event_id",
    "event_timestamp",
    "event_type",
    "current_agent_status_arn",
    "current_agent_status_name",
    "current_agent_status_start_timestamp",
    "current_agent_status_type",
    "current_configuration_username",
    *BELONGING.values(),
    "current_contacts",
)
INSTANCE_DAY_COLUMNS = ("day", "instance_id", "heartbeats")

_BELONGS = ", ".join(f"{theirs} AS {ours}" for ours, theirs in BELONGING.items())
_DAYS = "[day, CAST(day - 1 AS DATE), CAST(day + 1 AS DATE)]"

# CTEs over `agent_event` and `instance_day`: `told` has what an event says, `seen` where it stands
# among the events that a day (`view`) looks at; `agent` and `who` name the agents.
SEEN = f"""
agent AS MATERIALIZED (
    SELECT instance_id, agent_arn, max(agent_id) AS agent_id,
        row_number() OVER (ORDER BY agent_arn, instance_id) AS agent
    FROM agent_event GROUP BY instance_id, agent_arn),
heard AS (
    SELECT this.day, this.instance_id, following.day IS NOT NULL AS is_heard_tomorrow,
        this.heartbeats > 0 OR coalesce(following.heartbeats, 0) > 0 AS beats
    FROM instance_day AS this LEFT JOIN instance_day AS following
        ON this.instance_id = following.instance_id AND following.day = this.day + 1),
told AS MATERIALIZED (
    -- an event without a snapshot tells nothing, unless it is a LOGIN or a LOGOUT
    SELECT row_number() OVER () AS event, agent, agent_event.day, event_timestamp AS told_at,
        -- a login and the first status share an instant; so may the last status and the logout
        CASE event_type WHEN 'LOGIN' THEN 0 WHEN 'LOGOUT' THEN 2 ELSE 1 END AS turn, event_id,
        coalesce(beats, false) AS beats, coalesce(is_heard_tomorrow, false) AS is_heard_tomorrow,
        current_agent_status_name AS status_name, current_agent_status_arn AS status_arn,
        current_agent_status_start_timestamp AS status_at,
        CASE
            WHEN current_agent_status_type IN ('ROUTABLE', 'CUSTOM', 'OFFLINE')
                THEN current_agent_status_type
            WHEN current_agent_status_name = 'Offline' THEN 'OFFLINE'
            WHEN current_agent_status_name = 'Available' THEN 'ROUTABLE'
            WHEN coalesce(current_agent_status_name, current_agent_status_type) <> 'Error'
                THEN 'CUSTOM' END AS status_type,
        coalesce(current_contacts, []) AS contacts,
        aws_account_id, current_configuration_username AS agent_username, {_BELONGS}
    FROM agent_event JOIN agent USING (instance_id, agent_arn)
        LEFT JOIN heard ON heard.instance_id = agent_event.instance_id
            AND heard.day = agent_event.day
    WHERE event_type IN ('LOGIN', 'LOGOUT')
        OR coalesce(current_agent_status_name, current_agent_status_type) IS NOT NULL),
who AS (
    SELECT agent, unnest({_DAYS}) AS view,
        max(agent_username) AS usual_username, max(aws_account_id) AS usual_account_id
    FROM told GROUP BY agent, view),
placed AS (
    SELECT event, agent, day, told_at, turn, row_number() OVER timeline AS place,
        lag(day) OVER timeline IS DISTINCT FROM day AS is_first,
        lead(day) OVER timeline IS DISTINCT FROM day AS is_last
    FROM told WINDOW timeline AS (PARTITION BY agent ORDER BY told_at, turn, event_id)),
viewed AS (
    SELECT *, unnest(list_filter({_DAYS}, lambda view: view = day OR (view < day AND is_first)
        OR (view > day AND (is_last OR turn <> 1)))) AS view
    FROM placed),
seen AS (
    SELECT event, agent, view, place,
        lag(told_at) OVER timeline AS before_at,
        lead(event) OVER timeline AS next_event, lead(told_at) OVER timeline AS next_at,
        max(CASE WHEN turn = 0 THEN told_at END) OVER timeline AS login_at,
        max(CASE WHEN turn = 2 THEN told_at END) OVER timeline AS logout_at
    FROM viewed WINDOW timeline AS (PARTITION BY agent, view ORDER BY place))"""
