"""Which runs stand: a rollback takes runs off the chain and nothing out of the ledger."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from glue_jobs.ledger import run_id, standing

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
