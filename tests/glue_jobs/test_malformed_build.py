"""Malformed and fuzzed records through `lake ingest` and `lake build`: a row or a typed reject."""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.inflation import FILE_REASONS
from ingestion.records import REASONS
from tests.centre_records import contact, work_item, written
from tests.ingestion.malformed import MALFORMED
from tests.lake_program import run
from tests.transforms.rich_records import rich_agent_events, rich_contact

PROVE = os.environ.get("PROVE") == "1"
FUZZED = 10_000 if PROVE else 400
TYPED = {*REASONS, *FILE_REASONS, "type_mismatch", "negative", "no_timestamp"}

# What a value may turn into; a list or an object may also lose or gain fields.
WRONG = (
    None, True, False, "", "x", "NEW_ENUM_VALUE", "+12025550123", 0, -1, 10**17, -(10**17), 1.5,
    1e300, -0.0, [], {}, [None], [[]], {"": None}, {"NewField": {"deep": [1]}}, "é\u0000🙂",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-05",
)  # fmt: skip


def rejects(lake: str) -> Iterator[dict[str, Any]]:
    for path in Path(lake, "bad").rglob("*.gz"):
        yield from map(json.loads, gzip.decompress(path.read_bytes()).splitlines())


def described(lake: str) -> dict[str, int]:
    rows = run("describe", "--lake", lake, "--format", "json").rows
    return {row["table"]: row["rows"] for row in rows}


# -- the malformed corpus ---------------------------------------------------------------------

# A file's reader looks into what a stream's record may not be: compression, arrays, no record.
AS_FILES = {
    "nothing": ["empty_file"],
    "whitespace": ["empty_file"],
    "byte order mark alone": ["empty_file"],
    "utf-16": ["not_utf8", "not_json", "not_json"],
    "200,000 opened": ["empty_file"],
    "gzip": [],
    "gzip in gzip": ["nested_compression"],
    "gzip bomb 1,000:1": ["decompression_bomb"],
    "array": [],
}


@pytest.fixture(scope="module")
def malformed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A lake of every malformed payload as a file of its own, beside one good record, built."""
    folder = tmp_path_factory.mktemp("malformed")
    for number, (payload, _) in enumerate(MALFORMED.values()):
        (folder / "in").mkdir(exist_ok=True)
        (folder / "in" / f"{number:03}.json").write_bytes(payload)
    written(folder / "in" / "good.ndjson.gz", [contact("good")])
    lake = str(folder / "lake")
    run("ingest", "--lake", lake, str(folder / "in"))
    run("build", "--lake", lake)
    return lake


def test_every_malformed_file_is_a_typed_reject(malformed):
    found: dict[str, list[str]] = {}
    for reject in rejects(malformed):
        found.setdefault(reject["source"], []).append(reject["reason"])
    expected = {
        f"in/{number:03}.json": AS_FILES.get(name, [reason])
        for number, (name, (_, reason)) in enumerate(MALFORMED.items())
    }
    assert {name: reasons for name, reasons in expected.items() if reasons} == {
        name: reasons for name, reasons in found.items() if name.startswith("in/")
    }


def test_what_is_good_among_malformed_files_is_built(malformed):
    assert described(malformed)["contact_record"] == 1


# -- fuzzed records ---------------------------------------------------------------------------


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a record, and each key or index in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def changed(record: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """The record with one to three fields missing, nulled, retyped, unknown or multiplied."""
    record = copy.deepcopy(record)
    for _ in range(dice.choice((1, 1, 2, 3))):
        where, key = dice.choice(list(places(record)))
        act = dice.randrange(5)
        if act == 0 and isinstance(where, dict):
            del where[key]
        elif act == 1 and isinstance(where, dict):
            where[f"New{dice.randrange(9)}"] = copy.deepcopy(dice.choice(WRONG))
        elif act == 2:
            record["Attributes"] = {f"key{n}": str(dice.random()) for n in range(500)}
        else:
            where[key] = copy.deepcopy(dice.choice(WRONG))
    return record


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A lake of fuzzed records of all kinds, landed and built."""
    folder = tmp_path_factory.mktemp("fuzzed")
    dice = random.Random(8)
    event, _ = rich_agent_events()
    records = []
    for number in range(FUZZED):
        originals = (
            rich_contact(ContactId=f"c-{number}"),
            event | {"EventId": f"e-{number}"},
            work_item(f"w-{number}"),
        )
        records.append(changed(originals[(0, 0, 1, 2)[number % 4]], dice))
    path = written(folder / "fuzzed.ndjson.gz", records)
    run("ingest", "--lake", str(folder / "lake"), str(path))
    run("build", "--lake", str(folder / "lake"))
    return str(folder / "lake")


def test_every_fuzzed_record_is_a_row_or_a_typed_reject(fuzzed):
    [run_row] = run("sql", "--lake", fuzzed, "--format", "json", "SELECT * FROM run").rows
    counts = {
        name: sum(dict(run_row[name]).values()) for name in ("rows", "duplicates", "superseded")
    }
    assert sum(counts.values()) + len(list(rejects(fuzzed))) == FUZZED


def test_no_fuzzed_record_is_rejected_without_a_known_reason(fuzzed):
    assert {reject["reason"] for reject in rejects(fuzzed)} - TYPED == set()


def test_what_is_only_unknown_or_missing_is_no_reject(fuzzed):
    kept = sum(rows for name, rows in described(fuzzed).items() if name in SOURCES)
    assert kept > FUZZED / 3


SOURCES = ("contact_record", "agent_event", "work_item")


def test_a_fuzzed_reject_holds_the_record_as_it_came(fuzzed):
    kept = [base64.b64decode(reject["payload_base64"]) for reject in rejects(fuzzed)]
    assert [hashlib.sha256(each).hexdigest() for each in kept] == [
        reject["sha256"] for reject in rejects(fuzzed)
    ]


def test_five_hundred_new_attributes_and_enumerations_are_rows(tmp_path):
    record = contact("c-1", Channel="TELEPATHY", InitiationMethod="NEW", Novel={"a": [1]})
    record["Attributes"] = {f"new{n}": "x" for n in range(500)}
    path, lake = written(tmp_path / "new.ndjson.gz", [record]), str(tmp_path / "lake")
    run("ingest", "--lake", lake, str(path))
    run("build", "--lake", lake)
    assert described(lake)["contact_record"] == 1
