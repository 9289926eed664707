"""One Spark for all its tests: two cores of this machine, and a driver that may get little."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from glue_jobs.spark.session import spark_engine
from glue_jobs.standin import stand_in
from tests.java_server import java_homes
from tests.spark_in_process import in_process

JAVAS = (17, 11, 8)  # those that Spark 3.5 runs on


@pytest.fixture(scope="session")
def aws() -> Iterator[Any]:
    """The stand-in whose S3 the executors find; they inherit this environment."""
    with stand_in() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="session")
def spark(aws: Any) -> Iterator[Any]:
    """The engine; without Spark or its Java the tests are skipped, outside CI only."""
    homes = {version: home for version, home in reversed(java_homes()) if version in JAVAS}
    if find_spec("pyspark") is None:
        _none("pyspark is not installed: make test-spark")
    if not homes:
        _none("Spark 3.5 needs Java 17, and none was found")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", str(homes[max(homes)]))
        # Spark itself fails a job that brings more than that to the driver.
        patch.setenv("PYSPARK_SUBMIT_ARGS", "--conf spark.driver.maxResultSize=2m pyspark-shell")
        with spark_engine("local[2]") as engine:
            yield engine


@pytest.fixture(
    scope="module", params=["in process", pytest.param("Spark", marks=pytest.mark.spark)]
)
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The engine on a session of this process, and on Spark."""
    if request.param == "Spark":
        yield request.getfixturevalue("spark")
    else:
        with in_process() as found:
            yield found


def _none(reason: str) -> None:
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
