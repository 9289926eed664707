"""A simulated week of 100 agents, through the program, equals the truth that came with it."""

import json

import pytest

from tests.lake_program import run

pytestmark = pytest.mark.heavy

GROUPS = ("all", "category", "queue", "channel", "day")
STATES = """SELECT agent_username, state, sum(duration_ms) AS ms FROM agent_state_interval
GROUP BY agent_username, state"""
OPEN_WORK = """SELECT agent_username, sum(remaining_minutes) AS minutes FROM work_item
WHERE status = 'OPEN' GROUP BY agent_username"""


@pytest.fixture(scope="module")
def week(tmp_path_factory):
    """The lake's folder and the truth."""
    folder = tmp_path_factory.mktemp("week")
    records, lake = str(folder / "records"), str(folder / "lake")
    for command in (
        ("simulate", "--days", "7", "--agents", "100", "--out", records),
        ("ingest", records, "--lake", lake),
        ("build", "--lake", lake),
    ):
        assert run(*command).code == 0
    return lake, json.loads((folder / "records/truth.json").read_text())


@pytest.mark.parametrize("by", GROUPS)
def test_contact_metrics_equal_the_truth(week, by):
    lake, truth = week
    asked = ("query", "contact_metrics", "--param", f"by={by}", "--format", "json", "--lake", lake)
    rows = {row.pop("grp"): row for row in run(*asked).rows}
    expected = truth["contact_metrics"][by]
    assert expected.keys() == rows.keys()
    for group, metrics in rows.items():
        known = {name: value for name, value in metrics.items() if value is not None}
        assert {n: v for n, v in expected[group].items() if n in metrics and v is not None} == (
            pytest.approx(known, rel=1e-12)
        )
        assert round(metrics["wait_minutes"] * 60_000) == expected[group]["wait_ms"]


def test_every_agents_time_in_every_state_equals_the_truth_to_the_millisecond(week):
    lake, truth = week
    found = {}
    for row in run("sql", STATES, "--format", "json", "--lake", lake).rows:
        found.setdefault(row["agent_username"], {})[row["state"]] = row["ms"]
    expected = {
        agent: {state: ms for state, ms in states.items() if ms}
        for agent, states in truth["agent_state_ms"].items()
    }
    assert expected == found


def test_open_work_equals_the_truth(week):
    lake, truth = week
    rows = run("sql", OPEN_WORK, "--format", "json", "--lake", lake).rows
    found = {row["agent_username"]: row["minutes"] for row in rows if row["minutes"]}
    assert truth["open_work"] == pytest.approx(found, rel=1e-12)


def test_every_record_produced_is_a_row_a_duplicate_or_superseded(week):
    lake, truth = week
    described = run("describe", "--format", "json", "--lake", lake).rows
    rows = {row["table"]: row["rows"] for row in described}
    assert {kind: counts["rows"] for kind, counts in truth["deliveries"].items()} == {
        kind: rows[kind] for kind in truth["deliveries"]
    }
