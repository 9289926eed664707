"""`lake build`: bring every table up to date with what has landed, and nothing else.

Only raw objects that no finished build has read are read; only days that change are rewritten.
An engine does the work of each table, here or on Spark; what is built, in which order, and what
the run's row says is the same for both. Tables are committed in data-flow order, one Iceberg commit
each, and the `run` row comes last with every table's snapshot. A build that dies before it leaves
its raw objects unread in the eyes of the next one, which finds what is already there, repeats
nothing and finishes the rest: tables that follow from others are recomputed for the days on which
they, or what they follow from, differ from what the last finished build left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache, partial
from itertools import chain
from typing import NamedTuple, Protocol

import pyarrow as pa

from glue_jobs import ledger, quality, raw
from glue_jobs.evolution import upgrade
from glue_jobs.lake import Lake, Replacement
from glue_jobs.merge import Merged, merged
from glue_jobs.parsers import Parser, Parsers
from glue_jobs.racing import raced
from infra import streams
from transforms.days import by_day, groups, parts
from transforms.facts import violations
from transforms.parts import ordered, split
from transforms.pipeline import SOURCES, STEPS, Read, Source, Step
from transforms.schema import Table
from transforms.taxonomy import Taxonomy
from transforms.versions import newest

PIECE_BYTES = 16 * 2**20
# A record can land as long after its arrival as the streams keep it; a day more, as clocks differ.
LATEST_LANDING = streams.RETENTION + timedelta(days=1)


Progress = Callable[[str, int, int], None]  # what, done, of how many


class Built(NamedTuple):
    """What a build read and wrote. `is_new` is False if there was nothing to do.

    `is_retold`: the taxonomy is not that of the last build; days already built keep what they had
    until they change or are asked for.
    """

    run_id: str
    is_new: bool
    inputs: tuple[str, ...]
    sources: dict[str, Merged]
    days: dict[str, list[date]]
    is_retold: bool = False

    @property
    def landed(self) -> int:
        """Records read from raw."""
        return sum(source.landed for source in self.sources.values())


class Window(NamedTuple):
    """Days to derive anew on request, whether or not records changed; both ends included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Every day of the window."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


class Engine(Protocol):
    """What brings one table up to date and commits it: how the work is shared out, and where."""

    def merged(
        self,
        lake: Lake,
        source: Source,
        parser: Parser,
        keys: Sequence[str],
        run_id: str,
        progress: Progress,
    ) -> Merged:
        """Merge landed objects into the source's table; rejects go to `bad/build/`."""
        ...

    def derived(self, lake: Lake, step: Step, days: list[date]) -> list[date]:
        """Derive a step's table for `days` anew; returns the days rewritten.

        For a table without days: learn from what the days hold; returns those that taught it.
        """
        ...


class Embedded:
    """The engine of this process: a few days at a time, in bounded memory."""

    def merged(
        self,
        lake: Lake,
        source: Source,
        parser: Parser,
        keys: Sequence[str],
        run_id: str,
        progress: Progress,
    ) -> Merged:
        """Merge piece by piece."""
        pieces = raw.small_pieces(lake.store, keys, PIECE_BYTES)
        told = _reported(pieces, source.kind, len(keys), progress)
        return merged(lake, source, parser, told, run_id)

    def derived(self, lake: Lake, step: Step, days: list[date]) -> list[date]:
        """Derive group of days by group of days."""
        return (_recomputed if step.writes.is_daily else _learnt)(lake, step, days)


