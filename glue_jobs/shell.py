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
_LEAVE = ("\\q", "exit", "quit")
_COMMANDS = {"show tables": r"\d", "describe": r"\d", "desc": r"\d", "help": r"\?"}

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
    r"""Whole statements without their `;`, and commands (`\d`); ends at `\q` or the input's end.

    What the input's end leaves without a `;` is a statement too.
    """
    lines: list[str] = []
    while True:
        try:
            line = read(MORE if lines else PROMPT)
        except EOFError:
            break
        except KeyboardInterrupt:
            lines = []
            continue
        command = "" if lines else _command(line)
        if command in _LEAVE:
            return
        if command.startswith("\\"):
            yield command
            continue
        lines += [line] if line.strip() else []
        if line.rstrip().endswith(";"):
            yield from _whole(lines)
            lines = []
    yield from _whole(lines)


def _whole(lines: list[str]) -> list[str]:
    """The statement of these lines, without its `;`; none if there is nothing in them."""
    found = "\n".join(lines).rstrip().rstrip(";").strip()
    return [found] if found else []


def _command(line: str) -> str:
    r"""The line without `;`, where other shells' words stand for a command of ours: `\d users`."""
    text = line.strip().rstrip(";").strip()
    for word, ours in _COMMANDS.items():
        if text.lower() == word or text.lower().startswith(f"{word} "):
            return f"{ours} {text[len(word) :].strip()}".strip()
    return text


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
    """`input` with a history to go back in on a terminal; of a pipe its lines, without prompts."""
    if not sys.stdin.isatty():
        return _piped
    try:
        import readline
    except ImportError:  # Windows has none; lines are read all the same
        return input
    readline.set_history_length(1000)
    return input


def _piped(_prompt: str) -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")
