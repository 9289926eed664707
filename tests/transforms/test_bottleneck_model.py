"""Modelled waits against the simulator, and what one more agent saves."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.transforms.landed import at, table
from tests.transforms.random_centres import equal_centre, outcomes, unequal_centre
from transforms import tables
from transforms.workforce.bottleneck_model import (
    modelled_waits_s,
    saved_minutes,
    simulated_waits_s,
    typical_day,
)
from transforms.workforce.erlang import erlang_a

NINE = at("2024-05-06T09:00:00")


def offered(skill: str, minute: int = 0, day: int = 0, **sums: int) -> dict[str, Any]:
    """A quarter hour: unless said otherwise 9 calls of 100 s, one of which was abandoned."""
    when = NINE + timedelta(days=day, minutes=minute)
    names = [c.name for c in tables.SKILL_LOAD.columns[6:]]
    given = {
        "contacts_queued": 9,
        "contacts_answered": 8,
        "contacts_abandoned": 1,
        "offered_load_ms": 900_000,
        "wait_ms": 100_000,
    }
    about = {"day": when.date(), "interval_start": when, "instance_id": "i", "category": "c"}
    return {**dict.fromkeys(names, 0), **about, "skill": skill, **given, **sums}


def group(skills: list[str], staffed_ms: int, minute: int = 0, day: int = 0) -> dict[str, Any]:
    when = NINE + timedelta(days=day, minutes=minute)
    about = {"day": when.date(), "instance_id": "i", "interval_start": when}
    return about | {"skills": skills, "staffed_ms": staffed_ms}


def typical(demand: list[dict[str, Any]], staff: list[dict[str, Any]]) -> Any:
    return typical_day(table(tables.SKILL_LOAD, demand), pa.Table.from_pylist(staff))


def test_a_typical_day_is_the_mean_of_days_by_time_of_day():
    demand = [offered("a"), offered("a", day=1, contacts_queued=11, offered_load_ms=1_800_000)]
    staff = [group(["a"], 900_000), group(["a"], 2_700_000, day=1)]
    found = typical(demand, staff)
    assert found.intervals == (time(9),)
    assert (found.contacts.tolist(), found.load.tolist()) == ([[10.0]], [[1.5]])
    assert found.agents.tolist() == [[2.0]]


def test_who_abandons_tells_patience():
    found = typical([offered("a")], [group(["a"], 900_000)])
    assert (found.handle_s.tolist(), found.patience_s.tolist()) == ([100.0], [100.0])


def test_skills_without_contacts_do_not_part_groups():
    staff = [group(["a", "b", "z"], 900_000), group(["a", "b"], 900_000), group(["z"], 900_000)]
    found = typical([offered("a"), offered("b")], staff)
    assert (found.holds.tolist(), found.agents.tolist()) == ([[1.0, 1.0]], [[2.0]])


def test_one_pool_waits_as_erlang_a_has_it():
    found = modelled_waits_s(typical([offered("a")], [group(["a"], 1_800_000)]))
    expected = erlang_a(1.0, 2, 1.0).mean_wait * 100
    assert found["a"] == pytest.approx(expected, rel=1e-6)


def test_agents_of_two_skills_go_where_callers_wait():
    demand = [offered("a"), offered("b", offered_load_ms=9_000_000, contacts_queued=90)]
    pools = [group(["a"], 1_800_000), group(["b"], 7_200_000)]
    helped = modelled_waits_s(typical(demand, [*pools, group(["a", "b"], 1_800_000)]))
    alone = modelled_waits_s(typical(demand, pools))
    assert helped["b"] < 0.8 * alone["b"]


def test_an_overloaded_skill_is_saved_most():
    centre = unequal_centre(4)
    names = [skill.name for skill in centre.skills]
    saved = saved_minutes(centre, names, days=4, seed=1)
    waits = outcomes(centre, 1, 4)
    sums = [sum(each.skills[k].wait_ms for each in waits) for k in range(len(names))]
    assert max(saved, key=lambda name: saved[name].value) == names[sums.index(max(sums))]


def test_what_an_agent_saves_has_an_interval_over_days():
    saved = saved_minutes(equal_centre(), ["s0"], days=6)["s0"]
    assert saved.half_width is not None
    assert 0 < saved.half_width < saved.value


def test_the_same_seed_saves_the_same():
    centre = equal_centre()
    assert saved_minutes(centre, ["s1"], days=2) == saved_minutes(centre, ["s1"], days=2)


def test_simulated_waits_are_near_erlang_a_where_pools_are_apart():
    """Eight pools of five: 4.25 erlangs of lognormal times, patience 180 s of 240 s handling."""
    found = simulated_waits_s(equal_centre(), days=20, seed=2)
    expected = erlang_a(0.85 * 5, 5, 180 / 240).mean_wait * 240
    assert sum(found.values()) / 8 == pytest.approx(expected, rel=0.1)


def test_the_added_agent_is_there_although_the_first_who_has_the_skill_is_not():
    centre = equal_centre()
    off = centre.agents[0]._replace(shifts=())
    away = centre._replace(agents=(off, *centre.agents[1:]))
    assert saved_minutes(away, ["s0"], days=2)["s0"].value > 0
