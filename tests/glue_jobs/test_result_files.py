"""Results as files and in the read-only shell."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glue_jobs import show
from glue_jobs.cells import inert
from glue_jobs.dialect import QueryError
from glue_jobs.result_files import ResultFileError, write
from glue_jobs.shell import MORE, PROMPT, shell, statements
from tests.lake_program import outcome, run
from tests.transforms.landed import at

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", " =1", "\uff1d1", "\u00a0@x")
ROWS = pa.table(
    {
        "=name": ["=cmd|' /C calc'!A0", "Billing", None],
        "calls": [-1, 2, 3],
        "at": [at("2026-01-05T09:00")] * 3,
        "reasons": [["=a"], [], None],
    }
)


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_inert(text):
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Billing", "1-2", "a=b", "", "'=1"])
def test_other_texts_stay_as_they_are(text):
    assert inert(text) == text


def test_parquet_holds_the_rows(tmp_path):
    write(ROWS, tmp_path / "rows.parquet")
    assert pq.read_table(tmp_path / "rows.parquet").equals(ROWS)


def test_excel_holds_numbers_and_instants_and_no_formula(tmp_path):
    write(ROWS, tmp_path / "rows.xlsx")
    book = openpyxl.load_workbook(tmp_path / "rows.xlsx")
    found = [[cell.value for cell in row] for row in book["result"].iter_rows()]
    book.close()
    nine = at("2026-01-05T09:00")
    assert found == [
        ["'=name", "calls", "at", "reasons"],
        ["'=cmd|' /C calc'!A0", -1, nine, "['=a']"],
        ["Billing", 2, nine, "[]"],
        [None, 3, nine, None],
    ]


def test_excel_s_own_file_has_no_formula_element(tmp_path):
    write(ROWS, tmp_path / "rows.xlsx")
    with zipfile.ZipFile(tmp_path / "rows.xlsx") as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet


def test_signs_that_excel_cannot_hold_are_left_out(tmp_path):
    write(pa.table({"a": ["x\x00\x1by"]}), tmp_path / "rows.xlsx")
    book = openpyxl.load_workbook(tmp_path / "rows.xlsx")
    value = book["result"]["A2"].value
    book.close()
    assert value == "xy"


def test_csv_is_inert(tmp_path):
    write(ROWS.select(["=name", "calls"]), tmp_path / "rows.csv")
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert lines == ["'=name,calls", "'=cmd|' /C calc'!A0,-1", "Billing,2", ",3"]


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ResultFileError, match=r"end the name in \.parquet"):
        write(ROWS, tmp_path / "rows.doc")


def typed(*lines):
    """A reader of these lines, which keeps the prompts that it was given."""
    left = list(lines)
    prompts = []

    def read(prompt):
        prompts.append(prompt)
        if not left:
            raise EOFError
        line = left.pop(0)
        if line is KeyboardInterrupt:
            raise KeyboardInterrupt
        return line

    return read, prompts


def test_a_statement_ends_with_a_semicolon():
    read, prompts = typed("SELECT 1", "  + 1;", "SELECT 2;")
    assert list(statements(read)) == ["SELECT 1\n  + 1", "SELECT 2"]
    assert prompts == [PROMPT, MORE, PROMPT, PROMPT]


def test_control_c_drops_the_statement_begun():
    read, _ = typed("SELECT 1", KeyboardInterrupt, "SELECT 2;", "\\q", "SELECT 3;")
    assert list(statements(read)) == ["SELECT 2"]


def test_the_shell_goes_on_after_an_error(capsys):
    def answer(text):
        if text == "bad":
            raise QueryError("query failed: bad")
        return pa.table({"n": [1]})

    shell(answer, typed("bad;", "good;", "\\d users", "\\d nobody", "\\x")[0], "csv")
    out, err = capsys.readouterr()
    assert out.splitlines()[:3] == ["n", "1", "column,type,meaning"]
    assert [line.partition(";")[0] for line in err.splitlines()] == [
        "query failed: bad",
        "no table 'nobody'",
        "\\d tables, \\d TABLE columns, \\q leave",
    ]


def test_without_a_statement_the_command_is_a_shell(tmp_path, monkeypatch):
    run("create", "--lake", str(tmp_path / "lake"))
    lines = "SELECT count(*) AS n FROM users;\nDROP TABLE users;\n\\q\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    done = outcome("sql", "--lake", str(tmp_path / "lake"), "--format", "csv")
    assert (done.code, done.out) == (0, "n\n0\n")
    assert "only a SELECT is run" in done.err


def test_a_pipe_s_last_statement_needs_no_semicolon(tmp_path, monkeypatch):
    run("create", "--lake", str(tmp_path / "lake"))
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT count(*) AS n\nFROM users"))
    done = outcome("sql", "--lake", str(tmp_path / "lake"), "--format", "csv")
    assert (done.code, done.out, done.err) == (0, "n\n0\n", "")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("SHOW TABLES;", "\\d"),
        ("describe users", "\\d users"),
        ("desc users ;", "\\d users"),
        ("help", "\\?"),
    ],
)
def test_what_other_shells_say_is_understood(line, command):
    assert list(statements(typed(line)[0])) == [command]


@pytest.mark.parametrize("line", ["\\q", "quit;", "exit"])
def test_there_are_three_ways_to_leave(line):
    assert list(statements(typed(line, "SELECT 1;")[0])) == []


def test_the_word_of_a_command_within_a_statement_is_the_statement_s():
    assert list(statements(typed("SELECT 1 AS", "help;")[0])) == ["SELECT 1 AS\nhelp"]


def test_no_statement_of_the_shell_changes_the_lake(tmp_path, monkeypatch):
    """Whatever is typed: every file of the lake is byte for byte as it was."""
    lake = tmp_path / "lake"
    run("create", "--lake", str(lake))
    before = contents(lake)
    typed_in = ("DROP TABLE users", "DELETE FROM users", "INSERT INTO users SELECT * FROM users",
                "CREATE TABLE a AS SELECT 1", "UPDATE users SET user_id = 'x'", "ATTACH 'a.db'",
                f"COPY users TO '{lake}/a.csv'", "SELECT 1; DROP TABLE users", "PRAGMA version",
                "SET threads = 1", "ALTER TABLE users ADD COLUMN a int", "TRUNCATE TABLE users",
                "WITH a AS (SELECT 1) DELETE FROM users", "MERGE INTO users USING users ON true",
                "INSTALL httpfs", "CALL force_checkpoint()", "EXPORT DATABASE 'x'")  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO(";\n".join(typed_in)))
    done = outcome("sql", "--lake", str(lake), "--format", "csv")
    assert (done.code, done.out, len(done.err.splitlines())) == (0, "", len(typed_in))
    assert contents(lake) == before


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_to_write_needs_a_query(tmp_path):
    done = outcome("sql", "--lake", str(tmp_path), "--out", "rows.csv")
    assert (done.code, done.err) == (
        2, 'lake sql: --out needs a query: lake sql "SELECT …" --out FILE\n',
    )  # fmt: skip


def test_a_question_is_answered_into_a_file(tmp_path):
    run("create", "--lake", str(tmp_path / "lake"))
    out = tmp_path / "calls.csv"
    run("query", "calls_by_category", "--lake", str(tmp_path / "lake"), "--out", str(out))
    assert out.read_text().startswith("category,task,contacts,")


def test_a_table_on_the_screen_loses_no_name():
    names = [f"{'a' * 40}{number}" for number in range(6)]
    shown = show.text(pa.table({name: [name] for name in names}), "table")
    assert [name for name in names if shown.count(name) != 2] == []


def test_a_long_text_on_the_screen_is_cut_with_a_mark():
    shown = show.text(pa.table({"a": ["x" * 500]}), "table").splitlines()[1]
    assert shown == f"{'x' * (show.WIDEST - 1)}…"


def test_the_command_writes_a_file(tmp_path):
    run("create", "--lake", str(tmp_path / "lake"))
    out = tmp_path / "n.parquet"
    run("sql", "--lake", str(tmp_path / "lake"), "SELECT count(*) AS n FROM users",
        "--out", str(out))  # fmt: skip
    assert pq.read_table(out).to_pylist() == [{"n": 0}]
