"""Random sequences of everything that happens to a lake, against a model of plain dicts.

A sequence follows from its seed. One that fails is made as short as it can be and told as data; its
seed belongs into `SAVED`, which is tried first ever after.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from tests.faults.modelled_lake import Op, Template
from tests.faults.narrow_lakes import modelled

PROVE = os.environ.get("PROVE") == "1"
FIRST_SEED = int(os.environ.get("MODEL_FIRST_SEED", "0"))
SEQUENCES = int(os.environ.get("MODEL_SEQUENCES", "2000" if PROVE else "10"))
SAVED: tuple[int, ...] = (1920,)
WEIGHTS = {
    "deliver": 5,
    "duplicate": 2,
    "reorder": 2,
    "update": 4,
    "bad_record": 1,
    "reject": 1,
    "build": 5,
    "replay": 1,
    "compact": 1,
    "back_fill": 1,
    "expire": 1,
    "rollback": 2,
    "crash": 4,
    "two_writers": 1,
}


def sequence(seed: int) -> list[Op]:
    """A delivery, some operations, and a build."""
    rng = random.Random(seed)
    names = rng.choices([*WEIGHTS], [*WEIGHTS.values()], k=rng.randint(3, 10))
    return [Op(name, rng.getrandbits(32)) for name in ("deliver", *names, "build")]


def trouble(template: Template, ops: Sequence[Op]) -> str | None:
    """What went wrong in a sequence; None = nothing."""
    with template.trial() as trial:
        try:
            for op in ops:
                trial.do(op)
            trial.compare_history()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
            return f"after {trial.done}: {type(error).__name__}: {error}"
    return None


def shortened(ops: list[Op], fails: Callable[[list[Op]], bool]) -> list[Op]:
    """A part of the operations that still fails, and does not without any one of them."""
    at = 0
    while at < len(ops):
        fewer = ops[:at] + ops[at + 1 :]
        if fails(fewer):
            ops = fewer
        else:
            at += 1
    return ops


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory):
    with modelled():
        made = Template(tmp_path_factory.mktemp("model"))
        made.make()
        yield made


def test_a_lake_is_what_its_model_says_whatever_happens_to_it(template: Template):
    began = time.process_time()
    counts = Counter[str]()
    for seed in (*SAVED, *range(FIRST_SEED, FIRST_SEED + SEQUENCES)):
        ops = sequence(seed)
        counts.update(op.name for op in ops)
        if found := trouble(template, ops):
            least = shortened(ops, lambda some: trouble(template, some) is not None)
            pytest.fail(f"seed {seed}: {found}\nat least: {least}: {trouble(template, least)}")
    took_s = time.process_time() - began
    print(f"{SEQUENCES} sequences from seed {FIRST_SEED} in {took_s:.0f} s of CPU: {dict(counts)}")  # noqa: T201


def test_a_sequence_is_shortened_to_what_fails():
    ops = [Op("deliver", 1), Op("build", 2), Op("expire", 3), Op("build", 4)]
    found = shortened(ops, lambda some: {Op("build", 2), Op("build", 4)} <= set(some))
    assert found == [Op("build", 2), Op("build", 4)]


def test_every_operation_comes_up_in_the_sequences_of_every_day():
    assert {op.name for seed in range(20) for op in sequence(seed)} == {*WEIGHTS}
