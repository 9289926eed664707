"""Versions that tie, and whole days out of order: one outcome, however often and in what order."""

from __future__ import annotations

import os
from random import Random

import pyarrow as pa
import pytest

from tests.transforms import agent_days
from tests.transforms.agent_days import on, shuffled
from tests.transforms.agent_timelines import made
from tests.transforms.landed import contact, versions
from transforms import tables
from transforms.versions import newest

one_database = agent_days.one_database
pytestmark = pytest.mark.usefixtures("one_database")

PROVE = os.environ.get("PROVE") == "1"
REPLAYS = 5_000 if PROVE else 150
SHUFFLES = 1_000 if PROVE else 30
TIES = versions(
    "contact_record",
    [
        contact(LastUpdateTimestamp="2024-05-06T10:00:00Z", Queue={"Name": queue}, **more)
        for queue in ("a", "b", "c")
        for more in ({}, {"DisconnectReason": "x"}, {"InitiationTimestamp": "2024-05-07T00:00:00Z"})
    ],
)


def test_replays_of_versions_that_tie_have_one_outcome():
    outcomes = set()
    for seed in range(REPLAYS):
        rng = Random(seed)
        some = [*range(len(TIES)), *rng.choices(range(len(TIES)), k=rng.randint(0, 9))]
        rng.shuffle(some)
        cut = rng.randint(0, len(some))
        before = newest(_taken(some[:cut]), tables.CONTACT_RECORD).rows
        after = newest(pa.concat_tables([before, _taken(some[cut:])]), tables.CONTACT_RECORD)
        outcomes.add((str(after.rows.column("record_version")[0]), after.rows.num_rows))
    assert len(outcomes) == 1


def _taken(places: list[int]) -> pa.Table:
    return TIES.take(pa.array(places, pa.int64()))


def test_an_agents_day_in_any_order_and_number_is_the_same_timeline():
    day = [on("08:00:00", "LOGIN", status=None)]
    day += [
        on(f"{8 + n // 6:02d}:{n % 6}0:00", status=status, contacts=contacts)
        for n, (status, contacts) in enumerate(
            [("Available", []), ("Available", ["CONNECTED"]), ("Lunch", ["ENDED"])] * 12
        )
    ]
    day.append(on("17:00:00", "LOGOUT", status=None))
    received = versions("agent_event", day)
    expected = made(newest(received, tables.AGENT_EVENT).rows)
    for seed in range(SHUFFLES):
        again = shuffled(pa.concat_tables([received] * (1 + seed % 3)), Random(seed))
        assert made(newest(again, tables.AGENT_EVENT).rows).equals(expected)
