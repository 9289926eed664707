"""`lake forget`: nothing in the lake tells of a customer any more, and nothing will again.

First a tombstone, the customer's tokens, so that what is delivered again is redacted as it is
parsed; then the received bytes, then every table, then the snapshots and files from before. Each
part can be repeated, so a run that dies is finished by the next. A contact stays as a fact about
the centre, without whose it was.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from glue_jobs import ledger, raw, rewriting
from glue_jobs.lake import Lake
from glue_jobs.maintenance import leave_current
from glue_jobs.parsers import ERASURES, Parsers, has_token, is_token_column, without_tokens
from glue_jobs.rejects import of_object
from ingestion.landing import BAD, Origin, reject_line
from ingestion.privacy import Tokens, e164
from ingestion.records import Rejected
from ingestion.store import Store
from transforms.pipeline import SOURCES
from transforms.schema import Table

_TOKEN = re.compile(r"c[A-Za-z0-9]{1,16}_[0-9a-f]{32}")
_PIECE_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Customer:
    """Who is forgotten: tokens, and the digits of a number if it is known by one."""

    tokens: frozenset[str]
    digits: str | None
    keyed: Tokens

    def is_in(self, text: str) -> bool:
        """Whether a text as received is this customer's address, number or id."""
        return not self.tokens.isdisjoint(self.keyed.known_as(text, text)) or self.is_within(text)

    def is_within(self, text: str) -> bool:
        """Whether the number stands somewhere in a text."""
        return self.digits is not None and self.digits in re.sub(r"\D", "", text)


class Forgotten(NamedTuple):
    """What told of the customer: rows by table, and received objects by key."""

    rows: dict[str, int]
    objects: list[str]


def customer(text: str, tokens: Tokens) -> Customer:
    """The customer of a token, a phone number in any spelling, or an id."""
    if _TOKEN.fullmatch(text.strip()):
        return Customer(frozenset({text.strip()}), None, tokens)
    number = e164(text)
    return Customer(frozenset(tokens.known_as(text, text)), number and number[1:], tokens)


def told(lake: Lake, parsers: Parsers, who: Customer) -> Forgotten:
    """What `forget` would rewrite; changes nothing."""
    objects = [key for key, _ in _rewritten(lake.store, parsers, who)]
    return Forgotten(rewriting.rows_with(lake, who.tokens), objects)


def forget(lake: Lake, parsers: Parsers, who: Customer) -> Forgotten:
    """Erase the customer from received objects, tables, snapshots and files; the run is kept.

    Raises ConflictError if another writer committed first: running it again finishes the work.
    """
    key = f"{ERASURES}/{min(who.tokens)}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.json"
    began = ledger.known(lake)
    _put_run(lake.store, key, who, None)
    found = Forgotten(rewriting.rows_with(lake, who.tokens), [])
    for name, data in _rewritten(lake.store, parsers, who):
        lake.store.put(name, data)
        found.objects.append(name)

    def without(rows: pa.Table, table: Table) -> pa.Table:
        return without_tokens(rows, who.tokens, drop="customer_id" in table.key)

    rewriting.rewrite(lake, ledger.FORGETTING, who.tokens, without, began)
    for table in rewriting.holding():
        leave_current(lake, table.name)
    _put_run(lake.store, key, who, found)
    return found


def _rewritten(store: Store, parsers: Parsers, who: Customer) -> Iterator[tuple[str, bytes]]:
    """Keys of received objects that tell of the customer, and what they are without."""
    for source in SOURCES:
        if any(map(is_token_column, source.writes.names)):
            yield from _rewritten_raw(store, parsers, source.kind, who)
    for key, _ in store.keys(f"{BAD}/"):
        found = list(of_object(store, key))
        if any(who.is_within(each.payload.decode("latin-1")) for each in found):
            lines = [
                reject_line(
                    Origin(each.source, each.position),
                    Rejected(each.reason, each.detail, _clean_payload(each.payload, who)),
                )
                for each in found
            ]
            yield key, gzip.compress(b"\n".join([*lines, b""]), 1, mtime=0)


def _clean_payload(payload: bytes, who: Customer) -> bytes:
    return b"" if who.is_within(payload.decode("latin-1")) else payload


def _rewritten_raw(
    store: Store, parsers: Parsers, kind: str, who: Customer
) -> Iterator[tuple[str, bytes]]:
    parses = [Parsers(parsers.taxonomy, keyed).of(kind).parse for keyed in parsers.tokens.each]
    for piece in raw.pieces(store, raw.sizes(store, kind), _PIECE_BYTES):
        lines = [line.rstrip("\n") for line in piece.lines.column("line").to_pylist()]
        told = [has_token(parse(piece.lines), who.tokens).to_pylist() for parse in parses]
        kept = [
            _redacted(line, who) if any(mine) or who.is_within(line) else line
            for line, *mine in zip(lines, *told, strict=True)
        ]
        ends = (*piece.starts[1:], len(lines))
        for key, start, end in zip(piece.keys, piece.starts, ends, strict=True):
            if kept[start:end] != lines[start:end]:
                text = "".join(f"{line}\n" for line in kept[start:end])
                yield key, gzip.compress(text.encode(), 1, mtime=0)


def _redacted(line: str, who: Customer) -> str:
    return json.dumps(_blank(json.loads(line), who), ensure_ascii=False)


def _blank(value: Any, who: Customer) -> Any:
    if isinstance(value, dict):
        return {key: _blank(each, who) for key, each in value.items() if not who.is_within(key)}
    if isinstance(value, list):
        return [_blank(each, who) for each in value]
    return None if isinstance(value, str) and who.is_in(value) else value


def _put_run(store: Store, key: str, who: Customer, found: Forgotten | None) -> None:
    """The run's own record, which is the tombstone too; without `found` it is not finished."""
    done = found and {"rows": found.rows, "objects": len(found.objects)}
    store.put(key, json.dumps({"tokens": sorted(who.tokens), "done": done}).encode())
