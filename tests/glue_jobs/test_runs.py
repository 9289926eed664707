"""Builds, rollbacks, compactions and expiry of one lake, together: nothing lost, nothing redone."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from glue_jobs import check, history, ledger
from glue_jobs.build import Window
from glue_jobs.compaction import compact
from glue_jobs.history import rollback, target
from glue_jobs.lake import Lake, opened
from glue_jobs.maintenance import expire
from glue_jobs.settings import Settings
from tests.few_tables import later
from tests.lake_program import outcome
from tests.small_centre import (
    MONDAY,
    RECORDS,
    TUESDAY,
    UPDATES,
    build,
    built_lake,
    content,
    land,
)
from transforms.tables import BY_NAME, CONTACT_RECORD
from transforms.taxonomy import Taxonomy


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake's folder with a copy beside it: its catalog holds its address."""
    folder = tmp_path_factory.mktemp("runs") / "lake"
    with built_lake(folder, RECORDS, UPDATES):
        shutil.copytree(folder, folder.with_name("copy"))
    return folder


@pytest.fixture
def lake(kept: Path):
    """A lake of two builds, of RECORDS and of UPDATES."""
    shutil.rmtree(kept)
    shutil.copytree(kept.with_name("copy"), kept)
    with opened(Settings(str(kept))) as lake:
        yield lake


def first_run(lake: Lake) -> ledger.Row:
    return target(lake, str(ledger.runs(lake)[0]["run_id"]))


def test_the_build_after_a_rollback_loses_nothing_and_counts_everything_once(lake):
    before, funnel = content(lake), check.conservation(lake).to_pylist()
    rollback(lake, first_run(lake))
    assert [row["contact_id"] for row in content(lake)["contact_record"]] == ["c-1", "c-2"]
    assert build(lake).is_new
    assert (content(lake), check.conservation(lake).to_pylist()) == (before, funnel)
    assert not build(lake).is_new


def test_the_rows_of_the_runs_that_stand_are_those_of_the_tables(lake):
    rollback(lake, first_run(lake))
    found = {row["kind"]: row["rows"] for row in check.conservation(lake).to_pylist()}
    assert found == {name: lake.count(name) for name in found}


def test_the_same_inputs_built_again_are_the_same_run(lake):
    undone = ledger.runs(lake)[-1]["run_id"]
    rollback(lake, first_run(lake))
    assert build(lake).run_id == undone


def test_a_rollback_that_dies_anywhere_loses_nothing(lake, monkeypatch):
    before = content(lake)
    put_back = history._put_back
    left = iter([True, True, False])

    def dying(*given: object) -> None:
        if not next(left):
            raise KeyboardInterrupt
        put_back(*given)

    monkeypatch.setattr(history, "_put_back", dying)
    with pytest.raises(KeyboardInterrupt):
        rollback(lake, first_run(lake))
    assert build(lake).is_new
    assert content(lake) == before


def test_a_window_asked_for_twice_is_recorded_once(lake):
    window = Window(MONDAY, TUESDAY)
    assert build(lake, window).is_new
    runs = lake.count("run")
    assert not build(lake, window).is_new
    assert lake.count("run") == runs


def test_the_same_window_under_other_settings_is_another_run(lake):
    window = Window(MONDAY, TUESDAY)
    first = build(lake, window).run_id
    assert build(lake, window, Taxonomy(queue_task={"Claims": "assess"})).run_id != first


def test_the_check_tells_of_builds_under_another_taxonomy(lake):
    assert "another taxonomy.toml" not in outcome("check", "--lake", lake.settings.lake).err
    lake.store.put("taxonomy.toml", b'[keep]\nattributes = ["brand"]\n')
    told = outcome("check", "--lake", lake.settings.lake)
    assert (told.code, told.err.count("2 builds, the last on ")) == (0, 1)


def test_a_run_tells_when_it_began_and_what_it_was(lake):
    run = ledger.runs(lake, ("started_at",))[-1]
    assert (run["started_at"] < run["finished_at"], run["command"]) == (True, "build")


def test_a_build_after_expiry_rewrites_only_what_changes(lake):
    freed = expire(lake, timedelta(days=7), later(days=30), kept_runs=1, orphans=True)
    assert sum(each.snapshots for each in freed) > 0
    land(lake, [RECORDS[1] | {"ContactId": "c-4"}], "late")
    days = build(lake).days
    assert (days["contact_record"], days["contact_statistic_record"]) == ([TUESDAY], [TUESDAY])
    assert check.conservation(lake).column("unaccounted").to_pylist() == [0, 0, 0]


def test_nothing_is_built_after_a_compaction_alone(lake):
    scattered(lake)
    before = content(lake)
    assert [done.table for done in compact(lake)] == ["contact_record"]
    assert not build(lake).is_new
    assert content(lake) == before


def test_a_build_after_a_compaction_rewrites_only_what_changes(lake):
    scattered(lake)
    compact(lake)
    land(lake, [RECORDS[0] | {"ContactId": "c-5"}], "late")
    assert build(lake).days["contact_statistic_record"] == [MONDAY]


def scattered(lake: Lake) -> None:
    """Tuesday's contacts in a file each, as the last run left them."""
    rows = lake.read(CONTACT_RECORD, [TUESDAY])
    with lake.replacement(CONTACT_RECORD) as change:
        files = [
            change.files.written(rows.slice(n, 1), f"{n}", TUESDAY) for n in range(rows.num_rows)
        ]
        change.take(files, [TUESDAY])
    last = target(lake, str(ledger.runs(lake)[-1]["run_id"]))
    left = dict(last["snapshots"]) | {"contact_record": lake.snapshot("contact_record")}
    row = {"run_id": "scattered", "inputs": [], "snapshots": list(left.items())}
    ledger.record(lake, lambda _: row, ledger.known(lake))


def test_every_commit_but_the_ledgers_is_audited(lake, monkeypatch):
    audited, committed = [], []
    gate, commit = "glue_jobs.quality.gate", "glue_jobs.lake.Replacement.commit"
    from glue_jobs.lake import Replacement
    from glue_jobs.quality import gate as real_gate

    real_commit = Replacement.commit
    monkeypatch.setattr(gate, lambda name, *more: (audited.append(name), real_gate(name, *more)))

    def commits(change: Replacement) -> None:
        before = lake.snapshot(change.table.name)
        real_commit(change)
        if lake.snapshot(change.table.name) != before:
            committed.append(change.table.name)

    monkeypatch.setattr(commit, commits)
    land(lake, [contact | {"ContactId": "c-6"} for contact in RECORDS[:1]], "late")
    build(lake)
    scattered(lake)
    committed.remove("contact_record")  # the scattering itself
    compact(lake)
    assert len(committed) > 5
    assert sorted({*committed} - {*audited}) == ["run"]


def test_the_tables_of_a_rolled_back_lake_hold_their_facts(lake):
    rollback(lake, first_run(lake))
    assert [each.broken for each in check.checked(lake)] == [{}] * len(BY_NAME)
