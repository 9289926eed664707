"""Work items by hand."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.transforms.landed import lines, parsed, versions, work
from transforms import tables
from transforms.work_item import work_items


def row(**fields: Any) -> dict[str, Any]:
    [found] = parsed("work_item", [work(**fields)]).to_pylist()
    return found


def test_a_work_item_is_typed():
    found = row(
        AgentUsername="ada",
        CallType="claims",
        Status="OPEN",
        RemainingMinutes=12.5,
        Priority="high",
    )
    expected = {
        "work_item_id": "w-1",
        "agent_username": "ada",
        "call_type": "claims",
        "status": "OPEN",
        "remaining_minutes": 12.5,
        "day": date(2024, 5, 6),
        "reject_reason": None,
    }
    assert expected == {name: found[name] for name in expected}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"RemainingMinutes": "soon"}, "type_mismatch: RemainingMinutes"),
        ({"RemainingMinutes": "NaN"}, "type_mismatch: RemainingMinutes"),
        ({"RemainingMinutes": "inf"}, "type_mismatch: RemainingMinutes"),
        ({"RemainingMinutes": -0.5}, "negative: RemainingMinutes"),
        ({"OpenedTimestamp": "yesterday"}, "type_mismatch: OpenedTimestamp"),
        ({"LastUpdateTimestamp": 5}, "type_mismatch: LastUpdateTimestamp"),
        ({"WorkItemId": ""}, "missing_work_item_id"),
        ({"OpenedTimestamp": None}, "no_timestamp"),
        ({"Status": "ON_THE_MOON"}, None),
        ({"RemainingMinutes": 0}, None),
    ],
)
def test_what_cannot_be_typed_has_a_reason_and_what_is_unknown_passes(fields, expected):
    assert expected == row(**fields)["reject_reason"]


def test_a_line_that_is_not_json_is_a_reject():
    assert parsed("work_item", ["{"]).column("reject_reason").to_pylist() == ["not_json"]


def test_an_item_without_an_opening_belongs_to_the_day_of_its_update():
    found = row(OpenedTimestamp=None, LastUpdateTimestamp="2024-05-08T01:00:00Z")
    assert found["day"] == date(2024, 5, 8)


def test_a_token_is_asked_for_once_per_distinct_customer():
    asked = []
    records = [work(CustomerId=customer) for customer in ("x", "y", "x", None)]
    work_items(lines(records), lambda value: asked.append(value) or "t")
    assert sorted(asked) == ["x", "y"]


def test_no_customer_is_in_any_column():
    found = parsed("work_item", [work(CustomerId="+12025550103")]).to_pylist()
    assert "2025550103" not in json.dumps(found, default=str)


def test_a_later_update_is_a_newer_version_and_none_is_the_oldest():
    rising = [
        row(Status="CLOSED")["record_version"],
        row(LastUpdateTimestamp="2024-05-06T10:00:00Z")["record_version"],
        row(LastUpdateTimestamp="2024-05-06T10:00:00.001Z")["record_version"],
    ]
    assert sorted(set(rising)) == rising


def test_good_rows_have_the_columns_of_the_table():
    assert tables.WORK_ITEM.schema.equals(versions("work_item", [work()]).schema)
