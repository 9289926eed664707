"""Contact metrics as the question answers them, each worked by hand over a few contacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.hand_made_lake import NINE, Ask, Contacts, asking, contact, disconnected, handled, queued
from tests.transforms.landed import at


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Contacts], Ask]]:
    with asking(tmp_path_factory.mktemp("metrics")) as of:
        yield of


CONTACTS = (
    # answered after 7 s; 33 s talk, 4 s hold, 32 s work, 1 s pause; the agent hung up first
    contact(
        "answered",
        initiation_method="INBOUND",
        channel="VOICE",
        connected_to_system_timestamp=NINE,  # 20 s of flow, up to the queue
        agent_number_of_holds=1,
        agent_pause_duration_ms=1_000,
        disconnect_reason="AGENT_DISCONNECT",
        **queued(7),
        **handled(33, 4, 32),
        **disconnected(64),
    ),
    # answered after 30 s; 60 s talk; no hold, no work
    contact(
        "late",
        initiation_method="INBOUND",
        channel="VOICE",
        connected_to_system_timestamp=NINE + timedelta(seconds=10),  # 10 s of flow
        agent_number_of_holds=0,
        **queued(30),
        **handled(60, 0),
        **disconnected(100),
    ),
    # abandoned after 5 s and after 90 s; the first of another category
    contact("gone", category="refund", **queued(5), **disconnected(25)),
    contact("patient", **queued(90), **disconnected(110)),
    # answered and abandoned, but nobody sent how long it took
    contact("untimed", **queued(None), **handled(3)),
    contact("untimed-gone", **queued(None)),
    # asked for a callback after 10 s in queue, and was called back
    contact("calls-later", initiation_method="INBOUND", next_contact_id="callback", **queued(10)),
    contact(
        "callback",
        initiation_method="CALLBACK",
        initial_contact_id="calls-later",
        previous_contact_id="calls-later",
        **queued(2, "Callbacks"),
        **handled(10),
    ),
    # a chat, handled without a queue; its agent left for an outside number
    contact(
        "chat",
        initiation_method="API",
        channel="CHAT",
        transfer_completed_timestamp=NINE + timedelta(seconds=50),
        transferred_endpoint_type="TELEPHONE_NUMBER",
        **handled(20, 6, 5),
        agent_number_of_holds=2,
    ),
    # an agent's call; 40 s talk, 8 s work; transferred to a colleague
    contact(
        "outbound",
        initiation_method="OUTBOUND",
        next_contact_id="colleague",
        transfer_completed_timestamp=NINE + timedelta(seconds=50),
        **handled(40, None, 8),
    ),
    contact(
        "colleague",
        initiation_method="TRANSFER",
        initial_contact_id="outbound",
        previous_contact_id="outbound",
        **handled(9),
    ),
    # left its queue after 15 s for another one, where it was abandoned after 25 s
    contact(
        "moved",
        initiation_method="INBOUND",
        next_contact_id="on",
        transfer_completed_timestamp=NINE + timedelta(seconds=35),
        **queued(15),
    ),
    contact(
        "on",
        initiation_method="QUEUE_TRANSFER",
        initial_contact_id="moved",
        previous_contact_id="moved",
        **queued(25, "Claims"),
    ),
)

# Of thirteen contacts; ms as s where that is shorter.
METRICS = {
    "contacts": 13,
    # answered late gone patient untimed untimed-gone calls-later callback moved on
    "contacts_queued": 10,
    # answered late untimed callback chat outbound colleague
    "contacts_handled": 7,
    # gone patient untimed-gone on
    "contacts_abandoned": 4,
    "abandonment_rate": 4 / 10,
    "contacts_queued_and_handled": 4,
    "avg_queue_answer_time_s": (7 + 30 + 2) / 3,
    "avg_abandon_time_s": (5 + 90 + 25) / 3,
    "max_queue_time_s": 90.0,
    "wait_minutes": (7 + 30 + 5 + 90 + 10 + 2 + 15 + 25) / 60,
    # below 20 s: answered gone calls-later callback moved; answered callback
    "service_level_20_removed": 5 / 10,
    "service_level_20_answered": 2 / 10,
    "service_level_removed": 5 / 10,
    "service_level_answered": 2 / 10,
    "contacts_removed_in_time": 5,
    "contacts_answered_in_time": 2,
    "contacts_abandoned_in_time": 1,
    # answered late calls-later moved, colleague, on
    "contacts_incoming": 6,
    "contacts_handled_incoming": 3,
    "contacts_handled_outbound": 1,
    "contacts_api": 1,
    "contacts_handled_api": 1,
    "contacts_callback": 1,
    "contacts_handled_callback": 1,
    # calls-later; moved went to another queue
    "callback_attempts": 1,
    "contacts_agent_hung_up_first": 1,
    # answered, chat; as published also late, of which 0 holds were sent
    "contacts_put_on_hold": 2,
    "contacts_put_on_hold_as_published": 3,
    "avg_holds": (1 + 0 + 2) / 7,
    "contacts_transferred_in": 2,
    "contacts_transferred_in_by_agent": 1,
    "contacts_transferred_in_from_queue": 1,
    "contacts_transferred_out": 3,
    "contacts_transferred_out_from_handled": 2,
    "contacts_transferred_out_from_queued": 1,
    "contacts_transferred_out_internal": 2,
    "contacts_transferred_out_external": 1,
    # answered, late, untimed, callback, chat, outbound, colleague
    "sum_handle_time_s": 70 + 60 + 3 + 10 + 31 + 48 + 9.0,
    "avg_handle_time_s": (70 + 60 + 3 + 10 + 31 + 48 + 9) / 7,
    "avg_active_time_s": (69 + 60 + 3 + 10 + 31 + 48 + 9) / 7,
    "avg_agent_pause_time_s": 1.0,
    "sum_after_contact_work_time_s": 32 + 5 + 8.0,
    "avg_after_contact_work_time_s": (32 + 0 + 0 + 0 + 5 + 8 + 0) / 7,
    "avg_interaction_time_s": (33 + 60 + 3 + 10 + 20 + 40 + 9) / 7,
    # all handled contacts of which a hold is known; those that were held
    "avg_hold_time_s": (4 + 0 + 6) / 3,
    "avg_hold_time_of_held_s": (4 + 6) / 2,
    "avg_interaction_and_hold_time_s": (37 + 60 + 26) / 3,
    "avg_resolution_time_s": (64 + 100 + 25 + 110) / 4,
    # incoming and API contacts; 0 without a connection to the system
    "sum_contact_flow_time_s": 20 + 10.0,
    "avg_contact_flow_time_s": (20 + 10 + 0 + 0 + 0 + 0 + 0) / 7,
}


def test_every_metric_is_worked_by_hand(asked):
    [row] = asked(CONTACTS)("contact_metrics")
    assert {"grp", *METRICS} == set(row)


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_equals_the_hand_worked_one(asked, metric):
    [row] = asked(CONTACTS)("contact_metrics")
    assert METRICS[metric] == pytest.approx(row[metric], rel=1e-12)


@pytest.mark.parametrize(
    ("service_level_s", "removed", "answered", "abandoned"),
    [(0, 0, 0, 0), (5, 1, 1, 0), (6, 2, 1, 1), (30, 6, 2, 2), (31, 7, 3, 2), (9999, 8, 3, 3)],
)
def test_any_service_level_is_below_its_seconds(
    asked, service_level_s, removed, answered, abandoned
):
    [row] = asked(CONTACTS)("contact_metrics", service_level_s=str(service_level_s))
    assert (removed, answered, abandoned) == tuple(
        row[f"contacts_{how}_in_time"] for how in ("removed", "answered", "abandoned")
    )
    assert (removed / 10, answered / 10) == (
        row["service_level_removed"],
        row["service_level_answered"],
    )


def test_the_fixed_service_level_does_not_move_with_the_chosen_one(asked):
    [row] = asked(CONTACTS)("contact_metrics", service_level_s="60")
    assert (row["service_level_20_removed"], row["service_level_20_answered"]) == (0.5, 0.2)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("all", {"ALL": 13}),
        ("category", {"invoice": 12, "refund": 1}),
        ("task", {"explain": 13}),
        ("queue", {"(no queue)": 3, "Billing": 8, "Callbacks": 1, "Claims": 1}),
        ("skill", {"(no skill)": 3, "Billing": 8, "Callbacks": 1, "Claims": 1}),
        ("channel", {"(no channel)": 10, "CHAT": 1, "VOICE": 2}),
        ("agent", {"(no agent)": 6, "ada": 7}),
        (
            "initiation_method",
            {
                "(no method)": 4,
                "API": 1,
                "CALLBACK": 1,
                "INBOUND": 4,
                "OUTBOUND": 1,
                "QUEUE_TRANSFER": 1,
                "TRANSFER": 1,
            },
        ),
        ("day", {"2026-01-05": 13}),
    ],
)
def test_a_row_stands_for_what_was_chosen(asked, by, groups):
    rows = asked(CONTACTS)("contact_metrics", by=by)
    assert groups == {row["grp"]: row["contacts"] for row in rows}


def test_averages_are_over_contacts_and_not_over_groups(asked):
    """Billing answers after 7 and 30 s, Callbacks after 2 s: their mean would be 10.25 s."""
    rows = asked(CONTACTS)("contact_metrics", by="queue")
    known = {row["grp"]: row["avg_queue_answer_time_s"] for row in rows}
    assert known == {"(no queue)": None, "Billing": 18.5, "Callbacks": 2.0, "Claims": None}
    [whole] = asked(CONTACTS)("contact_metrics")
    assert whole["avg_queue_answer_time_s"] == 13.0


LONG = (
    contact(
        "over-midnight",
        initiation_timestamp=at("2026-01-05T23:50"),
        queue_enqueue_timestamp=at("2026-01-05T23:59:59"),
        disconnect_timestamp=at("2026-01-06T00:10"),
    ),
    contact(
        "a-task-of-ninety-days",
        initiation_timestamp=at("2026-01-05T09:00"),
        disconnect_timestamp=at("2026-04-05T09:00"),
    ),
    contact(
        "never-disconnected",
        initiation_timestamp=at("2026-01-07T09:00"),
        queue_enqueue_timestamp=at("2026-01-08T09:00"),
    ),
)


@pytest.mark.parametrize(
    ("at", "days"),
    [
        ("disconnect", {"2026-01-06": 1, "2026-01-07": 1, "2026-04-05": 1}),
        ("initiation", {"2026-01-05": 2, "2026-01-07": 1}),
        ("enqueue", {"2026-01-05": 1, "2026-01-08": 1}),
    ],
)
def test_the_chosen_instant_decides_the_day(asked, at, days):
    rows = asked(LONG)("contact_metrics", by="day", at=at)
    assert days == {row["grp"]: row["contacts"] for row in rows}


@pytest.mark.parametrize("day", ["2026-01-06", "2026-01-07", "2026-04-05"])
def test_a_day_alone_is_what_it_is_among_all_days(asked, day):
    [row] = asked(LONG)("contact_metrics", by="day", from_day=day, to_day=day)
    assert (row["grp"], row["contacts"]) == (day, 1)
