"""A table of the report: cells with what a reader sees, and what is sorted and downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from glue_jobs.cells import inert

LEAST_GROUP = 5  # of a group of fewer, figures would be those of single people
NOTHING = "–"
SUPPRESSED = "fewer than 5"

Row = Mapping[str, Any]


class Head(NamedTuple):
    """A column: the row's key, its label, how it is written, and what it means.

    `kind`: text, words (a long text), count, share, s, minutes, hours, ratio.
    """

    name: str
    label: str
    kind: str
    meaning: str


class Cell(NamedTuple):
    """What is read, what is downloaded (CSV, inert), and a class for its looks."""

    text: str
    value: str
    look: str = ""


class Grid(NamedTuple):
    """Rows under heads. `source`: the command that answers with the same figures."""

    name: str
    caption: str
    source: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "There is nothing to show for this period."


def grid(
    name: str,
    caption: str,
    source: str,
    heads: Sequence[Head],
    rows: Iterable[Row],
    *,
    people: str | None = None,
    empty: str = Grid._field_defaults["empty"],
) -> Grid:
    """The rows as cells; `people`: the column whose value under five hides the row's figures."""
    cells = tuple(_cells(heads, row, people) for row in rows)
    return Grid(name, caption, source, tuple(heads), cells, empty)


def is_small(count: int | None) -> bool:
    """Whether figures of so many would be those of single people."""
    return count is not None and count < LEAST_GROUP


def cell(value: Any, kind: str) -> Cell:
    """A value as its column is written; what is not there is a dash, and empty in a download."""
    if value is None:
        return Cell(NOTHING, "")
    if kind in _WRITTEN:
        return Cell(_WRITTEN[kind](value), str(value), "number")
    return Cell(str(value), inert(str(value)), "words" if kind == "words" else "")


def _cells(heads: Sequence[Head], row: Row, people: str | None) -> tuple[Cell, ...]:
    hidden = people is not None and is_small(row[people])
    return tuple(
        Cell(SUPPRESSED, SUPPRESSED, "hidden")
        if hidden and head.kind in _WRITTEN
        else cell(row[head.name], head.kind)
        for head in heads
    )


def _seconds(value: float) -> str:
    return f"{value:,.1f} s" if abs(value) < 10 else f"{value:,.0f} s"


_WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "count": lambda value: f"{value:,}",
    "share": lambda value: f"{100 * value:.1f} %",
    "s": _seconds,
    "minutes": lambda value: f"{value:,.0f} min",
    "hours": lambda value: f"{value:,.1f} h",
    "ratio": lambda value: f"{value:.2f}",
}
NUMBER_KINDS = frozenset(_WRITTEN)
