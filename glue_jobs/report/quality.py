"""Sections about the data: whether every record is accounted for, and what builds did."""

from __future__ import annotations

from glue_jobs.report.figures import Figures, Rows
from glue_jobs.report.grid import Head, cell, grid
from glue_jobs.report.section import Links, Section, recorded
from transforms.taxonomy import UNCATEGORISED

_CONSERVATION = (
    Head("kind", "Records", "text", "Kind of record"),
    Head("landed", "Landed", "count", "Records that arrived, over all builds"),
    Head("rows", "Rows", "count", "Of these, rows of the table now"),
    Head("duplicates", "Duplicates", "count", "Known already"),
    Head("superseded", "Superseded", "count", "Older versions of a row"),
    Head("rejected", "Rejected", "count", "Could not be typed"),
    Head("unaccounted", "Unaccounted", "count", "Landed less all of these; must be 0"),
)
_REJECTS = (
    Head("reason", "Reason", "text", "Why a record was rejected on arrival"),
    Head(
        "records",
        "Records",
        "count",
        "How many, not replayed since; lake rejects --reason lists them",
    ),
)
_RUNS = (
    Head("finished_at", "Finished (UTC)", "text", "When the build ended"),
    Head("code_version", "Version", "text", "Of this program"),
    Head("landed", "Landed", "count", "Records read"),
    Head("rejected", "Rejected", "count", "Of these, could not be typed"),
    Head("days", "Days rewritten", "count", "Days of all tables together"),
    Head("tables", "Tables", "count", "Tables with rewritten days"),
)


def uncategorised_share(calls: Rows) -> float:
    """Share of calls that the taxonomy does not know; 0 without calls."""
    every = sum(row["contacts"] for row in calls)
    unknown = sum(row["contacts"] for row in calls if row["category"] == UNCATEGORISED)
    return unknown / every if every else 0.0


def unaccounted(figures: Figures) -> int:
    """Landed records that became neither row nor duplicate, older version or reject."""
    return sum(abs(row["unaccounted"]) for row in figures["conservation"])


def section(figures: Figures, links: Links = ()) -> Section:
    """Conservation, the uncategorised share, and rejects."""
    share = cell(uncategorised_share(figures["calls_by_category"]), "share").text
    lost = unaccounted(figures)
    kept = "Every record landed is accounted for." if not lost else f"{lost} records are missing!"
    rejected = sum(row["records"] for row in figures["rejects"])
    return Section(
        "quality",
        "Can the figures be trusted",
        f"{kept} {share} of calls are uncategorised. {rejected:,} records were rejected on "
        "arrival.",
        (
            grid("conservation", "What became of records", "lake check", _CONSERVATION,
                 figures["conservation"]),
            grid("rejects", "Rejected on arrival", "lake rejects", _REJECTS, figures["rejects"],
                 empty="None."),
        ),
        links=links,
    )  # fmt: skip


def history(figures: Figures) -> Section:
    """The newest builds."""
    rows: Rows = [
        {
            "finished_at": f"{row['finished_at']:%Y-%m-%d %H:%M}",
            "code_version": row["code_version"],
            "landed": _sum(row["landed"]),
            "rejected": _sum(row["rejected"]),
            "days": _sum(row["days"]),
            "tables": len(row["days"] or ()),
        }
        for row in figures["run"]
    ]
    return Section(
        "history",
        "What was built when",
        "The newest builds first.",
        (grid("run", "Builds", recorded("run", " ORDER BY finished_at DESC"), _RUNS,
              rows),),
    )  # fmt: skip


def _sum(counts: list[tuple[str, int]] | None) -> int:
    return sum(count for _, count in counts or ())
