"""The report in plain text, short enough for a mail or a chat."""

from __future__ import annotations

from datetime import datetime

from glue_jobs.report.figures import Figures
from glue_jobs.report.grid import Row, cell
from glue_jobs.report.headline import headline
from glue_jobs.report.page import facts, title
from glue_jobs.report.quality import unaccounted, uncategorised_share

_SHOWN = 3


def summary(figures: Figures, made_at: datetime) -> str:
    """Headline, period, the longest waits, the trainings proposed, and whether to trust it."""
    share = cell(uncategorised_share(figures["calls_by_category"]), "share").text
    lines = [
        title(figures),
        "",
        headline(figures),
        "",
        *(f"{term}: {text}" for term, text in facts(figures, made_at)),
        "",
        "Longest waits:",
        *(_wait(row) for row in figures["skill_bottlenecks"][:_SHOWN]),
        *_plans(figures),
        "",
        f"Uncategorised: {share} of calls. Records not accounted for: {unaccounted(figures)}.",
    ]
    return "\n".join(lines) + "\n"


def _wait(row: Row) -> str:
    mean, share = cell(row["avg_wait_s"], "s").text, cell(row["wait_share"], "share").text
    abandoned = cell(row["abandonment_rate"], "share").text
    return f"- {row['skill']}: {share} of all waiting, {mean} a call, {abandoned} abandoned"


def _plans(figures: Figures) -> list[str]:
    plans = figures["upskilling_recommendation"]
    if not plans:
        return []
    return ["", "Trainings (people decide):", *(_plan(row) for row in plans)]


def _plan(row: Row) -> str:
    cut, low, high = (
        cell(row[name], "share").text for name in ("wait_cut", "wait_cut_low", "wait_cut_high")
    )
    return (
        f"- {row['agent_username']}: {row['skill']}, {cut} less waiting ({low} to {high}), "
        f"{row['status']}"
    )
