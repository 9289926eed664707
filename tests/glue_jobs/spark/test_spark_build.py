"""What is built on Spark is equal, row for row, to what the embedded engine builds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from glue_jobs.build import Window
from glue_jobs.parsers import Parsers
from glue_jobs.quality import AuditFailedError
from glue_jobs.raw import RawUnreadableError
from glue_jobs.spark import frames, merging, shares, writing
from tests.centre_records import agent_event, contact, work_item
from tests.twin_lakes import BUILT, Twins, content, plain_parsers, twins
from transforms.taxonomy import Taxonomy

pytestmark = [
    # pyspark leaves sockets to the garbage collector and compares versions the old way; not ours
    # to mend.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
]

MONDAY = date(2026, 1, 5)
# Hand-made events hold no contacts, routing profiles or hierarchies.
WITHOUT_ROWS = {
    "contact_state_interval",
    "agent_queue_statistic_record",
    "routing_profiles",
    "agent_hierarchy_groups",
}

# c-1 to c-3 move to another day (c-3 to one that had no row, c-4's becomes empty), one of them
# under another queue; one record comes again, one is older than what is there, two are rejects.
LATE = [
    contact("c-1", "2026-01-06T09:00:00Z", queue="Claims", updated="2026-01-07T00:00:00Z"),
    contact("c-2", "2026-01-05T10:00:01Z", updated="2026-01-08T00:00:00Z"),
    contact("c-3", "2026-01-10T10:00:00Z", updated="2026-01-21T00:00:00Z"),
    contact("c-4", "2026-01-06T10:00:00Z", updated="2026-01-21T00:00:00Z"),
    contact("c-5", "2026-01-05T10:00:00Z"),
    contact("c-6", "2026-01-05T10:00:00Z", updated="2026-01-01T00:00:00Z"),
    contact("c-7", at="soon"),
    contact("c-8") | {"AgentConnectionAttempts": "often"},
    work_item("w-1", Status="CLOSED", LastUpdateTimestamp="2026-01-06T10:00:00Z"),
    work_item("w-2", "2026-01-09T10:00:00Z", LastUpdateTimestamp="2026-01-09T11:00:00Z"),
    agent_event("e-late", "2026-01-05T23:59:59Z"),
]


def early() -> list[Any]:
    """The first versions of what LATE brings; all of one agent and, nearly all, of one queue."""
    contacts = [contact(f"c-{n}", f"2026-01-05T10:{n:02d}:00Z") for n in range(60)]
    contacts[4] = contact("c-4", "2026-01-12T10:00:00Z")  # alone on its day
    contacts[9] = contact("c-9", "2026-01-05T10:00:00Z", queue="Claims")
    contacts[8] = contact("c-80", "2026-01-15T10:00:00Z", queue=None)
    events = [
        agent_event(f"e-{n}", f"2026-01-05T{8 + n // 6:02d}:{n % 6}0:00Z", kind)
        for n, kind in enumerate(["LOGIN", *["STATE_CHANGE"] * 50, "LOGOUT"])
    ]
    return [*contacts, *events, work_item("w-1"), work_item("w-2", "2026-01-06T09:00:00Z")]


@pytest.fixture(scope="module")
def skewed(engine: Any, tmp_path_factory: pytest.TempPathFactory):
    """One agent and one queue have nearly everything; days without a row lie between; then come
    late updates. What was built, and the contents after each build.
    """
    with twins(tmp_path_factory.mktemp("skewed"), engine) as both:
        built, contents = [], []
        for name, records in (("early", early()), ("late", LATE)):
            both.land(records, name)
            with in_tiny_pieces():
                built.append(both.built())
            contents.append((content(both.here), content(both.there)))
        yield both, built, contents


@contextmanager
def in_tiny_pieces() -> Iterator[None]:
    """A few rows go the ways of many: several pieces, groups of days, and files a day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "ROWS_IN_A_PIECE", 25)
        patch.setattr(writing, "ROWS_IN_A_FILE", 20)
        patch.setattr(merging, "PACKED_BYTES_IN_A_TASK", 1)
        patch.setattr("transforms.days.GROUP_ROWS", 20)
        yield


