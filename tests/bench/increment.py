"""What a quarter of an hour costs in a lake of a week and in one of many days; what late news cost.

Both lakes end with the same simulated week and get the same increments, in turn; the long one has
that week's rows again on the days before (`enlarged`). Late updates change one contact on each of
some days that lie far apart. The enlarged days bring no builds of their own: what the number of
earlier builds costs is measured apart.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from hashlib import md5
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from glue_jobs.lake import made, opened
from glue_jobs.settings import Settings
from ingestion.files import ingest
from ingestion.simulator import Delivery, Truth, deliveries, invented_centre
from tests.bench.data import START, written
from tests.bench.enlarged import WEEK, count, enlarged
from tests.bench.harness import BenchError, Run, in_own_process, line, median, rounded, tell
from transforms.tables import RUN, TABLES

QUARTER = timedelta(minutes=15)
END = datetime.combine(START + timedelta(days=WEEK), time(12), UTC)  # increments begin at a midday
TOUCHED = (1, 2, 4)
BUILDS = (1, 96, 672)  # a build every quarter of an hour: 96 a day
_LATE_DAY = START + timedelta(days=2)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """Increments in the long lake beside the short one; then late updates of the long one."""
    records = _records(keep, given)
    weeks = max(1, given.days // WEEK - 1)
    lakes = {"8 days": keep / "lake-short", f"{(weeks + 1) * WEEK + 1} days": keep / "lake-long"}
    for folder in lakes.values():
        shutil.rmtree(folder, ignore_errors=True)  # a kept lake has had these increments
    short, long = lakes
    full = in_own_process("ours:whole", _whole(records, lakes[short]))
    in_own_process("ours:whole", _whole(records, lakes[long]))
    enlarged(lakes[long], [each.name for each in TABLES if each is not RUN], range(-weeks, 0))
    runs: dict[str, list[Run]] = {name: [] for name in lakes}
    for number in range(given.rounds):
        for name, folder in lakes.items():
            runs[name].append(_incremented(folder, records / f"quarter-{number}"))
            tell(f"{name}, increment {number + 1}: {runs[name][-1].seconds:.2f} s")
    stated = {"agents": given.agents, "seed": given.seed, "contacts": count(lakes[long])}
    yield line(
        "15-minute increment",
        median(runs[long]),
        "seconds",
        f"the same in a lake of {short}",
        median(runs[short]),
        days=long,
        **_told(runs),
        full_build_s={short: rounded(full.seconds)},
        **stated,
    )
    yield from _late_lines(given, lakes[long], records, weeks, stated)
    yield from _history_lines(given, keep, lakes[short])


def _late_lines(
    given: Namespace, folder: Path, records: Path, weeks: int, stated: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Late updates by the days that they touch."""
    contacts = _contacts(records, given.rounds)
    touched = [number for number in TOUCHED if number <= weeks]
    apart = weeks // max(touched)
    runs: dict[str, list[Run]] = {str(number): [] for number in touched}
    for number, contact in enumerate(contacts):
        for days in touched:
            late = records / f"late-{days}-{number}"
            news = [_late(contact, -apart * (n + 1), days) for n in range(days)]
            late.mkdir(exist_ok=True)
            (late / "contact_record.ndjson").write_text("\n".join(news) + "\n")
            before = count(folder)
            runs[str(days)].append(_incremented(folder, late))
            tell(f"late update of {days} days: {runs[str(days)][-1].seconds:.2f} s")
            if count(folder) != before:
                raise BenchError(f"a late update of {days} days added contacts: {late}")
    for days, found in runs.items():
        yield line(
            f"late update, days touched: {days}",
            median(found),
            "seconds",
            f"days touched: {touched[0]}",
            median(runs[str(touched[0])]),
            **_told({days: found}),
            **stated,
        )


