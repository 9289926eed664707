"""Which runs stand: a rollback takes runs off the chain and nothing out of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs import ledger
from glue_jobs.datafiles import DataFiles
from glue_jobs.history import rollback, target
from glue_jobs.lake import Lake
from glue_jobs.ledger import run_id, standing
from tests.few_tables import MONDAY, TUESDAY, address, few_tables, ran

WEDNESDAY = TUESDAY + timedelta(days=1)
START = datetime(2026, 1, 5)  # noqa: DTZ001


def chain(text: str) -> list[dict[str, object]]:
    """Runs by their names, oldest first; `a>b` is the run a, a rollback to b."""
    runs = []
    for at, word in enumerate(text.split()):
        name, _, restored = word.partition(">")
        finished = START + timedelta(hours=at)
        runs.append({"run_id": name, "finished_at": finished, "restored": restored or None})
    return runs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a b c", "a b c"),
        ("a b c r>a", "a"),
        ("a b c r>a d", "a d"),
        ("a b c r>a r>a d", "a d"),  # begun and done
        ("a b c r>a s>c", "a b c"),  # what was undone is brought back
        ("a b c r>a d s>c e", "a b c e"),
        ("a b r>a d s>r e", "a e"),  # to a rollback: what it left
        ("a b r>a b c", "a b c"),  # the same run once more
        ("a b r>a b c s>b", "a b"),
    ],
)
def test_the_runs_that_stand(text, expected):
    assert " ".join(str(run["run_id"]) for run in standing(chain(text))) == expected


def test_a_long_ledger_is_walked_once():
    runs = chain(" ".join(f"r{n}" for n in range(20_000)))
    assert len(standing(runs)) == 20_000


def test_a_runs_id_follows_from_what_decides_it():
    assert run_id({"key": 1}, "settings", None) == run_id({"key": 1}, "settings", None)


@pytest.mark.parametrize("other", [({"key": 2}, "s"), ({"other": 1}, "s"), ({"key": 1}, "t")])
def test_other_inputs_sizes_or_settings_are_another_run(other):
    assert run_id(*other) != run_id({"key": 1}, "s")


@pytest.fixture
def lake(tmp_path: Path):
    with few_tables(address("folder", tmp_path, None)) as lake:
        yield lake


def arrived(day: date, name: str) -> str:
    return f"raw/contact_record/{day}/{name}.ndjson.gz"


def ended(lake: Lake, day: date, run_id: str, *inputs: str, **told: Any) -> None:
    """A run that ended on a day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "clock", lambda: datetime.combine(day, time(23)))
        ran(lake, run_id, inputs=list(inputs), **told)


def test_what_a_run_that_stands_has_read_is_not_unread(lake):
    read, new = arrived(MONDAY, "read"), arrived(MONDAY, "new")
    ended(lake, MONDAY, "one", read)
    assert ledger.unread(lake, ledger.known(lake), [read, new]) == {new}


def test_what_was_undone_is_unread(lake):
    keys = [arrived(MONDAY, "one"), arrived(MONDAY, "two")]
    ended(lake, MONDAY, "one", keys[0])
    ended(lake, TUESDAY, "two", keys[1])
    rollback(lake, target(lake, "one"))
    assert ledger.unread(lake, ledger.known(lake), keys) == {keys[1]}


def test_nothing_is_unread_of_nothing_and_everything_of_a_new_lake(lake):
    known = ledger.known(lake)
    assert ledger.unread(lake, known, []) == frozenset()
    assert ledger.unread(lake, known, ["raw/agent_event/files/a"]) == {"raw/agent_event/files/a"}


@pytest.mark.parametrize(
    ("key", "is_looked_at"),
    [
        (arrived(WEDNESDAY, "new"), False),
        (arrived(TUESDAY, "clocks differ"), True),
        ("raw/contact_record/files/may-be-old.ndjson.gz", True),
        ("raw/contact_record/undated/may-be-old.ndjson.gz", True),
    ],
)
def test_runs_before_the_first_arrival_are_not_looked_at(lake, monkeypatch, key, is_looked_at):
    ended(lake, MONDAY, "one", "raw/contact_record/files/old.ndjson.gz")
    ended(lake, WEDNESDAY, "two", arrived(WEDNESDAY, "read"))
    known, read, paths = ledger.known(lake), DataFiles.read, list[str]()

    def watched(files: DataFiles, some: Iterable[str], *columns: Any) -> pa.Table:
        paths.extend(there := list(some))
        return read(files, there, *columns)

    monkeypatch.setattr(DataFiles, "read", watched)
    assert ledger.unread(lake, known, [arrived(WEDNESDAY, "read"), key]) == {key}
    assert any(f"day={MONDAY}" in path for path in paths) == is_looked_at
    assert any(f"day={WEDNESDAY}" in path for path in paths)


def test_two_runs_of_one_id_are_told_apart_by_when_they_ended(lake):
    ended(lake, MONDAY, "one", "raw/1", taxonomy="first")
    ended(lake, MONDAY + timedelta(days=1), "one", "raw/1", taxonomy="second")
    assert (ledger.known(lake).taxonomy, ledger.known(lake).run_id) == ("second", "one")
