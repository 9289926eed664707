from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.routing.choose import (
    RESPONSE_KEYS,
    AgentState,
    Association,
    Candidate,
    Owner,
    Policy,
    Reason,
    State,
    choose,
    default,
    response,
)
from lambdas.routing.event import Contact
from lambdas.routing.live import Slots

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
CALL = Contact(contact_id="c-1", call_type="claims")
POLICY = Policy(n=3, offer_busy=False)  # so that a test sees who is free, and no more than three


def agents(*workloads, age_s=0):
    return [
        Candidate(f"agent-{place}", f"id-{place}", workload, NOW - timedelta(seconds=age_s))
        for place, workload in enumerate(workloads)
    ]


def numbers(**changes):
    return replace(POLICY, **changes)


def decided(candidates, contact=CALL, association=None, policy=POLICY, live=None):
    return choose(contact, candidates, State(association, live or {}), policy, NOW)


def free(agent_id, **values):
    """The live state of an agent who can take a call."""
    values = {"is_routable": True, "seen_at": NOW, "slots": {"VOICE": Slots(1, 1, 0)}} | values
    return AgentState(agent_id, **values)


def floor(*states):
    return {state.agent_id: state for state in states}


def all_free(count, **values):
    return floor(*(free(f"id-{place}", **values) for place in range(count)))


def ids(decision):
    return [offer.agent_id for offer in decision.agents]


def owner(agent_id="id-9", expires_at=None):
    return Association("agent-9", agent_id, expires_at)


def test_the_least_workload_comes_first():
    assert ids(decided(agents(30, 10, 20, 40))) == ["id-1", "id-2", "id-0"]


def test_a_choice_by_workload_says_so():
    decision = decided(agents(30, 10), live=all_free(2))
    assert (decision.decision, decision.reason) == ("CANDIDATES", Reason.LEAST_WORKLOAD)


def test_a_flow_may_ask_for_another_number_of_agents():
    assert len(decided(agents(*range(20)), CALL._replace(n=5)).agents) == 5


def test_a_flow_is_given_ten_agents_at_most():
    assert len(decided(agents(*range(20)), CALL._replace(n=99)).agents) == 10


def test_ties_spread_over_contacts():
    rows = agents(*[7] * 4)
    firsts = Counter(ids(decided(rows, CALL._replace(contact_id=f"c-{i}")))[0] for i in range(400))
    assert min(firsts[f"id-{place}"] for place in range(4)) > 60


@given(st.lists(st.integers(0, 9), max_size=30), st.sampled_from([0, 600]), st.randoms())
def test_the_order_of_rows_does_not_matter(workloads, age_s, order):
    rows = agents(*workloads, age_s=age_s)
    shuffled = order.sample(rows, len(rows))
    assert decided(shuffled) == decided(rows)


def test_the_associated_agent_comes_first_and_the_next_best_follow():
    assert ids(decided(agents(30, 10, 20), association=owner())) == ["id-9", "id-1", "id-2"]


def test_the_associated_agent_is_offered_once():
    assert ids(decided(agents(30, 10, 20), association=owner("id-0"))) == ["id-0", "id-1", "id-2"]


def test_an_association_is_told_to_the_flow():
    decision = decided(agents(10), association=owner())
    assert (decision.reason, response(decision)["affinity"]) == (Reason.ASSOCIATED_AGENT, "id-9")


def test_an_association_needs_no_scores():
    assert ids(decided([], association=owner())) == ["id-9"]


def test_an_association_does_not_make_stale_scores_good():
    assert ids(decided(agents(10, age_s=7200), association=owner())) == ["id-9"]


@pytest.mark.parametrize("ago_s", [0, 1])
def test_an_expired_association_is_passed_over(ago_s):
    expired = owner(expires_at=NOW - timedelta(seconds=ago_s))
    assert ids(decided(agents(10), association=expired)) == ["id-0"]


def test_an_association_that_has_not_expired_holds():
    assert ids(decided([], association=owner(expires_at=NOW + timedelta(seconds=1)))) == ["id-9"]


@pytest.mark.parametrize("agent_id", ["", " ", "x" * 257])
def test_an_agent_without_a_usable_id_cannot_be_offered(agent_id):
    rows = [Candidate("agent-0", agent_id, 1, NOW)]
    assert decided(rows, association=owner(agent_id)).reason == Reason.NO_CANDIDATES


