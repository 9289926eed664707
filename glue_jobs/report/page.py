"""The report as one HTML page: no network, no script but its own, every text escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from glue_jobs.cells import inert
from glue_jobs.report.figures import Figures, Period
from glue_jobs.report.grid import NUMBER_KINDS
from glue_jobs.report.headline import headline
from glue_jobs.report.heat import HOURS
from glue_jobs.report.names import AS_THEY_ARE
from glue_jobs.report.sections import Report

Fact = tuple[str, str]


def page(figures: Figures, made: Report, made_at: datetime, *, is_live: bool = False) -> str:
    """The whole page. `made_at`: UTC, naive, beside which the data's age is told.

    `is_live`: served by `lake serve`, so that it asks there whether the lake has changed.
    """
    js = _script(is_live)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["inert"] = inert
    return environment.from_string(_part("page.html")).render(
        title=title(figures),
        headline=headline(figures),
        facts=facts(figures, made_at),
        sections=made.sections,
        definitions=made.definitions,
        hours=HOURS,
        number_kinds=NUMBER_KINDS,
        policy=content_policy(is_live=is_live),
        css=Markup(_part("page.css")),  # noqa: S704  our own file
        js=Markup(js),  # noqa: S704  our own file
        footer=_footer(figures),
    )


def title(figures: Figures) -> str:
    """What the page is called."""
    return f"Contact centre report: {figures.group}" if figures.group else "Contact centre report"


def facts(figures: Figures, made_at: datetime) -> Sequence[Fact]:
    """Period, freshness and calls: what to know before reading on."""
    period = figures.period
    calls = sum(row["contacts"] for row in figures["calls_by_category"])
    built = figures["run"][0]["finished_at"] if figures["run"] else None
    return (
        (
            "Period (UTC days)",
            f"{period.first} to {period.last}, {period.days} days{_today(period)}",
        ),
        ("Calls", f"{calls:,}"),
        ("Data up to", f"{figures.as_of:%Y-%m-%d %H:%M} UTC, {_age(made_at, figures.as_of)}"),
        ("Built", f"{built:%Y-%m-%d %H:%M} UTC" if built else "never"),
        ("Made", f"{made_at:%Y-%m-%d %H:%M} UTC"),
    )


def content_policy(*, is_live: bool = False) -> str:
    """A policy under which the page loads nothing and runs one script: its own."""
    digest = base64.b64encode(hashlib.sha256(_script(is_live).encode()).digest()).decode()
    asks = "connect-src 'self'; " if is_live else ""
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; {asks}"
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _today(period: Period) -> str:
    if period.unfinished is None:
        return ""
    left_out = " and left out" if period.last < period.unfinished else ""
    return f"; {period.unfinished} is not over yet{left_out}"


def _script(is_live: bool) -> str:
    return _part("page.js") + (_part("live.js") if is_live else "")


def _age(now: datetime, then: datetime) -> str:
    hours = max(0.0, (now - then).total_seconds() / 3600)
    return f"{hours:.0f} hours old" if hours < 48 else f"{hours / 24:.0f} days old"


def _footer(figures: Figures) -> str:
    names = "as they are" if figures.names is AS_THEY_ARE else "pseudonyms under the lake's key"
    return f"Lake {figures.lake}. Names of agents: {names}."


def _part(name: str) -> str:
    return files("glue_jobs.report").joinpath(name).read_text(encoding="utf-8")
