"""Data files as a commit wants them told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
from pyiceberg.io.pyarrow import parquet_file_to_data_file

from glue_jobs.datafiles import DataFiles
from glue_jobs.lake import made
from glue_jobs.settings import Settings
from tests.transforms.landed import versions
from tests.transforms.rich_records import rich_contact
from transforms.tables import CONTACT_RECORD


def test_a_file_is_told_as_pyiceberg_tells_it(tmp_path: Path):
    rows: pa.Table = versions("contact_record", [rich_contact()])
    day: date = rows.column("day")[0].as_py()
    with made(Settings(str(tmp_path / "lake")))[0] as lake:
        files = DataFiles.of(CONTACT_RECORD, lake.iceberg("contact_record"))
        told = files.written(rows, "one", day)
        theirs = parquet_file_to_data_file(files.io, files.metadata, told.file_path)
    assert repr(theirs) == repr(told)
