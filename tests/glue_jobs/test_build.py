"""A build reads what is new, rewrites what changes, and comes to the same however it came about."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from glue_jobs import build as builder
from glue_jobs import history, ledger, merge
from glue_jobs.build import Built, Window
from glue_jobs.commands import parsers
from glue_jobs.lake import Lake, Replacement, made
from glue_jobs.parsers import Parser, Parsers, Taxonomy
from glue_jobs.quality import AuditFailedError
from glue_jobs.settings import Settings
from ingestion import files
from ingestion.privacy import Tokens
from tests.centre_records import agent_event, contact, work_item, written
from tests.lake_program import outcome
from transforms.pipeline import SOURCES, STEPS
from transforms.tables import BY_NAME

PROVE = os.environ.get("PROVE") == "1"
MONDAY, TUESDAY, FRIDAY = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 9)
BUILT = tuple(each.writes.name for each in (*SOURCES, *STEPS))
COMMITS = 13  # of UPDATES: three sources, six tables that follow from contacts, three that
# learn of agents and find nothing to put, the run

RECORDS = [
    contact("c-1"),
    contact("c-2", "2026-01-05T10:20:00Z", queue=None),
    contact("c-3", "2026-01-06T11:00:00Z", queue="Claims", category="claim"),
    contact("c-4", "2026-01-09T11:00:00Z"),
    agent_event("e-1", "2026-01-05T08:00:00Z", "LOGIN"),
    agent_event("e-2", "2026-01-05T09:00:00Z"),
    agent_event("e-3", "2026-01-05T17:00:00Z", "LOGOUT"),
    agent_event("e-4", "2026-01-06T08:00:00Z", "LOGIN"),
    agent_event("e-5", "2026-01-07T01:00:00Z", "LOGOUT"),
    work_item("w-1"),
    work_item("w-2", "2026-01-06T09:00:00Z", RemainingMinutes=5),
]
# c-1 goes to another day, queue and category; w-1 is done; one record comes once more.
UPDATES = [
    contact(
        "c-1",
        "2026-01-06T09:00:00Z",
        queue="Claims",
        category="claim",
        updated="2026-01-07T00:00:00Z",
    ),
    work_item("w-1", Status="CLOSED", LastUpdateTimestamp="2026-01-06T10:00:00Z"),
    agent_event("e-2", "2026-01-05T09:00:00Z"),
]


@pytest.fixture
def new_lake(tmp_path: Path):
    """Makes a lake in which the given batches have landed and been built, one after another."""
    with ExitStack() as opened:
        yield lambda *batches: opened.enter_context(built_lake(tmp_path / "lake", *batches))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What all records come to when they land at once in a new lake."""
    with built_lake(tmp_path_factory.mktemp("undisturbed") / "lake", RECORDS + UPDATES) as lake:
        return content(lake)


NewLake = Callable[..., Lake]


def built_lake(folder: Path, *batches: Iterable[Any]) -> Lake:
    lake, _ = made(Settings(str(folder)))
    for batch in batches:
        land(lake, batch)
        build(lake)
    return lake


def land(lake: Lake, records: Iterable[Any]) -> None:
    """Land records as one file of theirs."""
    path = lake.settings.folder.parent / f"{lake.settings.folder.name}-{random.random()}.ndjson.gz"
    files.ingest([written(path, records)], lake.store)


def build(lake: Lake, **parsed: Any) -> Built:
    return builder.build(lake, FakeParsers(**parsed), None)


class FakeParsers(Parsers):
    """The lake's parsers under a fixed key; `spoil` changes what they return, by kind."""

    def __init__(self, **spoil: Callable[[pa.Table], pa.Table]) -> None:
        super().__init__(Taxonomy(), Tokens(bytes(32)))
        object.__setattr__(self, "spoil", spoil)

    def of(self, kind: str) -> Parser:
        parser = super().of(kind)
        spoil = self.spoil.get(kind, lambda rows: rows)
        return parser._replace(parse=lambda lines: spoil(parser.parse(lines)))


def content(lake: Lake) -> dict[str, list[Any]]:
    """Every built table's rows, whatever files they are in."""
    return {name: sorted(lake.read(BY_NAME[name]).to_pylist(), key=repr) for name in BUILT}


