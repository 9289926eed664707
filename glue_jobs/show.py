"""Results on the screen or as data: a table for people, JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Protocol

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid
from rich.text import Text

from glue_jobs.cells import inert

FORMATS = ("table", "json", "csv")
WIDEST = 120  # characters of a table's cell; the other formats hold all


class Report(Protocol):
    """How far a long job is: what it does, how much of how much is done."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell."""


def text(rows: pa.Table, form: str) -> str:
    """`rows` as a table, a JSON array of objects, or CSV with a header; instants in UTC.

    In CSV a text that a spreadsheet would run as a formula has an apostrophe before it.
    """
    if form == "json":
        return json.dumps(
            [{k: _plain(v) for k, v in row.items()} for row in rows.to_pylist()],
            indent=1,
            ensure_ascii=False,
        )
    if form == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(map(_inert, rows.column_names))
        writer.writerows([_inert(_plain(v)) for v in row.values()] for row in rows.to_pylist())
        return out.getvalue().removesuffix("\n")
    return _grid(rows)


def _inert(value: Any) -> Any:
    """A cell that no spreadsheet runs."""
    if not isinstance(value, str):
        return value
    # A bare carriage return is a line's end to a spreadsheet, and no reason to quote to `csv`.
    return inert(value.replace("\r\n", "\n").replace("\r", "\n"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat() + ("" if value.tzinfo else "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _grid(rows: pa.Table) -> str:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for field in rows.schema:
        is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        grid.add_column(Text(field.name), justify="right" if is_number else "left", no_wrap=True)
    for row in rows.to_pylist():
        grid.add_row(*(Text(_cell(value)) for value in row.values()))
    out = io.StringIO()
    # As wide as its cells: a column made to fit would lose the ends of names.
    width = sum(max(len(field.name), WIDEST) + 2 for field in rows.schema)
    Console(file=out, width=max(80, width)).print(grid)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return "\n".join([*lines, f"({rows.num_rows} rows)"])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.3f}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    text = str(_plain(value))
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def say(message: str) -> None:
    """A line about what happens, on standard error: standard output is for results."""
    sys.stderr.write(message + "\n")


@contextmanager
def progress() -> Iterator[Report]:
    """A progress bar on standard error; silent where that is not a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("starting", total=None)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield report
