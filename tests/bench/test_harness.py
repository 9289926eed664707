import json
import sys

import pytest

from tests.bench import harness
from tests.bench.harness import (
    BenchError,
    Contestant,
    Job,
    Rows,
    Run,
    agreed,
    alternated,
    exponent,
    in_own_process,
    line,
    median,
    present,
    report,
)

ROWS = Rows(1, "a")


def run(seconds, rows=ROWS, **figures):
    return Run(seconds, 10, rows, figures)


def three_rows(_options, _scratch):
    return Job(lambda: {"bytes": 3}, lambda: Rows(3, "abc"))


def failing(_options, _scratch):
    raise RuntimeError("no such bucket")


def test_the_middle_run_counts():
    assert median([run(9), run(1), run(2)]) == 2


def test_a_figure_of_a_runs_own_has_a_middle_too():
    assert median([run(1, p99=5), run(1, p99=7), run(1, p99=6)], "p99") == 6


def test_the_ratio_is_ours_to_the_peers():
    assert line("build", 90, "MB/s", "polars", 30)["ratio"] == 3


def test_a_line_without_a_peer_has_no_ratio():
    assert line("landing", 90, "MB/s")["ratio"] is None


def test_contestants_that_agree_give_their_rows():
    assert agreed({"ours": [run(1), run(2)], "polars": [run(3)]}) == ROWS


@pytest.mark.parametrize("other", [Rows(2, "a"), Rows(1, "b")], ids=["count", "checksum"])
def test_a_contestant_with_other_rows_is_an_error_that_names_it(other):
    with pytest.raises(BenchError, match="polars"):
        agreed({"ours": [run(1)], "polars": [run(1, other)]})


def test_a_missing_peer_is_told_and_left_out(capsys):
    peers = [Contestant("dodo", "peer:job", ("no_such_package",)), Contestant("ours", "ours:job")]
    assert [each.name for each in present(peers)] == ["ours"]
    told = "dodo: no_such_package not installed: pip install -r requirements-bench.lock\n"
    assert capsys.readouterr().err == told


def test_contestants_run_in_turn(monkeypatch):
    jobs = []
    monkeypatch.setattr(harness, "in_own_process", lambda job, *_: jobs.append(job) or run(1))
    alternated([Contestant("a", "a:job"), Contestant("b", "b:job")], {}, rounds=2)
    assert jobs == ["a:job", "b:job", "a:job", "b:job"]


def test_a_contestant_gets_its_own_options_too(monkeypatch):
    given = []
    monkeypatch.setattr(
        harness, "in_own_process", lambda _job, each, _: given.append(each) or run(1)
    )
    alternated([Contestant("a", "a:job", own={"layout": "b"})], {"seed": 1}, rounds=1)
    assert given == [{"seed": 1, "layout": "b"}]


def test_a_job_runs_in_a_process_of_its_own_and_tells_its_rows_and_figures():
    done = in_own_process("test_harness:three_rows", {})
    assert (done.rows, done.figures) == (Rows(3, "abc"), {"bytes": 3})


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell it otherwise")
def test_peak_memory_does_not_begin_with_the_parents():
    held = bytearray(b"1") * 200_000_000
    done = in_own_process("test_harness:three_rows", {})
    assert done.rss_mb < len(held) / 1e6


def test_a_job_that_fails_is_an_error_with_its_last_words():
    with pytest.raises(BenchError, match="no such bucket"):
        in_own_process("test_harness:failing", {})


def test_results_are_appended_as_json_lines(tmp_path):
    out = tmp_path / "results.jsonl"
    for name in ("build", "query"):
        report([line(name, 1, "s")], out)
    assert [json.loads(text)["name"] for text in out.read_text().splitlines()] == ["build", "query"]


def test_the_exponent_of_a_square_is_two():
    assert exponent((1, 2, 4, 8), (3, 12, 48, 192)) == pytest.approx(2)