def listing(lake: Lake) -> dict[str, int]:
    """Every file of the lake's folder and when it was last written."""
    found = lake.settings.folder.rglob("*")
    return {str(path): path.stat().st_mtime_ns for path in found if path.is_file()}


def files_by_day(lake: Lake, name: str) -> dict[str, set[str]]:
    days: dict[str, set[str]] = {}
    for file in lake.files(name):
        days.setdefault(file.rsplit("/", 2)[1], set()).add(file)
    return days


def stored(lake: Lake, name: str) -> set[str]:
    """Every data file of a table, whether or not a snapshot names it."""
    return {key for key, _ in lake.store.keys(f"tables/{name}/data/") if not key.endswith("/")}


def test_every_record_becomes_a_row(new_lake: NewLake):
    lake = new_lake(RECORDS)
    counts = {name: lake.count(name) for name in ("contact_record", "agent_event", "work_item")}
    assert counts == {"contact_record": 4, "agent_event": 5, "work_item": 2}


def test_only_raw_objects_that_are_new_are_read(new_lake: NewLake, monkeypatch):
    lake = new_lake(RECORDS)
    known = {key for key, _ in lake.store.keys("raw/")}
    land(lake, UPDATES)
    read: list[str] = []
    get = type(lake.store).get
    monkeypatch.setattr(
        type(lake.store), "get", lambda store, key: read.append(key) or get(store, key)
    )
    build(lake)
    assert sorted(read) == sorted({key for key, _ in lake.store.keys("raw/")} - known)


@pytest.fixture
def at(monkeypatch):
    """Sets the clock."""
    return lambda *when: monkeypatch.setattr(ledger, "clock", lambda: datetime(*when))  # noqa: DTZ001


def arrive(lake: Lake, day: str, contact_id: str) -> None:
    """Put an object as the landing function does: in the folder of the day it arrived on."""
    path = written(lake.settings.folder.parent / f"{contact_id}.gz", [contact(contact_id)])
    lake.store.put(f"raw/contact_record/{day}/{contact_id}.ndjson.gz", path.read_bytes())


def contacts(lake: Lake) -> list[str]:
    return sorted(lake.read(BY_NAME["contact_record"]).column("contact_id").to_pylist())


def test_only_days_on_which_what_is_unread_can_have_arrived_are_listed(new_lake: NewLake, at):
    """Streams keep a record for a week; a day more for clocks that differ."""
    lake = new_lake()
    at(2026, 3, 20, 10)
    arrive(lake, "2026-03-20", "c-new")
    build(lake)
    arrive(lake, "2026-03-11", "c-older")
    arrive(lake, "2026-03-12", "c-late")
    land(lake, [contact("c-file")])
    at(2026, 3, 20, 10, 15)
    build(lake)
    assert contacts(lake) == ["c-file", "c-late", "c-new"]


def test_the_first_build_of_a_day_lists_everything(new_lake: NewLake, at):
    lake = new_lake()
    at(2026, 3, 20, 10)
    arrive(lake, "2026-03-20", "c-new")
    build(lake)
    arrive(lake, "2026-01-01", "c-brought")
    at(2026, 3, 21)
    build(lake)
    assert contacts(lake) == ["c-brought", "c-new"]


def test_who_asks_for_days_has_everything_listed(new_lake: NewLake, at):
    lake = new_lake()
    at(2026, 3, 20, 10)
    arrive(lake, "2026-03-20", "c-new")
    build(lake)
    arrive(lake, "2026-01-01", "c-brought")
    builder.build(lake, FakeParsers(), Window(date(2026, 1, 5), date(2026, 1, 5)))
    assert contacts(lake) == ["c-brought", "c-new"]


def test_what_a_rollback_undid_is_listed_again(new_lake: NewLake, at):
    lake = new_lake()
    at(2026, 3, 1)
    arrive(lake, "2026-03-01", "c-first")
    run = build(lake).run_id
    at(2026, 3, 20, 10)
    arrive(lake, "2026-03-05", "c-then")
    build(lake)
    history.rollback(lake, history.target(lake, run))
    at(2026, 3, 20, 11)
    build(lake)
    assert contacts(lake) == ["c-first", "c-then"]


