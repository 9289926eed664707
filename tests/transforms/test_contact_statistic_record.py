"""Per-contact formulas, each worked by hand from the published text."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.transforms.landed import at, table
from transforms import tables
from transforms.contact_statistic_record import NEEDED, contact_statistic_records

NINE = at("2024-05-06T09:00:00")
QUEUED = {"queue_name": "Billing", "queue_enqueue_timestamp": at("2024-05-06T09:00:30")}
HANDLED = {"agent_connected_to_agent_timestamp": at("2024-05-06T09:00:37")}
TRANSFERRED = {"transfer_completed_timestamp": at("2024-05-06T09:01:10")}
TALKED = {
    "agent_interaction_duration_ms": 33_000,
    "agent_customer_hold_duration_ms": 4_000,
    "agent_after_contact_work_duration_ms": 32_000,
    "agent_pause_duration_ms": 1_000,
}


def record(**fields: Any) -> dict[str, Any]:
    return {
        "day": date(2024, 5, 6),
        "instance_id": "i-1",
        "contact_id": "c-1",
        "initiation_timestamp": NINE,
        "category": "invoice",
        "task": "explain",
    } | fields


def statistics(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The row of one contact."""
    given = record(**{name: value for part in parts for name, value in part.items()}, **fields)
    rows = contact_statistic_records(table(tables.CONTACT_RECORD, [given]).select(NEEDED))
    [row] = tables.CONTACT_STATISTIC_RECORD.conform(rows).to_pylist()
    return row


def flags(*parts: dict[str, Any], **fields: Any) -> set[str]:
    """The flags that are 1."""
    found = statistics(*parts, **fields)
    return {name for name, value in found.items() if name.startswith("is_") and value == 1}


def times(*parts: dict[str, Any], **fields: Any) -> dict[str, int]:
    """The times that are known."""
    found = statistics(*parts, **fields)
    return {
        name: value
        for name, value in found.items()
        if name.endswith("_time_ms") and value is not None
    }


# -- times ------------------------------------------------------------------------------------


def test_an_answered_contact():
    expected = {
        "queue_time_ms": 7_000,
        "queue_answer_time_ms": 7_000,
        "agent_interaction_time_ms": 33_000,
        "customer_hold_time_ms": 4_000,
        "agent_interaction_and_hold_time_ms": 33_000 + 4_000,
        "after_contact_work_time_ms": 32_000,
        "agent_pause_time_ms": 1_000,
        "handle_time_ms": 33_000 + 4_000 + 32_000 + 1_000,
        "active_time_ms": 33_000 + 4_000 + 32_000,
    }
    assert expected == times(QUEUED, HANDLED, TALKED, queue_duration_ms=7_000)


def test_an_abandoned_contact():
    expected = {"queue_time_ms": 90_000, "abandon_time_ms": 90_000}
    assert expected == times(QUEUED, queue_duration_ms=90_000)


def test_times_of_an_agent_need_a_connection_to_one_and_handle_time_does_not():
    expected = {
        "after_contact_work_time_ms": 32_000,
        "handle_time_ms": 70_000,
        "active_time_ms": 69_000,
    }
    assert expected == times(TALKED)


def test_a_time_in_queue_without_an_enqueueing_is_left_out():
    assert times(HANDLED, queue_duration_ms=7_000) == {"after_contact_work_time_ms": 0}


def test_a_missing_time_in_queue_is_null_and_not_zero():
    """Upstream does not always send Duration although EnqueueTimestamp is present."""
    assert times(QUEUED) == {}


@pytest.mark.parametrize(
    ("parts", "handle_time_ms"),
    [
        ({}, None),
        ({"agent_interaction_duration_ms": 0}, 0),
        ({"agent_pause_duration_ms": 3_000}, 3_000),
        (
            {
                "agent_after_contact_work_duration_ms": 5_000,
                "agent_customer_hold_duration_ms": 2_000,
            },
            7_000,
        ),
    ],
)
def test_handle_time_takes_nulls_as_zero_unless_all_are_null(parts, handle_time_ms):
    assert handle_time_ms == statistics(HANDLED, parts)["handle_time_ms"]


def test_a_pause_alone_is_no_active_time():
    assert statistics(HANDLED, agent_pause_duration_ms=3_000)["active_time_ms"] is None


@pytest.mark.parametrize(
    ("parts", "work_ms"), [({}, None), (HANDLED, 0), (HANDLED | TALKED, 32_000)]
)
def test_a_handled_contact_without_after_contact_work_has_none_of_it(parts, work_ms):
    assert work_ms == statistics(parts)["after_contact_work_time_ms"]


def test_interaction_and_hold_needs_both():
    found = statistics(HANDLED, agent_interaction_duration_ms=33_000)
    assert (found["agent_interaction_time_ms"], found["agent_interaction_and_hold_time_ms"]) == (
        33_000,
        None,
    )


def test_times_of_outbound_contacts_are_told_apart():
    found = statistics(HANDLED, TALKED, initiation_method="OUTBOUND")
    assert found["agent_interaction_outbound_time_ms"] == 33_000
    assert found["after_contact_work_outbound_time_ms"] == 32_000


