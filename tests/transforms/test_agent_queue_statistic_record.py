"""Agent queue statistics: hand-made contact states and records in, counts and times out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.transforms.landed import INSTANCE, at, table
from transforms import tables
from transforms.agent_queue_statistic_record import agent_queue_statistic_records
from transforms.facts import violations

DEFINITION = tables.AGENT_QUEUE_STATISTIC_RECORD
AGENT = {
    "instance_id": "i-1",
    "aws_account_id": "111122223333",
    "agent_arn": f"{INSTANCE}/agent/ada",
    "agent_id": "ada",
    "agent_username": "ada",
    "agent_routing_profile_arn": f"{INSTANCE}/routing-profile/rp-1",
}
QUEUE = {"queue_arn": f"{INSTANCE}/queue/q-1", "queue_name": "Billing"}


def moment(text: str) -> datetime:
    """An instant of 6 May 2024, or of the day that `text` begins with."""
    return at(text if "T" in text else f"2024-05-06T{text}")


def state(span: str, name: str, following: str | None = None, **fields: Any) -> dict[str, Any]:
    """A contact's state at ada's desk; `span` is `HH:MM:SS-HH:MM:SS`."""
    start, end = (moment(each) for each in span.split("--" if "T" in span else "-"))
    return {
        **AGENT,
        **QUEUE,
        "day": start.date(),
        "contact_id": "c-1",
        "channel": "VOICE",
        "initiation_method": "INBOUND",
        "state": name,
        "next_state": following,
        "started_at": start,
        "ended_at": end,
        "state_started_at": start,
    } | fields


def call(*parts: tuple[str, str], **fields: Any) -> list[dict[str, Any]]:
    """A contact's states one after another, each with the next one's name."""
    following = [*(name for _, name in parts[1:]), None]
    return [
        state(span, name, after, **fields)
        for (span, name), after in zip(parts, following, strict=True)
    ]


def statistics(
    states: list[dict[str, Any]], records: list[dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    contacts, statistic = [], []
    for record in records or []:
        known = {
            "day": date(2024, 5, 6),
            "contact_id": "c-1",
            "channel": "VOICE",
            "is_handled": 1,
            "disconnect_timestamp": moment("09:05:00"),
            "handle_time_ms": 240_000,
        } | record
        contacts.append(AGENT | QUEUE | known)
        statistic.append({"instance_id": "i-1", "agent_id": "ada"} | known)
    rows = DEFINITION.conform(
        agent_queue_statistic_records(
            table(tables.CONTACT_STATE_INTERVAL, states),
            narrow(tables.CONTACT_STATISTIC_RECORD, statistic),
            narrow(tables.CONTACT_RECORD, contacts),
        )
    )
    assert sum(violations(rows, DEFINITION).values()) == 0
    return rows.to_pylist()


def narrow(definition: Any, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows without what the definition does not have."""
    return table(
        definition, [{k: v for k, v in row.items() if k in definition.names} for row in rows]
    )


def measures(*args: Any) -> dict[str, int]:
    """What is not 0 in the one row."""
    [row] = statistics(*args)
    return {
        name: row[name] for name in DEFINITION.names if isinstance(row[name], int) and row[name]
    }


ANSWERED = call(
    ("09:00:00-09:00:08", "CONNECTING"),
    ("09:00:08-09:03:00", "CONNECTED"),
    ("09:03:00-09:03:30", "CONNECTED_ONHOLD"),
    ("09:03:30-09:04:00", "CONNECTED"),
    ("09:04:00-09:05:00", "ENDED"),
)


def test_a_row_says_whom_and_what_it_is_about():
    [row] = statistics(ANSWERED)
    expected = {
        "day": date(2024, 5, 6),
        "interval_start_time": moment("09:00:00"),
        "interval_end_time": moment("09:15:00"),
        "instance_arn": INSTANCE,
        "aws_account_id": "111122223333",
        "user_id": "ada",
        "routing_profile_id": "rp-1",
        "queue_id": "q-1",
        "queue_name": "Billing",
        "queue_type": "STANDARD",
        "channel": "VOICE",
        "agent_username": "ada",
    }
    assert expected == {name: row[name] for name in expected}


def test_an_answered_call_is_offered_rings_and_takes_its_time():
    expected = {
        "contacts_offered": 1,
        "incoming_connecting_attempts": 1,
        "agent_incoming_connecting_time": 8_000,
        "contact_time_ms": (172 + 30 + 30 + 60) * 1000,  # talk, hold, talk, after-contact work
    }
    assert expected == measures(ANSWERED)


