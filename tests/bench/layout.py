"""Layouts of one table side by side: what is read for five kinds of question, what writing costs.

Ninety days of `contact_statistic_record` are written once for each layout, as a real Iceberg table
with that partition spec. A question is planned by Iceberg as Athena would (partitions, then the
least and greatest values of each file) and the planned files are read by DuckDB, which skips row
groups by their statistics.
"""

from __future__ import annotations

import math
import re
import shutil
import time
import uuid
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable

from glue_jobs import datafiles
from glue_jobs.datafiles import DataFiles
from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from tests.bench.enlarged import count, enlarged, made, week_lake
from tests.bench.harness import Contestant, Job, Run, alternated, line, median, rounded
from tests.bench.machine import bytes_read
from transforms.duck import literal, rows
from transforms.schema import DAY
from transforms.tables import CONTACT_STATISTIC_RECORD as TABLE

DAYS = 91
NAME = "bench.layout"
_ONE_THREAD = {"PYICEBERG_MAX_WORKERS": "1"}  # as the lake sets it
_TIME, _ID = "initiation_timestamp", "contact_id"
_QUEUE_FIRST = ("queue_name", "category", _TIME, _ID)


class Layout(NamedTuple):
    """Partition columns, order of rows in a file, files of a day and partition, rows in a group."""

    partitions: tuple[str, ...] = (DAY,)
    order: tuple[str, ...] = _QUEUE_FIRST
    files: int = 1
    rows_in_a_group: int = datafiles.ROWS_IN_A_GROUP


PRESENT = "day; queue, category, time"
LAYOUTS = {
    PRESENT: Layout(),
    "day; time": Layout(order=(_TIME, _ID)),
    "day; unsorted": Layout(order=(f"hash({_ID})",)),
    "day; queue, category, time; groups of 4,096": Layout(rows_in_a_group=4_096),
    "day; queue, category, time; 16 files": Layout(files=16),
    "day, queue; category, time": Layout((DAY, "queue_name"), ("category", _TIME, _ID)),
    "day, category, queue; time": Layout((DAY, "category", "queue_name"), (_TIME, _ID)),
}


class Asked(NamedTuple):
    """A question: what it selects, and a filter that Iceberg and DuckDB both understand."""

    select: str
    where: str


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """For each layout what it costs, and a line for each question."""
    source, how = _source(keep, given)
    asked = _questions(source)
    stated = {"rows": count_of(source), "lake": how, "seed": given.seed}
    runs: dict[str, dict[str, list[Run]]] = {}
    for job in ("write", "ask", "update"):  # in this order: an update changes what is there
        runs[job] = alternated(
            [Contestant(f"{job}, {name}", f"layout:{job}", own={"name": name}) for name in LAYOUTS],
            {"source": str(source), "folder": str(keep / "tables"), "asked": asked},
            given.rounds,
            _ONE_THREAD,
        )
    for name in LAYOUTS:
        yield _cost_line(name, runs, stated)
    for question in asked:
        for name in LAYOUTS:
            yield _question_line(name, question, runs["ask"], stated)


def _cost_line(
    name: str, runs: Mapping[str, Mapping[str, Sequence[Run]]], stated: Mapping[str, Any]
) -> dict[str, Any]:
    written, updated = runs["write"][f"write, {name}"], runs["update"][f"update, {name}"]
    first = runs["write"][f"write, {PRESENT}"]
    return line(
        f"layout {name}: write {DAYS} days",
        median(written, "sort_and_write_s"),
        "seconds",
        PRESENT,
        median(first, "sort_and_write_s"),
        commit_s=rounded(median(written, "commit_s")),
        files=written[0].figures["files"],
        mb=rounded(written[0].figures["mb"]),
        update_one_contact_s=rounded(median(updated)),
        update_files=updated[0].figures["files"],
        update_written_mb=rounded(updated[0].figures["mb"]),
        **stated,
    )


def _question_line(
    name: str, question: str, runs: Mapping[str, Sequence[Run]], stated: Mapping[str, Any]
) -> dict[str, Any]:
    found = runs[f"ask, {name}"]
    figures = {
        figure: rounded(median(found, f"{question}: {figure}"))
        for figure in ("plan_s", "files", "files_mb", "read_mb", "row_groups")
    }
    return line(
        f"layout {name}: {question}",
        median(found, f"{question}: read_s"),
        "seconds of reading",
        PRESENT,
        median(runs[f"ask, {PRESENT}"], f"{question}: read_s"),
        **figures,
        **stated,
    )


