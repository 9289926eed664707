"""Typed fields out of JSON text, so that a value of the wrong type is a reject and not a null.

What is read follows from the table's columns: a column's path says where, its type and unit say
how. DuckDB's `json_transform` turns what does not fit its target type into NULL without a word. So
every leaf is read as text, cast here with TRY_CAST, and a text that does not cast names its field;
what should hold fields and is no object is named too. What stands within lists and maps is cast by
`transforms.nested`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any

import pyarrow as pa

from transforms.duck import literal
from transforms.schema import Column
from transforms.scrubbing import unless_number

Shape = Mapping[str, Any]
Path = tuple[str, ...]

# DuckDB would also take 'infinity', 'epoch', years BC or beyond 9999, which Python and other
# readers of the lake cannot hold.
_CLOCK = r"(19|20|21)\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?"
_UTC = rf"{_CLOCK}(Z|\+00:00)?)?"
_OFFSET = rf"{_CLOCK}[+-]\d\d(:?\d\d)?)"
# A cast to a plain timestamp ignores the offset.
_INSTANT = f"""CASE WHEN regexp_full_match({{text}}, '{_UTC}') THEN TRY_CAST({{text}} AS TIMESTAMP)
    WHEN regexp_full_match({{text}}, '{_OFFSET}')
    THEN make_timestamp(epoch_us(TRY_CAST({{text}} AS TIMESTAMPTZ))) END"""
_NUMBER = "CASE WHEN isfinite(TRY_CAST({text} AS DOUBLE)) THEN TRY_CAST({text} AS DOUBLE) END"
# A cast alone would round 1.5 to 2.
_COUNT = """CASE WHEN TRY_CAST({text} AS DOUBLE) = TRY_CAST({text} AS BIGINT)
    THEN TRY_CAST({text} AS BIGINT) END"""
_SECONDS = "TRY_CAST(round(TRY_CAST({text} AS DOUBLE) * 1000) AS BIGINT)"
_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us"): "TIMESTAMP",
}
# Whatever the field is called: a queue, an agent or a status is no caller.
_NAME = unless_number("\0").replace("{", "{{").replace("}", "}}").replace("\0", "{text}")
# A cast alone would take 1, t, yes and more.
_TRUTH = "CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"


@dataclass(frozen=True)
class Record:
    """How a kind's JSON is read.

    `columns`: those with a `path` are read from it. Parts of a path are separated by dots, and
    `A|B` as the last part means two spellings of one field. `names`: fields of nested structs
    whose JSON name is not the column's name in CamelCase, as paths too. `unread`: paths that the
    published model has and the lake has no use for. `found`: the paths that stand in any of
    the records at hand (None = not known): only these are read, other columns are null.
    """

    columns: tuple[Column, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    found: frozenset[Path] | None = None

    def within(self, found: Iterable[Path]) -> Record:
        """The same record, read where only the paths `found` stand.

        Streams use half of the fields; the others would take as long again.
        """
        return replace(self, found=frozenset(found))

    @cached_property
    def fields(self) -> tuple[Column, ...]:
        """The columns that are read, in order."""
        return tuple(column for column in self.columns if column.path and self._is_read(column))

    @cached_property
    def model(self) -> Shape:
        """The `json_transform` structure of every field that the record can have."""
        return self._tree(column for column in self.columns if column.path)

    @cached_property
    def shape(self) -> Shape:
        """The `json_transform` structure of what is read: every leaf as text."""
        return self._tree(self.fields)

    def read(self, lines: str) -> str:
        """SQL for `lines` with their transformed record `r` and the `kinds` of what holds fields.

        Both are null for a `line` that is not JSON.
        """
        paths = ", ".join(literal(json_path(path)) for path, _ in self._holders)
        return f"""SELECT *, TRY(json_transform(line, {literal(json.dumps(self.shape))})) AS r,
            TRY(json_type(line, CAST([{paths}] AS VARCHAR[]))) AS kinds FROM {lines}"""

    def text(self, name: str) -> str:
        """SQL for a column's field as it stands in the transformed record `r`."""
        column = self._column(name)
        if self._is_read(column):
            return _found("r", column.path)
        return f"CAST(NULL AS {_sql_type(self._shape(column.type))})"

    def selected(self, **instead: str) -> str:
        """SQL select list of the typed fields under their column names, nested ones as they are.

        `instead` is the SQL of columns that are not simply cast.
        """
        return ",\n".join(
            f'{self._selected(column, instead)} AS "{column.name}"'
            for column in self.columns
            if column.path
        )

    @cached_property
    def nested(self) -> tuple[Column, ...]:
        """The columns that are read and hold lists or maps."""
        return tuple(column for column in self.fields if pa.types.is_nested(column.type))

    def spelled(self, part: str) -> str:
        """The path in JSON of a part of a nested column."""
        return self.names.get(part) or "".join(each.capitalize() for each in part.split("_"))

    @property
    def type_mismatch(self) -> str:
        """SQL for `type_mismatch: <path>` of the first value of the wrong type; else null.

        That is an object or list which is something else, or a field whose text does not cast;
        those within lists and maps are not looked at. It needs `r`, `kinds` and the typed columns.
        """
        holders = [
            f"WHEN kinds[{n}] NOT IN ('{kind}', 'NULL') THEN {literal('.'.join(path))}"
            for n, (path, kind) in enumerate(self._holders, 1)
        ]
        leaves = [
            f'WHEN {self.text(c.name)} IS NOT NULL AND "{c.name}" IS NULL '
            f"THEN {literal(_first(c.path))}"
            for c in self.fields
            if not pa.types.is_nested(c.type) and not pa.types.is_string(c.type)
        ]
        return f"'type_mismatch: ' || {_case(holders + leaves)}"

    @property
    def negative(self) -> str:
        """SQL for `negative: <path>` of the first typed column below its minimum; else null."""
        return _case(
            f'WHEN "{c.name}" < {c.minimum} THEN {literal(f"negative: {_first(c.path)}")}'
            for c in self.fields
            if c.minimum is not None
        )

    @property
    def filled(self) -> str:
        """SQL for the number of fields that are not null."""
        return " + ".join(f"({self.text(c.name)} IS NOT NULL)::INT" for c in self.fields)

    @property
    def digest(self) -> str:
        """SQL for 64 bits of the fields of `r` and its `unknown` ones, whatever order maps came in.

        Nulls have no part in it, so that it is the same whatever fields are silent. A SHA-256 of
        the canonical JSON would take as long as all the rest of reading a record.
        """
        return reduce("xor({}, {})".format, map(self._hashed, self.fields), "hash(unknown)")

    def _hashed(self, column: Column) -> str:
        text = self.text(column.name)
        content = entries_of(text) if pa.types.is_map(column.type) else text
        return f"CASE WHEN {text} IS NULL THEN 0 ELSE hash({content}, {literal(column.path)}) END"

    @cached_property
    def _holders(self) -> tuple[tuple[Path, str], ...]:
        """What should hold fields and stands in some record, whatever it turns out to be there."""
        return tuple(
            (path, kind)
            for path, kind in _holders(self.model)
            if self.found is None or path in self.found
        )

    def _is_read(self, column: Column) -> bool:
        is_found = self.found is None or not self.found.isdisjoint(spellings(column.path))
        return is_found or column.required

    def _selected(self, column: Column, instead: Mapping[str, str]) -> str:
        if not self._is_read(column):
            return f"CAST(NULL AS {_sql_type_of(column.type)})"
        if column in self.nested:
            return self.text(column.name)
        return instead.get(column.name) or self._typed(self.text(column.name), column)

    def _column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def _tree(self, columns: Iterable[Column]) -> Shape:
        tree: dict[str, Any] = {}
        for column in columns:
            _plant(tree, column.path, self._shape(column.type))
        return tree

    def _shape(self, kind: pa.DataType) -> Any:
        if pa.types.is_list(kind):
            return [self._shape(kind.value_type)]
        if pa.types.is_map(kind):
            return f"MAP(VARCHAR, {_sql_type(self._shape(kind.item_type))})"
        if not pa.types.is_struct(kind):
            return "VARCHAR"
        tree: dict[str, Any] = {}
        for part in kind:
            _plant(tree, self.spelled(part.name), self._shape(part.type))
        return tree

    def _typed(self, text: str, column: Column) -> str:
        is_seconds = column.name.endswith("_ms") and not column.path.endswith("InMillis")
        return (_SECONDS if is_seconds else _leaf(column.type)).format(text=text)


