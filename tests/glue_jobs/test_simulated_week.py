"""A simulated centre of 100 agents, through the program, equals the truth that came with it.

Three days; with PROVE=1 a month. Counts are equal, sums to the millisecond.
"""

import json
import os

import pytest

from tests.lake_program import run

pytestmark = pytest.mark.heavy

DAYS = 30 if os.environ.get("PROVE") == "1" else 3
HOUR_MS = 3_600_000
THRESHOLDS_S = (10, 20, 60, 120)

# Columns of contact_metrics that the truth has under another name.
RENAMED = {
    "contacts_queued_and_handled": "contacts_answered",
    "contacts_put_on_hold_as_published": "contacts_handled",
}
# Milliseconds in the truth, seconds in contact_metrics, and the contacts that have any.
IN_MS = {
    "max_queue_time_s": ("max_queued_ms", "contacts_queued"),
    "sum_handle_time_s": ("handle_time_ms", "contacts_with_agent"),
    "sum_after_contact_work_time_s": ("after_contact_work_ms", "contacts_with_agent"),
    "sum_contact_flow_time_s": ("contact_flow_time_ms", "contacts_flow_timed"),
}
IN_TIME = (
    *(f"contacts_{fate}_in_time" for fate in ("removed", "answered", "abandoned")),
    "service_level_removed",
    "service_level_answered",
)
HOURS = {
    "online_hours": "online_ms",
    "contact_hours": "on_contact_ms",
    "non_productive_hours": "non_productive_ms",
    "error_hours": "error_ms",
    "ringing_hours": "ringing_ms",
}
WAYS = ("incoming", "outbound", "callback", "api")
OFFERS = (
    "contacts_offered",
    "agent_non_response",
    "agent_non_response_without_customer_abandons",
    "contacts_handled",
    *(f"{way}_connecting_attempts" for way in WAYS),
)
STATES = """SELECT agent_username, state, sum(duration_ms) AS ms FROM agent_state_interval
WHERE state <> 'offline' GROUP BY agent_username, state"""
OPEN_WORK = """SELECT agent_username, sum(remaining_minutes) AS minutes FROM work_item
WHERE status = 'OPEN' GROUP BY agent_username"""
CHAINS = """SELECT count(*) AS chains, sum(CASE WHEN legs > 1 THEN 1 ELSE 0 END)
AS chains_of_several, sum(legs) AS legs, sum(transfers_warm) AS transfers_warm,
sum(callbacks) AS callbacks, sum(wait_ms) AS wait_ms FROM journey"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """The lake's folder and the truth."""
    folder = tmp_path_factory.mktemp("centre")
    records, lake = str(folder / "records"), str(folder / "lake")
    for command in (
        ("simulate", "--days", str(DAYS), "--agents", "100", "--out", records),
        ("ingest", records, "--lake", lake),
        ("build", "--lake", lake),
    ):
        assert run(*command).code == 0
    return lake, json.loads((folder / "records/truth.json").read_text())


def asked(lake, question, **params):
    given = [part for name, value in params.items() for part in ("--param", f"{name}={value}")]
    return run("query", question, *given, "--format", "json", "--lake", lake[0]).rows


def sql(lake, statement):
    return run("sql", statement, "--format", "json", "--lake", lake[0]).rows


def as_asked(metrics, names):
    """The truth of a group under the names of contact_metrics; a sum of nothing is null there."""
    known = {name: metrics[RENAMED.get(name, name)] for name in names if name not in IN_MS}
    seconds = {
        name: metrics[ms] / 1000 if metrics[count] else None for name, (ms, count) in IN_MS.items()
    }
    return known | seconds


def alike(metrics):
    """Equal counts and texts; quotients equal but for their last digits."""
    return {
        name: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
        for name, value in metrics.items()
    }


@pytest.mark.parametrize(
    ("told", "by", "at"),
    [
        *((by, by, "disconnect") for by in ("all", "category", "queue", "channel")),
        ("disconnect_day", "day", "disconnect"),
        ("day", "day", "initiation"),
    ],
)
def test_contact_metrics_equal_the_truth(lake, told, by, at):
    found = {row.pop("grp"): row for row in asked(lake, "contact_metrics", by=by, at=at)}
    names = [name for name in next(iter(found.values())) if name not in IN_TIME]
    expected = lake[1]["contact_metrics"][told]
    assert {group: alike(as_asked(metrics, names)) for group, metrics in expected.items()} == {
        group: {name: row[name] for name in names} for group, row in found.items()
    }


