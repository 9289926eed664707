"""Every question of `queries/` on a lake of many contacts: seconds, files and bytes read.

The lake is a simulated week that is built as always; its rows are then repeated, week by week and
instance by instance, until it holds the contacts that were asked for.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from glue_jobs.dialect import parsed, tables
from glue_jobs.lake import Lake, opened
from glue_jobs.settings import Settings
from ingestion.simulator import Truth, deliveries, invented_centre
from queries.question import questions
from tests.bench.data import START, written
from tests.bench.harness import Contestant, Job, alternated, in_own_process, line, median, rounded
from transforms.duck import rows
from transforms.schema import Table
from transforms.tables import BY_NAME

LIMIT_S = 2.0
WEEK = 7
MOST_WEEKS = 52


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """A line for each question with its defaults."""
    folder = _lake(keep, given)
    with opened(Settings(str(folder))) as lake:
        contacts = lake.count("contact_statistic_record")
    for question in questions():
        contestant = Contestant(f"query {question.name}", "queries:ask")
        options = {"lake": str(folder), "name": question.name}
        runs = alternated([contestant], options, given.rounds)[contestant.name]
        yield line(
            contestant.name,
            median(runs),
            "seconds",
            "2 s",
            LIMIT_S,
            contacts=contacts,
            rows=runs[0].figures["rows"],
            files=runs[0].figures["files"],
            table_mb=rounded(runs[0].figures["table_mb"]),
            read_mb=rounded(median(runs, "read_mb")),
            rss_mb=round(median(runs, "rss_mb")),
            seed=given.seed,
        )


def ask(options: Mapping[str, Any], _scratch: Path) -> Job:
    """One question; opening the lake and importing are not timed, finding its files is."""
    from glue_jobs.query import answer
    from queries.question import question

    lake = opened(Settings(options["lake"]))
    asked = question(options["name"])
    answer(lake, asked, {})  # so that files are in the system's memory for every run
    files = [file for name in tables(parsed(asked.sql)) for file in _sizes(lake, name)]

    def work() -> dict[str, float]:
        before = _read_bytes()
        found = answer(lake, asked, {})
        return {
            "rows": found.num_rows,
            "files": len(files),
            "table_mb": sum(files) / 1e6,
            "read_mb": (_read_bytes() - before) / 1e6,
        }

    return Job(work)


def _sizes(lake: Lake, name: str) -> list[int]:
    tasks = lake.iceberg(name).scan().plan_files()
    return [task.file.file_size_in_bytes for task in tasks]


def _read_bytes() -> int:
    """Bytes that this process has read by system calls (Linux)."""
    told = Path("/proc/self/io")
    text = told.read_text() if told.exists() else "rchar: 0"
    return int(text.split()[1])


def _lake(keep: Path, given: Namespace) -> Path:
    base = keep / f"{given.agents}-{given.seed}"
    if not (base / "records").exists():
        centre = invented_centre(agents=given.agents, seed=given.seed)
        written(base / "records", deliveries(centre, START, WEEK, given.seed, Truth()))
    folder = base / f"lake-{given.contacts}"
    if not folder.exists():
        options = {"records": [str(base / "records")], "lake": str(folder)}
        in_own_process("ours:whole", options)
        with opened(Settings(str(folder))) as lake:
            times = max(1, given.contacts // lake.count("contact_statistic_record"))
            weeks = min(times, MOST_WEEKS)
            for name in sorted({name for each in questions() for name in tables(parsed(each.sql))}):
                _repeat(lake, BY_NAME[name], weeks, times // weeks)
    return folder


def _repeat(lake: Lake, table: Table, weeks: int, instances: int) -> None:
    """The rows of the first week again, for further weeks and instances."""
    if not table.is_daily:
        return
    first = [START + timedelta(days=n) for n in range(WEEK)]
    base = lake.read(table, first)
    with lake.replacement(table) as change:
        for week in range(weeks):
            found = pa.concat_tables(
                [table.conform(_moved(base, week, number)) for number in range(instances)]
            )
            change.put(found, [day + timedelta(days=WEEK * week) for day in first])


def _moved(base: pa.Table, week: int, instance: int) -> pa.Table:
    """Rows with times some weeks later, and ids of contacts and of the instance of their own."""
    columns = [_column(field, week, instance) for field in base.schema]
    return rows(f"SELECT {', '.join(columns)} FROM base", base=base)


def _column(field: pa.Field, week: int, instance: int) -> str:
    name = f'"{field.name}"'
    if pa.types.is_timestamp(field.type) or pa.types.is_date(field.type):
        moved = f"CAST({name} + INTERVAL {WEEK * week} DAY AS {_sql(field.type)})"
    elif field.name.endswith(("contact_id", "journey_id")) and (week or instance):
        moved = f"md5({name} || '{week}/{instance}')"
    elif field.name == "instance_id" and instance:
        moved = f"{name} || '~{instance}'"
    else:
        return name
    return f"{moved} AS {name}"


def _sql(kind: pa.DataType) -> str:
    return "TIMESTAMP" if pa.types.is_timestamp(kind) else "DATE"
