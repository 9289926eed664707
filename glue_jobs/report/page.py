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
from glue_jobs.report.figures import Figures
from glue_jobs.report.headline import headline
from glue_jobs.report.heat import HOURS
from glue_jobs.report.names import AS_THEY_ARE
from glue_jobs.report.sections import Report

Fact = tuple[str, str]


def page(figures: Figures, made: Report, made_at: datetime) -> str:
    """The whole page. `made_at`: UTC, naive, beside which the data's age is told."""
    js = _part("page.js")
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
        policy=content_policy(js),
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
        ("Period (UTC days)", f"{period.first} to {period.last}, {period.days} days"),
        ("Calls", f"{calls:,}"),
        ("Data up to", f"{figures.as_of:%Y-%m-%d %H:%M} UTC, {_age(made_at, figures.as_of)}"),
        ("Built", f"{built:%Y-%m-%d %H:%M} UTC" if built else "never"),
        ("Made", f"{made_at:%Y-%m-%d %H:%M} UTC"),
    )


def content_policy(js: str) -> str:
    """A policy under which the page loads nothing and runs one script: this one."""
    digest = base64.b64encode(hashlib.sha256(js.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def served_policy() -> str:
    """The same policy, for a server to send beside the page."""
    return f"{content_policy(_part('page.js'))}; frame-ancestors 'none'"


def _age(now: datetime, then: datetime) -> str:
    hours = max(0.0, (now - then).total_seconds() / 3600)
    return f"{hours:.0f} hours old" if hours < 48 else f"{hours / 24:.0f} days old"


def _footer(figures: Figures) -> str:
    names = "as they are" if figures.names is AS_THEY_ARE else "pseudonyms under the lake's key"
    return f"Lake {figures.lake}. Names of agents: {names}."


def _part(name: str) -> str:
    return files("glue_jobs.report").joinpath(name).read_text(encoding="utf-8")
