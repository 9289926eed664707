"""Every table of the lake, once. Official Amazon Connect names and units where one exists.

Source of names, types and units: the Amazon Connect analytics data lake (administrator guide,
"Access the data lake"): snake_case, durations in milliseconds (`_ms`), flags as bigint 0/1. In a
table that exists there, its columns come first and in its order; ours stand behind them.
"""

from __future__ import annotations

from transforms.tables.agent_event import AGENT_EVENT
from transforms.tables.agent_statistics import (
    AGENT_QUEUE_STATISTIC_RECORD,
    AGENT_STATISTIC_RECORD,
)
from transforms.tables.agent_timeline import (
    AGENT_SKILL,
    AGENT_STATE_INTERVAL,
    CONTACT_STATE_INTERVAL,
    INSTANCE_DAY,
    STATES,
)
from transforms.tables.automation import AUTOMATION_CANDIDATE
from transforms.tables.configuration import AGENT_HIERARCHY_GROUPS, ROUTING_PROFILES, USERS
from transforms.tables.contact_record import CONTACT_RECORD
from transforms.tables.contact_statistics import (
    CALLS_BY_CATEGORY_QUEUE,
    CONTACT_STATISTIC_RECORD,
    JOURNEY,
)
from transforms.tables.skills import SKILL_LOAD, SKILL_STAFFING
from transforms.tables.upskilling import UPSKILLING_RECOMMENDATION
from transforms.tables.workload import CUSTOMER_AGENT, RUN, WORK_ITEM, WORKLOAD_SCORE

TABLES = (
    CONTACT_RECORD,
    AGENT_EVENT,
    WORK_ITEM,
    INSTANCE_DAY,
    AGENT_STATE_INTERVAL,
    CONTACT_STATE_INTERVAL,
    AGENT_SKILL,
    CONTACT_STATISTIC_RECORD,
    CALLS_BY_CATEGORY_QUEUE,
    SKILL_LOAD,
    SKILL_STAFFING,
    JOURNEY,
    AGENT_STATISTIC_RECORD,
    AGENT_QUEUE_STATISTIC_RECORD,
    USERS,
    ROUTING_PROFILES,
    AGENT_HIERARCHY_GROUPS,
    CUSTOMER_AGENT,
    WORKLOAD_SCORE,
    AUTOMATION_CANDIDATE,
    UPSKILLING_RECOMMENDATION,
    RUN,
)
BY_NAME = {table.name: table for table in TABLES}

__all__ = [
    "AGENT_EVENT",
    "AGENT_HIERARCHY_GROUPS",
    "AGENT_QUEUE_STATISTIC_RECORD",
    "AGENT_SKILL",
    "AGENT_STATE_INTERVAL",
    "AGENT_STATISTIC_RECORD",
    "AUTOMATION_CANDIDATE",
    "BY_NAME",
    "CALLS_BY_CATEGORY_QUEUE",
    "CONTACT_RECORD",
    "CONTACT_STATE_INTERVAL",
    "CONTACT_STATISTIC_RECORD",
    "CUSTOMER_AGENT",
    "INSTANCE_DAY",
    "JOURNEY",
    "ROUTING_PROFILES",
    "RUN",
    "SKILL_LOAD",
    "SKILL_STAFFING",
    "STATES",
    "TABLES",
    "UPSKILLING_RECOMMENDATION",
    "USERS",
    "WORKLOAD_SCORE",
    "WORK_ITEM",
]
