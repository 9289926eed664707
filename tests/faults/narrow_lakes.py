"""Lakes of a few narrow tables whose records are known beforehand: thousands can be tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pyarrow as pa
import pytest

from glue_jobs import build, compaction, evolution, history, lake, maintenance, quality, racing
from glue_jobs.parsers import Parser, Parsers
from ingestion import records
from ingestion.privacy import Tokens
from tests.faults.model import Line, universe
from transforms import calls_by_category_queue, contact_statistic_record, tables
from transforms.pipeline import Read, Source, Step
from transforms.schema import Table
from transforms.taxonomy import Taxonomy


def narrow(table: Table, *names: str) -> Table:
    """The table with its key and the columns of those names: metadata is half of a run's time."""
    wanted = {*table.key, "day", "record_version", "unknown_fields", *names}
    wanted |= {column.name for column in table.columns if column.required}
    columns = tuple(each for each in table.columns if each.name in wanted)
    sort_by = tuple(each for each in table.sort_by if each in wanted)
    return replace(table, columns=columns, sort_by=sort_by, facts=())


CONTACTS = narrow(
    tables.CONTACT_RECORD, *contact_statistic_record.NEEDED, "attributes", "segment_attributes"
)
EVENTS = narrow(tables.AGENT_EVENT, "event_type")
STATISTICS = narrow(tables.CONTACT_STATISTIC_RECORD, *calls_by_category_queue.NEEDED)
CALLS = tables.CALLS_BY_CATEGORY_QUEUE
SOURCES = (
    Source("contact_record", CONTACTS, moves=True),
    Source("agent_event", EVENTS, moves=False),
    Source("work_item", tables.WORK_ITEM, moves=True),
)
STEPS = (
    Step(
        contact_statistic_record.contact_statistic_records,
        (Read(CONTACTS, contact_statistic_record.NEEDED),),
        STATISTICS,
        ("instance_id", "contact_id"),
        0,
    ),
    Step(
        calls_by_category_queue.calls_by_category_queue,
        (Read(STATISTICS, calls_by_category_queue.NEEDED),),
        CALLS,
        ("day", "queue_name", "category"),
        0,
    ),
)
FEW = (*(source.writes for source in SOURCES), STATISTICS, CALLS, tables.RUN)


@contextmanager
def modelled() -> Iterator[None]:
    """Lakes of `FEW`; what other tests look at (the parsers' SQL, the gate's engine) is short."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (lake, compaction, evolution, maintenance):
            patch.setattr(module, "TABLES", FEW)
        patch.setattr(build, "SOURCES", SOURCES)
        patch.setattr(build, "STEPS", STEPS)
        patch.setattr(history, "BUILT", tuple(each.name for each in FEW if each.name != "run"))
        patch.setattr(quality, "gate", _gate)
        patch.setattr(racing, "FIRST_WAIT_S", 0)
        yield


def _gate(table: str, violations: Mapping[str, int], _store: object) -> None:
    broken = {name: count for name, count in violations.items() if count}
    if broken:
        raise quality.AuditFailedError(f"{table}: {broken}")


class KnownParsers(Parsers):
    """The parsers' rows of the universe, looked up by line instead of parsed each time."""

    def of(self, kind: str) -> Parser:
        """The kind's parser, which knows the universe and nothing else."""
        parser = super().of(kind)
        return parser._replace(parse=lambda lines: _looked_up(kind, lines.column("line")))


@cache
def known_parsers() -> KnownParsers:
    """The parsers under a fixed key."""
    return KnownParsers(Taxonomy(), Tokens(bytes(32)))


@cache
def parsed_universe(kind: str) -> tuple[dict[Line, int], pa.Table]:
    lines = universe()[kind]
    column = pa.chunked_array([pa.array(lines, pa.large_string())])
    rows = Parsers(Taxonomy(), Tokens(bytes(32))).of(kind).parse(pa.table({"line": column}))
    table = next(source.writes for source in SOURCES if source.kind == kind)
    return {line: at for at, line in enumerate(lines)}, rows.select(
        [*table.names, "reject_reason"]
    ).combine_chunks()


def _looked_up(kind: str, lines: pa.ChunkedArray) -> pa.Table:
    places, rows = parsed_universe(kind)
    found = [places[line.rstrip("\n")] for line in lines.to_pylist()]
    return rows.take(pa.array(found, pa.int64()))


def digest(line: Line) -> str:
    """What decides between versions that say as much at the same instant."""
    kind = records.outcomes(line.encode())[0].kind  # type: ignore[union-attr]
    places, rows = parsed_universe(kind)
    return str(rows.column("record_version")[places[line]].as_py())
