"""What docs/scale.md says follows from docs/unit_costs.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.bench import scale

COSTS = tomllib.loads(scale.UNIT_COSTS.read_text())


def test_the_page_shows_the_tables_that_follow_from_the_unit_costs():
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
    assert scale.told(COSTS) in page


def test_at_the_limit_the_last_increment_takes_a_quarter_of_an_hour():
    contacts = scale.most_contacts(COSTS, cores=4)
    assert scale.last_increment_cpu_s(COSTS, contacts) == pytest.approx(4 * 900, rel=1e-4)


def test_every_worker_has_no_more_than_it_can_do_in_time():
    assert scale.workers(cpu_s=8 * 900.0, within_s=900) == 1
    assert scale.workers(cpu_s=8 * 900.0 + 1, within_s=900) == 2


def test_shards_follow_from_bytes_and_from_records():
    lean = COSTS | {"input": COSTS["input"] | {"event_json_bytes": 10, "contact_json_bytes": 10}}
    # 7.7 M records a day, three times as many in the busiest quarter of an hour.
    assert scale.shards(lean, 1_000_000) == 1
    assert scale.shards(lean, 10_000_000) == 3


def test_what_moved_is_seen_by_filters_until_more_lands_than_a_row_group_holds():
    given = COSTS["lookup"] | {"days_kept": 10, "cpu_s_per_file": 1.0}
    costs = COSTS | {"lookup": given, "input": COSTS["input"] | {"busiest_quarter": 1}}
    few, many = 96 * 100, 96 * 100_000  # contacts a day
    read, cpu_s = scale.lookup(costs, few)
    assert read == few * 10 * given["bytes_per_key_of_filters"]
    assert cpu_s == pytest.approx(10 + 10 * 100 * given["cpu_s_per_text_and_group"])
    assert scale.lookup(costs, many) == (
        many * 10 * given["bytes_per_key"],
        many * 10 * given["cpu_s_per_key"],
    )
