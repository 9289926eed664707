"""Bad records get another chance: once, byte by byte, and counted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from glue_jobs import rejects
from glue_jobs.commands import parsers
from glue_jobs.lake import opened
from glue_jobs.rejects import ReplayError, replay
from glue_jobs.settings import Settings
from ingestion import records
from tests.centre_records import contact, work_item, written
from tests.lake_program import run

LONG = contact("c-long", Novel="x" * 40_000)
DEEP = '{"ContactId": "c-deep", "LastUpdateTimestamp": "2026-01-05T12:00:00Z", "x": [[[ ]]]}'
RETYPED = work_item("w-1", RemainingMinutes=-1)
GOOD = contact("c-1")
NEVER = '{"ContactId": "c-2'


@pytest.fixture
def landed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A lake in which records landed while less was allowed: two of five came through."""
    path = written(tmp_path / "records.ndjson.gz", [GOOD, LONG, DEEP, RETYPED, NEVER])
    with monkeypatch.context() as patch:
        patch.setattr(records, "MAX_DEPTH", 3)
        run("ingest", "--lake", str(tmp_path / "lake"), str(path))
    return str(tmp_path / "lake")


@pytest.fixture
def lake(landed: str) -> str:
    """The same, built: another record is a reject since."""
    run("build", "--lake", landed)
    return landed


@pytest.fixture
def roomier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's limits allow longer texts."""
    monkeypatch.setattr(records, "MAX_STRING_BYTES", 50_000)


def replayed(lake: str, *more: str) -> dict[str, int]:
    rows = run("rejects", "--replay", "--format", "json", "--lake", lake, *more).rows
    return {f"{row['outcome']}: {row['what']}": row["records"] for row in rows}


def reasons(lake: str) -> dict[str, int]:
    rows = run("rejects", "--format", "json", "--lake", lake).rows
    return {row["reason"]: row["records"] for row in rows}


def raw_lines(lake: str) -> list[bytes]:
    found = sorted(Path(lake, "raw").rglob("replayed/*.gz"))
    return [line for path in found for line in gzip.decompress(path.read_bytes()).splitlines()]


def rows(lake: str, table: str) -> int:
    [row] = run(
        "sql", "--lake", lake, "--format", "json", f"SELECT count(*) AS n FROM {table}"
    ).rows
    return int(row["n"])


def test_what_is_good_today_lands_and_the_rest_stays_with_its_reason(lake, roomier):
    assert replayed(lake) == {
        "good today: contact_record": 2,
        "still bad: negative": 1,
        "still bad: not_json": 1,
    }


def test_what_lands_is_what_was_received_byte_by_byte(landed, roomier):
    replayed(landed)
    assert sorted(raw_lines(landed)) == sorted([json.dumps(LONG).encode(), DEEP.encode()])


def test_a_replayed_record_is_a_row_of_the_next_build(lake, roomier):
    replayed(lake)
    run("build", "--lake", lake)
    assert rows(lake, "contact_record") == 3


def test_a_replayed_record_is_no_reject_any_more(lake, roomier):
    before = reasons(lake)
    replayed(lake)
    assert (before, reasons(lake)) == (
        {"too_deep": 1, "string_too_long": 1, "negative": 1, "not_json": 1},
        {"negative": 1, "not_json": 1},
    )


def test_nothing_is_replayed_twice(lake, roomier):
    replayed(lake)
    run("build", "--lake", lake)
    landed = raw_lines(lake)
    assert replayed(lake) == {"still bad: negative": 1, "still bad: not_json": 1}
    assert raw_lines(lake) == landed


def test_a_replay_that_died_before_its_note_is_repeated_without_harm(lake, roomier):
    replayed(lake)
    landed = raw_lines(lake)
    run("build", "--lake", lake)
    for note in Path(lake, rejects.NOTES).iterdir():
        note.unlink()
    replayed(lake)
    told = run("build", "--lake", lake)
    assert (raw_lines(lake), "nothing new has landed" in told.err) == (landed, True)


def test_every_record_is_accounted_for_after_a_replay(lake, roomier):
    replayed(lake)
    run("build", "--lake", lake)
    told = run("check", "--lake", lake)
    assert (
        "contact_record: 3 landed = 3 rows + 0 duplicates + 0 superseded + 0 rejected" in told.err
    )


def test_a_dry_run_tells_the_same_and_puts_nothing(landed, roomier):
    told = replayed(landed, "--dry-run")
    assert (raw_lines(landed), told) == ([], replayed(landed))


def test_one_reason_alone_is_replayed(landed, roomier):
    assert replayed(landed, "--reason", "too_deep") == {"good today: contact_record": 1}


def test_a_reject_of_the_build_lands_once_the_parser_takes_it(lake):
    path = next(Path(lake, "bad", "build").rglob("*.gz"))
    fixed = json.loads(gzip.decompress(path.read_bytes()))
    assert fixed["reason"] == "negative"
    with opened(Settings(lake)) as found:

        def lenient(kind: str) -> Any:
            parser = parsers(found).of(kind)
            return parser._replace(parse=lambda lines: _without_reasons(parser.parse(lines)))

        done = replay(found.store, _Lenient(lenient), "negative")
    assert done.landed == {"work_item": 1}


class _Lenient:
    def __init__(self, of: Any) -> None:
        self.of = of


def _without_reasons(table: Any) -> Any:
    at = table.schema.get_field_index("reject_reason")
    return table.set_column(at, "reject_reason", pa.nulls(table.num_rows, pa.string()))


def test_an_object_that_does_not_come_back_as_it_was_put_is_told(landed, roomier):
    with opened(Settings(landed)) as found, pytest.raises(ReplayError, match="is not what was put"):
        replay(_Garbling(found.store), parsers(found))


class _Garbling:
    """A store that puts something else."""

    def __init__(self, store: Any) -> None:
        self.keys, self.get = store.keys, store.get

    def put(self, _key: str, _data: bytes) -> None:
        self.get = lambda _: gzip.compress(b"something else")


def test_how_a_payload_begins_shows_no_digit():
    assert rejects.shape(b'{"Address": "+12025550123", ...') == '{"Address": "+###########", ...'
