"""What is delivered again, in any order and number, leaves every file of every table as it was."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from glue_jobs.build import build
from glue_jobs.lake import Lake
from glue_jobs.parsers import Parsers
from ingestion.privacy import Tokens
from tests.centre_records import contact
from tests.faults.model import Line, newest, universe
from tests.faults.modelled_lake import Template, Trial, rows, versions
from tests.faults.narrow_lakes import FEW, SOURCES, digest, known_parsers, modelled
from transforms.tables import RUN
from transforms.taxonomy import Taxonomy

PROVE = os.environ.get("PROVE") == "1"
LINES = [line for kind in universe().values() for line in kind]
PLAIN = Parsers(Taxonomy(), Tokens(bytes(32)))
SOME = 60
SHUFFLES = 100 if PROVE else 2
MOST_TIMES = 10


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory):
    with modelled():
        made = Template(tmp_path_factory.mktemp("replay"))
        made.make()
        yield made


def some(seed: int) -> list[Line]:
    return random.Random(seed).sample(LINES, SOME)


def built(trial: Trial, *batches: Sequence[Line], parsers: Parsers | None = None) -> Lake:
    """The lake after each batch landed and was built."""
    for batch in batches:
        trial._put(batch)
        build(trial.lake, parsers or known_parsers())
    return trial.lake


def contents(lake: Lake) -> dict[str, list[bytes]]:
    """The bytes of every data file by table, the ledger's apart."""
    return {
        table.name: sorted(
            Path(path.removeprefix("file://")).read_bytes() for path in lake.files(table.name)
        )
        for table in FEW
        if table is not RUN
    }


def sorted_once(template: Template, lines: Sequence[Line]) -> dict[str, list[bytes]]:
    with template.trial() as trial:
        return contents(built(trial, sorted(lines)))


def test_whatever_the_order_of_delivery_every_file_has_the_same_bytes(template: Template):
    expected = sorted_once(template, some(0))
    for seed in range(SHUFFLES):
        rng = random.Random(seed)
        shuffled = rng.sample(some(0), SOME)
        cut = rng.randint(1, SOME - 1)
        with template.trial() as trial:
            assert contents(built(trial, shuffled[:cut], shuffled[cut:])) == expected


@pytest.mark.parametrize("times", range(1, MOST_TIMES + 1) if PROVE else (2, MOST_TIMES))
def test_delivered_up_to_ten_times_every_file_has_the_same_bytes(template: Template, times: int):
    expected = sorted_once(template, some(1))
    copies = [random.Random(turn).sample(some(1), SOME) for turn in range(times)]
    with template.trial() as trial:
        assert contents(built(trial, *copies)) == expected


@pytest.mark.parametrize("threads", [1, 4])
def test_whatever_the_threads_every_file_has_the_same_bytes(template: Template, threads: int):
    before = pa.cpu_count()
    expected = sorted_once(template, some(2))
    pa.set_cpu_count(threads)
    try:
        assert sorted_once(template, some(2)) == expected
    finally:
        pa.set_cpu_count(before)


def test_a_shuffled_replay_leaves_the_newest_of_the_model(template: Template):
    """All versions of all keys in random orders and parts: one outcome, that of the model."""
    expected = {
        kind: versions(kind, newest(kind, lines, digest)) for kind, lines in universe().items()
    }
    with template.trial() as trial:
        for seed in range(2 if not PROVE else 20):
            built(trial, random.Random(seed).sample(LINES, len(LINES)))
        found = {source.kind: rows(trial.lake, source) for source in SOURCES}
    assert found == expected


def test_a_replay_of_thirty_days_while_new_records_come_changes_nothing_but_those(
    template: Template,
):
    old, live = ([_contact(day, n) for day in range(30) for n in some] for some in ((0, 1), (2,)))
    with template.trial() as trial:
        expected = contents(built(trial, old, live, parsers=PLAIN))
    with template.trial() as trial:
        built(trial, old, parsers=PLAIN)
        for at in range(0, len(live), 10):
            again = random.Random(at).sample(old, len(old) // 2)
            built(trial, [*again, *live[at : at + 10]], parsers=PLAIN)
        assert contents(built(trial, old, parsers=PLAIN)) == expected


def _contact(day: int, number: int) -> Line:
    at = datetime(2026, 1, 1, 23, tzinfo=UTC) + timedelta(days=day)
    return json.dumps(contact(f"c-{day}-{number}", f"{at:%Y-%m-%dT%H:%M:%SZ}"))
