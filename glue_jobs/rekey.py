"""`lake rekey`: customers go over from the former key's tokens to the present key's.

A token cannot be turned back into its number, so the pairs of tokens come from the numbers of
received records, while both keys are set. A customer of whom raw holds nothing any more keeps the
former token; a build under two keys moves those that it hears of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs import ledger, raw, rewriting
from glue_jobs.lake import Lake
from glue_jobs.parsers import (
    ERASURES,
    Parsers,
    forgotten_tokens,
    has_token,
    is_token_column,
    with_tokens,
)
from ingestion.errors import LakeError
from ingestion.store import Store
from transforms.pipeline import SOURCES
from transforms.schema import Table

_PIECE_BYTES = 16 * 2**20


class NoFormerKeyError(LakeError):
    """There is no former key to leave."""

    exit_code = 12


class Rekeyed(NamedTuple):
    """Rows by table that went over to the present key, and that stay under another one."""

    moved: dict[str, int]
    left: dict[str, int]


def rekey(
    lake: Lake, parsers: Parsers, keys: Iterable[str] | None = None, *, is_dry: bool = False
) -> Rekeyed:
    """Put the customers of raw objects (None = of all) under the present key in every table.

    Who was forgotten under the former key stays forgotten under the present one. Safe to repeat.
    Raises NoFormerKeyError and ConflictError.
    """
    if parsers.tokens.former is None:
        raise NoFormerKeyError(
            "no former customer key: set CUSTOMER_KEY_OLD and CUSTOMER_KEY_OLD_VERSION beside "
            "CUSTOMER_KEY and a new CUSTOMER_KEY_VERSION"
        )
    began = ledger.known(lake)
    found = pairs(lake.store, parsers, keys)
    gone = forgotten_tokens(lake.store)
    names = {old: new for old, new in found.items() if old not in gone}
    moved = rewriting.rows_with(lake, [*names])
    if not is_dry:
        _forget_as(lake.store, {new for old, new in found.items() if old in gone} - gone)

        def renamed(rows: pa.Table, table: Table) -> pa.Table:
            return _renamed(rows, table, names)

        rewriting.rewrite(lake, ledger.REKEYING, [*names], renamed, began)
    left = {
        table.name: _others(lake, table, parsers.tokens.version) for table in rewriting.holding()
    }
    waiting = moved if is_dry else {}
    left = {name: n - waiting.get(name, 0) for name, n in left.items()}
    return Rekeyed(moved, {name: n for name, n in left.items() if n})


def pairs(store: Store, parsers: Parsers, keys: Iterable[str] | None = None) -> dict[str, str]:
    """The present token for each former one, of the customers of raw objects (None = of all)."""
    found: dict[str, str] = {}
    for source in SOURCES:
        names = [name for name in source.writes.names if is_token_column(name)]
        if not names:
            continue
        there = [*raw.sizes(store, source.kind)]
        wanted = there if keys is None else sorted({*keys}.intersection(there))
        now, then = (
            Parsers(parsers.taxonomy, keyed).of(source.kind).parse
            for keyed in parsers.tokens.each[:2]
        )
        for piece in raw.pieces(store, wanted, _PIECE_BYTES):
            new, old = now(piece.lines).select(names), then(piece.lines).select(names)
            for before, after in zip(old.columns, new.columns, strict=True):
                told = zip(before.to_pylist(), after.to_pylist(), strict=True)
                found |= {a: b for a, b in told if a is not None and b is not None}
    return found


def _renamed(rows: pa.Table, table: Table, names: dict[str, str]) -> pa.Table:
    if "customer_id" not in table.key:
        return with_tokens(rows, names)
    # One row a customer: what the present key says is the newer.
    known = {*rows.column("customer_id").to_pylist()}
    double = [old for old, new in names.items() if new in known]
    kept = with_tokens(rows.filter(pc.invert(has_token(rows, double))), names)
    return kept.sort_by([(name, "ascending") for name in table.order])


def _others(lake: Lake, table: Table, version: str) -> int:
    """How many rows of a table hold a token under another key than of that version."""
    names = [name for name in table.names if is_token_column(name)]
    days = [[day] for day in lake.days(table.name)] if table.is_daily else [None]
    return sum(_count(lake.read(table, each, names), version) for each in days)


def _count(rows: pa.Table, version: str) -> int:
    found = pa.chunked_array([pa.repeat(pa.scalar(False), rows.num_rows)])
    for column in rows.columns:
        is_other = pc.invert(pc.starts_with(column, f"c{version}_"))
        found = pc.or_(found, pc.fill_null(is_other, False))
    return int(pc.sum(found).as_py() or 0)


def _forget_as(store: Store, tokens: set[str]) -> None:
    """A tombstone under the present key for who has one under the former."""
    if tokens:
        text = json.dumps({"tokens": sorted(tokens), "done": None})
        store.put(f"{ERASURES}/{min(tokens)}-rekeyed.json", text.encode())
