"""TABLES.md: every table and column of the lake in words, made from the definitions.

python -m transforms.dictionary > TABLES.md
"""

from __future__ import annotations

import sys

from transforms.schema import Column, Table
from transforms.tables import TABLES

_HEAD = """\
# Tables

Made from `transforms/tables/` by `make tables`; a test checks that it is current.
Names, types and units are those of the Amazon Connect analytics data lake where it has the column;
in a table of that lake its columns come first, in its order, and ours follow.
Instants are UTC, days are UTC days, durations end in `_ms`.

*From* is where the received record holds the value; a column without it is worked out from others.
*Null* is why a column is always null: the official lake has it, but no stream carries it.
"""


def markdown() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_table(table) for table in TABLES)])


def _table(table: Table) -> str:
    partition = "day" if table.is_daily else "none (replaced whole)"
    rows = [
        f"| `{column.name}` | {_type(column)} | {'yes' if column.required else ''} "
        f"| {column.doc}{_values(column.values)}{_origin(column)} |"
        for column in table.columns
    ]
    facts = [f"- {fact.name}: `{fact.holds}`" for fact in table.facts]
    return "\n".join(
        [
            f"## {table.name}",
            "",
            table.doc,
            "",
            (
                f"Key: {_names(table.key)}. Partition: {partition}. "
                f"Sorted by {_names(table.sort_by)}.{_official(table)}"
            ),
            "",
            "| column | type | required | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
            *(["Facts that hold for every row:", "", *facts, ""] if facts else []),
        ]
    )


def _official(table: Table) -> str:
    if not table.official:
        return ""
    null = sum(bool(column.absent) for column in table.columns[: table.official])
    return f" Official table: its first {table.official} columns, {null} of them always null."


def _type(column: Column) -> str:
    return str(column.type).replace("timestamp[us]", "timestamp")


def _origin(column: Column) -> str:
    if column.absent:
        return f". *Null*: {column.absent}"
    return f". *From* `{column.path}`" if column.path else ""


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _values(values: tuple[str, ...]) -> str:
    return f": {', '.join(values)}" if values else ""


if __name__ == "__main__":
    sys.stdout.write(markdown())
