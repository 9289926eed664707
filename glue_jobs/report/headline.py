"""The one sentence at the top: where callers wait longest, and what would cut it."""

from __future__ import annotations

from glue_jobs.report.figures import Figures, Rows
from glue_jobs.report.grid import Row

_NAMED = 2  # trainings that the sentence names


def headline(figures: Figures) -> str:
    """Where waits are longest, and by how much the plan's first trainings would cut all waiting."""
    waiting = [row for row in figures["skill_bottlenecks"] if row["wait_minutes"]]
    if not waiting:
        return "Nobody waited in this period."
    worst = waiting[0]
    open_plans = [r for r in figures["upskilling_recommendation"] if r["status"] != "declined"]
    return f"{_where(worst)}{_cut(_leading(open_plans))}"


def _where(worst: Row) -> str:
    share = f"{100 * worst['wait_share']:.0f} % of all waiting"
    sure = "" if worst["verdict"] == "likely" else f", though {_DOUBTS[worst['verdict']]}"
    return f"Waits are longest for {worst['skill']} ({share}{sure})"


_DOUBTS = {
    "possible": "the days differ too much to be sure",
    "not enough data": "the days are too few to be sure",
    None: "spread evenly",
}


def _leading(plans: Rows) -> Rows:
    """The first trainings of the plan that follow each other, so that their cuts add up."""
    return [row for at, row in enumerate(plans[:_NAMED]) if row["place"] == plans[0]["place"] + at]


def _cut(plans: Rows) -> str:
    if not plans:
        return "; no training has been proposed yet."
    # Each cut is on top of those before it, so they add up; added ends hold the sum's interval.
    value, low, high = (
        100 * sum(row[name] for row in plans)
        for name in ("wait_cut", "wait_cut_low", "wait_cut_high")
    )
    after = "" if plans[0]["place"] == 1 else ", after those before in the plan,"
    return (
        f"; training {_trained(plans)}{after} would cut all waiting by {value:.0f} % "
        f"({low:.0f}–{high:.0f} %)."
    )


def _trained(plans: Rows) -> str:
    """Who is trained in what; a skill of all of them is told once."""
    if len({row["skill"] for row in plans}) == 1:
        return f"{' and '.join(row['agent_username'] for row in plans)} in {plans[0]['skill']}"
    return " and ".join(f"{row['agent_username']} in {row['skill']}" for row in plans)
