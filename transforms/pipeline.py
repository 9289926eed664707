"""The steps in the order of the data: what reads what, and how far a change reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa

from transforms import (
    agent_queue_statistic_record,
    agent_skill,
    agent_state_interval,
    agent_statistic_record,
    agent_timeline,
    calls_by_category_queue,
    configuration,
    contact_state_interval,
    contact_statistic_record,
    instance_day,
    journey,
    skill_load,
    skill_staffing,
    tables,
)
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
        instance_day.instance_days,
        (Read(tables.AGENT_EVENT, instance_day.NEEDED),),
        tables.INSTANCE_DAY,
        ("instance_id", "day"),
        reach=0,
    ),
    Step(
        agent_state_interval.agent_state_intervals,
        (
            Read(tables.AGENT_EVENT, agent_timeline.EVENT_COLUMNS),
            Read(tables.INSTANCE_DAY, agent_timeline.INSTANCE_DAY_COLUMNS),
        ),
        tables.AGENT_STATE_INTERVAL,
        ("instance_id", "agent_arn"),
        reach=1,
    ),
    Step(
        contact_state_interval.contact_state_intervals,
        (
            Read(tables.AGENT_EVENT, agent_timeline.EVENT_COLUMNS),
            Read(tables.INSTANCE_DAY, agent_timeline.INSTANCE_DAY_COLUMNS),
        ),
        tables.CONTACT_STATE_INTERVAL,
        ("instance_id", "agent_arn"),
        reach=1,
    ),
    Step(
        agent_skill.agent_skills,
        (Read(tables.AGENT_EVENT, agent_skill.NEEDED),),
        tables.AGENT_SKILL,
        ("instance_id", "agent_arn", "day"),
        reach=0,
    ),
    Step(
        contact_statistic_record.contact_statistic_records,
        (Read(tables.CONTACT_RECORD, contact_statistic_record.NEEDED),),
        tables.CONTACT_STATISTIC_RECORD,
        ("instance_id", "contact_id"),
        reach=0,
    ),
    Step(
        calls_by_category_queue.calls_by_category_queue,
        (Read(tables.CONTACT_STATISTIC_RECORD, calls_by_category_queue.NEEDED),),
        tables.CALLS_BY_CATEGORY_QUEUE,
        ("day", "queue_name", "category"),
        reach=0,
    ),
    Step(
        skill_load.skill_loads,
        (Read(tables.CONTACT_STATISTIC_RECORD, skill_load.NEEDED),),
        tables.SKILL_LOAD,
        ("instance_id", "day"),
        reach=0,
    ),
    Step(
        skill_staffing.skill_staffings,
        (
            Read(tables.AGENT_STATE_INTERVAL, skill_staffing.STATES_NEEDED),
            Read(tables.AGENT_SKILL, skill_staffing.SKILLS_NEEDED),
            Read(tables.CONTACT_STATISTIC_RECORD, skill_staffing.CONTACTS_NEEDED),
        ),
        tables.SKILL_STAFFING,
        ("instance_id", "day"),
        reach=0,
    ),
    Step(
        journey.journeys,
        (Read(tables.CONTACT_STATISTIC_RECORD, journey.NEEDED),),
        tables.JOURNEY,
        ("instance_id", "journey_id"),
        reach=journey.REACH_DAYS,
    ),
    Step(
        agent_statistic_record.agent_statistic_records,
        (Read(tables.AGENT_STATE_INTERVAL, agent_statistic_record.NEEDED),),
        tables.AGENT_STATISTIC_RECORD,
        ("instance_id", "agent_arn", "day"),
        reach=0,
    ),
    Step(
        agent_queue_statistic_record.agent_queue_statistic_records,
        (
            Read(tables.CONTACT_STATE_INTERVAL, agent_queue_statistic_record.EVENTS_NEEDED),
            Read(tables.CONTACT_STATISTIC_RECORD, agent_queue_statistic_record.STATISTICS_NEEDED),
            Read(tables.CONTACT_RECORD, agent_queue_statistic_record.RECORDS_NEEDED),
        ),
        tables.AGENT_QUEUE_STATISTIC_RECORD,
        ("instance_id", "agent_id"),
        reach=1,
    ),
    *(
        Step(
            function,
            (
                Read(tables.AGENT_EVENT, configuration.EVENTS_NEEDED),
                Read(tables.CONTACT_RECORD, configuration.RECORDS_NEEDED),
            ),
            table,
            ("instance_id", "agent_arn"),
            reach=0,
        )
        for function, table in (
            (configuration.users, tables.USERS),
            (configuration.routing_profiles, tables.ROUTING_PROFILES),
            (configuration.agent_hierarchy_groups, tables.AGENT_HIERARCHY_GROUPS),
        )
    ),
)