@pytest.mark.parametrize("limit_s", THRESHOLDS_S)
def test_service_levels_of_any_threshold_equal_the_truth(lake, limit_s):
    rows = asked(lake, "contact_metrics", by="queue", service_level_s=limit_s)
    expected = {
        queue: alike(
            {
                **{
                    f"contacts_{fate}_in_time": metrics[f"{fate}_{limit_s}"]
                    for fate in ("removed", "answered", "abandoned")
                },
                "service_level_removed": metrics[f"service_level_{limit_s}_removed"],
                "service_level_answered": metrics[f"service_level_{limit_s}_answered"],
            }
        )
        for queue, metrics in lake[1]["contact_metrics"]["queue"].items()
    }
    assert expected == {row["grp"]: {name: row[name] for name in IN_TIME} for row in rows}


def test_every_agents_time_in_every_state_equals_the_truth_to_the_millisecond(lake):
    found = {}
    for row in sql(lake, STATES):
        found.setdefault(row["agent_username"], {})[row["state"]] = row["ms"]
    assert lake[1]["agent_state_ms"] == found


@pytest.mark.parametrize(
    ("told", "by"), [("agent_metrics", "agent"), ("agent_metrics_by_day", "day")]
)
def test_times_of_agents_equal_the_truth_to_the_millisecond(lake, told, by):
    rows = asked(lake, "agent_metrics", by=by, ringing="included")
    found = {
        row["grp"]: {ms: round(row[hours] * HOUR_MS) for hours, ms in HOURS.items()}
        | {"idle_ms": round(row["idle_hours"] * HOUR_MS)}
        for row in rows
        if row["online_hours"]
    }
    names = (*HOURS.values(), "idle_ms")
    expected = {
        group: {name: metrics[name] for name in names} for group, metrics in _at_work(lake[1][told])
    }
    assert expected == found


def _at_work(groups):
    return ((group, metrics) for group, metrics in groups.items() if metrics["online_ms"])


@pytest.mark.parametrize("ringing", ["included", "excluded"])
def test_occupancy_and_concurrency_equal_the_truth(lake, ringing):
    found = {
        row["grp"]: (row["occupancy"], row["avg_concurrency"])
        for row in asked(lake, "agent_metrics", by="agent", ringing=ringing)
    }
    expected = {}
    for agent, metrics in _at_work(lake[1]["agent_metrics"]):
        idle_ms = metrics["idle_ms"] - (ringing == "excluded") * metrics["idle_ringing_ms"]
        present_ms = metrics["on_contact_ms"] + idle_ms
        expected[agent] = pytest.approx(
            (
                metrics["on_contact_ms"] / present_ms,
                metrics["contact_time_routable_ms"] / present_ms,
            ),
            rel=1e-12,
        )
    assert expected == found


def test_what_was_offered_to_agents_equals_the_truth(lake):
    found = {row["agent"]: row for row in asked(lake, "agent_queue_metrics", by="agent")}
    expected = {
        agent: alike({name: metrics[name] for name in OFFERS} | _quotients(metrics))
        for agent, metrics in lake[1]["agent_metrics"].items()
        if any(metrics[name] for name in OFFERS)
    }
    assert expected == {
        agent: {name: row[name] for name in expected[agent]} for agent, row in found.items()
    }


def _quotients(metrics):
    """Means and shares of an agent; None where there is nothing to divide by."""
    parts = {
        "agent_answer_rate": (metrics["contacts_accepted"], metrics["contacts_offered"]),
        "avg_handle_time_s": (metrics["handle_time_ms"] / 1000, metrics["contacts_handled"]),
        **{
            f"avg_{way}_connecting_time_s": (
                metrics[f"{way}_connecting_ms"] / 1000,
                metrics[f"{way}_connecting_attempts"],
            )
            for way in WAYS
        },
    }
    shares = {name: amount / count if count else None for name, (amount, count) in parts.items()}
    return shares | {"contact_hours": metrics["contact_time_ms"] / HOUR_MS}


def test_chains_of_contacts_equal_the_truth(lake):
    [found] = sql(lake, CHAINS)
    assert {name: lake[1]["journeys"][name] for name in found} == found


def test_contact_records_and_agent_events_agree(lake):
    [found] = asked(lake, "reconciliation", by="all", show="all")
    whole = lake[1]["contact_metrics"]["all"]["ALL"]
    expected = {
        "contacts": whole["contacts_handled"],
        "contacts_alike": whole["contacts_handled"],
        "record_interaction_ms": whole["interaction_ms"],
        "record_hold_ms": whole["hold_ms"],
    }
    assert expected == {name: found[name] for name in expected}


def test_open_work_equals_the_truth(lake):
    rows = sql(lake, OPEN_WORK)
    found = {row["agent_username"]: row["minutes"] for row in rows if row["minutes"]}
    assert lake[1]["open_work"] == pytest.approx(found, rel=1e-12)


def test_every_record_produced_is_a_row_a_duplicate_or_superseded(lake):
    described = run("describe", "--format", "json", "--lake", lake[0]).rows
    rows = {row["table"]: row["rows"] for row in described}
    assert {kind: counts["rows"] for kind, counts in lake[1]["deliveries"].items()} == {
        kind: rows[kind] for kind in lake[1]["deliveries"]
    }