@pytest.mark.parametrize("build", [0, 1], ids=["first", "late updates"])
@pytest.mark.parametrize("name", BUILT)
def test_every_row_is_equal_on_skewed_keys_and_empty_days(skewed: Any, name: str, build: int):
    here, there = (each.tables[name] for each in skewed[2][build])
    assert here.num_rows or name in WITHOUT_ROWS
    assert here.equals(there)


@pytest.mark.parametrize("build", [0, 1], ids=["first", "late updates"])
def test_counts_are_equal_on_skewed_keys_and_empty_days(skewed: Any, build: int):
    here, there = skewed[1][build]
    assert here == there


def test_the_runs_rows_and_the_rejects_are_equal(skewed: Any):
    here, there = skewed[2][-1]
    assert (len(here.runs), len(here.rejects)) == (2, 2)
    assert (here.runs, here.rejects) == (there.runs, there.rejects)


def test_a_big_day_is_several_files(skewed: Any):
    both, _, _ = skewed
    found = [file for file in both.there.files("contact_record") if "day=2026-01-05" in file]
    assert len(found) == 3


def test_a_day_that_lost_its_last_row_has_no_file(skewed: Any):
    both, _, _ = skewed
    assert date(2026, 1, 12) not in both.there.days("contact_record")


def test_the_same_records_again_change_no_table(skewed: Any):
    both, _, _ = skewed
    before = both.snapshots
    both.land(reversed(early() + LATE[:6]), "again")
    here, there = both.built()
    assert here.sources == there.sources
    assert both.snapshots[1] == before[1]


def test_days_are_derived_anew_under_another_taxonomy(skewed: Any):
    both, _, _ = skewed
    queues = plain_parsers(Taxonomy(category_attributes=(), queue_category={"Billing": "bill"}))
    here, there = both.built(queues, Window(MONDAY, MONDAY + timedelta(days=1)))
    assert here == there
    assert (
        content(both.here)
        .tables["contact_record"]
        .equals(content(both.there).tables["contact_record"])
    )


class Spoilt(Parsers):
    """Parse functions whose contacts have waited for less than no time."""

    def of(self, kind: str) -> Any:
        parse = super().of(kind).parse
        return super().of(kind)._replace(parse=lambda lines: _negative(parse(lines)))


def _negative(rows: pa.Table) -> pa.Table:
    if "queue_duration_ms" not in rows.column_names:
        return rows
    at = rows.schema.get_field_index("queue_duration_ms")
    return rows.set_column(at, "queue_duration_ms", pc.negate(rows.column(at)))


@pytest.fixture
def small(engine: Any, tmp_path: Path):
    """Two lakes in which one contact has landed."""
    with twins(tmp_path, engine) as both:
        both.land([contact("c-1")], "one")
        yield both


def test_a_failed_audit_is_told_alike_commits_nothing_and_leaves_no_file(small: Twins):
    spoilt = Spoilt(plain_parsers().taxonomy, plain_parsers().tokens)
    told = []
    for build in (small.built_here, small.built_there):
        with pytest.raises(AuditFailedError) as caught:
            build(spoilt)
        told.append(str(caught.value))
    files = list(small.there.settings.folder.glob("tables/*/data/**/*.parquet"))
    assert (told[1], small.there.count("contact_record"), files) == (told[0], 0, [])


def test_an_error_of_a_task_is_the_one_that_the_embedded_engine_raises(small: Twins):
    told = []
    for lake, build in ((small.here, small.built_here), (small.there, small.built_there)):
        [(key, _)] = lake.store.keys("raw/")
        lake.store.put(key, lake.store.get(key)[:-9])
        with pytest.raises(RawUnreadableError) as caught:
            build()
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_the_only_way_to_the_driver_is_told():
    """`told` collects what is for the driver; nothing else in the package collects anything."""
    ways = re.compile(r"\.(collect|toPandas|toLocalIterator|take|head|first|show|rdd)\(")
    sources = Path(frames.__file__).parent.glob("*.py")
    found = [(path.name, way) for path in sources for way in ways.findall(path.read_text())]
    assert sorted(found) == [
        ("frames.py", "collect"),
        ("writing.py", "take"),  # of an Iceberg change
    ]
