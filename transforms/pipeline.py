"""The steps in the order of the data: what reads what, and how far a change reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa

from transforms import tables
from transforms.agent_skill import agent_skills
from transforms.agent_state_interval import agent_state_intervals
from transforms.calls_by_category_queue import calls_by_category_queue
from transforms.schema import Table


class Source(NamedTuple):
    """A table that merges the versions of one kind of landed record."""

    kind: str
    writes: Table
    moves: bool  # whether a newer version may belong to another day


class Step(NamedTuple):
    """A table that is a function of one other table, day by day.

    `together`: columns whose equal rows must stay in one piece when the work is split.
    `reach`: days before and after a changed day that must be recomputed, and that must be read.
    """

    function: Callable[[pa.Table], pa.Table]
    reads: Table
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
        agent_state_intervals,
        tables.AGENT_EVENT,
        tables.AGENT_STATE_INTERVAL,
        ("instance_id", "agent_arn"),
        reach=1,
    ),
    Step(
        agent_skills,
        tables.AGENT_EVENT,
        tables.AGENT_SKILL,
        ("instance_id", "agent_arn", "day"),
        reach=0,
    ),
    Step(
        calls_by_category_queue,
        tables.CONTACT_RECORD,
        tables.CALLS_BY_CATEGORY_QUEUE,
        ("day", "queue_name", "category"),
        reach=0,
    ),
)
