"""Phone numbers planted in every text field of every record: none in any table, file or word."""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from queries.question import questions
from tests.centre_records import work_item, written
from tests.lake_program import outcome, run
from tests.transforms.rich_records import rich_agent_events, rich_contact
from transforms.tables import TABLES

DIGITS = "2025550123"
SPELLINGS = (
    "+12025550123",
    "+1 202 555 0123",
    "+1 (202) 555-0123",
    "+1.202.555.0123",
    "+1/202/555/0123",
    "tel:+1-202-555-0123",
    "(202) 555-0123",
    "+1-202-555-0123",
    "+12025550123 ext. 12",
    "sip:+12025550123@example.com",
    "\u202a+1\u00a0202\u2011555\u20110123\u202c",
    "".join(chr(ord(sign) + 0xFEE0) for sign in "+12025550123"),
)
TAXONOMY = """\
[keep]
attributes = ["*"]
segment_attributes = ["*"]
contact_details = ["*"]
tags = ["*"]
fields = ["*"]
"""
# Without these a record is no record at all, or another; a number in them is a reject.
KEYS = ("ContactId", "EventId", "AgentARN", "WorkItemId")
EVERYTHING = ["2024-01-01", "2027-01-01"]


def shows_number(text: str) -> bool:
    """Whether a text holds the number in any script and with anything but letters in between."""
    plain = unicodedata.normalize("NFKC", text)
    return DIGITS in re.sub(r"[\W_]", "", plain)


def planted(record: Any, spelling: str, at: str = "") -> Iterator[Any]:
    """The record with the spelling in one text field after another."""
    for key, value in list(record.items() if isinstance(record, dict) else enumerate(record)):
        is_time = isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value)
        if isinstance(value, str) and not is_time and key not in KEYS:
            changed = copy.deepcopy(record)
            changed[key] = spelling
            yield changed
        elif isinstance(value, dict | list):
            for inner in planted(value, spelling):
                changed = copy.deepcopy(record)
                changed[key] = inner
                yield changed


def records() -> Iterator[dict[str, Any]]:
    event, ended = rich_agent_events()
    originals = (rich_contact(), event, ended, work_item("w"))
    for n, original in enumerate(originals):
        for number, spelling in enumerate(SPELLINGS):
            for m, record in enumerate(planted(original, spelling)):
                key = next(key for key in ("EventId", "WorkItemId", "ContactId") if key in record)
                yield record | {key: f"k-{n}-{number}-{m}"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built lake that keeps every attribute, from records full of planted numbers."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "lake").mkdir()
    (folder / "lake" / "taxonomy.toml").write_text(TAXONOMY)
    bad = ['{"ContactId": "c", "CustomerEndpoint": {"Address": "+12025550123"}, "x": NaN}']
    path = written(folder / "records.ndjson.gz", [*records(), *bad])
    (folder / "said").write_text("")
    for command in (("ingest", str(path)), ("build",), ("score",)):
        done = outcome(*command[:1], "--lake", str(folder / "lake"), *command[1:])
        with (folder / "said").open("a") as said:
            said.write(done.out + done.err)
    return folder / "lake"


def test_there_is_something_planted():
    found = [json.dumps(record, ensure_ascii=False) for record in records()]
    assert (len(found) > 1_000, all(map(shows_number, found))) == (True, True)


def test_every_planted_record_is_a_row(lake):
    rows = {row["table"]: row["rows"] for row in describe(lake)}
    assert sum(rows[name] for name in ("contact_record", "agent_event", "work_item")) == len(
        list(records())
    )


def describe(lake: Path) -> Any:
    return run("describe", "--lake", str(lake), "--format", "json").rows


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_no_number_is_in_a_table(lake, table):
    hits: set[tuple[str, str]] = set()
    for path in Path(lake, "tables", table).rglob("*.parquet"):
        for name, column in zip(
            (read := pq.read_table(path, partitioning=None)).column_names, read.columns, strict=True
        ):
            hits |= {(name, text) for v in column.to_pylist() if shows_number(text := str(v))}
    assert hits == set()


def test_no_number_is_in_a_file_but_what_was_received(lake):
    found = [
        path.relative_to(lake).as_posix()
        for path in lake.rglob("*")
        if path.is_file() and path.relative_to(lake).parts[0] not in ("raw", "bad", "tables")
        if shows_number(path.read_bytes().decode("latin-1"))
    ]
    assert found == []


def test_no_number_is_in_the_name_of_a_file(lake):
    assert [str(path) for path in lake.parent.rglob("*") if shows_number(path.name)] == []


def test_no_number_was_said(lake):
    assert not shows_number((lake.parent / "said").read_text())


@pytest.mark.parametrize(
    "command",
    [
        ("rejects",),
        ("rejects", "--reason", "nan"),
        ("check",),
        ("describe",),
        ("check", "--coverage"),
    ],
)
def test_no_number_is_in_what_a_command_tells(lake, command):
    done = outcome(*command, "--lake", str(lake))
    assert not shows_number(done.out + done.err)


@pytest.mark.parametrize("name", [each.name for each in questions()])
def test_no_number_is_in_an_answer(lake, name):
    given = {p.name for each in questions() if each.name == name for p in each.parameters}
    days = {"from_day": EVERYTHING[0], "to_day": EVERYTHING[1]}
    params = [w for n in days if n in given for w in ("--param", f"{n}={days[n]}")]
    done = outcome("query", name, *params, "--lake", str(lake), "--format", "csv")
    assert (done.code, shows_number(done.out + done.err)) == (0, False)


def test_a_number_where_a_key_should_be_is_a_reject(tmp_path):
    path = written(tmp_path / "keys.ndjson.gz", [rich_contact(ContactId=s) for s in SPELLINGS])
    told = outcome("ingest", "--lake", str(tmp_path / "lake"), "--format", "json", str(path))
    assert {row["what"]: row["records"] for row in told.rows} == {"bad_key": len(SPELLINGS)}
