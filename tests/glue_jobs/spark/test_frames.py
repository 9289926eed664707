"""Rows on their way through Spark: cut by hash, sent as Arrow's bytes, told apart by tag."""

from __future__ import annotations

import pickle
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs.spark import frames
from glue_jobs.spark.frames import Parcel, Told
from ingestion.errors import LakeError

KEYS = pa.table({"agent": [f"a-{n % 7}" for n in range(100)], "n": list(range(100))})
# What Spark's own types would not keep: null beside empty, the order and the nulls of a map.
ODD = pa.table(
    {
        "list": pa.array([None, [], [None], ["b", "a"]], pa.list_(pa.string())),
        "map": pa.array([None, [], [("b", None)], [("b", "1"), ("a", "2")]], pa.map_("str", "str")),
        "struct": pa.array([None, {"x": None}, {"x": 1}, None], pa.struct([("x", pa.int64())])),
    }
)


def sent(made: list[Any]) -> list[tuple[int, int, Any]]:
    """The rows of bytes that Spark gets."""
    batches = frames._sent(iter(made))
    return [(p, tag, data) for p, tag, data in frames._received(batches)]


def test_rows_arrive_as_they_were_sent():
    [(piece, tag, data)] = sent([Parcel(4, 2, ODD)])
    assert (piece, tag) == (4, 2)
    assert frames._table([data]).equals(ODD)


def test_many_rows_go_in_several_parcels(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frames, "_PARCEL_BYTES", KEYS.nbytes // 4)
    found = sent([Parcel(0, 0, KEYS)])
    assert len(found) == 4
    assert frames._table([data for *_, data in found]).equals(KEYS)


def test_no_rows_make_no_parcel():
    assert sent([Parcel(0, 0, KEYS.slice(0, 0))]) == []


def test_what_is_told_goes_to_the_driver():
    [(piece, _, data)] = sent([Told({"rows": 3})])
    assert (piece, pickle.loads(data)) == (frames._DRIVER, {"rows": 3})


def test_an_error_of_the_lake_goes_to_the_driver_as_it_is():
    def failing():
        yield Told(1)
        raise LakeError("raw/x: unreadable")

    *_, (piece, _, data) = frames._received(frames._sent(failing()))
    assert (piece, str(pickle.loads(data))) == (frames._DRIVER, "raw/x: unreadable")
