"""`lake check --scores`: whether every row of `AgentWorkload` is what its readers take it for.

Any producer may write rows; docs/routing.md is the contract. What routing would pass over in
silence is told here in a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs.lake import Lake
from infra.tables import AGENT_STATE, AGENT_WORKLOAD, ROUTING_CONFIG
from ingestion.errors import LakeError
from lambdas.routing.config import Settings, reader, settings
from lambdas.routing.policy import LAKE, Policy, PolicyError
from lambdas.routing.scores import (
    LEAST_WORKLOAD,
    MOST_WORKLOAD,
    Candidate,
    has_id,
    sort_key,
    still_scored,
)
from lambdas.routing.tables import candidate, instant
from transforms import tables

DAYS = 28

Item = Mapping[str, Mapping[str, Any]]

_AS_OF = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_SOURCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WHOLE = re.compile(r"-?\d{1,18}")


class NoScoreTableError(LakeError):
    """There is no table of scores in this account and region."""

    exit_code = 3


class Expected(NamedTuple):
    """What rows are held against: the call types and agents that there are (empty: not known).

    `settings` are those of the routing config, `now` is aware.
    """

    call_types: Collection[str]
    agents: Collection[str]
    settings: Settings
    now: datetime


class Finding(NamedTuple):
    """One problem: how many rows of a source and call type have it, and one of their agents."""

    rule: str
    source: str
    call_type: str
    rows: int
    agent: str
    message: str


class _Row(NamedTuple):
    """An item with what can be read of it; `candidate` is None where routing leaves it out."""

    item: Item
    source: str
    candidate: Candidate | None

    def text(self, name: str) -> str:
        value = self.item.get(name, {}).get("S")
        return value if isinstance(value, str) else ""


Fault = tuple[_Row, str]  # the row, what is wrong and what to do


def findings(items: Iterable[Item], against: Expected) -> list[Finding]:
    """One for each problem, source and call type, in that order; the items' order is no matter."""
    rows = sorted((_row(item) for item in items), key=_place)
    found: dict[tuple[str, str, str, str], list[_Row]] = {}
    for rule, faults in RULES.items():
        for row, message in faults(rows, against):
            key = (rule, row.source, row.text("CallType"), message)
            found.setdefault(key, []).append(row)
    return [
        Finding(rule, source, call_type, len(each), each[0].text("AgentName"), message)
        for (rule, source, call_type, message), each in found.items()
    ]


def _row(item: Item) -> _Row:
    source = item["source"].get("S") if "source" in item else LAKE
    return _Row(item, source if isinstance(source, str) else "", candidate(item))


def _place(row: _Row) -> tuple[str, ...]:
    return row.source, row.text("CallType"), row.text("AgentName"), repr(sorted(row.item.items()))


# -- rules: what cannot be read ---------------------------------------------------------------


def _agent_id(rows: Iterable[_Row], _expected: Expected) -> Iterator[Fault]:
    for row in rows:
        if not has_id(row.text("AgentId")):
            yield row, "AgentId is the agent's Connect user id, a text of 1 to 256 characters"


def _workload(rows: Iterable[_Row], _expected: Expected) -> Iterator[Fault]:
    for row in rows:
        number = str(row.item.get("Workload", {}).get("N", ""))
        if not _WHOLE.fullmatch(number) or not LEAST_WORKLOAD <= int(number) <= MOST_WORKLOAD:
            yield row, "Workload is a whole number from 0 (free) to 10000"


def _as_of(rows: Iterable[_Row], _expected: Expected) -> Iterator[Fault]:
    for row in rows:
        if not _AS_OF.fullmatch(row.text("asOf")) or not _is_instant(row.text("asOf")):
            yield row, "asOf is UTC text like 2026-01-05T12:00:00.000000Z, always as long"


def _is_instant(text: str) -> bool:
    try:
        instant(text)
    except ValueError:
        return False
    return True


def _ttl(rows: Iterable[_Row], _expected: Expected) -> Iterator[Fault]:
    for row in rows:
        if "ttl" in row.item and not _is_life(row):
            yield row, "ttl is the epoch second, a number, at which the row may go: after asOf"


def _is_life(row: _Row) -> bool:
    """A ttl in milliseconds, the usual mistake, would be thousands of years away."""
    number = str(row.item["ttl"].get("N", ""))
    begins_s = 0.0 if row.candidate is None else row.candidate.as_of.timestamp()
    return bool(_WHOLE.fullmatch(number)) and begins_s <= int(number) < 10**11


def _names(rows: Iterable[_Row], _expected: Expected) -> Iterator[Fault]:
    for row in rows:
        if not _SOURCE.fullmatch(row.source):
            yield row, "source is a text of 1 to 64 letters, digits, - and _"
        elif not row.text("AgentName").endswith(sort_key("", row.source)):
            yield row, f"AgentName of this source ends in #{row.source}, or the lake writes over it"


# -- rules: what is not used ------------------------------------------------------------------


def _early(rows: Iterable[_Row], expected: Expected) -> Iterator[Fault]:
    skew_s = expected.settings.policy.skew_s
    for row in _readable(rows):
        if row.candidate and row.candidate.as_of > expected.now + timedelta(seconds=skew_s):
            yield row, f"asOf is more than {skew_s:g} s ahead of the clock: not used"


