"""The simulator's deliveries: streams as they are, contacts and agents as they could be."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections import Counter, defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.centre import ImpossibleCentreError
from ingestion.records import outcomes
from ingestion.simulator import (
    OccupiedFolderError,
    Truth,
    deliveries,
    invented_centre,
    write,
)
from tests.ingestion.simulated import (
    MONDAY,
    SUNDAY,
    Run,
    bodies,
    seconds,
    small_run,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run() -> Run:
    return small_run()


def _fingerprint(seed: int) -> list[tuple[datetime, str, str, bytes]]:
    centre = invented_centre(agents=8, queues=3, categories=4)
    return [tuple(each) for each in deliveries(centre, SUNDAY, 1, seed, Truth())]


# Delivery


def test_equal_arguments_give_equal_deliveries() -> None:
    assert _fingerprint(5) == _fingerprint(5)


def test_another_seed_gives_other_deliveries() -> None:
    assert _fingerprint(5) != _fingerprint(6)


def test_deliveries_come_in_order_of_time(run: Run) -> None:
    instants = [each.at for each in run.delivered]
    assert sorted(instants) == instants


@pytest.mark.parametrize(
    ("kind", "key"),
    [("contact_record", "ContactId"), ("agent_event", "EventId"), ("work_item", "WorkItemId")],
)
def test_the_funnel_is_what_was_delivered(run: Run, kind: str, key: str) -> None:
    told = [each.body for each in run.delivered if each.kind == kind]
    rows = len({json.loads(body)[key] for body in told})
    distinct = len(set(told))
    counted = {
        "produced": len(told),
        "duplicates": len(told) - distinct,
        "superseded": distinct - rows,
        "rows": rows,
    }
    assert counted == run.truth["deliveries"][kind]


def test_some_records_come_twice_and_some_out_of_order(run: Run) -> None:
    told = [
        json.loads(each.body)["LastUpdateTimestamp"]
        for each in run.delivered
        if each.kind == "contact_record"
    ]
    assert run.truth["deliveries"]["contact_record"]["duplicates"] > 0
    assert sorted(told) != told


def test_partition_keys_are_those_of_amazon_connect(run: Run) -> None:
    names = {
        "contact_record": "ContactId",
        "agent_event": "AgentARN",
        "work_item": "WorkItemId",
    }
    assert all(json.loads(each.body)[names[each.kind]] == each.key for each in run.delivered)


def test_bodies_are_one_compact_json_object_each(run: Run) -> None:
    compact = [
        json.dumps(json.loads(each.body), separators=(",", ":")).encode()
        for each in run.delivered[:3000]
    ]
    assert compact == [each.body for each in run.delivered[:3000]]


def test_an_update_redacts_the_customer(run: Run) -> None:
    redacted = [
        record for record in run.contacts if "connect:RedactedFields" in record["SegmentAttributes"]
    ]
    assert redacted
    assert all(record["CustomerEndpoint"] is None for record in redacted)


def test_the_lake_takes_every_record_for_what_it_is(run: Run) -> None:
    told = [(each.kind, each.body) for each in run.delivered[:3000]]
    taken = [outcome for _, body in told for outcome in outcomes(body)]
    assert told == taken


# Contacts


def test_contacts_keep_the_identities_of_real_records(run: Run) -> None:
    wrong = [record["ContactId"] for record in run.contacts if not _is_sound(record)]
    assert wrong == []


def _is_sound(record: dict[str, Any]) -> bool:
    agent, queue = record["Agent"], record["Queue"]
    start, end = record["InitiationTimestamp"], record["DisconnectTimestamp"]
    is_first = record["InitialContactId"] is None
    sound = start <= end and is_first == (record["PreviousContactId"] is None)
    ended = end
    if queue and queue["EnqueueTimestamp"]:
        enqueued, dequeued = queue["EnqueueTimestamp"], queue["DequeueTimestamp"]
        sound &= start <= enqueued and queue["Duration"] == seconds(enqueued, dequeued)
    if agent:
        sound &= _is_sound_work(record)
        ended = max(end, agent["AfterContactWorkEndTimestamp"])
    return bool(sound and seconds(ended, record["LastUpdateTimestamp"]) >= 62)


def _is_sound_work(record: dict[str, Any]) -> bool:
    agent, end = record["Agent"], record["DisconnectTimestamp"]
    connected, left = agent["ConnectedToAgentTimestamp"], agent["AfterContactWorkStartTimestamp"]
    talked, held, paused, worked = (
        agent[name]
        for name in (
            "AgentInteractionDuration",
            "CustomerHoldDuration",
            "AgentPauseDuration",
            "AfterContactWorkDuration",
        )
    )
    sound = left == end or bool(record["TransferredToEndpoint"] and left < end)
    sound &= worked == seconds(left, agent["AfterContactWorkEndTimestamp"])
    sound &= agent["LongestHoldDuration"] <= held and talked >= 0
    if record["InitiationMethod"] != "OUTBOUND":
        sound &= record["Queue"]["DequeueTimestamp"] == connected
        sound &= record["AgentConnectionAttempts"] >= 1
    if connected:
        return bool(sound and seconds(connected, left) == talked + held + paused)
    return bool(sound and talked + held + paused == 0)


def test_the_first_version_is_told_62_to_68_seconds_after_the_end(run: Run) -> None:
    first: dict[str, dict[str, Any]] = {}
    for record in bodies(run.delivered, "contact_record"):
        known = first.setdefault(record["ContactId"], record)
        if record["LastUpdateTimestamp"] < known["LastUpdateTimestamp"]:
            first[record["ContactId"]] = record
    delays = {
        seconds(
            max(
                (record["Agent"] or {}).get("AfterContactWorkEndTimestamp", ""),
                record["DisconnectTimestamp"],
            ),
            record["LastUpdateTimestamp"],
        )
        for record in first.values()
    }
    assert set(range(62, 69)) == delays


def test_chains_link_both_ways(run: Run) -> None:
    by_id = {record["ContactId"]: record for record in run.contacts}
    forward = {(r["ContactId"], r["NextContactId"]) for r in run.contacts if r["NextContactId"]}
    backward = {
        (r["PreviousContactId"], r["ContactId"]) for r in run.contacts if r["PreviousContactId"]
    }
    first = {
        by_id[r["InitialContactId"]]["InitialContactId"]
        for r in run.contacts
        if r["InitialContactId"]
    }
    assert forward == backward
    assert first == {None}


def test_every_way_a_contact_can_go_is_gone(run: Run) -> None:
    ways = {(record["Channel"], record["InitiationMethod"]) for record in run.contacts}
    expected = {
        ("VOICE", "INBOUND"),
        ("VOICE", "TRANSFER"),
        ("VOICE", "CALLBACK"),
        ("VOICE", "QUEUE_TRANSFER"),
        ("VOICE", "OUTBOUND"),
        ("CHAT", "API"),
        ("TASK", "API"),
    }
    assert expected == ways


def test_transfers_are_cold_and_warm(run: Run) -> None:
    passed_on = [r for r in run.contacts if r["NextContactId"] and r["Agent"]]
    assert {True, False} == {r["TransferCompletedTimestamp"] is None for r in passed_on}


def test_some_transfers_leave_the_centre_and_the_customer_talks_on(run: Run) -> None:
    outside = [r for r in run.contacts if r["TransferredToEndpoint"]]
    addresses = {r["TransferredToEndpoint"]["Address"] for r in outside}
    assert addresses == {"+12025550199"}
    assert all(
        r["Agent"]["AfterContactWorkStartTimestamp"] < r["DisconnectTimestamp"] for r in outside
    )


def test_a_call_moved_to_another_queue_leaves_its_own_completed(run: Run) -> None:
    by_id = {record["ContactId"]: record for record in run.contacts}
    moved = [r for r in run.contacts if r["InitiationMethod"] == "QUEUE_TRANSFER"]
    before = [by_id[r["PreviousContactId"]] for r in moved]
    assert all(r["TransferCompletedTimestamp"] and not r["Agent"] for r in before)
    assert all(a["Queue"]["Name"] != b["Queue"]["Name"] for a, b in zip(before, moved, strict=True))


def test_agents_phone_customers_of_whom_some_do_not_answer(run: Run) -> None:
    phoned = [r for r in run.contacts if r["InitiationMethod"] == "OUTBOUND"]
    assert {
        (r["AnsweringMachineDetectionStatus"], r["Agent"]["ConnectedToAgentTimestamp"] is None)
        for r in phoned
    } == {("HUMAN_ANSWERED", False), ("AMD_UNANSWERED", True)}
    assert {r["Queue"]["EnqueueTimestamp"] for r in phoned} == {None}


def test_some_contacts_were_offered_to_an_agent_who_did_not_answer(run: Run) -> None:
    assert any(r["Agent"] and r["AgentConnectionAttempts"] > 1 for r in run.contacts)


# Work items


def test_open_work_recounted_from_the_newest_items_is_the_truth(run: Run) -> None:
    left: Counter[str] = Counter()
    for item in run.items:
        if item["Status"] == "OPEN":
            left[item["AgentUsername"]] += item["RemainingMinutes"]
    assert left == run.truth["open_work"]


def test_work_items_are_closed_when_nothing_remains(run: Run) -> None:
    assert {True, False} == {item["Status"] == "CLOSED" for item in run.items}
    assert all(
        (item["Status"] == "CLOSED") == (item["RemainingMinutes"] == 0) for item in run.items
    )


# The whole


def test_the_understaffed_queue_has_the_most_wait_minutes() -> None:
    truth = Truth()
    centre = invented_centre(agents=40, understaffed="Accounts")
    for _ in deliveries(centre, MONDAY, 1, 1, truth):
        pass
    queues = truth.as_dict()["contact_metrics"]["queue"]
    assert max(queues, key=lambda name: queues[name]["wait_minutes"]) == "Accounts"


def test_customers_wait_tens_of_seconds_and_few_give_up() -> None:
    truth = Truth()
    for _ in deliveries(invented_centre(), date(2026, 1, 6), 1, 1, truth):
        pass
    whole = truth.as_dict()["contact_metrics"]["all"]["ALL"]
    assert 4000 <= whole["contacts"] <= 6000
    assert 0.03 <= whole["contacts_abandoned"] / whole["contacts_queued"] <= 0.08
    assert 10 <= whole["wait_ms"] / 1000 / whole["contacts_queued"] <= 90


def _peak_bytes(days: int) -> int:
    centre = invented_centre(agents=6, queues=2, categories=2)
    tracemalloc.start()
    try:
        for _ in deliveries(centre, MONDAY, days, 1, Truth()):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_days() -> None:
    assert _peak_bytes(9) <= 1.3 * _peak_bytes(3)


def test_less_than_a_day_is_refused() -> None:
    with pytest.raises(ImpossibleCentreError, match="0 days cannot be simulated"):
        next(deliveries(invented_centre(agents=1), MONDAY, 0, 1, Truth()))


# Files


def test_files_hold_every_delivery_on_its_day(tmp_path: Path) -> None:
    centre = invented_centre(agents=8, queues=3, categories=4)
    truth = Truth()
    expected: dict[str, bytes] = defaultdict(bytes)
    for each in deliveries(centre, SUNDAY, 1, 2, truth):
        expected[f"{each.kind}-{each.at.date()}.ndjson.gz"] += each.body + b"\n"
    told = write(tmp_path, centre, SUNDAY, 1, 2)
    actual = {path.name: gzip.decompress(path.read_bytes()) for path in tmp_path.glob("*.gz")}
    assert expected == actual
    assert truth.as_dict() == told == json.loads((tmp_path / "truth.json").read_text())


def test_equal_runs_write_equal_files(tmp_path: Path) -> None:
    centre = invented_centre(agents=4, queues=2, categories=2)
    for name in ("one", "two"):
        write(tmp_path / name, centre, SUNDAY, 1, 2)
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two


def test_a_folder_with_records_of_another_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "work_item-2026-01-04.ndjson.gz").write_bytes(b"")
    with pytest.raises(OccupiedFolderError, match="already holds simulated records"):
        write(tmp_path, invented_centre(agents=1), SUNDAY, 1, 1)


def test_progress_is_told_day_by_day(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    centre = invented_centre(agents=2, queues=1, categories=1)
    write(tmp_path, centre, SUNDAY, 2, 2, progress=lambda done, days: told.append((done, days)))
    assert told == [(1, 2), (2, 2)]
