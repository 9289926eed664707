"""Queries over Arrow tables, asked once and again; texts as SQL literals."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.duck import literal, rows


@given(st.text(st.sampled_from("a'\"\\;-\n%"), max_size=12))
def test_a_literal_is_the_text_that_it_was_made_of(text):
    assert rows(f"SELECT {literal(text)} AS text").to_pylist() == [{"text": text}]


def double(*numbers: int) -> list[int]:
    table = pa.table({"n": pa.array(numbers, pa.int64())})
    found: list[int] = rows("SELECT 2 * n AS twice FROM t", t=table)["twice"].to_pylist()
    return found


def test_a_query_that_is_asked_again_sees_the_rows_it_is_given_now():
    assert [double(1, 2), double(), double(3)] == [[2, 4], [], [6]]


def test_a_query_that_is_asked_again_may_be_given_other_columns():
    sql = "SELECT * FROM t"
    for table in (pa.table({"a": [1]}), pa.table({"a": ["x"], "b": [None]}), pa.table({"a": [2]})):
        assert rows(sql, t=table).to_pylist() == table.to_pylist()


def test_a_query_that_failed_can_be_asked_again():
    sql = "SELECT CAST(text AS INT) AS n FROM t"
    with pytest.raises(duckdb.ConversionException):
        rows(sql, t=pa.table({"text": ["one"]}))
    assert rows(sql, t=pa.table({"text": ["1"]})).to_pylist() == [{"n": 1}]


def test_rows_are_not_kept_once_the_query_has_run():
    table = pa.table({"text": ["a" * 1000]})
    before = sys.getrefcount(table)
    rows("SELECT text FROM t", t=table)
    assert sys.getrefcount(table) == before


def test_threads_that_ask_the_same_get_their_own_answers():
    with ThreadPoolExecutor(8) as threads:
        found = [*threads.map(lambda n: double(*range(n)), range(200))]
    assert found == [[2 * n for n in range(count)] for count in range(200)]


def test_more_queries_than_are_kept_all_answer():
    expected = [[{"n": n}] for n in range(100)]
    for _ in range(2):
        assert [rows(f"SELECT {n} AS n").to_pylist() for n in range(100)] == expected
