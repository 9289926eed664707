"""What is left of the truth when one agent event in twenty is lost, on a stream with heartbeats."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ingestion.simulator import Truth, deliveries, invented_centre
from tests.transforms.agent_days import events
from transforms.agent_state_interval import agent_state_intervals
from transforms.duck import rows
from transforms.instance_day import instance_days

LOST_SHARE = 0.05
AGENTS, DAYS = 30, 2
_STAFFED = """SELECT agent_username, CAST(sum(duration_ms) AS BIGINT) AS ms FROM intervals
    WHERE state NOT IN ('offline', 'gap') GROUP BY ALL"""

every_seed = pytest.mark.parametrize("seed", range(5))


class Run(NamedTuple):
    """A centre's agent events, and how long each of its agents was really staffed."""

    events: pa.Table
    staffed_ms: dict[str, int]
    bodies: list[str]


@pytest.fixture(scope="module")
def run() -> Run:
    truth = Truth()
    sent = deliveries(invented_centre(AGENTS), date(2024, 1, 1), DAYS, 1, truth)
    bodies = [each.body.decode() for each in sent if each.kind == "agent_event"]
    return Run(
        events(bodies),
        {
            name: sum(ms for state, ms in states.items() if state not in {"offline", "gap"})
            for name, states in truth.as_dict()["agent_state_ms"].items()
        },
        bodies,
    )


def staffed_ms(silver: pa.Table) -> dict[str, int]:
    """Milliseconds by agent in every state but offline and gap."""
    found = rows(_STAFFED, intervals=agent_state_intervals(silver, instance_days(silver)))
    return {row["agent_username"]: row["ms"] for row in found.to_pylist()}


def some_lost(silver: pa.Table, seed: int) -> pa.Table:
    rng = Random(f"lost:{seed}")
    return silver.filter(pa.array([rng.random() >= LOST_SHARE for _ in range(silver.num_rows)]))


def test_with_no_event_lost_staffed_time_equals_the_truth_to_the_millisecond(run):
    assert run.staffed_ms == staffed_ms(run.events)


@every_seed
def test_with_one_event_in_twenty_lost_staffed_time_is_within_one_percent(run, seed):
    found, true = (
        sum(staffed_ms(some_lost(run.events, seed)).values()),
        sum(run.staffed_ms.values()),
    )
    assert abs(found / true - 1) < 0.01


@every_seed
def test_with_one_event_in_twenty_lost_each_agent_is_within_two_percent(run, seed):
    found = staffed_ms(some_lost(run.events, seed))
    far = {name for name, ms in run.staffed_ms.items() if abs(found.get(name, 0) / ms - 1) > 0.02}
    assert far == set()


@pytest.mark.parametrize("kind", ["LOGIN", "LOGOUT", "STATE_CHANGE", "HEART_BEAT"])
def test_with_one_event_in_twenty_of_a_kind_lost_staffed_time_is_within_one_percent(run, kind):
    rng = Random(kind)
    is_lost = [
        each == kind and rng.random() < LOST_SHARE
        for each in run.events.column("event_type").to_pylist()
    ]
    kept = run.events.filter(pa.array([not each for each in is_lost]))
    assert kept.num_rows < run.events.num_rows
    found, true = sum(staffed_ms(kept).values()), sum(run.staffed_ms.values())
    assert abs(found / true - 1) < 0.01


def heartbeats_after(logout: str) -> list[str]:
    """An hour of heartbeats after a log-off, each with what the agent last showed."""
    record = json.loads(logout)
    at = datetime.fromisoformat(record["EventTimestamp"])
    shown = record["CurrentAgentSnapshot"] or record["PreviousAgentSnapshot"]
    return [
        json.dumps(
            record
            | {
                "EventId": f"{record['EventId']}-{n}",
                "EventType": "HEART_BEAT",
                "EventTimestamp": (at + n * timedelta(minutes=2)).isoformat(),
                "CurrentAgentSnapshot": shown,
            }
        )
        for n in range(1, 31)
    ]


def test_trailing_heartbeats_copies_and_disorder_leave_staffed_time_as_it_is(run):
    logouts = [body for body in run.bodies if json.loads(body)["EventType"] == "LOGOUT"]
    trailing = [beat for body in logouts for beat in heartbeats_after(body)]
    again = Random(0).sample(run.bodies, len(run.bodies) // 4)
    received = Random(1).sample(every := [*run.bodies, *again, *trailing], len(every))
    assert len(trailing) > 0
    assert staffed_ms(events(received)) == run.staffed_ms


def test_an_agent_who_falls_silent_is_credited_two_minutes_at_most(run):
    afternoon = datetime(2024, 1, 1, 16)  # noqa: DTZ001
    agent = run.events.column("agent_arn")[0]
    is_theirs = pc.equal(run.events.column("agent_arn"), agent)
    is_later = pc.greater(run.events.column("event_timestamp"), afternoon)
    kept = run.events.filter(pc.invert(pc.and_(is_theirs, is_later)))
    last = pc.max(kept.filter(pc.field("agent_arn") == agent).column("event_timestamp")).as_py()
    found = agent_state_intervals(kept, instance_days(kept)).filter(
        (pc.field("agent_arn") == agent) & ~pc.field("state").isin(["offline", "gap"])
    )
    credit = pc.max(found.column("ended_at")).as_py() - last
    assert timedelta(0) < credit <= timedelta(seconds=120)