def test_only_days_that_change_are_rewritten(new_lake: NewLake):
    lake = new_lake(RECORDS)
    before = files_by_day(lake, "contact_record")
    land(lake, [contact("c-5", "2026-01-06T12:00:00Z")])
    assert build(lake).days["contact_record"] == [TUESDAY]
    after = files_by_day(lake, "contact_record")
    assert [day for day in before if before[day] != after[day]] == [f"day={TUESDAY}"]


def test_only_days_that_change_are_recomputed(new_lake: NewLake):
    lake = new_lake(RECORDS)
    land(lake, [contact("c-5", "2026-01-06T12:00:00Z")])
    assert build(lake).days["calls_by_category_queue"] == [TUESDAY]


def test_a_second_build_writes_nothing(new_lake: NewLake):
    lake = new_lake(RECORDS)
    before = listing(lake)
    assert not build(lake).is_new
    assert listing(lake) == before


def test_the_same_records_in_other_files_and_another_order_change_no_table(new_lake: NewLake):
    lake = new_lake(RECORDS)
    before = {name: lake.snapshot(name) for name in BUILT}
    land(lake, reversed(RECORDS))
    land(lake, RECORDS[1:9])
    built = build(lake)
    assert {name: lake.snapshot(name) for name in BUILT} == before
    assert {source.rows for source in built.sources.values()} == {0}


@pytest.mark.parametrize("most_looked_up", [1_000, 0])
def test_what_moves_is_corrected_on_both_days_and_in_every_table_that_follows(
    new_lake: NewLake, monkeypatch, most_looked_up
):
    """Also where so much landed that every key of the table is read."""
    monkeypatch.setattr(merge, "rows_in_a_group", lambda _files: most_looked_up)
    lake = new_lake(RECORDS)
    land(lake, UPDATES)
    assert build(lake).days["calls_by_category_queue"] == [MONDAY, TUESDAY]
    contacts = {row["contact_id"]: row for row in lake.read(BY_NAME["contact_record"]).to_pylist()}
    moved = contacts["c-1"]
    assert (moved["day"], moved["queue_name"], moved["category"]) == (TUESDAY, "Claims", "claim")
    calls = lake.read(BY_NAME["calls_by_category_queue"]).to_pylist()
    assert sum(row["contacts"] for row in calls if row["day"] == MONDAY) == 1  # c-2 alone


@pytest.mark.parametrize("seed", range(3 if PROVE else 1))
def test_in_any_order_and_division_the_records_come_to_the_same_tables(
    new_lake: NewLake, undisturbed, seed
):
    shuffled = random.Random(seed).sample(RECORDS + UPDATES, len(RECORDS) + len(UPDATES))
    at = sorted(random.Random(seed).sample(range(1, len(shuffled)), 2))
    batches = [shuffled[: at[0]], shuffled[at[0] : at[1]], shuffled[at[1] :]]
    assert content(new_lake(*batches)) == undisturbed


def test_a_newer_version_that_lands_first_stays(new_lake: NewLake, undisturbed):
    assert content(new_lake(UPDATES, RECORDS)) == undisturbed


@pytest.mark.parametrize("stop_at", range(0, COMMITS, 1 if PROVE else 5))
def test_a_build_that_dies_at_a_commit_is_completed_by_the_next(
    new_lake: NewLake, undisturbed, monkeypatch, stop_at
):
    lake = new_lake(RECORDS)
    land(lake, UPDATES)
    build_that_dies(lake, monkeypatch, stop_at)
    build(lake)
    assert content(lake) == undisturbed
    assert not build(lake).is_new


def test_what_moves_after_a_first_build_that_died_leaves_its_day_in_every_table(
    new_lake: NewLake, monkeypatch
):
    """No finished run tells what the tables held: that they hold it must be enough."""

    def dying(*_: Any) -> None:
        raise KeyboardInterrupt

    lake = new_lake()
    land(lake, [contact("c-1")])
    with monkeypatch.context() as patch:
        patch.setattr(builder.ledger, "record", dying)
        with pytest.raises(KeyboardInterrupt):
            build(lake)
    land(lake, [contact("c-1", "2026-01-06T09:00:00Z", updated="2026-01-07T00:00:00Z")])
    build(lake)
    assert lake.days("calls_by_category_queue") == [TUESDAY]


