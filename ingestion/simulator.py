"""An invented contact centre at work: its records as Amazon Connect delivers them, and the truth.

A seeded discrete-event simulation (`floor`, `desks`) of contacts that meet agents. The same
arguments give byte-identical output. Nothing is kept but what is still on its way, so memory does
not grow with the number of days.
"""

from __future__ import annotations

import gzip
import io
import json
from contextlib import ExitStack
from datetime import UTC, date, datetime, time
from random import Random
from typing import TYPE_CHECKING, Any, Self

from ingestion.centre import Centre, ImpossibleCentreError, invented_centre
from ingestion.errors import LakeError
from ingestion.floor import Floor
from ingestion.outbox import Delivery, Outbox
from ingestion.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Centre", "Delivery", "Truth", "deliveries", "invented_centre", "write"]

_BUFFER_BYTES = 1 << 18
_SUFFIX = ".ndjson.gz"


class OccupiedFolderError(LakeError):
    """The folder to write to holds the records of another run, whose truth would be lost."""

    exit_code = 2


def deliveries(
    centre: Centre, start: date, days: int, seed: int, truth: Truth
) -> Iterator[Delivery]:
    """Everything that `days` days from `start` (UTC) bring, in order of delivery.

    No customer arrives after the last day, but contacts, shifts and updates that are under way run
    to their end. `truth` is complete once the iterator is exhausted.

    Raises `ImpossibleCentreError` where there is less than one day.
    """
    if days < 1:
        raise ImpossibleCentreError(f"{days} days cannot be simulated; ask for at least one.")
    first_ms = int(datetime.combine(start, time(), UTC).timestamp()) * 1000
    outbox = Outbox(Random(f"outbox:{seed}"), truth)  # noqa: S311 - a seeded simulation
    floor = Floor(centre, first_ms, days, Random(f"floor:{seed}"), outbox)  # noqa: S311
    for now in floor.instants():
        yield from outbox.due(now)
    yield from outbox.due()


def write(
    out: Path,
    centre: Centre,
    start: date,
    days: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    *,
    intervals: bool = False,
) -> dict[str, Any]:
    """The truth of a run whose records are written below `out`, which is made if need be.

    Files: `<kind>-<day of delivery>.ndjson.gz`, one record a line, in order of delivery, and
    `truth.json`. `progress` is called with the days done and the days asked for. With `intervals`
    the truth also holds `calls`, the sums for each quarter of an hour.

    Raises `OccupiedFolderError` where `out` already has such files.
    """
    if next(out.glob(f"*{_SUFFIX}"), None) is not None:
        raise OccupiedFolderError(f"{out} already holds simulated records; choose another folder.")
    out.mkdir(parents=True, exist_ok=True)
    truth = Truth(intervals=intervals)
    today = start
    with _DayFiles(out) as files:
        for delivery in deliveries(centre, start, days, seed, truth):
            if delivery.at.date() != today:
                today = delivery.at.date()
                files.close()
                if progress is not None and (today - start).days < days:
                    progress((today - start).days, days)
            files.append(delivery)
    if progress is not None:
        progress(days, days)
    told = truth.as_dict()
    (out / "truth.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return told


class _DayFiles:
    """The files of one day of delivery, one for each kind, made when its first record comes."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._open: dict[str, io.BufferedWriter] = {}
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def append(self, delivery: Delivery) -> None:
        file = self._open.get(delivery.kind)
        if file is None:
            name = f"{delivery.kind}-{delivery.at.date().isoformat()}{_SUFFIX}"
            file = self._open[delivery.kind] = self._file(self._out / name)
        file.write(delivery.body + b"\n")

    def _file(self, path: Path) -> io.BufferedWriter:
        raw = self._closing.enter_context(path.open("wb"))
        # Neither name nor time of making, so that equal runs make equal files.
        packed = gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0)
        self._closing.enter_context(packed)
        return self._closing.enter_context(io.BufferedWriter(packed, _BUFFER_BYTES))

    def close(self) -> None:
        self._open.clear()
        self._closing.close()
