"""Overflow by simulation: the plan helps, takes from nobody, and is what can be put to work."""

from __future__ import annotations

import os
from random import Random
from typing import NamedTuple

import pytest

from transforms.workforce.centre import Agent, Centre, Skill, Span, day
from transforms.workforce.centre_simulation import Lending
from transforms.workforce.overflow import (
    GRID,
    MOST_SERVICE_LOSS,
    NOBODY,
    Floor,
    Overflow,
    Setting,
    Tried,
    grid_table,
    lender_order,
    lendings,
    overflow,
)

IS_PROOF = os.environ.get("PROVE") == "1"
SEEDS = range(8) if IS_PROOF else range(2)
DAYS = 10 if IS_PROOF else 4
SMALL_GRID = tuple(Setting(n, after, keep) for n in (1, 3) for after in (0, 60) for keep in (0, 1))
NEAR_BEST = 1.03


def centre(seed: int, queues: int = 5, agents: int = 40) -> Centre:
    """Pools of uneven load, one skill each but for a fifth of the agents."""
    rng = Random(seed)
    names = [f"Queue {n}" for n in range(queues)]
    skills = tuple(
        Skill(name, (rng.uniform(0.62, 0.95) * agents / queues * 900 / 270,) * 32,
              rng.uniform(200, 240), 40.0, patience_s=240.0)
        for name in names
    )  # fmt: skip
    shifts = (Span(0.0, 8 * 3600.0),)
    people = tuple(
        Agent(
            f"agent {n}",
            {name: rng.uniform(0.9, 1.1) for name in (names[n % queues], *second)},
            shifts,
        )
        for n in range(agents)
        for second in [[names[(n + 1) % queues]] if n % 5 == 0 else []]
    )
    return Centre(skills, people)


class Judged(NamedTuple):
    """What was found, and the grid with the plan behind it over all days."""

    found: Overflow
    all_days: list[Tried]


@pytest.fixture(scope="module", params=SEEDS)
def judged(request: pytest.FixtureRequest) -> Judged:
    frozen, seed = centre(request.param), request.param
    found = overflow(lambda _: frozen, DAYS, seed, grid=GRID if IS_PROOF else SMALL_GRID)
    plans = [(each.setting, each.lendings) for each in (*found.grid, found.recommended)]
    floor = Floor(tuple((frozen, day(frozen, seed, n)) for n in range(2 * DAYS)))
    return Judged(found, floor.trials(plans))


@pytest.fixture(scope="module")
def found(judged: Judged) -> Overflow:
    return judged.found


def test_lending_cuts_the_wait_of_centres_with_uneven_pools(found):
    assert found.recommended.cost < 0.9 * found.nobody.cost


def test_no_lender_loses_more_than_a_point_of_service(judged):
    nobody, *_, plan = judged.all_days
    assert min(plan.losses(nobody).values(), default=0.0) >= -MOST_SERVICE_LOSS


def test_the_plan_is_near_the_best_of_the_grid_that_takes_from_no_lender(judged):
    nobody, *_, plan = judged.all_days
    fair = [each.cost for each in judged.all_days if not each.losers(nobody)]
    assert plan.cost <= NEAR_BEST * min(fair)


def test_the_plan_can_be_put_to_work(found):
    assert found.recommended.setting.means in ("router", "routing profiles", "none")


def test_eased_plans_take_from_no_lender_on_the_days_that_chose(found):
    assert [each.losers(found.grid[0]) for each in found.eased] == [frozenset()] * len(found.eased)


def test_the_table_has_a_row_for_every_plan_and_one_recommended(found):
    rows = grid_table(found).to_pylist()
    assert len(rows) == len(found.grid) + len(found.eased)
    assert sum(row["is_recommended"] for row in rows) >= 1


def test_nobody_lends_to_a_queue_of_the_own_skills(found):
    assert all(each.lender != each.borrower for each in found.recommended.lendings)


def test_lenders_come_in_the_order_of_their_idle_time_while_others_waited():
    calm, busy = (Skill(name, (calls,) * 8, 240.0) for name, calls in (("calm", 1), ("busy", 9)))
    tiny = Skill("tiny", (0.0,) * 8, 240.0)
    people = [
        Agent(f"{name} {n}", {name: 1.0}, (Span(0, 7200),))
        for name, count in (("calm", 4), ("busy", 2), ("tiny", 1))
        for n in range(count)
    ]
    order = lender_order(lambda _: Centre((calm, busy, tiny), tuple(people)), 2, 1)
    assert order["busy"] == ("calm", "tiny")


def test_a_setting_takes_so_many_lenders_of_each_queue():
    order = {"a": ("b", "c"), "b": ("a",)}
    assert lendings(order, Setting(1, 20, 3), 1.5) == (
        Lending("b", "a", 20, 3, 1.5),
        Lending("a", "b", 20, 3, 1.5),
    )


def test_where_every_pool_is_full_nobody_lends():
    full = [Skill(name, (40.0,) * 8, 240.0, patience_s=60.0) for name in ("a", "b")]
    people = [Agent(f"{name} {n}", {name: 1.0}, (Span(0, 7200),))
              for name in ("a", "b") for n in range(5)]  # fmt: skip
    frozen = Centre(tuple(full), tuple(people))
    done = overflow(lambda _: frozen, 3, 1, grid=[Setting(1, 0, 0)])
    assert min(done.recommended.losses(done.nobody).values(), default=0.0) >= -MOST_SERVICE_LOSS


def test_the_same_question_has_the_same_answer():
    frozen = centre(1, 3, 15)
    ask = [overflow(lambda _: frozen, 2, 7, grid=[NOBODY, Setting(1, 0, 1)]) for _ in range(2)]
    assert ask[0] == ask[1]