def _old(rows: Iterable[_Row], expected: Expected) -> Iterator[Fault]:
    policy = expected.settings.policy
    for row in _readable(rows):
        age_s = (expected.now - row.candidate.as_of).total_seconds() if row.candidate else 0
        if age_s > policy.expire_after_s:
            yield row, f"asOf is more than {policy.expire_after_s:g} s ago: not used"
        elif age_s > policy.widen_after_s:
            yield row, f"asOf is more than {policy.widen_after_s:g} s ago: trusted less"


def _lagging(rows: Iterable[_Row], expected: Expected) -> Iterator[Fault]:
    """A row behind its source's newest belongs to an agent whom it no longer scores."""
    policy = expected.settings.policy
    groups: dict[tuple[str, str], list[_Row]] = {}
    for row in _readable(rows):
        groups.setdefault((row.source, row.text("CallType")), []).append(row)
    for group in groups.values():
        kept = set(still_scored([row.candidate for row in group if row.candidate], policy))
        for row in group:
            if row.candidate not in kept:
                yield row, f"more than {policy.widen_after_s:g} s behind this source: not used"


def _twice(rows: Iterable[_Row], _expected: Expected) -> Iterator[Fault]:
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        key = (row.source, row.text("CallType"), row.text("AgentId"))
        if key in seen and row.text("AgentId"):
            yield row, "another row of this source has the AgentId: only the newer counts"
        seen.add(key)


def _without_weight(rows: Iterable[_Row], expected: Expected) -> Iterator[Fault]:
    held = expected.settings
    policies = [each for each in (held.policy, held.other, held.shadow) if each is not None]
    for row in rows:
        if not any(each.sources.get(row.source) for each in policies):
            yield row, "no policy gives this source a weight: not used; see `sources`"


# -- rules: what nobody knows -----------------------------------------------------------------


def _call_type(rows: Iterable[_Row], expected: Expected) -> Iterator[Fault]:
    for row in rows:
        if expected.call_types and row.text("CallType") not in expected.call_types:
            yield row, "no contact in the lake has this call type as its category"


def _agent(rows: Iterable[_Row], expected: Expected) -> Iterator[Fault]:
    for row in rows:
        if (
            expected.agents
            and has_id(agent := row.text("AgentId"))
            and agent not in expected.agents
        ):
            yield row, "AgentState does not know the AgentId: never offered"


def _readable(rows: Iterable[_Row]) -> Iterator[_Row]:
    return (row for row in rows if row.candidate is not None)


RULES: Mapping[str, Callable[[list[_Row], Expected], Iterator[Fault]]] = {
    "agent-id": _agent_id,
    "workload": _workload,
    "as-of": _as_of,
    "ttl": _ttl,
    "source": _names,
    "early": _early,
    "old": _old,
    "lagging": _lagging,
    "duplicate": _twice,
    "no-weight": _without_weight,
    "call-type": _call_type,
    "agent": _agent,
}


# -- the tables -------------------------------------------------------------------------------


class Scanned(NamedTuple):
    """What the tables hold: score rows, agents with a live state, and the config's settings.

    `fault` tells why the config item makes no sense, if so.
    """

    items: list[Item]
    agents: frozenset[str]
    settings: Settings
    fault: str | None = None


def scanned(client: Any) -> Scanned:
    """One scan of the scores, one of the agents' ids, and the config item."""
    try:
        items = list(_items(client, AGENT_WORKLOAD["TableName"]))
        states = list(_items(client, AGENT_STATE["TableName"], "AgentId"))
        config = reader(client, ROUTING_CONFIG["TableName"])()
    except client.exceptions.ResourceNotFoundException:
        raise NoScoreTableError("no routing tables in this account: run `lake publish`") from None
    agents = frozenset(each["AgentId"]["S"] for each in states)
    try:
        return Scanned(items, agents, settings(config, Policy()))
    except PolicyError as error:
        return Scanned(items, agents, Settings(), str(error))


def expected(lake: Lake, read: Scanned, now: datetime) -> Expected:
    """What the rows of these tables are held against in this lake."""
    return Expected(call_types(lake), read.agents, read.settings, now)


def told(found: Iterable[Finding]) -> pa.Table:
    """The findings as rows, in their order."""
    texts = ("rule", "source", "call_type", "agent", "message")
    types = dict.fromkeys(texts, pa.string()) | {"rows": pa.int64()}
    schema = pa.schema([(name, types[name]) for name in Finding._fields])
    return pa.Table.from_pylist([each._asdict() for each in found], schema=schema)


def call_types(lake: Lake) -> frozenset[str]:
    """The categories of the lake's last DAYS days with contacts, and of its own scores."""
    counted = tables.CALLS_BY_CATEGORY_QUEUE
    days = lake.days(counted.name)[-DAYS:]
    return frozenset(
        name
        for rows, column in (
            (lake.read(counted, days, ("category",)), "category"),
            (lake.read(tables.WORKLOAD_SCORE, columns=("call_type",)), "call_type"),
        )
        for name in pc.unique(rows.column(column)).to_pylist()
        if name is not None
    )


def _items(client: Any, table: str, *names: str) -> Iterator[Item]:
    only = {"ProjectionExpression": ", ".join(names)} if names else {}
    for page in client.get_paginator("scan").paginate(TableName=table, **only):
        yield from page["Items"]
