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
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs import ledger, raw
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
from transforms.tables import TABLES

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
        made = {self.keyed.token(text), self.keyed.customer_id_token(text)}
        return not self.tokens.isdisjoint(made) or self.is_within(text)

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
    made = {tokens.token(text), tokens.customer_id_token(text)} - {None}
    return Customer(frozenset(map(str, made)), number and number[1:], tokens)


def told(lake: Lake, parsers: Parsers, who: Customer) -> Forgotten:
    """What `forget` would rewrite; changes nothing."""
    objects = [key for key, _ in _rewritten(lake.store, parsers, who)]
    rows = {table.name: sum(_hits(lake, table, who).values()) for table in _holding()}
    return Forgotten({name: n for name, n in rows.items() if n}, objects)


def forget(lake: Lake, parsers: Parsers, who: Customer) -> Forgotten:
    """Erase the customer from received objects, tables, snapshots and files; the run is kept.

    Raises ConflictError if another writer committed first: running it again finishes the work.
    """
    key = f"{ERASURES}/{min(who.tokens)}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.json"
    began, started_at = ledger.known(lake), ledger.clock()
    _put_run(lake.store, key, who, None)
    found = told(lake, parsers, who)
    for name, data in _rewritten(lake.store, parsers, who):
        lake.store.put(name, data)
    moves: dict[str, tuple[int, int]] = {}
    days: dict[str, int] = {}
    for table in _holding():
        before = lake.snapshot(table.name)
        if erased := _erase(lake, table, who):
            days[table.name] = erased
            moves[table.name] = before, lake.snapshot(table.name)
        leave_current(lake, table.name)
    if days:
        row = {
            "run_id": ledger.run_id(ledger.FORGETTING, sorted(moves.items())),
            "command": ledger.FORGETTING,
            "started_at": started_at,
            "inputs": [],
            "days": list(days.items()),
        }
        # The next build then sees nothing new in what was rewritten here.
        ledger.record(lake, lambda now: row | ledger.left(now, moves), began)
    _put_run(lake.store, key, who, found)
    return found


def _holding() -> list[Table]:
    return [table for table in TABLES if any(map(is_token_column, table.names))]


def _hits(lake: Lake, table: Table, who: Customer) -> dict[Any, int]:
    """How many rows of each day (None in a table without days) are the customer's."""
    names = [name for name in table.names if is_token_column(name)]
    days = [[day] for day in lake.days(table.name)] if table.is_daily else [None]
    counted = {
        days_ and days_[0]: _count(lake.read(table, days_, names), who.tokens) for days_ in days
    }
    return {day: n for day, n in counted.items() if n}


def _count(rows: pa.Table, tokens: Collection[str]) -> int:
    return int(pc.sum(has_token(rows, tokens)).as_py() or 0)


def _erase(lake: Lake, table: Table, who: Customer) -> int:
    """Rewrite the days with the customer's rows; returns how many (1 for a table without days)."""
    days = list(_hits(lake, table, who))
    if not days:
        return 0
    with lake.replacement(table) as change:
        for day in days:
            rows = lake.read(table, None if day is None else [day])
            clean = without_tokens(rows, who.tokens, drop="customer_id" in table.key)
            if day is None:
                change.put_all(clean)
            else:
                change.put(clean, [day])
    return len(days)


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
    parse = Parsers(parsers.taxonomy, parsers.tokens).of(kind).parse
    for key in raw.sizes(store, kind):
        for piece in raw.pieces(store, [key], _PIECE_BYTES):
            lines = [line.rstrip("\n") for line in piece.lines.column("line").to_pylist()]
            mine = has_token(parse(piece.lines), who.tokens).to_pylist()
            kept = [
                _redacted(line, who) if is_mine or who.is_within(line) else line
                for line, is_mine in zip(lines, mine, strict=True)
            ]
            if kept != lines:
                yield key, gzip.compress("".join(f"{line}\n" for line in kept).encode(), 1, mtime=0)


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
