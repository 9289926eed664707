"""`lake recommend` over a simulated lake: proposals, decisions, and what is refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from glue_jobs import recommend as recommender
from glue_jobs.lake import ConflictError, opened
from glue_jobs.recommend import DecisionError, decide, policy_text
from glue_jobs.settings import Settings
from tests.lake_program import outcome, run
from transforms import tables
from transforms.workforce.upskilling import Search
from transforms.workforce.upskilling_policy_file import DEFAULT_POLICY

FEW_DAYS = ("--days", "2", "--workers", "1", "--cycle", "2026-01")
SHORT = Search(2, 4)
FEW = "[budget]\ntrainings = 1\n[effect]\nleast_cut = 0.0\nslow = 1.0\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A lake of a day with too few agents."""
    folder = tmp_path_factory.mktemp("recommend")
    records, lake = str(folder / "records"), str(folder / "lake")
    run("simulate", "--days", "1", "--agents", "12", "--seed", "3", "--out", records)
    run("create", "--lake", lake)
    run("ingest", records, "--lake", lake)
    run("build", "--lake", lake)
    (folder / "few.toml").write_text(FEW)
    return folder


def recommended(place, *more):
    policy = str(place / "few.toml")
    return run("recommend", "--lake", str(place / "lake"), "--policy", policy, *FEW_DAYS, *more)


def rows(place):
    with opened(Settings(lake=str(place / "lake"))) as lake:
        return lake.read(tables.UPSKILLING_RECOMMENDATION).to_pylist()


def test_equal_lakes_and_policies_print_equal_bytes(place):
    first, second = (recommended(place, "--format", "json").out for _ in range(2))
    assert first == second


def test_the_document_gives_the_verdict_and_the_seed(place):
    found = json.loads(recommended(place, "--format", "json").out)
    assert (found["verdict"] in ("train", "no training pays"), found["seed"]) == (True, 1)


def test_what_is_printed_is_what_is_written(place):
    found = json.loads(recommended(place, "--format", "json").out)
    printed = [(each["agent_id"], each["skill"]) for each in found["recommendations"]]
    assert [(row["agent_username"], row["skill"]) for row in rows(place)] == printed


def test_the_lakes_own_policy_is_made_with_the_defaults(place):
    with opened(Settings(lake=str(place / "lake"))) as lake:
        assert policy_text(lake.store) == DEFAULT_POLICY


def test_switched_off_the_cycles_proposals_go(place):
    (place / "off.toml").write_text("enabled = false\n")
    run("recommend", "--lake", str(place / "lake"), "--policy", str(place / "off.toml"), *FEW_DAYS)
    assert rows(place) == []


def test_a_wrong_policy_is_told_in_one_line(place):
    (place / "wrong.toml").write_text("[budget]\ntrainings = 'many'\n")
    told = outcome("recommend", "--lake", str(place / "lake"),
                   "--policy", str(place / "wrong.toml"))  # fmt: skip
    assert (told.code, told.err) == (
        2,
        (
            "lake recommend: upskilling.toml: [budget] trainings is 'many': write a whole number "
            "from 0\n"
        ),
    )


def test_a_decision_needs_a_name(place):
    told = outcome("recommend", "--lake", str(place / "lake"), "--approve", "x", "--cycle", "c")
    assert (told.code, "--by NAME" in told.err) == (2, True)


def test_a_proposal_that_is_not_there_cannot_be_decided(place):
    told = outcome("recommend", "--lake", str(place / "lake"), "--approve", "nobody",
                   "--cycle", "2026-01", "--by", "lead")  # fmt: skip
    assert (told.code, "proposes nothing for nobody" in told.err) == (2, True)


