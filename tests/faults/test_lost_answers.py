"""Answers that are lost on the way: the client asks again, and Glue refuses what it has done."""

from __future__ import annotations

import pytest

from glue_jobs.lake import made
from glue_jobs.settings import Settings
from tests.faults import places
from tests.faults.faulty_server import UPDATE, Weather, stand_in, strict_glue
from tests.faults.races import add, found
from transforms import tables


@pytest.fixture(scope="module")
def weather():
    return Weather(only=UPDATE, kinds=("lost answer",))


@pytest.fixture(scope="module")
def aws(weather: Weather):
    with (
        places.small_lakes(places.FEW),
        stand_in(strict_glue, weather.over) as running,
        places.pointed_at(running),
    ):
        running.client("s3").create_bucket(Bucket=places.BUCKET)
        yield running


@pytest.fixture
def lake(aws, weather: Weather, request: pytest.FixtureRequest):
    with made(named(aws, weather, request))[0] as new:
        add(new, "before")
        yield new


@pytest.fixture
def empty(aws, weather: Weather, request: pytest.FixtureRequest):
    with made(named(aws, weather, request))[0] as new:
        yield new


def named(aws, weather: Weather, request: pytest.FixtureRequest) -> Settings:
    """Where a lake of the test's own can be made, in fair weather."""
    weather.share, weather.most = 0.0, 0
    name = f"lake_{abs(hash(request.node.name))}"
    return Settings(f"s3://{places.BUCKET}/{name}", name, aws.endpoint, aws.region)


def lose(weather: Weather, answers: float, of: str = UPDATE) -> None:
    weather.only, weather.share, weather.most = of, 1.0, weather.faults.total() + answers


def test_a_commit_whose_answer_is_lost_is_a_commit(lake, weather):
    lose(weather, 1)
    add(lake, "lost")
    assert found(lake) == ["before", "lost"]


def test_a_commit_whose_answer_is_lost_leaves_a_table_that_can_be_written(lake, weather):
    lose(weather, 1)
    add(lake, "lost")
    add(lake, "after")
    assert found(lake) == ["after", "before", "lost"]


def test_an_error_after_the_commit_leaves_the_live_files(lake, monkeypatch):
    def stopped(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lake.catalog, "_delete_old_metadata", stopped)
    with pytest.raises(KeyboardInterrupt):
        add(lake, "committed")
    monkeypatch.undo()
    assert found(lake) == ["before", "committed"]
    assert lake.count(tables.WORK_ITEM.name) == 2


@pytest.mark.parametrize("operation", ["DeleteTable", "DeleteDatabase"])
def test_a_lake_whose_dropping_was_not_answered_is_dropped(empty, weather, operation):
    lose(weather, 1, f"AWSGlue.{operation}")
    lost = weather.faults.total()
    assert empty.drop() == [table.name for table in places.FEW]
    assert weather.faults.total() == lost + 1
    assert (empty.settings.database,) not in empty.catalog.list_namespaces()
