import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.flows import actions
from infra.flows.world import World
from lambdas.routing.choose import RESPONSE_KEYS
from tests.infra.flows.example import configs
from tests.infra.flows.routed_calls import (
    AGENTS,
    DESIGNS,
    STAFF,
    Broken,
    Rows,
    contact,
    never,
    ran,
    routed,
    spoilt,
    visited,
)

LAMBDAS = [
    routed(Rows()),
    routed(Rows("id-owner")),
    routed(Rows(age_s=600)),
    routed(Rows(agents=AGENTS[:1])),
    routed(Rows(age_s=7200)),
    routed(Broken()),
    never,
    spoilt(count=3),
    spoilt(decision=None),
    spoilt(count="0"),
    spoilt(count="many"),
    spoilt(agent1="NONE"),
    spoilt(affinity="id-owner", count="1", agent1="id-owner"),
    spoilt(more="x" * 33_000),
    lambda _: dict.fromkeys(RESPONSE_KEYS, "NONE"),
    lambda _: json.dumps({"decision": "CANDIDATES"}),
]
BREAKABLE = [
    *(actions.LAMBDA, actions.COMPARE, actions.ATTRIBUTES, actions.METRIC, actions.CRITERIA),
    *(actions.BEHAVIOR, actions.HOOKS, actions.LOOP, actions.MESSAGE, actions.PROMPTS),
    *(actions.DEQUEUE, "agent1-queue", "agent1-transfer", "default-queue", "default-transfer"),
    *("fallback-queue", "fallback-transfer", "standard-queue", "transfer"),
]


@st.composite
def calls(draw):
    """A config, and a world in which anything may be broken."""
    config = draw(configs())
    queues = [config.default_queue_arn, config.fallback_queue_arn, *config.all_standard_queues]
    some = st.sampled_from([*queues, *sorted(STAFF)])
    return config, World(
        answer=draw(st.sampled_from(LAMBDAS)),
        lambda_takes_s=draw(st.sampled_from([0.1, 3.0, 9.0])),
        free=draw(st.frozensets(st.sampled_from(sorted(STAFF)))),
        answers_after_s=draw(st.dictionaries(st.sampled_from(sorted(STAFF)), st.integers(0, 900))),
        staff={queue: draw(st.frozensets(st.sampled_from(sorted(STAFF)))) for queue in queues},
        full=draw(st.frozensets(some, max_size=4)),
        missing=draw(st.frozensets(some, max_size=2)),
        failing=draw(st.frozensets(st.sampled_from(BREAKABLE), max_size=3)),
        patience_s=1800,
    )


def is_open(around, name, queue):
    """Whether a transfer to a last queue can succeed at all."""
    ways = {f"{name}-queue", f"{name}-transfer"}
    return queue not in around.full | around.missing and not ways & around.failing


@pytest.mark.parametrize("design", DESIGNS)
@given(call=calls())
def test_a_caller_always_ends_in_a_queue_unless_every_queue_is_shut(design, call):
    config, around = call
    attributes = {"callType": "claims"}
    done = ran(design, around, config, contact(Attributes=attributes))
    last = {"default": config.default_queue_arn, "fallback": config.fallback_queue_arn}
    is_taken = done.place.kind == "AGENT_QUEUE" or done.place.id in {
        *config.all_standard_queues,
        *last.values(),
    }
    assert is_taken or not any(is_open(around, name, queue) for name, queue in last.items())


@given(call=calls())
def test_nobody_stays_in_the_queue_of_an_agent_who_does_not_answer(call):
    config, broken = call
    longest_s = 2 * config.agent_queue_rounds * config.interrupt_s  # a caller who does not give up
    around = replace(
        broken, failing=frozenset(), full=frozenset(), missing=frozenset(), patience_s=longest_s
    )
    done = ran("agent_queues", around, config, contact(Attributes={"callType": "claims"}))
    assert done.place.kind == "QUEUE" or done.agent_id == done.place.id


@given(call=calls())
def test_a_caller_is_sent_away_only_after_a_transfer_was_tried(call):
    config, around = call
    done = ran("routing_criteria", around, config)
    tried = visited(done, actions.TRANSFER)
    assert done.place.kind != "DISCONNECTED" or tried