@pytest.mark.parametrize("method", ["INBOUND", None])
def test_other_contacts_have_no_outbound_times(method):
    found = statistics(HANDLED, TALKED, initiation_method=method)
    assert found["agent_interaction_outbound_time_ms"] is None
    assert found["after_contact_work_outbound_time_ms"] is None


@pytest.mark.parametrize(
    ("ends", "resolution_ms"),
    [
        ({}, None),
        ({"disconnect_timestamp": at("2024-05-06T09:02:00")}, 120_000),
        (
            {
                "disconnect_timestamp": at("2024-05-06T09:02:00"),
                "agent_after_contact_work_end_timestamp": at("2024-05-06T09:02:32"),
            },
            152_000,
        ),
        (
            {
                "disconnect_timestamp": at("2024-05-06T09:21:00"),
                "agent_after_contact_work_end_timestamp": at("2024-05-06T09:02:32"),
            },
            21 * 60_000,
        ),
        ({"disconnect_timestamp": at("2024-05-06T08:59:00")}, 0),
    ],
)
def test_resolution_lasts_to_the_later_end_and_is_never_negative(ends, resolution_ms):
    assert resolution_ms == statistics(ends)["resolution_time_ms"]


ARRIVED = {"connected_to_system_timestamp": at("2024-05-06T09:00:10")}
LEFT = {"disconnect_timestamp": at("2024-05-06T09:05:10")}


@pytest.mark.parametrize(
    ("parts", "flow_ms"),
    [
        (ARRIVED | QUEUED | TRANSFERRED | LEFT, 20_000),  # 09:00:10 to the queue, 09:00:30
        (ARRIVED | TRANSFERRED | LEFT, 60_000),  # to the transfer, 09:01:10
        (ARRIVED | LEFT, 300_000),  # to the end, 09:05:10
        (ARRIVED, None),  # nothing says when it left the flow
        (LEFT, 0),  # never connected to the system
        ({"connected_to_system_timestamp": at("2024-05-06T09:06:00")} | LEFT, 0),
    ],
)
def test_flow_time_ends_with_the_queue_else_the_transfer_else_the_contact(parts, flow_ms):
    assert flow_ms == statistics(parts, initiation_method="INBOUND")["contact_flow_time_ms"]


@pytest.mark.parametrize(
    ("method", "flow_ms"),
    [
        ("INBOUND", 300_000),
        ("TRANSFER", 300_000),
        ("QUEUE_TRANSFER", 300_000),
        ("API", 300_000),
        ("OUTBOUND", None),
        ("CALLBACK", None),
        (None, None),
    ],
)
def test_flow_time_is_of_contacts_that_begin_in_a_flow(method, flow_ms):
    found = statistics(ARRIVED, LEFT, initiation_method=method)
    assert flow_ms == found["contact_flow_time_ms"]


# -- flags ------------------------------------------------------------------------------------


def test_a_contact_of_which_nothing_is_known_has_no_flag():
    assert flags() == set()


def test_flags_are_one_or_zero_and_only_the_absent_ones_null():
    found = statistics()
    assert {name for name in found if name.startswith("is_") and found[name] is None} == {
        "is_hold_disconnect",
        "is_hold_agent_disconnect",
        "is_hold_customer_disconnect",
    }


def test_a_queued_contact_that_nobody_took_was_abandoned():
    assert flags(QUEUED) == {"is_queued", "is_abandoned"}


def test_a_contact_with_a_next_contact_was_not_abandoned_but_a_callback_attempted():
    found = flags(QUEUED, next_contact_id="c-2", initiation_method="INBOUND")
    assert found == {"is_queued", "is_incoming", "is_callback_attempt"}


@pytest.mark.parametrize("next_contact", [{}, {"next_contact_id": "c-2"}])
def test_a_contact_transferred_out_of_its_queue_was_neither_abandoned_nor_a_callback(next_contact):
    found = flags(QUEUED, TRANSFERRED, next_contact, initiation_method="INBOUND")
    assert found & {"is_abandoned", "is_callback_attempt"} == set()


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("INBOUND", {"is_incoming", "is_handled_incoming"}),
        (
            "TRANSFER",
            {
                "is_incoming",
                "is_handled_incoming",
                "is_transferred_in",
                "is_transferred_in_from_handled",
            },
        ),
        (
            "QUEUE_TRANSFER",
            {
                "is_incoming",
                "is_handled_incoming",
                "is_transferred_in",
                "is_transferred_in_from_queued",
            },
        ),
        ("OUTBOUND", {"is_handled_outbound"}),
        ("CALLBACK", {"is_callback_contact", "is_callback_handled"}),
        ("CALLBACK_CUSTOMER_FIRST_DIALED", {"is_callback_contact", "is_callback_handled"}),
        ("API", {"is_api_contact", "is_api_handled"}),
        ("MONITOR", set()),
        ("A_NEWER_METHOD", set()),
    ],
)
def test_a_handled_contact_by_its_initiation_method(method, more):
    expected = {"is_queued", "is_handled", "is_queued_and_handled"} | more
    assert expected == flags(QUEUED, HANDLED, initiation_method=method)