@pytest.mark.parametrize(
    ("outcome", "non_response", "without_abandons"),
    [
        ("CONNECTED", 0, 0),
        ("MISSED", 1, 1),
        ("REJECTED", 1, 1),
        ("ERROR", 1, 1),
        ("ENDED", 1, 0),  # the customer gave up while it rang
        (None, 1, 0),
    ],
)
def test_what_is_not_answered_is_a_non_response(outcome, non_response, without_abandons):
    [row] = statistics([state("09:00:00-09:00:20", "CONNECTING", outcome)])
    assert row["contacts_offered"] == 1
    assert row["agent_non_response"] == non_response
    assert row["agent_non_response_without_customer_abandons"] == without_abandons


def test_non_response_without_abandons_is_known_for_voice_only():
    [row] = statistics([state("09:00:00-09:00:20", "CONNECTING", "MISSED", channel="CHAT")])
    assert row["agent_non_response"] == 1
    assert row["agent_non_response_without_customer_abandons"] == 0


def test_each_miss_of_one_contact_counts():
    found = measures(
        [
            state("09:00:00-09:00:20", "CONNECTING", "MISSED"),
            state("09:00:20-09:01:00", "MISSED"),
            state("09:02:00-09:02:20", "CONNECTING", "MISSED"),
            state("09:03:00-09:03:20", "CONNECTING", "CONNECTED"),
        ]
    )
    assert found["contacts_offered"] == 3
    assert found["agent_non_response"] == 2


@pytest.mark.parametrize(
    ("method", "way", "offered"),
    [
        ("INBOUND", "incoming", 1),
        ("TRANSFER", "incoming", 1),
        ("QUEUE_TRANSFER", "incoming", 1),
        (None, "incoming", 1),
        ("OUTBOUND", "outbound", 0),
        ("CALLBACK", "callback", 1),
        ("CALLBACK_CUSTOMER_FIRST_DIALED", "callback", 1),
        ("API", "api", 1),
        ("WEBRTC_API", "api", 1),
    ],
)
def test_ringing_counts_by_how_the_contact_began(method, way, offered):
    states = [state("09:00:00-09:00:05", "CONNECTING", "CONNECTED", initiation_method=method)]
    found = measures(states)
    assert found[f"{way}_connecting_attempts"] == 1
    assert found[f"agent_{way}_connecting_time"] == 5_000
    assert found.get("contacts_offered", 0) == offered


def test_an_outbound_call_that_is_not_answered_is_no_non_response():
    found = measures(
        [state("09:00:00-09:00:30", "CONNECTING", "ENDED", initiation_method="OUTBOUND")]
    )
    assert "agent_non_response" not in found
    assert found["contact_time_ms"] == 30_000  # dialling is work on a contact


def test_a_callback_that_rings_in_several_states_is_one_attempt():
    found = measures(
        call(
            ("09:00:00-09:00:05", "INCOMING"),
            ("09:00:05-09:00:10", "PENDING"),
            ("09:00:10-09:00:12", "CONNECTING"),
            ("09:00:12-09:01:00", "CONNECTED"),
            initiation_method="CALLBACK",
        )
    )
    assert found == {
        "contacts_offered": 1,
        "callback_connecting_attempts": 1,
        "agent_callback_connecting_time": 12_000,
        "contact_time_ms": 48_000,
    }


def test_an_attempt_counts_where_it_begins_and_its_ringing_where_it_rings():
    rows = statistics([state("09:14:50-09:15:10", "CONNECTING", "MISSED")])
    found = [
        (row["contacts_offered"], row["agent_non_response"], row["agent_incoming_connecting_time"])
        for row in rows
    ]
    assert found == [(1, 1, 10_000), (0, 0, 10_000)]


def test_an_attempt_over_midnight_counts_once_with_its_outcome():
    rows = statistics(
        [
            state("2024-05-06T23:59:50--2024-05-07T00:00:00", "CONNECTING", "CONNECTED"),
            state("2024-05-07T00:00:00--2024-05-07T00:00:05", "CONNECTING", "CONNECTED",
                  state_started_at=moment("23:59:50")),
        ]
    )  # fmt: skip
    found = [(row["day"].day, row["contacts_offered"], row["agent_non_response"]) for row in rows]
    assert found == [(6, 1, 0), (7, 0, 0)]


