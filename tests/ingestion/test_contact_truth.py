"""The truth about contacts: by hand, and recounted by plain code from the records."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from ingestion.contact_truth import THRESHOLDS_S, ContactFacts, Sums, amounts
from tests.ingestion.simulated import Run, seconds, small_run

ANSWERED = ContactFacts(
    category="refund",
    task="exchange",
    queue="Returns",
    channel="VOICE",
    method="INBOUND",
    initiated_ms=0,
    disconnected_ms=270_000,
    to_system_ms=0,
    enqueued_ms=5_000,
    dequeued_ms=15_000,
    agent="ada.alder",
    connected_ms=15_000,
    interaction_ms=235_000,
    hold_ms=20_000,
    holds=1,
    after_contact_ms=45_000,
    ended_ms=315_000,
)
GIVEN_UP = ANSWERED._replace(
    disconnected_ms=25_000,
    dequeued_ms=25_000,
    agent=None,
    connected_ms=None,
    interaction_ms=0,
    hold_ms=0,
    holds=0,
    after_contact_ms=0,
    ended_ms=None,
)
NEVER_QUEUED = GIVEN_UP._replace(queue="(no queue)", enqueued_ms=None, dequeued_ms=None)
UNREACHED = ANSWERED._replace(
    method="OUTBOUND",
    to_system_ms=None,
    enqueued_ms=None,
    dequeued_ms=None,
    connected_ms=None,
    interaction_ms=0,
    hold_ms=0,
    holds=0,
)


@pytest.fixture
def run() -> Run:
    return small_run()


def told(*facts: ContactFacts) -> dict[str, Any]:
    sums = Sums()
    for each in facts:
        sums.add(amounts(each), each.wait_ms)
    return sums.metrics()


def test_metrics_follow_the_published_formulas() -> None:
    found = told(ANSWERED, GIVEN_UP, NEVER_QUEUED)
    expected = {
        "contacts": 3,
        "contacts_incoming": 3,
        "contacts_queued": 2,
        "contacts_handled": 1,
        "contacts_abandoned": 1,
        "avg_queue_answer_time_s": 10.0,
        "avg_handle_time_s": 300.0,
        "avg_abandon_time_s": 20.0,
        "avg_hold_time_s": 20.0,
        "avg_after_contact_work_time_s": 45.0,
        "avg_contact_flow_time_s": (5 + 5 + 25) / 3,
        "avg_resolution_time_s": (315 + 25 + 25) / 3,
        "abandonment_rate": 0.5,
        "service_level_20_removed": 0.5,  # twenty seconds are not below twenty
        "service_level_20_answered": 0.5,
        "service_level_60_removed": 1.0,
        "wait_minutes": 0.5,
        "wait_ms": 30_000,
        "max_queued_ms": 20_000,
    }
    assert expected == {name: found[name] for name in expected}


def test_a_mean_of_nothing_is_none() -> None:
    assert told(NEVER_QUEUED)["avg_handle_time_s"] is None


def test_a_call_that_nobody_answers_is_work_but_not_handled() -> None:
    found = told(UNREACHED)
    assert (found["contacts_handled_outbound"], found["contacts_with_agent"]) == (0, 1)
    assert (found["interaction_ms"], found["after_contact_work_outbound_ms"]) == (0, 45_000)


def test_a_callback_is_attempted_by_the_contact_before_it() -> None:
    asked = GIVEN_UP._replace(next_method="CALLBACK")
    assert told(asked)["callback_attempts"] == 1
    assert told(asked)["contacts_abandoned"] == 0


def test_a_move_to_another_queue_is_neither_abandoned_nor_a_callback_attempt() -> None:
    moved = GIVEN_UP._replace(next_method="QUEUE_TRANSFER", transferred_ms=25_000)
    found = told(moved)
    names = ("contacts_abandoned", "callback_attempts", "contacts_transferred_out_from_queued")
    assert [found[name] for name in names] == [0, 0, 1]


def test_the_longest_wait_of_groups_is_the_longest_of_all() -> None:
    assert told(ANSWERED, GIVEN_UP, ANSWERED)["max_queued_ms"] == 20_000


# Recounted from the records


def _group(record: dict[str, Any], by: str) -> str:
    return {
        "all": "ALL",
        "category": record["Attributes"].get("category", "uncategorised"),
        "queue": record["Queue"]["Name"] if record["Queue"] else "(no queue)",
        "channel": record["Channel"],
        "day": record["InitiationTimestamp"][:10],
        "disconnect_day": record["DisconnectTimestamp"][:10],
    }[by]


class _Row:
    """A contact record with the names of the published formulas."""

    def __init__(self, record: dict[str, Any]) -> None:
        agent, queue = record["Agent"] or {}, record["Queue"] or {}
        self.start, self.end = record["InitiationTimestamp"], record["DisconnectTimestamp"]
        self.system = record["ConnectedToSystemTimestamp"]
        self.method, self.reason = record["InitiationMethod"], record["DisconnectReason"]
        self.following = record["NextContactId"]
        self.transferred = record["TransferCompletedTimestamp"]
        self.endpoint = record["TransferredToEndpoint"]
        self.enqueued, self.waited = queue.get("EnqueueTimestamp"), queue.get("Duration")
        self.connected = agent.get("ConnectedToAgentTimestamp")
        self.talk, self.hold = (
            agent.get("AgentInteractionDuration"),
            agent.get("CustomerHoldDuration"),
        )
        self.work, self.pause = (
            agent.get("AfterContactWorkDuration"),
            agent.get("AgentPauseDuration"),
        )
        self.holds = agent.get("NumberOfHolds")
        self.work_end = agent.get("AfterContactWorkEndTimestamp")

    @property
    def is_abandoned(self) -> bool:
        return bool(self.enqueued and not self.connected and not self.following)

    @property
    def is_incoming(self) -> bool:
        return self.method in ("INBOUND", "TRANSFER", "QUEUE_TRANSFER")

    @property
    def flow_s(self) -> float:
        if not self.system:
            return 0
        return max(0, seconds(self.system, self.enqueued or self.transferred or self.end))


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _recount(records: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [_Row(record) for record in records]
    queued = [row for row in rows if row.enqueued]
    handled = [row for row in rows if row.connected]
    worked = [row for row in rows if row.talk is not None]
    given_up = [row for row in rows if row.is_abandoned]
    answered = [row for row in queued if row.connected]
    flowed = [row for row in rows if row.is_incoming or row.method == "API"]
    phoned = [row for row in rows if row.method == "OUTBOUND"]
    out = [row for row in rows if row.transferred]
    handling = [row.talk + row.hold + row.work + row.pause for row in worked]
    lengths = [seconds(row.start, max(row.end, row.work_end or "")) for row in rows]
    waits = [row.waited for row in queued]
    fates = {
        f"{fate}_{limit}": len([row for row in group if row.waited < limit])
        for fate, group in (("removed", queued), ("answered", answered), ("abandoned", given_up))
        for limit in THRESHOLDS_S
    }
    return {
        "contacts": len(rows),
        "contacts_queued": len(queued),
        "contacts_answered": len(answered),
        "contacts_handled": len(handled),
        "contacts_abandoned": len(given_up),
        "contacts_with_agent": len(worked),
        "contacts_incoming": len([row for row in rows if row.is_incoming]),
        "contacts_api": len([row for row in rows if row.method == "API"]),
        "contacts_callback": len([row for row in rows if row.method == "CALLBACK"]),
        "contacts_outbound": len(phoned),
        "contacts_handled_incoming": len([row for row in handled if row.is_incoming]),
        "contacts_handled_api": len([row for row in handled if row.method == "API"]),
        "contacts_handled_callback": len([row for row in handled if row.method == "CALLBACK"]),
        "contacts_handled_outbound": len([row for row in phoned if row.connected]),
        "contacts_put_on_hold": len([row for row in handled if row.holds]),
        "contacts_agent_hung_up_first": len(
            [row for row in handled if row.reason == "AGENT_DISCONNECT"]
        ),
        "contacts_flow_timed": len(flowed),
        "contacts_transferred_in": len([row for row in rows if "TRANSFER" in row.method]),
        "contacts_transferred_in_by_agent": len([row for row in rows if row.method == "TRANSFER"]),
        "contacts_transferred_in_from_queue": len(
            [row for row in rows if row.method == "QUEUE_TRANSFER"]
        ),
        "contacts_transferred_out": len(out),
        "contacts_transferred_out_internal": len([row for row in out if not row.endpoint]),
        "contacts_transferred_out_external": len([row for row in out if row.endpoint]),
        "contacts_transferred_out_from_handled": len([row for row in out if row.connected]),
        "contacts_transferred_out_from_queued": len([row for row in out if not row.connected]),
        "callback_attempts": len(
            [
                row
                for row in rows
                if not row.connected
                and row.following
                and row.method != "CALLBACK"
                and not row.transferred
            ]
        ),
        "holds": sum(row.holds for row in handled),
        "wait_ms": sum(waits) * 1000,
        "queue_answer_time_ms": sum(row.waited for row in answered) * 1000,
        "abandon_time_ms": sum(row.waited for row in given_up) * 1000,
        "max_queued_ms": max(waits, default=0) * 1000,
        "interaction_ms": sum(row.talk for row in handled) * 1000,
        "hold_ms": sum(row.hold for row in handled) * 1000,
        "interaction_and_hold_ms": sum(row.talk + row.hold for row in handled) * 1000,
        "interaction_outbound_ms": sum(row.talk for row in phoned if row.connected) * 1000,
        "after_contact_work_ms": sum(row.work for row in worked) * 1000,
        "after_contact_work_outbound_ms": sum(row.work for row in phoned) * 1000,
        "pause_ms": sum(row.pause for row in worked) * 1000,
        "handle_time_ms": sum(handling) * 1000,
        "active_time_ms": sum(row.talk + row.hold + row.work for row in worked) * 1000,
        "resolution_ms": sum(lengths) * 1000,
        "contact_flow_time_ms": sum(row.flow_s for row in flowed) * 1000,
        **fates,
        "avg_queue_answer_time_s": _mean([row.waited for row in answered]),
        "avg_abandon_time_s": _mean([row.waited for row in given_up]),
        "avg_handle_time_s": _mean(handling),
        "avg_active_time_s": _mean([row.talk + row.hold + row.work for row in worked]),
        "avg_agent_pause_time_s": _mean([row.pause for row in handled]),
        "avg_hold_time_of_held_s": _mean([row.hold for row in handled if row.holds]),
        "avg_interaction_time_s": _mean([row.talk for row in handled]),
        "avg_hold_time_s": _mean([row.hold for row in handled]),
        "avg_interaction_and_hold_time_s": _mean([row.talk + row.hold for row in handled]),
        "avg_after_contact_work_time_s": _mean([row.work for row in worked]),
        "avg_resolution_time_s": _mean(lengths),
        "avg_contact_flow_time_s": _mean([row.flow_s for row in flowed]),
        **{
            f"service_level_{limit}_{fate}": fates[f"{fate}_{limit}"] / len(queued)
            if queued
            else None
            for limit in THRESHOLDS_S
            for fate in ("removed", "answered")
        },
        "abandonment_rate": len(given_up) / len(queued) if queued else None,
        "avg_holds": _mean([row.holds for row in handled]),
        "wait_minutes": sum(waits) / 60,
    }


@pytest.mark.parametrize("by", ["all", "category", "queue", "channel", "day", "disconnect_day"])
def test_metrics_recounted_from_the_newest_records_are_the_truth(run: Run, by: str) -> None:
    groups = defaultdict(list)
    for record in run.contacts:
        groups[_group(record, by)].append(record)
    recounted = {name: _recount(records) for name, records in groups.items()}
    assert recounted == run.truth["contact_metrics"][by]


def test_every_sum_and_count_has_something_to_count(run: Run) -> None:
    whole = run.truth["contact_metrics"]["all"]["ALL"]
    assert [name for name, amount in whole.items() if not amount] == []


def test_chains_recounted_from_the_newest_records_are_the_truth(run: Run) -> None:
    before = {r["ContactId"]: r for r in run.contacts}
    chains = defaultdict(list)
    for record in run.contacts:
        chains[record["InitialContactId"] or record["ContactId"]].append(record)
    passed_on = [
        bool(before[r["PreviousContactId"]]["TransferCompletedTimestamp"])
        for r in run.contacts
        if r["InitiationMethod"] == "TRANSFER"
    ]
    methods = [record["InitiationMethod"] for record in run.contacts]
    recounted = {
        "chains": len(chains),
        "chains_of_several": len([legs for legs in chains.values() if len(legs) > 1]),
        "legs": len(run.contacts),
        "transfers_cold": passed_on.count(True),
        "transfers_warm": passed_on.count(False),
        "transfers_external": len([r for r in run.contacts if r["TransferredToEndpoint"]]),
        "transfers_from_queue": methods.count("QUEUE_TRANSFER"),
        "callbacks": methods.count("CALLBACK"),
        "wait_ms": sum((r["Queue"] or {}).get("Duration") or 0 for r in run.contacts) * 1000,
    }
    assert recounted == run.truth["journeys"]
