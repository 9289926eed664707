"""Only fields that stand in some record are read, and that changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.transforms.landed import contact, parsed
from tests.transforms.rich_records import rich_contact
from transforms.contact_record import RECORD
from transforms.fields import Record
from transforms.tables.columns import count, text

_TWO = Record(
    (
        text("id", "Key", path="Id", required=True),
        text("name", "Name", path="Queue.Name|QueueName"),
        count("size", "Size", path="Queue.Size"),
    )
)


def beside(record: Any, *others: Any) -> dict[str, Any]:
    """What a contact record comes to when it is parsed with others."""
    return parsed("contact_record", [record, *others]).to_pylist()[0]


def test_fields_that_stand_nowhere_are_not_read():
    here = _TWO.within([("Id",), ("Queue",), ("Queue", "Size")])
    assert [column.name for column in here.fields] == ["id", "size"]


def test_a_field_is_read_by_either_spelling():
    here = _TWO.within([("Queue",), ("Queue", "QueueName")])
    assert "name" in [column.name for column in here.fields]


def test_a_required_field_is_always_read():
    assert _TWO.within([]).shape == {"Id": "VARCHAR"}


def test_a_record_has_every_column_whatever_is_read():
    alone = parsed("contact_record", [contact()])
    assert alone.schema.equals(parsed("contact_record", [rich_contact()]).schema)


@pytest.mark.parametrize("record", [contact(), rich_contact()], ids=["poor", "rich"])
@pytest.mark.parametrize("other", [contact(ContactId="c-9"), rich_contact(), "no JSON"])
def test_a_record_is_the_same_whatever_stands_beside_it(record: Any, other: Any):
    assert beside(record) == beside(record, other)


def test_a_holder_without_fields_is_rejected_for_what_it_is():
    assert beside(contact(Queue="Sales"))["reject_reason"] == "type_mismatch: Queue"


def test_the_model_is_what_is_read_when_nothing_is_known_of_the_records():
    assert RECORD.model == RECORD.shape
