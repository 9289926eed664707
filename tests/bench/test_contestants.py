"""The contestants still run: what they call moves on between benchmarks."""

from __future__ import annotations

from argparse import Namespace

import pytest

from tests.bench import memory, simulation
from tests.bench.__main__ import parser
from tests.bench.build import LANDING, LIMITS, OURS, WHOLE
from tests.bench.data import CONTACTS, landed
from tests.bench.harness import in_own_process


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory):
    return landed(tmp_path_factory.mktemp("bench"), 1, 1, CONTACTS)


@pytest.mark.parametrize("job", [OURS.job, WHOLE.job])
def test_ours_build_the_contacts(data, job):
    done = in_own_process(job, {"data": str(data.folder)})
    assert 0 < done.rows.count <= data.records["contact_record"]


def test_ours_land(data):
    assert in_own_process(LANDING.job, {"data": str(data.folder)}).seconds > 0


def test_the_peak_is_told_beside_that_of_fewer_days(tmp_path):
    (told,) = memory.measured(Namespace(days=2, agents=5, seed=1, rounds=1), tmp_path)
    few, every = told["peak_mb_so_far"]
    assert told["mb"][0] < told["mb"][1]
    assert few["landed"] == sum(told["records"][0].values())
    assert every["landed"] == sum(told["records"][1].values())
    assert 0 < every["at the start"] < every["agent_event"] <= told["ours"]


def test_every_call_of_the_simulation_is_answered_before_the_agents_go_home():
    calls = parser().parse_args([]).contacts
    options = {"agents": 20, "occupancy": 0.9, "calls": calls, "seed": 1}
    assert in_own_process(simulation.OURS.job, options).rows.count == calls


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_the_limits_run(data, limit):
    options = {"data": str(data.folder), **limit.own}
    assert in_own_process(limit.job, options).seconds > 0
