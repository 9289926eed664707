"""How everything here is measured: every run a process of its own, in turn, the middle of three.

A job is a function `(options, scratch) -> Job` named `module:function` in this folder. What it does
before it returns (imports, sessions, opening) is not timed; `Job.work` is; `Job.rows` is looked at
afterwards, so that contestants can be shown to have come to the same rows.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.machine import cpu_s, peak_rss_mb

ROUNDS = 3
LOCK = "requirements-bench.lock"


class BenchError(Exception):
    """A run failed, or contestants did not come to the same rows."""


class Rows(NamedTuple):
    """What a job wrote: how many rows, and a sum of hashes over a few of their columns."""

    count: int = 0
    checksum: str = ""


class Job(NamedTuple):
    """What is timed and what is looked at afterwards; `work` may return figures of its own."""

    work: Callable[[], Mapping[str, Any] | None]
    rows: Callable[[], Rows] = Rows


class Contestant(NamedTuple):
    """A job under a name, the packages that it needs beside the project's own, their lock, and
    options that only it gets.
    """

    name: str
    job: str
    needs: tuple[str, ...] = ()
    lock: str = LOCK
    own: Mapping[str, Any] = {}

    @property
    def missing(self) -> str | None:
        """What to tell where a package is not installed; None if all are."""
        absent = [package for package in self.needs if find_spec(package) is None]
        return f"{absent[0]} not installed: pip install -r {self.lock}" if absent else None


class Run(NamedTuple):
    """One run: seconds of the work, peak memory and processor seconds (both with child processes),
    rows, own figures. A busy machine stretches `seconds` and leaves `cpu_s` alone.
    """

    seconds: float
    rss_mb: float
    rows: Rows = Rows()
    figures: Mapping[str, Any] = {}
    cpu_s: float = 0


Runs = Mapping[str, Sequence[Run]]


def present(contestants: Iterable[Contestant]) -> list[Contestant]:
    """Those that can run here; a line tells of each that cannot."""
    found = []
    for each in contestants:
        if each.missing:
            tell(f"{each.name}: {each.missing}")
        else:
            found.append(each)
    return found


def alternated(
    contestants: Iterable[Contestant],
    options: Mapping[str, Any],
    rounds: int = ROUNDS,
    environment: Mapping[str, str] | None = None,
) -> dict[str, list[Run]]:
    """The runs of each contestant that is there, taken in turn."""
    able = present(contestants)
    runs: dict[str, list[Run]] = {each.name: [] for each in able}
    for number in range(rounds):
        for each in able:
            done = in_own_process(each.job, {**options, **each.own}, environment)
            tell(f"{each.name}, {number + 1} of {rounds}: {done.seconds:.2f} s")
            runs[each.name].append(done)
    return runs


def in_own_process(
    job: str, options: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Run:
    """The run of one job in a fresh interpreter; BenchError with its last words if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.one", job, json.dumps(options)],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, **(environment or {})},
    )
    if done.returncode:
        raise BenchError(f"{job} failed: {done.stderr.strip()[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Run(**(told | {"rows": Rows(*told["rows"])}))


def performed(job: str, options: Mapping[str, Any]) -> Run:
    """The run of one job in this process."""
    module, _, name = job.partition(":")
    with tempfile.TemporaryDirectory(prefix="lake-bench-") as scratch:
        prepared: Job = getattr(import_module(f"tests.bench.{module}"), name)(
            options, Path(scratch)
        )
        began, cpu_before_s = time.perf_counter(), cpu_s()
        figures = prepared.work()
        seconds, spent_s = time.perf_counter() - began, cpu_s() - cpu_before_s
        rss_mb = peak_rss_mb()
        return Run(seconds, rss_mb, prepared.rows(), dict(figures or {}), spent_s)


def agreed(runs: Runs) -> Rows:
    """The rows that every run came to; BenchError names the contestants if they differ."""
    found = {(name, run.rows) for name, done in runs.items() for run in done}
    if len({rows for _, rows in found}) != 1:
        told = "; ".join(f"{name}: {rows.count} rows, {rows.checksum}" for name, rows in found)
        raise BenchError(f"contestants do not agree on the rows: {told}")
    return next(rows for _, rows in found)


def median(runs: Sequence[Run], name: str = "seconds") -> float:
    """The middle of a run's field, or of one of its own figures."""
    return float(
        statistics.median(
            getattr(run, name) if name in Run._fields else run.figures[name] for run in runs
        )
    )


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """b of cost = a * size ** b, by least squares over the logarithms."""
    return statistics.linear_regression(
        [math.log(n) for n in sizes], [math.log(c) for c in costs]
    ).slope


def line(
    name: str,
    ours: float,
    unit: str,
    peer: str | None = None,
    value: float | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One result. `ratio` is ours to the peer's: above 1, ours is that many times the peer."""
    ratio = None if not value else round(ours / value, 3)
    figures = {"ours": rounded(ours), "peer": peer, "peer_value": value and rounded(value)}
    return {"name": name, **figures, "ratio": ratio, "unit": unit, **more}


def rounded(value: float) -> float:
    """Four significant digits."""
    return float(f"{value:.4g}")


def report(lines: Iterable[Mapping[str, Any]], out: Path) -> None:
    """Print results and append them to a file, one JSON object a line."""
    with out.open("a", encoding="utf-8") as file:
        for each in lines:
            text = json.dumps(each)
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
            file.write(text + "\n")


def tell(text: str) -> None:
    """A line on standard error: progress, and contestants that are not there."""
    sys.stderr.write(text + "\n")
