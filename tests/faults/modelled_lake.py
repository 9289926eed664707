"""A small folder lake beside its model: every operation is done to both, and they are compared."""

from __future__ import annotations

import gzip
import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from pyiceberg.utils.concurrent import ExecutorFactory

from glue_jobs import build, compaction, history, lake, ledger, maintenance
from glue_jobs import rejects as bad
from glue_jobs.history import SnapshotExpiredError
from glue_jobs.lake import Lake, made, opened
from glue_jobs.settings import Settings
from ingestion import records
from ingestion.landing import Origin, Verdict, file_objects
from tests.faults.faulty_aws import CRASHES, Faults, injected
from tests.faults.model import DAYS, Calls, Line, Model, Rows, calls, record_key, universe
from tests.faults.narrow_lakes import CALLS, SOURCES, digest, known_parsers, parsed_universe
from transforms.pipeline import Source

LANDINGS = ("deliver", "duplicate", "reorder", "update", "bad_record", "reject", "replay")
_MOST_CALLS = 90  # a crash later than that is none


class Op(NamedTuple):
    """An operation, and the seed of what it decides."""

    name: str
    seed: int


@dataclass
class Trial:
    """A lake, its model, and one operation on both after the other."""

    lake: Lake
    model: Model = field(default_factory=lambda: Model(digest))
    delivered: list[tuple[Line, ...]] = field(default_factory=list)
    pending: dict[tuple[str, tuple[Line, ...]], None] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def do(self, op: Op) -> None:
        """Do it, then compare; landing alone changes no table."""
        rng = random.Random(op.seed)
        getattr(self, f"_{op.name}")(rng)
        self.done.append(op.name)
        if op.name not in LANDINGS:
            self.compare()

    # -- what arrives ---------------------------------------------------------------------------

    def _deliver(self, rng: random.Random) -> None:
        some = [line for kind in universe().values() for line in rng.sample(kind, 2)]
        self._land(tuple(rng.sample(some, rng.randint(1, len(some)))))

    def _duplicate(self, rng: random.Random) -> None:
        """The same batch again: the same objects."""
        if self.delivered:
            self._land(rng.choice(self.delivered))

    def _reorder(self, rng: random.Random) -> None:
        """The same records in another order, some of them more than once."""
        if self.delivered:
            some = rng.choice(self.delivered)
            self._land(tuple(rng.choices(some, k=len(some)) + rng.sample(some, len(some))))

    def _update(self, rng: random.Random) -> None:
        """Other versions of contacts that are there, on the same or another day."""
        there = [line for some in self.delivered for line in some if "ContactId" in line]
        keys = {record_key("contact_record", line) for line in there}
        known = universe()["contact_record"]
        some = [line for line in known if record_key("contact_record", line) in keys]
        if some:
            self._land(tuple(rng.sample(some, 2)))

    def _bad_record(self, rng: random.Random) -> None:
        """A record that no run will ever read, beside a good one."""
        self._put([*rng.sample(universe()["contact_record"], 1), f"{{oops {rng.random()}"])

    def _reject(self, rng: random.Random) -> None:
        """Records that are too deep today and not tomorrow."""
        kind = rng.choice(["contact_record", "agent_event"])
        some = tuple(rng.sample(universe()[kind], 2))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(records, "MAX_DEPTH", 1)
            self._put(some)
        self.pending[kind, some] = None

    def _land(self, lines: tuple[Line, ...]) -> None:
        self.delivered.append(lines)
        self._put(lines)

    def _put(self, lines: Iterable[str]) -> None:
        payload = "\n".join(lines)
        judged = enumerate(records.outcomes(payload.encode()), start=1)
        verdicts = [Verdict(Origin("file", f"{payload} {n}"), each) for n, each in judged]
        for landed in file_objects(verdicts):
            self.lake.store.put(landed.key, landed.data)
            if landed.kind != "bad":
                good = [v.outcome for v in verdicts if getattr(v.outcome, "kind", 0) == landed.kind]
                found = tuple(each.line.decode() for each in good)  # type: ignore[union-attr]
                self.model.objects[landed.key] = landed.kind, found

    # -- what is done to the lake -----------------------------------------------------------------

    def _build(self, _rng: random.Random) -> None:
        build.build(self.lake, known_parsers())
        self._built()

    def _back_fill(self, rng: random.Random) -> None:
        first, last = sorted(date.fromisoformat(rng.choice(DAYS[-2:])) for _ in range(2))
        build.build(self.lake, known_parsers(), build.Window(first, last))
        self._built()

    def _built(self) -> None:
        self.model.reach(self.model.objects)
        self._note_runs()

    def _replay(self, _rng: random.Random) -> None:
        bad.replay(self.lake.store, known_parsers())
        self._replayed()

    def _replayed(self) -> None:
        there = {key for key, _ in self.lake.store.keys("raw/")}
        for kind, lines in self.pending:
            new = {key for key in there - self.model.objects.keys() if f"raw/{kind}/" in key}
            assert new or self._holds(kind, lines), "a replay landed nothing"
            for key in new:
                found = tuple(_lines(self.lake, key))
                if found == lines:
                    self.model.objects[key] = kind, lines
        assert there == self.model.objects.keys()
        self.pending.clear()

    def _holds(self, kind: str, lines: tuple[Line, ...]) -> bool:
        return any(
            key.startswith(f"raw/{kind}/{bad.NOTES}/") and found == (kind, lines)
            for key, found in self.model.objects.items()
        )

    def _compact(self, _rng: random.Random) -> None:
        compaction.compact(self.lake)
        self._note_runs()

    def _expire(self, rng: random.Random) -> None:
        """With the orphans of crashes, as if they were old; nobody else writes now."""
        now = datetime.now(UTC) + 2 * maintenance.ORPHAN_AGE
        kept = rng.randint(1, 4)
        maintenance.expire(self.lake, timedelta(0), now, kept_runs=kept, orphans=True)

    def _rollback(self, rng: random.Random) -> None:
        if not self.model.runs:
            return
        run_id = rng.choice([*self.model.runs])
        try:
            history.rollback(self.lake, history.target(self.lake, run_id))
        except SnapshotExpiredError:
            return
        self.model.reach(self.model.runs[run_id])

    # -- what goes wrong --------------------------------------------------------------------------

    def _crash(self, rng: random.Random) -> None:
        """A command dies at a call, or reaches its end if it makes fewer."""
        name = rng.choice(["build", "build", "build", "back_fill", "compact", "expire", "rollback"])
        runs, before = dict(self.model.runs), self.model.read
        faults = Faults(rng.choice(CRASHES), rng.randint(1, _MOST_CALLS))
        with injected(faults):
            try:
                getattr(self, f"_{name}")(rng)
            except BaseException:
                if not faults.is_dead:
                    raise
        if not faults.is_dead:
            return
        self.lake = _reopened(self.lake)
        self.model.runs, self.model.read, self.model.is_sure = runs, before, False
        if name in {"build", "back_fill"}:
            self.model.allow(self.model.objects)

    def _two_writers(self, rng: random.Random) -> None:
        """Another build or compaction takes place while one is at a call."""
        with opened(self.lake.settings) as other:

            def overtake() -> None:
                second = replace(self, lake=other)
                if rng.random() < 0.5:
                    second._deliver(rng)
                    build.build(other, known_parsers())
                    self.model.allow(self.model.objects)
                else:
                    compaction.compact(other)

            before = frozenset(self.model.objects)
            with injected(Overtaken(overtake, rng.randint(1, _MOST_CALLS))):
                build.build(self.lake, known_parsers())
        self.model.allow(before)
        self.model.is_sure = False
        self._build(rng)

    # -- comparison -------------------------------------------------------------------------------

    def compare(self) -> None:
        """The lake against the model: equal where it is sure, else a state that may be."""
        now = self.model.state(self.model.read)
        for source in SOURCES:
            found = rows(self.lake, source)
            allowed = [now] if self.model.is_sure else [*self.model.states, now]
            expected = [versions(source.kind, state[source.kind]) for state in allowed]
            assert found in expected, f"{source.writes.name}: {found} is none of {expected}"
        if self.model.is_sure:
            assert call_sums(self.lake) == calls(now["contact_record"].values())
            self._compare_counts()

    def _compare_counts(self) -> None:
        names = ("inputs", "landed", "duplicates", "superseded", "rejected", "rows")
        stand = ledger.standing(ledger.runs(self.lake, names))
        landed: dict[str, int] = {}
        for run in stand:
            for kind, count in run["landed"] or ():
                parts = [dict(run[name] or ())[kind] for name in names[2:]]
                assert count == sum(parts), f"{run['run_id']}: {kind} {count} is not {parts}"
                landed[kind] = landed.get(kind, 0) + count
        inputs = [key for run in stand for key in run["inputs"]]
        assert sorted(inputs) == sorted(self.model.read)
        assert landed == self.model.landed

    def compare_history(self) -> None:
        """Every snapshot that is left is a state of the model: nothing was ever torn."""
        for source in SOURCES:
            table = self.lake.iceberg(source.writes.name)
            states = [versions(source.kind, state[source.kind]) for state in self.model.states]
            for snapshot in table.snapshots():
                files = self.lake._planned_files(table, snapshot.snapshot_id)
                found = _versions(lake.DataFiles.of(source.writes, table).read(files), source)
                assert found in states, f"{source.writes.name}: a torn snapshot {found}"

    def _note_runs(self) -> None:
        """By what the ledger says that each read: one may be of a build that died after its row."""
        read = frozenset[str]()
        for run in ledger.standing(ledger.runs(self.lake, ("inputs",))):
            read |= frozenset(run["inputs"])
            self.model.runs.setdefault(run["run_id"], read)


