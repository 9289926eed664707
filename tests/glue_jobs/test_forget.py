"""A customer is erased from everything, stays erased, and nobody else is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from glue_jobs.commands import parsers
from glue_jobs.forget import customer
from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from tests.centre_records import contact, work_item, written
from tests.lake_program import outcome, run
from transforms.tables import TABLES

GONE, STAYS = "+12025550123", "+12025550199"
SPELT = "+1 (202) 555-0123"


def called(name: str, number: str, **others: Any) -> dict[str, Any]:
    return contact(name, CustomerEndpoint={"Address": number}, **others)


RECORDS = [
    called("c-1", GONE),
    called("c-2", SPELT, at="2026-01-06T10:00:00Z", CustomerId="C-77"),
    called("c-3", STAYS),
    work_item("w-1", CustomerId=GONE),
    work_item("w-2", CustomerId=STAYS),
    f'{{"ContactId": "c-bad", "CustomerEndpoint": {{"Address": "{GONE}"}}, "x": NaN}}',
]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of several builds, so with old snapshots, in which two customers called."""
    folder = tmp_path_factory.mktemp("forget")
    lake = str(folder / "lake")
    others = [work_item("w-3", CustomerId=STAYS)]
    for n, records in enumerate((RECORDS[:3], RECORDS, others)):
        run("ingest", "--lake", lake, str(written(folder / f"{n}.ndjson.gz", records)))
        run("build", "--lake", lake)
    run("score", "--lake", lake)
    return Path(lake)


@pytest.fixture(scope="module")
def token(before: Path) -> str:
    return token_of(before, GONE)


def token_of(lake: Path, number: str) -> str:
    with opened(Settings(str(lake))) as found:
        return str(parsers(found).tokens.token(number))


@pytest.fixture(scope="module")
def dry(before: Path, token: str) -> tuple[Any, set[str], set[str]]:
    """What the dry run told, and where the token stood before and after it."""
    there = holding(before, token)
    told = run("forget", GONE, "--lake", str(before), "--format", "json").rows
    return told, there, holding(before, token)


@pytest.fixture(scope="module")
def objects(before: Path) -> dict[Path, bytes]:
    """What was received, by file, before anybody was forgotten."""
    return received_by_file(before)


@pytest.fixture(scope="module")
def lake(before: Path, dry: Any, objects: dict[Path, bytes]) -> Path:
    """The same lake after the customer was forgotten."""
    run("forget", SPELT, "--yes", "--lake", str(before))
    return before


def holding(lake: Path, token: str) -> set[str]:
    """Tables of which a file, of any snapshot, has the token in a column."""
    return {
        table.name
        for table in TABLES
        for path in Path(lake, "tables", table.name).rglob("*.parquet")
        if token in str(pq.read_table(path, partitioning=None).to_pydict())
    }


def received_by_file(lake: Path) -> dict[Path, bytes]:
    found = (path for part in ("raw", "bad") for path in Path(lake, part).rglob("*.gz"))
    return {path: gzip.decompress(path.read_bytes()) for path in sorted(found)}


def received(lake: Path) -> str:
    return b"".join(received_by_file(lake).values()).decode()


def rows(lake: Path, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run("sql", "--lake", str(lake), "--format", "json", sql).rows
    return found


def test_the_dry_run_tells_rows_and_objects_and_changes_nothing(dry):
    told, there, still = dry
    counted = {row["where"]: row["n"] for row in told if row["what"] == "rows"}
    assert (counted["contact_record"], counted["work_item"], there == still) == (2, 1, True)
    assert {row["where"].partition("/")[0] for row in told if row["what"] != "rows"} == {
        "raw",
        "bad",
    }


def test_no_file_of_any_snapshot_holds_the_customer(lake, dry, token):
    _, there, _ = dry
    assert ("contact_record" in there, holding(lake, token)) == (True, set())


def test_no_received_byte_tells_the_number(lake):
    assert [sign in received(lake) for sign in (GONE, SPELT, STAYS)] == [False, False, True]


def test_each_object_keeps_its_lines_and_others_keep_their_bytes(lake, objects):
    now = received_by_file(lake)
    changed = {path for path in objects if objects[path] != now[path]}
    assert {path: data.count(b"\n") for path, data in now.items()} == {
        path: data.count(b"\n") for path, data in objects.items()
    }
    assert {path for path, data in objects.items() if b"2025550123" in data} <= changed
    assert 0 < len(changed) < len(objects)


def test_the_contacts_stay_without_their_customer(lake):
    found = rows(lake, "SELECT contact_id, customer_id FROM contact_record ORDER BY contact_id")
    assert [(row["contact_id"], row["customer_id"] is None) for row in found] == [
        ("c-1", True),
        ("c-2", True),
        ("c-3", False),
    ]


def test_another_customer_is_who_they_were(lake):
    [row] = rows(lake, "SELECT customer_id FROM contact_record WHERE contact_id = 'c-3'")
    assert row["customer_id"] == token_of(lake, STAYS)


def test_the_run_is_kept_with_what_it_did(lake):
    [path] = Path(lake, "erasures").glob("*.json")
    kept = json.loads(path.read_text())
    assert (kept["done"]["rows"]["contact_record"], GONE in path.read_text()) == (2, False)


def test_the_ledger_tells_of_it_and_nothing_is_left_to_build(lake):
    last = run("history", "--lake", str(lake), "--format", "json").rows[-1]
    built = run("build", "--lake", str(lake), "--format", "json").rows
    assert (last["command"], [row for row in built if row.get("days_rewritten")]) == ("forget", [])


def test_what_is_delivered_again_is_redacted(lake, token, tmp_path):
    again = [
        RECORDS[0],
        called("c-1", GONE, updated="2026-02-01T00:00:00Z"),
        called("c-9", SPELT, CustomerId="C-77"),
    ]
    run("ingest", "--lake", str(lake), str(written(tmp_path / "again.ndjson.gz", again)))
    run("build", "--lake", str(lake))
    [row] = rows(lake, "SELECT count(*) AS n, count(customer_id) AS told FROM contact_record")
    assert (row, holding(lake, token)) == ({"n": 4, "told": 1}, set())


def test_the_lake_still_holds_what_it_must(lake):
    assert outcome("check", "--lake", str(lake)).code == 0


def test_forgetting_twice_finds_nothing_more(lake):
    run("forget", GONE, "--yes", "--lake", str(lake))
    told = run("forget", GONE, "--lake", str(lake), "--format", "json").rows
    assert told == []


def test_a_token_names_its_customer(before, token):
    with opened(Settings(str(before))) as lake:
        tokens = parsers(lake).tokens
    assert customer(f" {token} ", tokens).tokens == {token}


def test_a_customer_is_known_by_any_spelling_and_by_an_id(before):
    with opened(Settings(str(before))) as lake:
        tokens = parsers(lake).tokens
    assert tokens.token(GONE) in customer(SPELT, tokens).tokens
    assert customer("C-77", tokens).tokens == {tokens.customer_id_token("C-77")}
