"""What a quarter of an hour costs in a lake of a week and in a lake of many days.

Both lakes end with the same week and get the same increments, in turn.
"""

from __future__ import annotations

import shutil
from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from ingestion.files import ingest
from ingestion.simulator import Delivery, Truth, deliveries, invented_centre
from tests.bench.data import START, written
from tests.bench.harness import Run, in_own_process, line, median, rounded, tell

SHORT_DAYS = 7
QUARTER = timedelta(minutes=15)
MIDDAY = timedelta(hours=12)


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """One line: seconds of an increment in the long lake beside the short one's."""
    records = _records(keep, given)
    lakes = {
        f"{SHORT_DAYS} days": ([records / "week"], keep / "lake-short"),
        f"{given.days} days": ([records / "before", records / "week"], keep / "lake-long"),
    }
    full: dict[str, Run] = {}
    for name, (folders, lake) in lakes.items():
        shutil.rmtree(lake, ignore_errors=True)  # a kept lake has had these increments
        options = {"records": [str(each) for each in folders], "lake": str(lake)}
        full[name] = in_own_process("ours:whole", options)
        tell(f"{name}: built in {full[name].seconds:.1f} s")
    runs: dict[str, list[Run]] = {name: [] for name in lakes}
    for number in range(given.rounds):
        for name, (_, folder) in lakes.items():
            with opened(Settings(str(folder))) as lake:
                ingest([records / f"quarter-{number}"], lake.store)
            runs[name].append(in_own_process("ours:increment", {"lake": str(folder)}))
            tell(f"{name}, increment {number + 1}: {runs[name][-1].seconds:.2f} s")
    short, long = runs
    yield line(
        "15-minute increment",
        median(runs[long]),
        "seconds",
        f"the same in a lake of {short}",
        median(runs[short]),
        days=given.days,
        agents=given.agents,
        seed=given.seed,
        rss_mb={name: round(median(found, "rss_mb")) for name, found in runs.items()},
        landed=[run.figures["landed"] for run in runs[long]],
        seconds={name: [rounded(run.seconds) for run in found] for name, found in runs.items()},
        full_build_s={name: rounded(run.seconds) for name, run in full.items()},
    )


def _records(keep: Path, given: Namespace) -> Path:
    """Deliveries up to a midday, the last week of them apart, then quarters of an hour."""
    folder = keep / f"increment-{given.agents}-{given.days}-{given.seed}"
    if not folder.exists():
        centre = invented_centre(agents=given.agents, seed=given.seed)
        end = datetime.combine(START, time(), UTC) + timedelta(days=given.days - 1) + MIDDAY
        found = deliveries(centre, START, given.days, given.seed, Truth())
        written(folder, found, lambda each: _name(each, end, given.rounds))
    return folder


def _name(each: Delivery, end: datetime, quarters: int) -> str | None:
    if each.at < end:
        part = "week" if each.at >= end - timedelta(days=SHORT_DAYS) else "before"
        return f"{part}/{each.kind}-{each.at.date()}"
    number = (each.at - end) // QUARTER
    return f"quarter-{number}/{each.kind}" if number < quarters else None
