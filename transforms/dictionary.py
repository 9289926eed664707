"""TABLES.md: every table and column of the lake in words, made from the definitions.

python -m transforms.dictionary > TABLES.md
"""

from __future__ import annotations

import sys

from transforms.schema import Table
from transforms.tables import TABLES

_HEAD = """\
# Tables

Made from `transforms/tables.py` by `make tables`; a test checks that it is current.
Names and units are those of the Amazon Connect analytics data lake where it has the column.
Instants are UTC, days are UTC days, durations end in `_ms`.
"""


def markdown() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_table(table) for table in TABLES)])


def _table(table: Table) -> str:
    partition = "day" if table.is_daily else "none (replaced whole)"
    rows = [
        f"| `{column.name}` | {column.type} | {'yes' if column.required else ''} "
        f"| {column.doc}{_values(column.values)} |".replace("timestamp[us]", "timestamp")
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
                f"Sorted by {_names(table.sort_by)}."
            ),
            "",
            "| column | type | required | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
            *(["Facts that hold for every row:", "", *facts, ""] if facts else []),
        ]
    )


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _values(values: tuple[str, ...]) -> str:
    return f": {', '.join(values)}" if values else ""


if __name__ == "__main__":
    sys.stdout.write(markdown())
