"""The steps in the order of the data: what reads what, and how far a change reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa

from transforms import tables
from transforms.agent_queue_statistic_record import EVENTS_NEEDED as AGENT_QUEUES_NEED_EVENTS
from transforms.agent_queue_statistic_record import RECORDS_NEEDED as AGENT_QUEUES_NEED_RECORDS
from transforms.agent_queue_statistic_record import STATISTICS_NEEDED as AGENT_QUEUES_NEED
from transforms.agent_queue_statistic_record import agent_queue_statistic_records
from transforms.agent_skill import NEEDED as SKILLS_NEED
from transforms.agent_skill import agent_skills
from transforms.agent_state_interval import agent_state_intervals
from transforms.agent_statistic_record import NEEDED as AGENTS_NEED
from transforms.agent_statistic_record import agent_statistic_records
from transforms.agent_timeline import EVENT_COLUMNS, INSTANCE_DAY_COLUMNS
from transforms.calls_by_category_queue import NEEDED as CALLS_NEED
from transforms.calls_by_category_queue import calls_by_category_queue
from transforms.configuration import EVENTS_NEEDED as CONFIGURATION_EVENTS
from transforms.configuration import RECORDS_NEEDED as CONFIGURATION_RECORDS
from transforms.configuration import agent_hierarchy_groups, routing_profiles, users
from transforms.contact_state_interval import contact_state_intervals
from transforms.contact_statistic_record import NEEDED as STATISTICS_NEED
from transforms.contact_statistic_record import contact_statistic_records
from transforms.instance_day import NEEDED as INSTANCE_DAYS_NEED
from transforms.instance_day import instance_days
from transforms.journey import NEEDED as JOURNEYS_NEED
from transforms.journey import REACH_DAYS as JOURNEY_DAYS
from transforms.journey import journeys
from transforms.schema import Table


class Source(NamedTuple):
    """A table that merges the versions of one kind of landed record."""

    kind: str
    writes: Table
    moves: bool  # whether a newer version may belong to another day


class Read(NamedTuple):
    """A table that a step reads, and the columns that it needs (none named = all)."""

    table: Table
    columns: tuple[str, ...] = ()


class Step(NamedTuple):
    """A table that is a function of others, day by day.

    `function` takes an Arrow table per entry of `reads`, in that order.
    `together`: columns whose equal rows must stay in one piece when the work is split; a read that
    lacks one of them is small, and every piece gets all of it.
    `reach`: days before and after a changed day that must be recomputed, and that must be read.

    A step that writes a table without days gives versions of its rows (`record_version`), of which
    the newest per key stays: it needs only the days that changed.
    """

    function: Callable[..., pa.Table]
    reads: tuple[Read, ...]
    writes: Table
    together: tuple[str, ...]
    reach: int


SOURCES = (
    Source("contact_record", tables.CONTACT_RECORD, moves=True),
    Source("agent_event", tables.AGENT_EVENT, moves=False),
    Source("work_item", tables.WORK_ITEM, moves=True),
)

STEPS = (
    Step(
        instance_days,
        (Read(tables.AGENT_EVENT, INSTANCE_DAYS_NEED),),
        tables.INSTANCE_DAY,
        ("instance_id", "day"),
        reach=0,
    ),
    Step(
        agent_state_intervals,
        (
            Read(tables.AGENT_EVENT, EVENT_COLUMNS),
            Read(tables.INSTANCE_DAY, INSTANCE_DAY_COLUMNS),
        ),
        tables.AGENT_STATE_INTERVAL,
        ("instance_id", "agent_arn"),
        reach=1,
    ),
    Step(
        contact_state_intervals,
        (
            Read(tables.AGENT_EVENT, EVENT_COLUMNS),
            Read(tables.INSTANCE_DAY, INSTANCE_DAY_COLUMNS),
        ),
        tables.CONTACT_STATE_INTERVAL,
        ("instance_id", "agent_arn"),
        reach=1,
    ),
    Step(
        agent_skills,
        (Read(tables.AGENT_EVENT, SKILLS_NEED),),
        tables.AGENT_SKILL,
        ("instance_id", "agent_arn", "day"),
        reach=0,
    ),
    Step(
        contact_statistic_records,
        (Read(tables.CONTACT_RECORD, STATISTICS_NEED),),
        tables.CONTACT_STATISTIC_RECORD,
        ("instance_id", "contact_id"),
        reach=0,
    ),
    Step(
        calls_by_category_queue,
        (Read(tables.CONTACT_STATISTIC_RECORD, CALLS_NEED),),
        tables.CALLS_BY_CATEGORY_QUEUE,
        ("day", "queue_name", "category"),
        reach=0,
    ),
    Step(
        journeys,
        (Read(tables.CONTACT_STATISTIC_RECORD, JOURNEYS_NEED),),
        tables.JOURNEY,
        ("instance_id", "journey_id"),
        reach=JOURNEY_DAYS,
    ),
    Step(
        agent_statistic_records,
        (Read(tables.AGENT_STATE_INTERVAL, AGENTS_NEED),),
        tables.AGENT_STATISTIC_RECORD,
        ("instance_id", "agent_arn", "day"),
        reach=0,
    ),
    Step(
        agent_queue_statistic_records,
        (
            Read(tables.CONTACT_STATE_INTERVAL, AGENT_QUEUES_NEED_EVENTS),
            Read(tables.CONTACT_STATISTIC_RECORD, AGENT_QUEUES_NEED),
            Read(tables.CONTACT_RECORD, AGENT_QUEUES_NEED_RECORDS),
        ),
        tables.AGENT_QUEUE_STATISTIC_RECORD,
        ("instance_id", "agent_id"),
        reach=1,
    ),
    *(
        Step(
            function,
            (
                Read(tables.AGENT_EVENT, CONFIGURATION_EVENTS),
                Read(tables.CONTACT_RECORD, CONFIGURATION_RECORDS),
            ),
            table,
            ("instance_id", "agent_arn"),
            reach=0,
        )
        for function, table in (
            (users, tables.USERS),
            (routing_profiles, tables.ROUTING_PROFILES),
            (agent_hierarchy_groups, tables.AGENT_HIERARCHY_GROUPS),
        )
    ),
)
