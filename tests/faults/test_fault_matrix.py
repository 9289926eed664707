"""Every fault at every call of every step: old or new, never mixed; complete when done again.

Call points are counted in a run without a fault. PROVE=1 tries all of them, else a seeded share,
mostly in a folder. What routing does under faults is in `tests/lambdas/test_routing_faults.py`.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from glue_jobs.standin import stand_in
from tests.faults import places
from tests.faults.steps import AWS, FOLDER, STEPS, Step
from tests.faults.trial import clean, points, troubles

PROVE = os.environ.get("PROVE") == "1"
SHARE = 2
SHORT = ("landing", "publish", "agent state")  # the others take seconds a trial on S3
CASES = [
    (where, step)
    for step in STEPS
    for where in step.places
    if PROVE or where == FOLDER or step.name in SHORT
]

executed: Counter[tuple[str, str, str]] = Counter()
possible: Counter[tuple[str, str, str]] = Counter()


@pytest.fixture(scope="module", autouse=True)
def small():
    with places.small_lakes():
        yield


@pytest.fixture(scope="module")
def aws():
    with stand_in() as running, places.pointed_at(running):
        running.client("s3").create_bucket(Bucket=places.BUCKET)
        yield running


@pytest.fixture
def place(request: pytest.FixtureRequest, where: str, tmp_path: Path):
    if where != AWS:
        return places.Folder(tmp_path)
    made = places.Aws(request.getfixturevalue("aws"), tmp_path)
    made.put_back()  # nothing was kept yet: this empties it
    return made


@pytest.mark.parametrize(("where", "step"), CASES, ids=lambda each: getattr(each, "name", each))
def test_a_step_with_a_fault_is_old_or_new_and_complete_when_done_again(
    place: places.Place, where: str, step: Step
):
    found = clean(place, step)
    every = points(where, found)
    tried = every if PROVE else random.Random(step.name).sample(every, min(SHARE, len(every)))
    possible.update((where, step.name, point.fault) for point in every)
    wrong = [trouble for point in tried for trouble in troubles(place, step, found, point)]
    executed.update((where, step.name, point.fault) for point in tried)
    assert wrong == []


def test_every_fault_meets_every_call_of_every_step_that_was_tried():
    for each in possible:
        print(*each, f"{executed[each]} / {possible[each]}", sep=" | ")  # noqa: T201
    assert executed.keys() <= possible.keys()
    assert executed.total() > 0
    assert not PROVE or executed == possible
