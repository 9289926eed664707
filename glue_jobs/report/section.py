"""One section of the report."""

from __future__ import annotations

from typing import NamedTuple

from glue_jobs.report.charts import Chart
from glue_jobs.report.grid import Grid
from glue_jobs.report.heat import Heat


class Section(NamedTuple):
    """A heading with what it says: a sentence, tables, a picture, a heat map, notes."""

    name: str
    title: str
    lead: str
    grids: tuple[Grid, ...]
    chart: Chart | None = None
    heat: Heat | None = None
    notes: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
