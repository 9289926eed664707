"""`make bench-update`: what one updated contact costs in a lake of a year, beside its full build.

Every command is a process of its own, as a scheduled run is. Prints the days that the update
rewrote, table by table, and one JSON line: seconds of the full build and of the update, on the
clock and of CPU, and their ratios.
"""

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--days", type=int, default=365)
    arguments.add_argument("--agents", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="lake-bench-") as folder:
        report(Path(folder), given)


def report(folder, given):
    records, lake = folder / "records", folder / "lake"
    size = {name: str(getattr(given, name)) for name in ("days", "agents", "seed")}
    options = [part for name, value in size.items() for part in (f"--{name}", value)]
    command("simulate", *options, "--out", str(records))
    command("ingest", str(records), "--lake", str(lake))
    full, _ = timed_build(lake)
    update = folder / "update.ndjson"
    update.write_text(json.dumps(updated_contact(records)) + "\n")
    command("ingest", str(update), "--lake", str(lake))
    one, tables = timed_build(lake)
    for row in tables:
        sys.stdout.write(f"{row['table']}: {row['days'] or 'nothing'}\n")
    line = {
        "name": "one updated contact, share of the full build",
        "days": given.days,
        "agents": given.agents,
        "full_build_s": round(full.clock_s, 1),
        "update_s": round(one.clock_s, 2),
        "ratio": round(one.clock_s / full.clock_s, 4),
        "full_build_cpu_s": round(full.cpu_s, 1),
        "update_cpu_s": round(one.cpu_s, 2),
        "cpu_ratio": round(one.cpu_s / full.cpu_s, 4),
        "cores": os.cpu_count(),
        "seed": given.seed,
    }
    sys.stdout.write(json.dumps(line) + "\n")


class Cost(NamedTuple):
    """Seconds of a command, its start and imports included."""

    clock_s: float
    cpu_s: float


def timed_build(lake):
    clock, cpu = time.perf_counter(), children_s()
    done = command("build", "--lake", str(lake), "--format", "json")
    return Cost(time.perf_counter() - clock, children_s() - cpu), json.loads(done)


def children_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def updated_contact(records):
    """A contact in the middle of the records, one day later known to be about something else."""
    files = sorted(records.glob("contact_record-*.ndjson.gz"))
    with gzip.open(files[len(files) // 2], "rt", encoding="utf-8") as lines:
        contact = next(c for c in map(json.loads, lines) if c["Queue"] and c["Agent"])
    attributes = (contact["Attributes"] or {}) | {"category": "something else"}
    return contact | {"LastUpdateTimestamp": "2038-01-01T00:00:00Z", "Attributes": attributes}


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "glue_jobs", *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