def test_connected_is_to_the_system_and_handled_to_an_agent():
    assert flags(ARRIVED) == {"is_connected"}
    assert flags(HANDLED) == {"is_handled"}


@pytest.mark.parametrize(
    ("parts", "first"),
    [
        (HANDLED | {"disconnect_reason": "AGENT_DISCONNECT"}, True),
        (HANDLED | {"disconnect_reason": "CUSTOMER_DISCONNECT"}, False),
        (HANDLED, False),
        ({"disconnect_reason": "AGENT_DISCONNECT"}, False),
    ],
)
def test_the_agent_hung_up_first_if_it_handled_and_the_reason_says_so(parts, first):
    assert first == ("is_agent_hung_up_first" in flags(parts))


@pytest.mark.parametrize(
    ("parts", "held", "holds"),
    [
        (HANDLED | {"agent_number_of_holds": 2}, 1, 2),
        (HANDLED | {"agent_number_of_holds": 0}, 0, 0),
        (HANDLED, 0, None),
        ({"agent_number_of_holds": 2}, 0, None),
    ],
)
def test_a_contact_was_put_on_hold_if_an_agent_held_it_at_least_once(parts, held, holds):
    found = statistics(parts)
    assert (held, holds) == (found["is_put_on_hold"], found["number_of_holds"])


OUT = {
    "is_transferred_out",
    "is_transferred_out_from_handled",
    "is_transferred_out_from_queued",
    "is_transferred_out_internal",
    "is_transferred_out_external",
    "is_transferred_out_external_from_contact_flow",
}


@pytest.mark.parametrize(
    ("parts", "endpoint", "expected"),
    [
        (QUEUED | HANDLED, None, {"from_handled", "internal"}),
        (QUEUED | HANDLED, "CONTACT_FLOW", {"from_handled", "internal"}),
        (QUEUED | HANDLED, "CONNECT_PHONENUMBER_ARN", {"from_handled", "internal"}),
        (QUEUED | HANDLED, "TELEPHONE_NUMBER", {"from_handled", "external"}),
        (QUEUED | HANDLED, "VOIP", {"from_handled", "external"}),
        (QUEUED, None, {"from_queued", "internal"}),
        (
            QUEUED,
            "TELEPHONE_NUMBER",
            {"from_queued", "external", "external_from_contact_flow"},
        ),
        ({}, "TELEPHONE_NUMBER", {"external", "external_from_contact_flow"}),
    ],
)
def test_a_transfer_out_by_who_made_it_and_where_it_went(parts, endpoint, expected):
    found = flags(parts, TRANSFERRED, transferred_endpoint_type=endpoint) & OUT
    assert {"is_transferred_out", *(f"is_transferred_out_{name}" for name in expected)} == found


def test_a_warm_transfer_is_not_among_those_out():
    """TransferCompletedTimestamp is set only where the agent leaves first."""
    found = flags(QUEUED, HANDLED, next_contact_id="c-2", transferred_endpoint_type=None)
    assert OUT & found == set()


@pytest.mark.parametrize(
    ("parts", "method", "attempted"),
    [
        ({"next_contact_id": "c-2"}, "INBOUND", True),
        ({"next_contact_id": "c-2"}, "CALLBACK", False),
        ({"next_contact_id": "c-2"}, None, False),
        ({"next_contact_id": "c-2"} | HANDLED, "INBOUND", False),
        ({}, "INBOUND", False),
    ],
)
def test_a_callback_attempt_went_on_elsewhere_without_an_agent(parts, method, attempted):
    assert attempted == ("is_callback_attempt" in flags(parts, initiation_method=method))


# -- the chain, and the row ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "journey_id"),
    [
        ({}, "c-1"),
        ({"initial_contact_id": "", "previous_contact_id": ""}, "c-1"),
        ({"previous_contact_id": "c-0"}, "c-0"),
        ({"initial_contact_id": "c-8", "previous_contact_id": "c-9"}, "c-8"),
        ({"initial_contact_id": "c-1"}, "c-1"),
    ],
)
def test_a_contact_belongs_to_its_initial_else_previous_contact_else_itself(parts, journey_id):
    assert journey_id == statistics(parts)["journey_id"]


def test_what_the_contact_is_stays_as_it_is():
    given = {
        "aws_account_id": "111122223333",
        "channel": "VOICE",
        "queue_id": "q-1",
        "agent_id": "a-1",
        "agent_username": "ada",
        "skill": "Billing",
        "customer_id": "c-77",
        "disconnect_timestamp": at("2024-05-06T09:02:00"),
    }
    found = statistics(given, QUEUED)
    expected = record(**given) | {
        "queue_name": "Billing",
        "enqueue_timestamp": QUEUED["queue_enqueue_timestamp"],
    }
    assert expected == {name: found[name] for name in expected}


def test_every_contact_is_one_row():
    records = [record(contact_id=f"c-{n}", day=date(2024, 5, 6 + n % 2)) for n in range(5)]
    rows = contact_statistic_records(table(tables.CONTACT_RECORD, records))
    assert sorted(rows.column("contact_id").to_pylist()) == [f"c-{n}" for n in range(5)]
