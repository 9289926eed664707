"""One section of the report."""

from __future__ import annotations

from typing import NamedTuple

from glue_jobs.report.charts import Chart
from glue_jobs.report.grid import Grid
from glue_jobs.report.heat import Heat

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
