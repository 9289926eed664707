"""What routing brought, worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from math import sqrt
from statistics import fmean
from typing import Any

import pytest
from scipy.stats import t

from tests.hand_made_lake import NINE, Ask, Contacts, asking, contact, queued
from transforms.taxonomy import Taxonomy

OFFERED = {"agent1": "a-1", "agent2": "a-2", "agent3": "NONE", "affinity": "NONE"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Contacts], Ask]]:
    with asking(tmp_path_factory.mktemp("routing")) as of:
        yield of


def routed(
    number: int, agent_id: str | None, day: int = 0, wait_s: int = 0, **decision: str
) -> Any:
    """A contact whose flow asked, so many days after the first, and who took it."""
    at = NINE + timedelta(days=day)
    attributes = {"decision": "CANDIDATES", "reason": "LEAST_WORKLOAD", "policy": "v2"} | decision
    fields = queued(wait_s) | {"queue_enqueue_timestamp": at}
    taken = {"agent_id": agent_id, "agent_connected_to_agent_timestamp": agent_id and at}
    return contact(f"c-{number}", initiation_timestamp=at, attributes=attributes, **fields, **taken)


ONE_DAY = (
    routed(1, "a-1", wait_s=2, **OFFERED),
    routed(2, "a-2", wait_s=4, **OFFERED),
    routed(3, "a-9", wait_s=6, **OFFERED),
    routed(4, "a-1", wait_s=12, **OFFERED | {"affinity": "a-1"}),
    routed(5, "a-1", wait_s=30, decision="DEFAULT", reason="NONE_FREE"),
    routed(6, None, wait_s=60, decision="DEFAULT", reason="NO_ANSWER", policy="v1"),
    contact("never asked", **queued(9)),
)
WAITS = ((2, 4), (6,), (8, 10, 12), (1,), (5, 5))
FIVE_DAYS = tuple(
    routed(10 * day + n, "a-1", day, wait_s, **OFFERED)
    for day, waits in enumerate(WAITS)
    for n, wait_s in enumerate(waits)
)


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["routed_by"]: row for row in rows}


def test_only_contacts_whose_flow_asked_are_counted(asked):
    rows = by_name(asked(ONE_DAY)("routing_effect"))
    assert {name: row["contacts"] for name, row in rows.items()} == {"v1": 1, "v2": 5}


def test_a_contact_for_which_nobody_was_named_fell_back(asked):
    rows = by_name(asked(ONE_DAY)("routing_effect"))
    assert (rows["v2"]["fallback_share"], rows["v1"]["fallback_share"]) == (0.2, 1.0)


def test_a_contact_that_a_queue_lent_an_agent_did_not_fall_back(asked):
    lent = {"decision": "DEFAULT", "reason": "NONE_FREE", "overflowQueue": "Sales"}
    none = {"decision": "DEFAULT", "reason": "NONE_FREE", "overflowQueue": "NONE"}
    days = (routed(1, "a-1", **lent), routed(2, None, **none), routed(3, "a-1", **OFFERED),
            routed(4, "a-2", **OFFERED))  # fmt: skip
    row = by_name(asked(days)("routing_effect"))["v2"]
    assert (row["fallback_share"], row["lent_share"]) == (0.25, 0.25)


def test_placed_are_those_whom_a_named_agent_took(asked):
    row = by_name(asked(ONE_DAY)("routing_effect"))["v2"]
    assert (row["placed_share"], row["placed_first_share"]) == (0.6, 0.4)


def test_the_owner_counts_where_one_was_named(asked):
    row = by_name(asked(ONE_DAY)("routing_effect"))["v2"]
    assert row["owner_share"] == 1.0


def test_waits_are_over_all_contacts_that_asked(asked):
    row = by_name(asked(ONE_DAY)("routing_effect"))["v2"]
    assert row["avg_wait_s"] == pytest.approx((2 + 4 + 6 + 12 + 30) / 5)


def test_the_spread_over_agents_is_told(asked):
    row = by_name(asked(ONE_DAY)("routing_effect"))["v2"]
    taken = (3, 1, 1)
    mean = fmean(taken)
    spread = sqrt(fmean((each - mean) ** 2 for each in taken)) / mean
    assert (row["agents"], row["agents_cv"]) == (3, pytest.approx(spread))


def test_reasons_are_told_apart(asked):
    rows = by_name(asked(ONE_DAY)("routing_effect", by="reason"))
    found = {name: row["contacts"] for name, row in rows.items()}
    assert found == {"LEAST_WORKLOAD": 4, "NONE_FREE": 1, "NO_ANSWER": 1}


def test_fewer_than_five_days_have_no_interval(asked):
    row = by_name(asked(ONE_DAY)("routing_effect"))["v2"]
    assert (row["avg_wait_s_ci95"], row["fallback_share_ci95"]) == (None, None)


def test_the_interval_is_students_over_days(asked):
    row = by_name(asked(FIVE_DAYS)("routing_effect"))["v2"]
    days, contacts = len(WAITS), sum(map(len, WAITS))
    mean = sum(map(sum, WAITS)) / contacts
    squares = sum((sum(day) - mean * len(day)) ** 2 for day in WAITS)
    half = t.ppf(0.975, days - 1) * sqrt(squares * days / (days - 1)) / contacts
    assert row["avg_wait_s"] == pytest.approx(mean)
    assert row["avg_wait_s_ci95"] == pytest.approx(half, rel=0.003)


def test_before_and_after_a_day(asked):
    rows = by_name(asked(FIVE_DAYS)("routing_effect", by="period", after="2026-01-07"))
    assert {name: row["contacts"] for name, row in rows.items()} == {"before": 3, "after": 6}


def test_what_the_flows_write_down_reaches_the_tables():
    written = {"decision", "reason", "policy", "affinity", "agent1", "agent10"}
    assert written <= set(Taxonomy().kept_attributes)