def build(
    lake: Lake,
    parsers: Parsers,
    window: Window | None = None,
    progress: Progress = lambda _what, _done, _all: None,
    engine: Engine | None = None,
) -> Built:
    """Build the lake up to date; a no-op that writes nothing when nothing is new.

    A table that another writer is first with is read and worked out again, up to five times.
    """
    engine, started_at = engine or Embedded(), ledger.clock()
    known = ledger.known(lake)
    since = None if window else _listed_since(known, started_at)
    listed = {source.kind: raw.sizes(lake.store, source.kind, since) for source in SOURCES}
    unread = ledger.unread(lake, known, chain.from_iterable(listed.values()))
    fresh = {
        kind: {key: size for key, size in sizes.items() if key in unread}
        for kind, sizes in listed.items()
    }
    inputs = tuple(sorted(key for keys in fresh.values() for key in keys))
    run_id = ledger.run_id(fresh, settings_digest(parsers.taxonomy), window)
    is_retold = known.taxonomy not in (None, settings_digest(parsers.taxonomy))
    unbuilt = _unbuilt(known)
    if not inputs and window is None and not unbuilt:
        return Built(run_id, False, (), {}, {}, is_retold)
    upgrade(lake)
    sources: dict[str, Merged] = {}
    days: dict[str, list[date]] = {}
    for source in SOURCES:
        if fresh[source.kind]:
            parser, keys = parsers.of(source.kind), [*fresh[source.kind]]
            merge = partial(engine.merged, lake, source, parser, keys, run_id, progress)
            sources[source.kind] = raced(merge)
            days[source.writes.name] = sources[source.kind].days
    for source in SOURCES:
        settled = parsers.of(source.kind).settled
        if window and settled:
            # What settings decide (the taxonomy) follows from the row alone, as a step's rows do.
            again = Step(settled, (Read(source.writes),), source.writes, source.writes.key, 0)
            rewritten = raced(partial(engine.derived, lake, again, window.days))
            days[source.writes.name] = sorted({*days.get(source.writes.name, ()), *rewritten})
    # What another build commits from here on is not in what follows, so not in this run's row.
    seen = {source.writes.name: lake.snapshot(source.writes.name) for source in SOURCES}
    # A table is committed before the first step that reads it, so its days are looked up once.
    changed = cache(lambda name: lake.changed_days(name, known.snapshots.get(name)))
    every = cache(lambda name: lake.changed_days(name, None))
    for number, step in enumerate(STEPS):
        progress(step.writes.name, number, len(STEPS))
        days_of = every if step.writes.name in unbuilt else changed
        stale = {day for read in step.reads for day in days_of(read.table.name)}
        stale |= set(window.days if window else ())
        wanted = {day for changed_day in stale for day in around(changed_day, step.reach)}
        wanted |= _unlike(lake, step.writes, known)
        asked = sorted(wanted if step.writes.is_daily else stale)
        derive = partial(engine.derived, lake, step, asked)
        days[step.writes.name] = raced(derive) if asked else []
        seen[step.writes.name] = lake.snapshot(step.writes.name)
    progress("run", len(STEPS), len(STEPS))
    if run_id == known.run_id and not any(days.values()):
        return Built(run_id, False, (), {}, days, is_retold)
    built = Built(run_id, True, inputs, sources, days, is_retold)
    row = _row(built, seen, settings_digest(parsers.taxonomy), started_at)

    def news(now: ledger.Known) -> ledger.Row | None:
        """The run's row, unless another build of the same objects was recorded meanwhile."""
        return None if inputs and not ledger.unread(lake, now, inputs) else row

    raced(partial(ledger.record, lake, news, known))
    return built


def _listed_since(known: ledger.Known, now: datetime) -> date | None:
    """The arrival day from which on raw objects can be unread; None: any, all are listed.

    What lies before was listed by the last build. The first build of a day looks at everything
    all the same, for what was put there by other ways than a stream.
    """
    if known.built_at is None or known.built_at.date() != now.date():
        return None
    return (known.built_at - LATEST_LANDING).date()


def _unbuilt(known: ledger.Known) -> frozenset[str]:
    """The steps' tables that the runs so far did not know: those of a newer release."""
    names = {step.writes.name for step in STEPS}
    return frozenset(names - known.snapshots.keys() if known.snapshots else ())


def _unlike(lake: Lake, table: Table, known: ledger.Known) -> set[date]:
    """The days on which a table is not as the last run left it: a build or rollback died there.

    What it then holds may be of records that have moved on to other days since.
    """
    if not table.is_daily:
        return set()
    return set(lake.changed_days(table.name, known.snapshots.get(table.name)))


def _recomputed(lake: Lake, step: Step, wanted: list[date]) -> list[date]:
    rewritten: list[date] = []
    broken: list[dict[str, int]] = []
    with lake.replacement(step.writes) as change:
        for group in day_groups(lake, step, wanted):
            needed = sorted({day for each in group for day in around(each, step.reach)})
            rows = on_days(_output(lake, step, needed), group)
            broken.append(violations(rows, step.writes))
            rewritten += _put_different(change, group, change.read(group), rows)
        if rewritten:
            quality.gate(step.writes.name, quality.total(broken), lake.store)
    return rewritten


