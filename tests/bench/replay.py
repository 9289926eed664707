"""How long new records wait to be seen when a month is delivered once more.

What lands just after the replay's build has listed what there is waits for that build and for the
next: both are timed, beside the same two in a lake that nobody replays. The replay comes in other
files than the month did, so that nothing tells it before its records are read; afterwards both
lakes hold the same rows, which is checked.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb

from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from ingestion.files import ingest
from ingestion.simulator import Delivery, Truth, deliveries, invented_centre
from tests.bench.data import START, written
from tests.bench.harness import BenchError, Rows, in_own_process, line, rounded, tell
from transforms.tables import RUN, TABLES

QUARTER = timedelta(minutes=15)
REPLAYED, ALONE = "replayed", "left alone"


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """The longest wait of a live record, with a replay of `given.days` days and without one."""
    records, size = _records(keep, given)
    lakes = {REPLAYED: keep / "lake-replayed", ALONE: keep / "lake-alone"}
    waits: dict[str, list[float]] = {}
    peak_mb = 0.0
    for name, folder in lakes.items():
        made = {"records": [str(records / "month")], "lake": str(folder)}
        tell(f"{name}: the month, {in_own_process('ours:whole', made).seconds:.1f} s")
        news = ["replay", "quarter-0"] if name == REPLAYED else ["quarter-0"]
        waits[name] = []
        for parts in (news, ["quarter-1"]):
            with opened(Settings(str(folder))) as lake:
                ingest([records / part for part in parts], lake.store)
            done = in_own_process("ours:increment", {"lake": str(folder)})
            waits[name].append(done.seconds)
            peak_mb = max(peak_mb, done.rss_mb)
            tell(f"{name}: {', '.join(parts)}, {done.seconds:.1f} s")
    rows = _same(lakes)
    yield line(
        "longest wait of a live record",
        sum(waits[REPLAYED]),
        "seconds",
        "the same without a replay",
        sum(waits[ALONE]),
        builds_s={name: [rounded(each) for each in found] for name, found in waits.items()},
        days=given.days,
        agents=given.agents,
        replayed_mb=round(sum(size["mb"].values())),
        replayed_records=sum(size["records"].values()),
        same_rows=rows,
        rss_mb=round(peak_mb),
        seed=given.seed,
    )


def _records(keep: Path, given: Namespace) -> tuple[Path, dict[str, Any]]:
    """A month, the same in other files, and the two quarters of an hour after it."""
    folder = keep / f"replay-{given.days}-{given.agents}-{given.seed}"
    end = datetime.combine(START + timedelta(days=given.days - 1), time(12), UTC)

    def of_the_month(each: Delivery) -> str | None:
        return f"month/{each.kind}-{each.at.date()}" if each.at < end else None

    def again(each: Delivery) -> str | None:
        return f"replay/{each.kind}-{each.at.date()}-{each.at.hour // 8}" if each.at < end else None

    def after(each: Delivery) -> str | None:
        number = (each.at - end) // QUARTER
        return f"quarter-{number}/{each.kind}" if 0 <= number < 2 else None

    for name in (after, again):
        written(folder, _deliveries(given), name)
    return folder, written(folder, _deliveries(given), of_the_month)


def _deliveries(given: Namespace) -> Iterator[Delivery]:
    centre = invented_centre(agents=given.agents, seed=given.seed)
    return deliveries(centre, START, given.days, given.seed, Truth())


def _same(lakes: Mapping[str, Path]) -> int:
    """The rows of every table but the ledger; BenchError unless both lakes have the same."""
    rows = 0
    for table in (each for each in TABLES if each is not RUN):
        found = {name: _rows(folder, table.name) for name, folder in lakes.items()}
        if found[REPLAYED] != found[ALONE]:
            raise BenchError(f"{table.name} is not the same: {found}")
        rows += found[ALONE].count
    return rows


def _rows(folder: Path, table: str) -> Rows:
    with opened(Settings(str(folder))) as lake, duckdb.connect() as db:
        files = [each.removeprefix("file://") for each in lake.files(table)]
        if not files:
            return Rows()
        count, checksum = db.execute(
            "SELECT count(*), sum(CAST(hash(rows) AS HUGEINT)) FROM read_parquet($files) AS rows",
            {"files": files},
        ).fetchall()[0]
    return Rows(count, str(checksum))
