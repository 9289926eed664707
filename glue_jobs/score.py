"""`lake score`: workload scores and customers' agents as of the newest instant in the lake."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs import lake_settings, quality
from glue_jobs.lake import Lake, Replacement
from glue_jobs.racing import raced
from ingestion.errors import LakeError
from transforms import tables
from transforms.facts import violations
from transforms.schema import Table
from transforms.workforce.score import Weights, customer_agents, workload_scores

WINDOW_DAYS = 28
AFFINITY_DAYS = 90

# What happened in the centre tells how far the lake knows it; later amendments do not.
_CLOCKS = (
    (tables.AGENT_EVENT, "event_timestamp"),
    (tables.CONTACT_RECORD, "initiation_timestamp"),
    (tables.CONTACT_RECORD, "disconnect_timestamp"),
    (tables.WORK_ITEM, "last_update_timestamp"),
)


class NothingToScoreError(LakeError):
    """The lake has no contacts, events or work items yet."""

    exit_code = 3


class Scored(NamedTuple):
    """What was written: rows by table, and the instant that the scores hold for (UTC)."""

    as_of: datetime
    scores: int
    customers: int


def score(lake: Lake, weights: Weights | None = None) -> Scored:
    """Recompute `workload_score` and `customer_agent` from the last 28 and 90 days.

    By the weights given, else those of the lake's `score.toml`, else the usual ones. A job that
    another one overtakes starts again from what is there then, so that no older scores replace
    newer ones.
    """
    return raced(partial(_scored, lake, weights))


def _scored(lake: Lake, weights: Weights | None) -> Scored:
    with (
        lake.replacement(tables.CUSTOMER_AGENT) as customer_change,
        lake.replacement(tables.WORKLOAD_SCORE) as score_change,
    ):
        as_of, scores, customers = _found(lake, weights)
        _put(lake, score_change, scores)
        _put(lake, customer_change, customers)
    return Scored(as_of, scores.num_rows, customers.num_rows)


def _found(lake: Lake, weights: Weights | None) -> tuple[datetime, pa.Table, pa.Table]:
    """The instant that they hold for, the scores, and the customers' agents."""
    as_of = known_until(lake)
    recent = _days(as_of, WINDOW_DAYS)
    contacts = _within(lake, tables.CONTACT_RECORD, _days(as_of, AFFINITY_DAYS))
    scores = workload_scores(
        lake.read(tables.WORK_ITEM),
        _within(lake, tables.AGENT_STATE_INTERVAL, _days(as_of, 1)),
        _within(lake, tables.AGENT_SKILL, recent),
        contacts.filter(pc.field("day") >= recent[0].date()),
        as_of,
        weights=weights or lake_settings.weights(lake.store),
    )
    return as_of, scores, customer_agents(contacts, as_of, AFFINITY_DAYS)


def known_until(lake: Lake) -> datetime:
    """The newest instant (UTC) at which anything happened that the lake knows of."""
    newest: list[datetime] = []
    for table, column in _CLOCKS:
        days = lake.days(table.name)
        latest = pc.max(lake.read(table, days[-2:], (column,)).column(column)).as_py()
        newest += [latest] if latest else []
    if not newest:
        raise NothingToScoreError(
            f"{lake.settings.lake} has no contacts yet; run `lake ingest` and `lake build` first"
        )
    return max(newest)


def _within(lake: Lake, table: Table, days: list[datetime]) -> pa.Table:
    wanted = {day.date() for day in days}
    return lake.read(table, [day for day in lake.days(table.name) if day in wanted])


def _days(as_of: datetime, count: int) -> list[datetime]:
    return [as_of - timedelta(days=n) for n in range(count, -1, -1)]


def _put(lake: Lake, change: Replacement, rows: pa.Table) -> None:
    table = change.table
    conformed = table.conform(rows)
    quality.gate(table.name, violations(conformed, table), lake.store)
    change.put_all(conformed)