def _history_lines(given: Namespace, keep: Path, short: Path) -> Iterator[Mapping[str, Any]]:
    """A build that finds nothing new, by how many builds there have been."""
    with opened(Settings(str(short))) as lake:
        last = lake.read(RUN).to_pylist()[-1]
    runs: dict[int, list[Run]] = {}
    for number in BUILDS:
        folder = keep / f"lake-{number}-runs"
        shutil.rmtree(folder, ignore_errors=True)
        instants = [last["finished_at"] - ago * QUARTER for ago in range(number)]
        rows = [
            last | {"run_id": f"run-{ago}", "finished_at": at, "day": at.date()}
            for ago, at in enumerate(instants)
        ]
        with made(Settings(str(folder)))[0] as lake:
            lake.add(RUN, pa.Table.from_pylist(rows, schema=RUN.schema))
        runs[number] = [
            in_own_process("ours:increment", {"lake": str(folder)}) for _ in range(given.rounds)
        ]
    for number, found in runs.items():
        yield line(
            f"nothing new, builds before: {number}",
            median(found),
            "seconds",
            f"builds before: {BUILDS[0]}",
            median(runs[BUILDS[0]]),
            cpu_s=rounded(median(found, "cpu_s")),
        )


def _incremented(folder: Path, news: Path) -> Run:
    with opened(Settings(str(folder))) as lake:
        ingest([news], lake.store)
    return in_own_process("ours:increment", {"lake": str(folder)})


def _told(runs: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    return {
        "rss_mb": {name: round(median(found, "rss_mb")) for name, found in runs.items()},
        "cpu_s": {name: rounded(median(found, "cpu_s")) for name, found in runs.items()},
        "seconds": {name: [rounded(run.seconds) for run in found] for name, found in runs.items()},
        "landed": {name: [run.figures["landed"] for run in found] for name, found in runs.items()},
        "table_days": {
            name: [run.figures["days"] for run in found] for name, found in runs.items()
        },
    }


def _whole(records: Path, folder: Path) -> dict[str, Any]:
    return {"records": [str(records / "week")], "lake": str(folder)}


def _records(keep: Path, given: Namespace) -> Path:
    """Deliveries of a week and up to a midday, then quarters of an hour."""
    folder = keep / f"increment-{given.agents}-{given.seed}-{given.rounds}"
    if not folder.exists():
        centre = invented_centre(agents=given.agents, seed=given.seed)
        found = deliveries(centre, START, WEEK + 1, given.seed, Truth())
        written(folder, found, lambda each: _name(each, given.rounds))
    return folder


def _name(each: Delivery, quarters: int) -> str | None:
    if each.at < END:
        return f"week/{each.kind}-{each.at.date()}"
    number = (each.at - END) // QUARTER
    return f"quarter-{number}/{each.kind}" if number < quarters else None


def _contacts(records: Path, number: int) -> list[dict[str, Any]]:
    """Some contacts that agents handled on a day of the week."""
    with gzip.open(records / "week" / f"contact_record-{_LATE_DAY}.ndjson.gz", "rt") as lines:
        found = (json.loads(each) for each in lines)
        handled = (each for each in found if each.get("Agent") and each.get("Queue"))
        that_day = (e for e in handled if e["InitiationTimestamp"].startswith(str(_LATE_DAY)))
        by_id = {each["ContactId"]: each for each in that_day}
    return list(islice(by_id.values(), number))


def _late(contact: Mapping[str, Any], weeks: int, number: int) -> str:
    """What is heard of the contact's copy of some weeks before: it was about something else."""
    news = {name: _id(value, weeks) if name in _IDS else value for name, value in contact.items()}
    news["Attributes"] = {**(contact["Attributes"] or {}), "category": f"something else {number}"}
    moved = _INSTANT.sub(lambda found: _moved(found[0], weeks), json.dumps(news))
    year = 2038 + number
    return json.dumps(json.loads(moved) | {"LastUpdateTimestamp": f"{year}-01-01T00:00:00Z"})


_IDS = ("ContactId", "InitialContactId", "PreviousContactId", "NextContactId", "RelatedContactId")


def _id(value: str | None, weeks: int) -> str | None:
    """As `enlarged` names the copy."""
    return value and md5(f"{value}{weeks}/0".encode()).hexdigest()


def _moved(instant: str, weeks: int) -> str:
    return (datetime.fromisoformat(instant) + timedelta(weeks=weeks)).isoformat()
