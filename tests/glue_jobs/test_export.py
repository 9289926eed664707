"""An export of a folder lake: plain Parquet in Hive folders, whatever the queues are called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from glue_jobs.build import build
from glue_jobs.commands import parsers
from glue_jobs.export import NONE, SHORTENED, Exported, ExportError, export, partition_value
from glue_jobs.lake import Lake, made
from glue_jobs.settings import Settings
from ingestion import files
from ingestion.store import S3Store
from tests.centre_records import agent_event, contact, written
from transforms.tables import CALLS_BY_CATEGORY_QUEUE, WORK_ITEM

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")

QUEUES = (
    "Billing",
    "Claims/Home",
    "a=b",
    "one, two",
    "🙂 Grüße",
    "100%",
    "%2F",
    ".",
    "..",
    "tab\tnew\nline",
    'it\'s "so"',
    "a\\b:c*?",
    " spaces ",
    "none",
    "../../etc/passwd",
    "x" * 300,
    "x" * 299 + "y",
    "\u202eright to left",
    "電話" * 60,
    None,
)
BY = ("day", "category", "queue_name")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    folder = tmp_path_factory.mktemp("export")
    records = [
        contact(f"c-{n}-{day}", f"2026-01-0{day}T10:00:00Z", queue=queue)
        for n, queue in enumerate(QUEUES)
        for day in (5, 6)
    ]
    records.append(agent_event("e-1", "2026-01-05T09:00:00Z"))
    with made(Settings(str(folder / "lake")))[0] as new:
        files.ingest([written(folder / "records.ndjson.gz", records)], new.store)
        build(new, parsers(new))
        yield new


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def done(lake: Lake, out: Path) -> Exported:
    return export(lake, CALLS_BY_CATEGORY_QUEUE.name, ["day", "category", "queue"], out)


def hive(done: Exported) -> pa.Table:
    """The export as any reader of Hive folders sees it."""
    names = pa.schema([(name, pa.string()) for name in BY])
    partitioning = ds.HivePartitioning(names, segment_encoding="none")
    return ds.dataset(done.location, format="parquet", partitioning=partitioning).to_table()


def plain(value: Any) -> Any:
    """A partition's text as the value that it stands for."""
    longer = {partition_value(queue): queue for queue in QUEUES}
    return None if value == NONE else longer.get(value, unquote(value))


def test_an_export_reads_back_as_the_same_rows(lake, done):
    names = CALLS_BY_CATEGORY_QUEUE.names
    back = [row | {n: plain(row[n]) for n in BY} for row in hive(done).to_pylist()]
    back = [{name: row[name] for name in names} for row in back]
    rows = [
        row | {"day": str(row["day"])} for row in lake.read(CALLS_BY_CATEGORY_QUEUE).to_pylist()
    ]
    assert sorted(back, key=repr) == sorted(rows, key=repr)


def test_every_queue_has_one_folder_a_day(done):
    found = {path.name for path in Path(done.location).glob("day=2026-01-05/category=invoice/*")}
    assert found == {f"queue_name={partition_value(queue)}" for queue in QUEUES}


def test_files_and_rows_are_counted(lake, done):
    assert (done.files, done.rows) == (2 * len(QUEUES), lake.count(CALLS_BY_CATEGORY_QUEUE.name))
    assert len(list(Path(done.location).rglob("*.parquet"))) == done.files


def test_columns_keep_their_types_and_the_partition_is_not_in_the_file(done):
    file = next(Path(done.location).rglob("*.parquet"))
    schema = ds.dataset(file).schema
    kept = [field for field in CALLS_BY_CATEGORY_QUEUE.schema if field.name not in BY]
    types = [str(each).replace("[ns]", "[us]") for each in schema.types]  # awswrangler's instants
    assert dict(zip(schema.names, types, strict=True)) == {f.name: str(f.type) for f in kept}


@pytest.mark.parametrize("queue", [queue for queue in QUEUES if queue and len(queue) < 100])
def test_a_value_in_a_path_is_unquoted_to_itself(queue):
    assert unquote(partition_value(queue)) == queue


def test_every_value_has_a_folder_of_its_own_that_a_disk_can_hold():
    folders = {partition_value(queue) for queue in QUEUES}
    assert (len(folders), max(map(len, folders)) <= 200) == (len(QUEUES), True)


def test_values_too_long_for_a_folder_are_told_beside_the_files(done):
    told = json.loads((Path(done.location) / SHORTENED).read_text())
    assert sorted(told.values()) == sorted(q for q in QUEUES if q and len(q) > 100)


@pytest.mark.parametrize("queue", [queue for queue in QUEUES if queue])
def test_a_value_in_a_path_is_one_part_of_it(queue):
    assert set(partition_value(queue)).isdisjoint("/=,\\:*?\"'\n\t")


def test_a_row_without_a_value_is_in_a_partition_of_its_own():
    assert {partition_value(value) for value in (None, pd.NA, pd.NaT)} == {NONE}


def test_a_day_in_a_path_is_its_iso_date():
    assert partition_value(date(2026, 1, 5)) == "2026-01-05"


def test_nested_columns_are_exported(lake, out):
    found = export(lake, "agent_event", ["day"], out)
    row = ds.dataset(found.location, format="parquet").to_table().to_pylist()[0]
    assert row["current_routing_profile_inbound_queues"][0]["name"] == "Billing"


def test_a_table_without_rows_exports_no_files(lake, out):
    found = export(lake, "workload_score", ["call_type"], out)
    assert (found.files, found.rows) == (0, 0)


@pytest.mark.parametrize(
    ("name", "by", "message"),
    [
        ("weather", ["day"], "no table 'weather'; there are contact_record"),
        ("work_item", ["colour"], "work_item has no column colour; choose from"),
        ("work_item", [*WORK_ITEM.names], "leave at least one column that is not a partition"),
    ],
)
def test_what_cannot_be_exported_is_told(lake, out, name, by, message):
    with pytest.raises(ExportError, match=message):
        export(lake, name, by, out)


def test_a_folder_lake_needs_a_folder_to_export_to(lake):
    with pytest.raises(ExportError, match="add --out FOLDER"):
        export(lake, "work_item", ["day"])


def test_a_second_export_does_not_mix_with_the_first(lake, done, out):
    again = export(lake, CALLS_BY_CATEGORY_QUEUE.name, ["day"], out)
    assert len(list(Path(again.location).rglob("*.parquet"))) == again.files
    assert len(list(Path(done.location).rglob("*.parquet"))) == done.files


def test_an_export_that_dies_leaves_nothing_that_a_reader_finds(lake, tmp_path, monkeypatch):
    def broken(_store: S3Store, key: str) -> bytes:
        raise OSError(key)

    monkeypatch.setattr(S3Store, "get", broken)
    with pytest.raises(OSError, match=r"json|parquet"):
        export(lake, "calls_by_category_queue", BY, tmp_path)
    assert [*(tmp_path / "calls_by_category_queue").glob("[!.]*")] == []
