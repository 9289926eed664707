"""Fields that no published model names: kept by name and counted, so that a change shows at once.

Amazon Connect adds fields without notice. Looking at every name of every record would cost more
than reading it, so names are compared once per distinct set of them: a stream has few.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from transforms import duck
from transforms.duck import literal
from transforms.fields import Record, spellings
from transforms.scrubbing import EVERYTHING, scrubbed

MOST = 50
LONGEST = 256

_ENTRIES = pa.list_(
    pa.struct([("name", pa.string()), ("pointer", pa.string()), ("kept", pa.bool_())])
)


class _Holder(NamedTuple):
    """An object whose fields have names, and those names."""

    path: str
    parents: tuple[str, ...]
    names: frozenset[str]


def with_unknown_fields(
    db: duckdb.DuckDBPyConnection, lines: pa.Table, record: Record, keep: Collection[str]
) -> pa.Table:
    """`lines` with the columns `unknown_fields` and `unknown`; `db` has them by that name.

    `unknown_fields` maps the dotted path of each field that `record` does not name to null or, for
    a path in `keep` (`*` = all), to its JSON text without numbers and addresses. Looked at are the
    record, every object in it, and the first item of each list, of which only names are kept; keys
    of a map (attributes, tags) are data and no field names. A path is scrubbed too, and at most 50
    are kept. `unknown` is the JSON of these fields as received: the content that makes a version.
    Both are null where every field is known.
    """
    holders = list(_holders(record))
    names = f"json_keys(line, [{', '.join(literal(holder.path) for holder in holders)}])"
    sets = _unknown_by_set(db, names, holders, keep)
    if not sets:
        return _nothing_unknown(lines)
    found = db.sql(f"SELECT hash(TRY({names})) AS names FROM lines").to_arrow_table()
    entries = [sets.get(key) for key in found.column("names").to_pylist()]
    return duck.rows(_VALUED, lines=lines.append_column("entries", pa.array(entries, _ENTRIES)))


_VALUE = "CAST(json_extract(line, e.pointer) AS VARCHAR)"
_VALUED = f"""
    SELECT * EXCLUDE (entries),
        CASE WHEN entries IS NOT NULL THEN map_from_entries([
            {{'k': e.name, 'v': CASE WHEN e.kept THEN {scrubbed(_VALUE)} END}} FOR e IN entries])
        END AS unknown_fields,
        CASE WHEN entries IS NOT NULL THEN CAST(to_json(
            [[e.pointer, {_VALUE}] FOR e IN entries]) AS VARCHAR) END AS unknown
    FROM lines"""


def _nothing_unknown(lines: pa.Table) -> pa.Table:
    text = pa.string()
    return lines.append_column(
        "unknown_fields", pa.nulls(lines.num_rows, pa.map_(text, text))
    ).append_column("unknown", pa.nulls(lines.num_rows, text))


def _unknown_by_set(
    db: duckdb.DuckDBPyConnection, names: str, holders: list[_Holder], keep: Collection[str]
) -> dict[int, list[dict[str, Any]]]:
    """Unknown fields by the hash of a distinct set of names; sets without any are left out."""
    sets = db.execute(f"""SELECT key, TRY({names}) FROM (
        SELECT hash(TRY({names})) AS key, any_value(line) AS line FROM lines GROUP BY key)
        """).fetchall()
    found = {
        key: list(_unknown(holders, names_of_each)) for key, names_of_each in sets if names_of_each
    }
    shown = _shown(db, {path for paths in found.values() for path in paths})
    return {key: _entries(paths, shown, keep) for key, paths in found.items() if paths}


def _unknown(
    holders: list[_Holder], names_of_each: list[list[str] | None]
) -> Iterator[tuple[str, ...]]:
    for holder, names in zip(holders, names_of_each, strict=True):
        for name in set(names or ()) - holder.names:
            yield (*holder.parents, name)


def _shown(
    db: duckdb.DuckDBPyConnection, paths: set[tuple[str, ...]]
) -> dict[tuple[str, ...], str]:
    """The dotted path of each, without numbers and addresses, and no longer than 256 characters."""
    ordered = sorted(paths)
    rows = db.execute(
        f"SELECT left({scrubbed('path')}, {LONGEST}) FROM (SELECT unnest($paths) AS path)",
        {"paths": [".".join(path) for path in ordered]},
    ).fetchall()
    return {path: name for path, (name,) in zip(ordered, rows, strict=True)}


def _entries(
    paths: list[tuple[str, ...]], shown: Mapping[tuple[str, ...], str], keep: Collection[str]
) -> list[dict[str, Any]]:
    """One entry per shown name, in order; names that look alike once scrubbed become one."""
    by_name = {shown[path]: path for path in sorted(paths, reverse=True)}
    return [
        {
            "name": name,
            "pointer": _pointer(path),
            "kept": EVERYTHING in keep or ".".join(path) in keep,
        }
        for name, path in sorted(by_name.items())[:MOST]
    ]


def _pointer(path: tuple[str, ...]) -> str:
    """The JSON pointer of a path; RFC 6901."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _holders(record: Record) -> Iterator[_Holder]:
    tree = _tree(record)
    yield from _objects(tree, "$", ())


def _objects(tree: Mapping[str, Any], path: str, parents: tuple[str, ...]) -> Iterator[_Holder]:
    yield _Holder(path, parents, frozenset(tree))
    for name, inner in tree.items():
        below = f'{path}."{name}"'
        item, found = (inner[0], f"{below}[0]") if isinstance(inner, list) else (inner, below)
        if isinstance(item, Mapping):
            yield from _objects(item, found, (*parents, name))


def _tree(record: Record) -> Mapping[str, Any]:
    """The record's shape with the fields that are known and not read."""
    tree: dict[str, Any] = _copied(record.shape)
    for path in record.unread:
        for *parents, last in spellings(path):
            node = tree
            for parent in parents:
                inner = node.setdefault(parent, {})
                node = inner[0] if isinstance(inner, list) else inner
            node.setdefault(last, "")
    return tree


def _copied(shape: Any) -> Any:
    if isinstance(shape, Mapping):
        return {name: _copied(inner) for name, inner in shape.items()}
    return [_copied(item) for item in shape] if isinstance(shape, list) else shape
