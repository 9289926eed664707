"""Contacts whose own agents are busy go to a lender's queue, and back to waiting on any fault."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.flows import actions
from infra.flows.customer_queue import customer_queue
from infra.flows.files import flows
from infra.flows.lint import findings
from lambdas.routing.overflow import MOST_TRANSFERS
from lambdas.routing.policy import Lender
from tests.infra.flows.example import EXAMPLE, configs, queue_arn
from tests.infra.flows.lending_floor import ALL, NAMES, QUEUES, Floor, agents_of, around
from tests.infra.flows.routed_calls import DESIGNS, contact, never, ran, spoilt, visited, world

CONFIG = replace(EXAMPLE, standard_queues=QUEUES, standard_queue_arn=None, call_type="claims")
CLAIMS, CARDS, LOANS, HOME = (("QUEUE", arn) for arn in QUEUES.values())
DEFAULT = ("QUEUE", CONFIG.default_queue_arn)
WAITS = {"agent_queues": DEFAULT, "routing_criteria": CLAIMS}  # where nobody lends
CARDS_FREE, LOANS_FREE = agents_of("cards"), agents_of("loans")
IMPATIENT_S = 20  # before the first round is over


def called(design, floor, **changes):
    return ran(design, around(floor, **changes), CONFIG)


# -- at once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("design", DESIGNS)
def test_when_all_are_busy_the_contact_goes_into_the_lenders_queue_at_once(design):
    done = called(design, Floor([CARDS_FREE]))
    assert (done.places[0], done.attributes["overflowQueue"]) == (CARDS, "cards")
    assert done.attributes["visitedQueues"] == "claims,cards"


@pytest.mark.parametrize("design", DESIGNS)
def test_while_an_own_agent_is_free_nobody_lends(design):
    done = called(design, Floor([["claims-3", *CARDS_FREE]]), patience_s=IMPATIENT_S)
    assert (CARDS in done.places, done.attributes["overflowQueue"]) == (False, "NONE")


@pytest.mark.parametrize("design", DESIGNS)
def test_an_answer_that_was_lost_twice_is_the_same_loan(design):
    floor, told = Floor([CARDS_FREE], every_s=0), []

    def flaky(event):
        told.append(floor(event))
        if len(told) < 3:
            raise ConnectionError
        return told[-1]

    done = called(design, floor, answer=flaky, patience_s=IMPATIENT_S)
    assert (done.place, len(told), len(floor.reserves)) == (CARDS, 3, 1)


FAULTS = [
    *({"failing": frozenset({name})} for name in ("lender", "lender-1", "lender-hook")),
    *({"failing": frozenset({name})} for name in ("lender-free", "lender-transfer")),
    {"free": frozenset()},
    {"full": frozenset({CARDS[1]})},
    {"missing": frozenset({CARDS[1]})},
]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("fault", FAULTS)
def test_who_does_not_get_into_the_lenders_queue_waits_as_if_there_were_none(design, fault):
    done = called(design, Floor([CARDS_FREE]), patience_s=IMPATIENT_S, **fault)
    assert done.places == (WAITS[design],)


@pytest.mark.parametrize("fault", FAULTS[1:])
def test_the_contact_does_not_say_that_it_was_lent_where_it_was_not(fault):
    done = called("routing_criteria", Floor([CARDS_FREE]), patience_s=IMPATIENT_S, **fault)
    assert done.attributes["overflowQueue"] == "NONE"


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("named", ["elsewhere", "claims"])
def test_a_lender_that_the_flow_does_not_know_is_none(design, named):
    told = spoilt(overflowQueue=named, reason="ALL_BUSY")
    done = ran(design, world(answer=told, patience_s=IMPATIENT_S), CONFIG)
    assert done.places == (WAITS[design],)


# -- while waiting ---------------------------------------------------------------------------


def test_a_caller_who_waits_is_moved_as_soon_as_a_lender_has_agents_free():
    done = called("routing_criteria", Floor([[], [], CARDS_FREE]))
    (moved, *_) = visited(done, actions.DEQUEUE)
    assert done.places[:2] == (CLAIMS, CARDS)
    assert moved.at_s == pytest.approx(2 * CONFIG.interrupt_s, abs=1)


def test_a_caller_is_moved_on_when_the_lenders_agents_are_busy_too():
    floor = Floor([[], CARDS_FREE, LOANS_FREE, agents_of("home")])
    done = called("routing_criteria", floor)
    assert done.places == (CLAIMS, CARDS, LOANS, DEFAULT)


def test_a_caller_stays_in_the_lenders_queue_while_its_agents_are_free():
    done = called("routing_criteria", Floor([[], CARDS_FREE]))
    assert done.places == (CLAIMS, CARDS, DEFAULT)


def test_a_caller_whom_a_lenders_agent_takes_is_served():
    answers = {"cards-2": 40}
    done = called("routing_criteria", Floor([[], CARDS_FREE]), answers_after_s=answers)
    assert (done.place, done.agent_id) == (CARDS, "cards-2")


@pytest.mark.parametrize(
    "failing", ["lender-ask", "lender", "lender-visited", "lender-queue", "lender-1"]
)
def test_a_fault_between_the_rounds_leaves_the_caller_waiting(failing):
    floor = Floor([[], CARDS_FREE])
    done = called("routing_criteria", floor, failing=frozenset({failing}))
    assert done.places == (CLAIMS, DEFAULT)


@pytest.mark.parametrize("told", [never, lambda _: None, lambda _: {}, lambda _: {"more": 3}])
def test_an_answer_that_is_none_leaves_the_caller_waiting(told):
    floor = Floor([[], CARDS_FREE])

    def fails_later(event):
        return floor(event) if floor.asked < 0 else told(event)

    done = called("routing_criteria", floor, answer=fails_later)
    assert (done.places, done.attributes["reason"]) == ((CLAIMS, DEFAULT), "ALL_BUSY")


def test_a_move_that_is_not_noted_is_still_no_way_back():
    floor = Floor([[], CARDS_FREE, [], CARDS_FREE])
    done = called("routing_criteria", floor, failing=frozenset({"lender-here"}))
    assert done.places == (CLAIMS, CARDS, DEFAULT)


def test_a_lenders_queue_at_capacity_leaves_the_caller_waiting():
    full = frozenset({CARDS[1]})
    done = called("routing_criteria", Floor([[], CARDS_FREE]), full=full)
    assert done.places == (CLAIMS, DEFAULT)


# -- the flows -------------------------------------------------------------------------------


def test_a_queue_of_two_call_types_lends_nobody():
    shared = {**QUEUES, "gold": QUEUES["cards"]}
    assert set(replace(CONFIG, standard_queues=shared).lending_queues) == {"loans", "home"}


@pytest.mark.parametrize("arn", [CONFIG.default_queue_arn, CONFIG.fallback_queue_arn, queue_arn(9)])
def test_a_queue_where_contacts_wait_anyway_lends_nobody(arn):
    config = replace(
        CONFIG, standard_queues={"cards": arn, "x": queue_arn(8)}, standard_queue_arn=queue_arn(9)
    )
    assert set(config.lending_queues) == {"x"}


def test_without_a_queue_that_could_lend_the_lambda_is_asked_once():
    config = replace(CONFIG, standard_queues={"claims": QUEUES["claims"]})
    types = {action["Type"] for action in customer_queue(config).document["Actions"]}
    assert (config.lending_queues, actions.LAMBDA in types) == ({}, False)


def test_thirty_queues_are_within_the_limits():
    many = {f"type-{n}": queue_arn(n) for n in range(30)}
    config = replace(EXAMPLE, standard_queues=many, candidates=10)
    assert [str(each) for flow in flows(config) for each in findings(flow)] == []


BREAKABLE = [
    *(actions.COMPARE, actions.ATTRIBUTES, actions.METRIC, actions.HOOKS, actions.DEQUEUE),
    *("record", "lender", "lender-1", "lender-2", "lender-3", "lender-hook", "lender-free"),
    *("lender-transfer", "lender-none", "lender-ask", "lender-visited", "lender-queue"),
    *("lender-here", "standard-queue", "transfer", "hook", "default-queue"),
]
TURNS = st.tuples(st.sampled_from([0, 0, 0, 1]), *[st.sampled_from([0, 2, 3, 4])] * 3)
RESERVES = st.tuples(*[st.integers(0, 3)] * 3)


def free(turn):
    """So many agents of each call type."""
    return [
        name for queue, count in zip(NAMES, turn, strict=True) for name in agents_of(queue)[:count]
    ]


@st.composite
def lent_calls(draw):
    """Any config, centre and fault, and a contact that may come from another one."""
    named = draw(st.permutations(NAMES[1:]))
    floor = Floor(
        draw(st.lists(TURNS.map(free), min_size=1, max_size=9)),
        {"claims": tuple(map(Lender, named, draw(RESERVES)))},
        draw(st.lists(st.lists(st.sampled_from(ALL), max_size=4), max_size=9)),
        draw(st.sampled_from([0, 25, 60])),
    )
    config = draw(st.one_of(configs(), st.just(CONFIG)))
    queues = st.sampled_from([*config.all_standard_queues, config.default_queue_arn])
    queue_ids = [*config.standard_queues.values()]
    made = around(
        floor,
        staff={arn: frozenset(ALL) for arn in queue_ids},
        lambda_takes_s=draw(st.sampled_from([0.1, 3.0])),
        full=draw(st.frozensets(queues, max_size=2)),
        failing=draw(st.sampled_from([frozenset(), *(frozenset({name}) for name in BREAKABLE)])),
        patience_s=1200,
    )
    came = draw(st.sampled_from([{}, {"visitedQueues": "cards"}, {"visitedQueues": "x,y,z"}]))
    return config, floor, made, {"callType": "claims", **came}


@pytest.mark.parametrize("design", DESIGNS)
@given(call=lent_calls())
def test_a_contact_visits_no_queue_twice_and_is_moved_twice_at_most(design, call):
    config, _, made, attributes = call
    done = ran(design, made, config, contact(Attributes=attributes))
    lenders = [place for place in done.places if place.id in config.lending_queues.values()]
    named = {arn: name for name, arn in config.lending_queues.items()}
    moved = [place for place in lenders if named[place.id] != "claims"]
    assert len(done.places) == len(set(done.places))
    assert len(moved) <= MOST_TRANSFERS - (attributes.get("visitedQueues") == "cards")
    assert not moved or attributes.get("visitedQueues") != "x,y,z"


@pytest.mark.parametrize("design", DESIGNS)
@given(call=lent_calls())
def test_no_lender_is_ever_below_its_reserve(design, call):
    config, floor, made, attributes = call
    ran(design, made, config, contact(Attributes=attributes))
    least = {each.call_type: each.reserve for each in floor.lenders["claims"]}
    assert all(left >= least[lender] for lender, left in floor.reserves)


@pytest.mark.parametrize("design", DESIGNS)
@given(call=lent_calls())
def test_a_contact_that_may_be_lent_ends_in_a_queue_or_after_a_transfer_was_tried(design, call):
    config, _, made, attributes = call
    done = ran(design, made, config, contact(Attributes=attributes))
    assert done.place.kind != "DISCONNECTED" or visited(done, actions.TRANSFER)
