"""The ledger of a lake: its `run` table, and which of its runs stand.

A run's row names the raw objects that it read first and the snapshot that it left of every table.
A rollback takes nothing out of the ledger: its row says which run it went back to, and the runs
between no longer stand, so that the next build reads their raw objects again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs import raw
from glue_jobs.lake import ConflictError, Lake
from transforms import tables

BUILD, COMPACTION, FORGETTING, REKEYING = "build", "compact", "forget", "rekey"
ROLLBACK_BEGUN, ROLLBACK = "rollback begun", "rollback"
_CHAIN = ("run_id", "finished_at", "command", "restored")

Row = dict[str, Any]  # a row of the table `run`; what it lacks is null


@dataclass(frozen=True)
class Known:
    """The runs that stand by their ids, what the last of them left, and all rollbacks so far.

    `built_at`: when the last build among them began.
    """

    stand: frozenset[str] = frozenset()
    snapshots: Mapping[str, int] = field(default_factory=dict)
    taxonomy: str | None = None
    run_id: str | None = None
    rollbacks: frozenset[datetime] = frozenset()
    built_at: datetime | None = None


def runs(lake: Lake, columns: Iterable[str] = ()) -> list[Row]:
    """Every run of the lake, oldest first, with what makes their chain and the columns named."""
    found = lake.read(tables.RUN, columns=list(dict.fromkeys((*_CHAIN, *columns)))).to_pylist()
    return sorted(found, key=lambda run: run["finished_at"])


def standing(found: Sequence[Row]) -> list[Row]:
    """The runs that no rollback has undone, oldest first, without the rollbacks themselves.

    A rollback to a run that was undone before brings it back, with all that stood then.
    """
    before: list[int] = []
    newest: dict[str, int] = {}
    for at, run in enumerate(found):
        before.append(newest[run["restored"]] if run["restored"] else at - 1)
        newest[run["run_id"]] = at
    stand = []
    at = len(found) - 1
    while at >= 0:
        if not found[at]["restored"]:
            stand.append(found[at])
        at = before[at]
    return stand[::-1]


def known(lake: Lake) -> Known:
    """What the lake's finished runs leave to build upon."""
    found = runs(lake, ("started_at",))
    rollbacks = frozenset(run["finished_at"] for run in found if run["restored"])
    stand = standing(found)
    if not stand:
        return Known(rollbacks=rollbacks)
    last = stand[-1]["run_id"], stand[-1]["finished_at"]
    of_its_day = lake.read(tables.RUN, [last[1].date()], (*_CHAIN, "snapshots", "taxonomy"))
    [left_by] = [
        run for run in of_its_day.to_pylist() if (run["run_id"], run["finished_at"]) == last
    ]
    return Known(
        frozenset(run["run_id"] for run in stand),
        dict(left_by["snapshots"] or ()),
        left_by["taxonomy"],
        left_by["run_id"],
        rollbacks,
        max((run["started_at"] for run in stand if run["command"] == BUILD), default=None),
    )


def inputs(lake: Lake, known: Known, since: date = date.min) -> pa.ChunkedArray:
    """The raw objects that the runs that stand have read (texts), in no order.

    `since`: of those runs alone that ended on that day or later; of a day more, as clocks differ.
    """
    days = [day for day in lake.days(tables.RUN.name) if day + timedelta(days=1) >= since]
    found = lake.read(tables.RUN, days, ("run_id", "inputs"))
    stand = pc.is_in(found["run_id"], value_set=pa.array(known.stand, found["run_id"].type))
    return pc.list_flatten(found.filter(stand)["inputs"])


def unread(lake: Lake, known: Known, keys: Iterable[str]) -> frozenset[str]:
    """Those of the raw objects that no run that stands has read.

    Nothing was read before it arrived, so runs that ended before the first of the arrivals are not
    looked at, however many there are.
    """
    asked = list(keys)
    if not asked:
        return frozenset()
    read = inputs(lake, known, min(map(raw.arrived_on, asked)))
    there = pa.array(asked, read.type)
    return frozenset(there.filter(pc.invert(pc.is_in(there, value_set=read))).to_pylist())


def record(lake: Lake, row: Callable[[Known], Row | None], began: Known) -> None:
    """Add a run's row, made of what is known at that moment; None adds nothing.

    ConflictError if the lake was rolled back since `began`: what the run did may be undone.
    """
    with lake.replacement(tables.RUN) as change:
        now = known(lake)
        if now.rollbacks != began.rollbacks:
            raise ConflictError("the lake was rolled back meanwhile; run the command again")
        at = clock()
        told = {"day": at.date(), "finished_at": at, "code_version": version("contact-lake")}
        if made := row(now):
            change.add(pa.Table.from_pylist([told | made], schema=tables.RUN.schema))


def left(now: Known, moves: Mapping[str, tuple[int, int]]) -> Row:
    """What a run leaves that moved tables on by itself, from one snapshot to another.

    The last run's snapshots, with the new ones where it had left those before. A table that has
    changed since (by a build that died) stays changed in the next build's eyes.
    """
    found = {
        name: moves[name][1] if name in moves and moves[name][0] == at else at
        for name, at in now.snapshots.items()
    }
    return {"taxonomy": now.taxonomy, "snapshots": list(found.items())}


def run_id(*parts: object) -> str:
    """Digest of what decides a run; this package's version is always part of it."""
    text = "\n".join([version("contact-lake"), *map(repr, parts)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def clock() -> datetime:
    """Now, in UTC without a zone, as the tables hold it."""
    return datetime.now(UTC).replace(tzinfo=None)
