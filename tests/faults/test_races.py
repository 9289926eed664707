"""Two writers at once, stale jobs that finish last, and readers while a table is published."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs import merge
from glue_jobs import score as scorer
from glue_jobs.build import build
from glue_jobs.commands import parsers
from glue_jobs.lake import Lake, made, opened
from glue_jobs.publish import Published, create_tables, publish_scores
from glue_jobs.settings import Settings
from infra.tables import AGENT_WORKLOAD
from tests.centre_records import written
from tests.faults import places
from tests.faults.faulty_server import stand_in, strict_glue
from tests.faults.races import DAY, OTHER_DAY, race, row, two_lakes
from tests.faults.races import found as names
from tests.faults.steps import FIRST, SECOND
from tests.lake_program import run
from transforms import tables

PROVE = os.environ.get("PROVE") == "1"
RACES = 250 if PROVE else 4  # on each catalog
IN_A_LAKE = 50
TABLES = (*places.BUILT, tables.WORK_ITEM, *places.SCORES)


@pytest.fixture(scope="module", autouse=True)
def small():
    with places.small_lakes(TABLES):
        yield


@pytest.fixture(scope="module")
def aws():
    with stand_in(strict_glue) as running, places.pointed_at(running):
        running.client("s3").create_bucket(Bucket=places.BUCKET)
        yield running


@pytest.fixture(params=["folder", "glue"])
def address(request: pytest.FixtureRequest, tmp_path: Path):
    """Settings of lakes that do not exist yet, by number."""

    def folder(number: int) -> Settings:
        return Settings(str(tmp_path / f"lake-{number}"))

    if request.param == "folder":
        return folder
    running = request.getfixturevalue("aws")
    name = f"t{abs(hash(request.node.name))}"

    def glue(number: int) -> Settings:
        at = f"s3://{places.BUCKET}/{name}/{number}"
        return Settings(at, f"{name}_{number}", running.endpoint, running.region)

    return glue


def test_of_two_writers_at_once_no_update_is_lost(address):
    lost = 0
    for first in range(0, RACES, IN_A_LAKE):
        numbers = range(first, min(first + IN_A_LAKE, RACES))
        with two_lakes(address(first)) as lakes:
            lost += sum(race(lakes, number) for number in numbers)
            expected = sorted(f"{number}-{at}" for number in numbers for at in (0, 1))
            assert names(lakes[0]) == expected
    print(f"{RACES} races, {lost} times another writer was first, 0 lost updates")  # noqa: T201
    assert lost > 0


def land(at: Settings, folder: Path) -> None:
    path = written(folder / "records.ndjson.gz", [*FIRST, *SECOND])
    run("ingest", "--lake", at.lake, str(path))


def rows(lake: Lake) -> dict[str, list[str]]:
    return {
        table.name: sorted(map(repr, lake.read(table).to_pylist()))
        for table in TABLES
        if table is not tables.RUN
    }


def test_a_build_that_is_overtaken_while_it_merges_begins_the_merge_again(tmp_path, monkeypatch):
    alone, both = Settings(str(tmp_path / "alone")), Settings(str(tmp_path / "both"))
    for each in (alone, both):
        land(each, tmp_path)
    run("build", "--lake", alone.lake)
    settled, turns = merge._settled, []

    def overtaken(*given: Any) -> Any:
        found = settled(*given)
        turns.append(1)
        if len(turns) == 1:
            run("build", "--lake", both.lake)
        return found

    monkeypatch.setattr(merge, "_settled", overtaken)
    run("build", "--lake", both.lake)
    with opened(alone) as expected, opened(both) as lake:
        assert rows(lake) == rows(expected)
        assert lake.count("run") == 1


def test_two_builds_at_once_come_to_one(tmp_path):
    alone, both = Settings(str(tmp_path / "alone")), Settings(str(tmp_path / "both"))
    for each in (alone, both):
        land(each, tmp_path)
    run("build", "--lake", alone.lake)
    start = Barrier(2)

    def job(_number: int) -> None:
        with opened(both) as lake:
            start.wait()
            build(lake, parsers(lake))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(job, range(2)))
    with opened(alone) as expected, opened(both) as lake:
        assert rows(lake) == rows(expected)
        inputs = [key for run_ in lake.read(tables.RUN).to_pylist() for key in run_["inputs"]]
        assert len(inputs) == len(set(inputs))


def test_a_score_job_that_is_overtaken_leaves_the_newer_scores(tmp_path, monkeypatch):
    """The stale job has read the lake; before it commits, records come and another one scores."""
    newer, older = datetime(2026, 1, 5, 12), datetime(2026, 1, 5, 11)  # noqa: DTZ001
    at = [older, newer, newer]

    def scores(as_of: datetime) -> pa.Table:
        found = {"call_type": "c", "agent_username": "ann", "workload": 1, "score_version": "1"}
        return pa.Table.from_pylist([found | {"as_of": as_of}], schema=tables.WORKLOAD_SCORE.schema)

    def read(lake: Lake, _weights: object) -> tuple[datetime, pa.Table, pa.Table]:
        as_of = at.pop(0)
        if as_of == older:
            scorer.score(lake)
        return as_of, scores(as_of), tables.CUSTOMER_AGENT.empty()

    monkeypatch.setattr(scorer, "_found", read)
    with made(Settings(str(tmp_path / "lake")))[0] as lake:
        assert scorer.score(lake).as_of == newer
        assert lake.read(tables.WORKLOAD_SCORE).column("as_of").to_pylist() == [newer]
    assert at == []


COMMITS = 100 if PROVE else 6


def publish_version(lake: Lake, version: int) -> None:
    found = [
        row(f"{n}", day) | {"record_version": str(version)}
        for n in range(3)
        for day in (DAY, OTHER_DAY)
    ]
    with lake.replacement(tables.WORK_ITEM) as change:
        change.put(pa.Table.from_pylist(found, schema=tables.WORK_ITEM.schema), [DAY, OTHER_DAY])


def test_a_reader_while_commits_are_made_sees_whole_versions_in_order(address):
    is_over = Event()
    seen: list[int] = []

    def read() -> None:
        with opened(address(0)) as lake:
            while not is_over.is_set():
                versions = lake.read(tables.WORK_ITEM).column("record_version").to_pylist()
                assert (len(versions), len(set(versions))) == (6, 1)
                seen.append(int(versions[0]))

    with made(address(0))[0] as lake, ThreadPoolExecutor(1) as threads:
        publish_version(lake, 0)
        reader = threads.submit(read)
        for version in range(1, COMMITS + 1):
            publish_version(lake, version)
        is_over.set()
        reader.result()
    print(f"{len(seen)} reads during {COMMITS} commits, 0 missing files, 0 mixed")  # noqa: T201
    assert seen == sorted(seen)
    assert seen


PUBLISHES = 1_000 if PROVE else 20


def test_a_publish_that_finishes_last_with_older_scores_is_refused(aws):
    """A newer publish comes between the stale one's read and its write."""
    client, other = aws.client("dynamodb"), aws.client("dynamodb")
    create_tables(client, [AGENT_WORKLOAD])
    began = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def published(with_: Any, minutes: int) -> Published:
        values = {"call_type": "c", "agent_name": "ann", "agent_id": "id", "workload": minutes}
        values |= {"as_of": began + timedelta(minutes=minutes), "score_version": "1"}
        return publish_scores(with_, [values])

    late: list[int] = []

    def overtaken(**_: Any) -> None:
        published(other, late.pop())

    client.meta.events.register("before-call.dynamodb.UpdateItem", overtaken)
    refused = 0
    for number in range(PUBLISHES):
        late.append(2 * number + 1)
        refused += published(client, 2 * number).refused
        key = {"CallType": {"S": "c"}, "AgentName": {"S": "ann"}}
        item = client.get_item(TableName=AGENT_WORKLOAD["TableName"], Key=key)["Item"]
        assert item["Workload"] == {"N": str(2 * number + 1)}
    assert refused == PUBLISHES
