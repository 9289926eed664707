"""This machine, and what a process and its children use of it."""

from __future__ import annotations

import os
import platform
import resource
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_VERSIONS = (
    "duckdb",
    "pyarrow",
    "pandas",
    "awswrangler",
    "polars",
    "orjson",
    "pyspark",
    "pyiceberg",
)


def machine() -> dict[str, Any]:
    """Where and with what was measured."""
    return {
        "name": "machine",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "versions": {name: found for name in _VERSIONS if (found := _version(name))},
    }


def peak_rss_mb() -> float:
    """Peak resident memory of this process and of its children that still run.

    `ru_maxrss` would begin with what the parent had when it started this process.
    """
    if not Path("/proc/self/status").exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return sum(_peak_kb(process) for process in _family("self")) / 1024


def cpu_s() -> float:
    """Processor seconds of this process and of its children that still run."""
    if not Path("/proc/self/stat").exists():
        return time.process_time()
    return sum(_ticks(process) for process in _family("self")) / os.sysconf("SC_CLK_TCK")


def bytes_read() -> int:
    """Bytes that this process has read by system calls; 0 where nothing tells (not Linux)."""
    told = Path("/proc/self/io")
    return int(told.read_text().split()[1]) if told.exists() else 0


def _ticks(process: str) -> int:
    """User and system time; fields 14 and 15, and 16 and 17 for children that have ended."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:15]))


def _family(process: str) -> list[str]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [child for found in tasks for child in found.read_text().split()]
    return [process, *(each for child in children for each in _family(child))]


def _peak_kb(process: str) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return sum(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM:"))


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    rows = info.read_text().splitlines() if info.exists() else []
    names = (row.partition(":")[2].strip() for row in rows if row.startswith("model name"))
    return next(names, platform.machine())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
