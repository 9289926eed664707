"""Every fault at every call of every step: old or new, never mixed; complete when done again.

Call points are counted in a run without a fault. PROVE=1 tries all of them, else a seeded share,
mostly in a folder. What routing does under faults is in `tests/lambdas/test_routing_faults.py`.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from glue_jobs.standin import stand_in
from tests.faults import places
from tests.faults.steps import AWS, FOLDER, STEPS, Step
from tests.faults.trial import FAULTS, Point, clean, troubles

PROVE = os.environ.get("PROVE") == "1"
SHORT = ("landing", "publish", "agent state")  # the others take seconds a trial on S3
CASES = [
    (where, step, fault)
    for step in STEPS
    for where in step.places
    for fault in FAULTS[where]
    if PROVE or fault in random.Random(step.name).sample(FAULTS[where], 2)
    if PROVE or where == FOLDER or step.name in SHORT
]


@pytest.fixture(scope="module")
def aws():
    with stand_in() as running, places.pointed_at(running):
        running.client("s3").create_bucket(Bucket=places.BUCKET)
        yield running


@pytest.fixture
def place(request: pytest.FixtureRequest, where: str, step: Step, tmp_path: Path):
    with places.small_lakes(step.tables, step.keys):
        if where != AWS:
            yield places.Folder(tmp_path)
            return
        made = places.Aws(request.getfixturevalue("aws"), tmp_path)
        made.put_back()  # nothing was kept yet: this empties it
        yield made


@pytest.mark.parametrize(
    ("where", "step", "fault"), CASES, ids=lambda each: getattr(each, "name", each)
)
def test_a_step_with_a_fault_is_old_or_new_and_complete_when_done_again(
    place: places.Place, where: str, step: Step, fault: str
):
    found = clean(place, step)
    every = [Point(fault, at + 1) for at in range(len(found.calls))]
    tried = every if PROVE else random.Random(f"{step.name} {fault}").sample(every, 1)
    wrong = [trouble for point in tried for trouble in troubles(place, step, found, point)]
    print(f"{where} {step.name}, {fault}: {len(tried)} of {len(every)} calls")  # noqa: T201
    assert wrong == []
