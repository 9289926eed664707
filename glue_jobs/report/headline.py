"""The one sentence at the top: where callers wait longest, and what would cut it."""

from __future__ import annotations

from glue_jobs.report.figures import Figures, Rows
from glue_jobs.report.grid import Row

_NAMED = 2  # trainings that the sentence names


def headline(figures: Figures) -> str:
    """Where waits are longest, and by how much the first trainings there would cut all waiting."""
    waiting = [row for row in figures["skill_bottlenecks"] if row["wait_minutes"]]
    if not waiting:
        return "Nobody waited in this period."
    worst = waiting[0]
    plans = [
        row
        for row in figures["upskilling_recommendation"]
        if row["status"] != "declined" and row["skill"] == worst["skill"]
    ]
    return f"{_where(worst)}{_cut(_first(plans), worst['skill'])}"


def _where(worst: Row) -> str:
    share = f"{100 * worst['wait_share']:.0f} % of all waiting"
    sure = "" if worst["verdict"] == "likely" else f", though {_DOUBTS[worst['verdict']]}"
    return f"Waits are longest for {worst['skill']} ({share}{sure})"


_DOUBTS = {
    "possible": "the days differ too much to be sure",
    "not enough data": "the days are too few to be sure",
    None: "spread evenly",
}


def _first(plans: Rows) -> Rows:
    """The first trainings of the plan, if they come one after another; else the first alone."""
    leading = [row for place, row in enumerate(plans[:_NAMED], 1) if row["place"] == place]
    return leading or plans[:1]


def _cut(plans: Rows, skill: str) -> str:
    if not plans:
        return "; no training in it has been proposed yet."
    # Each cut is on top of those before it, so they add up; added ends hold the sum's interval.
    value, low, high = (
        100 * sum(row[name] for row in plans)
        for name in ("wait_cut", "wait_cut_low", "wait_cut_high")
    )
    agents = " and ".join(row["agent_username"] for row in plans)
    after = "" if plans[0]["place"] == 1 else ", after those before it in the plan,"
    return (
        f"; training {agents} in {skill}{after} would cut all waiting by {value:.0f} % "
        f"({low:.0f}–{high:.0f} %)."
    )
