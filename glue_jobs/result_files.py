"""Results as files: Parquet, and Excel workbooks in which no text is a formula."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from glue_jobs import show
from glue_jobs.cells import inert
from ingestion.errors import LakeError

EXCEL_ROWS = 1_048_576
_NOT_IN_XML = {code: None for code in range(32) if chr(code) not in "\t\n\r"}


class ResultFileError(LakeError):
    """The result does not fit into a file of that kind."""

    exit_code = 2


def write(rows: pa.Table, path: Path) -> None:
    """Write rows as the file's ending says: .parquet, .xlsx, .csv or .json.

    Raises ResultFileError for another ending, or more rows than a sheet of Excel has.
    """
    kind = path.suffix.lower()
    if kind == ".parquet":
        pq.write_table(rows, path, compression="zstd")
    elif kind == ".xlsx":
        _write_excel(rows, path)
    elif kind in (".csv", ".json"):
        path.write_text(show.text(rows, kind[1:]) + "\n", encoding="utf-8")
    else:
        raise ResultFileError(f"{path}: end the name in .parquet, .xlsx, .csv or .json")


def _write_excel(rows: pa.Table, path: Path) -> None:
    from openpyxl import Workbook

    if rows.num_rows >= EXCEL_ROWS:
        raise ResultFileError(f"{path}: {rows.num_rows} rows are more than Excel has: .parquet")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("result")
    sheet.append([_excel(name) for name in rows.column_names])
    for row in rows.to_pylist():
        sheet.append([_excel(value) for value in row.values()])
    book.save(path)
    book.close()


def _excel(value: Any) -> Any:
    """A value of a cell: numbers, days and instants (UTC) as such, all else as inert text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if value is None or isinstance(value, bool | int | float | date):
        return value
    return inert(str(value).translate(_NOT_IN_XML))
