"""What replacing a day of a table costs, by how often that was done before: a quarter-hourly build
does it 96 times a day, and snapshots stay for a week.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.bench.harness import BenchError, Contestant, Job, Rows, alternated, line, median

BEFORE = (10, 96, 672)
PEERS = BEFORE[:2]  # the third would take it an hour
TIMED = 4
DAY = date(2026, 1, 5)


def measured(given: Namespace, _keep: Path) -> Iterator[Mapping[str, Any]]:
    """Processor seconds of one commit after 10, 96 and 672 others, beside pyiceberg's overwrite."""
    peer = Contestant("pyiceberg overwrite", "commits:pyiceberg", own={"before": PEERS})
    ours = Contestant("ours", "commits:ours", own={"before": BEFORE})
    runs = alternated([ours, peer], {}, given.rounds)
    if any(run.rows.count != 1 for done in runs.values() for run in done):
        raise BenchError("a replaced day does not hold the one row of its last version")
    for number in BEFORE:
        beside = median(runs[peer.name], str(number)) if number in PEERS else None
        name = f"replacing a day, times before: {number}"
        ours_s = median(runs[ours.name], str(number))
        yield line(name, ours_s, "CPU seconds", peer.name if beside else None, beside)


def ours(options: Mapping[str, Any], scratch: Path) -> Job:
    """By the lake's own commit."""
    from glue_jobs.lake import made
    from glue_jobs.settings import Settings
    from transforms.tables import WORK_ITEM

    lake, _ = made(Settings(str(scratch / "lake")))

    def replace(version: int) -> None:
        with lake.replacement(WORK_ITEM) as change:
            change.put(_item(version), [DAY])

    return Job(
        lambda: _figures(replace, options["before"]),
        lambda: Rows(lake.count("work_item"), ""),
    )


def pyiceberg(options: Mapping[str, Any], scratch: Path) -> Job:
    """By `Table.overwrite`, the table made as the lake makes it."""
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.expressions import EqualTo
    from pyiceberg.transforms import IdentityTransform

    catalog = SqlCatalog("peer", uri=f"sqlite:///{scratch}/peer.db", warehouse=f"{scratch}/tables")
    catalog.create_namespace("peer")
    table = catalog.create_table("peer.work_item", _item(0).schema)
    with table.update_spec() as spec:
        spec.add_field("day", IdentityTransform(), "day_of_table")

    def replace(version: int) -> None:
        table.overwrite(_item(version), overwrite_filter=EqualTo("day", DAY))

    return Job(
        lambda: _figures(replace, options["before"]),
        lambda: Rows(table.scan().to_arrow().num_rows, ""),
    )


def _item(version: int) -> pa.Table:
    from transforms.tables import WORK_ITEM

    row = {"day": DAY, "work_item_id": "w-1", "record_version": f"v{version}"}
    return pa.Table.from_pylist([row], schema=WORK_ITEM.schema)


def _figures(replace: Callable[[int], None], before: list[int]) -> dict[str, float]:
    figures, done = {}, 0
    for number in before:
        for version in range(done, number):
            replace(version)
        began = time.process_time()
        for version in range(number, number + TIMED):
            replace(version)
        figures[str(number)] = (time.process_time() - began) / TIMED
        done = number + TIMED
    return figures
