"""F33: a lake of an earlier release is read as it is, upgraded in place, and can be undone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs import evolution, ledger
from glue_jobs.build import Window
from glue_jobs.history import rollback, run_history, target
from glue_jobs.lake import Lake, opened
from glue_jobs.settings import Settings
from tests.few_tables import address as few_address
from tests.few_tables import few_tables, items, names, put, stand_in_aws
from tests.lake_program import outcome
from tests.older_lake import NEWER_COLUMNS, NEWER_TABLES, older_lake
from tests.small_centre import MONDAY, RECORDS, TUESDAY, UPDATES, build, built_lake, content, land
from transforms.schema import Column, SchemaError
from transforms.tables import CONTACT_STATISTIC_RECORD, RUN, WORK_ITEM

STATISTICS = CONTACT_STATISTIC_RECORD.name


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What today's release makes of the records, and of the updates after them."""
    folder = tmp_path_factory.mktemp("now") / "lake"
    with built_lake(folder, RECORDS) as lake:
        older_lake(lake, folder.with_name("older")).catalog.close()
        first = content(lake)
        land(lake, UPDATES, "updates")
        build(lake)
        return {"folder": folder, "first": first, "updated": content(lake)}


@pytest.fixture
def lake(now):
    """A lake of the earlier release, with the tables that `create` makes and no column more."""
    folder = now["folder"].with_name("older")
    copy = folder.with_name("copy")
    if not copy.exists():
        shutil.copytree(folder, copy)
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    with opened(Settings(str(folder))) as lake:
        yield lake


def test_what_the_earlier_release_built_is_read(lake, now):
    old = [name for name in now["first"] if name not in (*NEWER_TABLES, STATISTICS)]
    assert content(lake, *old) == {name: now["first"][name] for name in old}
    rows = lake.read(CONTACT_STATISTIC_RECORD)
    assert (rows.num_rows, rows.column("is_transferred_out_external").null_count) == (2, 2)


def test_its_ledger_is_read(lake):
    [run] = run_history(lake).to_pylist()
    assert (run["command"], run["stands"], run["can_be_restored"]) == ("build", True, True)


def test_writing_to_it_without_an_upgrade_is_told_with_what_to_do(lake):
    with pytest.raises(SchemaError, match=r"table run lacks the column .*; run `lake create`"):
        ledger.record(lake, lambda _: {"run_id": "r", "inputs": []}, ledger.known(lake))


def test_what_an_upgrade_would_add_is_told(lake):
    assert evolution.lacking(lake) == {name: [*each] for name, each in NEWER_COLUMNS.items()}


def test_an_upgrade_adds_it_once_and_rewrites_no_file(lake):
    files = lake.files(STATISTICS)
    assert evolution.upgrade(lake) == {name: [*each] for name, each in NEWER_COLUMNS.items()}
    assert (evolution.upgrade(lake), lake.files(STATISTICS)) == ({}, files)


def test_the_first_build_fills_new_tables_for_every_day(lake, now):
    lake.create()
    assert build(lake).is_new  # although nothing has landed
    assert content(lake, *NEWER_TABLES) == {name: now["first"][name] for name in NEWER_TABLES}
    assert not build(lake).is_new


def test_new_columns_are_filled_for_the_days_asked_for(lake, now):
    lake.create()
    build(lake, Window(MONDAY, TUESDAY))
    assert content(lake) == now["first"]


def test_a_rollback_to_before_the_upgrade_leaves_readable_data_and_is_made_up_for(lake, now):
    old = str(ledger.runs(lake)[0]["run_id"])
    lake.create()
    land(lake, UPDATES, "updates")
    build(lake, Window(MONDAY, TUESDAY))
    rollback(lake, target(lake, old))
    assert content(lake, "contact_record") == {"contact_record": now["first"]["contact_record"]}
    assert content(lake, *NEWER_TABLES) == {name: [] for name in NEWER_TABLES}
    build(lake, Window(MONDAY, TUESDAY))
    assert content(lake) == now["updated"]


