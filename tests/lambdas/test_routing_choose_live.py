"""The choice where live states are known: who is free, who soon, who has the skill."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.routing.choose import (
    Candidate,
    Owner,
    Reason,
)
from lambdas.routing.live import Slots
from tests.lambdas.choices import (
    CALL,
    NOW,
    POLICY,
    agents,
    all_free,
    decided,
    floor,
    free,
    ids,
    numbers,
    owner,
)


def test_without_any_live_state_workload_alone_decides_and_the_reason_says_so():
    decision = decided(agents(30, 10))
    assert (ids(decision), decision.reason) == (["id-1", "id-0"], Reason.NO_LIVE_STATE)


def test_a_policy_may_insist_on_live_state():
    decision = decided(agents(30, 10), policy=numbers(needs_live=True))
    assert (decision.decision, decision.reason) == ("DEFAULT", Reason.NO_LIVE_STATE)


LONG_AGO = NOW - timedelta(days=1)
UNAVAILABLE = {
    "status is not routable": {"is_routable": False},
    "a next status waits": {"next_status": "Lunch"},
    "nothing was heard yet": {"seen_at": None},
    "the heart stopped": {"seen_at": NOW - timedelta(seconds=301), "has_heartbeats": True},
    "no event for a day": {"seen_at": LONG_AGO},
    "no slot is free": {"slots": {"VOICE": Slots(1, 0, 1)}},
    "no slot of the channel": {"slots": {"CHAT": Slots(3, 3, 0)}},
    "another contact was promised the slot": {"pending": {"c-2": NOW.timestamp() + 1}},
    "busy on another channel": {"slots": {"VOICE": Slots(1, 1, 0), "CHAT": Slots(3, 2, 1)}},
}


@pytest.mark.parametrize("why", UNAVAILABLE)
def test_who_cannot_take_the_contact_now_is_passed_over(why):
    live = floor(free("id-0", **UNAVAILABLE[why]), free("id-1"))
    assert ids(decided(agents(10, 20), live=live)) == ["id-1"]


@pytest.mark.parametrize("why", UNAVAILABLE)
def test_when_nobody_is_free_the_default_queue_has_the_contact(why):
    decision = decided(agents(10), live=floor(free("id-0", **UNAVAILABLE[why])))
    assert (decision.decision, decision.reason) == ("DEFAULT", Reason.NONE_FREE)


def test_an_agent_of_whom_no_state_is_known_is_passed_over():
    assert ids(decided(agents(10, 20), live=floor(free("id-1")))) == ["id-1"]


AVAILABLE = {
    "heard of within the heartbeats": {
        "seen_at": NOW - timedelta(seconds=299),
        "has_heartbeats": True,
    },
    "no heartbeats, quiet for hours": {"seen_at": NOW - timedelta(hours=7)},
    "a promise that has ended": {"pending": {"c-2": NOW.timestamp()}},
    "promised to this very contact": {"pending": {"c-1": NOW.timestamp() + 9}},
}


@pytest.mark.parametrize("why", AVAILABLE)
def test_who_can_take_the_contact_is_offered(why):
    live = floor(free("id-0", **AVAILABLE[why]))
    assert ids(decided(agents(10), live=live)) == ["id-0"]


def test_contacts_of_several_channels_at_once_are_a_matter_of_policy():
    live = floor(free("id-0", slots={"VOICE": Slots(1, 1, 0), "CHAT": Slots(3, 2, 1)}))
    assert ids(decided(agents(10), live=live, policy=numbers(is_cross_channel=True))) == ["id-0"]


@pytest.mark.parametrize("channel", ["TASK", "TASKS", "tasks"])
def test_a_task_needs_a_slot_for_tasks(channel):
    live = floor(free("id-0", slots={"TASK": Slots(1, 1, 0)}), free("id-1"))
    decision = decided(agents(20, 10), CALL._replace(channel=channel), live=live)
    assert ids(decision) == ["id-0"]


def test_promises_count_against_the_capacity_of_an_agent():
    chats = {"CHAT": Slots(5, 5, 0)}
    pending = {f"c-{place}": NOW.timestamp() + 9 for place in (7, 8)}
    live = floor(free("id-0", slots=chats, pending=pending), free("id-1", slots=chats))
    chat = CALL._replace(channel="CHAT")
    assert ids(decided(agents(0, 9), chat, live=live, policy=numbers(cap=2))) == ["id-1"]
    assert len(ids(decided(agents(0, 9), chat, live=live, policy=numbers(cap=3)))) == 2


def test_a_promise_adds_to_the_score():
    chats = {"CHAT": Slots(5, 5, 0)}
    pending = {"c-7": NOW.timestamp() + 9}
    live = floor(free("id-0", slots=chats, pending=pending), free("id-1", slots=chats))
    chat = CALL._replace(channel="CHAT")
    first = {
        unit: ids(decided(agents(0, 900), chat, live=live, policy=numbers(unit=unit)))[0]
        for unit in (800, 1000)
    }
    assert first == {800: "id-0", 1000: "id-1"}


def test_contacts_taken_since_the_scores_add_to_the_score():
    since, before = NOW.timestamp() + 1, NOW.timestamp() - 1
    live = floor(free("id-0", taken=(before, since)), free("id-1", taken=(before,)))
    policy = numbers(unit=1000)
    first = [
        ids(decided(agents(0, workload), live=live, policy=policy))[0] for workload in (900, 1100)
    ]
    assert first == ["id-1", "id-0"]


def test_older_scores_add_to_the_score():
    rows = [*agents(100, age_s=240), Candidate("agent-1", "id-1", 130, NOW)]
    assert ids(decided(rows, live=all_free(2))) == ["id-1", "id-0"]
    assert ids(decided(rows, live=all_free(2), policy=numbers(stale_unit=0))) == ["id-0", "id-1"]


def test_of_equal_agents_the_one_with_fewer_promises_comes_first():
    chats = {"CHAT": Slots(5, 5, 0)}
    pending = {"c-7": NOW.timestamp() + 9}
    live = floor(free("id-0", slots=chats, pending=pending), free("id-1", slots=chats))
    chat = CALL._replace(channel="CHAT")
    decision = decided(agents(0, 500), chat, live=live, policy=numbers(unit=500))
    assert ids(decision) == ["id-1", "id-0"]


def test_of_equal_agents_the_longest_idle_comes_first():
    live = floor(
        free("id-0", idle_since=NOW),
        free("id-1", idle_since=NOW - timedelta(seconds=60)),
        free("id-2"),
    )
    assert ids(decided(agents(5, 5, 5), live=live)) == ["id-1", "id-0", "id-2"]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 3)), max_size=30),
    st.sampled_from([0, 600]),
    st.randoms(),
)
def test_the_order_of_rows_does_not_matter_with_live_state_either(floors, age_s, order):
    rows = agents(*(workload for workload, _, _ in floors), age_s=age_s)
    live = floor(
        *(
            free(f"id-{place}", is_routable=is_routable, taken=(NOW.timestamp(),) * taken)
            for place, (_, is_routable, taken) in enumerate(floors)
        )
    )
    shuffled = order.sample(rows, len(rows))
    assert decided(shuffled, live=live) == decided(rows, live=live)


@given(
    st.lists(st.tuples(st.integers(0, 4000), st.booleans(), st.integers(0, 3)), max_size=40),
    st.integers(1, 10),
)
def test_the_search_that_ends_early_finds_what_a_whole_one_finds(floors, n):
    rows = agents(*(workload for workload, _, _ in floors))
    at = NOW.timestamp() + 1
    live = {
        f"id-{place}": free(f"id-{place}", is_routable=is_routable, taken=(at,) * taken)
        for place, (_, is_routable, taken) in enumerate(floors)
    }
    scores = sorted(w + 500 * taken for w, is_routable, taken in floors if is_routable)
    decision = decided(rows, CALL._replace(n=n), live=live, policy=numbers(unit=500))
    chosen = [floors[int(agent_id[3:])] for agent_id in ids(decision)]
    assert [w + 500 * taken for w, _, taken in chosen] == scores[:n]


SPANISH = {"claims": {"language:spanish": 3}}


def test_only_the_skilled_are_offered_where_a_skill_is_required():
    live = floor(
        free("id-0", skills={"language:spanish": 2.0}),
        free("id-1", skills={"language:spanish": 3.0}),
        free("id-2"),
    )
    policy = numbers(requires=SPANISH)
    assert ids(decided(agents(1, 2, 3), live=live, policy=policy)) == ["id-1"]
    assert len(ids(decided(agents(1, 2, 3), CALL._replace(call_type="x"), live=live))) == 3


@pytest.mark.parametrize("live", [all_free(2), {}], ids=["known", "unknown"])
def test_when_nobody_has_the_skill_the_reason_says_so(live):
    decision = decided(agents(1, 2), live=live, policy=numbers(requires=SPANISH, offer_busy=True))
    assert (decision.decision, decision.reason) == ("DEFAULT", Reason.NONE_SKILLED)


BUSY = {"VOICE": Slots(1, 0, 1)}


def test_busy_agents_stand_behind_the_free_ones_the_soonest_free_first():
    live = floor(
        free("id-0", slots=BUSY, taken=(300.0,)),
        free("id-1"),
        free("id-2", slots=BUSY, taken=(100.0,)),
        free("id-3", slots=BUSY, taken=(200.0,), is_routable=False),
    )
    decision = decided(agents(1, 30, 10, 20), live=live, policy=numbers(offer_busy=True))
    assert (ids(decision), decision.reason) == (["id-1", "id-2", "id-0"], Reason.LEAST_WORKLOAD)


def test_the_promised_are_free_last():
    promised = {"other": NOW.timestamp() + 9}
    live = floor(free("id-0", pending=promised), free("id-1", slots=BUSY, taken=(300.0,)))
    decision = decided(agents(1, 30), live=live, policy=numbers(offer_busy=True))
    assert (ids(decision), decision.reason) == (["id-1", "id-0"], Reason.ALL_BUSY)


def test_no_more_than_asked_for_are_named_with_the_busy():
    live = all_free(5, slots=BUSY)
    assert len(ids(decided(agents(*range(5)), live=live, policy=numbers(offer_busy=True)))) == 3


def owned(live, policy=POLICY, association=None, rows=None):
    rows = agents(10, 20) if rows is None else rows
    decision = decided(rows, association=association or owner(), live=live, policy=policy)
    return decision.owner, decision.reason, ids(decision)


def test_the_associated_agent_who_is_free_comes_first():
    live = all_free(2) | floor(free("id-9"))
    assert owned(live) == (Owner.OFFERED, Reason.ASSOCIATED_AGENT, ["id-9", "id-0", "id-1"])


@pytest.mark.parametrize("why", UNAVAILABLE)
def test_the_associated_agent_who_is_not_free_is_passed_over(why):
    live = all_free(2) | floor(free("id-9", **UNAVAILABLE[why]))
    assert owned(live) == (Owner.BUSY, Reason.LEAST_WORKLOAD, ["id-0", "id-1"])


def test_an_expired_association_is_told_from_a_busy_agent():
    live = all_free(2) | floor(free("id-9"))
    assert owned(live, association=owner(expires_at=NOW))[0] == Owner.EXPIRED


@pytest.mark.parametrize(("limit", "expected"), [(9000, Owner.OFFERED), (8999, Owner.OVERLOADED)])
def test_an_overloaded_associated_agent_is_passed_over(limit, expected):
    rows = [*agents(10, 20), Candidate("agent-9", "id-9", 9000, NOW)]
    live = all_free(2) | floor(free("id-9"))
    assert owned(live, numbers(owner_limit=limit), rows=rows)[0] == expected


def test_old_scores_spread_the_first_offer_over_the_free():
    rows, live = agents(*range(40), age_s=600), all_free(20)
    firsts = {
        ids(decided(rows, CALL._replace(contact_id=f"c-{i}"), live=live))[0] for i in range(300)
    }
    assert 12 < len(firsts) <= 20