def test_a_contact_that_rings_again_at_once_is_another_attempt():
    found = measures(
        [
            state("09:00:00-09:00:20", "CONNECTING", "CONNECTING"),
            state("09:00:20-09:00:25", "CONNECTING", "CONNECTED"),
        ]
    )
    assert (found["contacts_offered"], found["agent_non_response"]) == (2, 1)


def test_a_miss_that_took_no_time_is_a_miss():
    found = measures(
        [
            state("09:00:00-09:00:20", "CONNECTING", "MISSED"),
            state("09:00:20-09:00:20", "MISSED", "CONNECTING"),
            state("09:00:20-09:00:20", "CONNECTING", "CONNECTED"),
            state("09:00:20-09:01:00", "CONNECTED"),
        ]
    )
    expected = {
        "contacts_offered": 2,
        "agent_non_response": 1,
        "agent_non_response_without_customer_abandons": 1,
        "incoming_connecting_attempts": 2,
        "agent_incoming_connecting_time": 20_000,
        "contact_time_ms": 40_000,
    }
    assert expected == found


def test_a_handled_contact_counts_when_it_disconnects():
    [_, row] = statistics(
        call(("09:00:00-09:00:08", "CONNECTING"), ("09:00:08-09:10:00", "CONNECTED")),
        [{"disconnect_timestamp": moment("09:16:00")}],
    )
    assert row["interval_start_time"] == moment("09:15:00")
    assert (row["contacts_handled"], row["handle_time"]) == (1, 240_000)


def test_records_and_events_of_an_agent_at_a_queue_meet_in_one_row():
    found = measures(ANSWERED, [{}])
    assert (found["contacts_offered"], found["contacts_handled"]) == (1, 1)


def test_a_contact_that_was_not_handled_or_is_still_open_does_not_count():
    records = [{"is_handled": 0}, {"contact_id": "c-2", "disconnect_timestamp": None}]
    assert statistics([], records) == []


def test_a_handled_contact_without_a_handle_time_counts_without_time():
    assert measures([], [{"handle_time_ms": None}]) == {"contacts_handled": 1}


def test_a_contact_open_for_days_counts_at_the_end_of_the_following_one():
    [row] = statistics([], [{"disconnect_timestamp": at("2024-05-11T09:00:00")}])
    assert row["interval_start_time"] == at("2024-05-07T23:45:00")


def test_an_agents_own_queue_is_told_by_its_arn():
    own = {"queue_arn": f"{INSTANCE}/queue/agent/ada", "queue_name": None}
    [row] = statistics([state("09:00:00-09:00:05", "CONNECTED", **own)])
    assert (row["queue_type"], row["queue_id"], row["queue_name"]) == ("AGENT", "ada", None)


def test_a_contact_without_a_queue_has_no_queue_type():
    [row] = statistics([state("09:00:00-09:00:05", "CONNECTED", queue_arn=None, queue_name=None)])
    assert (row["queue_type"], row["queue_id"]) == (None, None)


def test_queues_and_channels_have_rows_of_their_own():
    other = {"queue_arn": f"{INSTANCE}/queue/q-2", "queue_name": "Claims", "contact_id": "c-2"}
    rows = statistics(
        [
            state("09:00:00-09:01:00", "CONNECTED"),
            state("09:00:00-09:02:00", "CONNECTED", **other),
            state("09:00:00-09:04:00", "CONNECTED", contact_id="c-3", channel="CHAT"),
        ]
    )
    found = {(row["queue_name"], row["channel"]): row["contact_time_ms"] // 60_000 for row in rows}
    assert found == {("Billing", "VOICE"): 1, ("Claims", "VOICE"): 2, ("Billing", "CHAT"): 4}


def test_states_in_which_nothing_rings_and_nobody_works_have_no_row():
    assert statistics([state("09:00:00-09:01:00", "MISSED")]) == []


def test_what_was_offered_was_answered_or_not_in_the_same_row():
    states = []
    for n, outcome in enumerate(["CONNECTED", "MISSED", None, "CONNECTED", "REJECTED"] * 4):
        start = moment("09:00:00") + timedelta(seconds=100 * n)
        states.append(
            state("09:00:00-09:00:01", "CONNECTING", outcome, contact_id=f"c-{n}")
            | {"started_at": start, "ended_at": start + timedelta(seconds=20)}
            | {"state_started_at": start}
        )
    rows = statistics(states)  # 9 begin by 09:15, 9 by 09:30, 2 after; 2 in 5 are answered
    found = [(row["contacts_offered"], row["agent_non_response"]) for row in rows]
    assert found == [(9, 5), (9, 6), (2, 1)]
