from dataclasses import replace

import pytest

from infra.flows import actions
from infra.flows.interpreter import FlowRunError, run
from lambdas.routing.choose import RESPONSE_KEYS
from tests.infra.flows.example import EXAMPLE, queue_arn
from tests.infra.flows.routed_calls import (
    AGENTS,
    CLAIMS,
    CONFIG,
    DEFAULT,
    DESIGNS,
    FALLBACK,
    NO_ANSWER,
    Broken,
    Rows,
    contact,
    never,
    ran,
    routed,
    spoilt,
    visited,
    why,
    world,
)

# Design A: agents' own queues.


def test_the_first_agent_who_is_free_gets_the_call():
    done = ran("agent_queues", world(free=frozenset(AGENTS), answers_after_s={"id-0": 4}))
    assert (done.place, done.agent_id) == (("AGENT_QUEUE", "id-0"), "id-0")


def test_an_agent_who_is_not_free_is_passed_over():
    done = ran("agent_queues", world(free=frozenset({"id-1"}), answers_after_s={"id-1": 4}))
    assert (done.attributes["offeredAgent"], done.attributes["offeredRank"]) == ("id-1", "2")


def test_an_agents_queue_at_capacity_is_passed_over():
    around = world(free=frozenset(AGENTS), full=frozenset({"id-0"}), answers_after_s={"id-1": 4})
    assert ran("agent_queues", around).place == ("AGENT_QUEUE", "id-1")


def test_an_agent_who_was_deleted_is_passed_over():
    around = world(free=frozenset(AGENTS), missing=frozenset({"id-0"}), answers_after_s={"id-1": 4})
    assert ran("agent_queues", around).place == ("AGENT_QUEUE", "id-1")


def test_when_none_of_the_offered_is_free_the_default_queue_takes_the_call():
    assert ran("agent_queues", world(free=frozenset({"id-7"}))).place == ("QUEUE", DEFAULT)


def test_an_offer_that_is_not_answered_ends_in_the_default_queue():
    done = ran("agent_queues", world(free=frozenset(AGENTS), answers_after_s={"id-other": 0}))
    assert (done.place, done.agent_id) == (("QUEUE", DEFAULT), "id-other")


def test_an_unanswered_caller_waits_one_round_in_the_agents_queue():
    done = ran("agent_queues", world(free=frozenset(AGENTS)))
    (left,) = visited(done, actions.DEQUEUE)
    assert left.at_s == pytest.approx(0.2 + CONFIG.interrupt_s)


def test_an_unanswered_caller_ends_in_the_fallback_queue_when_the_default_queue_is_full():
    done = ran("agent_queues", world(free=frozenset(AGENTS), full=frozenset({DEFAULT})))
    assert done.place == ("QUEUE", FALLBACK)


def test_a_caller_who_cannot_leave_an_agents_queue_is_tried_again_and_stays_in_it():
    around = world(free=frozenset(AGENTS), failing=frozenset({actions.DEQUEUE}), patience_s=100)
    done = ran("agent_queues", around)
    assert (done.place, len(visited(done, actions.DEQUEUE))) == (("AGENT_QUEUE", "id-0"), 6)


def test_a_chat_does_not_wait_in_an_agents_queue():
    around = world(free=frozenset(AGENTS), failing=frozenset({actions.PROMPTS}))
    assert ran("agent_queues", around).place == ("QUEUE", DEFAULT)


def test_nobody_is_put_into_an_agents_queue_without_a_way_out():
    around = world(free=frozenset(AGENTS), failing=frozenset({actions.HOOKS}))
    assert ran("agent_queues", around).place == ("QUEUE", DEFAULT)


def test_a_single_candidate_leaves_the_other_places_alone():
    done = ran("agent_queues", world(Rows(agents=AGENTS[:1])))
    assert len(visited(done, actions.METRIC)) == 1


# Design B: one standard queue with routing criteria.


def test_the_associated_agent_is_waited_for_first():
    done = ran("routing_criteria", world(Rows("id-owner"), answers_after_s={"id-owner": 5}))
    assert (done.place, done.agent_id, done.step) == (("QUEUE", CLAIMS), "id-owner", 1)


def test_the_best_agents_follow_when_the_associated_agents_time_is_over():
    around = world(Rows("id-owner"), answers_after_s={"id-0": 5, "id-owner": 90})
    done = ran("routing_criteria", around)
    assert (done.agent_id, done.step, done.waited_s) == ("id-0", 2, CONFIG.associated_expiry_s)


def test_anyone_in_the_queue_follows_when_every_step_is_over():
    around = world(Rows("id-owner"), answers_after_s={"id-other": 5})
    done = ran("routing_criteria", around)
    assert (done.agent_id, done.step, done.waited_s) == ("id-other", 0, 50)


def test_without_an_associated_agent_the_best_are_first():
    done = ran("routing_criteria", world(answers_after_s={"id-2": 5}))
    assert (done.agent_id, done.step) == ("id-2", 1)


def test_more_agents_than_candidates_are_cut_off():
    done = ran("routing_criteria", world(Rows(age_s=600), answers_after_s={"id-other": 0}))
    assert (done.attributes["count"], done.waited_s) == ("6", CONFIG.best_expiry_s)


def test_an_agent_outside_the_queue_is_not_waited_for_longer_than_the_step():
    around = world(
        staff={CLAIMS: frozenset({"id-other"})}, answers_after_s={"id-0": 0, "id-other": 0}
    )
    done = ran("routing_criteria", around)
    assert (done.agent_id, done.waited_s) == ("id-other", CONFIG.best_expiry_s)


