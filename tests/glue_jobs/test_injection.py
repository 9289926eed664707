"""Whatever is written where a value is asked for: nothing is executed, no row too many comes."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pyarrow as pa
import pytest
import sqlglot
from awswrangler._sql_formatter import _process_sql_params
from sqlglot import expressions as exp

from glue_jobs import show
from glue_jobs.build import build
from glue_jobs.commands import parsers
from glue_jobs.export import ExportError, export
from glue_jobs.lake import Lake, made
from glue_jobs.query import answer, local
from glue_jobs.settings import Settings
from ingestion import files
from queries.question import QuestionError, question, questions
from tests.centre_records import contact, written
from transforms.tables import TABLES

# How a value may try to end its text, what it then does, and how it makes the rest harmless.
ENDS = ("'", "''", "\\'", '"', "`", "\u2019", "%27", "\x00'", "')", "'))", ";", "$$", "\u02bc")
DEEDS = (
    " OR '1'='1",
    " OR 1=1",
    " OR queue_name IS NOT NULL",
    " UNION SELECT * FROM contact_record",
    " UNION ALL SELECT contact_id, customer_id FROM contact_record",
    "; DROP TABLE contact_record",
    "; DELETE FROM contact_record",
    "; COPY contact_record TO 'stolen.csv'",
    "; ATTACH 'stolen.db'",
    "; INSTALL httpfs; LOAD httpfs",
    " AND (SELECT count(*) FROM read_text('/etc/hostname')) > 0",
    " || (SELECT min(customer_id) FROM contact_record) || ",
)
CLOSERS = ("", " --", " /*", " #")
STRINGS = tuple(
    f"Billing{end}{deed}{closer}"
    for n, (end, deed) in enumerate(product(ENDS, DEEDS))
    for closer in {"", CLOSERS[n % len(CLOSERS)]}
)
ASKED = STRINGS if os.environ.get("PROVE") == "1" else STRINGS[::10]
FORMULAS = (
    "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\n=1", " =1", "\u00a0=1",
    "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0",
)  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake of one call in the queue Billing."""
    folder = tmp_path_factory.mktemp("injection")
    with made(Settings(str(folder / "lake")))[0] as new:
        files.ingest([written(folder / "records.ndjson.gz", [contact("c-1")])], new.store)
        build(new, parsers(new))
        yield new


def test_there_are_two_hundred_strings_or_more():
    assert len(set(STRINGS)) >= 200


def test_no_string_finds_a_row_and_each_comes_back_as_it_was(lake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {table.name: lake.snapshot(table.name) for table in TABLES}
    counted = "count_if(queue_name = :given) AS found"
    sql = f"SELECT {counted}, :given AS given FROM contact_record GROUP BY 2"
    answers = [local(lake, sql, {"given": each}).to_pylist() for each in ASKED]
    assert answers == [[{"found": 0, "given": each}] for each in ASKED]
    assert {table.name: lake.snapshot(table.name) for table in TABLES} == before
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("value", STRINGS[::60])
def test_no_string_makes_a_question_answer_more(lake, value):
    assert answer(lake, question("queue_performance"), {"queue": value}).num_rows == 0


@pytest.mark.parametrize("value", STRINGS)
def test_what_goes_to_athena_is_one_literal_of_that_value(value):
    sql = _process_sql_params("SELECT :queue", {"queue": value})
    [statement] = sqlglot.parse(sql, read="athena")
    [literal] = statement.expressions
    assert (type(literal), literal.name) == (exp.Literal, value)


@pytest.mark.parametrize("asked", questions(), ids=lambda each: each.name)
def test_what_is_no_text_takes_no_string(asked):
    for parameter in asked.parameters:
        if parameter.type != "text":
            refused = [value for value in STRINGS if is_refused(asked, parameter.name, value)]
            assert len(refused) == len(STRINGS), parameter.name


def is_refused(asked, name, value) -> bool:
    try:
        asked.values({name: value})
    except QuestionError:
        return True
    return False


@pytest.mark.parametrize("name", STRINGS[::40])
def test_names_are_those_there_are(lake, name, tmp_path):
    with pytest.raises(QuestionError):
        question(name)
    with pytest.raises(QuestionError):
        question("queue_performance").values({name: "x"})
    with pytest.raises(ExportError):
        export(lake, name, ["day"], tmp_path)
    with pytest.raises(ExportError):
        export(lake, "contact_record", [name], tmp_path)


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_holds_no_formula(text):
    shown = show.text(pa.table({"queue": [text], text: ["x"]}), "csv")
    [header, cells] = csv.reader(io.StringIO(shown))
    assert [header[1], cells[0]] == [f"'{text}", f"'{text}"]


def test_csv_has_no_line_but_its_own():
    assert show.text(pa.table({"queue": ["x\r=1"]}), "csv") == 'queue\n"x\n=1"'


@pytest.mark.parametrize("value", ["Billing", "a=b", -1, -1.5, None, "2026-01-05", "1+1"])
def test_csv_leaves_everything_else_as_it_is(value):
    shown = show.text(pa.table({"queue": [value]}), "csv")
    assert shown.partition("\n")[2] in {str(value), '""'}
