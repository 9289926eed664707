"""`make bench-update`: what one updated contact costs in a lake of a year, beside its full build.

Every command is a process of its own, as a scheduled run is. Prints the days that the update
rewrote, table by table, and one JSON line: seconds of the full build and of the update, and their
ratio.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--days", type=int, default=365)
    arguments.add_argument("--agents", type=int, default=20)
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
    full_s, _ = timed_build(lake)
    update = folder / "update.ndjson"
    update.write_text(json.dumps(updated_contact(records)) + "\n")
    command("ingest", str(update), "--lake", str(lake))
    update_s, tables = timed_build(lake)
    for row in tables:
        sys.stdout.write(f"{row['table']}: {row['days'] or 'nothing'}\n")
    line = {
        "name": "one updated contact, share of the full build",
        "days": given.days,
        "agents": given.agents,
        "full_build_s": round(full_s, 1),
        "update_s": round(update_s, 2),
        "ratio": round(update_s / full_s, 4),
        "cores": os.cpu_count(),
        "seed": given.seed,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def timed_build(lake):
    began = time.perf_counter()
    done = command("build", "--lake", str(lake), "--format", "json")
    return time.perf_counter() - began, json.loads(done)


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
