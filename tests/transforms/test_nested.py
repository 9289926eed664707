"""Lists and maps within records: what becomes of every leaf, and which entries are kept."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms import duck
from transforms.fields import Record
from transforms.nested import Kept, Nested
from transforms.schema import Column
from transforms.tables.columns import COUNT, INSTANT, TEXT

_ITEM = pa.struct(
    [
        ("queue_arn", TEXT),
        ("level", pa.float64()),
        ("size", COUNT),
        ("since", INSTANT),
        ("steps", pa.list_(pa.struct([("name", TEXT), ("is_done", pa.bool_())]))),
    ]
)
_RECORD = Record(
    (
        Column("items", pa.list_(_ITEM), "Items", path="Items"),
        Column("tags", pa.map_(TEXT, TEXT), "Tags", path="Tags"),
        Column("forms", pa.map_(TEXT, pa.struct([("size", COUNT)])), "Forms", path="Forms"),
    ),
    names={"queue_arn": "Queue.ARN", "level": "ProficiencyLevel|Level"},
)


def typed(*records: Any, nested: Nested | None = None) -> pa.Table:
    """The nested columns of records."""
    lines = pa.table({"line": [json.dumps(record) for record in records]})
    rows = duck.rows(
        f"""SELECT {_RECORD.selected()}, CASE WHEN r IS NULL THEN 'not_json' END AS reject_reason
            FROM ({_RECORD.read("lines")})""",
        lines=lines,
    )
    return (nested or Nested(_RECORD)).typed(rows)


def tags(kept: Kept, *found: dict[str, str] | None, value: str | None = None) -> list[Any]:
    """What is kept of tags."""
    nested = Nested(_RECORD, {"tags": value} if value else {}, {"tags": kept})
    records = ({"Tags": each} for each in found)
    return typed(*records, nested=nested)["tags"].to_pylist()


def test_an_item_has_its_parts_in_their_types():
    item = {
        "Queue": {"ARN": "arn:q"},
        "Level": "2.5",
        "Size": 3,
        "Since": "2026-01-05T10:00:00Z",
        "Steps": [{"Name": "a", "IsDone": True}, None],
    }
    [found] = typed({"Items": [item]})["items"].to_pylist()
    assert [found[0][name] for name in ("queue_arn", "level", "size")] == ["arn:q", 2.5, 3]
    assert found[0]["since"].isoformat() == "2026-01-05T10:00:00"
    assert found[0]["steps"] == [{"name": "a", "is_done": True}, None]


def test_the_first_of_two_spellings_counts():
    [found] = typed({"Items": [{"Level": 1, "ProficiencyLevel": 2}]})["items"].to_pylist()
    assert found[0]["level"] == 2


def test_types_are_the_columns():
    found = typed({"Items": [{}], "Tags": {}, "Forms": {"f": {"Size": 1}}})
    assert [found.schema.field(c.name).type for c in _RECORD.columns] == [
        c.type for c in _RECORD.columns
    ]


@pytest.mark.parametrize("found", [None, []])
def test_null_stays_null_and_empty_stays_empty(found: Any):
    rows = typed({"Items": found, "Tags": found if found is None else {}}, {"Items": [{"Size": 1}]})
    assert rows["items"].to_pylist()[0] == found
    assert rows["tags"].to_pylist() == [found, None]


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"Size": "many"}, "Items.Size"),
        ({"Size": 1.5}, "Items.Size"),
        ({"Since": "noon"}, "Items.Since"),
        ({"Level": "high"}, "Items.ProficiencyLevel"),
        ({"Steps": [{"IsDone": True}, {"IsDone": "yes"}]}, "Items.Steps.IsDone"),
    ],
)
def test_a_leaf_that_does_not_cast_is_named_for_its_row_alone(item: Any, path: str):
    rows = typed({"Items": [{"Size": 1}]}, {"Items": [{"Size": 2}, item]}, {})
    assert rows["reject_reason"].to_pylist() == [None, f"type_mismatch: {path}", None]


def test_a_leaf_of_a_map_that_does_not_cast_is_named():
    rows = typed({"Forms": {"b": {"Size": 1}, "a": {"Size": "x"}}})
    assert rows["reject_reason"].to_pylist() == ["type_mismatch: Forms.Size"]


def test_what_was_wrong_before_stays_the_reason():
    rows = typed({"Items": [{"Size": "x"}]})
    for reason, expected in [
        ("missing_contact_id", "missing_contact_id"),
        ("type_mismatch: Queue", "type_mismatch: Queue"),
        ("negative: Size", "type_mismatch: Items.Size"),
    ]:
        raw = _raw(rows.num_rows, reason)
        assert Nested(_RECORD).typed(raw)["reject_reason"].to_pylist() == [expected]


def _raw(rows: int, reason: str) -> pa.Table:
    shapes = {
        "items": pa.list_(
            pa.struct(
                [
                    ("Queue", pa.struct([("ARN", TEXT)])),
                    ("ProficiencyLevel", TEXT),
                    ("Level", TEXT),
                    ("Size", TEXT),
                    ("Since", TEXT),
                    ("Steps", pa.list_(pa.struct([("Name", TEXT), ("IsDone", TEXT)]))),
                ]
            )
        ),
        "tags": pa.map_(TEXT, TEXT),
        "forms": pa.map_(TEXT, pa.struct([("Size", TEXT)])),
    }
    columns = {name: pa.nulls(rows, kind) for name, kind in shapes.items()}
    columns["items"] = pa.array([[{"Size": "x"}]] * rows, shapes["items"])
    return pa.table({**columns, "reject_reason": [reason] * rows})


def test_a_number_is_taken_out_of_names_within_lists():
    [found] = typed({"Items": [{"Queue": {"ARN": "tel:+12025550100"}}]})["items"].to_pylist()
    assert found[0]["queue_arn"] == "[number]"


def test_an_entry_is_kept_by_its_key_or_its_keys_beginning():
    found = tags(Kept(["a"], prefix="aws:"), {"c": "3", "aws:b": "2", "a": "1"})
    assert found == [[("a", "1"), ("aws:b", "2")]]


def test_a_map_that_is_null_stays_null_and_an_empty_one_empty_whatever_is_kept():
    assert tags(Kept(["*"]), None, {}) == [None, []]


def test_no_entry_is_kept_where_no_key_is_named():
    assert tags(Kept(()), {"a": "x"}, {"b": "y"}) == [[], []]


def test_a_key_with_a_number_in_it_is_not_kept_by_an_asterisk():
    assert tags(Kept(["*"]), {"call 202 555 0100": "x", "flow": "y"}) == [[("flow", "y")]]


def test_an_entry_is_kept_with_the_value_that_is_asked_for():
    assert tags(Kept(["a"]), {"a": "x", "b": "y"}, value="upper(text)") == [[("a", "X")]]


maps = st.none() | st.dictionaries(st.sampled_from(["a", "b", "aa", "ß", "A"]), st.text(max_size=3))


@given(st.lists(maps, min_size=1, max_size=6))
@example([{"b": "1", "a": "2"}, None, {}, {"a": "1"}])
def test_entries_come_in_the_order_of_their_keys(found: list[dict[str, str] | None]):
    expected = [
        each if each is None else sorted(each.items(), key=lambda entry: entry[0].encode())
        for each in found
    ]
    assert tags(Kept(["a", "b", "aa", "ß", "A"]), *found, value="text") == expected


items = st.lists(
    st.none()
    | st.fixed_dictionaries({}, optional={"Size": st.integers(0, 9), "Level": st.just(1.5)}),
    max_size=4,
)


@given(st.lists(st.none() | items, min_size=1, max_size=6))
@example([None, [], [None], [{}, {"Size": 1}]])
def test_items_stay_where_they_are(found: list[list[dict[str, Any] | None] | None]):
    sizes = [
        each and [item and (item["size"], item["level"]) for item in each]
        for each in typed(*({"Items": each} for each in found))["items"].to_pylist()
    ]
    assert sizes == [
        each and [None if item is None else (item.get("Size"), item.get("Level")) for item in each]
        for each in found
    ]
