"""Athena's SQL as DuckDB's: translated by sqlglot, mended where the two were seen to differ.

What differs was found by running both engines (`tests/trino/`). Where a difference can be mended,
the tree is rewritten here; where it cannot, the construct is refused in one line that says what to
write instead. So what runs on a folder lake means the same on Athena.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError, UnsupportedError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from ingestion.errors import LakeError
from transforms.tables import BY_NAME

Values = Mapping[str, str | int]

SETTINGS = ("SET integer_division = true",)  # 7 / 2 is 3, as in Trino

_INTEGERS = {exp.DataType.Type.TINYINT, exp.DataType.Type.SMALLINT, exp.DataType.Type.INT,
             exp.DataType.Type.BIGINT}  # fmt: skip
_FLOATS = {exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT}
_DATE = exp.DataType.Type.DATE
_INSTANTS = {exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ, _DATE}
_TEXTS = {exp.DataType.Type.VARCHAR, exp.DataType.Type.CHAR, exp.DataType.Type.TEXT}
_WORDED_ALIKE = _INTEGERS | _TEXTS | {_DATE, exp.DataType.Type.BOOLEAN, exp.DataType.Type.NULL}
_WHOLE_UNITS = {"MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK"}
_OTHER_MEANING = {
    "FORMAT": "concat the parts",
    "SKEWNESS": "the engines estimate it differently",
    "KURTOSIS": "the engines estimate it differently",
    "TYPEOF": "the engines name types differently",
    **dict.fromkeys(
        ("AT_TIMEZONE", "WITH_TIMEZONE"),
        "write CAST(at_timezone(with_timezone(…, 'UTC'), zone) AS timestamp)",
    ),
}


class QueryError(LakeError):
    """The query cannot be parsed, reads no table of the lake, or failed."""

    exit_code = 9


def parsed(sql: str) -> exp.Query:
    """The tree of one SELECT in Athena's SQL; QueryError for anything else."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it warns of is refused below
    try:
        trees = [tree for tree in sqlglot.parse(sql, dialect="athena") if tree is not None]
    except SqlglotError as error:
        raise QueryError(f"not Athena SQL: {str(error).splitlines()[0]}") from error
    if len(trees) != 1:
        raise QueryError(f"{len(trees)} statements: one SELECT at a time")
    tree = trees[0]
    if not isinstance(tree, exp.Query):
        raise QueryError("only a SELECT is run; the lake's tables are changed by `lake build`")
    return tree


def tables(tree: exp.Query) -> list[str]:
    """The lake's tables that a query reads; QueryError for any other."""
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    names = {table.name for table in tree.find_all(exp.Table)} - ctes
    for name in sorted(names):
        if name not in BY_NAME:
            raise QueryError(f"no table {name!r}; there are {', '.join(BY_NAME)}")
    return sorted(names)


def translated(tree: exp.Query, values: Values) -> str:
    """DuckDB's SQL for a parsed query, with its named parameters filled in as literals."""
    known = _typed(tree.transform(lambda node: _clock(_filled(node, values))))
    for node in reversed(list(known.walk(bfs=True))):  # what is inside is mended first
        mended: Any = _mended(node)
        if mended is not node:
            mended.type = node.type
            node.replace(mended)
    try:
        return str(known.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE))
    except UnsupportedError as error:
        raise QueryError(f"not run locally: {str(error).splitlines()[0]}") from error


def _filled(node: exp.Expression, values: Values) -> exp.Expression:
    if not isinstance(node, exp.Placeholder):
        return node
    if node.name not in values:
        raise QueryError(f"the query's parameter :{node.name} has no value")
    value = values[node.name]
    return exp.Literal.number(value) if isinstance(value, int) else exp.Literal.string(value)


def _clock(node: exp.Expression) -> exp.Expression:
    """What a zone's clock shows at a UTC instant, in DuckDB's words; other zones are refused."""
    shown, utc = _call(node.this, "AT_TIMEZONE"), exp.Literal.string("UTC")
    if not (isinstance(node, exp.Cast) and node.is_type("timestamp") and shown):
        return node
    instant = _call(shown[0], "WITH_TIMEZONE")
    if not instant or instant[1] != utc:
        return node
    at_utc = exp.func("TIMEZONE", utc, instant[0])
    node.set("this", exp.func("TIMEZONE", shown[1], at_utc))
    return node


def _call(node: Any, name: str) -> list[exp.Expression]:
    """The arguments of a call of that function; none for anything else."""
    is_call = isinstance(node, exp.Anonymous) and node.name.upper() == name
    return list(node.expressions) if is_call else []


def _typed(tree: exp.Expression) -> exp.Expression:
    """The tree with every column resolved and every expression's type, as far as it is known."""
    schema: dict[str, object] = {
        name: {column.name: _trino_type(column.type) for column in table.columns}
        for name, table in BY_NAME.items()
    }
    try:
        resolved = qualify(
            tree, schema=schema, dialect="athena", quote_identifiers=False, identify=False
        )
    except SqlglotError as error:
        raise QueryError(f"query failed: {str(error).splitlines()[0]}") from error
    return annotate_types(resolved, schema=schema, dialect="athena")


def _trino_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"array({_trino_type(kind.value_type)})"
    if pa.types.is_map(kind):
        return f"map({_trino_type(kind.key_type)}, {_trino_type(kind.item_type)})"
    if pa.types.is_struct(kind):
        return f"row({', '.join(f'{field.name} {_trino_type(field.type)}' for field in kind)})"
    names = {pa.int64(): "bigint", pa.float64(): "double", pa.date32(): "date"}
    return "timestamp" if pa.types.is_timestamp(kind) else names.get(kind, "varchar")