@pytest.mark.parametrize(
    ("age_s", "reason"),
    [
        (0, Reason.LEAST_WORKLOAD),
        (300, Reason.LEAST_WORKLOAD),
        (301, Reason.WIDENED),
        (1800, Reason.WIDENED),
        (1801, Reason.STALE),
        (-300, Reason.LEAST_WORKLOAD),
        (-301, Reason.STALE),
    ],
)
def test_scores_are_trusted_by_their_age(age_s, reason):
    assert decided(agents(10, 20, age_s=age_s), live=all_free(2)).reason == reason


def test_stale_scores_mean_the_default_queue():
    decision = decided(agents(10, age_s=7200))
    assert (decision.decision, decision.agents) == ("DEFAULT", ())


@given(st.integers(-(10**6), 10**6), st.integers(0, 30))
def test_no_stale_row_is_ever_offered(age_s, others):
    stale = Candidate("old", "id-old", 0, NOW - timedelta(seconds=age_s))
    offered = ids(decided([stale, *agents(*range(others))]))
    assert "id-old" not in offered or -300 <= age_s <= 1800


def test_an_agent_whom_the_newest_scores_do_not_name_is_passed_over():
    rows = [*agents(0, age_s=600), Candidate("new", "id-new", 9000, NOW)]
    assert ids(decided(rows)) == ["id-new"]


def test_old_scores_widen_the_choice():
    assert len(decided(agents(*range(40), age_s=600)).agents) == 6


def test_old_scores_spread_the_first_offer():
    rows = agents(*range(40), age_s=600)
    firsts = {ids(decided(rows, CALL._replace(contact_id=f"c-{i}")))[0] for i in range(300)}
    assert len(firsts) > 30


def test_old_scores_still_favour_the_less_loaded():
    rows = agents(*range(40), age_s=600)
    firsts = [decided(rows, CALL._replace(contact_id=f"c-{i}")).agents[0] for i in range(600)]
    # The lesser of two uniform draws from 0 to 39 is 13 on average, a single draw 19.5.
    assert sum(offer.workload for offer in firsts) / 600 == pytest.approx(13, abs=1.5)


def test_a_widened_choice_of_few_offers_them_all():
    assert sorted(ids(decided(agents(3, 1, 2, age_s=600)))) == ["id-0", "id-1", "id-2"]


def test_no_scores_mean_the_default_queue():
    assert decided([]).reason == Reason.NO_CANDIDATES


def test_no_call_type_means_the_default_queue():
    assert decided([], CALL._replace(call_type=None)).reason == Reason.NO_CALL_TYPE


def test_a_retry_has_the_same_decision_id():
    rows = agents(10, 20)
    assert decided(rows).decision_id == decided(rows).decision_id


def test_another_contact_has_another_decision_id():
    rows = agents(10, 20)
    other = decided(rows, CALL._replace(contact_id="c-2"))
    assert other.decision_id != decided(rows).decision_id


def test_the_response_is_a_flat_map_for_the_flow():
    assert response(decided(agents(10, 20, age_s=42), live=all_free(2))) == {
        "decision": "CANDIDATES",
        "reason": "LEAST_WORKLOAD",
        "decisionId": decided(agents(10, 20)).decision_id,
        "policy": "v2",
        "dataAgeSeconds": "42",
        "count": "2",
        "agent1": "id-0",
        "agent2": "id-1",
        **{f"agent{place}": "NONE" for place in range(3, 11)},
        "priority": "5",
        "affinity": "NONE",
        "owner": "NONE",
        "reserved": "NONE",
        "overflowQueue": "NONE",
        "visitedQueues": "NONE",
    }


def test_a_default_response_has_the_same_keys():
    assert tuple(response(default(Contact(), Reason.FAILED, POLICY, "x"))) == RESPONSE_KEYS


def test_the_reason_for_the_log_does_not_go_to_the_flow():
    assert "secret" not in response(default(CALL, Reason.FAILED, POLICY, "secret")).values()


@given(
    st.lists(
        st.builds(
            Candidate,
            st.text(max_size=9),
            st.text(max_size=300),
            st.integers(-(10**9), 10**9),
            st.datetimes(timezones=st.just(UTC)),
        ),
        max_size=20,
    ),
    st.integers(1, 10**6),
    st.text(max_size=20) | st.none(),
)
def test_any_decision_fits_the_flow(rows, n, contact_id):
    answer = response(decided(rows, Contact(contact_id, "claims", n=n)))
    assert tuple(answer) == RESPONSE_KEYS
    assert all(isinstance(value, str) and value for value in answer.values())
    assert sum(len(value.encode()) for value in answer.values()) < 30_000


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
