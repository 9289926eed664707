"""The timeline that a few agent events make, as texts that are easy to compare."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tests.transforms import agent_days
from tests.transforms.agent_days import (
    on,
)
from transforms import tables
from transforms.agent_state_interval import agent_state_intervals
from transforms.instance_day import instance_days

DEFINITION = tables.AGENT_STATE_INTERVAL


def intervals(*events: dict[str, Any]) -> list[dict[str, Any]]:
    return made(agent_days.events(events)).to_pylist()


def made(silver: pa.Table) -> pa.Table:
    """The table that follows from rows of `agent_event`."""
    return DEFINITION.conform(agent_state_intervals(silver, instance_days(silver)))


def online(*events: dict[str, Any]) -> list[dict[str, Any]]:
    """The intervals in which the agent is not offline."""
    return [row for row in intervals(*events) if row["state"] != "offline"]


def timeline(*events: dict[str, Any]) -> list[str]:
    """`HH:MM:SS-HH:MM:SS state`, one text per interval in which the agent is not offline."""
    return [_text("%H:%M:%S", row) for row in online(*events)]


def whole(*events: dict[str, Any]) -> list[str]:
    """`DD HH:MM-DD HH:MM state`, one text per interval."""
    return [_text("%d %H:%M", row) for row in intervals(*events)]


def _text(clock: str, row: dict[str, Any]) -> str:
    return f"{row['started_at']:{clock}}-{row['ended_at']:{clock}} {row['state']}"


def state(**fields: Any) -> str:
    return shown(**fields)["state"]


def shown(**fields: Any) -> dict[str, Any]:
    """The interval of one event with these fields."""
    row, _offline = intervals(on("09:00:00", **fields), on("09:01:00", "LOGOUT", status=None))
    return row
