"""The truth ledger's own arithmetic, on numbers small enough to check by hand."""

from __future__ import annotations

import pytest

from ingestion.truth import ContactFacts, Truth, agent_state

ANSWERED = ContactFacts("refund", "exchange", "Returns", "VOICE", 0, 10_000, 300_000, False)
GIVEN_UP = ContactFacts("refund", "exchange", "Returns", "VOICE", 0, 20_000, None, True)
NEVER_QUEUED = ContactFacts("refund", "exchange", "(no queue)", "VOICE", 0, None, None, False)


def test_metrics_follow_the_published_formulas() -> None:
    truth = Truth()
    for facts in (ANSWERED, GIVEN_UP, NEVER_QUEUED):
        truth.contact(facts)
    expected = {
        "contacts": 3,
        "contacts_queued": 2,
        "contacts_handled": 1,
        "contacts_abandoned": 1,
        "avg_queue_answer_time_s": 10.0,
        "avg_handle_time_s": 300.0,
        "avg_abandon_time_s": 20.0,
        "service_level_20_removed": 0.5,  # twenty seconds are not below twenty
        "service_level_20_answered": 0.5,
        "wait_minutes": 0.5,
        "queue_answer_time_ms": 10_000,
        "handle_time_ms": 300_000,
        "abandon_time_ms": 20_000,
        "wait_ms": 30_000,
    }
    assert expected == truth.as_dict()["contact_metrics"]["all"]["ALL"]


def test_a_mean_of_nothing_is_none() -> None:
    truth = Truth()
    truth.contact(NEVER_QUEUED)
    assert truth.as_dict()["contact_metrics"]["queue"]["(no queue)"]["avg_handle_time_s"] is None


def test_intervals_are_kept_only_on_request() -> None:
    assert "calls" not in Truth().as_dict()


def test_an_interval_is_the_quarter_of_an_hour_of_the_initiation() -> None:
    truth = Truth(intervals=True)
    truth.contact(ANSWERED._replace(initiated_ms=1_799_999))
    [row] = truth.as_dict()["calls"]
    assert row["interval_start"] == "1970-01-01T00:15:00Z"


def test_time_in_a_state_is_cut_at_midnight() -> None:
    truth = Truth()
    truth.agent_time("ada.alder", "available", 86_399_000, 86_402_500)
    expected = {"1970-01-01": {"available": 1000}, "1970-01-02": {"available": 2500}}
    assert expected == truth.as_dict()["agent_state_ms_by_day"]


def test_agents_without_open_work_are_left_out() -> None:
    truth = Truth()
    truth.work("ada.alder", 30)
    truth.work("ada.alder", -30)
    assert truth.as_dict()["open_work"] == {}


@pytest.mark.parametrize(
    ("contact_states", "is_custom", "expected"),
    [
        (["ENDED", "ERROR"], False, "error"),
        (["CONNECTED", "MISSED"], False, "missed"),
        (["REJECTED"], True, "rejected"),
        (["ENDED", "CONNECTED_ONHOLD"], True, "on_contact"),
        (["PAUSED"], False, "on_contact"),
        (["CONNECTING", "ENDED"], False, "after_contact_work"),
        (["INCOMING"], True, "incoming"),
        ([], True, "custom"),
        ([], False, "available"),
    ],
)
def test_the_published_precedence_decides(
    contact_states: list[str], is_custom: bool, expected: str
) -> None:
    assert agent_state(contact_states, is_custom) == expected
