"""Journeys and repeats as the questions answer them, worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.hand_made_lake import Ask, Contacts, asking, contact, queued
from tests.transforms.landed import at


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Contacts], Ask]]:
    with asking(tmp_path_factory.mktemp("journeys")) as of:
        yield of


def visit(contact_id: str, day: float, customer: str | None = "c-7", **fields: Any) -> Any:
    """A contact of ten minutes, so many days after the first of January."""
    begun = at("2026-01-01") + timedelta(days=day)
    return contact(
        contact_id,
        initiation_timestamp=begun,
        disconnect_timestamp=begun + timedelta(minutes=10),
        customer_id=customer,
        **fields,
    )


VISITS = (
    visit("first", 0),
    visit("second", 5),
    visit("third", 13),  # eight days after the second
    visit("other", 6, "c-8"),
    visit("unknown", 6, None),
    visit("unknown-too", 7, None),
    visit("refund", 20, "c-9", category="refund", **queued(30)),
    visit(
        "refund-2",
        20,
        "c-9",
        category="refund",
        initiation_method="TRANSFER",
        initial_contact_id="refund",
        previous_contact_id="refund",
        **queued(60, "Claims"),
    ),
    visit(
        "refund-3",
        20.5,
        "c-9",
        category="refund",
        initiation_method="TRANSFER",
        initial_contact_id="refund",
        previous_contact_id="refund-2",
        **queued(15),
    ),
)


@pytest.mark.parametrize(
    ("within_days", "repeated"),
    [
        (7, {"first": 1, "second": 0, "third": 0}),
        (8, {"first": 1, "second": 1, "third": 0}),
        (4, {"first": 0, "second": 0, "third": 0}),
    ],
)
def test_a_journey_is_repeated_if_its_customer_begins_another_in_time(asked, within_days, repeated):
    rows = asked(VISITS)("journeys", within_days=str(within_days))
    assert repeated == {
        row["journey_id"]: row["is_repeated"] for row in rows if row["customer_id"] == "c-7"
    }


def test_a_customer_whom_nobody_knows_is_not_known_to_come_again(asked):
    rows = asked(VISITS)("journeys")
    assert [row["is_repeated"] for row in rows if row["customer_id"] is None] == [None, None]


def test_the_legs_of_a_journey_are_no_repeat_of_it(asked):
    [row] = asked(VISITS)("journeys", from_day="2026-01-21", to_day="2026-01-21")
    assert (row["journey_id"], row["legs"], row["is_repeated"]) == ("refund", 3, 0)
    assert row["resolution_time_s"] == (12 * 60 + 10) * 60
    assert row["queues"] == "Billing > Claims > Billing"


def test_a_repeat_after_the_period_is_seen(asked):
    [row] = asked(VISITS)("journeys", from_day="2026-01-01", to_day="2026-01-01")
    assert row["repeated_at"] == at("2026-01-06")


def test_journeys_come_the_latest_first(asked):
    rows = asked(VISITS)("journeys")
    assert [row["journey_id"] for row in rows] == [
        *("refund", "third", "unknown-too", "other", "unknown", "second", "first"),
    ]


def test_repeats_transfers_and_waits_by_category(asked):
    invoice, refund = asked(VISITS)("repeat_contacts")
    assert invoice == {
        "category": "invoice",
        "journeys": 6,
        "journeys_of_known_customers": 4,
        "journeys_repeated": 1,
        "repeat_share": 1 / 4,
        "first_contact_resolution": 3 / 4,
        "journeys_abandoned": 0,
        "transfers": 0,
        "transfers_cold": 0,
        "transfers_warm": 0,
        "transferred_share": 0.0,
        "ping_pong_share": 0.0,
        "avg_legs": 1.0,
        "avg_wait_s": 0.0,
        "avg_resolution_time_s": 600.0,
    }
    assert refund == {
        "category": "refund",
        "journeys": 1,
        "journeys_of_known_customers": 1,
        "journeys_repeated": 0,
        "repeat_share": 0.0,
        "first_contact_resolution": 1.0,
        "journeys_abandoned": 1,
        "transfers": 2,
        "transfers_cold": 0,
        "transfers_warm": 2,
        "transferred_share": 1.0,
        "ping_pong_share": 1.0,  # Billing, Claims, Billing
        "avg_legs": 3.0,
        "avg_wait_s": 30 + 60 + 15.0,
        "avg_resolution_time_s": 43_800.0,
    }


def test_a_period_without_journeys_has_no_categories(asked):
    day = date(2025, 1, 1).isoformat()
    assert asked(VISITS)("repeat_contacts", from_day=day, to_day=day) == []
