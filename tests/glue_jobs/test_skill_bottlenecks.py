"""The bottleneck question over tables made by hand, beside the same figures in Python."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs.lake import Lake, made
from glue_jobs.query import answer
from glue_jobs.settings import Settings
from queries.question import question
from tests.hand_made_lake import put
from transforms import tables
from transforms.workforce.bottlenecks import Blocks, blocks, bottlenecks

MONDAY = date(2024, 5, 6)
FORTNIGHT = [MONDAY + timedelta(n) for n in range(14)]
SKILLS = {"Billing": (40, 30_000), "Claims": (25, 90_000), "Orders": (60, 4_000)}
SECOND_WEEK = {"from_day": "2024-05-13"}


def load(day: date, skill: str, category: str, contacts: int, wait_ms: int) -> dict[str, Any]:
    names = (column.name for column in tables.SKILL_LOAD.columns[6:])
    return dict.fromkeys(names, contacts) | {
        "day": day,
        "instance_id": "i-1",
        "interval_start": datetime.combine(day, time(9)),
        "skill": skill,
        "queue_name": skill,
        "category": category,
        "contacts_abandoned": contacts // 10,
        "contacts_answered": contacts - contacts // 10,
        "wait_ms": contacts * wait_ms,
        "breach_ms": 0,
        "handle_time_ms": contacts * 200_000,
        "offered_load_ms": contacts * 210_000,
    }


def staff(day: date, skill: str, head_ms: int, share_ms: int) -> dict[str, Any]:
    return {
        "day": day,
        "instance_id": "i-1",
        "interval_start": datetime.combine(day, time(9)),
        "skill": skill,
        "agents": 5,
        "staffed_head_ms": head_ms,
        "staffed_share_ms": share_ms,
        "idle_ms": 0,
        "queue_ms": 0,
        "overlap_ms": 630_000 if skill == "Claims" else 0,
    }


def records() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Two weeks; in the second Claims has half the staff, and Orders twice the calls."""
    rng = Random(5)
    loads, staffs = [], []
    for day in FORTNIGHT:
        second = day >= FORTNIGHT[7]
        for skill, (contacts, wait_ms) in SKILLS.items():
            many = contacts * (2 if second and skill == "Orders" else 1) + rng.randrange(5)
            wait = wait_ms * (3 if second and skill != "Billing" else 1) + rng.randrange(wait_ms)
            loads += [load(day, skill, each, many, wait) for each in ("invoice", "refund")]
            less = 2 if second and skill == "Claims" else 1
            staffs.append(staff(day, skill, 40_000_000 // less, 20_000_000 // less))
    loads.append(load(FORTNIGHT[-1], "Orders", "lost card", 29, 1000))
    loads.append(load(FORTNIGHT[-1], "Billing", "lost pin", 1, 1000))
    return loads, staffs


@pytest.fixture(scope="module")
def rows() -> tuple[pa.Table, pa.Table]:
    loads, staffs = records()
    return (
        pa.Table.from_pylist(loads, schema=tables.SKILL_LOAD.schema),
        pa.Table.from_pylist(staffs, schema=tables.SKILL_STAFFING.schema),
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, rows: Any) -> Iterator[Lake]:
    with made(Settings(str(tmp_path_factory.mktemp("bottlenecks") / "lake")))[0] as new:
        put(new, tables.SKILL_LOAD, rows[0])
        put(new, tables.SKILL_STAFFING, rows[1])
        yield new


def asked(lake: Lake, **given: str) -> dict[Any, dict[str, Any]]:
    found = answer(lake, question("skill_bottlenecks"), given).to_pylist()
    return {(row["skill"], row["category"]): row for row in found}


def by_skill(lake: Lake, **given: str) -> dict[str, dict[str, Any]]:
    return {skill: row for (skill, _), row in asked(lake, **given).items()}


def within(of: tuple[pa.Table, pa.Table], first: date, last: date) -> Blocks:
    days = [(table, table.column("day").to_pylist()) for table in of]
    return blocks(
        *(table.filter(pa.array([first <= d <= last for d in each])) for table, each in days)
    )


def test_the_answer_is_that_of_the_day_blocks(lake, rows):
    weeks = [within(rows, FORTNIGHT[n], FORTNIGHT[n + 6]) for n in (0, 7)]
    found = by_skill(lake, **SECOND_WEEK)
    for each in bottlenecks(weeks[1], weeks[0]):
        row = found[each.skill]
        assert each.cause is not None
        assert (row["rank"], row["verdict"], row["cause"]) == (
            each.rank,
            each.verdict,
            each.cause.name,
        )
        numbers = {
            "wait_share": each.wait_share,
            "wait_minutes_per_day": each.wait_minutes.value,
            "wait_minutes_per_day_ci95": each.wait_minutes.half_width,
            "avg_wait_s": each.mean_wait_s.value,
            "avg_wait_s_ci95": each.mean_wait_s.half_width,
            "abandonment_rate": each.abandonment,
            "load": each.load,
            "overlap_contacts": each.overlap_contacts * 7,
            "from_volume": each.cause.volume,
            "from_handle_time": each.cause.handle_time,
            "from_staffing": each.cause.staffing,
            "from_concentration": each.cause.skill_concentration,
        }
        assert {name: row[name] for name in numbers} == pytest.approx(numbers, rel=1e-4, abs=1e-9)


def test_the_planted_bottleneck_is_likely_and_its_cause_is_told(lake):
    found = by_skill(lake, **SECOND_WEEK)
    first = next(iter(found.values()))
    assert (first["skill"], first["verdict"], first["cause"]) == ("Claims", "likely", "staffing")


def test_more_calls_are_told_as_volume(lake):
    assert by_skill(lake, **SECOND_WEEK)["Orders"]["cause"] == "volume"


def test_without_earlier_days_there_is_no_cause(lake):
    assert {row["cause"] for row in by_skill(lake).values()} == {None}


def test_the_earlier_period_is_as_many_days_long(lake):
    """Of two days before two days, not of all eleven."""
    found = by_skill(lake, from_day="2024-05-11", to_day="2024-05-12")
    loads = records()[0]
    earlier = [row["wait_ms"] for row in loads
               if row["skill"] == "Claims" and row["day"] in FORTNIGHT[3:5]]  # fmt: skip
    expected = sum(earlier) / 2 / 60_000
    assert found["Claims"]["wait_minutes_per_day_before"] == pytest.approx(expected)


def test_four_days_are_not_enough(lake):
    found = by_skill(lake, from_day="2024-05-13", to_day="2024-05-16")
    assert {(r["verdict"], r["avg_wait_s_ci95"]) for r in found.values()} == {
        ("not enough data", None)
    }


def test_six_days_of_which_four_are_of_one_kind_are_not_enough(lake):
    found = by_skill(lake, from_day="2024-05-07", to_day="2024-05-12")
    assert {row["verdict"] for row in found.values()} == {"not enough data"}


def test_small_categories_are_one(lake):
    found = asked(lake, by="category")
    assert {category: row["contacts_queued"] for (_, category), row in found.items()}.keys() == {
        "invoice",
        "refund",
        "(other)",
    }
    assert found["ALL", "(other)"]["contacts_queued"] == 30


def test_staff_belongs_to_skills(lake):
    found = asked(lake, by="skill_category")
    assert {row["staffed_hours"] for row in found.values()} == {None}
    assert ("Orders", "(other)") in found


def test_shares_add_up_whatever_a_row_stands_for(lake):
    for by in ("skill", "category", "skill_category"):
        shares = [row["wait_share"] for row in asked(lake, by=by).values()]
        assert sum(shares) == pytest.approx(1)
