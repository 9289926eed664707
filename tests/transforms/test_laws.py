"""The laws that make replays, overlaps, back-fills and splitting safe, for every source and step.

Every example is a handful of lines out of a pool that was parsed once: contacts in several
versions (equal instants, none, moved to another day), agents' events around midnight with silences
wherever lines are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.landed import contact, event, versions, work
from transforms.pipeline import SOURCES, STEPS, Source, Step
from transforms.schema import Table
from transforms.versions import newest

FIRST_DAY = date(2024, 5, 4)
DAYS = 5
POOL = 240
MANY = 30

every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.kind)
every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.writes.name)


# -- the pool ---------------------------------------------------------------------------------


def instants(rng: Random) -> Iterator[str]:
    """Instants of a few days, many of them equal and many at midnight."""
    while True:
        day = FIRST_DAY + timedelta(days=rng.randrange(DAYS))
        clock = rng.choice(
            ["00:00:00", "00:00:00", "00:00:30", "23:59:59.999", "23:58:00"]
            + [f"{rng.randrange(8, 10):02d}:{rng.randrange(60):02d}:00"] * 3
        )
        yield f"{day}T{clock}Z"


def contacts(rng: Random) -> Iterator[dict[str, Any]]:
    when = instants(rng)
    for _ in range(POOL):
        start, update = next(when), rng.choice([None, next(when), "2024-05-09T00:00:00Z"])
        queue = {
            "Name": rng.choice(["Billing", "Orders", None]),
            "EnqueueTimestamp": rng.choice([start, None]),
            "Duration": rng.choice([None, 0, 19, 20, 400]),
        }
        agent = {
            "ARN": "arn/instance/i-1/agent/ada",
            "ConnectedToAgentTimestamp": rng.choice([start, None]),
            "AgentInteractionDuration": rng.choice([None, 60, 61]),
            "AfterContactWorkDuration": rng.choice([None, 5]),
        }
        yield contact(
            ContactId=f"c-{rng.randrange(POOL // 4)}",
            InitiationTimestamp=start,
            LastUpdateTimestamp=update,
            Channel=rng.choice(["VOICE", "CHAT", None]),
            NextContactId=rng.choice([None, None, "c-0"]),
            Attributes={"category": rng.choice(["invoice", "refund", ""])},
            Queue=rng.choice([queue, None]),
            Agent=rng.choice([agent, None]),
            SegmentAttributes=rng.choice([None, {"connect:RedactedFields": "a,b"}]),
        )


def events(rng: Random) -> Iterator[dict[str, Any]]:
    when = instants(rng)
    for number in range(POOL):
        record = event(
            next(when),
            rng.choice(["LOGIN", "LOGOUT", "HEART_BEAT", "HEART_BEAT", *["STATE_CHANGE"] * 4]),
            agent=rng.choice(["ada", "bela"]),
            status=rng.choice(["Available", "Available", "Lunch", "Offline", "Error", None]),
            contacts=rng.choices(
                ["CONNECTED", "ENDED", "MISSED", "CONNECTING", "ERROR"], k=rng.randrange(3)
            ),
            EventId=f"e-{rng.choice([number, rng.randrange(POOL)])}",
        )
        if record["CurrentAgentSnapshot"]:
            record["CurrentAgentSnapshot"]["Configuration"] |= {
                "RoutingProfile": {"InboundQueues": [{"ARN": "q", "Name": "Billing"}]},
                "Proficiencies": [
                    {"Name": "product", "Value": "loans", "ProficiencyLevel": rng.randrange(1, 6)}
                ],
            }
        yield record


def works(rng: Random) -> Iterator[dict[str, Any]]:
    when = instants(rng)
    for _ in range(POOL):
        yield work(
            WorkItemId=f"w-{rng.randrange(POOL // 6)}",
            OpenedTimestamp=rng.choice([next(when), "2024-05-06T09:00:00Z"]),
            LastUpdateTimestamp=rng.choice([None, next(when), "2024-05-09T00:00:00Z"]),
            AgentUsername=rng.choice(["ada", "bela", None]),
            Status=rng.choice(["OPEN", "CLOSED"]),
            RemainingMinutes=rng.choice([None, 0, 30]),
        )


@cache
def pool(name: str) -> pa.Table:
    """Every version in the pool of a source's table."""
    made = {"contact_record": contacts, "agent_event": events, "work_item": works}[name]
    return versions(name, made(Random(name)))