def _learnt(lake: Lake, step: Step, stale: list[date]) -> list[date]:
    learnt: list[date] = []
    with lake.replacement(step.writes) as change:
        before = after = change.read()
        for group in day_groups(lake, step, stale):
            known = after
            after = newest(pa.concat_tables([known, _output(lake, step, group)]), step.writes).rows
            learnt += [] if after.equals(known) else group
        if not after.equals(before):
            quality.gate(step.writes.name, violations(after, step.writes), lake.store)
            change.put_all(after)
    return learnt


def _output(lake: Lake, step: Step, days: list[date]) -> pa.Table:
    rows = (lake.rows_by_day(read.table.name) for read in step.reads if read.table.is_daily)
    count = parts(sum(each[day] for each in rows for day in days))
    if count > 1:
        return _output_in_parts(lake, step, days, count)
    read = [lake.read(table, days, columns or None) for table, columns in step.reads]
    return step.writes.conform(step.function(*read))


def _output_in_parts(lake: Lake, step: Step, days: list[date], count: int) -> pa.Table:
    """What the step makes of days with too many rows for one query: of one part after the other."""
    read = [_read_in_parts(lake, step, each, days, count) for each in step.reads]
    made = [
        step.writes.conform(step.function(*(of_part.pop(0) for of_part in read)))
        for _ in range(count)
    ]
    return ordered(pa.concat_tables(made), step.writes)


def _read_in_parts(
    lake: Lake, step: Step, read: Read, days: list[date], count: int
) -> list[pa.Table]:
    """The rows of a read by parts; all of them for every part where it lacks what cuts them."""
    columns = read.columns or read.table.names
    if not {*step.together} <= {*columns}:
        return [lake.read(read.table, days, columns)] * count
    found = [[read.table.empty().select(list(columns))] for _ in range(count)]
    for day in days:
        for number, rows in split(lake.read(read.table, [day], columns), step.together, count):
            found[number].append(rows)
    return [pa.concat_tables(each) for each in found]


def on_days(rows: pa.Table, days: list[date]) -> pa.Table:
    """The rows of the given days, day by day."""
    found = by_day(rows)
    return pa.concat_tables([rows.slice(0, 0), *(found[day] for day in days if day in found)])


def _put_different(
    change: Replacement, days: list[date], before: pa.Table, after: pa.Table
) -> list[date]:
    """Replace the days on which `after` is not `before`; returns them."""
    then, now = by_day(before), by_day(after)
    none = before.slice(0, 0)
    different = [day for day in days if not then.get(day, none).equals(now.get(day, none))]
    change.put(after, different)
    return different


def around(day: date, reach: int) -> list[date]:
    """The day, and `reach` days before and after it."""
    return [day + timedelta(days=n) for n in range(-reach, reach + 1)]


def day_groups(lake: Lake, step: Step, days: Iterable[date]) -> list[list[date]]:
    """The days, as many together as hold about `days.GROUP_ROWS` rows of what the step reads."""
    rows = [lake.rows_by_day(read.table.name) for read in step.reads if read.table.is_daily]
    return list(groups({day: sum(each[day] for each in rows) for day in days}))


def settings_digest(taxonomy: Taxonomy) -> str:
    """Digest of the lake's settings that decide rows: its taxonomy, with what is kept."""
    return hashlib.sha256(repr(taxonomy).encode()).hexdigest()[:16]


def _row(built: Built, seen: dict[str, int], taxonomy: str, started_at: datetime) -> ledger.Row:
    counts = {
        name: [(kind, getattr(merged_, name)) for kind, merged_ in built.sources.items()]
        for name in ("landed", "duplicates", "superseded", "rejected", "rows")
    }
    return {
        "run_id": built.run_id,
        "command": ledger.BUILD,
        "started_at": started_at,
        "inputs": list(built.inputs),
        **counts,
        "unknown_fields": [
            (f"{kind}.{name}", records)
            for kind, merged_ in built.sources.items()
            for name, records in sorted(merged_.unknown_fields.items())
        ],
        "taxonomy": taxonomy,
        "days": [(name, len(days)) for name, days in built.days.items()],
        "snapshots": list(seen.items()),
    }


def _reported(
    pieces: Iterator[raw.Piece], kind: str, objects: int, progress: Progress
) -> Iterator[raw.Piece]:
    done = 0
    for piece in pieces:
        progress(kind, done, objects)
        yield piece
        done += sum(start >= 0 for start in piece.starts)
    progress(kind, done, objects)
