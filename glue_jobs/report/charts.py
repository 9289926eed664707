"""Charts as still pictures (SVG) that need no script: Vega-Lite, drawn by vl-convert.

Nothing is told by colour alone: lines differ in dash and mark, and the table below a chart holds
its figures.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from glue_jobs.report.figures import Rows

WIDTH = 340  # so that a phone shows a whole chart with letters that can be read
LINES = 5  # categories with a line of their own; the others share one
OTHERS = "(all others)"

Spec = dict[str, Any]

_INK, _BLUE, _GREY = "#1a1a1a", "#0b5394", "#6b6b6b"
_COLOURS = ["#0b5394", "#b45309", "#15803d", "#7c3aed", "#be123c", _GREY]
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 4]]
_CONFIG = {
    "font": "Helvetica, Arial, sans-serif",
    "background": "white",
    "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "labelColor": _INK, "titleColor": _INK,
             "gridColor": "#e2e2e2", "domainColor": _GREY, "tickColor": _GREY,
             "labelLimit": 180, "tickCount": 6},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 130, "orient": "bottom",
               "columns": 3, "symbolSize": 120, "symbolStrokeWidth": 1, "symbolDash": [1, 0]},
}  # fmt: skip


class Chart(NamedTuple):
    """A picture and the sentence that says the same to who does not see it."""

    svg: str
    says: str


def drawn(spec: Spec, says: str) -> Chart:
    """A Vega-Lite specification as SVG; its size is left to the page."""
    import vl_convert  # most of a second; only a report draws

    svg = str(vl_convert.vegalite_to_svg(_printable({"width": WIDTH, "config": _CONFIG, **spec})))
    return Chart(re.sub(r'(<svg\b[^>]*?) width="\d+" height="\d+"', r"\1", svg, count=1), says)


def _printable(value: Any) -> Any:
    """The value with a mark for every sign that does not print: a NUL ends vl-convert's process."""
    if isinstance(value, str):
        return "".join(each if each.isprintable() else "\ufffd" for each in value)
    if isinstance(value, dict):
        return {name: _printable(each) for name, each in value.items()}
    return [_printable(each) for each in value] if isinstance(value, list) else value


def calls_by_day(rows: Rows) -> Chart | None:
    """Calls of each day by category, the largest with a line each; None for a single day."""
    sizes: Counter[str] = Counter()
    for row in rows:
        sizes[row["category"]] += row["contacts"]
    largest = [name for name, _ in sizes.most_common(LINES)]
    days: Counter[tuple[str, str]] = Counter()
    for row in rows:
        name = row["category"] if row["category"] in largest else OTHERS
        days[(f"{row['period_start']:%Y-%m-%d}", name)] += row["contacts"]
    if len({day for day, _ in days}) < 2:
        return None
    names = largest + ([OTHERS] if len(sizes) > LINES else [])
    values = [{"day": day, "category": name, "calls": n} for (day, name), n in days.items()]
    shades = _COLOURS[: len(names)]
    # Sorted by the scales' domains: Vega-Lite would make an expression, code, of `sort`'s names.
    by_name: Spec = {"field": "category", "type": "nominal", "title": None}
    spec = {
        "height": 240,
        "data": {"values": values},
        "mark": {"type": "line", "point": {"size": 28}, "strokeWidth": 2},
        "encoding": {
            "x": {"field": "day", "type": "temporal", "title": None,
                  "axis": {"format": "%d %b", "labelOverlap": True, "tickCount": 5}},
            "y": {"field": "calls", "type": "quantitative", "title": "calls a day"},
            "color": {**by_name, "scale": {"domain": names, "range": shades}},
            "strokeDash": {**by_name, "scale": {"domain": names, "range": _DASHES[: len(names)]}},
            "shape": {**by_name, "scale": {"domain": names}},
        },
    }  # fmt: skip
    said = ", ".join(f"{name} {sizes[name]:,}" for name in largest)
    return drawn(spec, f"Lines of calls a day by category. Over the period: {said}.")


def bottlenecks(rows: Rows) -> Chart | None:
    """Bars of wait-minutes a day by skill with 95 % intervals; None if nobody waited."""
    shown = [row for row in rows if row["wait_minutes_per_day"]][:12]
    if not shown:
        return None
    values = [
        {
            "skill": row["skill"],
            "minutes": row["wait_minutes_per_day"],
            "low": max(0.0, row["wait_minutes_per_day"] - (row["wait_minutes_per_day_ci95"] or 0)),
            "high": row["wait_minutes_per_day"] + (row["wait_minutes_per_day_ci95"] or 0),
        }
        for row in shown
    ]
    worst = values[0]
    said = f"Bars of wait-minutes a day; the longest is {worst['skill']}, {worst['minutes']:,.0f}."
    mark = {"type": "bar", "color": "#8fb4d9", "height": {"band": 0.7}}
    return _ranked(values, "skill", "minutes", "wait-minutes a day, with 95 % interval", mark, said)


def training_effects(rows: Rows) -> Chart | None:
    """Points of the waiting that each training would cut, with 95 % intervals."""
    if not rows:
        return None
    values = [
        {
            "training": f"{row['place']}. {row['agent_username']}: {row['skill']}",
            "cut": 100 * row["wait_cut"],
            "low": 100 * row["wait_cut_low"],
            "high": 100 * row["wait_cut_high"],
        }
        for row in rows
    ]
    said = "Points with intervals of the waiting that each training would cut, as in the table."
    mark = {"type": "point", "filled": True, "size": 90, "color": _BLUE}
    title = "% of all waiting cut, on top of those above, with 95 % interval"
    return _ranked(values, "training", "cut", title, mark, said)


def _ranked(
    values: Sequence[Spec], name: str, value: str, title: str, mark: Spec, says: str
) -> Chart:
    """Rows in their order: a mark at the value and a line from `low` to `high`."""
    across = {"type": "quantitative", "title": title}
    spec = {
        "height": {"step": 26},
        "data": {"values": list(values)},
        "encoding": {
            "y": {"field": name, "type": "nominal", "sort": None, "title": None},
            "x": {"field": value, **across},
        },
        "layer": [
            {"mark": mark},
            {
                "mark": {"type": "rule", "color": _INK, "strokeWidth": 2},
                "encoding": {"x": {"field": "low", **across}, "x2": {"field": "high"}},
            },
        ],
    }
    return drawn(spec, says)
