"""Lists and maps out of JSON, typed: all their leaves of one kind in one query.

SQL would type them in lambdas, which compile their regular expressions anew for every 2,048 rows:
that took a quarter of reading contact records and agent events. So the kernel hands on what
`json_transform` found, every leaf a text. Here the leaves are laid side by side, their distinct
texts are cast, and the structures are put up again around them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from transforms import duck
from transforms.fields import Record, leaf_sql, spellings
from transforms.scrubbing import chosen

Places = NDArray[np.int64]
Made = Callable[[Sequence[pa.Array]], pa.Array]  # a structure around the values of its leaves

_REASON = "reject_reason"
# What is wrong with a record before a field of the wrong type is.
_EARLIER = ("not_json", "missing_", "type_mismatch")


class Kept(NamedTuple):
    """The entries of a map that are kept: of these keys, and of those that begin with `prefix`.

    `*` among the keys stands for all in which no number or address stands.
    """

    keys: Collection[str]
    prefix: str = ""


class _At(NamedTuple):
    """Where a leaf is: its dotted path in the record, and in the table."""

    path: str
    name: str


class _Leaf(NamedTuple):
    """The texts of one field, the SQL of their values, and the rows in which they stand."""

    texts: pa.Array
    sql: str
    path: str
    rows: Places
    is_text: bool


@dataclass(frozen=True)
class Nested:
    """How a record's nested columns become typed, where that does not follow from their types.

    `leaves`: SQL of the value of a `text`, by the dotted name of column and parts (of a map: of
    the column). `kept`: which entries of a map are kept, by column.
    """

    record: Record
    leaves: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, Kept] = field(default_factory=dict)

    def typed(self, rows: pa.Table) -> pa.Table:
        """`rows` with nested columns in their types; `reject_reason` names a leaf without a value.

        The columns come as `json_transform` made them. A map's entries are in the order of their
        keys; null stays null, and empty stays empty.
        """
        leaves: list[_Leaf] = []
        here = np.arange(len(rows))
        made = {
            column: self._made(
                rows[column.name].combine_chunks(),
                column.type,
                _At(".".join(spellings(column.path)[0]), column.name),
                here,
                leaves,
            )
            for column in self.record.nested
        }
        values = _values(leaves)
        for column, make in made.items():
            at = rows.schema.get_field_index(column.name)
            rows = rows.set_column(at, pa.field(column.name, column.type), make(values))
        return _with_reasons(rows, _misfits(leaves, values))

    def _made(
        self, found: pa.Array, kind: pa.DataType, at: _At, rows: Places, leaves: list[_Leaf]
    ) -> Made:
        """The typed `found`, once its leaves, which join `leaves`, have values."""
        if pa.types.is_map(kind):
            return self._map(found, kind, at, rows, leaves)
        if pa.types.is_list(kind):
            lengths = _lengths(found)
            items = self._made(
                found.flatten(), kind.value_type, at, np.repeat(rows, lengths), leaves
            )
            offsets, nulls = _offsets(lengths), found.is_null()
            return lambda values: pa.ListArray.from_arrays(
                offsets, items(values), type=kind, mask=nulls
            )
        if pa.types.is_struct(kind):
            return self._struct(found, kind, at, rows, leaves)
        number = len(leaves)
        sql = self.leaves.get(at.name) or leaf_sql(kind)
        leaves.append(_Leaf(found, sql, at.path, rows, pa.types.is_string(kind)))
        return lambda values: values[number]

    def _map(
        self, found: pa.Array, kind: pa.MapType, at: _At, rows: Places, leaves: list[_Leaf]
    ) -> Made:
        entries = found.cast(pa.list_(pa.struct([("key", pa.string()), ("value", _item(found))])))
        nulls, flat = found.is_null(), entries.flatten()
        owners = np.repeat(np.arange(len(found)), _lengths(entries))
        keys, items = flat.field(0), flat.field(1)
        order = _in_order(keys, owners, self.kept.get(at.name))
        owners, keys = owners[order], keys.take(pa.array(order))
        offsets = _offsets(np.bincount(owners, minlength=len(found)))
        item = self._made(items.take(pa.array(order)), kind.item_type, at, rows[owners], leaves)
        return lambda values: pa.MapArray.from_arrays(
            offsets, keys, item(values), type=kind, mask=nulls
        )

    def _struct(
        self, found: pa.Array, kind: pa.StructType, at: _At, rows: Places, leaves: list[_Leaf]
    ) -> Made:
        parts = []
        for part in kind:
            spelled = spellings(self.record.spelled(part.name))
            part_at = _At(f"{at.path}.{'.'.join(spelled[0])}", f"{at.name}.{part.name}")
            texts = [_within(found, path) for path in spelled]
            text = texts[0] if len(texts) == 1 else pc.coalesce(*texts)
            parts.append(self._made(text, part.type, part_at, rows, leaves))
        nulls = found.is_null()
        return lambda values: pa.StructArray.from_arrays(
            [part(values) for part in parts], fields=list(kind), mask=nulls
        )


def _item(found: pa.Array) -> pa.DataType:
    return found.type.item_type


def _within(found: pa.Array, path: Iterable[str]) -> pa.Array:
    """A part of structs, null where one of those around it is."""
    for name in path:
        found = found.flatten()[found.type.get_field_index(name)]
    return found


def _lengths(found: pa.Array) -> Places:
    lengths = pc.fill_null(pc.list_value_length(found), 0)
    return np.asarray(lengths, np.int64)


def _offsets(lengths: Places) -> pa.Array:
    return pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())


def _in_order(keys: pa.Array, owners: Places, kept: Kept | None) -> Places:
    """The places of the entries that are kept, each owner's in the order of their keys."""
    encoded = keys.dictionary_encode()
    names, codes = encoded.dictionary, encoded.indices.to_numpy()
    ranks = np.empty(len(names), np.int64)
    ranks[pc.sort_indices(names).to_numpy()] = np.arange(len(names))
    sought = owners * (len(names) + 1) + ranks[codes]
    order = np.argsort(sought, kind="stable") if np.any(sought[1:] < sought[:-1]) else None
    if kept is not None:
        is_kept = _column(chosen("text", kept.keys, kept.prefix), names).to_numpy(
            zero_copy_only=False
        )[codes]
        return np.flatnonzero(is_kept) if order is None else order[is_kept[order]]
    return np.arange(len(keys)) if order is None else order