def test_the_updates_are_committed_in_as_many_steps_as_are_tried(new_lake, monkeypatch):
    lake = new_lake(RECORDS)
    land(lake, UPDATES)
    commit, made_ = Replacement.commit, []
    monkeypatch.setattr(Replacement, "commit", lambda c: (made_.append(c), commit(c)))
    build(lake)
    assert len(made_) == COMMITS


def build_that_dies(lake: Lake, patch: pytest.MonkeyPatch, at: int) -> None:
    """A build whose process stops before its commit of that number, from 0."""
    commit = Replacement.commit
    left = iter(range(at, -1, -1))

    def dying(change: Replacement) -> None:
        if next(left):
            commit(change)
        else:
            change._new.clear()  # a process that is gone removes no files
            raise KeyboardInterrupt

    patch.setattr(Replacement, "commit", dying)
    with pytest.raises(KeyboardInterrupt):
        build(lake)
    patch.undo()


def test_an_event_of_the_next_day_ends_a_state_of_the_day_before(new_lake: NewLake):
    begun = agent_event("e-1", "2026-01-05T22:00:00Z")
    lake = new_lake([begun], [agent_event("e-2", "2026-01-06T02:00:00Z", "LOGOUT")])
    states = lake.read(BY_NAME["agent_state_interval"]).to_pylist()
    available_ms = {row["day"]: row["duration_ms"] for row in states if row["state"] == "available"}
    assert available_ms == {MONDAY: 2 * 3_600_000, TUESDAY: 2 * 3_600_000}


def test_a_window_recomputes_its_days_and_changes_nothing_that_was_right(new_lake: NewLake):
    lake = new_lake(RECORDS, UPDATES)
    before = {name: lake.snapshot(name) for name in BUILT}
    built = builder.build(lake, FakeParsers(), Window(MONDAY, FRIDAY))
    assert built.is_new
    assert {name: lake.snapshot(name) for name in BUILT} == before


def test_records_that_cannot_be_typed_are_rejects_with_their_reason(new_lake: NewLake):
    odd = contact("c-9") | {"AgentConnectionAttempts": "often"}
    lake = new_lake([*RECORDS, odd])
    rejects = [
        json.loads(line)
        for key, _ in lake.store.keys("bad/build/")
        for line in gzip.decompress(lake.store.get(key)).splitlines()
    ]
    assert [(each["reason"], each["detail"]) for each in rejects] == [
        ("type_mismatch", "AgentConnectionAttempts")
    ]


def test_the_funnel_conserves(new_lake: NewLake):
    lake = new_lake(RECORDS)
    land(lake, [*UPDATES, contact("c-1"), contact("c-8", at="soon"), work_item("w-9")])
    counts = {
        kind: (part.landed, part.rows, part.duplicates, part.superseded, part.rejected)
        for kind, part in build(lake).sources.items()
    }
    assert counts == {
        "contact_record": (3, 0, 1, 1, 1),
        "agent_event": (1, 0, 1, 0, 0),
        "work_item": (2, 1, 0, 1, 0),
    }


def test_the_run_names_the_snapshot_of_every_table(new_lake: NewLake):
    lake = new_lake(RECORDS)
    run = lake.read(BY_NAME["run"]).to_pylist()[0]
    assert dict(run["snapshots"]) == {name: lake.snapshot(name) for name in BUILT}


def negative_durations(rows: pa.Table) -> pa.Table:
    at = rows.schema.get_field_index("queue_duration_ms")
    return rows.set_column(at, "queue_duration_ms", pc.negate(rows.column(at)))


def failed(lake: Lake, **spoil: Any) -> AuditFailedError:
    with pytest.raises(AuditFailedError) as caught:
        build(lake, **spoil)
    return caught.value


def test_a_failed_audit_commits_nothing(new_lake: NewLake):
    lake = new_lake(RECORDS)
    before = content(lake)
    land(lake, UPDATES)
    failed(lake, contact_record=negative_durations)
    assert content(lake) == before


def test_a_failed_audit_leaves_no_data_file(new_lake: NewLake):
    lake = new_lake()
    land(lake, RECORDS)
    failed(lake, contact_record=negative_durations)
    assert list(lake.settings.folder.glob("tables/contact_record/data/**/*.parquet")) == []


