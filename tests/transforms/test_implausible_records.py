"""A contact that contradicts itself is a reject with a reason: counted there, and in no mean."""

from __future__ import annotations

import pytest

from tests.transforms.landed import contact, parsed, versions
from transforms.contact_statistic_record import contact_statistic_records

START = "2024-05-06T09:00:00Z"
CONNECTED = {"ConnectedToAgentTimestamp": START}
ENDED = {"DisconnectTimestamp": "2024-05-06T09:05:00Z"}
QUEUED = {"EnqueueTimestamp": START, "DequeueTimestamp": "2024-05-06T09:01:00Z"}
WORKED = {
    "AfterContactWorkStartTimestamp": "2024-05-06T09:05:00Z",
    "AfterContactWorkEndTimestamp": "2024-05-06T09:06:00Z",
}
ABSURD_S = 61_437
IMPLAUSIBLE = [
    ("InitiationTimestamp", {"InitiationTimestamp": "1970-01-01T00:00:00Z"}),
    ("LastUpdateTimestamp", {"LastUpdateTimestamp": "2024-04-06T08:59:59Z"}),
    ("LastUpdateTimestamp", {"InitiationTimestamp": "2094-05-06T09:00:00Z"}),
    ("DisconnectTimestamp", {"DisconnectTimestamp": "2024-05-06T08:59:59Z"}),
    ("DisconnectTimestamp", {"DisconnectTimestamp": "2024-05-05T09:00:00Z"}),
    ("Queue.Duration", {"Queue": QUEUED | {"Duration": ABSURD_S}}),
    (
        "Agent.AgentInteractionDuration",
        ENDED | {"Agent": CONNECTED | {"AgentInteractionDuration": ABSURD_S}},
    ),
    (
        "Agent.AfterContactWorkDuration",
        {"Agent": CONNECTED | WORKED | {"AfterContactWorkDuration": ABSURD_S}},
    ),
]
PLAUSIBLE = [
    {},
    ENDED,
    {"LastUpdateTimestamp": "2024-05-05T09:00:00Z"},
    {"LastUpdateTimestamp": "2026-04-06T09:00:00Z"},
    {"InitiationTimestamp": "2024-05-06T23:59:00Z", "DisconnectTimestamp": "2024-05-07T00:03:00Z"},
    {"Queue": QUEUED | {"Duration": 61}},
    {"Queue": {"EnqueueTimestamp": START, "Duration": ABSURD_S}},
    ENDED | {"Agent": CONNECTED | {"AgentInteractionDuration": 301}},
    {"DisconnectTimestamp": START},
]
NUMBERED = [
    contact(**({"LastUpdateTimestamp": "2024-05-06T10:00:00Z"} | fields | {"ContactId": f"c-{n}"}))
    for n, fields in enumerate([*PLAUSIBLE, *(fields for _, fields in IMPLAUSIBLE)])
]


@pytest.mark.parametrize(("path", "fields"), IMPLAUSIBLE)
def test_a_record_that_contradicts_itself_is_a_reject_that_names_the_field(path, fields):
    record = contact(**({"LastUpdateTimestamp": "2024-05-06T10:00:00Z"} | fields))
    found = parsed("contact_record", [record]).column("reject_reason").to_pylist()
    assert found == [f"implausible: {path}"]


@pytest.mark.parametrize("fields", PLAUSIBLE)
def test_a_record_that_does_not_contradict_itself_is_a_row(fields):
    record = contact(**({"LastUpdateTimestamp": "2024-05-06T10:00:00Z"} | fields))
    assert parsed("contact_record", [record]).column("reject_reason").to_pylist() == [None]


def test_what_is_implausible_is_counted_and_in_no_time():
    reasons = parsed("contact_record", NUMBERED).column("reject_reason").to_pylist()
    found = contact_statistic_records(versions("contact_record", NUMBERED)).to_pylist()
    assert sum(reason is not None for reason in reasons) == len(IMPLAUSIBLE)
    assert {row["contact_id"] for row in found} == {f"c-{n}" for n in range(len(PLAUSIBLE))}
    assert max(row["agent_interaction_time_ms"] or 0 for row in found) == 301_000
