"""The laws that make replays, overlaps, back-fills and splitting safe, for every source and step.

Every example is a handful of lines out of a pool that was parsed once: contacts in several
versions (equal instants, none, moved to another day), agents' events around midnight with silences
wherever lines are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.landed import INSTANCE, contact, event, versions, work
from transforms.pipeline import SOURCES, STEPS, Source, Step
from transforms.schema import Table
from transforms.versions import newest

FIRST_DAY = date(2024, 5, 4)
DAYS = 5
POOL = 240
MANY = 30

STEP = {step.writes.name: step for step in STEPS}

every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.kind)


def each(steps: Iterable[Step]) -> pytest.MarkDecorator:
    """The test, for each of the steps."""
    return pytest.mark.parametrize("step", list(steps), ids=lambda step: step.writes.name)


every_step = each(STEPS)
every_daily_step = each(step for step in STEPS if step.writes.is_daily)
every_undated_step = each(step for step in STEPS if not step.writes.is_daily)


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
            "AgentInteractionDuration": rng.choice([None, 59, 60]),
            "AfterContactWorkDuration": rng.choice([None, 5]),
        }
        yield contact(
            ContactId=f"c-{rng.randrange(POOL // 4)}",
            InitiationTimestamp=start,
            LastUpdateTimestamp=update,
            Channel=rng.choice(["VOICE", "CHAT", None]),
            InitialContactId=rng.choice([None, "c-0", "c-1"]),
            PreviousContactId=rng.choice([None, "c-1", "c-2"]),
            NextContactId=rng.choice([None, None, "c-0"]),
            InitiationMethod=rng.choice(["INBOUND", "TRANSFER", "QUEUE_TRANSFER", "CALLBACK"]),
            DisconnectTimestamp=rng.choice([None, max(start, next(when))]),
            TransferCompletedTimestamp=rng.choice([None, None, next(when)]),
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
            profile, group = rng.choice(["p-1", "p-2"]), rng.choice(["g-1", "g-2"])
            record["CurrentAgentSnapshot"]["Configuration"] |= {
                "RoutingProfile": {
                    "ARN": f"{INSTANCE}/routing-profile/{profile}",
                    "Name": rng.choice(["Sales", "Service"]),
                    "InboundQueues": [{"ARN": "q", "Name": "Billing"}],
                },
                "AgentHierarchyGroups": rng.choice(
                    [None, {"Level1": {"ARN": f"{INSTANCE}/agent-group/{group}", "Name": group}}]
                ),
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


def inputs(step: Step, lines: list[int]) -> list[pa.Table]:
    """What a step reads when these lines of every pool have landed."""
    made: dict[str, pa.Table] = {}
    return [
        rows(table, lines, made).select(columns or table.names) for table, columns in step.reads
    ]


def rows(table: Table, lines: list[int], made: dict[str, pa.Table]) -> pa.Table:
    """The rows of a table after these lines; every table on the way is `made` once."""
    if table.name not in made:
        step = STEP.get(table.name)
        read = [rows(t, lines, made).select(c or t.names) for t, c in step.reads] if step else []
        made[table.name] = output(step, read) if step else silver(table, lines)
    return made[table.name]


def output(step: Step, read: Sequence[pa.Table]) -> pa.Table:
    rows = step.writes.conform(step.function(*read))
    return rows if step.writes.is_daily else newest(rows, step.writes).rows


def in_order(rows: pa.Table, table: Table) -> pa.Table:
    plain = [c.name for c in table.columns if not pa.types.is_nested(c.type)]
    names = [*table.key, *(name for name in plain if name not in table.key)]
    return rows.sort_by([(name, "ascending") for name in names]).combine_chunks()


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


def shuffled(rows: pa.Table, order: list[int]) -> pa.Table:
    """`rows` in an order that follows from any list of numbers."""
    wanted = sorted(range(rows.num_rows), key=lambda n: (order[n % len(order)], n) if order else n)
    return rows.take(pa.array(wanted, pa.int64()))


def on_days(rows: pa.Table, days: list[date]) -> pa.Table:
    return rows.filter(pc.field("day").isin(days))


def around(day: date, reach: int) -> list[date]:
    return [day + timedelta(days=n) for n in range(-reach, reach + 1)]


@every_step
@given(shuffles())
def test_a_step_does_not_depend_on_the_order_of_rows(step: Step, lines):
    read = inputs(step, lines[0])
    expected = output(step, read)
    assert expected.equals(output(step, [shuffled(rows, lines[1]) for rows in read]))


@every_step
@given(some, st.integers(2, 4))
def test_a_step_split_by_what_stays_together_gives_the_same_rows(step: Step, lines, parts):
    read = inputs(step, lines)
    splits = list(zip(*(pieces(rows, step.together, parts) for rows in read), strict=True))
    found = pa.concat_tables(output(step, piece) for piece in splits)
    joined = found if step.writes.is_daily else newest(found, step.writes).rows
    assert in_order(output(step, read), step.writes).equals(in_order(joined, step.writes))


def pieces(rows: pa.Table, together: tuple[str, ...], parts: int) -> list[pa.Table]:
    """`rows` in `parts` pieces, equal ones of `together` in one; all of it if it lacks a column."""
    if not set(together) <= set(rows.column_names):
        return [rows] * parts
    groups = list(zip(*(rows.column(name).to_pylist() for name in together), strict=True))
    part_of = pa.array([crc32(repr(group).encode()) % parts for group in groups], pa.int64())
    return [rows.filter(pc.equal(part_of, part)) for part in range(parts)]


@every_daily_step
@given(some, st.integers(-1, DAYS))
def test_a_day_needs_only_the_days_within_reach(step: Step, lines, number):
    read = inputs(step, lines)
    day = FIRST_DAY + timedelta(days=number)
    near = [on_days(rows, around(day, step.reach)) for rows in read]
    expected = on_days(output(step, read), [day])
    assert expected.equals(on_days(output(step, near), [day]))


@every_undated_step
@given(some, st.integers(-1, DAYS))
def test_a_table_without_days_learns_day_by_day(step: Step, lines, number):
    read = inputs(step, lines)
    day = FIRST_DAY + timedelta(days=number)
    others = [FIRST_DAY + timedelta(days=n) for n in range(-1, DAYS + 2) if n != number]
    found = [output(step, [on_days(rows, days) for rows in read]) for days in (others, [day])]
    assert output(step, read).equals(newest(pa.concat_tables(found), step.writes).rows)


@every_step
def test_a_step_of_nothing_is_nothing(step: Step):
    read = [table.empty().select(columns or table.names) for table, columns in step.reads]
    assert output(step, read).equals(step.writes.empty())
