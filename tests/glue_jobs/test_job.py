"""What a Glue job makes of its arguments, of the program's exit codes and of lost races."""

from __future__ import annotations

import pytest

from glue_jobs import job
from glue_jobs.job import JobError, given, main, metrics, run
from glue_jobs.lake import ConflictError
from glue_jobs.quality import AuditFailedError
from glue_jobs.score import NothingToScoreError
from tests.lake_program import outcome


def program(*codes):
    """A program that ends with these exit codes, one a run, and keeps what it was told."""
    rest = iter(codes)

    def ended(words):
        ended.told.append(words)
        return next(rest)

    ended.told = []
    return ended


def counts(ended):
    return {each["MetricName"]: each["Value"] for each in metrics(ended)} | {"duration_s": 0}


def test_arguments_come_in_both_forms():
    assert given(["job.py", "--LAKE", "s3://b/l", "--command=build --engine spark"]) == {
        "LAKE": "s3://b/l",
        "command": "build --engine spark",
    }


def test_a_job_without_a_command_says_what_is_missing():
    with pytest.raises(JobError, match="give --command"):
        main(["--LAKE", "s3://b/l"])


def test_who_was_overtaken_reads_again_after_a_pause():
    lake, pauses = program(ConflictError.exit_code, ConflictError.exit_code, 0), []
    assert run(["build"], lake, pauses.append).exit_code == 0
    assert pauses == [20.0, 40.0]


def test_who_is_overtaken_for_ever_gives_up():
    lake = program(*[ConflictError.exit_code] * 9)
    assert run(["build"], lake, lambda _s: None).exit_code == ConflictError.exit_code
    assert len(lake.told) == job.MOST_TRIES


def test_another_failure_is_not_tried_again():
    lake = program(1, 0)
    assert run(["build"], lake).exit_code == 1


@pytest.mark.parametrize("words", [["score"], ["publish"], ["publish", "--report"], ["recommend"]])
def test_a_job_that_finds_no_contacts_yet_has_not_failed(words):
    ended = run(words, program(NothingToScoreError.exit_code))
    assert counts(ended) == {"succeeded": 1, "failed": 0, "duration_s": 0, "audit_failed": 0}


@pytest.mark.parametrize("words", [["build"], ["check"], ["drop"], ["compact"]])
def test_a_lake_that_is_not_there_is_a_failure_of_the_jobs_that_need_one(words):
    assert run(words, program(job.NOTHING_THERE)).exit_code == job.NOTHING_THERE


def test_an_empty_lake_ends_the_program_as_the_job_expects(tmp_path):
    lake = str(tmp_path / "lake")
    outcome("create", "--lake", lake)
    ended = {
        outcome(*words, "--lake", lake).code
        for words in (["score"], ["publish"], ["publish", "--report", "--topic", "t"])
    }
    assert ended == {job.NOTHING_THERE}


def test_a_failed_audit_is_told_apart():
    ended = run(["check"], program(AuditFailedError.exit_code))
    assert counts(ended) == {"succeeded": 0, "failed": 1, "duration_s": 0, "audit_failed": 1}


@pytest.mark.parametrize(
    ("words", "command"),
    [(["publish", "--format", "json"], "publish"), (["publish", "--report"], "report")],
)
def test_a_report_is_counted_apart_from_published_scores(words, command):
    by = {
        dimension["Value"]
        for metric in metrics(run(words, program(0)))
        for dimension in metric.get("Dimensions", ())
    }
    assert by == {command}