def test_the_commands_upgrade(lake):
    where = ("--lake", lake.settings.lake)
    dry = outcome("create", "--dry-run", *where)
    assert f"would add to table {STATISTICS}: is_transferred_out_external\n" in dry.out
    done = outcome("create", *where)
    assert (done.code, "added to table run: started_at, command, restored;" in done.err) == (
        0,
        True,
    )
    assert evolution.lacking(lake) == {}


@pytest.fixture(params=["folder", "glue"])
def few(request: pytest.FixtureRequest, tmp_path: Path):
    running = request.getfixturevalue("aws") if request.param == "glue" else None
    with few_tables(few_address(request.param, tmp_path / "lake", running)) as lake:
        put(lake, "a")
        yield lake


@pytest.fixture(scope="module")
def aws():
    with stand_in_aws() as running:
        yield running


def released(patch: pytest.MonkeyPatch, *columns: Column) -> Any:
    """A next release in which work items have more columns, before those of today's."""
    table = replace(WORK_ITEM, columns=(*columns, *WORK_ITEM.columns))
    for name in ("glue_jobs.lake", "glue_jobs.evolution"):
        patch.setattr(f"{name}.TABLES", (table, RUN))
    return table


def test_a_column_comes_at_the_end_of_the_lakes_table_and_anywhere_in_ours(few, monkeypatch):
    told = pa.struct([("by", pa.string()), ("scores", pa.list_(pa.float64()))])
    table = released(monkeypatch, Column("told", told, "Who told"))
    evolution.upgrade(few)
    row = few.read(WORK_ITEM).to_pylist()[0] | {"work_item_id": "b"}
    rows = [row | {"day": TUESDAY, "told": {"by": "ann", "scores": [0.5]}}]
    with few.replacement(table) as change:
        change.put(pa.Table.from_pylist(rows, schema=table.schema), [TUESDAY])
    found = few.read(table, columns=("work_item_id", "told")).to_pylist()
    assert found == [
        {"work_item_id": "a", "told": None},
        {"work_item_id": "b", "told": {"by": "ann", "scores": [0.5]}},
    ]
    assert names(few) == ["a", "b"]  # as the release before reads it


def test_the_release_before_writes_to_an_upgraded_lake(few, monkeypatch):
    with monkeypatch.context() as patch:
        table = released(patch, Column("told", pa.string(), "Who told"))
        evolution.upgrade(few)
    with few.replacement(WORK_ITEM) as change:
        change.put(items("b", day=TUESDAY), [TUESDAY])
    assert few.read(table, columns=("told",)).column("told").to_pylist() == [None, None]


@pytest.mark.parametrize("few", ["folder"], indirect=True)
def test_a_field_of_a_structure_is_added_and_null_in_old_rows(few, monkeypatch):
    def with_told(*fields: tuple[str, pa.DataType]) -> Any:
        return released(monkeypatch, Column("told", pa.struct(fields), "Who told"))

    by, at = ("by", pa.string()), ("at", pa.int64())
    table = with_told(by)
    evolution.upgrade(few)
    row = few.read(table).to_pylist()[0] | {"told": {"by": "ann"}}
    with few.replacement(table) as change:
        change.put(pa.Table.from_pylist([row], schema=table.schema), [MONDAY])
    table = with_told(by, at)
    assert evolution.upgrade(few) == {"work_item": ["told"]}
    told = few.read(table, columns=("told",)).column("told").to_pylist()
    assert told == [{"by": "ann", "at": None}]


@pytest.mark.parametrize("few", ["folder"], indirect=True)
@pytest.mark.parametrize(
    "column",
    [
        Column("must", pa.string(), "Cannot be null in old rows", required=True),
        Column("must", pa.struct([("a", pa.int64())]), "And so", required=True),
    ],
)
def test_a_column_that_old_rows_cannot_have_is_refused(few: Lake, monkeypatch, column):
    released(monkeypatch, column)
    with pytest.raises(SchemaError, match="cannot become this release's"):
        evolution.upgrade(few)
    assert "must" not in few.iceberg("work_item").schema().column_names
