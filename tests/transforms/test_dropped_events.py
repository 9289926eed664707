"""What is left of the truth when one agent event in twenty is lost, on a stream with heartbeats."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import NamedTuple

import pyarrow as pa
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


@pytest.fixture(scope="module")
def run() -> Run:
    truth = Truth()
    sent = deliveries(invented_centre(AGENTS), date(2024, 1, 1), DAYS, 1, truth)
    silver = events([each.body.decode() for each in sent if each.kind == "agent_event"])
    return Run(
        silver,
        {
            name: sum(ms for state, ms in states.items() if state not in {"offline", "gap"})
            for name, states in truth.as_dict()["agent_state_ms"].items()
        },
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
