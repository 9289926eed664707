"""The peak memory of a whole build, beside that of a build of an eighth of the days."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path
from typing import Any

from tests.bench.data import lake_over, landed_days, parsers
from tests.bench.harness import Contestant, Job, Rows, alternated, line, median, rounded
from tests.bench.machine import peak_rss_mb

FACTOR = 8
_JOB = "memory:whole_build"


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """One line: the ratio of the peaks, and the peak as each table was done."""
    few, all_ = (
        landed_days(keep / f"{given.agents}-{days}-{given.seed}", days, given.agents, given.seed)
        for days in (ceil(given.days / FACTOR), given.days)
    )
    runs = {}
    for name, data in (("an eighth of the days", few), ("every day", all_)):
        options = {"data": str(data.folder)}
        runs[name] = alternated([Contestant(name, _JOB)], options, given.rounds)[name]
    eighth, whole = runs.values()
    yield line(
        "peak memory of the whole build",
        median(whole, "rss_mb"),
        "MB",
        f"1/{FACTOR} of the days",
        median(eighth, "rss_mb"),
        days=[ceil(given.days / FACTOR), given.days],
        agents=given.agents,
        mb=[round(few.all_mb), round(all_.all_mb)],
        records=[few.records, all_.records],
        seconds=[rounded(median(eighth)), rounded(median(whole))],
        cpu_s=[rounded(median(eighth, "cpu_s")), rounded(median(whole, "cpu_s"))],
        peak_mb_so_far=[eighth[0].figures, whole[0].figures],
        rows=whole[0].rows.count,
        seed=given.seed,
        rounds=given.rounds,
    )


def whole_build(options: Mapping[str, Any], scratch: Path) -> Job:
    """Every table; its figures are the peak so far, in MB, when each was done."""
    from glue_jobs import quality
    from glue_jobs.build import build

    lake = lake_over(options["data"], scratch / "lake")
    quality.validation("warm", {"warm": 0})

    def work() -> Mapping[str, Any]:
        peaks: dict[str, int] = {"at the start": int(peak_rss_mb())}
        current = ["at the start"]

        def progress(what: str, _done: int, _of: int) -> None:
            peaks[current[0]] = int(peak_rss_mb())
            current[0] = what

        built = build(lake, parsers(), progress=progress)
        return peaks | {"landed": built.landed}

    return Job(work, lambda: Rows(lake.rows_by_day("contact_record").total()))
