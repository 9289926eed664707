"""The Spark session of a build: the one of AWS Glue or spark-submit, else one on this machine."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from glue_jobs.spark.engine import SparkEngine
from ingestion.errors import LakeError

LOCAL = "local[*]"
_LOGGING = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"
_SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    # Spark only carries bytes here: compiling its own code well took longer than running it.
    "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 {_LOGGING}",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_ON_ANY_SESSION = {
    # A row of ours is megabytes, and Spark would put ten thousand of them together.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "8",
    "spark.sql.inMemoryColumnarStorage.batchSize": "8",
    # Pieces are of a size already; to measure them again takes a job for every stage.
    "spark.sql.adaptive.enabled": "false",
}


# The last line of a Python traceback is the first that is not indented.
_RAISED = re.compile(r"^Traceback.*\n(?:[ \t].*\n)+(.+)", re.MULTILINE)


class SparkError(LakeError):
    """Spark is not there, does not start, or failed at a task."""


@contextmanager
def spark_engine(master: str | None = None) -> Iterator[SparkEngine]:
    """An engine on the session that is there, or on one made for the block.

    `master` is Spark's, such as `local[2]`; without one, that of spark-submit or AWS Glue, else all
    cores of this machine. SparkError, in one line, where there is no Spark or it fails.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SparkError(
            "Spark is not installed: pip install 'contact-lake[spark]' (and Java 17)"
        ) from error
    from py4j.protocol import Py4JError

    running = SparkSession.getActiveSession()
    session = cache(lambda: _set(running or _started(SparkSession, master)))
    try:
        try:
            yield SparkEngine(session)
        finally:
            if running is None and session.cache_info().currsize:
                session().stop()
    except (PySparkException, Py4JError) as error:
        raise SparkError(_in_one_line(error)) from error


def _set(session: Any) -> Any:
    for name, value in _ON_ANY_SESSION.items():
        session.conf.set(name, value)
    return session


def _started(spark: Any, master: str | None) -> Any:
    builder = spark.builder.appName("contact-lake")
    is_submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if is_submitted and master is None:
        return builder.getOrCreate()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    return builder.master(master or LOCAL).getOrCreate()


def _in_one_line(error: Exception) -> str:
    """The words of the failure that say most: a task's own last line, where a task failed."""
    text = str(error)
    if "JAVA_GATEWAY_EXITED" in text or "getSubject is not supported" in text:
        return "Spark 3.5 did not start: it needs Java 17; set JAVA_HOME to one"
    in_python = _RAISED.search(text)
    if in_python:
        return f"Spark: a task failed: {in_python[1]}"
    return f"Spark: {next(filter(None, text.splitlines()), type(error).__name__)}"
