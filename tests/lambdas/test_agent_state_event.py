import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.agent_state.event import agent_event
from lambdas.routing.live import Slots
from tests.lambdas.live_floor import agent_record, snapshot

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
SAMPLES = Path(__file__).parents[3] / "shared/data/samples/agent_events"


def read(current, previous=None, **values):
    return agent_event(agent_record("a-1", AT, "e-1", current, previous, **values))


def test_an_event_is_read():
    event = read(snapshot(("c-1", "CONNECTED"), following="Lunch"))
    now = event.current
    assert (event.agent_id, event.at, event.kind, event.event_id) == (
        "a-1",
        AT,
        "STATE_CHANGE",
        "e-1",
    )
    assert (now.status, now.is_routable, now.next_status) == ("Available", True, "Lunch")
    assert now.slots == {"VOICE": Slots(1, 0, 1), "CHAT": Slots(3, 3, 0), "TASK": Slots(1, 1, 0)}
    assert (now.contacts, now.skills) == (
        {"c-1": ("VOICE", "CONNECTED")},
        {"language:spanish": 3.0},
    )


@pytest.mark.parametrize("current", [None, [], "text", 7])
def test_a_snapshot_may_be_missing(current):
    assert read(current, current, kind="LOGIN").current is None


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("Available", "ROUTABLE", True),
        ("Free", "ROUTABLE", True),
        ("Available", None, True),
        ("Free", None, False),
        ("Lunch", "CUSTOM", False),
        ("Available", "OFFLINE", False),
        ("Error", "ROUTABLE", False),
    ],
)
def test_a_status_is_routable_by_its_type_or_else_by_its_name(name, kind, expected):
    assert read(snapshot(status=name, kind=kind)).current.is_routable is expected


def without_slots(*contacts):
    return snapshot(*contacts, RoutingProfile={"ARN": "arn:profile"})


def test_an_event_without_slots_has_one_for_a_call():
    assert read(without_slots()).current.slots == {"VOICE": Slots(1, 1, 0)}
    assert read(without_slots(("c-1", "ENDED"))).current.slots == {"VOICE": Slots(1, 0, 1)}


def test_slots_are_never_more_than_the_contacts_leave():
    shown = snapshot(("c-1", "CONNECTED", "CHAT"))
    shown["Configuration"]["RoutingProfile"]["Concurrency"][1]["AvailableSlots"] = 3
    assert read(shown).current.slots["CHAT"] == Slots(3, 2, 1)


def test_a_channel_that_the_slots_do_not_name_is_taken_by_its_contact():
    assert read(snapshot(("c-1", "CONNECTED", "EMAIL"))).current.slots["EMAIL"] == Slots(1, 0, 1)


def test_arrivals_are_new_contacts_and_new_refusals():
    before = snapshot(("c-1", "CONNECTING"), ("c-2", "MISSED"), ("c-3", "CONNECTED"))
    now = snapshot(("c-1", "MISSED"), ("c-2", "MISSED"), ("c-3", "ENDED"), ("c-4", "CONNECTING"))
    event = read(now, before)
    assert (event.arrivals, event.newcomers) == (["c-1", "c-4"], ["c-4"])


@pytest.mark.parametrize(
    "bad",
    [
        {"AgentARN": None},
        {"AgentARN": "arn:aws:connect:x"},
        {"AgentARN": "arn/agent/ "},
        {"EventId": None},
        {"EventTimestamp": "yesterday"},
        {"EventTimestamp": 7},
        {"EventTimestamp": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_what_has_no_agent_instant_or_id_is_no_event(bad):
    assert agent_event(agent_record("a-1", AT, "e-1", None) | bad) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3)
    ),
    max_leaves=5,
)


@given(st.lists(st.tuples(st.integers(0, 10**6), JSON), min_size=1, max_size=4))
def test_any_odd_value_anywhere_is_read_as_far_as_possible(changes):
    record = agent_record("a-1", AT, "e-1", snapshot(("c-1", "CONNECTED")), snapshot())
    for number, value in changes:
        spots = list(places(record))
        if spots:
            parent, key = spots[number % len(spots)]
            parent[key] = value
    event = agent_event(record)
    assert event is None or event.at.tzinfo is not None


def places(tree):
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, child in list(pairs):
        yield tree, key
        if isinstance(child, dict | list):
            yield from places(child)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded events are not here")
def test_recorded_events_are_read():
    read = {path.stem: agent_event(json.loads(path.read_text())) for path in SAMPLES.glob("*.json")}
    beat = read["heart_beat_next_status_lunch"]
    assert None not in read.values()
    assert (beat.kind, beat.current.next_status, beat.current.is_routable) == (
        "HEART_BEAT",
        "Lunch",
        True,
    )
