"""Merging newly landed records into a table of newest versions, in bounded memory.

Two passes: parsed pieces are spilled to disk, sorted by day; then groups of days are merged with
the rows already there. Keys whose versions lie on several days are settled first, over all of
their versions, so that a contact that moves leaves its old day.
"""

from __future__ import annotations

import gzip
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from glue_jobs import quality
from glue_jobs.lake import Lake
from glue_jobs.parsers import Parser
from glue_jobs.raw import Piece
from ingestion.landing import reject_line
from ingestion.records import Rejected
from transforms.duck import rows as duck_rows
from transforms.facts import violations
from transforms.pipeline import Source
from transforms.schema import Table
from transforms.versions import changed_days, newest, only, straddling, without

GROUP_ROWS = 100_000
_SPILL_GROUP_ROWS = 16_384


class Merged(NamedTuple):
    """What became of landed records: landed = rows + duplicates + superseded + rejected.

    `rows` is the net number of new rows; `days` are those rewritten; `unknown_fields` says in how
    many of the landed records each field stood that the lake does not know.
    """

    landed: int
    rows: int
    duplicates: int
    superseded: int
    rejected: int
    days: list[date]
    unknown_fields: Mapping[str, int]


def merged(
    lake: Lake,
    source: Source,
    parser: Parser,
    pieces: Iterable[Piece],
    run_id: str,
) -> Merged:
    """Merge landed records into the source's table and commit; rejects go to `bad/build/`."""
    table = source.writes
    with tempfile.TemporaryDirectory(prefix="lake-build-") as folder:
        spill = _Spill(Path(folder), table)
        for number, piece in enumerate(pieces):
            parsed = parser.parse(piece.lines)
            spill.put(parsed)
            _put_rejects(lake, f"bad/build/{source.kind}/{run_id}-{number}", piece, parsed)
        with lake.replacement(table) as change:
            moved = _settled(lake, source, spill)
            counts = Merged(
                spill.landed,
                0,
                moved.duplicates,
                moved.superseded,
                spill.rejected,
                [],
                spill.unknown_fields,
            )
            broken: list[dict[str, int]] = []
            for group in _groups(_rows_by_day(spill, moved)):
                before = lake.read(table, group)
                after = newest(
                    pa.concat_tables(
                        [
                            without(before, moved.keys, table),
                            without(spill.read(group), moved.keys, table),
                            moved.rows.filter(pc.field("day").isin(group)),
                        ]
                    ),
                    table,
                )
                days = changed_days(before, after.rows, table)
                rows = parser.settled(after.rows) if parser.settled else after.rows
                change.put(rows, days)
                broken.append(violations(rows, table))
                counts = counts._replace(
                    rows=counts.rows + after.rows.num_rows - before.num_rows,
                    duplicates=counts.duplicates + after.duplicates,
                    superseded=counts.superseded + after.superseded,
                    days=counts.days + days,
                )
            _audit(lake, table, broken, counts)
    return counts


class _Moved(NamedTuple):
    """Keys with versions on several days, and the newest row of each."""

    keys: pa.Table
    rows: pa.Table
    days: list[date]
    duplicates: int
    superseded: int


def _settled(lake: Lake, source: Source, spill: _Spill) -> _Moved:
    table = source.writes
    where = (*table.key, "day")
    empty = _Moved(table.empty().select(table.key), table.empty(), [], 0, 0)
    if not source.moves or not spill.days:
        return empty
    landed = spill.read(columns=where)
    known = only(lake.read(table, columns=where), landed, table)
    keys = straddling(pa.concat_tables([landed, known]), table)
    if not keys.num_rows:
        return empty
    days: list[date] = pc.unique(only(known, keys, table).column("day")).to_pylist()
    versions = [only(lake.read(table, days), keys, table), only(spill.read(), keys, table)]
    settled = newest(pa.concat_tables(versions), table)
    return _Moved(keys, settled.rows, days, settled.duplicates, settled.superseded)


def _rows_by_day(spill: _Spill, moved: _Moved) -> dict[date, int]:
    return {**dict.fromkeys(moved.days, 0), **spill.days}


def _groups(rows_by_day: dict[date, int]) -> Iterator[list[date]]:
    """Days in order, as many together as hold about `GROUP_ROWS` landed rows."""
    group: list[date] = []
    size = 0
    for day in sorted(rows_by_day):
        if group and size + rows_by_day[day] > GROUP_ROWS:
            yield group
            group, size = [], 0
        group.append(day)
        size += rows_by_day[day]
    if group:
        yield group


def _audit(lake: Lake, table: Table, broken: list[dict[str, int]], counts: Merged) -> None:
    kept = counts.rows + counts.duplicates + counts.superseded + counts.rejected
    conservation = {"landed = rows + duplicates + superseded + rejected": abs(counts.landed - kept)}
    quality.gate(table.name, quality.total([*broken, conservation]), lake.store)


class _Spill:
    """Parsed rows on disk, sorted by day within each piece so that a day is read alone."""

    def __init__(self, folder: Path, table: Table) -> None:
        self._folder = folder
        self._table = table
        self.landed = 0
        self.rejected = 0
        self.days: dict[date, int] = {}
        self.unknown_fields: Counter[str] = Counter()

    def put(self, parsed: pa.Table) -> None:
        good = parsed.filter(pc.field("reject_reason").is_null())
        self.landed += parsed.num_rows
        self.rejected += parsed.num_rows - good.num_rows
        rows = self._table.conform(good).sort_by("day")
        self.unknown_fields.update(_names(rows.select(["unknown_fields"])))
        for count in pc.value_counts(rows.column("day")).to_pylist():
            self.days[count["values"]] = self.days.get(count["values"], 0) + count["counts"]
        pq.write_table(
            rows,
            self._folder / f"{self.landed:012d}.parquet",
            compression="lz4",
            row_group_size=_SPILL_GROUP_ROWS,
        )

    def read(
        self, days: Iterable[date] | None = None, columns: Iterable[str] | None = None
    ) -> pa.Table:
        wanted = None if days is None else pc.field("day").isin(list(days))
        found = ds.dataset(self._folder, schema=self._table.schema, format="parquet")
        names = list(columns or self._table.names)
        return found.to_table(columns=names, filter=wanted)


def _names(data: pa.Table) -> dict[str, int]:
    """In how many rows each name stands in the map `unknown_fields`."""
    found = duck_rows(
        """SELECT name, count(*) AS records
            FROM (SELECT unnest(map_keys(unknown_fields)) AS name FROM data) GROUP BY name""",
        data=data,
    )
    return {row["name"]: row["records"] for row in found.to_pylist()}


def _put_rejects(lake: Lake, name: str, piece: Piece, parsed: pa.Table) -> None:
    reasons = parsed.column("reject_reason")
    found = pc.indices_nonzero(reasons.is_valid()).to_pylist()
    if not found:
        return
    lines = [
        reject_line(
            piece.origin(at),
            Rejected(
                *_reason_and_detail(reasons[at].as_py()),
                piece.lines.column("line")[at].as_py().encode(),
            ),
        )
        for at in found
    ]
    lake.store.put(f"{name}.ndjson.gz", gzip.compress(b"\n".join([*lines, b""]), 3, mtime=0))


def _reason_and_detail(text: str) -> tuple[str, str]:
    reason, _, detail = text.partition(": ")
    return reason, detail
