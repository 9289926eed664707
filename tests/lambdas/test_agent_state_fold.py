from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.agent_state.event import agent_event
from lambdas.agent_state.fold import Seen, after, is_news
from lambdas.agent_state.item import ROUTING_NAMES, agent_state, item, seen
from lambdas.routing.event import Contact
from lambdas.routing.live import demand
from lambdas.routing.policy import Policy
from tests.lambdas.live_floor import agent_record, live, snapshot

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
FREE = snapshot()
CALL = snapshot(("c-1", "CONNECTED"))


def event(second, current=FREE, previous=None, kind="STATE_CHANGE", event_id=None):
    at = AT + timedelta(seconds=second)
    return agent_event(agent_record("a-1", at, event_id or f"e-{second}", current, previous, kind))


def state(*events, start=None):
    return after(start, events).live


def takes_a_call(live, second=0):
    now = AT + timedelta(seconds=second)
    return demand(Contact("c-new", channel="VOICE"), Policy(), now).is_met_by(live)


def test_an_available_agent_takes_calls():
    assert takes_a_call(state(event(0)), 1)


@pytest.mark.parametrize(
    "current",
    [
        CALL,
        snapshot(("c-1", "ENDED")),
        snapshot(("c-1", "MISSED")),
        snapshot(following="Lunch"),
        snapshot(status="Lunch", kind="CUSTOM"),
    ],
)
def test_a_busy_or_leaving_agent_takes_none(current):
    assert not takes_a_call(state(event(0, current)), 1)


@pytest.mark.parametrize("kind", ["LOGIN", "LOGOUT", "STATE_CHANGE"])
def test_an_event_without_a_snapshot_makes_an_agent_unavailable(kind):
    assert not takes_a_call(state(event(0), event(1, None, kind=kind)), 2)


def test_who_logs_out_is_unavailable_whatever_the_snapshot_says():
    assert not takes_a_call(state(event(0), event(1, FREE, kind="LOGOUT")), 2)


def test_a_heartbeat_without_a_snapshot_leaves_the_state_as_it_is():
    beaten = state(event(0), event(100, None, kind="HEART_BEAT"))
    assert (takes_a_call(beaten, 101), beaten.has_heartbeats) == (True, True)


def test_an_agent_whose_heart_stopped_takes_no_calls():
    beaten = state(event(0, kind="HEART_BEAT"))
    assert (takes_a_call(beaten, 299), takes_a_call(beaten, 301)) == (True, False)


def test_a_late_event_changes_nothing():
    now = after(None, [event(5, CALL)])
    assert after(now, [event(4), event(0, kind="LOGOUT")]) == now


def test_a_repetition_changes_nothing():
    now = after(None, [event(0), event(5, CALL)])
    assert after(now, [event(5, CALL), event(0)]) == now


def test_events_of_the_same_instant_are_ordered_by_kind_and_id():
    login, change = event(0, None, kind="LOGIN", event_id="z"), event(0, event_id="a")
    assert after(None, [login, change]) == after(None, [change, login])
    assert is_news(after(None, [login]), change)
    assert not is_news(after(None, [change]), login)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 20),
            st.sampled_from([FREE, CALL, None, snapshot(status="Lunch", kind="CUSTOM")]),
            st.sampled_from(["STATE_CHANGE", "HEART_BEAT", "LOGIN", "LOGOUT"]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.randoms(),
)
def test_whatever_the_order_and_the_batches_the_newest_event_wins(rows, order):
    events = [
        event(at, now, kind=kind, event_id=f"e-{n}") for n, (at, now, kind) in enumerate(rows)
    ]
    whole = after(None, events)
    shuffled = order.sample(events, len(events)) + order.sample(events, len(events) // 2)
    pieces = None
    for each in shuffled:
        pieces = after(pieces, [each])
    told = [(s.live.seen_at, s.event, s.live.is_routable) for s in (whole, pieces)]
    assert told[0][:2] == told[1][:2]
    if max(events, key=lambda each: each.order).current is not None:
        assert (whole.live.slots, whole.contacts) == (pieces.live.slots, pieces.contacts)
        assert told[0] == told[1]


def test_batches_in_order_come_to_what_one_batch_comes_to():
    events = [event(second, CALL if second % 3 else FREE) for second in range(12)]
    pieces = None
    for each in events:
        pieces = after(pieces, [each])
    assert pieces == after(None, events)


def test_idle_begins_when_the_last_contact_goes_and_lasts_until_the_next():
    seconds = [None, 1, 1, None, 4]
    steps = [event(0, CALL), event(1), event(2, kind="HEART_BEAT"), event(3, CALL), event(4)]
    live = [state(*steps[: count + 1]).idle_since for count in range(5)]
    expected = [None if second is None else AT + timedelta(seconds=second) for second in seconds]
    assert live == expected


def promised(*contacts, ends=60):
    pending = {who: AT.timestamp() + ends for who in contacts}
    return Seen(live("a-1", seen_at=AT, pending=pending))


@pytest.mark.parametrize("contact_state", ["INCOMING", "CONNECTING", "MISSED", "REJECTED", "ERROR"])
def test_a_contact_that_shows_is_a_slot_and_no_longer_a_promise(contact_state):
    now = state(event(1, snapshot(("c-1", contact_state))), start=promised("c-1", "c-2"))
    assert (list(now.pending), now.slots["VOICE"].available) == (["c-2"], 0)


def test_a_contact_that_has_gone_again_is_no_longer_a_promise():
    assert state(event(2, FREE, previous=CALL), start=promised("c-1")).pending == {}


def test_a_promise_of_a_contact_on_its_way_stays():
    assert list(state(event(1), start=promised("c-1")).pending) == ["c-1"]


def test_a_promise_that_has_ended_is_cleared_away():
    assert state(event(61), start=promised("c-1")).pending == {}


def test_contacts_that_came_are_kept_for_half_an_hour():
    steps = [event(0, CALL, FREE), event(60, FREE, CALL), event(70, CALL, FREE)]
    assert [at - AT.timestamp() for at in state(*steps).taken] == [0, 70]
    assert len(state(*steps, event(1801)).taken) == 1


def test_no_event_and_no_state_is_no_state():
    assert after(None, []) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([FREE, CALL, None]), st.sampled_from(["HEART_BEAT", "LOGIN", "x"])
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_state_is_stored_and_read_back_as_it_was(rows):
    events = [event(second, now, kind=kind) for second, (now, kind) in enumerate(rows)]
    whole = after(promised("c-7"), events)
    assert seen(item(whole)) == whole
    assert agent_state(item(whole)) == whole.live


def test_an_item_lives_a_week_longer_than_its_last_event():
    assert item(after(None, [event(0)]))["ttl"] == {"N": str(int(AT.timestamp()) + 7 * 86_400)}


GOOD = item(promised("c-1"))


@pytest.mark.parametrize(
    "bad",
    [
        {"version": {"S": "1"}},
        {"pending": {"S": "[]"}},
        {"pending": {"S": "no json"}},
        {"slots": {"S": '{"VOICE":[1]}'}},
        {"lastEventAt": {"S": "yesterday"}},
        {"isRoutable": {"S": "true"}},
        {"AgentId": {"N": "1"}},
    ],
)
def test_an_item_that_makes_no_sense_is_none(bad):
    assert agent_state(GOOD | bad) is None


def test_nothing_that_routing_reads_is_left_out_of_what_it_asks_for():
    asked = {name: value for name, value in GOOD.items() if name in ROUTING_NAMES}
    assert agent_state(asked) == agent_state(GOOD)
