"""Compaction puts small files together and changes no row."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from glue_jobs import compaction, ledger
from glue_jobs.compaction import TARGET_BYTES, compact, plan
from glue_jobs.lake import ConflictError, Lake, Replacement, opened
from glue_jobs.quality import AuditFailedError
from tests.few_tables import (
    MONDAY,
    TUESDAY,
    address,
    by,
    few_tables,
    items,
    names,
    put,
    ran,
    read_objects,
    scatter,
    stand_in_aws,
)
from tests.lake_program import outcome
from transforms.facts import multiset
from transforms.tables import RUN, WORK_ITEM

PROVE = os.environ.get("PROVE") == "1"


@pytest.fixture(scope="module")
def aws():
    with stand_in_aws() as running:
        yield running


@pytest.fixture(params=["folder", "glue"])
def lake(request: pytest.FixtureRequest, tmp_path: Path):
    running = request.getfixturevalue("aws") if request.param == "glue" else None
    with few_tables(address(request.param, tmp_path / "lake", running)) as lake:
        yield lake


@pytest.fixture
def folder(tmp_path: Path):
    with few_tables(address("folder", tmp_path / "lake", None)) as lake:
        yield lake


def test_the_small_files_of_a_day_become_one_and_no_row_changes(lake):
    scatter(lake, items("c", "a", "b"), MONDAY)
    scatter(lake, items("e", "d", day=TUESDAY), TUESDAY)
    before = multiset(lake.read(WORK_ITEM))
    [done] = compact(lake)
    assert (done.files_before, done.files_after, done.rows, done.days) == (5, 2, 5, 2)
    assert (len(lake.files("work_item")), multiset(lake.read(WORK_ITEM))) == (2, before)


def test_a_compacted_file_is_in_the_tables_order(folder):
    scatter(folder, items("c", "a", "b"), MONDAY)
    compact(folder)
    rows = folder.read(WORK_ITEM)
    assert rows.equals(rows.sort_by([(name, "ascending") for name in WORK_ITEM.order]))


def test_maps_and_lists_come_through(folder):
    rows = [
        {"day": MONDAY, "run_id": name, "finished_at": datetime(2026, 1, 5, hour)}  # noqa: DTZ001
        | {"code_version": "1", "inputs": [name], "rows": [("naïve", hour)], "landed": None}
        for hour, name in enumerate("ba")
    ]
    table = pa.Table.from_pylist(rows, schema=RUN.schema)
    with folder.replacement(RUN) as change:
        change.take([change.files.written(table.slice(n, 1), f"{n}", MONDAY) for n in (0, 1)], [])
    compact(folder, [RUN])
    assert folder.read(RUN, [MONDAY]).to_pylist() == table.to_pylist()


def test_a_day_of_one_file_is_left_alone(folder):
    snapshot = put(folder, "a")
    assert (compact(folder), folder.snapshot("work_item")) == ([], snapshot)


def test_compacting_twice_does_nothing_more(folder):
    scatter(folder, items("a", "b"), MONDAY)
    compact(folder)
    assert compact(folder) == []


def test_files_are_filled_up_to_the_target_size_and_then_left(folder, monkeypatch):
    ids = [f"{name}-{random.Random(name).randbytes(20_000).hex()}" for name in "abcdefg"]
    scatter(folder, items(*ids), MONDAY)
    smallest = min(file.file_size_in_bytes for file in folder.data_files(WORK_ITEM))
    monkeypatch.setattr(compaction, "TARGET_BYTES", smallest * 5 // 2)
    compact(folder)
    assert len(folder.files("work_item")) == 3  # of three, three and one
    assert names(folder) == ids
    assert compact(folder) == []


def test_what_small_files_came_to_is_put_together_again(folder, monkeypatch):
    """A file of one row is mostly its footer: together they are far below what they were."""
    scatter(folder, items(*"abcdefg"), MONDAY)
    sizes = [file.file_size_in_bytes for file in folder.data_files(WORK_ITEM)]
    monkeypatch.setattr(compaction, "TARGET_BYTES", max(sizes) * 3 - 1)
    assert [each.files_after for each in plan(folder)] == [2]
    [done] = compact(folder)
    assert (done.files_before, done.files_after, done.rows) == (7, 1, 7)
    assert names(folder) == [*"abcdefg"]
    assert len([*Path(folder.settings.lake).rglob("work_item/data/*/*.parquet")]) == 7 + 1
    assert compact(folder) == []


def test_what_would_be_done_is_what_is_done(folder):
    scatter(folder, items("a", "b"), MONDAY)
    before = folder.snapshot("work_item")
    planned = plan(folder)
    assert folder.snapshot("work_item") == before
    assert compact(folder) == planned


def test_a_row_that_gets_lost_fails_the_audit_and_nothing_is_committed(folder, monkeypatch):
    scatter(folder, items("a", "b"), MONDAY)
    before = (folder.snapshot("work_item"), names(folder))
    swap = Replacement.swap
    monkeypatch.setattr(
        Replacement, "swap", lambda change, old, rows, day: swap(change, old, rows[:1], day)
    )
    with pytest.raises(AuditFailedError, match="rows before = rows after"):
        compact(folder)
    assert (folder.snapshot("work_item"), names(folder)) == before


@pytest.mark.parametrize("other", [["a", "b", "b"], ["a"], ["a", "c"], [], ["a", "a", "b", "b"]])
def test_other_rows_are_another_multiset(other):
    assert multiset(items(*other)) != multiset(items("a", "b"))


def test_the_same_rows_in_another_order_are_the_same_multiset():
    assert multiset(items("b", "a")) == multiset(items("a", "b"))


def test_a_build_that_commits_meanwhile_makes_it_a_conflict(folder, monkeypatch):
    scatter(folder, items("a", "b"), MONDAY)

    def overtaken(rows: pa.Table) -> tuple[int, int, int]:
        monkeypatch.setattr(compaction, "multiset", multiset)
        with opened(folder.settings) as other:
            put(other, "newer", day=TUESDAY)
        return multiset(rows)

    monkeypatch.setattr(compaction, "multiset", overtaken)
    with pytest.raises(ConflictError):
        compact(folder)
    assert names(folder) == ["a", "b", "newer"]


def test_a_compaction_is_a_run_and_the_next_build_sees_no_change(folder):
    scatter(folder, items("a", "b"), MONDAY)
    ran(folder, "one", inputs=["raw/1"], taxonomy="t")
    compact(folder)
    known = ledger.known(folder)
    assert (read_objects(folder), known.taxonomy) == ({"raw/1"}, "t")
    assert folder.changed_days("work_item", known.snapshots["work_item"]) == []
    last = ledger.runs(folder, ("days",))[-1]
    assert (last["command"], last["days"]) == ("compact", [("work_item", 1)])


def test_what_a_dead_build_left_stays_changed_in_the_next_builds_eyes(folder):
    scatter(folder, items("a", "b"), MONDAY)
    ran(folder, "one")
    put(folder, "torn", day=TUESDAY)
    compact(folder)
    since = ledger.known(folder).snapshots["work_item"]
    assert folder.changed_days("work_item", since) == [MONDAY, TUESDAY]


def test_the_command_compacts_the_tables_named(folder):
    scatter(folder, items("a", "b"), MONDAY)
    where = ("--format", "csv", "--lake", folder.settings.lake)
    assert outcome("compact", "run", *where).out.count("\n") == 1  # the header
    dry = outcome("compact", "work_item", "--dry-run", *where)
    done = outcome("compact", "work_item", *where)
    assert (done.code, done.out.splitlines()[1:]) == (0, dry.out.splitlines()[1:])
    assert len(done.out.splitlines()) == 2
    assert by(folder.read(WORK_ITEM), "work_item_id") == [("a",), ("b",)]


STORM = 100_000 if PROVE else 500


@pytest.mark.parametrize("count", [pytest.param(STORM, marks=pytest.mark.heavy if PROVE else ())])
def test_a_storm_of_small_files_becomes_a_file_per_target_in_bounded_memory(folder, count):
    """F30: files of a KiB or so; the compaction runs in a process of its own, which is measured."""
    store_storm(folder, count)
    before = multiset(folder.read(WORK_ITEM))
    told = subprocess.run(
        [sys.executable, "-c", COMPACTING, folder.settings.lake],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    peak_mb = float(told[-1])
    files = folder.data_files(WORK_ITEM)
    size = sum(file.file_size_in_bytes for file in files)
    assert multiset(folder.read(WORK_ITEM)) == before
    assert len(files) <= 1 + size // TARGET_BYTES
    assert peak_mb < 2048


COMPACTING = """
import sys
from glue_jobs.compaction import compact
from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from tests.bench.machine import peak_rss_mb
from transforms.tables import WORK_ITEM
with opened(Settings(sys.argv[1])) as lake:
    [done] = compact(lake, [WORK_ITEM])
print(peak_rss_mb())
"""


def store_storm(lake: Lake, count: int) -> None:
    """So many files of one row and about a KiB of text that does not compress, in one commit."""
    with lake.replacement(WORK_ITEM) as change:
        row = items("x").to_pylist()[0]
        new = []
        for number in range(count):
            named = row | {"work_item_id": f"{number}-{os.urandom(350).hex()}"}
            one = pa.Table.from_pylist([named], schema=WORK_ITEM.schema)
            new.append(change.files.written(one, f"{number}", MONDAY))
        change.take(new, [MONDAY])
