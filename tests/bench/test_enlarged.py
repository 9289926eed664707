from datetime import date, datetime

import pyarrow as pa

from tests.bench.enlarged import moved
from transforms.tables import CONTACT_RECORD, JOURNEY

AT = datetime(2026, 1, 5, 9)  # noqa: DTZ001 - the lake's instants are UTC without a zone
CONTACTS = pa.Table.from_pylist(
    [
        {
            "instance_id": "i",
            "contact_id": contact_id,
            "queue_name": queue,
            "category": "c",
            "initiation_timestamp": AT,
            "customer_id": "customer",
            "day": AT.date(),
        }
        for contact_id, queue in (("b", "billing"), ("a", "sales"))
    ]
)
JOURNEYS = pa.Table.from_pylist(
    [
        {
            "instance_id": "i",
            "journey_id": "a",
            "category": "c",
            "started_at": AT,
            "day": AT.date(),
        }
    ]
)


def test_days_and_instants_are_moved_by_whole_weeks():
    row = moved(CONTACTS, CONTACT_RECORD, 2, 1).to_pylist()[0]
    assert (row["day"], row["initiation_timestamp"]) == (
        date(2026, 1, 19),
        AT.replace(day=19),
    )


def test_the_week_itself_keeps_its_contacts_ids():
    assert moved(CONTACTS, CONTACT_RECORD, 0, 1)["contact_id"].to_pylist() == ["b", "a"]


def test_a_copy_of_a_contact_has_the_same_id_in_every_table():
    contacts = moved(CONTACTS, CONTACT_RECORD, -3, 2).to_pylist()
    journeys = moved(JOURNEYS, JOURNEY, -3, 2).to_pylist()
    ids = {row["contact_id"] for row in contacts if row["queue_name"] == "sales"}
    assert {row["journey_id"] for row in journeys} == ids


def test_no_two_copies_of_a_contact_share_an_id():
    weeks = [moved(CONTACTS, CONTACT_RECORD, week, 3) for week in (0, 1)]
    ids = pa.concat_tables(weeks)["contact_id"].to_pylist()
    assert len(set(ids)) == 12


def test_copies_are_sorted_as_a_build_sorts_them():
    queues = moved(CONTACTS, CONTACT_RECORD, 1, 2)["queue_name"].to_pylist()
    assert queues == ["billing", "billing", "sales", "sales"]


def test_customers_come_back_for_four_weeks():
    customers = {
        moved(CONTACTS, CONTACT_RECORD, week, 1)["customer_id"][0].as_py() for week in range(8)
    }
    assert len(customers) == 2
