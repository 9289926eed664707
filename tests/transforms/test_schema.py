"""What a table definition makes of data."""

from __future__ import annotations

import pyarrow as pa
import pytest

from transforms.schema import Column, SchemaError, Table
from transforms.tables import TABLES

TABLE = Table(
    "thing",
    "One row per thing.",
    (
        Column("name", pa.string(), "What it is called", required=True),
        Column("size", pa.int64(), "How big it is"),
    ),
    key=("name",),
)


def test_conform_selects_orders_and_casts():
    data = pa.table({"extra": [True], "size": pa.array([7], pa.int32()), "name": ["x"]})
    expected = pa.Table.from_pylist([{"name": "x", "size": 7}], schema=TABLE.schema)
    assert expected.equals(TABLE.conform(data))


def test_conform_can_take_some_of_the_columns():
    assert TABLE.conform(pa.table({"size": [7]}), ["size"]).column_names == ["size"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": ["x"]}, "thing: column size is missing"),
        ({"name": ["x"], "size": ["big"]}, r"thing\.size: .*big"),
        ({"name": ["x"], "size": [1.5]}, r"thing\.size: "),
        ({"name": ["x", None], "size": [1, 2]}, r"thing\.name: 1 nulls"),
        ({"name": ["x"], "size": [[1]]}, r"thing\.size: "),
    ],
)
def test_what_does_not_conform_names_the_column(data, message):
    with pytest.raises(SchemaError, match=message):
        TABLE.conform(pa.table(data))


def test_fields_carry_their_sentence():
    assert TABLE.schema.field("size").metadata == {b"doc": b"How big it is"}


def test_a_table_with_a_day_is_daily():
    daily = Table("t", "One row.", (Column("day", pa.date32(), "Day"),), key=("day",))
    assert (daily.is_daily, TABLE.is_daily) == (True, False)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_keys_and_orders_name_columns_of_the_table(table):
    assert set(table.key) | set(table.sort_by) <= set(table.names)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_empty_table_conforms(table):
    assert table.conform(table.empty()).equals(table.empty())
