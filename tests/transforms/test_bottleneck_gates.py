"""How often the bottleneck is the true one, and how often a word or an interval is wrong.

The truth is what one more agent saves, simulated on many days with common random numbers. A seeded
share runs by default; PROVE=1 runs all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from tests.transforms.random_centres import (
    INTERVALS,
    as_blocks,
    equal_centre,
    outcomes,
    unequal_centre,
)
from transforms.workforce.bottleneck_model import saved_minutes
from transforms.workforce.bottlenecks import bottlenecks, hot_hours, ratio_estimate, verdicts
from transforms.workforce.centre import Centre, day
from transforms.workforce.centre_simulation import traced

PROVE = os.environ.get("PROVE") == "1"
CENTRES = range(40) if PROVE else range(11, 14)
TRUE_DAYS = 24
NULLS = 200 if PROVE else 30
WINDOWS = 300 if PROVE else 60
PLANTS = 60 if PROVE else 12
HOURS = INTERVALS // 4


class Judged(NamedTuple):
    """Shares of the best possible saving that a rank's first skill brings."""

    by_wait: float
    by_calls: float


def judged(seed: int) -> Judged:
    """Five days of a random centre ranked, and judged by what one more agent saves elsewhere."""
    centre = unequal_centre(seed)
    now = as_blocks(centre, outcomes(centre, seed, 5))
    names = [skill.name for skill in centre.skills]
    saved = saved_minutes(centre, names, days=TRUE_DAYS, seed=seed, first_day=1000)
    best = max(estimate.value for estimate in saved.values())
    called = names[int(now.queued.sum(axis=0).argmax())]
    return Judged(saved[bottlenecks(now)[0].skill].value / best, saved[called].value / best)


@pytest.fixture(scope="module")
def suite() -> list[Judged]:
    return [judged(seed) for seed in CENTRES]


def test_the_first_ranked_is_the_true_bottleneck(suite):
    assert sum(each.by_wait == 1 for each in suite) >= 0.85 * len(suite)


def test_the_first_ranked_brings_most_of_what_an_agent_can_save(suite):
    shares = [each.by_wait for each in suite]
    assert (sum(shares) / len(shares) >= 0.95, min(shares) >= 0.70) == (True, True)


def test_the_number_of_calls_is_beaten_by_thirty_points(suite):
    hits = [sum(share == 1 for share in shares) for shares in zip(*suite, strict=True)]
    assert hits[0] - hits[1] >= 0.30 * len(suite)


def test_a_centre_without_a_bottleneck_is_hardly_ever_told_to_have_one():
    centre = equal_centre()
    found = as_blocks(centre, outcomes(centre, 3, 5 * NULLS))
    windows = [(found.days[n : n + 5], found.wait_ms[n : n + 5]) for n in range(0, 5 * NULLS, 5)]
    flagged = sum("likely" in verdicts(found.days[:5], waits) for _, waits in windows)
    assert flagged <= 0.05 * NULLS


@pytest.mark.parametrize("days", [5, 10])
def test_the_interval_of_a_mean_wait_covers_the_truth(days):
    """Against all simulated days, of which a window is too few to matter."""
    centre = equal_centre(agents=10, skills=1)
    found = as_blocks(centre, outcomes(centre, 5, days * WINDOWS))
    wait, contacts = found.wait_ms[:, 0], found.contacts[:, 0]
    truth = wait.sum() / contacts.sum()
    estimates = [
        ratio_estimate(wait[n : n + days], contacts[n : n + days])
        for n in range(0, days * WINDOWS, days)
    ]
    covered = sum(abs(each.value - truth) <= (each.half_width or 0) for each in estimates)
    slack = 0 if PROVE else 2 * 0.028  # two standard errors of 60 windows
    assert 0.92 - slack <= covered / WINDOWS <= 0.98 + slack


def planted(seed: int) -> tuple[Centre, int, int]:
    """An equal centre, one of whose skills has half as many calls again in one hour."""
    rng = np.random.default_rng(seed)
    k, hour = int(rng.integers(8)), int(rng.integers(1, HOURS - 1))
    centre = equal_centre(agents=64)
    calls = [
        each * (1.5 if i // 4 == hour else 1.0) for i, each in enumerate(centre.skills[k].arrivals)
    ]
    skills = list(centre.skills)
    skills[k] = skills[k]._replace(arrivals=tuple(calls))
    return centre._replace(skills=tuple(skills)), k, hour


def hourly_waits(centre: Centre, seed: int, days: int) -> Iterator[np.ndarray]:
    """Wait-minutes by skill and hour of arrival, day by day."""
    for number in range(days):
        calls = day(centre, seed, number)
        waits = np.zeros((len(centre.skills), HOURS))
        np.add.at(
            waits,
            (calls.skill, calls.at_ms // 3_600_000),
            (traced(centre, calls).left_ms - calls.at_ms) / 60_000,
        )
        yield waits


def test_a_bottleneck_of_one_hour_is_found_in_its_hour():
    found = 0
    for seed in range(PLANTS):
        centre, k, hour = planted(seed)
        waits = np.array(list(hourly_waits(centre, seed, 10)))
        worst = np.unravel_index(waits.sum(axis=0).argmax(), waits.shape[1:])
        found += worst == (k, hour) and bool(hot_hours(waits)[k, hour])
    assert found >= 0.90 * PLANTS
