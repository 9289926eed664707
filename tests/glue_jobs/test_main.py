"""The program's manners: help with examples, errors in one line, clean output, rejects counted."""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from glue_jobs.main import EPILOG, parser
from tests.centre_records import agent_event, contact, work_item, written
from tests.lake_program import outcome, run
from transforms.tables import TABLES

COMMANDS = tuple(
    next(
        action.choices
        for action in parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
)
GOOD = [
    contact("c-1"),
    contact("c-2"),
    agent_event("e-1", "2026-01-05T09:00:00Z"),
    work_item("w-1"),
]
BIG = contact("c-big") | {"Padding": ["x" * 1000] * 2100}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A lake with a few records."""
    folder = tmp_path_factory.mktemp("built")
    lake = str(folder / "lake")
    run("ingest", "--lake", lake, str(written(folder / "records.ndjson.gz", GOOD)))
    run("build", "--lake", lake)
    return lake


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what goes wrong, with six good records among it."""
    folder = tmp_path_factory.mktemp("bad")
    whole = "\n".join(json.dumps(each) for each in GOOD).encode()
    (folder / "empty.json").touch()
    (folder / "cut.ndjson.gz").write_bytes(gzip.compress(whole * 50)[:-30])
    (folder / "page.json").write_text("<html><body>502 Bad Gateway</body></html>")
    (folder / "two.json").write_text(json.dumps(contact("t-1")) + json.dumps(contact("t-2")))
    mixed = [
        contact("m-1"),
        '{"ContactId": "m-nan", "AgentConnectionAttempts": NaN}',
        BIG,
        {"Weather": "rain"},
        '{"ContactId": "m-cut", "Queue": {"Na',
        contact("m-2"),
    ]
    written(folder / "mixed.ndjson.gz", mixed)
    return folder


def described(lake: str) -> list[dict[str, object]]:
    return list(run("describe", "--lake", lake, "--format", "json").rows)


def reasons(rows: list[dict[str, object]]) -> dict[object, object]:
    return {row["what"]: row["records"] for row in rows if row["outcome"] == "rejected"}


EXPECTED_REASONS = {
    "empty_file": 1,
    "truncated_gzip": 1,
    "html": 1,
    "nan": 1,
    "too_large": 1,
    "unknown_kind": 1,
    "not_json": 1,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    told = outcome(command, "--help")
    assert (told.code, told.err) == (0, "")
    assert f"example:\n  lake {command}" in told.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_example_fits_the_grammar(command):
    example = outcome(command, "--help").out.partition("example:\n  ")[2]
    words = shlex.split(example.splitlines()[0])[1:]
    assert parser().parse_args(words).command == command


def test_the_programs_help_names_every_command():
    told = outcome("--help").out
    assert [command for command in COMMANDS if f"\n    {command}" not in told] == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("describe",), 3, "lake describe: no lake in"),
        (("query", "contact_metrics"), 3, "lake query: no lake in"),
        (("query", "contact_metrics", "--param", "by=weather"), 2, "parameter by: 'weather' is"),
        (("query", "contact_metrics", "--param", "by"), 2, "--param 'by': write NAME=VALUE"),
        (("query", "contact_metrics", "--param", "x=1"), 2, "contact_metrics has no parameter x"),
        (("query", "weather"), 2, "no query 'weather'; there are"),
        (("ingest", "nowhere.json"), 3, "there is no such file or folder"),
        (("build", "--from", "2026-01-05"), 2, "give --from and --to together"),
        (("describe", "--lake", "ftp://host/lake"), 2, "use a folder or s3://bucket/prefix"),
        (("describe", "--lake", "s3://"), 2, "the bucket is missing"),
        (("simulate", "--days", "0", "--out", "out"), 2, "0 days cannot be simulated"),
    ],
)
def test_an_error_is_one_line_with_its_exit_code(tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAKE", raising=False)
    told = outcome(*arguments)
    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert message in told.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("sql", "SELECT 1 FROM nowhere"), 9),
        (("sql", "DROP TABLE run"), 9),
        (("export", "work_item"), 2),
        (("export", "weather", "--out", "x"), 2),
        (("rejects", "--reason", "weather"), 2),
        (("publish",), 3),
        (("route", "--call-type", "invoice"), 3),
        (("drop",), 14),
    ],
)
def test_an_error_in_a_lake_is_one_line_with_its_exit_code(built, arguments, code):
    told = outcome(*arguments, "--lake", built)
    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[category", "taxonomy.toml: "),
        ("[weather]\nx = 1", "[weather] is not one of [category], [task], [skill]"),
        ('[category]\nattributes = "category"', "[category] attributes: write attributes"),
        ("[category.queues]\nBilling = 7", "[category] queues: write attributes"),
        ("category = 7", "category is no section: write [category]"),
        ("\xff\xfe", "not UTF-8 text at byte 0"),
    ],
)
def test_a_taxonomy_that_cannot_be_used_is_told(tmp_path, text, message):
    lake = tmp_path / "lake"
    run("create", "--lake", str(lake))
    (lake / "taxonomy.toml").write_text(text, encoding="latin-1")
    told = outcome("build", "--lake", str(lake))
    assert (told.code, told.err.count("\n"), message in told.err) == (2, 1, True)


