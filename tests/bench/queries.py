"""Every question of `queries/` on a lake of many contacts: seconds, files and bytes read.

Each is asked twice: over every day, as it is by default, and over the last four weeks. The lake is
an enlarged week (`enlarged`), all tables that a question reads.
"""

from __future__ import annotations

import math
import re
import shutil
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from glue_jobs.dialect import parsed, tables, translated
from glue_jobs.lake import Lake, opened
from glue_jobs.query import answer, seeing
from glue_jobs.settings import Settings
from queries.question import Question, question, questions
from tests.bench.enlarged import CONTACTS, count, enlarged, last_days, made, week_lake
from tests.bench.harness import Contestant, Job, alternated, line, median, rounded
from tests.bench.machine import bytes_read

LIMIT_S = 2.0
WEEKS = 52
PERIOD_DAYS = 28
_FILES = re.compile(r"Total Files Read: (\d+)")
_GROUPS = re.compile(r"Row Groups Scanned: (\d+) / \d+")


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """Two lines for each question: its defaults, and four weeks."""
    folder, how = _lake(keep, given)
    period = last_days(folder, PERIOD_DAYS)
    periods = {"every day": {}, "4 weeks": {"from_day": str(period[0]), "to_day": str(period[-1])}}
    contacts = count(folder)
    for each in questions():
        for days, values in periods.items():
            contestant = Contestant(f"query {each.name}, {days}", "queries:ask")
            options = {"lake": str(folder), "name": each.name, "values": values}
            runs = alternated([contestant], options, given.rounds)[contestant.name]
            yield line(
                contestant.name,
                median(runs),
                "seconds",
                "2 s",
                LIMIT_S,
                contacts=contacts,
                **{name: runs[0].figures[name] for name in ("rows", "files", "row_groups")},
                files_of_tables=runs[0].figures["files_of_tables"],
                read_mb=rounded(median(runs, "read_mb")),
                tables_mb=rounded(runs[0].figures["tables_mb"]),
                cpu_s=rounded(median(runs, "cpu_s")),
                rss_mb=round(median(runs, "rss_mb")),
                lake=how,
                seed=given.seed,
            )


def ask(options: Mapping[str, Any], _scratch: Path) -> Job:
    """One question; opening the lake and importing are not timed, finding its files is."""
    lake = opened(Settings(options["lake"]))
    asked, values = question(options["name"]), options["values"]
    # Before the clock starts: so that files are in the system's memory for every run.
    scanned = _scanned(lake, asked, values)

    def work() -> dict[str, float]:
        before = bytes_read()
        found = answer(lake, asked, values)
        return {
            **scanned,
            "rows": found.num_rows,
            "read_mb": (bytes_read() - before) / 1e6,
        }

    return Job(work)


def _scanned(lake: Lake, asked: Question, values: Mapping[str, str]) -> dict[str, float]:
    """Files and row groups that DuckDB opens for a question, by its own account."""
    tree = parsed(asked.sql)
    names = tables(tree)
    with seeing(lake, names) as connection:
        sql = f"EXPLAIN ANALYZE {translated(tree, asked.values(values))}"
        told = connection.execute(sql).fetchall()[0][1]
    sizes = [size for name in names for size in _sizes(lake, name)]
    return {
        "files": sum(map(int, _FILES.findall(told))),
        "row_groups": sum(map(int, _GROUPS.findall(told))),
        "files_of_tables": len(sizes),
        "tables_mb": sum(sizes) / 1e6,
    }


def _sizes(lake: Lake, name: str) -> list[int]:
    tasks = lake.iceberg(name).scan().plan_files()
    return [task.file.file_size_in_bytes for task in tasks]


def _lake(keep: Path, given: Namespace) -> tuple[Path, str]:
    """The lake, and how it was made; one that is kept is taken as it is."""
    name = f"lake-{given.agents}-{given.contacts}-{given.seed}"
    done = keep / f"{name}.txt"
    if not done.exists():
        shutil.rmtree(keep / name, ignore_errors=True)  # half made
        folder = week_lake(keep, given, name)
        weeks = count(folder)
        times = max(1, round(given.contacts / weeks))
        instances = math.ceil(times / WEEKS)
        copies = range(max(1, round(times / instances)))
        names = {CONTACTS, *(table for each in questions() for table in tables(parsed(each.sql)))}
        enlarged(folder, sorted(names), copies, instances)
        done.write_text(made(given, len(copies), instances))
    return keep / name, done.read_text()
