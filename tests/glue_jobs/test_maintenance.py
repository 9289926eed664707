"""Expiry frees what nobody needs and never what somebody may still read."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from pyiceberg.table.metadata import TableMetadata

from glue_jobs import history, ledger, maintenance
from glue_jobs.commands_maintenance import age
from glue_jobs.history import rollback, target
from glue_jobs.lake import ConflictError, Lake
from glue_jobs.maintenance import Freed, expire
from tests.few_tables import (
    MONDAY,
    TUESDAY,
    address,
    few_tables,
    items,
    later,
    names,
    put,
    ran,
    scatter,
    stand_in_aws,
    stored,
)
from tests.lake_program import outcome
from transforms.tables import WORK_ITEM

WEEK, MONTH = timedelta(days=7), {"days": 30}


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


def snapshots(lake: Lake) -> list[int]:
    return [each.snapshot_id for each in lake.iceberg("work_item").snapshots()]


def data(lake: Lake) -> set[str]:
    return {key for key in stored(lake) if "/data/" in key}


def orphan(lake: Lake) -> str:
    """A file as a killed build leaves it: written, and never committed."""
    with lake.replacement(WORK_ITEM) as change:
        change.files.written(items("lost"), "orphan", MONDAY)
    return f"tables/work_item/data/day={MONDAY}/orphan.parquet"


def test_what_only_old_snapshots_name_is_freed(lake):
    put(lake, "a")
    put(lake, "b")
    current = put(lake, "c")
    [freed] = expire(lake, WEEK, later(**MONTH))
    assert (freed.snapshots, snapshots(lake), len(data(lake)), names(lake)) == (
        2,
        [current],
        1,
        ["c"],
    )
    assert freed.files >= 4  # two data files, and at least their manifest lists


def test_what_an_old_snapshot_shares_with_the_current_one_stays(lake):
    put(lake, "a", day=MONDAY)
    put(lake, "b", day=TUESDAY)
    current = put(lake, "c", day=TUESDAY)
    [freed] = expire(lake, WEEK, later(**MONTH))
    assert (freed.snapshots, snapshots(lake), len(data(lake))) == (2, [current], 2)
    assert names(lake) == ["a", "c"]


def test_a_snapshot_that_was_current_until_not_long_ago_stays(folder):
    """However old it is: a reader may have opened the table just before."""
    old = put(folder, "a")
    new = put(folder, "b")
    metadata = folder.iceberg("work_item").metadata
    shifted = metadata.model_copy(
        update={
            "snapshots": [
                each.model_copy(update={"timestamp_ms": 0}) if each.snapshot_id == old else each
                for each in metadata.snapshots
            ]
        }
    )
    assert maintenance.superseded(shifted, later() - WEEK, ()) == []
    assert (snapshots(folder), expire(folder, WEEK, later())) == ([old, new], [])


def test_a_snapshot_expires_by_when_it_ceased_to_be_current(folder):
    old = put(folder, "a")
    put(folder, "b")
    metadata: TableMetadata = folder.iceberg("work_item").metadata
    assert maintenance.superseded(metadata, later(seconds=1), ()) == [old]


def test_what_the_last_runs_left_stays(folder):
    for name in ("one", "two", "three"):
        put(folder, name)
        ran(folder, name)
    put(folder, "now")
    expire(folder, WEEK, later(**MONTH), kept_runs=2)
    assert len(snapshots(folder)) == 3
    rollback(folder, target(folder, "two"))
    assert names(folder) == ["two"]


def test_the_last_run_keeps_its_snapshots_whatever_is_asked(folder):
    left = put(folder, "a")
    ran(folder, "one")
    put(folder, "b")
    expire(folder, WEEK, later(**MONTH), kept_runs=0)
    assert left in snapshots(folder)


def test_what_the_next_build_compares_with_stays(folder):
    put(folder, "a")
    put(folder, "b", day=TUESDAY)
    ran(folder, "one")
    put(folder, "c", day=TUESDAY)
    expire(folder, WEEK, later(**MONTH), kept_runs=1)
    since = ledger.known(folder).snapshots["work_item"]
    assert folder.changed_days("work_item", since) == [TUESDAY]


def test_a_dry_run_tells_the_same_and_changes_nothing(folder):
    put(folder, "a")
    put(folder, "b")
    orphan(folder)
    before = stored(folder)
    told = expire(folder, WEEK, later(**MONTH), orphans=True, is_dry=True)
    assert (stored(folder), len(snapshots(folder))) == (before, 2)
    assert expire(folder, WEEK, later(**MONTH), orphans=True) == told


def test_expiring_twice_frees_nothing_more(folder):
    put(folder, "a")
    put(folder, "b")
    expire(folder, WEEK, later(**MONTH), orphans=True)
    assert expire(folder, WEEK, later(**MONTH), orphans=True) == []


def test_files_that_no_snapshot_names_go_when_asked(lake):
    put(lake, "a")
    lost = orphan(lake)
    assert expire(lake, WEEK, later(**MONTH)) == []
    [freed] = expire(lake, WEEK, later(**MONTH), orphans=True)
    assert (freed.table, freed.orphans, lost in stored(lake)) == ("work_item", 1, False)
    assert names(lake) == ["a"]


def test_a_young_file_is_of_a_write_under_way(folder):
    put(folder, "a")
    with folder.replacement(WORK_ITEM) as change:
        change.put(items("b", day=TUESDAY), [TUESDAY])
        assert expire(folder, WEEK, later(days=2), orphans=True) == []
    assert names(folder) == ["a", "b"]


def test_a_file_of_a_snapshot_that_stays_is_no_orphan(folder):
    put(folder, "a")
    ran(folder, "one")
    put(folder, "b")
    ran(folder, "two")
    before = stored(folder)
    freed = expire(folder, WEEK, later(**MONTH), orphans=True)
    assert [each.table for each in freed] == ["run"]  # which no rollback goes back to
    assert stored(folder) == before


def test_a_rollback_between_looking_and_expiring_is_a_conflict(folder):
    first = put(folder, "a")
    put(folder, "b")
    table = folder.iceberg("work_item")
    history._set_current(folder.iceberg("work_item"), first)
    with pytest.raises(ConflictError):
        maintenance._expire(folder, table, [first])
    assert names(folder) == ["a"]


def test_another_who_expires_the_same_is_a_conflict(folder):
    first = put(folder, "a")
    put(folder, "b")
    table = folder.iceberg("work_item")
    maintenance._expire(folder, table, [first])
    with pytest.raises(ConflictError):
        maintenance._expire(folder, table, [first])


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happened_before_every_snapshot_that_stays_is_whole(folder, seed):
    chance = random.Random(seed)
    contents: dict[int, list[str]] = {}
    for step in range(12):
        match chance.randrange(6):
            case 0 | 1 | 2:
                put(folder, f"{step}", day=chance.choice([MONDAY, TUESDAY]))
            case 3:
                scatter(folder, items(*(f"{step}-{n}" for n in range(3))), MONDAY)
            case 4:
                ran(folder, f"run-{step}")
            case 5 if contents:
                there = [each for each in snapshots(folder) if each in contents]
                history._set_current(folder.iceberg("work_item"), chance.choice(there))
        if folder.snapshot("work_item"):
            contents[folder.snapshot("work_item")] = names(folder)
        if chance.random() < 0.3:
            expire(folder, WEEK, later(**MONTH), kept_runs=2, orphans=True)
    expire(folder, WEEK, later(**MONTH), kept_runs=2, orphans=True)
    assert {each: at(folder, each) for each in snapshots(folder)} == {
        each: contents[each] for each in snapshots(folder)
    }
    assert data(folder) == {
        key for each in snapshots(folder) for key in keys(folder, each)
    }  # and nothing else is left


def at(lake: Lake, snapshot: int) -> list[str]:
    rows = lake.iceberg("work_item").scan(snapshot_id=snapshot).to_arrow()
    return sorted(rows.column("work_item_id").to_pylist())


def keys(lake: Lake, snapshot: int) -> list[str]:
    found = lake.iceberg("work_item").scan(snapshot_id=snapshot).plan_files()
    return ["tables/" + each.file.file_path.partition("/tables/")[2] for each in found]


def test_the_command_tells_what_it_would_free(folder):
    put(folder, "a")
    put(folder, "b")
    done = outcome("expire", "--dry-run", "--format", "json", "--lake", folder.settings.lake)
    assert (done.code, done.rows) == (0, [])
    assert done.err == "0 snapshots expired, 0 bytes would be freed\n"


@pytest.mark.parametrize("text", ["12h", "0d", "seven", "d", "", "7w", "-7d"])
def test_an_age_under_a_day_or_none_is_wrong_use(folder, text):
    done = outcome("expire", f"--older-than={text}", "--lake", folder.settings.lake)
    assert done.code == 2


def test_ages_are_in_days_or_hours():
    assert (age("7d"), age("36h")) == (timedelta(days=7), timedelta(hours=36))


def test_what_was_freed_is_shown_in_bytes():
    freed = [Freed("run", 1, 2, 3, 4, 5)]
    assert maintenance.shown(freed).to_pylist() == [freed[0]._asdict()]