@pytest.mark.parametrize(
    "trouble",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "GetTable"),
        NoCredentialsError(),
        PermissionError(13, "Permission denied", "lake"),
    ],
)
def test_trouble_with_aws_or_the_disk_is_one_line_too(monkeypatch, trouble):
    def fail(_arguments: argparse.Namespace) -> None:
        raise trouble

    monkeypatch.setattr("glue_jobs.commands.describe", fail)
    told = outcome("describe")
    assert (told.code, told.out, told.err.count("\n")) == (1, "", 1)


def test_a_stopped_command_says_how_to_go_on(monkeypatch):
    def stop(_arguments: argparse.Namespace) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("glue_jobs.commands.build", stop)
    assert outcome("build")[::2] == (
        130,
        "lake build: stopped; running it again finishes the work\n",
    )


def test_every_exit_code_is_documented():
    told = {int(word) for word in EPILOG.partition("exit codes:")[2].split() if word.isdigit()}
    assert told == set(range(15))


def test_bad_input_is_counted_by_reason(tmp_path, bad):
    told = run("ingest", "--lake", str(tmp_path / "lake"), "--format", "json", str(bad))
    assert reasons(told.rows) == EXPECTED_REASONS


def test_every_good_record_among_bad_ones_lands(tmp_path, bad):
    whole = [str(bad / name) for name in ("two.json", "mixed.ndjson.gz", "page.json")]
    told = run("ingest", "--lake", str(tmp_path / "lake"), "--format", "json", *whole)
    landed = {row["what"]: row["records"] for row in told.rows if row["outcome"] == "landed"}
    assert landed == {"contact_record": 4}


def test_what_was_read_is_landed_or_rejected(tmp_path, bad):
    told = run("ingest", "--lake", str(tmp_path / "lake"), "--format", "json", str(bad))
    total = sum(row["records"] for row in told.rows)
    assert f"5 files: {total} read, {total - 7} landed, 7 rejected (see `lake rejects`)" in told.err


def test_rejects_are_kept_and_counted_by_reason(tmp_path, bad):
    lake = str(tmp_path / "lake")
    run("ingest", "--lake", lake, str(bad))
    told = run("rejects", "--lake", lake, "--format", "json")
    assert {row["reason"]: row["records"] for row in told.rows} == EXPECTED_REASONS


def test_rejects_of_one_reason_are_listed_with_where_they_stood(tmp_path, bad):
    lake = str(tmp_path / "lake")
    run("ingest", "--lake", lake, str(bad))
    rows = run("rejects", "--lake", lake, "--reason", "nan", "--format", "json").rows
    assert [row["source"] for row in rows] == [f"{bad.name}/mixed.ndjson.gz"]


