"""One contract of the lake, kept by both catalogs: SQLite in a folder and Glue over S3."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glue_jobs.lake import (
    ConflictError,
    Lake,
    LakeNotEmptyError,
    NoLakeError,
    made,
    opened,
)
from glue_jobs.settings import Settings
from glue_jobs.standin import stand_in
from transforms.tables import AGENT_EVENT, RUN, TABLES, WORK_ITEM, WORKLOAD_SCORE

BUCKET = "lake-contract"
FEW = (AGENT_EVENT, WORK_ITEM, WORKLOAD_SCORE, RUN)
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


@pytest.fixture(scope="module")
def aws():
    with stand_in() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        running.client("s3").create_bucket(Bucket=BUCKET)
        yield running


@pytest.fixture(params=["folder", "glue"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """An address that has no lake yet."""
    if request.param == "folder":
        return Settings(str(tmp_path / "lake"))
    running = request.getfixturevalue("aws")
    name = f"test_{abs(hash(tmp_path))}"
    return Settings(f"s3://{BUCKET}/{name}", name, running.endpoint, running.region)


@pytest.fixture
def lake(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """A new lake of a few tables: each takes the stand-in a sixth of a second to make."""
    monkeypatch.setattr("glue_jobs.lake.TABLES", FEW)
    with made(settings)[0] as new:
        yield new


@pytest.fixture
def folder(tmp_path: Path):
    with made(Settings(str(tmp_path / "lake")))[0] as new:
        yield new


def items(*names: str, day: date = MONDAY, **values: Any) -> pa.Table:
    rows = [
        {"day": day, "work_item_id": name, "record_version": "v", "agent_username": "ann"} | values
        for name in names
    ]
    return pa.Table.from_pylist(rows, schema=WORK_ITEM.schema)


def put(lake: Lake, rows: pa.Table, *days: date) -> None:
    with lake.replacement(WORK_ITEM) as change:
        change.put(rows, days)


def lose_a_race(lake: Lake, day: date) -> None:
    """Begin to replace `day`, and commit after another writer has replaced Monday."""
    with lake.replacement(WORK_ITEM) as late:
        late.put(items("loser", day=day), [day])
        put(lake, items("winner"), MONDAY)


def put_events(lake: Lake, *rows: dict[str, Any]) -> None:
    with lake.replacement(AGENT_EVENT) as change:
        change.put(pa.Table.from_pylist(list(rows), schema=AGENT_EVENT.schema), [MONDAY])


def names(lake: Lake) -> list[str]:
    return sorted(lake.read(WORK_ITEM).column("work_item_id").to_pylist())


def stored(lake: Lake) -> list[str]:
    """Every data file under the lake, whether or not a snapshot names it."""
    keys = [key for key, _ in lake.store.keys("tables/work_item/data/")]
    return [key for key in keys if not key.endswith("/")]  # a folder's mark holds no data


def test_creating_makes_every_table(settings):
    lake, names_made = made(settings)
    with lake:
        assert names_made == [table.name for table in TABLES]


def test_creating_again_makes_nothing(lake):
    assert lake.create() == []


def test_creating_makes_what_is_missing(lake):
    lake.catalog.drop_table((lake.settings.database, "run"))
    assert lake.create() == ["run"]


def test_a_new_table_has_no_rows_no_days_and_no_snapshot(lake):
    assert (lake.count("run"), lake.days("run"), lake.snapshot("run")) == (0, [], 0)


def test_what_is_put_is_read(lake):
    put(lake, items("a", "b"), MONDAY)
    assert names(lake) == ["a", "b"]


def test_a_table_is_partitioned_by_day(lake):
    put(lake, pa.concat_tables([items("a"), items("b", day=TUESDAY)]), MONDAY, TUESDAY)
    assert lake.read(WORK_ITEM, [TUESDAY]).column("work_item_id").to_pylist() == ["b"]
    assert lake.days("work_item") == [MONDAY, TUESDAY]


def test_replacing_a_day_leaves_other_days_files_untouched(lake):
    put(lake, pa.concat_tables([items("a"), items("b", day=TUESDAY)]), MONDAY, TUESDAY)
    kept = [file for file in lake.files("work_item") if f"day={TUESDAY}" in file]
    put(lake, items("c"), MONDAY)
    assert [file for file in lake.files("work_item") if file in kept] == kept
    assert names(lake) == ["b", "c"]


def test_replacing_days_is_one_snapshot(lake):
    put(lake, pa.concat_tables([items("a"), items("b", day=TUESDAY)]), MONDAY, TUESDAY)
    before = len(lake.iceberg("work_item").snapshots())
    put(lake, pa.concat_tables([items("c"), items("d", day=TUESDAY)]), MONDAY, TUESDAY)
    assert len(lake.iceberg("work_item").snapshots()) - before == 1


def test_a_day_replaced_by_nothing_is_gone(lake):
    put(lake, pa.concat_tables([items("a"), items("b", day=TUESDAY)]), MONDAY, TUESDAY)
    put(lake, WORK_ITEM.empty(), MONDAY)
    assert (names(lake), lake.days("work_item")) == (["b"], [TUESDAY])


def test_rows_of_other_days_are_not_put(lake):
    put(lake, pa.concat_tables([items("a"), items("b", day=TUESDAY)]), MONDAY)
    assert names(lake) == ["a"]


def test_putting_nothing_commits_nothing(lake):
    put(lake, WORK_ITEM.empty(), MONDAY)
    assert lake.snapshot("work_item") == 0


def test_a_failing_block_leaves_no_file_and_no_snapshot(lake):
    put(lake, items("a"), MONDAY)
    before = (stored(lake), lake.snapshot("work_item"))

    def fail() -> None:
        with lake.replacement(WORK_ITEM) as change:
            change.put(items("b"), [MONDAY])
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert (stored(lake), lake.snapshot("work_item")) == before


def test_adding_keeps_what_is_there_in_one_file_a_day(lake):
    for run_id in ("one", "two"):
        row = {"day": MONDAY, "run_id": run_id, "finished_at": datetime(2026, 1, 5, 9)}  # noqa: DTZ001
        row |= {"code_version": "1", "inputs": ["k"], "rows": [("work_item", 3)]}
        lake.add(RUN, pa.Table.from_pylist([row], schema=RUN.schema))
    assert lake.read(RUN).column("run_id").to_pylist() == ["one", "two"]
    assert len(lake.files("run")) == 1


def test_what_another_adds_meanwhile_is_a_conflict_and_stays(folder):
    def run(run_id: str) -> pa.Table:
        row = {"day": MONDAY, "run_id": run_id, "finished_at": datetime(2026, 1, 5, 9)}  # noqa: DTZ001
        return pa.Table.from_pylist([row | {"code_version": "1", "inputs": []}], schema=RUN.schema)

    def add_after_another() -> None:
        with folder.replacement(RUN) as change:
            with opened(folder.settings) as other:
                other.add(RUN, run("faster"))
            change.add(run("slower"))

    with pytest.raises(ConflictError):
        add_after_another()
    assert folder.read(RUN).column("run_id").to_pylist() == ["faster"]


def test_a_table_without_days_is_replaced_whole(lake):
    for workload in (10, 20):
        row = {"call_type": "c", "agent_username": "ann", "workload": workload}
        row |= {"as_of": datetime(2026, 1, 5), "score_version": "1"}  # noqa: DTZ001
        with lake.replacement(WORKLOAD_SCORE) as change:
            change.put_all(pa.Table.from_pylist([row], schema=WORKLOAD_SCORE.schema))
    assert lake.read(WORKLOAD_SCORE).column("workload").to_pylist() == [20]


def test_of_two_writers_the_loser_is_told_and_the_winners_rows_stay(folder):
    put(folder, items("a"), MONDAY)
    with pytest.raises(ConflictError, match="another writer was first"):
        lose_a_race(folder, MONDAY)
    assert names(folder) == ["winner"]
    assert len(stored(folder)) == 2  # a and winner; the loser's file is gone


def test_the_loser_may_do_it_again(folder):
    with pytest.raises(ConflictError):
        lose_a_race(folder, TUESDAY)
    put(folder, items("loser", day=TUESDAY), TUESDAY)
    assert names(folder) == ["loser", "winner"]


@pytest.mark.parametrize("settings", ["glue"], indirect=True)
def test_on_glue_a_commit_names_the_version_it_was_made_from(lake):
    """Glue refuses a stale VersionId; the stand-in takes any, so here it is seen on the wire."""
    put(lake, items("a"), MONDAY)
    sent: list[dict[str, Any]] = []
    client = lake.catalog.glue
    client.meta.events.register(
        "before-parameter-build.glue.UpdateTable", lambda params, **_: sent.append(dict(params))
    )
    with lake.replacement(WORK_ITEM) as change:
        change.put(items("b"), [MONDAY])
    table = client.get_table(DatabaseName=lake.settings.database, Name="work_item")["Table"]
    assert [int(call["VersionId"]) + 1 for call in sent] == [int(table["VersionId"])]


@pytest.mark.parametrize("settings", ["glue"], indirect=True)
def test_on_glue_a_refused_commit_is_a_conflict_that_leaves_no_file(lake, monkeypatch):
    put(lake, items("a"), MONDAY)
    before = stored(lake)

    def refuse(**_: Any) -> None:
        raise lake.catalog.glue.exceptions.ConcurrentModificationException(
            {"Error": {"Code": "ConcurrentModificationException", "Message": "stale"}},
            "UpdateTable",
        )

    monkeypatch.setattr(lake.catalog.glue, "update_table", refuse)
    with pytest.raises(ConflictError):
        put(lake, items("b"), MONDAY)
    assert (names(lake), stored(lake)) == (["a"], before)


def test_changed_days_are_those_whose_files_differ_between_snapshots(lake):
    put(lake, pa.concat_tables([items("a"), items("b", day=TUESDAY)]), MONDAY, TUESDAY)
    first = lake.snapshot("work_item")
    put(lake, items("c", day=TUESDAY), TUESDAY)
    assert lake.changed_days("work_item", first) == [TUESDAY]
    assert lake.changed_days("work_item", lake.snapshot("work_item")) == []


def test_a_day_that_was_emptied_has_changed(lake):
    put(lake, items("a"), MONDAY)
    first = lake.snapshot("work_item")
    put(lake, WORK_ITEM.empty(), MONDAY)
    assert lake.changed_days("work_item", first) == [MONDAY]


@pytest.mark.parametrize("since", [None, 0, 4_711])
def test_since_an_unknown_snapshot_every_day_has_changed(lake, since):
    put(lake, pa.concat_tables([items("a"), items("b", day=TUESDAY)]), MONDAY, TUESDAY)
    assert lake.changed_days("work_item", since) == [MONDAY, TUESDAY]


def test_nested_values_come_back_as_they_were(lake):
    queues = [{"arn": "a", "name": "Fragen, 🙂 „zitiert“ 'x' \"y\"", "channels": ["VOICE", None]}]
    row = dict.fromkeys(AGENT_EVENT.names) | {
        "day": MONDAY,
        "instance_id": "i-1",
        "agent_arn": "arn",
        "event_id": "e",
        "event_timestamp": datetime(2026, 1, 5, 1, 2, 3, 456_789),  # noqa: DTZ001
        "current_routing_profile_inbound_queues": queues,
        "current_routing_profile_concurrency": [],
        "current_configuration_proficiencies": [{"name": None, "value": "", "level": 4.5}],
        "current_contacts": [],
        "record_version": "v",
    }
    put_events(lake, row)
    assert lake.read(AGENT_EVENT).to_pylist() == [row]


def test_null_lists_and_empty_ones_stay_apart(lake):
    row = dict.fromkeys(AGENT_EVENT.names) | {"day": MONDAY, "instance_id": "i", "agent_arn": "a"}
    row |= {"event_timestamp": datetime(2026, 1, 5), "record_version": "v"}  # noqa: DTZ001
    rows = [row | {"event_id": "e1"}, row | {"event_id": "e2", "current_contacts": []}]
    put_events(lake, *rows)
    assert lake.read(AGENT_EVENT).column("current_contacts").to_pylist() == [None, []]


def test_maps_come_back_as_they_were(lake):
    counts = [("contact_record", 2**40), ("naïve 'key' 🙂", None)]
    row = dict.fromkeys(RUN.names) | {"day": MONDAY, "run_id": "r", "code_version": "1"}
    row |= {"finished_at": datetime(2026, 1, 5), "inputs": [], "rows": counts}  # noqa: DTZ001
    lake.add(RUN, pa.Table.from_pylist([row], schema=RUN.schema))
    assert lake.read(RUN).column("rows").to_pylist() == [counts]


def test_data_files_carry_the_field_ids_of_the_iceberg_schema(lake):
    put(lake, items("a"), MONDAY)
    table = lake.iceberg("work_item")
    with table.io.new_input(lake.files("work_item")[0]).open() as file:
        schema = pq.read_schema(file)
    ids = {each.name: int(each.metadata[b"PARQUET:field_id"]) for each in schema}
    assert ids == {each.name: each.field_id for each in table.schema().fields}


def test_a_column_keeps_its_sentence_in_the_catalog(lake):
    docs = {each.name: each.doc for each in lake.iceberg("work_item").schema().fields}
    assert docs == {column.name: column.doc for column in WORK_ITEM.columns}


def test_an_empty_lake_is_dropped(lake):
    assert lake.drop() == [table.name for table in FEW]
    assert not lake.exists


def test_dropping_twice_drops_nothing_more(lake):
    lake.drop()
    assert lake.drop() == []


@pytest.mark.parametrize("key", ["raw/work_item/x.gz", "bad/files/x.gz"])
def test_a_lake_in_which_something_landed_is_not_dropped(lake, key):
    lake.store.put(key, b"")
    with pytest.raises(LakeNotEmptyError, match=key):
        lake.drop()
    assert lake.exists


def test_a_lake_with_rows_is_not_dropped(lake):
    put(lake, items("a"), MONDAY)
    with pytest.raises(LakeNotEmptyError, match="table work_item has rows"):
        lake.drop()
    assert lake.exists


def test_a_table_that_is_not_there_is_told_with_what_to_do(lake):
    lake.drop()
    with pytest.raises(NoLakeError, match="run `lake create` first"):
        lake.count("run")


def test_a_folder_without_a_lake_is_not_opened(tmp_path):
    with pytest.raises(NoLakeError, match="no lake in"):
        opened(Settings(str(tmp_path)))
    assert list(tmp_path.iterdir()) == []
