"""Violations of a table's facts, counted."""

from __future__ import annotations

import pyarrow as pa

from transforms.facts import violations
from transforms.schema import Column, Fact, Table

TABLE = Table(
    "thing",
    "One row per thing.",
    (
        Column("place", pa.string(), "Where"),
        Column("name", pa.string(), "What", required=True),
        Column("kind", pa.string(), "Kind", values=("it's", "other")),
        Column("size", pa.float64(), "Size", minimum=0.5),
        Column("start", pa.int64(), "Start"),
        Column("stop", pa.int64(), "Stop"),
    ),
    key=("place", "name"),
    facts=(Fact("it stops after it starts", "stop > start"),),
)
GOOD = {"place": "a", "name": "x", "kind": "it's", "size": 0.5, "start": 1, "stop": 2}


def broken(*rows: dict[str, object]) -> dict[str, int]:
    nullable = pa.schema([field.with_nullable(True) for field in TABLE.schema])
    data = pa.Table.from_pylist(list(rows), schema=nullable)
    return {name: count for name, count in violations(data, TABLE).items() if count}


def test_every_fact_is_named_even_if_nothing_breaks_it():
    expected = [
        "key is unique",
        "name is present",
        "kind is a known value",
        "size is at least 0.5",
        "it stops after it starts",
    ]
    assert expected == list(violations(TABLE.empty(), TABLE))


def test_good_rows_break_nothing():
    assert broken(GOOD, GOOD | {"name": "y"}) == {}


def test_a_key_that_repeats_is_counted_by_its_extra_rows():
    assert broken(GOOD, GOOD, GOOD) == {"key is unique": 2}


def test_null_and_empty_are_different_keys_and_null_equals_null():
    assert broken(GOOD | {"place": None}, GOOD | {"place": ""}) == {}
    assert broken(GOOD | {"place": None}, GOOD | {"place": None}) == {"key is unique": 1}


def test_no_separator_inside_a_value_makes_keys_equal():
    left, right = {"place": "a\x1f", "name": "b"}, {"place": "a", "name": "\x1fb"}
    assert broken(GOOD | left, GOOD | right) == {}


def test_a_missing_required_value_is_counted():
    assert broken(GOOD | {"name": None}) == {"name is present": 1}


def test_an_unknown_value_is_counted_and_null_is_none():
    found = broken(GOOD | {"kind": "its"}, GOOD | {"kind": None, "name": "y"})
    assert found == {"kind is a known value": 1}


def test_too_small_a_value_is_counted_and_null_is_none():
    found = broken(GOOD | {"size": 0.4}, GOOD | {"size": None, "name": "y"})
    assert found == {"size is at least 0.5": 1}


def test_a_row_fact_is_counted_where_it_is_false_and_not_where_it_is_unknown():
    found = broken(GOOD | {"stop": 1}, GOOD | {"stop": None, "name": "y"})
    assert found == {"it stops after it starts": 1}