def test_a_failed_audit_leaves_a_report_that_names_the_fact(new_lake: NewLake):
    lake = new_lake()
    land(lake, RECORDS)
    error = failed(lake, contact_record=negative_durations)
    page = lake.store.get("reports/audit-contact_record.html").decode()
    assert "queue_duration_ms is at least 0: 3 rows" in str(error)
    assert ("<html" in page, "queue_duration_ms is at least 0" in page) == (True, True)


def test_a_failed_audit_ends_the_command_with_its_exit_code(new_lake: NewLake, monkeypatch):
    lake = new_lake()
    land(lake, RECORDS)
    spoilt = FakeParsers(contact_record=negative_durations)
    monkeypatch.setattr("glue_jobs.commands.parsers", lambda _lake: spoilt)
    told = outcome("build", "--lake", lake.settings.lake)
    assert (told.code, told.out, told.err.count("\n")) == (6, "", 1)


def test_the_build_after_a_failed_audit_makes_up_for_it(new_lake: NewLake, undisturbed):
    lake = new_lake(RECORDS)
    land(lake, UPDATES)
    failed(lake, contact_record=negative_durations)
    build(lake)
    assert content(lake) == undisturbed


def test_records_that_go_missing_on_the_way_fail_the_audit(new_lake: NewLake, monkeypatch):
    lake = new_lake()
    land(lake, RECORDS)
    newest = merge.newest

    def losing(versions: pa.Table, table: Any) -> Any:
        found = newest(versions, table)
        return found._replace(rows=found.rows.slice(1))

    monkeypatch.setattr(merge, "newest", losing)
    assert "landed = rows + duplicates + superseded + rejected" in str(failed(lake))
    assert lake.count("contact_record") == 0


def test_in_tiny_pieces_and_groups_the_tables_are_the_same(
    new_lake: NewLake, undisturbed, monkeypatch
):
    monkeypatch.setattr(builder, "PIECE_BYTES", 1)
    monkeypatch.setattr("transforms.days.GROUP_ROWS", 1)
    assert content(new_lake(RECORDS[:6], RECORDS[6:] + UPDATES)) == undisturbed


def test_what_days_hold_counts_for_how_many_are_worked_on_together(new_lake: NewLake, monkeypatch):
    """A late update of many days is few rows, but all that these days hold is read."""
    monkeypatch.setattr("transforms.days.GROUP_ROWS", 12)
    days = ("2026-01-05", "2026-01-06", "2026-01-07")
    lake = new_lake([contact(f"{day}-{n}", f"{day}T10:00:00Z") for day in days for n in range(10)])
    land(lake, [contact(f"{day}-late", f"{day}T11:00:00Z") for day in days])
    together: list[int] = []
    read = Replacement.read

    def counted(change: Replacement, days: Any = None, columns: Any = None) -> pa.Table:
        found = read(change, days, columns)
        if change.table.name == "contact_record" and columns is None:
            together.append(len(found))
        return found

    monkeypatch.setattr(Replacement, "read", counted)
    build(lake)
    assert together == [10, 10, 10]


def test_a_day_in_parts_keeps_the_rows_of_parts_that_did_not_change(new_lake: NewLake, monkeypatch):
    monkeypatch.setattr("transforms.days.GROUP_ROWS", 1)
    names = [f"c-{n}" for n in range(20)]
    lake = new_lake([contact(name) for name in names])
    assert len(lake.files("contact_record")) > 1
    land(lake, [contact(names[0], updated="2026-01-07T00:00:00Z")])
    assert build(lake).days["contact_record"] == [MONDAY]
    found = lake.read(BY_NAME["contact_record"]).column("contact_id").to_pylist()
    assert sorted(found) == sorted(names)


def test_a_day_in_parts_of_which_none_changed_is_left_as_it_was(new_lake: NewLake, monkeypatch):
    monkeypatch.setattr("transforms.days.GROUP_ROWS", 1)
    records = [contact(f"c-{n}") for n in range(20)]
    lake = new_lake(records)
    before = lake.snapshot("contact_record"), stored(lake, "contact_record")
    land(lake, records[:10])
    built = build(lake)
    assert (built.sources["contact_record"].duplicates, built.days["contact_record"]) == (10, [])
    assert (lake.snapshot("contact_record"), stored(lake, "contact_record")) == before