def leaf_sql(kind: pa.DataType) -> str:
    """SQL for the value of a `text` in its type; null where it does not cast."""
    return _leaf(kind).format(text="text")


def entries_of(text: str) -> str:
    """SQL for a map's entries in the order of their keys; the order in the JSON is no content."""
    return f"list_sort(map_entries({text}))"


def spellings(path: str) -> tuple[Path, ...]:
    """The parts of every spelling of a path."""
    *parents, last = path.split(".")
    return tuple((*parents, spelling) for spelling in last.split("|"))


def json_path(path: Path) -> str:
    """The JSON path of an object's field."""
    return "$" + "".join(f'."{name}"' for name in path)


def record_version(updated_at: str, redacted: str, filled_fields: str, digest: str) -> str:
    """SQL for a text whose order is the total order of a record's versions.

    Last update (null first), then the number of redacted fields, then the number of filled fields,
    then `digest`: of every field that the lake reads or does not know, so that re-serialised
    copies are equal. Last arrival would make replays differ. Every part has a fixed width, so that
    texts compare as the parts do.
    """
    return f"""concat_ws('|',
        coalesce(strftime({updated_at}, '%Y-%m-%dT%H:%M:%S.%f'), '0000-00-00T00:00:00.000000'),
        lpad(CAST({redacted} AS VARCHAR), 3, '0'),
        lpad(CAST({filled_fields} AS VARCHAR), 4, '0'),
        lpad(hex({digest}), 16, '0'))"""


