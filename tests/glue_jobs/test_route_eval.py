"""Policies side by side: ours keeps what it promises, on invented days and on the lake's own."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs.route_eval import POLICIES, compared, invented_trials, replayed_trials
from lambdas.routing.policy import Policy
from tests.hand_made_lake import NINE
from tests.lake_program import outcome, run
from transforms import tables
from transforms.workforce.replayed_day import NEEDED, replayed_day

MONDAY = date(2026, 1, 5)
IS_PROOF = os.environ.get("PROVE") == "1"
MOST_MISSED, WIDEST_GAP = 0.02, 0.15
# Agents, occupancy, minutes between scores: those of the promise, and the worst two of them.
GRID = [(a, o, m) for a in (20, 100) for o in (0.6, 0.75, 0.85) for m in (1, 5, 15)]
CASES = GRID if IS_PROOF else [(20, 0.6, 15), (20, 0.85, 5)]


@pytest.fixture(scope="module", params=CASES, ids=str)
def policies(request: pytest.FixtureRequest) -> dict[str, Any]:
    agents, occupancy, minutes = request.param
    seeds = range(1, 6 if IS_PROOF else 3)
    trials = invented_trials(
        [agents], [occupancy], [60.0 * minutes], seeds, ["ours", "published"], Policy()
    )
    rows = compared(trials, 1, lambda _done, _all: None).to_pylist()
    return {row["policy"]: row for row in rows}


def test_few_calls_find_none_of_ours_free_although_another_agent_was(policies):
    assert policies["ours"]["missed_share"] <= MOST_MISSED


def test_the_published_design_misses_many(policies):
    assert policies["published"]["missed_share"] > 0.25


def test_the_agents_on_top_of_the_list_are_not_worn_out(policies):
    assert abs(policies["ours"]["occupancy_gap"]) <= WIDEST_GAP


def test_policies_are_compared_over_the_same_calls(policies):
    assert policies["ours"]["calls"] == policies["published"]["calls"] > 500


# -- a lake's own day -------------------------------------------------------------------------


def table(number: int, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=NEEDED[number].table.schema).select(
        NEEDED[number].columns
    )


def call(contact_id: str, after_s: float, **fields: Any) -> dict[str, Any]:
    at = NINE + timedelta(seconds=after_s)
    return {
        "day": at.date(),
        "contact_id": contact_id,
        "initiation_timestamp": at,
        "contact_flow_time_ms": 2000,
        "category": "invoice",
        "agent_username": "ada",
        "queue_time_ms": 4000,
        "handle_time_ms": 60_000,
        "is_abandoned": 0,
        "is_incoming": 1,
    } | fields


def on_duty(agent: str, state: str = "available") -> dict[str, Any]:
    ended = NINE + timedelta(hours=8)
    return {
        "day": MONDAY,
        "agent_username": agent,
        "state": state,
        "started_at": NINE,
        "ended_at": ended,
    }


GONE = {"agent_username": None, "handle_time_ms": None, "is_abandoned": 1}
CALLS = [
    call("day before", -86_400, customer_id="c-1", agent_username="bela", category="claim"),
    call("first", 10, customer_id="c-1"),
    call("gave up", 20, queue_time_ms=30_000, **GONE),
    call("outbound", 30, is_incoming=0),
    call("nobody ever", 40, category="rare", **GONE),
]
WORK = [
    {"agent_username": "ada", "status": "OPEN", "remaining_minutes": 25.0},
    {"agent_username": "ada", "status": "CLOSED", "remaining_minutes": 99.0},
]


@pytest.fixture(scope="module")
def day():
    intervals = [on_duty("ada"), on_duty("bela"), on_duty("cyd"), on_duty("dan", "offline")]
    return replayed_day(table(0, CALLS), table(1, intervals), table(2, WORK), MONDAY)


def test_a_replay_has_the_days_incoming_calls_that_somebody_can_take(day):
    assert [each.contact_id for each in day.calls] == ["first", "gave up"]


def test_a_call_comes_when_it_left_the_flow(day):
    assert day.calls[0].at_s == 9 * 3600 + 10 + 2


def test_a_call_keeps_its_handle_time_and_a_lost_one_gets_the_mean(day):
    assert [each.handle_s for each in day.calls] == [60.0, 60.0]


def test_who_gave_up_has_the_patience_that_was_seen(day):
    assert day.calls[1].patience_s == 30.0
    assert day.calls[0].patience_s > 4.0


def test_the_owner_is_who_handled_the_customers_contact_before(day):
    assert [each.owner for each in day.calls] == ["bela", None]


def test_agents_on_duty_who_handled_something_are_there_with_what_they_can(day):
    found = {each.agent_id: set(each.skills) for each in day.workers}
    assert found == {"ada": {"invoice"}, "bela": {"claim"}}


def test_agents_begin_with_their_open_work(day):
    assert [each.backlog_minutes for each in day.workers] == [25.0, 0.0]


def test_the_replay_reads_columns_that_the_tables_have():
    for needed in NEEDED:
        assert set(needed.columns) <= set(tables.BY_NAME[needed.table.name].names)


# -- the command ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay")
    run("simulate", "--days", "2", "--agents", "5", "--out", str(folder / "records"))
    run("ingest", str(folder / "records"), "--lake", str(folder / "lake"))
    run("build", "--lake", str(folder / "lake"))
    return str(folder / "lake")


TRIAL = ("route-eval", "--agents", "20", "--occupancy", "60", "--days", "1", "--workers", "1",
         "--format", "json")  # fmt: skip


def test_a_rule_by_name_is_compared_beside_the_others():
    named = "lambdas.routing.choose:choose"
    ours, other = run(*TRIAL, "--policies", "ours", "--policy", named).rows
    assert [ours["policy"], other["policy"]] == ["ours", named]
    assert {**other, "policy": "ours"} == ours


@pytest.mark.parametrize("name", ["nowhere", "nowhere:f", "json:nothing", "json:__name__"])
def test_a_rule_that_is_not_there_is_told_in_one_line(name):
    done = outcome(*TRIAL, "--policy", name)
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_seeds_and_intervals_are_told():
    (row,) = run(*TRIAL, "--policies", "queue", "--days", "2", "--seed", "7").rows
    assert (row["days"], row["seeds"]) == (2, "7 to 8")
    shares = ("missed_share", "fallback_share", "mean_wait_s", "occupancy_gap")
    assert all(row[f"{name}_ci95"] >= 0 for name in shares)


def test_days_with_different_numbers_of_agents_are_one_row():
    days = replayed_trials(Half(), [MONDAY, MONDAY + timedelta(days=1)], [60], ["queue"], Policy())
    (row,) = compared(days, 1, lambda _done, _all: None).to_pylist()
    assert (row["agents"], row["seeds"]) == (2, "2026-01-05 to 2026-01-06")


class Half:
    """A lake with two agents on Monday and one on Tuesday."""

    def read(self, read, _days=None, columns=()):
        rows = {
            NEEDED[0].table: [call("a", 0), call("b", 9, agent_username="bela"),
                              call("c", 86_400), call("d", 86_400)],
            NEEDED[1].table: [on_duty("ada"), on_duty("bela"), tuesday("ada")],
            NEEDED[2].table: [],
        }[read]  # fmt: skip
        return pa.Table.from_pylist(rows, schema=read.schema).select(columns)


def tuesday(agent: str) -> dict[str, Any]:
    day = timedelta(days=1)
    monday = on_duty(agent)
    return monday | {name: monday[name] + day for name in ("day", "started_at", "ended_at")}


def test_the_command_replays_a_lakes_day_under_every_policy(lake):
    said = run("route-eval", "--lake", lake, "--from", "2026-01-06", "--workers", "1",
               "--format", "json")  # fmt: skip
    rows = said.rows
    assert [row["policy"] for row in rows] == list(POLICIES)
    assert len({row["calls"] for row in rows}) == 1
    assert rows[0]["calls"] > 20
