"""Which version of a record stays, and which days that touches."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from tests.transforms.landed import versions, work
from transforms import tables
from transforms.facts import key_hashes
from transforms.schema import SchemaError
from transforms.versions import changed_days, key_days, newest, only, straddling, without

TABLE = tables.WORK_ITEM
OLD = work(Status="OPEN", LastUpdateTimestamp="2024-05-06T10:00:00Z")
NEW = work(Status="CLOSED", LastUpdateTimestamp="2024-05-06T11:00:00Z")
OTHER = work(WorkItemId="w-2", AgentUsername="ada")
MOVED = NEW | {"OpenedTimestamp": "2024-05-07T09:00:00Z"}
SIXTH, SEVENTH = date(2024, 5, 6), date(2024, 5, 7)


def rows(*records):
    return versions("work_item", records)


def ids(data: pa.Table) -> list[str]:
    return sorted(data.column("work_item_id").to_pylist())


def keys(*records) -> np.ndarray:
    return np.unique(key_hashes(rows(*records), TABLE))


def test_the_latest_update_stays():
    assert newest(rows(NEW, OLD), TABLE).rows.column("status").to_pylist() == ["CLOSED"]


def test_every_row_in_is_a_row_out_a_duplicate_or_superseded():
    found = newest(rows(OLD, NEW, OLD, NEW, NEW, OTHER), TABLE)
    assert (found.rows.num_rows, found.duplicates, found.superseded) == (2, 3, 1)


def test_of_two_versions_of_one_instant_the_order_of_delivery_does_not_decide():
    here, there = OLD | {"Status": "A"}, OLD | {"Status": "B"}
    assert newest(rows(here, there), TABLE).rows.equals(newest(rows(there, here), TABLE).rows)


def test_the_order_of_the_file_is_the_tables_own():
    late, early = ("2024-05-06T11:00:00Z", "2024-05-06T10:00:00Z")
    found = newest(
        rows(
            work(WorkItemId="c", AgentUsername="bo", OpenedTimestamp=early),
            work(WorkItemId="b", AgentUsername="al", OpenedTimestamp=late),
            work(WorkItemId="a", AgentUsername="al", OpenedTimestamp=late),
        ),
        TABLE,
    )
    assert found.rows.column("work_item_id").to_pylist() == ["a", "b", "c"]


def test_the_newest_of_nothing_is_nothing():
    assert newest(TABLE.empty(), TABLE) == (TABLE.empty(), 0, 0)


def test_rows_without_a_required_column_are_refused():
    with pytest.raises(SchemaError, match=r"work_item: column day is missing"):
        newest(rows(OLD).drop_columns("day"), TABLE)


def test_keys_on_several_days_straddle():
    found = straddling(key_days(rows(OLD, MOVED, OTHER, MOVED), TABLE))
    assert found.tolist() == keys(OLD).tolist()


def test_versions_on_one_day_do_not_straddle():
    assert straddling(key_days(rows(OLD, NEW), TABLE)).tolist() == []


def test_of_no_version_no_key_straddles():
    assert straddling(key_days(rows(), TABLE)).tolist() == []


def test_without_and_only_part_the_rows():
    data, part = rows(OLD, NEW, OTHER), keys(OLD)
    assert (ids(without(data, part, TABLE)), ids(only(data, part, TABLE))) == (
        ["w-2"],
        ["w-1", "w-1"],
    )


def test_without_no_keys_is_everything():
    assert ids(without(rows(OLD, OTHER), keys(), TABLE)) == ["w-1", "w-2"]


@pytest.mark.parametrize("part", [without, only])
def test_parts_keep_the_schema(part):
    assert TABLE.schema.equals(part(rows(OLD, OTHER), keys(OLD), TABLE).schema)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([OLD], [OLD], []),
        ([], [OLD], [SIXTH]),
        ([OLD], [], [SIXTH]),
        ([OLD], [NEW], [SIXTH]),
        ([OLD], [MOVED], [SIXTH, SEVENTH]),
        ([OLD, OTHER], [OTHER, OLD], []),
    ],
)
def test_days_change_where_versions_do(before, after, expected):
    assert expected == changed_days(rows(*before), rows(*after), TABLE)