def _first(path: str) -> str:
    return ".".join(spellings(path)[0])


def _found(holder: str, path: str) -> str:
    choices = [".".join((holder, *(f'"{part}"' for part in parts))) for parts in spellings(path)]
    return choices[0] if len(choices) == 1 else f"coalesce({', '.join(choices)})"


def _plant(tree: dict[str, Any], path: str, leaf: Any) -> None:
    for *parents, last in spellings(path):
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = leaf


def _case(whens: Iterable[str]) -> str:
    """SQL for the first of the cases that holds; null where none does, or there is none."""
    return f"CASE {' '.join(['WHEN false THEN NULL', *whens])} END"


def _holders(shape: Shape, *parents: str) -> Iterator[tuple[Path, str]]:
    for name, inner in shape.items():
        path = (*parents, name)
        if isinstance(inner, list):
            yield path, "ARRAY"
        elif isinstance(inner, Mapping):
            yield path, "OBJECT"
            yield from _holders(inner, *path)
        elif inner.startswith("MAP"):
            yield path, "OBJECT"


def _sql_type(shape: Any) -> str:
    if isinstance(shape, Mapping):
        parts = ", ".join(f'"{name}" {_sql_type(inner)}' for name, inner in shape.items())
        return f"STRUCT({parts})"
    return f"{_sql_type(shape[0])}[]" if isinstance(shape, list) else str(shape)


def _sql_type_of(kind: pa.DataType) -> str:
    if pa.types.is_struct(kind):
        return f"STRUCT({', '.join(f'{part.name} {_sql_type_of(part.type)}' for part in kind)})"
    if pa.types.is_map(kind):
        return f"MAP(VARCHAR, {_sql_type_of(kind.item_type)})"
    return f"{_sql_type_of(kind.value_type)}[]" if pa.types.is_list(kind) else _SQL_TYPES[kind]


def _leaf(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return _INSTANT
    if pa.types.is_integer(kind):
        return _COUNT
    if pa.types.is_floating(kind):
        return _NUMBER
    return _TRUTH if pa.types.is_boolean(kind) else _NAME
