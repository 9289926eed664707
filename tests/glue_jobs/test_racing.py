"""What is done again while another writer is first."""

from __future__ import annotations

import pytest

from glue_jobs import racing
from glue_jobs.lake import ConflictError
from glue_jobs.racing import MOST_RETRIES, raced


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(racing, "FIRST_WAIT_S", 0)


def beaten(times: int):
    """Work that is beaten so many times, and the list of its turns."""
    turns: list[int] = []

    def work() -> str:
        turns.append(len(turns))
        if len(turns) <= times:
            raise ConflictError("another writer was first")
        return "done"

    return work, turns


@pytest.mark.parametrize("times", [0, 1, MOST_RETRIES])
def test_work_is_done_again_until_it_is_first(times):
    work, turns = beaten(times)
    assert (raced(work), len(turns)) == ("done", times + 1)


def test_work_that_is_never_first_is_given_up_after_five_more_times():
    work, turns = beaten(MOST_RETRIES + 1)
    with pytest.raises(ConflictError):
        raced(work)
    assert len(turns) == 6


def test_any_other_error_is_not_tried_again():
    turns = []

    def work() -> None:
        turns.append(1)
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        raced(work)
    assert turns == [1]
