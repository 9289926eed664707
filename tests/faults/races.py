"""Writers that meet: each adds a row to the one day of `work_item`, from what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import partial
from threading import Barrier
from typing import Any

import pyarrow as pa

from glue_jobs.lake import ConflictError, Lake, made
from glue_jobs.racing import raced
from glue_jobs.settings import Settings
from transforms.tables import WORK_ITEM

DAY = date(2026, 1, 5)
OTHER_DAY = date(2026, 1, 6)


def row(name: str, day: date = DAY) -> dict[str, Any]:
    return {"day": day, "work_item_id": name, "record_version": "v", "agent_username": "ann"}


def add(lake: Lake, name: str, day: date = DAY) -> None:
    """Add a row to what is there now; ConflictError if another writer was first."""
    lake.add(WORK_ITEM, pa.Table.from_pylist([row(name, day)], schema=WORK_ITEM.schema))


def found(lake: Lake) -> list[str]:
    """The rows' names."""
    return sorted(lake.read(WORK_ITEM).column("work_item_id").to_pylist())


@contextmanager
def two_lakes(settings: Settings) -> Iterator[list[Lake]]:
    """Two openings of one lake, as two jobs have them."""
    with ExitStack() as stack:
        yield [stack.enter_context(made(settings)[0]) for _ in range(2)]


def race(lakes: Sequence[Lake], number: int) -> int:
    """Both add a row at once, again while the other was first; returns how often one was not."""
    start = Barrier(len(lakes))
    lost: list[str] = []

    def run(at: int) -> None:
        start.wait()
        raced(partial(_counted, lakes[at], f"{number}-{at}", [DAY, OTHER_DAY][at % 2], lost))

    with ThreadPoolExecutor(len(lakes)) as threads:
        list(threads.map(run, range(len(lakes))))
    return len(lost)


def _counted(lake: Lake, name: str, day: date, lost: list[str]) -> None:
    try:
        add(lake, name, day)
    except ConflictError:
        lost.append(name)
        raise