def test_when_all_are_busy_the_queue_is_open_at_once():
    around = world(answer=spoilt(reason="ALL_BUSY"), answers_after_s={"id-other": 1})
    done = ran("routing_criteria", around)
    assert (done.agent_id, done.step) == ("id-other", 0)


def test_without_criteria_the_queue_is_open_at_once():
    around = world(failing=frozenset({actions.CRITERIA}), answers_after_s={"id-other": 1})
    assert ran("routing_criteria", around).agent_id == "id-other"


def test_a_standard_queue_at_capacity_leads_to_the_default_queue():
    assert ran("routing_criteria", world(full=frozenset({CLAIMS}))).place == ("QUEUE", DEFAULT)


def test_a_caller_whom_nobody_answers_leaves_the_standard_queue_late():
    done = ran("routing_criteria", world())
    (left,) = visited(done, actions.DEQUEUE)
    rounds_s = CONFIG.standard_queue_rounds * CONFIG.interrupt_s
    assert (done.place, left.at_s) == (("QUEUE", DEFAULT), pytest.approx(0.2 + rounds_s))


def test_a_chat_stays_in_the_standard_queue():
    around = world(failing=frozenset({actions.PROMPTS}), answers_after_s={"id-2": 200})
    assert ran("routing_criteria", around).place == ("QUEUE", CLAIMS)


TOLD = replace(EXAMPLE, standard_queues={"claims": CLAIMS, "cards": queue_arn(2)})


def test_the_contacts_attribute_tells_the_call_type_where_the_flow_does_not():
    done = ran("routing_criteria", world(), TOLD, contact(Attributes={"callType": "claims"}))
    assert "standard-queue-1" in {visit.action for visit in done.trace}


def test_a_contact_that_does_not_tell_its_call_type_reaches_the_default_queue():
    done = ran("routing_criteria", world(), TOLD)
    assert (done.place, why(done)) == (("QUEUE", DEFAULT), ("DEFAULT", "NO_CALL_TYPE"))


# Both designs.


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(
    "changes",
    [
        {"answer": never},
        {"lambda_takes_s": 4.1},
        {"answer": lambda _: None},
        {"answer": lambda _: ["CANDIDATES"]},
        {"answer": lambda _: {}},
        {"answer": spoilt(count=3)},
        {"answer": spoilt(decision=None)},
        {"answer": spoilt(reason=None)},
        {"answer": spoilt(agent1=None)},
        {"answer": spoilt(agent2="")},
        {"answer": spoilt(more={"a": "b"})},
        {"answer": spoilt(more="x" * 33_000)},
        {"failing": frozenset({actions.LAMBDA})},
        {"failing": frozenset({actions.ATTRIBUTES})},
    ],
)
def test_an_answer_that_is_none_leads_to_the_default_queue(design, changes):
    assert ran(design, world(free=frozenset(AGENTS), **changes)).place == ("QUEUE", DEFAULT)


@pytest.mark.parametrize("design", DESIGNS)
def test_a_contact_without_an_answer_says_so(design):
    assert why(ran(design, world(answer=never))) == NO_ANSWER


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(
    ("tables", "reason"),
    [(Rows(age_s=7200), "STALE"), (Rows(agents=[]), "NO_CANDIDATES"), (Broken(), "FAILED")],
)
def test_a_decision_for_the_default_queue_is_obeyed_and_recorded(design, tables, reason):
    done = ran(design, world(tables, free=frozenset(AGENTS)))
    assert (done.place, why(done)) == (("QUEUE", DEFAULT), ("DEFAULT", reason))


@pytest.mark.parametrize("design", DESIGNS)
def test_the_decision_is_on_the_contact(design):
    done = ran(design, world(Rows("id-owner"), free=frozenset(AGENTS)))
    kept = RESPONSE_KEYS[: RESPONSE_KEYS.index("agent3") + 1]
    told = routed(Rows("id-owner"))(asked(design))
    assert {key: done.attributes[key] for key in kept} == {key: told[key] for key in kept}


def asked(design):
    """The event that the flow's Lambda gets."""
    seen = []
    ran(design, world(answer=lambda event: seen.append(event) or {}))
    return seen[0]


@pytest.mark.parametrize("design", DESIGNS)
def test_the_lambda_is_asked_for_as_many_agents_as_the_flow_can_offer(design):
    assert asked(design)["Details"]["Parameters"] == {"callType": "claims", "n": "3"}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(("named", "expected"), [("2", 2), ("5", None)])
def test_a_tier_sets_the_priority_and_another_leaves_it(design, named, expected):
    assert ran(design, world(answer=spoilt(priority=named))).priority == expected


@pytest.mark.parametrize("design", DESIGNS)
def test_a_full_default_queue_leads_to_the_fallback_queue(design):
    done = ran(design, world(answer=never, full=frozenset({DEFAULT})))
    assert done.place == ("QUEUE", FALLBACK)


@pytest.mark.parametrize("design", DESIGNS)
def test_only_when_both_queues_are_full_a_caller_is_sent_away_with_a_word(design):
    done = ran(design, world(answer=never, full=frozenset({DEFAULT, FALLBACK})))
    last = [visit.action for visit in done.trace[-5:]]
    assert (done.place.kind, last) == (
        "DISCONNECTED",
        ["default-transfer", "fallback-queue", "fallback-transfer", "sorry", "disconnect"],
    )


def test_an_unknown_action_is_named():
    document = {"StartAction": "a", "Actions": [{"Identifier": "a", "Type": "Wait"}]}
    with pytest.raises(FlowRunError, match="does not know Wait"):
        run(document, world(), contact())


def test_a_flow_that_runs_in_circles_is_stopped():
    circle = actions.saying("a", "again", then="a")
    with pytest.raises(FlowRunError, match="circles"):
        run({"StartAction": "a", "Actions": [circle]}, world(), contact())