# -- the table --------------------------------------------------------------------------------


def write(options: Mapping[str, Any], _scratch: Path) -> Job:
    """The whole table in a layout, in one commit; reading the source is not counted."""
    layout, folder = LAYOUTS[options["name"]], _folder(options)
    shutil.rmtree(folder, ignore_errors=True)
    table = _made(folder, layout)
    files = DataFiles.of(TABLE, table)
    datafiles.ROWS_IN_A_GROUP = layout.rows_in_a_group

    def work() -> dict[str, float]:
        written: list[DataFile] = []
        spent_s = 0.0
        with opened(Settings(options["source"])) as source:
            for day in source.days(TABLE.name):
                found = source.read(TABLE, [day])
                began = time.perf_counter()
                written += _written(files, layout, found, day, layout.files)
                spent_s += time.perf_counter() - began
        began = time.perf_counter()
        _commit(table, [], written)
        return {
            "sort_and_write_s": spent_s,
            "commit_s": time.perf_counter() - began,
            **_size(written),
        }

    return Job(work)


def update(options: Mapping[str, Any], _scratch: Path) -> Job:
    """One contact's row again: the files that may hold it are read, written anew and committed."""
    layout, table = LAYOUTS[options["name"]], _opened(_folder(options))
    datafiles.ROWS_IN_A_GROUP = layout.rows_in_a_group
    where = options["asked"]["one contact, its day and queue known"]["where"]
    files = DataFiles.of(TABLE, table)

    def work() -> dict[str, float]:
        old = [task.file for task in table.scan(row_filter=where).plan_files()]
        found = files.read(file.file_path for file in old)
        new = _written(files, layout, found, datafiles.day_of(old[0]), len(old))
        _commit(table, old, new)
        return _size(new)

    return Job(work)


def _written(
    files: DataFiles, layout: Layout, found: pa.Table, day: date, number: int
) -> list[DataFile]:
    """A day's rows, or those of some of its files again, in so many files each partition."""
    return [files.written(part, uuid.uuid4().hex, day) for part in _parts(layout, found, number)]


def _parts(layout: Layout, found: pa.Table, number: int) -> Iterator[pa.Table]:
    """The rows of each file: sorted, cut where a partition ends, then into so many files."""
    inner = ", ".join(layout.partitions)
    ordered = TABLE.conform(
        rows(f"SELECT * FROM found ORDER BY {inner}, {', '.join(layout.order)}", found=found)
    )
    sizes = rows(
        f"SELECT count(*) AS size FROM found GROUP BY {inner} ORDER BY {inner}", found=found
    )
    ends = accumulate(sizes.column("size").to_pylist(), initial=0)
    for start, end in pairwise(ends):
        step = math.ceil((end - start) / number)
        for at in range(start, end, step):
            yield ordered.slice(at, min(step, end - at))


def _commit(table: IcebergTable, old: Sequence[DataFile], new: Sequence[DataFile]) -> None:
    with table.transaction() as transaction, transaction.update_snapshot().overwrite() as change:
        for file in old:
            change.delete_data_file(file)
        for file in new:
            change.append_data_file(file)


def _made(folder: Path, layout: Layout) -> IcebergTable:
    folder.mkdir(parents=True)
    catalog = _catalog(folder)
    catalog.create_namespace(NAME.partition(".")[0])
    with (
        catalog.create_table_transaction(NAME, TABLE.schema) as transaction,
        transaction.update_spec() as spec,
    ):
        for name in layout.partitions:
            spec.add_identity(name)
    return catalog.load_table(NAME)


def _opened(folder: Path) -> IcebergTable:
    return _catalog(folder).load_table(NAME)


def _catalog(folder: Path) -> Any:
    place = {"uri": f"sqlite:///{folder / 'catalog.db'}", "warehouse": f"file://{folder}"}
    return load_catalog("bench", type="sql", **place)


def _folder(options: Mapping[str, Any]) -> Path:
    return Path(options["folder"], str(list(LAYOUTS).index(options["name"])))


