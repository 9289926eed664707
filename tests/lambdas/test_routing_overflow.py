from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.routing.choose import Decision, Reason
from lambdas.routing.event import Contact
from lambdas.routing.live import AgentState, Slots
from lambdas.routing.overflow import MOST_TRANSFERS, been, loan, open_lenders
from lambdas.routing.policy import Lender, Policy

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
POLICY = Policy(lenders={"claims": (Lender("cards"), Lender("loans"), Lender("home", 0))})
CONTACT = Contact("c-1", "claims", "VOICE")
BUSY = Decision("CANDIDATES", Reason.ALL_BUSY)
NAMES = st.sampled_from(["claims", "cards", "loans", "home", "other"])


def agent(name, free=1, **values):
    slots = {"VOICE": Slots(1, free, 1 - free)}
    return AgentState(name, **{"is_routable": True, "seen_at": NOW, "slots": slots} | values)


def lent(agents, lender=POLICY.lenders["claims"][0], contact=CONTACT, policy=POLICY):
    return loan(contact, lender, agents, policy, NOW)


def asked(contact=CONTACT, decision=BUSY, policy=POLICY):
    return [lender.call_type for lender in open_lenders(contact, decision, policy)]


@pytest.mark.parametrize(("free", "expected"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_lender_keeps_one_agent_back(free, expected):
    agents = [agent(f"id-{place}", free=int(place < free)) for place in range(4)]
    assert (lent(agents) is not None) == expected


def test_a_lender_without_a_reserve_lends_its_last_agent():
    assert lent([agent("id-0")], Lender("cards", 0)).agent.agent_id == "id-0"


def test_those_kept_back_are_as_many_as_the_reserve_and_not_the_one_lent():
    found = lent([agent(f"id-{place}") for place in range(9)], Lender("cards", 3))
    assert len({found.agent.agent_id, *(each.agent_id for each in found.kept)}) == 4


@pytest.mark.parametrize(
    "values",
    [
        {"is_routable": False},
        {"next_status": "Lunch"},
        {"pending": {"c-2": NOW.timestamp() + 9}},
        {"slots": {"CHAT": Slots(1, 1, 0)}},
        {"seen_at": None},
    ],
)
def test_only_agents_who_could_take_the_contact_count(values):
    assert lent([agent("id-0"), agent("id-1", **values)]) is None


def test_skills_that_the_call_type_requires_are_required_of_lent_agents():
    policy = Policy(requires={"claims": {"language:french": 3}})
    agents = [agent("id-0", skills={"language:french": 4}), agent("id-1")]
    assert lent(agents, policy=policy) is None


@given(st.permutations([agent(f"id-{place}") for place in range(5)]))
def test_who_is_lent_does_not_depend_on_the_order_of_agents(agents):
    assert lent(agents) == lent(sorted(agents))


def test_contacts_of_one_moment_are_spread_over_the_lenders_agents():
    agents = [agent(f"id-{place}") for place in range(5)]
    drawn = {lent(agents, contact=Contact(f"c-{n}", "claims")).agent.agent_id for n in range(40)}
    assert len(drawn) == 5


def test_lenders_are_asked_in_the_recommended_order():
    assert asked() == ["cards", "loans", "home"]


@pytest.mark.parametrize("reason", [each for each in Reason if "BUSY" not in each])
def test_nobody_is_asked_unless_the_own_agents_are_known_to_be_busy(reason):
    is_busy = reason in {Reason.NONE_FREE, Reason.NONE_SKILLED}
    assert bool(asked(decision=Decision("DEFAULT", reason))) == is_busy


def test_an_answer_that_names_a_lender_is_not_lent_again():
    assert asked(decision=Decision("DEFAULT", Reason.ALL_BUSY, lender="cards")) == []


@pytest.mark.parametrize("changes", [{"call_type": "cards"}, {"call_type": None}])
def test_a_call_type_without_lenders_borrows_nobody(changes):
    assert asked(CONTACT._replace(**changes)) == []


def test_a_contact_that_cannot_be_told_from_others_borrows_nobody():
    assert asked(CONTACT._replace(contact_id=None)) == []


def test_a_queue_that_was_visited_is_closed():
    assert asked(CONTACT._replace(visited=("claims", "cards"))) == ["loans", "home"]


@pytest.mark.parametrize("visited", [("claims", "cards", "x"), ("x", "y"), ("claims", "a", "b")])
def test_two_transfers_are_the_most(visited):
    assert asked(CONTACT._replace(visited=visited)) == []


def test_the_own_queue_counts_as_visited_only_where_somebody_lends():
    assert (been(CONTACT, POLICY), been(CONTACT, Policy())) == (("claims",), ())


@given(
    st.dictionaries(NAMES, st.lists(NAMES.map(Lender), max_size=3).map(tuple)),
    NAMES,
    st.lists(NAMES, max_size=3),
)
def test_a_contact_that_goes_wherever_it_may_comes_back_nowhere(lenders, own, former):
    policy, contact = Policy(lenders=lenders), Contact("c-1", own, visited=tuple(former))
    places = [own]
    while onward := asked(contact, policy=policy):
        places.append(onward[-1])
        contact = contact._replace(visited=(*been(contact, policy), onward[-1]), is_waiting=True)
    assert len(places) == len(set(places))
    assert len(places) - 1 <= MOST_TRANSFERS
