"""Landed objects in pieces: no line is lost, none comes twice, each knows where it stood."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_jobs import raw
from ingestion.store import FolderStore


def landed(folder: Path, *objects: list[str]) -> FolderStore:
    store = FolderStore(folder)
    for number, lines in enumerate(objects):
        data = "".join(f"{line}\n" for line in lines).encode()
        store.put(f"raw/kind/{number}.gz", gzip.compress(data))
    return store


def told(store: FolderStore, limit: int, *, whole: bool = False) -> list[list[tuple[str, str]]]:
    """Each piece's lines, with the object and the place that each says it stood at."""
    found = (raw.pieces if whole else raw.small_pieces)(store, raw.sizes(store, "kind"), limit)
    return [
        [
            (line.rstrip("\n"), *piece.origin(at)[:2])
            for at, line in enumerate(piece.lines["line"].to_pylist())
        ]
        for piece in found
    ]


def test_a_large_object_is_in_several_pieces(tmp_path: Path):
    found = told(landed(tmp_path, ["aaaa", "bbbb", "cccc"]), 10)
    assert [[line for line, *_ in piece] for piece in found] == [["aaaa", "bbbb"], ["cccc"]]


def test_small_objects_share_a_piece(tmp_path: Path):
    assert [len(piece) for piece in told(landed(tmp_path, ["a"], ["b"], ["c"]), 4)] == [2, 1]


def test_a_line_knows_its_object_and_its_place_there(tmp_path: Path):
    found = [line for piece in told(landed(tmp_path, ["a", "bbbb"], ["c"]), 2) for line in piece]
    first, second = "raw/kind/0.gz", "raw/kind/1.gz"
    assert found == [("a", first, "line 1"), ("bbbb", first, "line 2"), ("c", second, "line 1")]


def test_an_object_begins_in_one_piece_alone(tmp_path: Path):
    store = landed(tmp_path, ["a"] * 5, ["b"] * 5)
    found = raw.small_pieces(store, raw.sizes(store, "kind"), 4)
    assert sum(start >= 0 for piece in found for start in piece.starts) == 2


lines = st.lists(st.text("ab", max_size=5), min_size=1, max_size=8)


@given(st.lists(lines, min_size=1, max_size=4), st.integers(1, 20))
def test_every_line_comes_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, objects: list[list[str]], limit: int
):
    store = landed(tmp_path_factory.mktemp("raw"), *objects)
    expected = [
        (line, f"raw/kind/{number}.gz", f"line {place}")
        for number, each in enumerate(objects)
        for place, line in enumerate(each, 1)
    ]
    for whole in (True, False):
        found = told(store, limit, whole=whole)
        assert [line for piece in found for line in piece] == expected
