r"""`lake sql` without a statement: a read-only shell. Statements end with `;`, `\q` leaves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pyarrow as pa

from glue_jobs import show
from glue_jobs.dialect import QueryError
from transforms.tables import BY_NAME, TABLES

PROMPT, MORE = "lake> ", "  ... "
HELP = r"\d tables, \d TABLE columns, \q leave; a SELECT ends with ;"

Read = Callable[[str], str]


def shell(lake_run: Callable[[str], pa.Table], read: Read, form: str) -> None:
    """Answer what `read` gives, statement by statement, until it ends or says to leave."""
    for statement in statements(read):
        try:
            found = _described(statement) if statement.startswith("\\") else lake_run(statement)
        except QueryError as error:
            show.say(str(error))
        else:
            sys.stdout.write(show.text(found, form) + "\n")


def statements(read: Read) -> Iterator[str]:
    r"""Whole statements without their `;`, and commands (`\d`); ends at `\q` or the input's end."""
    lines: list[str] = []
    while True:
        try:
            line = read(MORE if lines else PROMPT)
        except EOFError:
            return
        except KeyboardInterrupt:
            lines = []
            continue
        if not lines and line.strip() in ("\\q", "exit", "quit"):
            return
        if not lines and line.lstrip().startswith("\\"):
            yield line.strip()
            continue
        lines += [line] if line.strip() else []
        if line.rstrip().endswith(";"):
            whole = "\n".join(lines).rstrip().rstrip(";").strip()
            lines = []
            if whole:
                yield whole


def _described(command: str) -> pa.Table:
    r"""The tables (`\d`) or the columns of one (`\d TABLE`); QueryError for anything else."""
    verb, _, name = command.partition(" ")
    if verb != "\\d":
        raise QueryError(HELP)
    if not name:
        rows = [{"table": each.name, "grain": each.doc.partition(":")[0]} for each in TABLES]
        return pa.Table.from_pylist(rows)
    table = BY_NAME.get(name.strip())
    if table is None:
        raise QueryError(f"no table {name.strip()!r}; there are {', '.join(BY_NAME)}")
    return pa.Table.from_pylist(
        [{"column": c.name, "type": str(c.type), "meaning": c.doc} for c in table.columns]
    )


def interactive() -> Read:
    """`input` with a history to go back in, where the terminal has one."""
    try:
        import readline
    except ImportError:  # Windows has none; lines are read all the same
        return input
    readline.set_history_length(1000)
    return input
