"""Where the contacts of an increment stand: by the files' filters, and by reading every key.

The lake is an enlarged week of `contact_record`; none of the contacts looked for is in it, as none
of an increment is but for updates. Both ways find the same of those that are.
"""

from __future__ import annotations

import uuid
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from tests.bench.enlarged import CONTACTS, WEEK, count, enlarged, week_lake
from tests.bench.harness import Contestant, Job, Rows, agreed, alternated, line, median, rounded
from tests.bench.machine import bytes_read
from transforms.schema import DAY
from transforms.tables import CONTACT_RECORD

LOOKED_FOR = (300, 30_000)  # contacts of a quarter of an hour, of 30,000 and 3 million a day
THERE = 10  # of them are in the lake
FILTERS, KEYS = Contestant("filters", "lookup:by_filters"), Contestant("keys", "lookup:by_keys")
_COLUMNS = (*CONTACT_RECORD.key, DAY)
_ID = CONTACT_RECORD.key[-1]


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """A line for each number of contacts looked for: seconds and bytes, filters beside keys."""
    folder = week_lake(keep, given, "lake")
    enlarged(folder, [CONTACTS], range(-(given.days // WEEK), 0))
    for number in LOOKED_FOR:
        options = {"lake": str(folder), "number": number}
        runs = alternated([FILTERS, KEYS], options, given.rounds)
        agreed(runs)
        ours, keys = runs[FILTERS.name], runs[KEYS.name]
        yield line(
            f"where {number:,} contacts stand",
            median(ours),
            "seconds",
            KEYS.name,
            median(keys),
            cpu_s={name: rounded(median(found, "cpu_s")) for name, found in runs.items()},
            read_mb={name: rounded(median(found, "read_mb")) for name, found in runs.items()},
            files=ours[0].figures["files"],
            lake_contacts=count(folder),
            agents=given.agents,
            seed=given.seed,
        )


def by_filters(options: Mapping[str, Any], _scratch: Path) -> Job:
    """As a build does."""
    return _job(options, lambda change, ids: change.read_of(ids, _COLUMNS))


def by_keys(options: Mapping[str, Any], _scratch: Path) -> Job:
    """Every key of the table is read and compared."""

    def found(change: Any, ids: pa.Array) -> pa.Table:
        rows = change.read(columns=_COLUMNS)
        return rows.filter(pc.is_in(rows[_ID], value_set=ids))

    return _job(options, found)


def _job(options: Mapping[str, Any], find: Callable[[Any, pa.Array], pa.Table]) -> Job:
    lake = opened(Settings(options["lake"]))
    day = lake.days(CONTACTS)[0]
    there = lake.read(CONTACT_RECORD, [day], [_ID])[_ID][:THERE].to_pylist()
    strangers = (str(uuid.UUID(int=n << 64)) for n in range(options["number"] - THERE))
    ids = pa.array([*there, *strangers])
    found: list[pa.Table] = []

    def work() -> dict[str, float]:
        before = bytes_read()
        with lake.replacement(CONTACT_RECORD) as change:
            found.append(find(change, ids))
        return {"read_mb": (bytes_read() - before) / 1e6, "files": len(change.old)}

    return Job(work, lambda: Rows(found[-1].num_rows, ",".join(sorted(found[-1][_ID].to_pylist()))))
