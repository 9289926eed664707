"""Real processes of the program, killed at random times: old or new, and complete when run again.

PROVE=1 kills each command at each place 12 times, else once, mostly in a folder. Seeds are fixed;
where a kill hits is up to the machine.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from glue_jobs import lake as lakes
from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from glue_jobs.standin import stand_in
from tests.faults import places
from tests.faults.forker import Forker, forker
from tests.faults.places import Place
from tests.faults.steps import FOLDER, STEPS, Parts, Step, arguments

PROVE = os.environ.get("PROVE") == "1"
KILLS = 12 if PROVE else 1  # of each case
CASES = [
    (where, step)
    for step in STEPS
    for where in step.places
    if step.arguments and (PROVE or where == FOLDER or step.name == "publish")
]

pytestmark = pytest.mark.heavy

kills: Counter[str] = Counter()


@pytest.fixture(scope="module")
def aws():
    with stand_in() as running, places.pointed_at(running):
        running.client("s3").create_bucket(Bucket=places.BUCKET)
        yield running


@pytest.fixture(scope="module")
def program(aws):
    with forker(aws.environment()) as running:
        yield running


@pytest.fixture
def place(where: str, step: Step, aws, tmp_path: Path):
    with places.small_lakes(step.tables, step.keys):
        if where == FOLDER:
            yield places.Folder(tmp_path)
            return
        made = places.Aws(aws, tmp_path)
        made.put_back()
        yield made


def finished(program: Forker, place: Place, step: Step) -> float:
    """The seconds that the step takes when nobody kills it."""
    ended = program.ran(arguments(place, step), step)
    assert ended.code == 0
    return ended.took_s


def unnamed(place: Place) -> int:
    """Data files that no current snapshot names; every file that one names is there."""
    with opened(Settings.from_env(place.lake)) as lake:
        kept = [each for each in lakes.TABLES if each not in lake.missing()]
        named = {path.partition("/tables/")[2] for each in kept for path in lake.files(each.name)}
        there = {key.removeprefix("tables/") for key, _ in lake.store.keys("tables/")}
    files = {key for key in there if key.endswith(".parquet")}
    assert named <= files
    return len(files - named)


def torn(before: Parts, after: Parts, seen: Parts) -> list[str]:
    return [
        part
        for part in {*before, *after, *seen}
        if seen.get(part) not in (before.get(part), after.get(part))
    ]


@pytest.mark.parametrize(("where", "step"), CASES, ids=lambda each: getattr(each, "name", each))
def test_a_killed_job_leaves_old_or_new_and_is_completed_by_the_next(
    program: Forker, place: Place, where: str, step: Step
):
    rng = random.Random(f"{where} {step.name}")
    step.ready(place)
    place.keep()
    before = step.seen(place)
    takes_s = finished(program, place, step)
    after = step.seen(place)
    usual = unnamed(place)
    left = 0
    for _ in range(KILLS):
        place.put_back()
        ended = program.ran(arguments(place, step), step, rng.uniform(0, takes_s))
        kills.update({"killed": ended.is_killed, "too late": not ended.is_killed})
        assert torn(before, after, step.seen(place)) == []
        finished(program, place, step)
        assert step.seen(place) == after
        left = max(left, unnamed(place) - usual)
    kills["orphan files"] = max(kills["orphan files"], left)


def test_there_were_enough_kills():
    print(dict(kills))  # noqa: T201
    assert kills["killed"] >= (200 if PROVE else 3)
