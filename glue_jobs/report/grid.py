"""A table of the report: cells with what a reader sees, and what is sorted and downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from glue_jobs.cells import inert

LEAST_GROUP = 5  # of a group of fewer, figures would be those of single people
NOTHING = "–"
COLUMN, BESIDE, BELOW = "column", "beside", "below"
SUPPRESSED = "fewer than 5"

Row = Mapping[str, Any]


class Head(NamedTuple):
    """A column: the row's key, its label, how it is written, and what it means.

    `kind`: text, count, share, s, minutes, hours, ratio. `place`: a column of its own; beside the
    figure before it, of which it is the half-width; or below the table, where long texts are read
    without scrolling. What has no column of its own is downloaded all the same.
    """

    name: str
    label: str
    kind: str
    meaning: str
    place: str = COLUMN


class Cell(NamedTuple):
    """What is read, what is downloaded (CSV, inert), and a class for its looks."""

    text: str
    value: str
    look: str = ""


class Note(NamedTuple):
    """What a row tells below its table: its first two fields, and labels with texts."""

    name: str
    said: tuple[tuple[str, str], ...]


class Grid(NamedTuple):
    """Rows under heads. `source`: the command that answers with the same figures."""

    name: str
    caption: str
    source: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "There is nothing to show for this period."

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is told below the table, for the rows that have anything to tell."""
        every = (_note(self.heads, row) for row in self.rows)
        return tuple(note for note in every if note.said)


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
    look = "number" if kind in _WRITTEN else ""
    if value is None:
        return Cell(NOTHING, "", look)
    if kind in _WRITTEN:
        return Cell(_WRITTEN[kind](value), str(value), look)
    return Cell(str(value), inert(str(value)))


def _cells(heads: Sequence[Head], row: Row, people: str | None) -> tuple[Cell, ...]:
    hidden = people is not None and is_small(row[people])
    found = [
        Cell(SUPPRESSED, SUPPRESSED, "hidden")
        if hidden and head.kind in _WRITTEN
        else cell(row[head.name], head.kind)
        for head in heads
    ]
    for at, head in enumerate(heads):
        if head.place == BESIDE and not hidden and found[at].value:
            found[at - 1] = found[at - 1]._replace(text=_give(found[at - 1].text, found[at].text))
    return tuple(found)


def _give(figure: str, half: str) -> str:
    """A figure with its half-width, the unit told once: 231 ± 71 min."""
    return f"{figure.partition(' ')[0]} ± {half}"


def _note(heads: Sequence[Head], row: Sequence[Cell]) -> Note:
    said = tuple(
        (head.label, each.text)
        for head, each in zip(heads, row, strict=True)
        if head.place == BELOW and each.value
    )
    return Note(": ".join(each.text for each in row[:2]), said)


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