def _size(files: Sequence[DataFile]) -> dict[str, float]:
    return {"files": len(files), "mb": sum(file.file_size_in_bytes for file in files) / 1e6}


# -- the questions ----------------------------------------------------------------------------


def ask(options: Mapping[str, Any], _scratch: Path) -> Job:
    """Every question once: planned, then read."""
    table = _opened(_folder(options))
    asked = {question: Asked(**parts) for question, parts in options["asked"].items()}
    for each in asked.values():  # so that files are in the system's memory for every run
        _answered(table, each)

    def work() -> dict[str, float]:
        return {
            f"{question}: {figure}": value
            for question, each in asked.items()
            for figure, value in _answered(table, each).items()
        }

    return Job(work)


def _answered(table: IcebergTable, asked: Asked) -> dict[str, float]:
    began = time.perf_counter()
    files = [task.file for task in table.scan(row_filter=asked.where).plan_files()]
    planned_s = time.perf_counter() - began
    paths = ", ".join(literal(unquote(urlsplit(file.file_path).path)) for file in files)
    scan = f"read_parquet([{paths}], hive_partitioning = false)"
    sql = f"SELECT {asked.select.format(table=f'{scan} WHERE {asked.where}')}"
    with duckdb.connect() as connection:
        before, began = bytes_read(), time.perf_counter()
        connection.execute(sql).fetchall()
        read_s, read = time.perf_counter() - began, bytes_read() - before
        told = connection.execute(f"EXPLAIN ANALYZE {sql}").fetchall()[0][1]
    groups = sum(map(int, re.findall(r"Row Groups Scanned: (\d+) /", told)))
    size = _size(files)
    return {
        "plan_s": planned_s,
        "read_s": read_s,
        "files": size["files"],
        "files_mb": size["mb"],
        "read_mb": read / 1e6,
        "row_groups": groups,
    }


def _questions(source: Path) -> dict[str, dict[str, str]]:
    """Questions about a queue, a category and a contact that are there."""
    with opened(Settings(str(source))) as lake:
        days = lake.days(TABLE.name)
        names = ("queue_name", "category", _ID, _TIME)
        found = lake.read(TABLE, [days[len(days) // 2]], names).to_pylist()
    known = [row for row in found if row["queue_name"]]
    row = known[len(known) // 2]
    day, queue = f"day = '{days[len(days) // 2]}'", f"queue_name = {literal(row['queue_name'])}"
    hour = row[_TIME].replace(minute=0, second=0, microsecond=0)
    sums = "count(*), sum(handle_time_ms), sum(queue_time_ms)"
    contact = f"{_ID} = {literal(row[_ID])}"
    within = f"{_TIME} >= '{hour.isoformat()}' and {_TIME} <= '{hour.isoformat()[:13]}:59:59'"
    asked = {
        "one queue, one day": (sums, f"{day} and {queue}"),
        "one category, every day": (sums, f"category = {literal(row['category'])}"),
        "every queue, last 7 days": (f"queue_name, {sums}", f"day >= '{days[-7]}'"),
        "one hour of every queue": (sums, f"{day} and {within}"),
        "one contact, nothing known": ("*", contact),
        "one contact, its day and queue known": (
            "*",
            f"{day} and {queue} and category = {literal(row['category'])} and {contact}",
        ),
    }
    return {
        name: Asked(f"{select} FROM {{table}}{_grouped(select)}", where)._asdict()
        for name, (select, where) in asked.items()
    }


def _grouped(select: str) -> str:
    return " GROUP BY queue_name" if select.startswith("queue_name") else ""


def count_of(source: Path) -> int:
    """Rows of the table."""
    with opened(Settings(str(source))) as lake:
        return lake.count(TABLE.name)


def _source(keep: Path, given: Namespace) -> tuple[Path, str]:
    """A lake with about so many contacts on ninety days, and how it was made."""
    name = f"lake-{given.agents}-{given.contacts}-{given.seed}"
    done = keep / f"{name}.txt"
    if not done.exists():
        shutil.rmtree(keep / name, ignore_errors=True)  # half made
        folder = week_lake(keep, given, name)
        weeks = range(DAYS // 7)
        instances = max(1, round(given.contacts / len(weeks) / count(folder)))
        enlarged(folder, [TABLE.name], weeks, instances)
        done.write_text(made(given, len(weeks), instances))
    return keep / name, done.read_text()
