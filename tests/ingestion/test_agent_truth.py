"""The truth about agents: by hand, and recounted by plain code from their events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from ingestion.agent_truth import counts, doing, metrics
from tests.ingestion.simulated import (
    MILLISECOND,
    Run,
    Stretch,
    cut_at_midnight,
    instant,
    small_run,
    stretches,
)

RINGING = ("CONNECTING", "INCOMING")
WAYS = {"OUTBOUND": "outbound", "CALLBACK": "callback", "API": "api"}


@pytest.fixture
def run() -> Run:
    return small_run()


@pytest.mark.parametrize(
    ("contact_states", "is_custom", "expected"),
    [
        (("ENDED", "ERROR"), False, "error"),
        (("CONNECTED", "MISSED"), False, "missed"),
        (("REJECTED",), True, "rejected"),
        (("ENDED", "CONNECTED_ONHOLD"), True, "on_contact"),
        (("PAUSED",), False, "on_contact"),
        (("OUTBOUND_RING",), True, "on_contact"),
        (("CONNECTING", "ENDED"), False, "after_contact_work"),
        (("INCOMING",), True, "incoming"),
        ((), True, "custom"),
        ((), False, "available"),
    ],
)
def test_the_published_precedence_decides(
    contact_states: tuple[str, ...], is_custom: bool, expected: str
) -> None:
    assert doing(contact_states, is_custom=is_custom).state == expected


def test_concurrent_contacts_each_count_while_the_agent_is_on_contact_once() -> None:
    found = metrics({doing(("CONNECTED", "ENDED"), is_custom=False): 1000}, {})
    assert (found["on_contact_ms"], found["contact_time_ms"]) == (1000, 2000)


def test_a_ringing_contact_leaves_the_agent_idle() -> None:
    found = metrics({doing(("CONNECTING",), is_custom=False): 1000}, {})
    assert (found["idle_ms"], found["idle_ringing_ms"], found["on_contact_ms"]) == (1000, 1000, 0)


def test_a_contact_in_a_custom_status_is_non_productive_time() -> None:
    found = metrics({doing(("CONNECTED",), is_custom=True): 1000}, {})
    assert (found["non_productive_ms"], found["on_contact_ms"]) == (1000, 0)


@pytest.mark.parametrize(
    ("channel", "outcome", "expected"),
    [
        ("VOICE", "MISSED", (True, True)),
        ("VOICE", None, (True, False)),
        ("CHAT", "MISSED", (True, False)),
    ],
)
def test_customers_who_give_up_while_it_rings_can_be_left_out_for_calls(
    channel: str, outcome: str | None, expected: tuple[bool, bool]
) -> None:
    found = counts("INBOUND", channel, outcome)
    names = ("agent_non_response", "agent_non_response_without_customer_abandons")
    assert expected == tuple(name in found for name in names)


# Recounted from the events


def _states(stretch: Stretch) -> list[str]:
    return [
        "DIALLING"
        if (contact["State"], contact["InitiationMethod"]) == ("CONNECTING", "OUTBOUND")
        else contact["State"]
        for contact in stretch.contacts
    ]


def _state(stretch: Stretch) -> str:
    states = set(_states(stretch))
    for state in ("ERROR", "MISSED", "REJECTED"):
        if state in states:
            return state.lower()
    if states & {"CONNECTED", "CONNECTED_ONHOLD", "PAUSED", "DIALLING"}:
        return "on_contact"
    if "ENDED" in states:
        return "after_contact_work"
    if states:
        return "incoming"
    return "custom" if stretch.status_type == "CUSTOM" else "available"


def _times(stretch: Stretch) -> Counter[str]:
    states = _states(stretch)
    ringing = len([state for state in states if state in RINGING])
    failed = len([state for state in states if state in ("MISSED", "REJECTED", "ERROR")])
    active = len(states) - ringing - failed
    is_custom = stretch.status_type == "CUSTOM"
    is_idle = not is_custom and not active
    flags = {
        "online_ms": True,
        "on_contact_ms": not is_custom and active > 0,
        "idle_ms": is_idle,
        "idle_ringing_ms": is_idle and ringing > 0,
        "non_productive_ms": is_custom,
        "error_ms": "ERROR" in states,
        "ringing_ms": ringing > 0,
    }
    found = Counter({name: stretch.ms * holds for name, holds in flags.items()})
    found["contact_time_ms"] = stretch.ms * active
    found["contact_time_routable_ms"] = stretch.ms * active * (not is_custom)
    return found


class _Rung(NamedTuple):
    username: str
    contact: dict[str, Any]
    start: datetime
    end: datetime
    outcome: str | None

    @property
    def way(self) -> str:
        return WAYS.get(self.contact["InitiationMethod"], "incoming")


def _rung(events: list[dict[str, Any]]) -> Iterator[_Rung]:
    """Every ringing, from the event that first shows it to the one that no longer does."""
    since: dict[str, datetime] = {}
    for event, later in pairwise(events):
        if not event["CurrentAgentSnapshot"] or not later["CurrentAgentSnapshot"]:
            continue
        username = event["CurrentAgentSnapshot"]["Configuration"]["Username"]
        now = {c["ContactId"]: c["State"] for c in later["CurrentAgentSnapshot"]["Contacts"]}
        for contact in event["CurrentAgentSnapshot"]["Contacts"]:
            if contact["State"] in RINGING:
                contact_id = contact["ContactId"]
                start = since.setdefault(contact_id, instant(event["EventTimestamp"]))
                if now.get(contact_id) != contact["State"]:
                    end = instant(later["EventTimestamp"])
                    yield _Rung(username, contact, start, end, now.get(contact_id))
                    del since[contact_id]


def _counted(rung: _Rung) -> Counter[str]:
    found = Counter({f"{rung.way}_connecting_attempts": 1})
    if rung.way != "outbound":
        is_answered = rung.outcome == "CONNECTED"
        is_missed = rung.contact["Channel"] == "VOICE" and rung.outcome is not None
        found["contacts_offered"] = 1
        found["contacts_accepted"] = int(is_answered)
        found["agent_non_response"] = int(not is_answered)
        found["agent_non_response_without_customer_abandons"] = int(is_missed and not is_answered)
    return found


def _handled(run: Run) -> Iterator[tuple[dict[str, Any], Counter[str]]]:
    parts = (
        "AgentInteractionDuration",
        "CustomerHoldDuration",
        "AgentPauseDuration",
        "AfterContactWorkDuration",
    )
    for record in run.contacts:
        agent = record["Agent"]
        if agent and agent["ConnectedToAgentTimestamp"]:
            handle_ms = 1000 * sum(agent[part] for part in parts)
            yield record, Counter(contacts_handled=1, handle_time_ms=handle_ms)


def _ms(start: datetime, end: datetime) -> int:
    return round((end - start) / MILLISECOND)


def _plain(counted: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {
        name: {key: amount for key, amount in found.items() if amount}
        for name, found in counted.items()
    }


def test_time_in_states_recomputed_from_the_events_is_the_truth(run: Run) -> None:
    recomputed: dict[str, Counter[str]] = defaultdict(Counter)
    for events in run.events.values():
        for stretch in stretches(events):
            recomputed[stretch.username][_state(stretch)] += stretch.ms
    assert recomputed == run.truth["agent_state_ms"]


def test_time_in_states_is_cut_at_midnight(run: Run) -> None:
    recomputed: dict[str, Counter[str]] = defaultdict(Counter)
    for events in run.events.values():
        for stretch in stretches(events):
            for part in cut_at_midnight(stretch):
                recomputed[part.start.date().isoformat()][_state(part)] += part.ms
    assert recomputed == run.truth["agent_state_ms_by_day"]


def test_metrics_of_agents_recounted_from_events_and_records_are_the_truth(run: Run) -> None:
    recounted: dict[str, Counter[str]] = defaultdict(Counter)
    for events in run.events.values():
        for stretch in stretches(events):
            recounted[stretch.username] += _times(stretch)
        for rung in _rung(events):
            recounted[rung.username] += _counted(rung)
            recounted[rung.username][f"{rung.way}_connecting_ms"] += _ms(rung.start, rung.end)
    for record, handle_ms in _handled(run):
        recounted[record["Agent"]["Username"]] += handle_ms
    assert _plain(recounted) == _plain(run.truth["agent_metrics"])


def test_metrics_of_days_recounted_from_events_are_the_truth(run: Run) -> None:
    recounted: dict[str, Counter[str]] = defaultdict(Counter)
    for events in run.events.values():
        for stretch in stretches(events):
            for part in cut_at_midnight(stretch):
                recounted[part.start.date().isoformat()] += _times(part)
        for rung in _rung(events):
            recounted[rung.start.date().isoformat()] += _counted(rung)
            whole = Stretch(rung.username, "ROUTABLE", [], rung.start, rung.end)
            for part in cut_at_midnight(whole):
                day = part.start.date().isoformat()
                recounted[day][f"{rung.way}_connecting_ms"] += part.ms
    for record, handle_ms in _handled(run):
        recounted[record["DisconnectTimestamp"][:10]] += handle_ms
    assert _plain(recounted) == _plain(run.truth["agent_metrics_by_day"])


def test_time_on_contacts_is_that_of_the_records_but_for_milliseconds(run: Run) -> None:
    agents = run.truth["agent_metrics"].values()
    from_events = sum(each["contact_time_ms"] - each["outbound_connecting_ms"] for each in agents)
    from_records = run.truth["contact_metrics"]["all"]["ALL"]["handle_time_ms"]
    events = sum(len(events) for events in run.events.values())
    assert abs(from_events - from_records) <= events  # told up to a millisecond late
