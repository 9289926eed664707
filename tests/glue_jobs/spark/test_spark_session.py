"""A build on Spark that cannot be tells why in one line."""

from __future__ import annotations

import sys

import pytest

from glue_jobs.spark.session import _in_one_line
from tests.lake_program import outcome

IN_A_TASK = """An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "/glue_jobs/spark/frames.py", line 57, in run
    yield from _sent(work(inputs[number]))
               ^^^^^^^^^^^^^^^^^^^^^^^^^^^
duckdb.OutOfMemoryException: failed to pin block

Driver stacktrace:
"""


def test_without_pyspark_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    told = outcome("build", "--engine", "spark", "--lake", str(tmp_path / "lake"))
    assert (told.code, told.err) == (
        1,
        "lake build: Spark is not installed: pip install 'contact-lake[spark]' (and Java 17)\n",
    )


def test_a_master_without_spark_is_wrong_use(tmp_path):
    told = outcome("build", "--spark-master", "local[2]", "--lake", str(tmp_path / "lake"))
    assert (told.code, told.err) == (
        2,
        "lake build: --spark-master goes with --engine spark\n",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            IN_A_TASK,
            "Spark: a task failed: duckdb.OutOfMemoryException: failed to pin block",
        ),
        (
            "[JAVA_GATEWAY_EXITED] Java gateway process exited before sending its port number.",
            "Spark 3.5 did not start: it needs Java 17; set JAVA_HOME to one",
        ),
        ("\nJob aborted.\nat org.apache.spark", "Spark: Job aborted."),
        ("", "Spark: ValueError"),
    ],
)
def test_what_spark_tells_is_one_line(text: str, expected: str):
    assert _in_one_line(ValueError(text)) == expected
