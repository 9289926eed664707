"""What agents did in 15 minutes: the official statistics of agents and of agents at queues."""

from __future__ import annotations

from transforms.schema import Column, Fact, Table
from transforms.tables.columns import (
    AGENT_USERNAME,
    AWS_ACCOUNT_ID,
    CHANNEL,
    DAY,
    INSTANCE_ARN,
    INSTANCE_ID,
    LAST_PROCESSED,
    LEVEL_ARNS,
    LEVELS,
    QUEUE_NAME,
    ROUTING_PROFILE_ARN,
    TEXT,
    at,
    count,
    ms,
    text,
)

QUEUE_TYPES = ("STANDARD", "AGENT")

_USER_ID = text("user_id", "Agent's Connect user id, from the ARN")
_USER_ARN = text("user_arn", "Agent's ARN")
_LEVEL_IDS = tuple(
    text(f"agent_hierarchy_level_{n}_id", f"Agent hierarchy, level {n}: id, from the ARN")
    for n in LEVELS
)
_INTERVAL = (
    at("interval_start_time", "Start of the 15 minutes", required=True),
    at("interval_end_time", "End of the 15 minutes", required=True),
    at(
        "published_date",
        "When the official lake published the row",
        absent="A publication of that lake's own; when this lake wrote a day is in `run`.",
    ),
)
_WHO = (
    INSTANCE_ID,
    _USER_ID,
    text("routing_profile_id", "Routing profile's id, from the ARN"),
    *_LEVEL_IDS,
    *_INTERVAL,
    AWS_ACCOUNT_ID._replace(path=""),
)
_QUARTER_HOUR = Fact(
    "an interval is 15 minutes on the clock",
    "interval_start_time = time_bucket(INTERVAL 15 MINUTE, interval_start_time) "
    "AND interval_end_time = interval_start_time + INTERVAL 15 MINUTE",
)

_CUSTOM_STATES = tuple(
    ms(
        f"custom_state_time_{n:02d}",
        f"Custom status number {n}",
        absent="Which status has the number is a setting of the instance that no stream carries; "
        "`agent_status_name` says it by name.",
    )
    for n in range(1, 51)
)

AGENT_STATISTIC_RECORD = Table(
    "agent_statistic_record",
    "One row per agent, routing profile, hierarchy, agent status and 15 minutes. Each time is what "
    "was spent so during that status, so that sums over any rows are right. Time logged out, or "
    "Offline without a contact, has no row.",
    (
        text("asr_statistic_id", "Hash of what the row is about", required=True),
        *_WHO,
        ms("online_time", "In a status other than Offline"),
        ms("error_time", "With a contact in error, or the status Error"),
        ms("non_productive_time", "In a custom status"),
        ms(
            "agent_idle_time",
            "In a routable status and no contact worked on; contacts in error count as idle, "
            "contacts that ring do not",
        ),
        ms(
            "agent_on_contact_time",
            "In a routable status with a contact worked on, hold and after-contact work included",
        ),
        *_CUSTOM_STATES,
        text("agent_status_arn", "Agent status: ARN"),
        text("agent_status_name", "Agent status"),
        ms("agent_status_time_ms", "In the agent status"),
        INSTANCE_ARN._replace(path=""),
        _USER_ARN,
        ROUTING_PROFILE_ARN,
        *LEVEL_ARNS,
        LAST_PROCESSED,
        DAY,
        AGENT_USERNAME,
        ms(
            "agent_idle_time_with_ringing",
            "Idle time as the metrics page words it: contacts that ring count as idle too",
        ),
        ms("ringing_time_ms", "With a contact being offered, whatever else was going on"),
        ms(
            "contact_time_concurrent_ms",
            "Contact time, each of several contacts at once counted by itself",
        ),
        ms("gap_time_ms", "Silence without a logout: neither online nor in a status"),
    ),
    key=("asr_statistic_id", "instance_id"),
    sort_by=("interval_start_time", "user_arn", "asr_statistic_id"),
    facts=(
        _QUARTER_HOUR,
        Fact(
            "times fit into the interval",
            "online_time <= agent_status_time_ms AND agent_status_time_ms + gap_time_ms <= 900000",
        ),
        Fact(
            "an agent is on contact or idle, not both",
            "agent_on_contact_time + agent_idle_time_with_ringing <= online_time",
        ),
        Fact(
            "ringing is all that the idle times differ by",
            "agent_idle_time <= agent_idle_time_with_ringing "
            "AND agent_idle_time_with_ringing <= agent_idle_time + ringing_time_ms",
        ),
    ),
    official=80,
)

_CONNECTING = tuple(
    ms(f"agent_{how}_connecting_time", f"{what} rang at the agent")
    for how, what in (
        ("incoming", "Calls, chats and transfers that came in"),
        ("outbound", "Contacts that the agent began"),
        ("callback", "Callbacks"),
        ("api", "Contacts begun by API or in a web page"),
    )
)
_ATTEMPTS = tuple(
    count(f"{how}_connecting_attempts", f"Times that {what} began to ring at the agent")
    for how, what in (
        ("incoming", "an incoming contact"),
        ("outbound", "a contact of the agent's own"),
        ("callback", "a callback"),
        ("api", "a contact by API or web page"),
    )
)

AGENT_QUEUE_STATISTIC_RECORD = Table(
    "agent_queue_statistic_record",
    "One row per agent, routing profile, hierarchy, queue, channel and 15 minutes in which a "
    "contact rang at the agent, was with the agent, or ended after the agent had handled it.",
    (
        text("aqsr_statistic_id", "Hash of what the row is about", required=True),
        *_WHO,
        text("queue_id", "Queue's id, from the ARN"),
        CHANNEL._replace(path=""),
        Column("queue_type", TEXT, "Kind of the queue, told by its ARN", values=QUEUE_TYPES),
        count(
            "agent_non_response",
            "Of the contacts offered, those not answered, also where the customer gave up",
        ),
        count(
            "contacts_offered",
            "Times that a contact which others began was offered to the agent, by when it began",
        ),
        count("contacts_handled", "Contacts connected to the agent, by when they disconnected"),
        ms("handle_time", "Handle time of the contacts handled"),
        *_CONNECTING,
        *_ATTEMPTS,
        ms("contact_time_ms", "Talk, hold, pause and after-contact work, whatever the status"),
        count(
            "agent_non_response_without_customer_abandons",
            "Of the calls offered, those that the agent missed or rejected; voice only",
        ),
        INSTANCE_ARN._replace(path=""),
        _USER_ARN,
        ROUTING_PROFILE_ARN,
        text("queue_arn", "Queue's ARN"),
        *LEVEL_ARNS,
        LAST_PROCESSED,
        DAY,
        AGENT_USERNAME,
        QUEUE_NAME._replace(path=""),
    ),
    key=("aqsr_statistic_id", "instance_id"),
    sort_by=("queue_name", "interval_start_time", "user_arn", "aqsr_statistic_id"),
    facts=(
        _QUARTER_HOUR,
        Fact(
            "what was not answered was offered",
            "agent_non_response <= contacts_offered "
            "AND agent_non_response_without_customer_abandons <= agent_non_response",
        ),
    ),
    official=40,
)
