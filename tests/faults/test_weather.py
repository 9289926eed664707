"""30 % of all requests fail on the wire: every step completes by the clients' own retries.

Their waits are cut short, not the number of their attempts.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from botocore.retries.standard import ExponentialBackoff
from pyarrow.fs import AwsDefaultS3RetryStrategy

from glue_jobs import lake
from glue_jobs.catalog import MOST_ATTEMPTS
from tests.faults import places
from tests.faults.faulty_server import Weather, stand_in, strict_glue
from tests.faults.steps import AWS, STEPS, Step
from tests.faults.trial import clean

PROVE = os.environ.get("PROVE") == "1"
SHARE = 0.3
SEEDS = range(5 if PROVE else 1)
MOST_TIMES = 3
SHORT_WAIT_S = 0.01
SHORT = ("export", "publish", "rejects")
CASES = [each for each in STEPS if AWS in each.places and (PROVE or each.name in SHORT)]


class Hasty(AwsDefaultS3RetryStrategy):
    """As many attempts as `PatientRetries`, whose waits grow to seconds; these begin at 25 ms."""

    def __init__(self) -> None:
        super().__init__(max_attempts=MOST_ATTEMPTS)


@pytest.fixture(scope="module")
def weather():
    return Weather()


@pytest.fixture(scope="module")
def aws(weather: Weather):
    with (
        stand_in(strict_glue, weather.over) as running,
        places.pointed_at(running),
        pytest.MonkeyPatch.context() as patch,
    ):
        running.client("s3").create_bucket(Bucket=places.BUCKET)
        patch.setattr(ExponentialBackoff, "delay_amount", lambda _self, _context: SHORT_WAIT_S)
        patch.setattr(lake, "_RETRIES", f"{__name__}.{Hasty.__name__}")
        yield running


@pytest.mark.parametrize("step", CASES, ids=lambda step: step.name)
def test_a_step_completes_in_bad_weather_with_at_most_three_times_the_requests(
    aws, weather: Weather, tmp_path: Path, step: Step
):
    place = places.Aws(aws, tmp_path)
    place.put_back()
    with places.small_lakes(step.tables, step.keys):
        _completes(place, weather, step)


def _completes(place: places.Place, weather: Weather, step: Step) -> None:
    found = clean(place, step)
    faults = 0
    for seed in SEEDS:
        place.put_back()
        weather.requests = 0
        step.run(place)
        usual = weather.requests
        place.put_back()
        weather.faults.clear()
        weather.requests, weather.share = 0, SHARE
        weather.rng.seed(seed)
        is_done = step.run(place)
        weather.share, needed = 0.0, weather.requests  # reading what was written asks as well
        print(f"{step.name}: {usual} requests, {needed} in bad weather, {weather.faults}")  # noqa: T201
        assert is_done
        assert step.seen(place) == found.after
        faults += weather.faults.total()
        assert needed <= MOST_TIMES * usual
    assert faults > 0