def _values(leaves: Sequence[_Leaf]) -> list[pa.Array]:
    """The values of every leaf's texts, in order."""
    by_sql: dict[str, list[int]] = {}
    for number, leaf in enumerate(leaves):
        by_sql.setdefault(leaf.sql, []).append(number)
    values: dict[int, pa.Array] = {}
    for sql, numbers in by_sql.items():
        texts = pa.concat_arrays([leaves[number].texts for number in numbers]).dictionary_encode()
        found = _column(sql, texts.dictionary).take(texts.indices)
        start = 0
        for number in numbers:
            values[number] = found.slice(start, len(leaves[number].texts))
            start += len(leaves[number].texts)
    return [values[number] for number in range(len(leaves))]


def _column(sql: str, texts: pa.Array) -> pa.Array:
    """The SQL over each `text`."""
    found = duck.rows(f"SELECT {sql} AS value FROM texts", texts=pa.table({"text": texts}))
    return found["value"].combine_chunks()


def _misfits(leaves: Sequence[_Leaf], values: Sequence[pa.Array]) -> dict[int, str]:
    """The path of the first leaf that has a text and no value, by row."""
    misfits: dict[int, str] = {}
    for leaf, found in zip(leaves, values, strict=True):
        if not leaf.is_text and found.null_count > leaf.texts.null_count:
            at = pc.indices_nonzero(pc.and_(found.is_null(), leaf.texts.is_valid())).to_numpy()
            misfits = dict.fromkeys(leaf.rows[at].tolist(), leaf.path) | misfits
    return misfits


def _with_reasons(rows: pa.Table, misfits: Mapping[int, str]) -> pa.Table:
    if not misfits:
        return rows
    reasons: list[str | None] = rows[_REASON].to_pylist()
    for row, path in misfits.items():
        if not (reasons[row] or "").startswith(_EARLIER):
            reasons[row] = f"type_mismatch: {path}"
    at = rows.schema.get_field_index(_REASON)
    return rows.set_column(at, _REASON, pa.array(reasons, pa.string()))
