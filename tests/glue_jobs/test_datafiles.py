"""Data files as a commit wants them told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.io.pyarrow import parquet_file_to_data_file

from glue_jobs import bloom, datafiles
from glue_jobs.datafiles import DataFiles
from glue_jobs.lake import made
from glue_jobs.settings import Settings
from tests.few_tables import MONDAY, address, by, few_tables, items
from tests.transforms.landed import versions
from tests.transforms.rich_records import rich_contact
from transforms.tables import CONTACT_RECORD, WORK_ITEM

KEY = "work_item_id"


def test_a_file_is_told_as_pyiceberg_tells_it(tmp_path: Path):
    rows: pa.Table = versions("contact_record", [rich_contact()])
    day: date = rows.column("day")[0].as_py()
    with made(Settings(str(tmp_path / "lake")))[0] as lake:
        files = DataFiles.of(CONTACT_RECORD, lake.iceberg("contact_record"))
        told = files.written(rows, "one", day)
        theirs = parquet_file_to_data_file(files.io, files.metadata, told.file_path)
    assert repr(theirs) == repr(told)


@pytest.mark.parametrize("count", range(6))
def test_files_are_read_in_order_of_path_however_many_at_once(tmp_path: Path, monkeypatch, count):
    monkeypatch.setattr(datafiles, "_FILES_AT_ONCE", 2)
    names = [f"{number}" for number in range(count)]
    with few_tables(address("folder", tmp_path, None)) as lake:
        files = DataFiles.of(WORK_ITEM, lake.iceberg("work_item"))
        told = [files.written(items(name), name, MONDAY) for name in reversed(names)]
        read = files.read((file.file_path for file in told), ["work_item_id"])
    assert read.column("work_item_id").to_pylist() == names


@pytest.mark.parametrize("has_filters", [True, False])
def test_rows_are_found_by_their_ids_in_whichever_files(tmp_path: Path, monkeypatch, has_filters):
    if not has_filters:  # of a release before filters, or of another writer
        monkeypatch.setattr(DataFiles, "_filters", lambda _self, _rows: None)
    with few_tables(address("folder", tmp_path, None)) as lake:
        files = DataFiles.of(WORK_ITEM, lake.iceberg("work_item"))
        told = [files.written(items(*some), some, MONDAY) for some in ("abc", "de", "ax")]
        paths = [file.file_path for file in told]
        found = [
            files.read_of(pa.array(ids, pa.string()), paths, (KEY, "day"))
            for ids in (["a", "d"], ["nobody"], [])
        ]
        nobody = bloom.hashes(["nobody"])
        read = [[*bloom.groups(files.io.new_input(path).open(), KEY, nobody)] for path in paths]
    assert read == ([[], [], []] if has_filters else [[0], [0], [0]])
    assert [by(rows, KEY, "day") for rows in found] == [
        [("a", MONDAY), ("a", MONDAY), ("d", MONDAY)],
        [],
        [],
    ]


def test_the_mean_row_group_follows_from_the_rows_of_files(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(datafiles, "ROWS_IN_A_GROUP", 2)
    with few_tables(address("folder", tmp_path, None)) as lake:
        files = DataFiles.of(WORK_ITEM, lake.iceberg("work_item"))
        told = [files.written(items(*some), some, MONDAY) for some in ("abc", "d")]
        path = told[0].file_path.removeprefix("file://")
        assert pq.read_metadata(path).num_row_groups == 2
    assert datafiles.rows_in_a_group(told) == pytest.approx(4 / 3)
    assert datafiles.rows_in_a_group([]) == 0