class Overtaken(Faults):
    """At a call of chosen number something else takes place first, whole."""

    def __init__(self, other: Callable[[], None], at: int) -> None:
        super().__init__(at=at)
        self.other: Callable[[], None] | None = other

    def call(
        self,
        name: str,
        effect: Callable[[], Any],
        error: Callable[[str], BaseException],  # noqa: ARG002
    ) -> Any:
        """As it is; the catalog's own transaction is never interrupted, which would lock it."""
        self.calls.append(name)
        if self.other and len(self.calls) >= self.at and name != "COMMIT":
            other, self.other = self.other, None
            with pytest.MonkeyPatch.context() as patch:
                # Another process has its own workers; this one's may be waiting for this call.
                patch.setattr(ExecutorFactory, "_instance", None)
                other()
        return effect()


@dataclass(frozen=True)
class Template:
    """An empty lake that can be put back in its place: catalogs hold whole addresses."""

    folder: Path

    def make(self) -> None:
        """Create the lake once."""
        with made(Settings(str(self.folder / "lake")))[0]:
            shutil.copytree(self.folder / "lake", self.folder / "empty")

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """A trial on an empty lake."""
        shutil.rmtree(self.folder / "lake")
        shutil.copytree(self.folder / "empty", self.folder / "lake")
        trial = Trial(opened(Settings(str(self.folder / "lake"))))
        try:
            yield trial
        finally:
            trial.lake.catalog.close()