line = st.integers(0, POOL - 1)
some = st.one_of(st.lists(line, max_size=8), st.lists(line, min_size=MANY, max_size=2 * MANY))


@st.composite
def shuffles(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Some lines, and the same in another order."""
    lines = draw(some)
    return lines, draw(st.permutations(lines))


def landed(name: str, lines: list[int]) -> pa.Table:
    return pool(name).take(pa.array(lines, pa.int64()))


def silver(table: Table, lines: list[int]) -> pa.Table:
    """The rows that a step reads: unique keys."""
    return newest(landed(table.name, lines), table).rows


def output(step: Step, rows: pa.Table) -> pa.Table:
    return step.writes.conform(step.function(rows))


def in_order(rows: pa.Table, table: Table) -> pa.Table:
    names = [*table.key, *(name for name in table.names if name not in table.key)]
    return rows.sort_by([(name, "ascending") for name in names]).combine_chunks()


@pytest.fixture(autouse=True, scope="module")
def _one_database() -> Iterator[None]:
    """Opening a database takes longer than most examples; a connection to one that is open none."""
    with duckdb.connect() as database, pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", database.cursor)
        yield


# -- sources ----------------------------------------------------------------------------------


@every_source
@given(shuffles())
def test_the_newest_versions_do_not_depend_on_the_order_of_delivery(source: Source, lines):
    here, there = (newest(landed(source.kind, order), source.writes) for order in lines)
    assert here == there


@every_source
@given(some)
def test_lines_delivered_twice_are_duplicates_and_nothing_else(source: Source, lines):
    once = newest(landed(source.kind, lines), source.writes)
    twice = newest(landed(source.kind, lines * 2), source.writes)
    assert once._replace(duplicates=once.duplicates + len(lines)) == twice


@every_source
@given(some)
def test_every_line_is_a_row_a_duplicate_or_superseded(source: Source, lines):
    found = newest(landed(source.kind, lines), source.writes)
    assert len(lines) == found.rows.num_rows + found.duplicates + found.superseded


@every_source
@given(some, some, some)
def test_versions_merge_in_any_grouping_and_order(source: Source, a, b, c):
    def merged(*parts: pa.Table) -> pa.Table:
        return newest(pa.concat_tables(parts), source.writes).rows

    first, second, third = (landed(source.kind, lines) for lines in (a, b, c))
    left = merged(merged(first, second), third)
    right = merged(third, merged(second, first))
    assert left.equals(right)


@every_source
@given(some)
def test_merging_a_table_with_itself_changes_nothing(source: Source, lines):
    rows = newest(landed(source.kind, lines), source.writes).rows
    assert rows.equals(newest(pa.concat_tables([rows, rows]), source.writes).rows)


# -- steps ------------------------------------------------------------------------------------


@every_step
@given(shuffles())
def test_a_step_does_not_depend_on_the_order_of_rows(step: Step, lines):
    rows = silver(step.reads, lines[0])
    order = sorted(range(rows.num_rows), key=lines[1].__getitem__)
    assert output(step, rows).equals(output(step, rows.take(pa.array(order, pa.int64()))))


@every_step
@given(some, st.integers(2, 4))
def test_a_step_split_by_what_stays_together_gives_the_same_rows(step: Step, lines, parts):
    rows = silver(step.reads, lines)
    groups = list(zip(*(rows.column(name).to_pylist() for name in step.together), strict=True))
    numbers = {group: number % parts for number, group in enumerate(sorted(set(groups), key=str))}
    part_of = pa.array([numbers[group] for group in groups], pa.int64())
    split = [output(step, rows.filter(pc.equal(part_of, part))) for part in range(parts)]
    whole, joined = (
        in_order(t, step.writes) for t in (output(step, rows), pa.concat_tables(split))
    )
    assert whole.equals(joined)


@every_step
@given(some, st.integers(-1, DAYS))
def test_a_day_needs_only_the_days_within_reach(step: Step, lines, number):
    rows = silver(step.reads, lines)
    day = FIRST_DAY + timedelta(days=number)
    near = [day + timedelta(days=n) for n in range(-step.reach, step.reach + 1)]
    part = output(step, rows.filter(pc.field("day").isin(near)))
    wanted = pc.field("day") == day
    assert output(step, rows).filter(wanted).equals(part.filter(wanted))


@every_step
def test_a_step_of_nothing_is_nothing(step: Step):
    assert output(step, step.reads.empty()).equals(step.writes.empty())
