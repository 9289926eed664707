"""On Spark itself: a simulated centre, equal row for row; what its driver gets; S3; the command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from glue_jobs.build import Window
from glue_jobs.lake import made
from glue_jobs.settings import Settings
from ingestion.simulator import invented_centre, write
from tests.centre_records import contact
from tests.lake_program import run
from tests.twin_lakes import BUILT, Twins, content, twins
from transforms.tables import BY_NAME

pytestmark = [
    pytest.mark.spark,
    # pyspark leaves sockets to the garbage collector and compares versions the old way; not ours
    # to mend.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
]

PROVE = os.environ.get("PROVE") == "1"
DAYS, AGENTS = (30, 50) if PROVE else (3, 10)
MONDAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def centre(spark: Any, tmp_path_factory: pytest.TempPathFactory):
    """A simulated centre, landed and built; what was built, and all that reached the driver."""
    folder = tmp_path_factory.mktemp("centre")
    write(folder / "records", invented_centre(agents=AGENTS, seed=1), MONDAY, DAYS, 1)
    with twins(folder, spark) as both, collected() as got:
        both.land_files([folder / "records"])
        yield both, both.built(), got


@contextmanager
def collected() -> Iterator[list[bytes]]:
    """Everything that Spark gives to the driver meanwhile."""
    from pyspark.sql import DataFrame

    collect, got = DataFrame.collect, []

    def seen(frame: Any) -> Any:
        rows = collect(frame)
        got.extend(bytes(row.data) for row in rows)
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DataFrame, "collect", seen)
        yield got


@pytest.mark.parametrize("name", BUILT)
def test_every_row_of_a_simulated_centre_is_equal(centre: Any, name: str):
    both, _, _ = centre
    here, there = content(both.here).tables[name], content(both.there).tables[name]
    assert here.num_rows
    assert here.equals(there)


def test_counts_days_and_the_runs_row_are_equal(centre: Any):
    both, (here, there), _ = centre
    assert here == there
    assert content(both.here).runs == content(both.there).runs


def test_what_reaches_the_driver_is_few_and_small(centre: Any):
    """Some two messages a task, none longer than the description of a file of 200 columns."""
    _, _, got = centre
    sizes = [len(each) for each in got]
    assert len(sizes) < 40 * len(BUILT) * DAYS
    assert max(sizes) < 64 * 2**10


def test_no_customer_or_contact_reaches_the_driver(centre: Any):
    # A file's description holds the least and greatest value of a column, cut at 16 letters.
    both, _, got = centre
    contacts = both.here.read(
        BY_NAME["contact_record"], columns=("contact_id", "customer_endpoint_address")
    )
    names = {row[name] for row in contacts.to_pylist() for name in row if row[name]}
    sent = b"".join(got)
    assert [name for name in names if name.encode() in sent] == []


def test_a_build_with_nothing_new_writes_nothing(centre: Any):
    both, _, _ = centre
    before = both.snapshots
    assert [built.is_new for built in both.built()] == [False, False]
    assert both.snapshots == before


def test_each_engine_finds_nothing_to_change_in_what_the_other_built(centre: Any):
    both, _, _ = centre
    before = both.snapshots
    window = Window(MONDAY, MONDAY + timedelta(days=DAYS))
    Twins(both.there, both.here, both.spark).built(window=window)
    assert both.snapshots == before


def test_the_command_builds_on_spark(spark: Any, tmp_path: Path):
    with twins(tmp_path, spark) as small:
        small.land([contact("c-1")], "one")
    told = run(
        "build", "--engine", "spark", "--format", "json", "--lake", small.there.settings.lake
    )
    assert [row["new_rows"] for row in told.rows if row["table"] == "contact_record"] == [1]


def test_executors_read_and_write_on_s3(spark: Any, aws: Any, tmp_path: Path):
    aws.client("s3").create_bucket(Bucket="contact-lake-spark")
    settings = Settings.from_env("s3://contact-lake-spark/centre")
    with twins(tmp_path, spark) as folders, made(settings)[0] as lake:
        both = Twins(folders.here, lake, spark)
        both.land([contact("c-1"), contact("c-2"), contact("c-3", at="soon")], "three")
        assert len(set(map(repr, both.built()))) == 1
        here, there = content(both.here), content(both.there)
    assert here.rejects == there.rejects
    assert here.tables == there.tables
