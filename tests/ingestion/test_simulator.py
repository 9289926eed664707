"""The simulator's deliveries, recounted by plain code, must come to its truth."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ingestion.centre import ImpossibleCentreError
from ingestion.records import outcomes
from ingestion.simulator import (
    Delivery,
    OccupiedFolderError,
    Truth,
    deliveries,
    invented_centre,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MONDAY = date(2026, 1, 5)
SUNDAY = date(2026, 1, 4)


class Run(NamedTuple):
    delivered: list[Delivery]
    truth: dict[str, Any]
    contacts: list[dict[str, Any]]
    events: dict[str, list[dict[str, Any]]]  # of each agent, in order of time
    items: list[dict[str, Any]]


@pytest.fixture(scope="module")
def run() -> Run:
    truth = Truth(intervals=True)
    centre = invented_centre(agents=20)
    delivered = list(deliveries(centre, MONDAY, 2, 3, truth))
    events: dict[str, dict[str, Any]] = {}
    for event in _bodies(delivered, "agent_event"):
        events[event["EventId"]] = event
    by_agent = defaultdict(list)
    for event in sorted(events.values(), key=lambda each: each["EventTimestamp"]):
        by_agent[event["AgentARN"]].append(event)
    return Run(
        delivered,
        truth.as_dict(),
        _newest(_bodies(delivered, "contact_record"), "ContactId"),
        dict(by_agent),
        _newest(_bodies(delivered, "work_item"), "WorkItemId"),
    )


def _bodies(delivered: list[Delivery], kind: str) -> Iterator[dict[str, Any]]:
    return (json.loads(each.body) for each in delivered if each.kind == kind)


def _newest(versions: Iterator[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    newest: dict[str, dict[str, Any]] = {}
    for version in versions:
        known = newest.get(version[key])
        if known is None or known["LastUpdateTimestamp"] < version["LastUpdateTimestamp"]:
            newest[version[key]] = version
    return list(newest.values())


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _seconds(since: str, until: str) -> float:
    return (_instant(until) - _instant(since)).total_seconds()


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
    bodies = [each.body for each in run.delivered if each.kind == kind]
    rows = len({json.loads(body)[key] for body in bodies})
    distinct = len(set(bodies))
    counted = {
        "produced": len(bodies),
        "duplicates": len(bodies) - distinct,
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


def _abandoned(record: dict[str, Any]) -> bool:
    return bool(record["Queue"]) and not record["Agent"] and not record["NextContactId"]


def _handle_s(record: dict[str, Any]) -> int:
    agent = record["Agent"]
    parts = (
        "AgentInteractionDuration",
        "CustomerHoldDuration",
        "AfterContactWorkDuration",
        "AgentPauseDuration",
    )
    return sum(agent[part] for part in parts)


def _group(record: dict[str, Any], by: str) -> str:
    return {
        "all": "ALL",
        "category": record["Attributes"].get("category", "uncategorised"),
        "queue": record["Queue"]["Name"] if record["Queue"] else "(no queue)",
        "channel": record["Channel"],
        "day": record["InitiationTimestamp"][:10],
    }[by]


def _mean(values: list[int]) -> float | None:
    return sum(values) / len(values) if values else None


def _recount(records: list[dict[str, Any]]) -> dict[str, Any]:
    queued = [record for record in records if record["Queue"]]
    handled = [record for record in records if record["Agent"]]
    answered = [record["Queue"]["Duration"] for record in queued if record["Agent"]]
    given_up = [record["Queue"]["Duration"] for record in queued if _abandoned(record)]
    waits = [record["Queue"]["Duration"] for record in queued]
    handling = [_handle_s(record) for record in handled]
    soon = [wait for wait in waits if wait < 20]
    return {
        "contacts": len(records),
        "contacts_queued": len(queued),
        "contacts_handled": len(handled),
        "contacts_abandoned": len(given_up),
        "avg_queue_answer_time_s": _mean(answered),
        "avg_handle_time_s": _mean(handling),
        "avg_abandon_time_s": _mean(given_up),
        "service_level_20_removed": len(soon) / len(queued) if queued else None,
        "service_level_20_answered": (
            len([wait for wait in answered if wait < 20]) / len(queued) if queued else None
        ),
        "wait_minutes": sum(waits) / 60,
        "queue_answer_time_ms": sum(answered) * 1000,
        "handle_time_ms": sum(handling) * 1000,
        "abandon_time_ms": sum(given_up) * 1000,
        "wait_ms": sum(waits) * 1000,
    }


@pytest.mark.parametrize("by", ["all", "category", "queue", "channel", "day"])
def test_metrics_recounted_from_the_newest_records_are_the_truth(run: Run, by: str) -> None:
    groups = defaultdict(list)
    for record in run.contacts:
        groups[_group(record, by)].append(record)
    recounted = {name: _recount(records) for name, records in groups.items()}
    assert recounted == run.truth["contact_metrics"][by]


def test_quarters_of_an_hour_add_up_to_the_whole(run: Run) -> None:
    whole = run.truth["contact_metrics"]["all"]["ALL"]
    names = ("contacts", "contacts_queued", "contacts_abandoned", "wait_ms", "handle_time_ms")
    summed = {name: sum(row[name] for row in run.truth["calls"]) for name in names}
    assert {name: whole[name] for name in names} == summed


def test_contacts_keep_the_identities_of_real_records(run: Run) -> None:
    wrong = [record["ContactId"] for record in run.contacts if not _is_sound(record)]
    assert wrong == []


def _is_sound(record: dict[str, Any]) -> bool:
    agent, queue = record["Agent"], record["Queue"]
    start, end = record["InitiationTimestamp"], record["DisconnectTimestamp"]
    sound = start <= end and (record["InitialContactId"] is None) == (
        record["PreviousContactId"] is None
    )
    ended = end
    if queue:
        enqueued, dequeued = queue["EnqueueTimestamp"], queue["DequeueTimestamp"]
        sound &= start <= enqueued and queue["Duration"] == _seconds(enqueued, dequeued)
    if agent:
        connected = agent["ConnectedToAgentTimestamp"]
        after, ended = (
            agent["AfterContactWorkStartTimestamp"],
            agent["AfterContactWorkEndTimestamp"],
        )
        sound &= queue["DequeueTimestamp"] == connected and after == end
        sound &= agent["AfterContactWorkDuration"] == _seconds(after, ended)
        sound &= _seconds(connected, end) == _handle_s(record) - agent["AfterContactWorkDuration"]
        sound &= agent["AgentInteractionDuration"] >= 0 and record["AgentConnectionAttempts"] >= 1
        sound &= agent["LongestHoldDuration"] <= agent["CustomerHoldDuration"]
    return bool(sound and _seconds(ended, record["LastUpdateTimestamp"]) >= 62)


def test_the_first_version_is_told_62_to_68_seconds_after_the_end(run: Run) -> None:
    first: dict[str, dict[str, Any]] = {}
    for record in _bodies(run.delivered, "contact_record"):
        known = first.setdefault(record["ContactId"], record)
        if record["LastUpdateTimestamp"] < known["LastUpdateTimestamp"]:
            first[record["ContactId"]] = record
    delays = {
        _seconds(
            (record["Agent"] or {}).get("AfterContactWorkEndTimestamp")
            or record["DisconnectTimestamp"],
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
        ("CHAT", "API"),
        ("TASK", "API"),
    }
    assert expected == ways


def test_transfers_are_cold_and_warm(run: Run) -> None:
    passed_on = [r for r in run.contacts if r["NextContactId"] and r["Agent"]]
    assert {True, False} == {r["TransferCompletedTimestamp"] is None for r in passed_on}


def test_some_contacts_were_offered_to_an_agent_who_did_not_answer(run: Run) -> None:
    assert any(r["Agent"] and r["AgentConnectionAttempts"] > 1 for r in run.contacts)


# Agents


def _state(snapshot: dict[str, Any]) -> str | None:
    states = {contact["State"] for contact in snapshot["Contacts"]}
    for state in ("ERROR", "MISSED", "REJECTED"):
        if state in states:
            return state.lower()
    if states & {"CONNECTED", "CONNECTED_ONHOLD", "PAUSED"}:
        return "on_contact"
    if "ENDED" in states:
        return "after_contact_work"
    if states:
        return "incoming"
    kinds = {"ROUTABLE": "available", "CUSTOM": "custom", "OFFLINE": None}
    return kinds[snapshot["AgentStatus"]["Type"]]


def _timeline(events: list[dict[str, Any]]) -> Iterator[tuple[str, datetime, datetime]]:
    for event, following in pairwise(events):
        snapshot = event["CurrentAgentSnapshot"]
        state = _state(snapshot) if snapshot else None
        if state:
            yield state, _instant(event["EventTimestamp"]), _instant(following["EventTimestamp"])


def _whole_ms(length: timedelta) -> int:
    return round(length / timedelta(milliseconds=1))


def test_time_in_states_recomputed_from_the_events_is_the_truth(run: Run) -> None:
    recomputed = {}
    for events in run.events.values():
        times: Counter[str] = Counter()
        for state, start, end in _timeline(events):
            times[state] += _whole_ms(end - start)
        username = events[1]["CurrentAgentSnapshot"]["Configuration"]["Username"]
        recomputed[username] = dict(times)
    assert recomputed == run.truth["agent_state_ms"]


def test_time_in_states_is_cut_at_midnight(run: Run) -> None:
    recomputed: dict[str, Counter[str]] = defaultdict(Counter)
    for events in run.events.values():
        for state, start, end in _timeline(events):
            begun = start
            while begun < end:
                midnight = datetime.combine(begun.date() + timedelta(days=1), datetime.min.time())
                cut = min(end, midnight.replace(tzinfo=UTC))
                recomputed[begun.date().isoformat()][state] += _whole_ms(cut - begun)
                begun = cut
    assert recomputed == run.truth["agent_state_ms_by_day"]


def test_somebody_works_across_midnight(run: Run) -> None:
    midnight = "2026-01-06T00:00:00"
    spans = [
        state
        for events in run.events.values()
        for state, start, end in _timeline(events)
        if start < datetime.fromisoformat(midnight).replace(tzinfo=UTC) < end
    ]
    assert spans


def test_an_agents_events_never_share_an_instant(run: Run) -> None:
    instants = [
        (agent, event["EventTimestamp"]) for agent, events in run.events.items() for event in events
    ]
    assert len(set(instants)) == len(instants)


def test_every_previous_snapshot_is_the_one_told_before(run: Run) -> None:
    broken = [
        later["EventId"]
        for events in run.events.values()
        for event, later in pairwise(events)
        if later["EventType"] != "LOGIN"
        and later["PreviousAgentSnapshot"] != event["CurrentAgentSnapshot"]
    ]
    assert broken == []


def test_a_signed_in_agent_is_heard_of_every_two_minutes(run: Run) -> None:
    silences = [
        _seconds(event["EventTimestamp"], later["EventTimestamp"])
        for events in run.events.values()
        for event, later in pairwise(events)
        if event["EventType"] != "LOGOUT"
    ]
    assert max(silences) == 120.0


def test_heart_beats_come_only_after_two_quiet_minutes(run: Run) -> None:
    before_beats = {
        _seconds(event["EventTimestamp"], later["EventTimestamp"])
        for events in run.events.values()
        for event, later in pairwise(events)
        if later["EventType"] == "HEART_BEAT"
    }
    assert before_beats == {120.0}


def test_everyone_who_signs_in_signs_out(run: Run) -> None:
    kinds = Counter(event["EventType"] for events in run.events.values() for event in events)
    assert kinds["LOGIN"] == kinds["LOGOUT"]
    assert all(events[-1]["EventType"] == "LOGOUT" for events in run.events.values())


def test_after_contact_work_in_events_is_that_of_the_record(run: Run) -> None:
    from_records = {
        record["ContactId"]: record["Agent"]["AfterContactWorkDuration"]
        for record in run.contacts
        if record["Agent"]
    }
    from_events = {}
    for events in run.events.values():
        for event in events:
            before, now = event["PreviousAgentSnapshot"], event["CurrentAgentSnapshot"]
            if before is None or now is None:
                continue
            left = {contact["ContactId"] for contact in now["Contacts"]}
            for contact in before["Contacts"]:
                if contact["State"] == "ENDED" and contact["ContactId"] not in left:
                    since = contact["StateStartTimestamp"]
                    from_events[contact["ContactId"]] = int(
                        _seconds(since, event["EventTimestamp"])
                    )
    assert from_events == from_records


def test_every_state_and_status_of_an_agent_occurs(run: Run) -> None:
    snapshots = [
        event["CurrentAgentSnapshot"]
        for events in run.events.values()
        for event in events
        if event["CurrentAgentSnapshot"]
    ]
    statuses = {snapshot["AgentStatus"]["Name"] for snapshot in snapshots}
    states = {contact["State"] for snapshot in snapshots for contact in snapshot["Contacts"]}
    assert statuses >= {"Available", "Break", "Lunch", "Training", "Back office", "Offline"}
    assert states >= {"CONNECTING", "INCOMING", "CONNECTED", "CONNECTED_ONHOLD", "ENDED", "MISSED"}


def test_an_agent_may_hold_several_chats(run: Run) -> None:
    most = max(
        len(event["CurrentAgentSnapshot"]["Contacts"])
        for events in run.events.values()
        for event in events
        if event["CurrentAgentSnapshot"]
    )
    assert most > 1


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
