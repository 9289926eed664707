"""Rows cut by hash."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from transforms.parts import part_of, split

KEYS = pa.table({"agent": [f"a-{n % 7}" for n in range(100)], "n": list(range(100))})


def test_every_row_is_in_one_part_and_equal_values_are_in_the_same():
    found = [(number, part) for number, part in split(KEYS, ["agent"], 3)]
    homes = {agent: number for number, part in found for agent in part["agent"].to_pylist()}
    assert sorted(n for _, part in found for n in part["n"].to_pylist()) == list(range(100))
    assert Counter({n: len(part) for n, part in found}) == Counter(
        homes[agent] for agent in KEYS["agent"].to_pylist()
    )


def test_one_part_takes_all_rows_as_they_are():
    assert list(split(KEYS, ["agent"], 1)) == [(0, KEYS)]
    assert part_of(KEYS, ["agent"], 1, 0) is KEYS


def test_a_part_alone_is_what_it_is_among_the_others():
    for number, part in split(KEYS, ["agent"], 3):
        assert part_of(KEYS, ["agent"], 3, number).equals(part)


def test_a_part_of_nothing_is_nothing():
    assert part_of(KEYS.slice(0, 0), ["agent"], 3, 1).num_rows == 0
