"""Lakes of many days and contacts, made in minutes: a built week again and again.

The week is simulated and built as always. Its rows are then put again for other weeks and further
instances, through the lake's own commits, sorted and filed as a build would have them. Instants and
days are moved. Contacts, events and work items get ids of their own, the same in every table;
agents belong to their instance; customers come back for four weeks, then others take their place.
Nested instants stay as they were.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from glue_jobs.lake import Lake, opened
from glue_jobs.settings import Settings
from ingestion.simulator import Truth, deliveries, invented_centre
from tests.bench.data import START, written
from tests.bench.harness import in_own_process, tell
from transforms import tables
from transforms.duck import rows
from transforms.schema import Table

WEEK = 7
CUSTOMER_WEEKS = 4
CONTACTS = tables.CONTACT_RECORD.name
_OF_A_CONTACT = ("contact_id", "journey_id", "event_id", "statistic_id", "work_item_id")
_OF_AN_AGENT = ("agent_arn", "agent_id", "agent_username", "user_arn", "user_id")


def week_lake(keep: Path, given: Namespace, name: str) -> Path:
    """A new lake of one simulated week, built; its records are kept for the next one."""
    records = keep / f"week-{given.agents}-{given.seed}"
    if not records.exists():
        centre = invented_centre(agents=given.agents, seed=given.seed)
        written(records, deliveries(centre, START, WEEK, given.seed, Truth()))
    folder = keep / name
    in_own_process("ours:whole", {"records": [str(records)], "lake": str(folder)})
    return folder


def enlarged(folder: Path, names: Iterable[str], weeks: Iterable[int], instances: int = 1) -> None:
    """Put the week's rows of these tables again: moved by each number of weeks, once an instance.

    Tables without days stay as they are. The last run is told of the new snapshots, so that the
    next build takes nothing of it for new.
    """
    with opened(Settings(str(folder))) as lake:
        for name in names:
            tell(f"enlarging {name}")
            if tables.BY_NAME[name].is_daily:
                _repeat(lake, tables.BY_NAME[name], sorted(weeks), instances)
        _tell_the_last_run(lake)


def _repeat(lake: Lake, table: Table, weeks: list[int], instances: int) -> None:
    with lake.replacement(table) as change:
        for day in (START + timedelta(days=n) for n in range(WEEK)):
            base = lake.read(table, [day])
            for week in weeks:
                change.put(moved(base, table, week, instances), [day + timedelta(weeks=week)])


def moved(base: pa.Table, table: Table, weeks: int, instances: int) -> pa.Table:
    """Rows moved by so many weeks, once for each instance, in the order that the table has."""
    columns = ", ".join(_column(field, weeks) for field in base.schema)
    order = ", ".join(dict.fromkeys((*table.sort_by, *table.key)))
    instance = f"range({instances}) AS instances(instance)"
    return rows(f"SELECT {columns} FROM base CROSS JOIN {instance} ORDER BY {order}", base=base)


def _column(field: pa.Field, weeks: int) -> str:
    name = f'"{field.name}"'
    if pa.types.is_timestamp(field.type):
        value = f"{name} + INTERVAL ({WEEK * weeks}) DAY"
    elif pa.types.is_date(field.type):
        value = f"{name} + ({WEEK * weeks})"
    elif not pa.types.is_string(field.type):
        return name
    elif field.name.endswith(_OF_A_CONTACT):
        copied = f"md5({name} || '{weeks}/' || instance)"
        value = copied if weeks else f"CASE instance WHEN 0 THEN {name} ELSE {copied} END"
    elif field.name in _OF_AN_AGENT or field.name == "instance_id":
        value = f"CASE instance WHEN 0 THEN {name} ELSE {name} || '~' || instance END"
    elif field.name == "customer_id":
        value = f"{name} || '~{weeks // CUSTOMER_WEEKS}/' || instance"
    else:
        return name
    return f"{value} AS {name}"


def _tell_the_last_run(lake: Lake) -> None:
    last = max(lake.read(tables.RUN).to_pylist(), key=lambda run: run["finished_at"])
    now = datetime.now(UTC).replace(tzinfo=None)
    seen = {name: lake.snapshot(name) for name, _ in last["snapshots"]}
    row: dict[str, Any] = last | {
        "day": now.date(),
        "finished_at": now,
        "snapshots": list(seen.items()),
    }
    lake.add(tables.RUN, pa.Table.from_pylist([row], schema=tables.RUN.schema))


def made(given: Namespace, weeks: int, instances: int) -> str:
    """What is told of such a lake beside its figures."""
    return (
        f"a week of {given.agents} agents, simulated and built; its rows put again for "
        f"{weeks} weeks and {instances} instances"
    )


def count(folder: Path) -> int:
    """The contacts of a lake."""
    with opened(Settings(str(folder))) as lake:
        return lake.count(CONTACTS)


def last_days(folder: Path, days: int) -> list[date]:
    """The last so many days that have contacts."""
    with opened(Settings(str(folder))) as lake:
        return lake.days(CONTACTS)[-days:]
