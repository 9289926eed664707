"""`lake check` looks at everything that is there, and says so when something does not hold."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs.lake import Lake, made
from glue_jobs.settings import Settings
from tests.centre_records import agent_event, contact, work_item, written
from tests.lake_program import outcome, run
from transforms.tables import AGENT_STATE_INTERVAL, RUN, TABLES, WORK_ITEM

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
RECORDS = [
    contact("c-1", Brand={"New": 1}, Agent=None),
    contact("c-2", Brand=None),
    agent_event("e-1", "2026-01-05T08:00:00Z", "LOGIN"),
    agent_event("e-2", "2026-01-05T09:00:00Z"),
    work_item("w-1"),
    work_item("w-1"),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("check")
    run("ingest", "--lake", f"{folder}/lake", str(written(folder / "records.ndjson.gz", RECORDS)))
    run("build", "--lake", f"{folder}/lake")
    return f"{folder}/lake"


@pytest.fixture
def empty(tmp_path: Path):
    with made(Settings(str(tmp_path / "lake")))[0] as opened:
        yield opened


def row(table: Any, **values: Any) -> pa.Table:
    nothing = dict.fromkeys(table.names)
    return pa.Table.from_pylist([nothing | values], schema=table.schema)


def item(day: date) -> pa.Table:
    return row(WORK_ITEM, day=day, work_item_id="w-1", record_version="v")


def checked(opened: Lake) -> dict[str, str]:
    """What `lake check` finds broken, by table; its exit code is 6."""
    done = outcome("check", "--lake", str(opened.settings.folder), "--format", "json")
    assert done.code == 6
    return {found["table"]: found["broken"] for found in done.rows if found["broken"]}


def test_every_table_of_a_good_lake_is_looked_at_and_nothing_is_broken(lake):
    found = run("check", "--lake", lake, "--format", "json").rows
    assert {table.name: "" for table in TABLES} == {each["table"]: each["broken"] for each in found}


def test_what_became_of_the_records_is_told_by_kind(lake):
    told = run("check", "--lake", lake).err
    assert (
        "work_item: 2 landed = 1 rows + 1 duplicates + 0 superseded + 0 rejected; 0 unaccounted"
        in told
    )


def test_fields_that_the_lake_does_not_know_are_counted(lake):
    assert (
        "fields not known to the lake (records): 2 contact_record.Brand"
        in run("check", "--lake", lake).err
    )


def test_a_broken_fact_is_named_with_its_rows(empty):
    at = datetime(2026, 1, 5)  # noqa: DTZ001
    bad = {"instance_id": "i", "agent_arn": "a", "state": "asleep", "started_at": at}
    with empty.replacement(AGENT_STATE_INTERVAL) as change:
        change.put(row(AGENT_STATE_INTERVAL, day=MONDAY, ended_at=at, **bad), [MONDAY])
    assert checked(empty) == {
        "agent_state_interval": "state is a known value: 1; an interval ends after it starts: 1"
    }


def test_a_key_that_stands_on_two_days_is_found(empty):
    with empty.replacement(WORK_ITEM) as change:
        change.put(pa.concat_tables([item(MONDAY), item(TUESDAY)]), [MONDAY, TUESDAY])
    assert checked(empty) == {"work_item": "key is unique: 1"}


def test_records_that_are_not_accounted_for_are_an_error(empty):
    counts = {name: [("work_item", 0)] for name in ("duplicates", "superseded", "rejected")}
    run_row = row(
        RUN,
        day=MONDAY,
        run_id="r",
        finished_at=datetime(2026, 1, 5),  # noqa: DTZ001
        code_version="1",
        inputs=[],
        landed=[("work_item", 3)],
        rows=[("work_item", 2)],
        **counts,
    )
    empty.add(RUN, run_row)
    done = outcome("check", "--lake", str(empty.settings.folder))
    assert (done.code, "1 unaccounted" in done.err) == (6, True)


def test_coverage_counts_the_official_columns_that_are_there_and_filled(lake):
    found = run("check", "--coverage", "--lake", lake, "--format", "json").rows
    events = next(each for each in found if each["table"] == "agent_event")
    assert (events["official_columns"], events["present"]) == (67, 67)
    assert events["filled"] + events["always_null"] + events["not_seen"] == 67


def test_coverage_names_what_no_record_brought(lake):
    told = run("check", "--coverage", "--lake", lake).err
    assert "current_agent_status_type" in told