def _mended(node: Any) -> Any:
    for kind, mend in _MENDS:
        if isinstance(node, kind):
            return mend(node)
    return node


def _division(node: exp.Expression) -> exp.Expression:
    sides = (node.this, node.expression)
    if any(map(_is_float, sides)) or all(_type(side) in _INTEGERS for side in sides):
        return node
    raise QueryError(
        f"{_shown(node)}: Athena rounds decimal quotients; divide CAST(… AS double) by it"
    )


def _is_float(node: exp.Expression) -> bool:
    """Whether it is a double; a literal such as 7.0 is a decimal in Trino."""
    is_decimal = isinstance(node, exp.Literal) and "e" not in node.name.lower()
    return _type(node) in _FLOATS and not is_decimal


def _difference(node: exp.Expression) -> exp.Expression:
    """date_diff counts whole units in Trino, boundaries crossed in DuckDB."""
    unit = node.text("unit").upper()
    if unit not in _WHOLE_UNITS:
        raise QueryError(f"{_shown(node)}: count days, or compare year(…) and month(…)")
    name = exp.Literal.string(unit.lower())
    return exp.Anonymous(this="date_sub", expressions=[name, node.expression, node.this])


def _extracted(node: exp.Expression) -> exp.Expression:
    unit = node.name.upper()
    if unit == "EPOCH":
        raise QueryError(f"{_shown(node)}: Athena has to_unixtime(…) instead")
    if unit in {"DOW", "DAY_OF_WEEK"}:  # Trino's week ends with Sunday = 7, DuckDB's begins with 0
        return exp.Extract(this=exp.var("ISODOW"), expression=node.expression)
    return node


def _matched(node: exp.Expression) -> exp.Expression:
    """Without a match regexp_extract is NULL in Trino, an empty text in DuckDB."""
    found = exp.RegexpLike(this=node.this.copy(), expression=node.expression.copy())
    return exp.Case(ifs=[exp.If(this=found, true=node.copy())])


def _cast(node: exp.Expression) -> exp.Expression:
    given, wanted = _type(node.this), node.args["to"].this
    if wanted in _TEXTS and given not in _WORDED_ALIKE:
        raise QueryError(
            f"{_shown(node)}: the engines write such values differently; cast to bigint or date "
            "first, or use date_format"
        )
    if wanted in _INTEGERS and given in _FLOATS:  # halves: away from zero in Trino, to even here
        node.set("this", exp.func("ROUND", node.this))
    if wanted in _INTEGERS and given in _TEXTS:  # DuckDB rounds '1.5' to 2, Trino refuses it
        return _whole(node)
    return node


def _whole(node: exp.Expression) -> exp.Expression:
    text = node.this
    is_whole = exp.func("REGEXP_FULL_MATCH", text.copy(), exp.Literal.string(r"\s*[+-]?\d+\s*"))
    otherwise = (
        exp.null()
        if isinstance(node, exp.TryCast)
        else exp.func("ERROR", exp.Literal.string("a text is no whole number"))
    )
    checked = exp.Case(
        ifs=[
            exp.If(this=exp.Is(this=text.copy(), expression=exp.null()), true=exp.null()),
            exp.If(this=is_whole, true=node.copy()),
        ],
        default=otherwise,
    )
    return exp.paren(checked)


def _on_days(node: exp.Expression) -> exp.Expression:
    """What Trino keeps a date, DuckDB makes an instant."""
    if _type(node) == _DATE or _type(node.this) == _DATE:
        return exp.Cast(this=exp.paren(node.copy()), to=exp.DataType.build("date"))
    return node


def _sum_or_difference(node: exp.Expression) -> exp.Expression:
    left, right = _type(node.this), _type(node.expression)
    if isinstance(node, exp.Sub) and left in _INSTANTS and right in _INSTANTS:
        raise QueryError(f"{_shown(node)}: use date_diff; an interval is no number on Athena")
    is_moved_day = left == _DATE and isinstance(node.expression, exp.Interval)
    return _on_days(node) if is_moved_day else node


def _subscript(node: exp.Expression) -> exp.Expression:
    if node.args.get("safe"):  # element_at
        return node
    raise QueryError(
        f"{_shown(node)}: use element_at(…); Athena fails where a subscript is not there"
    )


def _zone(node: exp.Expression) -> exp.Expression:
    raise QueryError(
        f"{_shown(node)}: the engines read it in opposite ways for instants without a zone"
    )


def _function(node: exp.Expression) -> exp.Expression:
    name = node.name.upper() if isinstance(node, exp.Anonymous) else type(node).sql_name()  # type: ignore[attr-defined]
    if name in _OTHER_MEANING:
        raise QueryError(f"{_shown(node)}: not run locally; {_OTHER_MEANING[name]}")
    return node


_MENDS: tuple[tuple[Any, Callable[[exp.Expression], exp.Expression]], ...] = (
    (exp.Div, _division),
    (exp.DateDiff, _difference),
    (exp.Extract, _extracted),
    (exp.RegexpExtract, _matched),
    (exp.Cast, _cast),
    (exp.DateTrunc, _on_days),
    (exp.TimestampTrunc, _on_days),
    (exp.DateAdd, _on_days),
    (exp.Add, _sum_or_difference),
    (exp.Sub, _sum_or_difference),
    (exp.Bracket, _subscript),
    (exp.AtTimeZone, _zone),
    (exp.Func, _function),
)


def _type(node: exp.Expression) -> Any:
    kind = node.type.this if node.type else exp.DataType.Type.UNKNOWN
    return kind if isinstance(kind, exp.DataType.Type) else exp.DataType.Type.UNKNOWN


def _shown(node: exp.Expression) -> str:
    return str(node.sql(dialect="athena"))
