"""Typed fields out of JSON text, so that a value of the wrong type is a reject and not a null.

DuckDB's `json_transform` turns what does not fit its target type into NULL without a word. So
every leaf is read as text, cast here with TRY_CAST, and a text that does not cast names its field;
what should hold fields and is no object is named too.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Shape = Mapping[str, Any]

# DuckDB would also take an offset, which it would ignore, and 'infinity', 'epoch', years BC or
# beyond 9999, which Python and other readers of the lake cannot hold.
_ISO_8601 = r"(19|20|21)\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?)?"
_INSTANT = (
    f"CASE WHEN regexp_full_match({{text}}, '{_ISO_8601}') THEN TRY_CAST({{text}} AS TIMESTAMP) END"
)
_NUMBER = "CASE WHEN isfinite(TRY_CAST({text} AS DOUBLE)) THEN TRY_CAST({text} AS DOUBLE) END"
# A cast alone would round 1.5 to 2.
_COUNT = """CASE WHEN TRY_CAST({text} AS DOUBLE) = TRY_CAST({text} AS BIGINT)
    THEN TRY_CAST({text} AS BIGINT) END"""


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
    """A UTC instant from ISO 8601 text of the years 1900 to 2199, without an offset."""
    return Field(column, path, _INSTANT)


def instant_of(text_sql: str) -> str:
    """SQL for the UTC instant in a text; null where that is none."""
    return _INSTANT.format(text=text_sql)


def seconds(column: str, path: str) -> Field:
    """Milliseconds from a number of seconds."""
    return Field(column, path, "TRY_CAST(round(TRY_CAST({text} AS DOUBLE) * 1000) AS BIGINT)")


def count(column: str, path: str) -> Field:
    """A whole number."""
    return Field(column, path, _COUNT)


def number(column: str, path: str) -> Field:
    """A finite number."""
    return Field(column, path, _NUMBER)


def shape(fields: Sequence[Field], lists: Shape | None = None) -> Shape:
    """The `json_transform` structure: every field's path as text, and `lists` as given."""
    tree: dict[str, Any] = copy.deepcopy(dict(lists or {}))
    for field in fields:
        *parents, leaf = field.path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = "VARCHAR"
    return tree


def read(structure: Shape) -> str:
    """SQL for every line's transformed record `r` and the JSON `kinds` of what holds its fields.

    Both are null for a line that is not JSON.
    """
    paths = ", ".join(f"'{_json_path(path)}'" for path, _ in _containers(structure))
    return f"""SELECT TRY(json_transform(line, '{json.dumps(structure)}')) AS r,
        TRY(json_type(line, CAST([{paths}] AS VARCHAR[]))) AS kinds FROM lines"""


def _containers(structure: Shape, *parents: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, inner in structure.items():
        path = (*parents, name)
        if isinstance(inner, list):
            yield path, "ARRAY"
        elif isinstance(inner, Mapping):
            yield path, "OBJECT"
            yield from _containers(inner, *path)
        elif inner.startswith("MAP"):
            yield path, "OBJECT"


def _json_path(path: Sequence[str]) -> str:
    return "$" + "".join(f'."{name}"' for name in path)


def selected(fields: Sequence[Field]) -> str:
    """SQL select list of the typed fields under their column names."""
    return ",\n".join(f"{field.typed} AS {field.column}" for field in fields)


def type_mismatch(fields: Sequence[Field], structure: Shape) -> str:
    """SQL for `type_mismatch: <path>` of the first path with a value of the wrong type; else null.

    That is an object or list which is something else, or a field whose text does not cast.
    """
    holders = " ".join(
        f"WHEN kinds[{n}] NOT IN ('{kind}', 'NULL') THEN 'type_mismatch: {'.'.join(path)}'"
        for n, (path, kind) in enumerate(_containers(structure), 1)
    )
    leaves = " ".join(
        f"WHEN {field.text} IS NOT NULL AND {field.typed} IS NULL "
        f"THEN 'type_mismatch: {field.path}'"
        for field in fields
        if field.sql != "{text}"
    )
    return f"CASE {holders} {leaves} END"


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


def record_version(updated_at: str, redacted: str, filled_fields: str, record: str = "r") -> str:
    """SQL for a text whose order is the total order of a record's versions.

    Last update (null first), then the number of redacted fields, then the number of filled fields,
    then the SHA-256 of the canonical JSON of every field that the lake reads: `record` has a fixed
    field order, so re-serialised copies are equal. Last arrival would make replays differ. Every
    part has a fixed width, so that texts compare as the parts do.
    """
    return f"""concat_ws('|',
        coalesce(strftime({updated_at}, '%Y-%m-%dT%H:%M:%S.%f'), '0000-00-00T00:00:00.000000'),
        lpad(CAST({redacted} AS VARCHAR), 3, '0'),
        lpad(CAST({filled_fields} AS VARCHAR), 4, '0'),
        left(sha256(CAST(to_json({record}) AS VARCHAR)), 32))"""