@pytest.fixture
def proposed(place):
    """The lake with one proposal on record, whatever the simulation says."""
    row = {
        "cycle": "2026-01", "agent_username": "ada", "skill": "Billing", "status": "proposed",
        "place": 1, "wait_cut": 0.1, "wait_cut_low": 0.05, "wait_cut_high": 0.15,
        "as_of": datetime(2026, 1, 6), "policy_version": "0",  # noqa: DTZ001
    }  # fmt: skip
    table = tables.UPSKILLING_RECOMMENDATION
    with opened(Settings(lake=str(place / "lake"))) as lake:
        with lake.replacement(table) as change:
            change.put_all(pa.Table.from_pylist([row], schema=table.schema))
        yield lake


def test_a_decision_is_recorded_with_who_and_when(proposed):
    at = datetime(2026, 1, 7, 9)  # noqa: DTZ001
    decide(proposed, "2026-01", "ada", approve=True, by="lead", at=at, note="agreed")
    (row,) = proposed.read(tables.UPSKILLING_RECOMMENDATION).to_pylist()
    assert [row[name] for name in ("status", "decided_by", "decided_at", "note")] == [
        "approved", "lead", at, "agreed",
    ]  # fmt: skip


def test_a_decision_stands(proposed):
    at = datetime(2026, 1, 7, 9)  # noqa: DTZ001
    decide(proposed, "2026-01", "ada", approve=False, by="lead", at=at, note=None)
    with pytest.raises(DecisionError, match="declined by lead"):
        decide(proposed, "2026-01", "ada", approve=True, by="lead", at=at, note=None)


def test_the_same_decision_again_changes_nothing(proposed):
    at = datetime(2026, 1, 7, 9)  # noqa: DTZ001
    for when in (at, at + timedelta(hours=1)):
        decide(proposed, "2026-01", "ada", approve=True, by="lead", at=when, note=None)
    (row,) = proposed.read(tables.UPSKILLING_RECOMMENDATION).to_pylist()
    assert (row["status"], row["decided_at"]) == ("approved", at)


def test_a_decided_cycle_is_not_proposed_anew(proposed, place):
    at = datetime(2026, 1, 7, 9)  # noqa: DTZ001
    decide(proposed, "2026-01", "ada", approve=True, by="lead", at=at, note=None)
    told = outcome("recommend", "--lake", str(place / "lake"),
                   "--policy", str(place / "few.toml"), *FEW_DAYS)  # fmt: skip
    assert (told.code, "has decisions (ada)" in told.err) == (2, True)


def while_thinking(monkeypatch, act):
    """Let `act` happen after a recommendation has read the lake and before it writes."""
    thought = recommender.upskilling_plan

    def plan(*given):
        act()
        return thought(*given)

    monkeypatch.setattr(recommender, "upskilling_plan", plan)


def test_a_decision_made_while_another_cycle_is_thought_about_stays(proposed, monkeypatch):
    at = datetime(2026, 1, 7, 9)  # noqa: DTZ001
    while_thinking(
        monkeypatch,
        lambda: decide(proposed, "2026-01", "ada", approve=True, by="lead", at=at, note=None),
    )
    recommender.recommend(proposed, FEW, cycle="2026-02", search=SHORT, workers=1)
    found = proposed.read(tables.UPSKILLING_RECOMMENDATION).to_pylist()
    assert [row["status"] for row in found if row["cycle"] == "2026-01"] == ["approved"]


def test_of_two_recommendations_of_a_cycle_the_one_that_began_earlier_does_not_win(
    proposed, monkeypatch
):
    table = tables.UPSKILLING_RECOMMENDATION

    def propose_another():
        [row] = proposed.read(table).to_pylist()
        with proposed.replacement(table) as change:
            other = row | {"agent_username": "grace"}
            change.put_all(pa.Table.from_pylist([other], schema=table.schema))

    while_thinking(monkeypatch, propose_another)
    with pytest.raises(ConflictError, match="run it again"):
        recommender.recommend(proposed, FEW, cycle="2026-01", search=SHORT, workers=1)
    assert [row["agent_username"] for row in proposed.read(table).to_pylist()] == ["grace"]
