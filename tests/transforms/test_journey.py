"""Chains of contacts, told by hand: who belongs to which, and what came of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.landed import at, table
from transforms import tables
from transforms.contact_statistic_record import contact_statistic_records
from transforms.journey import NEEDED, journeys

NINE = at("2024-05-06T09:00:00")


def leg(contact_id: str, minute: float = 0, **fields: Any) -> dict[str, Any]:
    """A contact begun so many minutes after nine."""
    begun: datetime = NINE + timedelta(minutes=minute)
    return {
        "day": begun.date(),
        "instance_id": "i-1",
        "contact_id": contact_id,
        "initiation_timestamp": begun,
        "category": "invoice",
        "task": "explain",
    } | fields


def queued(name: str = "Billing", wait_ms: int = 10_000) -> dict[str, Any]:
    return {"queue_name": name, "queue_enqueue_timestamp": NINE, "queue_duration_ms": wait_ms}


def handled(by: str = "ada", talk_ms: int = 60_000) -> dict[str, Any]:
    return {
        "agent_connected_to_agent_timestamp": NINE,
        "agent_id": by,
        "agent_username": by,
        "agent_interaction_duration_ms": talk_ms,
    }


def after(previous: str, method: str = "TRANSFER", root: str = "c-1") -> dict[str, Any]:
    return {
        "initial_contact_id": root,
        "previous_contact_id": previous,
        "initiation_method": method,
    }


def cold(to: str) -> dict[str, Any]:
    return {"next_contact_id": to, "transfer_completed_timestamp": NINE}


def told(*legs: dict[str, Any]) -> list[dict[str, Any]]:
    """The journeys of contacts."""
    contacts = contact_statistic_records(table(tables.CONTACT_RECORD, legs))
    statistics = tables.CONTACT_STATISTIC_RECORD.conform(contacts, NEEDED)
    return tables.JOURNEY.conform(journeys(statistics)).to_pylist()


def one(*legs: dict[str, Any]) -> dict[str, Any]:
    [journey] = told(*legs)
    return journey


def test_a_contact_alone_is_a_journey_of_one_leg():
    expected = {
        "day": date(2024, 5, 6),
        "instance_id": "i-1",
        "journey_id": "c-1",
        "is_complete": 1,
        "started_at": NINE,
        "ended_at": at("2024-05-06T09:03:20"),
        "customer_id": "c-77",
        "channel": "VOICE",
        "initiation_method": "INBOUND",
        "category": "invoice",
        "task": "explain",
        "legs": 1,
        "contacts_queued": 1,
        "contacts_handled": 1,
        "contacts_abandoned": 0,
        "is_abandoned": 0,
        "transfers": 0,
        "transfers_cold": 0,
        "transfers_warm": 0,
        "callbacks": 0,
        "queues": ["Billing"],
        "queues_visited": 1,
        "is_ping_pong": 0,
        "agents": 1,
        "wait_ms": 10_000,
        "handle_time_ms": 60_000,
        "resolution_time_ms": 200_000,
        "last_queue_name": "Billing",
        "last_agent_username": "ada",
    }
    found = one(
        leg(
            "c-1",
            **queued(),
            **handled(),
            customer_id="c-77",
            channel="VOICE",
            initiation_method="INBOUND",
            disconnect_timestamp=at("2024-05-06T09:03:00"),
            agent_after_contact_work_end_timestamp=at("2024-05-06T09:03:20"),
        )
    )
    assert expected == found


def test_the_legs_of_a_chain_are_added_up():
    found = one(
        leg("c-1", 0, **queued(wait_ms=5_000), **handled(talk_ms=30_000), **cold("c-2")),
        leg("c-2", 2, **after("c-1"), **queued("Claims", 7_000), **handled("bela", 40_000)),
        leg("c-3", 5, **after("c-2"), **queued("Orders", 90_000)),
    )
    expected = {
        "legs": 3,
        "contacts_queued": 3,
        "contacts_handled": 2,
        "contacts_abandoned": 1,
        "is_abandoned": 1,
        "wait_ms": 5_000 + 7_000 + 90_000,
        "handle_time_ms": 30_000 + 40_000,
        "agents": 2,
        "queues": ["Billing", "Claims", "Orders"],
        "last_queue_name": "Orders",
        "last_agent_username": "bela",
    }
    assert expected == {name: found[name] for name in expected}


def test_an_abandoned_leg_that_is_not_the_last_does_not_make_the_journey_abandoned():
    found = one(leg("c-1", 0, **queued()), leg("c-2", 9, **after("c-1", "CALLBACK"), **handled()))
    assert (found["contacts_abandoned"], found["is_abandoned"], found["callbacks"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("legs", "cold_warm_all"),
    [
        ([leg("c-1")], (0, 0, 0)),
        # the first agent left before the second answered
        ([leg("c-1", **cold("c-2")), leg("c-2", 1, **after("c-1"))], (1, 0, 1)),
        # the first agent stayed
        ([leg("c-1", next_contact_id="c-2"), leg("c-2", 1, **after("c-1"))], (0, 1, 1)),
        # out of the centre: no contact follows
        ([leg("c-1", transfer_completed_timestamp=NINE)], (1, 0, 1)),
        # out of a queue by its flow
        ([leg("c-1"), leg("c-2", 1, **after("c-1", "QUEUE_TRANSFER"))], (0, 0, 1)),
        # a callback is no transfer
        ([leg("c-1"), leg("c-2", 1, **after("c-1", "CALLBACK"))], (0, 0, 0)),
        # both kinds after one another
        (
            [
                leg("c-1", **cold("c-2")),
                leg("c-2", 1, **after("c-1")),
                leg("c-3", 2, **after("c-2")),
            ],
            (1, 1, 2),
        ),
        # the contact before is missing: a transfer of which nobody knows the kind
        ([leg("c-1"), leg("c-3", 2, **after("c-2"))], (0, 0, 1)),
    ],
)
def test_transfers_are_told_apart_by_what_the_contact_before_says(legs, cold_warm_all):
    found = one(*legs)
    kinds = ("transfers_cold", "transfers_warm", "transfers")
    assert cold_warm_all == tuple(found[kind] for kind in kinds)


@pytest.mark.parametrize(
    ("visited", "queues", "different", "ping_pong"),
    [
        ((None,), [], 0, 0),
        (("A", "B"), ["A", "B"], 2, 0),
        (("A", "A"), ["A"], 1, 0),
        (("A", "B", "A"), ["A", "B", "A"], 2, 1),
        (("A", None, "A"), ["A"], 1, 0),
        (("A", "B", None, "A"), ["A", "B", "A"], 2, 1),
        (("A", "B", "C", "A"), ["A", "B", "C", "A"], 3, 1),
    ],
)
def test_ping_pong_is_coming_back_to_a_queue_that_was_left(visited, queues, different, ping_pong):
    legs = [
        leg(f"c-{n}", n, queue_name=name, **(after("c-1") if n > 1 else {}))
        for n, name in enumerate(visited, start=1)
    ]
    found = one(*legs)
    assert (queues, different, ping_pong) == (
        found["queues"],
        found["queues_visited"],
        found["is_ping_pong"],
    )


def test_what_the_first_leg_does_not_say_the_next_one_does():
    found = one(
        leg("c-1", 0, initiation_method="INBOUND"),
        leg("c-2", 1, **after("c-1"), channel="VOICE", customer_id="c-77"),
        leg("c-3", 2, **after("c-2"), channel="CHAT", customer_id="c-88"),
    )
    assert (found["initiation_method"], found["channel"], found["customer_id"]) == (
        "INBOUND",
        "VOICE",
        "c-77",
    )


def test_the_first_leg_is_the_one_that_the_chain_is_named_after():
    """Equal instants are common: stamps are whole seconds."""
    found = one(leg("c-1", category="refund"), leg("a-0", category="loan", **after("c-1")))
    assert found["category"] == "refund"


def test_resolution_runs_from_the_first_initiation_to_the_latest_end():
    found = one(
        leg("c-1", 0, disconnect_timestamp=NINE + timedelta(minutes=2)),
        leg("c-2", 1, **after("c-1"), disconnect_timestamp=NINE + timedelta(minutes=30)),
        leg("c-3", 3, **after("c-2"), disconnect_timestamp=NINE + timedelta(minutes=9)),
    )
    assert found["resolution_time_ms"] == 30 * 60_000


def test_a_journey_of_which_no_end_is_known_has_no_resolution_time():
    found = one(leg("c-1"))
    assert (found["ended_at"], found["resolution_time_ms"]) == (None, None)


@pytest.mark.parametrize(
    ("days", "rows"),
    [
        (0, [(date(2024, 5, 6), 1, 2)]),
        (7, [(date(2024, 5, 6), 1, 2)]),
        (8, [(date(2024, 5, 6), 1, 1), (date(2024, 5, 14), 0, 1)]),
        (-1, [(date(2024, 5, 5), 0, 1), (date(2024, 5, 6), 1, 1)]),
    ],
)
def test_legs_of_the_seven_days_after_the_first_belong_to_it(days, rows):
    found = told(leg("c-1"), leg("c-2", days * 24 * 60, **after("c-1")))
    assert rows == [
        (row["day"], row["is_complete"], row["legs"])
        for row in sorted(found, key=lambda row: row["day"])
    ]


def test_legs_without_their_first_contact_are_a_row_of_their_own_day_not_complete():
    found = told(
        leg("c-2", 1, **after("c-1")),
        leg("c-3", 2, **after("c-2")),
        leg("c-4", 24 * 60, **after("c-3")),
    )
    assert [(row["journey_id"], row["is_complete"], row["legs"]) for row in found] == [
        ("c-1", 0, 2),
        ("c-1", 0, 1),
    ]


def test_chains_of_two_instances_do_not_mix():
    found = told(leg("c-1"), leg("c-2", 1, **after("c-1"), instance_id="i-2"))
    assert sorted((row["instance_id"], row["legs"]) for row in found) == [("i-1", 1), ("i-2", 1)]


# -- laws, over chains that run on for days -----------------------------------------------------

CHAINS = [
    leg(
        f"c-{number}",
        1440 * (number * 5 % 17),
        **(after(f"c-{number * 3 % 12}", root=f"c-{number % 4}") if number % 12 > 3 else {}),
        **(queued("AB"[number % 2]) if number % 3 else {}),
    )
    for number in range(48)
]
some = st.lists(st.sampled_from(range(len(CHAINS))), max_size=30, unique=True)


def statistics(numbers: list[int]) -> pa.Table:
    contacts = table(tables.CONTACT_RECORD, [CHAINS[number] for number in numbers])
    return tables.CONTACT_STATISTIC_RECORD.conform(contact_statistic_records(contacts), NEEDED)


def made(rows: pa.Table) -> pa.Table:
    return tables.JOURNEY.conform(journeys(rows))


@given(some)
def test_journeys_do_not_depend_on_the_order_of_contacts(numbers):
    rows = statistics(numbers)
    assert made(rows).equals(made(rows.take(pa.array(range(len(rows) - 1, -1, -1), pa.int64()))))


@given(some, st.integers(0, 17))
def test_a_day_of_journeys_needs_the_contacts_of_seven_days_around(numbers, after_first):
    rows = statistics(numbers)
    day = NINE.date() + timedelta(days=after_first)
    near = pc.field("day").isin([day + timedelta(days=n) for n in range(-7, 8)])
    on_day = pc.field("day") == day
    assert made(rows).filter(on_day).equals(made(rows.filter(near)).filter(on_day))


@given(some)
def test_every_contact_is_a_leg_of_one_journey(numbers):
    assert len(numbers) == sum(made(statistics(numbers)).column("legs").to_pylist())
