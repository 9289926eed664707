"""Typed fields out of JSON text, so that a value of the wrong type is a reject and not a null.

DuckDB's `json_transform` turns what does not fit its target type into NULL without a word. So
every leaf is read as text, cast here with TRY_CAST, and a text that does not cast names its field.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Shape = Mapping[str, Any]


class Field(NamedTuple):
    """A column taken from a path of the record's JSON, with the SQL that types its text."""

    column: str
    path: str
    sql: str = "{text}"

    @property
    def text(self) -> str:
        """SQL for the field's text in the transformed record `r`."""
        return ".".join(f'"{part}"' for part in ("r", *self.path.split(".")))

    @property
    def typed(self) -> str:
        """SQL for the field's typed value."""
        return self.sql.format(text=self.text)


def text(column: str, path: str) -> Field:
    """A text field; an empty text is kept."""
    return Field(column, path)


def instant(column: str, path: str) -> Field:
    """A UTC instant from ISO 8601 text."""
    return Field(column, path, "TRY_CAST({text} AS TIMESTAMP)")


def seconds(column: str, path: str) -> Field:
    """Milliseconds from a number of seconds."""
    return Field(column, path, "CAST(round(TRY_CAST({text} AS DOUBLE) * 1000) AS BIGINT)")


def count(column: str, path: str) -> Field:
    """A whole number."""
    return Field(column, path, "TRY_CAST({text} AS BIGINT)")


def number(column: str, path: str) -> Field:
    """A number."""
    return Field(column, path, "TRY_CAST({text} AS DOUBLE)")


def shape(fields: Sequence[Field], lists: Shape | None = None) -> str:
    """The `json_transform` structure: every field's path as text, and `lists` as given."""
    tree: dict[str, Any] = copy.deepcopy(dict(lists or {}))
    for field in fields:
        *parents, leaf = field.path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = "VARCHAR"
    return json.dumps(tree)


def selected(fields: Sequence[Field]) -> str:
    """SQL select list of the typed fields under their column names."""
    return ",\n".join(f"{field.typed} AS {field.column}" for field in fields)


def type_mismatch(fields: Sequence[Field]) -> str:
    """SQL for `type_mismatch: <path>` of the first field whose text does not cast; else null."""
    cases = " ".join(
        f"WHEN {field.text} IS NOT NULL AND {field.typed} IS NULL "
        f"THEN 'type_mismatch: {field.path}'"
        for field in fields
        if field.sql != "{text}"
    )
    return f"CASE {cases} END"


def negative(fields: Sequence[Field]) -> str:
    """SQL for `negative: <path>` of the first count or duration below zero; else null."""
    cases = " ".join(
        f"WHEN {field.typed} < 0 THEN 'negative: {field.path}'"
        for field in fields
        if "BIGINT" in field.sql or "DOUBLE" in field.sql
    )
    return f"CASE {cases} END"


def filled(fields: Sequence[Field]) -> str:
    """SQL for the number of fields that are not null."""
    return " + ".join(f"({field.text} IS NOT NULL)::INT" for field in fields)


def record_version(updated_at: str, redacted: str, filled_fields: str) -> str:
    """SQL for a text whose order is the total order of a record's versions.

    Last update (null first), then the number of redacted fields, then the number of filled fields,
    then the SHA-256 of the canonical JSON of every field that the lake reads: `r` has a fixed field
    order, so re-serialised copies are equal. Last arrival would make replays differ.
    """
    return f"""concat_ws('|',
        coalesce(strftime({updated_at}, '%Y-%m-%dT%H:%M:%S.%f'), ''),
        lpad(CAST({redacted} AS VARCHAR), 3, '0'),
        lpad(CAST({filled_fields} AS VARCHAR), 4, '0'),
        left(sha256(CAST(to_json(r) AS VARCHAR)), 32))"""
