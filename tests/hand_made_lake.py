"""Lakes of a few contacts made by hand, and the answers of the questions over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from glue_jobs.lake import Lake, made
from glue_jobs.query import answer
from glue_jobs.settings import Settings
from queries.question import question
from tests.transforms.landed import at
from transforms import tables
from transforms.calls_by_category_queue import calls_by_category_queue
from transforms.contact_statistic_record import contact_statistic_records
from transforms.journey import journeys
from transforms.schema import Table

NINE = at("2026-01-05T09:00")
Contacts = Sequence[dict[str, Any]]


def contact(contact_id: str, **fields: Any) -> dict[str, Any]:
    """A contact of 2026-01-05, 09:00; `None` takes a field away."""
    given: dict[str, Any] = {
        "instance_id": "i-1",
        "contact_id": contact_id,
        "initiation_timestamp": NINE,
        "category": "invoice",
        "task": "explain",
        "record_version": "1",
    } | fields
    return {"day": given["initiation_timestamp"].date()} | given


def queued(wait_s: int | None, queue: str = "Billing") -> dict[str, Any]:
    wait_ms = None if wait_s is None else wait_s * 1000
    return {
        "queue_name": queue,
        "skill": queue,
        "queue_enqueue_timestamp": NINE + timedelta(seconds=20),
        "queue_duration_ms": wait_ms,
    }


def handled(talk_s: int, hold_s: int | None = None, work_s: int | None = None) -> dict[str, Any]:
    return {
        "agent_username": "ada",
        "agent_connected_to_agent_timestamp": NINE + timedelta(seconds=30),
        "agent_interaction_duration_ms": talk_s * 1000,
        "agent_customer_hold_duration_ms": None if hold_s is None else hold_s * 1000,
        "agent_after_contact_work_duration_ms": None if work_s is None else work_s * 1000,
    }


def disconnected(after_s: float) -> dict[str, Any]:
    return {"disconnect_timestamp": NINE + timedelta(seconds=after_s)}


def put(lake: Lake, definition: Table, rows: pa.Table) -> None:
    with lake.replacement(definition) as change:
        change.put(rows, sorted(set(rows.column("day").to_pylist())))


def fill(lake: Lake, contacts: Contacts) -> None:
    """Contacts, and the tables that the questions read, as a build makes them."""
    silver = pa.Table.from_pylist(list(contacts), schema=tables.CONTACT_RECORD.schema)
    statistics = tables.CONTACT_STATISTIC_RECORD.conform(contact_statistic_records(silver))
    put(lake, tables.CONTACT_RECORD, silver)
    put(lake, tables.CONTACT_STATISTIC_RECORD, statistics)
    put(lake, tables.CALLS_BY_CATEGORY_QUEUE, calls_by_category_queue(statistics))
    put(lake, tables.JOURNEY, journeys(statistics))


Ask = Callable[..., list[dict[str, Any]]]


def cached(lake: Lake, answers: dict[str, Any], name: str, **given: str) -> list[dict[str, Any]]:
    """The answer to a question, asked once."""
    key = repr((name, given))
    if key not in answers:
        answers[key] = answer(lake, question(name), given).to_pylist()
    return [dict(row) for row in answers[key]]


@contextmanager
def asking(folder: Path) -> Iterator[Callable[[Contacts], Ask]]:
    """From contacts to a function that asks a question of the lake that holds them."""
    known: dict[int, Ask] = {}
    with ExitStack() as stack:

        def of(contacts: Contacts) -> Ask:
            if id(contacts) not in known:
                lake = stack.enter_context(made(Settings(str(folder / f"lake-{len(known)}")))[0])
                fill(lake, contacts)
                known[id(contacts)] = partial(cached, lake, {})
            return known[id(contacts)]

        yield of
