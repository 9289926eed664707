"""One section of the report."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from glue_jobs.report.charts import Chart
from glue_jobs.report.figures import Period
from glue_jobs.report.grid import Grid
from glue_jobs.report.heat import Heat


def asked(name: str, period: Period, **more: str) -> str:
    """The command that answers with the same figures."""
    given = {**period.parameters(), **more}
    return shlex.join(
        ["lake", "query", name, *(f"--param={name}={value}" for name, value in given.items())]
    )


def recorded(table: str, more: str = "") -> str:
    """The command that shows what is on record, without working it out anew."""
    return shlex.join(["lake", "sql", f"SELECT * FROM {table}{more}"])


Links = tuple[tuple[str, str], ...]


class Section(NamedTuple):
    """A heading with a sentence, tables, a picture, a heat map, links (text, address)."""

    name: str
    title: str
    lead: str
    grids: tuple[Grid, ...]
    chart: Chart | None = None
    heat: Heat | None = None
    links: Links = ()
