"""What ran can be seen and gone back to, and nothing is lost on the way there or from there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from glue_jobs import history, ledger, maintenance
from glue_jobs.history import NoSuchRunError, SnapshotExpiredError, rollback, target
from glue_jobs.lake import ConflictError, Lake, opened
from tests.few_tables import (
    TUESDAY,
    address,
    by,
    few_tables,
    later,
    names,
    put,
    ran,
    read_objects,
    stand_in_aws,
)
from tests.lake_program import outcome

WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def aws():
    with stand_in_aws() as running:
        yield running


@pytest.fixture(params=["folder", "glue"])
def lake(request: pytest.FixtureRequest, tmp_path: Path):
    """Three runs: `one` left a; `two` b too; `three` c instead of a."""
    running = request.getfixturevalue("aws") if request.param == "glue" else None
    with few_tables(address(request.param, tmp_path / "lake", running)) as lake:
        yield three_runs(lake)


@pytest.fixture
def folder(tmp_path: Path):
    with few_tables(address("folder", tmp_path / "lake", None)) as lake:
        yield three_runs(lake)


def three_runs(lake: Lake) -> Lake:
    put(lake, "a")
    ran(lake, "one", inputs=["raw/1"], landed=[("work_item", 1)], rows=[("work_item", 1)])
    put(lake, "b", day=TUESDAY)
    ran(lake, "two", inputs=["raw/2"], landed=[("work_item", 2)], rows=[("work_item", 1)])
    put(lake, "c")
    ran(lake, "three", inputs=["raw/3"], days=[("work_item", 1)])
    return lake


def test_a_rollback_puts_the_tables_back(lake):
    assert rollback(lake, target(lake, "two")) == ("two", ["work_item"])
    assert names(lake) == ["a", "b"]


def test_what_was_undone_is_no_longer_read(folder):
    rollback(folder, target(folder, "one"))
    known = ledger.known(folder)
    assert (read_objects(folder), known.run_id) == ({"raw/1"}, "one")
    assert known.snapshots["work_item"] == folder.snapshot("work_item")


def test_a_rollback_is_itself_in_the_history(folder):
    rollback(folder, target(folder, "one"))
    assert by(history.run_history(folder), "command", "restored", "stands") == [
        ("build", None, True),
        ("build", None, False),
        ("build", None, False),
        ("rollback begun", "one", False),
        ("rollback", "one", False),
    ]


def test_what_was_undone_can_be_brought_back(folder):
    rollback(folder, target(folder, "one"))
    rollback(folder, target(folder, "three"))
    assert (names(folder), read_objects(folder)) == (["b", "c"], {"raw/1", "raw/2", "raw/3"})


def test_a_rollback_to_the_last_run_changes_no_table(folder):
    assert rollback(folder, target(folder, "three")).tables == []


def test_what_a_dead_run_left_is_put_back_too(folder):
    put(folder, "torn")
    assert rollback(folder, target(folder, "three")).tables == ["work_item"]
    assert names(folder) == ["b", "c"]


def test_a_table_that_the_run_did_not_know_is_emptied(lake):
    left = [("agent_event", 0)]
    ran(lake, "old", snapshots=left)
    rollback(lake, target(lake, "old"))
    assert names(lake) == []


def test_a_rollback_that_dies_at_a_table_has_already_changed_what_stands(folder, monkeypatch):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(history, "_set_current", die)
    with pytest.raises(KeyboardInterrupt):
        rollback(folder, target(folder, "one"))
    assert (names(folder), read_objects(folder)) == (["b", "c"], {"raw/1"})


def test_a_rollback_that_died_is_finished_by_another(folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(history, "_set_current", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            rollback(folder, target(folder, "one"))
    rollback(folder, target(folder, "one"))
    assert (names(folder), read_objects(folder)) == (["a"], {"raw/1"})


def test_a_run_that_began_before_a_rollback_is_not_recorded(folder):
    began = ledger.known(folder)
    rollback(folder, target(folder, "one"))
    with pytest.raises(ConflictError, match="rolled back meanwhile"):
        ledger.record(folder, lambda _: {"run_id": "late", "inputs": ["raw/4"]}, began)
    assert read_objects(folder) == {"raw/1"}


def test_a_run_that_ends_between_the_tables_does_not_stand(folder, monkeypatch):
    put_back = history._set_current

    def meanwhile(*given: object) -> None:
        with opened(folder.settings) as other:
            ran(other, "between", inputs=["raw/2", "raw/3"])
        put_back(*given)

    monkeypatch.setattr(history, "_set_current", meanwhile)
    rollback(folder, target(folder, "one"))
    assert read_objects(folder) == {"raw/1"}


def test_a_table_that_another_changes_at_that_moment_is_a_conflict(folder):
    table = folder.iceberg("work_item")
    first = table.snapshots()[0].snapshot_id
    put(folder, "d")
    with pytest.raises(ConflictError):
        history._set_current(table, first)
    assert names(folder) == ["b", "d"]


def test_a_run_whose_snapshots_expired_is_refused_and_nothing_changes(lake):
    maintenance.expire(lake, WEEK, later(days=30), kept_runs=1)
    with pytest.raises(SnapshotExpiredError, match="snapshot of work_item has expired"):
        rollback(lake, target(lake, "one"))
    assert (names(lake), ledger.known(lake).run_id) == (["b", "c"], "three")


def test_the_history_says_what_can_be_restored(folder):
    maintenance.expire(folder, WEEK, later(days=30), kept_runs=2)
    found = by(history.run_history(folder), "run_id", "can_be_restored")
    assert found == [("one", False), ("two", True), ("three", True)]


def test_a_run_is_meant_by_the_beginning_of_its_id_or_by_a_snapshot(folder):
    made_by_two = folder.iceberg("work_item").snapshots()[1].snapshot_id
    meant = [target(folder, given)["run_id"] for given in ("th", "o", str(made_by_two))]
    assert meant == ["three", "one", "two"]


@pytest.mark.parametrize(
    ("wanted", "why"), [("four", "no run"), ("t", "several runs"), ("", "no run"), ("0", "no run")]
)
def test_what_means_no_run_or_several_is_refused(folder, wanted, why):
    with pytest.raises(NoSuchRunError, match=why):
        target(folder, wanted)


def test_the_snapshots_of_a_table_tell_rows_days_and_run(folder):
    put(folder, "c", "d")
    columns = ("run_id", "rows_added", "rows_removed", "days", "is_current")
    assert by(history.snapshot_history(folder, "work_item"), *columns) == [
        ("one", 1, 0, 1, False),
        ("two", 1, 0, 1, False),
        ("three", 1, 1, 1, False),
        (None, 2, 1, 1, True),
    ]


def test_the_runs_tell_what_came_in_and_went_out(folder):
    columns = ("run_id", "objects", "landed", "new_rows", "days_rewritten")
    assert by(history.run_history(folder), *columns) == [
        ("one", 1, 1, 1, 0),
        ("two", 1, 2, 1, 0),
        ("three", 1, 0, 0, 1),
    ]


def test_the_command_tells_what_it_would_do_and_does_it(folder):
    where = ("--lake", folder.settings.lake)
    dry = outcome("rollback", "one", "--dry-run", "--format", "json", *where)
    assert (dry.rows, names(folder)) == ([{"table": "work_item"}], ["b", "c"])
    done = outcome("rollback", "one", "--format", "json", *where)
    assert (done.code, done.rows, names(folder)) == (0, [{"table": "work_item"}], ["a"])


def test_the_command_refuses_in_one_line(folder):
    done = outcome("rollback", "nine", "--lake", folder.settings.lake)
    assert (done.code, done.err.count("\n")) == (3, 1)


def test_the_command_shows_runs_and_snapshots(folder):
    where = ("--format", "json", "--lake", folder.settings.lake)
    runs, snapshots = outcome("history", *where).rows, outcome("history", "work_item", *where).rows
    assert [run["run_id"] for run in runs] == ["one", "two", "three"]
    assert [each["run_id"] for each in snapshots] == ["one", "two", "three"]
