"""Agents' days made by hand: events of 6 May 2024 and later, as records or as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from tests.transforms.landed import at, event, table, versions
from transforms import tables
from transforms.versions import newest

FIRST_MIDNIGHT = at("2024-05-06")
DAY_MIN = 1440


@pytest.fixture(scope="module")
def one_database() -> Iterator[None]:
    """Opening a database takes as long as many small queries; a connection to an open one none."""
    with duckdb.connect() as database, pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", database.cursor)
        yield


def on(clock: str, kind: str = "STATE_CHANGE", day: int = 6, **fields: Any) -> dict[str, Any]:
    """An event at that time of that day of May 2024."""
    return event(f"2024-05-{day:02d}T{clock}Z", kind, **fields)


def since(record: dict[str, Any], clock: str) -> dict[str, Any]:
    """The event, in whose snapshot the status began at that time of the day."""
    start = f"{record['EventTimestamp'][:10]}T{clock}Z"
    record["CurrentAgentSnapshot"]["AgentStatus"]["StartTimestamp"] = start
    return record


def holding(state: str, clock: str, **fields: Any) -> dict[str, Any]:
    """A contact of a snapshot, in its state since that time of 6 May."""
    start = f"2024-05-06T{clock}Z"
    return {"ContactId": "c-1", "State": state, "StateStartTimestamp": start} | fields


def events(records: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The rows of `agent_event` that these records come to."""
    return newest(versions("agent_event", records), tables.AGENT_EVENT).rows


# An event as drawn: minute, kind, status, contact states, and for how many minutes the status and
# the contacts have been so (0: not told).
MOMENT = st.tuples(
    st.one_of(st.integers(0, 4 * DAY_MIN - 1), st.integers(0, 3).map(lambda day: day * DAY_MIN)),
    st.sampled_from(["LOGIN", "LOGOUT", "STATE_CHANGE", "STATE_CHANGE", "HEART_BEAT"]),
    st.sampled_from([None, "Available", "Available", "Lunch", "Offline", "Error"]),
    st.sampled_from([[], [], ["CONNECTED"], ["ENDED"], ["CONNECTING", "MISSED"]]),
    st.one_of(st.integers(0, 180), st.integers(0, 3 * DAY_MIN)),
)


def drawn(moments: Iterable[tuple[Any, ...]]) -> pa.Table:
    """Rows of `agent_event` of one agent, not by way of JSON; equal moments are one event."""
    rows = {repr(moment): moment for moment in moments}
    return table(tables.AGENT_EVENT, [_row(key, *moment) for key, moment in rows.items()])


def shuffled(rows: pa.Table, rng: Random) -> pa.Table:
    """The rows in some order."""
    order = list(range(rows.num_rows))
    rng.shuffle(order)
    return rows.take(pa.array(order, pa.int64()))


def _row(
    event_id: str, minute: int, kind: str, status: str | None, states: list[str], ago: int
) -> dict[str, Any]:
    when = FIRST_MIDNIGHT + timedelta(minutes=minute)
    began: datetime | None = when - timedelta(minutes=ago) if ago else None
    shown = {
        "current_agent_status_name": status,
        "current_agent_status_start_timestamp": began,
        "current_contacts": [
            {"contact_id": f"c-{n}", "state": state, "state_start_timestamp": began}
            for n, state in enumerate(states)
        ],
    }
    return {
        "day": when.date(),
        "instance_id": "i-1",
        "agent_arn": "arn/agent/ada",
        "event_id": event_id,
        "event_timestamp": when,
        "event_type": kind,
        "record_version": "1",
    } | (shown if status else {})