def versions(kind: str, state: Rows) -> dict[str, tuple[str, str]]:
    """The day and version of every row, by key, that a state comes to."""
    places, parsed = parsed_universe(kind)
    days, orders = parsed.column("day"), parsed.column("record_version")
    return {
        key: (str(days[places[line]]), str(orders[places[line]])) for key, line in state.items()
    }


def rows(of: Lake, source: Source) -> dict[str, tuple[str, str]]:
    """The day and version of every row of a source's table, by key."""
    return _versions(of.read(source.writes, columns=_columns(source)), source)


def _columns(source: Source) -> tuple[str, str, str]:
    return source.writes.key[-1], "day", "record_version"


def _versions(found: pa.Table, source: Source) -> dict[str, tuple[str, str]]:
    told = [tuple(map(str, row.values())) for row in found.select(_columns(source)).to_pylist()]
    assert len(told) == len({key for key, *_ in told}), f"a key of {source.kind} stands twice"
    return {key: (day, version) for key, day, version in told}


def call_sums(of: Lake) -> dict[tuple[str, str, str], Calls]:
    """Sums of the calls by day, queue and category."""
    by = ("day", "queue_name", "category")
    sums = of.read(CALLS).group_by(by).aggregate([(name, "sum") for name in Calls._fields])
    return {
        tuple(str(row[name]) for name in by): Calls(*(row[f"{name}_sum"] for name in Calls._fields))  # type: ignore[misc]
        for row in sums.to_pylist()
    }


def _lines(of: Lake, key: str) -> list[str]:
    return gzip.decompress(of.store.get(key)).decode().splitlines()


def _reopened(old: Lake) -> Lake:
    old.catalog.close()
    return opened(old.settings)