def test_bad_input_is_told_by_the_exit_code_where_asked(tmp_path, bad):
    lake = str(tmp_path / "lake")
    assert outcome("ingest", "--lake", lake, "--strict", str(bad)).code == 10
    assert outcome("ingest", "--lake", lake, "--strict", str(bad / "two.json")).code == 0


def test_what_landed_among_bad_input_is_built(tmp_path, bad):
    lake = str(tmp_path / "lake")
    run("ingest", "--lake", lake, str(bad))
    rows = {row["table"]: row for row in run("build", "--lake", lake, "--format", "json").rows}
    assert (rows["contact_record"]["new_rows"], rows["contact_record"]["rejected"]) == (6, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ("describe",),
        ("build",),
        ("rejects",),
        ("query", "--list"),
        ("query", "skill_bottlenecks"),
        ("sql", "SELECT * FROM agent_event"),
        ("score",),
        ("route", "--call-type", "invoice"),
    ],
)
def test_json_is_all_there_is_on_standard_output(built, arguments):
    json.loads(run(*arguments, "--lake", built, "--format", "json").out)


def test_csv_is_a_header_and_rows(built):
    told = run(
        "sql",
        "SELECT contact_id, channel FROM contact_record ORDER BY 1",
        "--lake",
        built,
        "--format",
        "csv",
    )
    rows = [["contact_id", "channel"], ["c-1", "VOICE"], ["c-2", "VOICE"]]
    assert list(csv.reader(io.StringIO(told.out))) == rows


def test_a_table_names_its_columns_and_counts_its_rows(built):
    lines = run("sql", "SELECT contact_id FROM contact_record", "--lake", built).out.splitlines()
    assert (lines[0], lines[-1]) == ("contact_id", "(2 rows)")


def test_create_is_told_before_it_is_done(tmp_path):
    lake = tmp_path / "lake"
    told = run("create", "--dry-run", "--lake", str(lake))
    assert (f"{len(TABLES)} of {len(TABLES)} tables to make" in told.err, lake.exists()) == (
        True,
        False,
    )


def test_a_dropped_lake_is_gone(tmp_path):
    lake = str(tmp_path / "lake")
    run("create", "--lake", lake)
    assert f"removed {len(TABLES)} empty tables" in run("drop", "--lake", lake).err
    assert outcome("describe", "--lake", lake).code == 3


def test_records_of_a_folder_go_through_kinesis(tmp_path):
    lake = str(tmp_path / "lake")
    told = run("stream", "--lake", lake, str(written(tmp_path / "records.ndjson.gz", GOOD)))
    assert "landed from the streams: 1 agent_event, 2 contact_record, 1 work_item" in told.err
    run("build", "--lake", lake)
    counts = {row["table"]: row["rows"] for row in described(lake)}
    assert counts["contact_record"] == 2


def test_the_environment_names_the_lake(built, monkeypatch):
    monkeypatch.setenv("LAKE", built)
    assert run("describe", "--format", "json").rows == described(built)


def test_input_of_which_nothing_lands_has_an_exit_code_of_its_own(tmp_path):
    page = tmp_path / "page.json"
    page.write_text("<html></html>")
    assert outcome("ingest", "--lake", str(tmp_path / "lake"), str(page)).code == 10


@pytest.mark.parametrize(("given", "expected"), [({}, "0"), ({"MIMALLOC_PURGE_DELAY": "9"}, "9")])
def test_memory_is_given_back_at_once_unless_the_user_says_otherwise(given, expected):
    """The allocator reads it when pyarrow is imported, so that nothing may import that before."""
    asked = "import os, sys, glue_jobs; print(os.environ['MIMALLOC_PURGE_DELAY'], *sys.modules)"
    environment = {k: v for k, v in os.environ.items() if k != "MIMALLOC_PURGE_DELAY"} | given
    told = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True
    )
    delay, *modules = told.stdout.split()
    assert delay == expected
    assert "pyarrow" not in modules
