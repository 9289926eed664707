"""The build of every table by the embedded engine and on Spark, of one and of two cores.

Each comes to the same rows of every table (checked). Then a quarter of an hour that is added to a
day already there, by how much the day holds: its files are written anew. What more contacts would
cost is worked out from these figures in docs/scale.md.
"""

from __future__ import annotations

import os
import shutil
import time as clock
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from ingestion.files import ingest
from ingestion.simulator import Delivery, Truth, deliveries, invented_centre
from tests.bench.data import KINDS, START, lake_over, landed, parsers, written
from tests.bench.harness import (
    Contestant,
    Job,
    Rows,
    Run,
    agreed,
    alternated,
    in_own_process,
    line,
    median,
    rounded,
    tell,
)
from tests.java_server import java_homes

EMBEDDED = Contestant("embedded", "scaleout:embedded")
SPARKS = (
    Contestant("Spark local[1]", "scaleout:spark_1", ("pyspark",)),
    Contestant("Spark local[2]", "scaleout:spark_2", ("pyspark",)),
)
_JAVAS = (17, 11, 8)
AGENTS_OF_FULL_DAYS = (25, 100, 400)
QUARTER = timedelta(minutes=15)
CUT = datetime.combine(START, time(16), UTC)


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """A line for each engine, with what a megabyte costs it."""
    data = landed(keep, given.mb, given.seed, KINDS)
    runs = alternated((EMBEDDED, *SPARKS), {"data": str(data.folder)}, given.rounds)
    rows = agreed(runs)
    ours = runs[EMBEDDED.name]
    stated = {"mb": data.mb, "records": data.records, "seed": given.seed, "rounds": given.rounds}
    for name, found in runs.items():
        yield line(
            f"every table, {name}",
            data.all_mb / median(found),
            "MB of JSON per second",
            EMBEDDED.name,
            data.all_mb / median(ours),
            rows=rows.count,
            rss_mb=round(median(found, "rss_mb")),
            seconds=[rounded(run.seconds) for run in found],
            cpu_s=rounded(median(found, "cpu_s")),
            mb_per_cpu_s=rounded(data.all_mb / median(found, "cpu_s")),
            **{name: rounded(median(found, name)) for name in found[0].figures},
            **stated,
        )
    yield from _into_full_days(given, keep)


def _into_full_days(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    for agents in AGENTS_OF_FULL_DAYS:
        records = _until_and_after(keep / f"full-day-{agents}-{given.seed}", agents, given.seed)
        runs: list[Run] = []
        for number in range(given.rounds):
            folder = keep / "lake-full-day"
            shutil.rmtree(folder, ignore_errors=True)
            whole = {"records": [str(records / "before")], "lake": str(folder)}
            in_own_process("ours:whole", whole)
            with opened(Settings(str(folder))) as lake:
                ingest([records / "quarter"], lake.store)
                rows = {name: lake.count(name) for name in ("contact_record", "agent_event")}
            runs.append(in_own_process("ours:increment", {"lake": str(folder)}))
            tell(f"{agents} agents, {number + 1} of {given.rounds}: {runs[-1].seconds:.2f} s")
        yield line(
            f"quarter of an hour into a day of {agents} agents",
            median(runs),
            "seconds",
            cpu_s=rounded(median(runs, "cpu_s")),
            rss_mb=round(median(runs, "rss_mb")),
            seconds=[rounded(run.seconds) for run in runs],
            landed=runs[0].figures["landed"],
            rows_of_the_day=rows,
            seed=given.seed,
        )


def _until_and_after(folder: Path, agents: int, seed: int) -> Path:
    """Records of a day until an hour of the afternoon, and of the quarter of an hour after it."""

    def part(each: Delivery) -> str | None:
        if each.at >= CUT + QUARTER:
            return None
        return f"{'before' if each.at < CUT else 'quarter'}/{each.kind}"

    if not folder.exists():
        centre = invented_centre(agents=agents, seed=seed)
        written(folder, deliveries(centre, START, 1, seed, Truth()), part)
    return folder


def embedded(options: Mapping[str, Any], scratch: Path) -> Job:
    """A build in this process."""
    from glue_jobs.build import Embedded

    return _job(options, scratch, Embedded(), dict)


def spark_1(options: Mapping[str, Any], scratch: Path) -> Job:
    """A build on one core of Spark."""
    return _on_spark(options, scratch, "local[1]")


def spark_2(options: Mapping[str, Any], scratch: Path) -> Job:
    """A build on two cores of Spark."""
    return _on_spark(options, scratch, "local[2]")


def _on_spark(options: Mapping[str, Any], scratch: Path, master: str) -> Job:
    """The session is started, and its workers have imported, before the clock runs."""
    from glue_jobs.spark.frames import spread, told
    from glue_jobs.spark.session import spark_engine

    homes = {version: home for version, home in java_homes() if version in _JAVAS}
    os.environ["JAVA_HOME"] = str(homes[max(homes)])
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--conf spark.local.dir={scratch} pyspark-shell"
    opened = ExitStack()
    engine = opened.enter_context(spark_engine(master))
    session = engine.session
    told(spread(session, [0, 1], 2, _imports))

    def figures() -> dict[str, float]:
        executor = session.sparkContext._jsc.sc().statusStore().executorList(True).apply(0)
        return {
            "shuffle_mb": executor.totalShuffleWrite() / 1e6,
            "tasks": executor.totalTasks(),
        }

    return _job(options, scratch, engine, figures, opened.close)


def _imports(_number: int) -> Iterator[Any]:
    import glue_jobs.spark.engine  # noqa: F401

    yield from ()


@contextmanager
def _commits() -> Iterator[list[float]]:
    """The seconds of every commit of the block."""
    from glue_jobs.lake import Replacement

    spent: list[float] = []
    commit = Replacement.commit

    def timed(change: Replacement) -> None:
        began = clock.perf_counter()
        commit(change)
        spent.append(clock.perf_counter() - began)

    Replacement.commit = timed
    try:
        yield spent
    finally:
        Replacement.commit = commit


def _rows(lake: Any) -> Rows:
    """Rows of every table that a build makes, and a sum over the hashes of whole rows."""
    from transforms.duck import rows
    from transforms.pipeline import SOURCES, STEPS

    count, checksum = 0, 0
    for table in (each.writes for each in (*SOURCES, *STEPS)):
        data = lake.read(table)
        [found] = rows(
            "SELECT count(*) AS n, coalesce(sum(hash(data)), 0)::VARCHAR AS h FROM data", data=data
        ).to_pylist()
        count, checksum = count + found["n"], checksum + int(found["h"])
    return Rows(count, str(checksum))


def _job(
    options: Mapping[str, Any],
    scratch: Path,
    engine: Any,
    figures: Callable[[], dict[str, float]],
    close: Callable[[], None] = lambda: None,
) -> Job:
    from glue_jobs import quality
    from glue_jobs.build import build

    lake = lake_over(options["data"], scratch / "lake")
    quality.validation("warm", {"warm": 0})

    def work() -> dict[str, float]:
        with _commits() as commits:
            build(lake, parsers(), engine=engine)
        data = lake.settings.folder / "tables"
        files = [path.stat().st_size for path in data.glob("*/data/**/*.parquet")]
        return {
            "files": len(files),
            "files_mb": sum(files) / 1e6,
            "commits": len(commits),
            "commit_s": sum(commits),
            **figures(),
        }

    def rows() -> Rows:
        close()
        return _rows(lake)

    return Job(work, rows)
