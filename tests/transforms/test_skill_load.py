"""Work offered per skill, worked by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tests.transforms.landed import at, table
from transforms import tables
from transforms.skill_load import NEEDED, PRIOR_CONTACTS, skill_loads

DAY = date(2024, 5, 6)
NINE = at("2024-05-06T09:00:00")


def statistic(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "day": DAY,
        "instance_id": "i-1",
        "contact_id": f"c-{number}",
        "journey_id": f"c-{number}",
        "initiation_timestamp": NINE,
        "enqueue_timestamp": NINE,
        "queue_name": "Billing",
        "skill": "Billing",
        "category": "invoice",
        "task": "explain",
        "is_queued": 1,
        "is_handled": 0,
        "is_abandoned": 0,
    } | fields


def answered(number: int, handle_ms: int | None, wait_ms: int | None = 0, **fields: Any) -> Any:
    times = {"handle_time_ms": handle_ms, "queue_time_ms": wait_ms}
    return statistic(number, is_handled=1, **times, **fields)


def abandoned(number: int, wait_ms: int, **fields: Any) -> dict[str, Any]:
    return statistic(number, is_abandoned=1, queue_time_ms=wait_ms, **fields)


def loads(*contacts: dict[str, Any]) -> list[dict[str, Any]]:
    rows = table(tables.CONTACT_STATISTIC_RECORD, contacts).select(NEEDED)
    return tables.SKILL_LOAD.conform(skill_loads(rows)).to_pylist()


def test_contacts_of_a_quarter_hour_queue_and_category_add_up():
    [found] = loads(answered(1, 60_000, 5_000), answered(2, 90_000, 50_000), abandoned(3, 30_000))
    names = ("contacts_queued", "contacts_answered", "contacts_abandoned", "contacts_removed_20s")
    assert [found[name] for name in names] == [3, 2, 1, 1]
    assert (found["wait_ms"], found["breach_ms"]) == (85_000, 40_000)
    assert found["handle_time_ms"] == 150_000


def test_an_abandoned_contact_counts_with_the_mean_handle_time():
    [found] = loads(answered(1, 60_000), answered(2, 90_000), abandoned(3, 30_000))
    assert found["offered_load_ms"] == 150_000 + 75_000


def test_the_mean_of_few_is_drawn_to_that_of_all_skills():
    orders = {"queue_name": "Orders", "skill": "Orders"}
    found = loads(answered(1, 100_000), answered(2, 200_000, **orders), abandoned(3, 0, **orders))
    by_skill = (200_000 + PRIOR_CONTACTS * 150_000) // (1 + PRIOR_CONTACTS)
    by_hour = (200_000 + PRIOR_CONTACTS * by_skill) // (1 + PRIOR_CONTACTS)
    assert [row["offered_load_ms"] for row in found] == [100_000, 200_000 + by_hour]


def test_many_contacts_of_an_hour_tell_their_own_mean():
    """2,000 of 300 s at ten o'clock, as many of 60 s at nine: who abandons at ten counts 300 s."""
    ten: dict[str, datetime] = {"enqueue_timestamp": at("2024-05-06T10:00:00")}
    contacts = [answered(n, 60_000) for n in range(2000)]
    contacts += [answered(2000 + n, 300_000, **ten) for n in range(2000)]
    found = loads(*contacts, abandoned(4000, 0, **ten))
    assert abs(found[1]["offered_load_ms"] - 2001 * 300_000) < 1_000


def test_a_handled_contact_without_a_handle_time_counts_with_the_mean_too():
    [found] = loads(answered(1, 60_000), answered(2, None))
    assert (found["offered_load_ms"], found["contacts_handle_timed"]) == (120_000, 1)


def test_a_contact_that_left_for_another_queue_brings_no_load():
    [found] = loads(answered(1, 60_000), statistic(2, queue_time_ms=10_000))
    assert (found["offered_load_ms"], found["wait_ms"]) == (60_000, 10_000)


def test_a_contact_counts_when_it_entered_the_queue():
    [found] = loads(answered(1, 1, enqueue_timestamp=at("2024-05-06T09:16:00")))
    assert found["interval_start"] == at("2024-05-06T09:15:00")


def test_a_contact_that_enters_the_queue_after_midnight_stays_on_its_day():
    [found] = loads(answered(1, 1, enqueue_timestamp=at("2024-05-07T00:01:00")))
    assert (found["day"], found["interval_start"]) == (DAY, NINE)


def test_contacts_of_agents_own_queues_are_left_out():
    assert loads(answered(1, 1, queue_name=None, skill=None)) == []


def test_contacts_that_never_queued_are_left_out():
    assert loads(statistic(1, is_queued=0, enqueue_timestamp=None)) == []
