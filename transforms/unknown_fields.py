"""The names of fields in records, compared with the model: which to read, and which are unknown.

Fields that no published model names are kept by name and counted, so that a change shows at once.

Amazon Connect adds fields without notice. Looking at every name of every record would cost more
than reading it, so names are compared once per distinct set of them: a stream has few.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from transforms import duck
from transforms.duck import literal
from transforms.fields import Path, Record, spellings
from transforms.scrubbing import EVERYTHING, scrubbed

MOST = 50
LONGEST = 256

_ENTRIES = pa.list_(
    pa.struct([("name", pa.string()), ("pointer", pa.string()), ("kept", pa.bool_())])
)


class _Holder(NamedTuple):
    """An object whose fields have names, and those names."""

    path: str
    parents: Path
    names: frozenset[str]

    @property
    def fields(self) -> set[Path]:
        """The paths of its fields."""
        return {(*self.parents, name) for name in self.names}


class Compared(NamedTuple):
    """Lines with what is unknown in them, and how to read what is known and stands in them."""

    lines: pa.Table
    record: Record


def compared(lines: pa.Table, record: Record, keep: Collection[str]) -> Compared:
    """`lines` with the columns `unknown_fields` and `unknown`.

    `unknown_fields` maps the dotted path of each field that `record` does not name to null or, for
    a path in `keep` (`*` = all), to its JSON text without numbers and addresses. Looked at are the
    record, every object in it, and the first item of each list, of which only names are kept; keys
    of a map (attributes, tags) are data and no field names. A path is scrubbed too, and at most 50
    are kept. `unknown` is the JSON of these fields as received: the content that makes a version.
    Both are null where every field is known.
    """
    holders = list(_holders(record))
    names = f"json_keys(line, [{', '.join(literal(holder.path) for holder in holders)}])"
    sets = _paths_by_set(lines, names, holders)
    here = record.within(path for paths in sets.values() for path in paths)
    unknown = _unknown_by_set(sets, {path for each in holders for path in each.fields}, keep)
    if not unknown:
        return Compared(_nothing_unknown(lines), here)
    found = duck.rows(f"SELECT hash(TRY({names})) AS names FROM lines", lines=lines)
    entries = [unknown.get(key) for key in found.column("names").to_pylist()]
    valued = duck.rows(_VALUED, lines=lines.append_column("entries", pa.array(entries, _ENTRIES)))
    return Compared(valued, here)


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


def _paths_by_set(lines: pa.Table, names: str, holders: list[_Holder]) -> dict[int, set[Path]]:
    """The paths that stand in records, by the hash of a distinct set of names."""
    sets = duck.rows(
        f"""SELECT key, TRY({names}) AS names FROM (
            SELECT hash(TRY({names})) AS key, any_value(line) AS line FROM lines GROUP BY key)""",
        lines=lines,
    )
    key_and_names = zip(sets["key"].to_pylist(), sets["names"].to_pylist(), strict=True)
    return {
        key: {
            (*holder.parents, name)
            for holder, names_ in zip(holders, names_of_each, strict=True)
            for name in names_ or ()
        }
        for key, names_of_each in key_and_names
        if names_of_each
    }


def _unknown_by_set(
    sets: Mapping[int, set[Path]],
    known: set[Path],
    keep: Collection[str],
) -> dict[int, list[dict[str, Any]]]:
    """What to keep of the unknown fields of each set; sets without any are left out."""
    unknown = {key: paths - known for key, paths in sets.items()}
    shown = _shown(set[Path]().union(*unknown.values()))
    return {key: _entries(paths, shown, keep) for key, paths in unknown.items() if paths}


def _shown(paths: set[Path]) -> dict[Path, str]:
    """The dotted path of each, without numbers and addresses, and no longer than 256 characters."""
    ordered = sorted(paths)
    dotted = pa.array([".".join(path) for path in ordered], pa.string())
    names = duck.rows(
        f"SELECT left({scrubbed('path')}, {LONGEST}) AS name FROM paths",
        paths=pa.table({"path": dotted}),
    )["name"].to_pylist()
    return dict(zip(ordered, names, strict=True))


def _entries(
    paths: Collection[Path], shown: Mapping[Path, str], keep: Collection[str]
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


def _pointer(path: Path) -> str:
    """The JSON pointer of a path; RFC 6901."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _holders(record: Record) -> Iterator[_Holder]:
    tree = _tree(record)
    yield from _objects(tree, "$", ())


def _objects(tree: Mapping[str, Any], path: str, parents: Path) -> Iterator[_Holder]:
    yield _Holder(path, parents, frozenset(tree))
    for name, inner in tree.items():
        below = f'{path}."{name}"'
        item, found = (inner[0], f"{below}[0]") if isinstance(inner, list) else (inner, below)
        if isinstance(item, Mapping):
            yield from _objects(item, found, (*parents, name))


def _tree(record: Record) -> Mapping[str, Any]:
    """The record's shape with the fields that are known and not read."""
    tree: dict[str, Any] = _copied(record.model)
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