def test_every_piece_of_a_build_has_rejects_of_its_own(new_lake: NewLake, monkeypatch):
    lake = new_lake()
    monkeypatch.setattr(builder, "PIECE_BYTES", 1)
    for name in ("c-1", "c-2"):
        land(lake, [contact(name, at="soon")])
    build(lake)
    assert len(list(lake.store.keys("bad/build/contact_record/"))) == 2


def test_a_build_tells_how_far_it_is(new_lake: NewLake):
    lake = new_lake()
    land(lake, RECORDS)
    told: list[tuple[str, int, int]] = []
    builder.build(lake, FakeParsers(), None, lambda *step: told.append(step))
    assert told[-1] == ("run", len(STEPS), len(STEPS))


def test_the_lake_keeps_its_own_key_and_taxonomy(new_lake: NewLake):
    lake = new_lake()
    assert parsers(lake).tokens.key == parsers(lake).tokens.key
    assert lake.store.exists("taxonomy.toml")


def test_a_run_is_dated_by_the_clock_in_utc(new_lake: NewLake):
    began = datetime.now(UTC).replace(tzinfo=None)
    run = new_lake(RECORDS).read(BY_NAME["run"]).to_pylist()[0]
    assert began <= run["finished_at"] <= datetime.now(UTC).replace(tzinfo=None)
    assert run["day"] == run["finished_at"].date()


def invoices_are_bills(lake: Lake, window: Window | None = None) -> Built:
    """A build under a taxonomy in which the queue decides."""
    parsers_ = Parsers(
        Taxonomy(category_attributes=(), queue_category={"Billing": "bill"}), Tokens(bytes(32))
    )
    return builder.build(lake, parsers_, window)


def categories(lake: Lake, name: str) -> list[tuple[date, str]]:
    rows = lake.read(BY_NAME[name], columns=("day", "category")).to_pylist()
    return sorted((row["day"], row["category"]) for row in rows)


@pytest.mark.parametrize("name", ["contact_record", "contact_statistic_record", "journey"])
def test_a_changed_taxonomy_is_applied_to_the_days_asked_for(new_lake: NewLake, name):
    lake = new_lake(RECORDS)
    invoices_are_bills(lake, Window(MONDAY, TUESDAY))
    assert categories(lake, name) == [
        (MONDAY, "bill"),
        (MONDAY, "uncategorised"),  # it never queued
        (TUESDAY, "uncategorised"),  # Claims
        (FRIDAY, "invoice"),
    ]


def test_a_changed_taxonomy_rewrites_no_other_days(new_lake: NewLake):
    built = invoices_are_bills(new_lake(RECORDS), Window(MONDAY, FRIDAY))
    found = {name: days for name, days in built.days.items() if days}
    days = (MONDAY, TUESDAY, FRIDAY)
    assert {name: tuple(rewritten) for name, rewritten in found.items()} == {
        "contact_record": days,
        "contact_statistic_record": days,
        "calls_by_category_queue": days,
        "skill_load": days,
        "journey": days,
    }


def test_a_build_tells_that_the_taxonomy_is_another(new_lake: NewLake):
    assert invoices_are_bills(new_lake(RECORDS)).is_retold


def test_a_copy_of_a_record_under_another_taxonomy_changes_nothing(new_lake: NewLake):
    lake = new_lake(RECORDS)
    before = content(lake)
    land(lake, RECORDS[:1])
    invoices_are_bills(lake)
    assert content(lake) == before


def test_corrections_reach_two_years_back(new_lake: NewLake):
    old = contact("c-old", "2024-01-08T10:00:00Z", updated="2024-01-08T12:00:00Z")
    lake = new_lake([old, *RECORDS])
    later = contact("c-old", "2024-01-08T10:00:00Z", category="claim")
    land(lake, [later | {"LastUpdateTimestamp": "2026-01-08T09:00:00Z"}])
    built = build(lake)
    assert built.days["calls_by_category_queue"] == [date(2024, 1, 8)]
    assert (date(2024, 1, 8), "claim") in categories(lake, "calls_by_category_queue")


def test_fields_that_the_lake_does_not_know_are_counted(new_lake: NewLake):
    lake = new_lake([contact("c-1", Brand="x"), contact("c-2", Brand="y", Planet=1)])
    run = lake.read(BY_NAME["run"]).to_pylist()[0]
    assert run["unknown_fields"] == [("contact_record.Brand", 2), ("contact_record.Planet", 1)]
