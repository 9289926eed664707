"""What stands for few people is left out, and cannot be told from the rest."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_jobs.lake import made
from glue_jobs.query import answer
from glue_jobs.settings import Settings
from glue_jobs.small_cells import suppressed
from queries.question import questions
from tests.centre_records import contact, written
from tests.lake_program import outcome, run


def left(*counts: int | None, least: int = 5) -> list[int | None]:
    rows = pa.table({"queue": [f"q{n}" for n in counts], "contacts": pa.array(counts, pa.int64())})
    found: list[int | None] = suppressed(rows, ["contacts"], least).rows["contacts"].to_pylist()
    return found


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1, 2, 5, 9), (5, 9)),
        ((5, 9), (5, 9)),
        ((4, 9, 7, 8), (9, 8)),  # 4 alone could be told from the total, so 7 goes too
        ((4, 0, None, 8, 9), (0, None, 9)),
        ((4,), ()),
        ((4, 0), (0,)),
        ((), ()),
    ],
)
def test_small_rows_are_left_out_and_never_one_alone(counts, expected):
    assert left(*counts) == [*expected]


def test_the_smallest_of_several_counts_decides():
    rows = pa.table({"contacts": [9, 90, 90], "agents": [1, 2, 30]})
    assert suppressed(rows, ["contacts", "agents"], 5).rows.to_pylist() == [
        {"contacts": 90, "agents": 30}
    ]


def test_what_was_left_out_is_counted():
    rows = pa.table({"contacts": [1, 2, 50]})
    assert suppressed(rows, ["contacts"], 5).left_out == 2


@given(st.lists(st.integers(0, 12), max_size=12), st.integers(1, 6))
def test_no_small_count_is_shown_and_what_is_left_out_is_none_or_two_or_all(counts, least):
    shown = [n for n in left(*counts, least=least) if n is not None]
    assert [n for n in shown if 0 < n < least] == []
    assert sum(n > 0 for n in counts) - sum(n > 0 for n in shown) != 1 or not any(shown)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of six contacts in Billing, five in Cards and one in Claims."""
    folder = tmp_path_factory.mktemp("cells")
    queues = ["Billing"] * 6 + ["Cards"] * 5 + ["Claims"]
    records = [contact(f"c-{n}", queue=queue) for n, queue in enumerate(queues)]
    run("ingest", "--lake", f"{folder}/lake", str(written(folder / "r.ndjson.gz", records)))
    run("build", "--lake", f"{folder}/lake")
    return folder / "lake"


def asked(lake: Path, *more: str) -> list[str]:
    done = run("query", "queue_performance", "--lake", str(lake), "--format", "json", *more)
    return [row["queue_name"] for row in done.rows]


def test_a_question_without_a_least_cell_tells_everything(lake):
    assert asked(lake) == ["Billing", "Cards", "Claims"]


def test_a_question_with_a_least_cell_leaves_out_and_says_so(lake):
    done = run("query", "queue_performance", "--lake", str(lake), "--least-cell", "5")
    assert ("Billing" in done.out, "Cards" in done.out, "Claims" in done.out) == (
        True, False, False,
    )  # fmt: skip
    assert "2 rows left out" in done.err


def test_the_lakes_setting_holds_unless_another_is_given(lake, monkeypatch):
    monkeypatch.setenv("LAKE_LEAST_CELL", "5")
    assert (asked(lake), asked(lake, "--least-cell", "0")) == (
        ["Billing"],
        ["Billing", "Cards", "Claims"],
    )


def test_a_setting_that_is_no_number_is_told(lake, monkeypatch):
    monkeypatch.setenv("LAKE_LEAST_CELL", "few")
    told = outcome("query", "queue_performance", "--lake", str(lake))
    assert (told.code, "LAKE_LEAST_CELL" in told.err) == (2, True)


@pytest.mark.parametrize("given", [["journeys"], ["reconciliation"]])
def test_what_lists_single_contacts_is_refused(lake, given):
    told = outcome("query", *given, "--lake", str(lake), "--least-cell", "5")
    assert (told.code, told.out, "single contacts" in told.err) == (2, "", True)


def test_every_question_says_what_counts_the_people_behind_a_row(tmp_path):
    with made(Settings(str(tmp_path / "lake")))[0] as empty:
        lacking = {
            each.name
            for each in questions()
            if not {*each.counts} <= {*answer(empty, each, {}).column_names} or not each.counts
        }
    assert lacking == {"journeys", "agent_skills"}  # their rows stand for one contact or agent
