"""Amazon Connect tries a failed Lambda again: the caller gains by it, and no agent is promised
twice."""

from datetime import UTC, datetime

import pytest

from glue_jobs.standin import stand_in
from lambdas.agent_state.item import agent_state
from lambdas.routing.choose import Policy
from lambdas.routing.handler import answer
from lambdas.routing.tables import DynamoTables
from tests.infra.flows.routed_calls import (
    AGENTS,
    CONFIG,
    DEFAULT,
    DESIGNS,
    NO_ANSWER,
    Rows,
    ran,
    routed,
    why,
    world,
)
from tests.lambdas.live_floor import TOKENS, fill, live, put_live


class Flaky:
    """A Lambda that does its work, and whose first answers are lost on their way."""

    def __init__(self, within, lost):
        self.within, self.lost, self.answers = within, lost, []

    def __call__(self, event):
        self.answers.append(self.within(event))
        if len(self.answers) <= self.lost:
            raise ConnectionError
        return self.answers[-1]


def asked_s(done):
    """When the question was over."""
    return next(visit.at_s for visit in done.trace if visit.type == "InvokeLambdaFunction")


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_call_that_fails_twice_is_answered_at_the_third(design, lost):
    flaky = Flaky(routed(Rows()), lost)
    done = ran(design, world(answer=flaky, free=frozenset(AGENTS)))
    assert (done.attributes["decision"], len(flaky.answers)) == ("CANDIDATES", lost + 1)


@pytest.mark.parametrize("design", DESIGNS)
def test_a_call_that_fails_three_times_leads_to_the_default_queue(design):
    flaky = Flaky(routed(Rows()), 3)
    done = ran(design, world(answer=flaky, free=frozenset(AGENTS)))
    assert (done.place, why(done), len(flaky.answers)) == (("QUEUE", DEFAULT), NO_ANSWER, 3)


@pytest.mark.parametrize(("takes_s", "calls"), [(0.2, 3), (1.5, 3), (2.5, 2), (4.0, 1), (9.0, 1)])
def test_all_tries_share_the_time_limit_of_the_block(takes_s, calls):
    flaky = Flaky(routed(Rows()), 9)
    done = ran("agent_queues", world(answer=flaky, lambda_takes_s=takes_s))
    assert len(flaky.answers) == calls
    assert asked_s(done) == pytest.approx(min(CONFIG.invocation_limit_s, calls * takes_s))


def test_a_try_whose_answer_would_come_too_late_is_no_answer():
    flaky = Flaky(routed(Rows()), 1)
    done = ran("agent_queues", world(answer=flaky, lambda_takes_s=2.5))
    assert (why(done), len(flaky.answers)) == (NO_ANSWER, 2)


def test_every_try_gets_the_same_question():
    seen = []

    def spoiling(event):
        seen.append(event["Details"]["Parameters"].pop("callType"))
        raise ConnectionError

    ran("agent_queues", world(answer=spoiling))
    assert seen == ["claims"] * 3


@pytest.fixture(scope="module")
def client():
    with stand_in() as running:
        made = running.client("dynamodb")
        fill(made, 8)
        put_live(made, *(live(f"id-{place}") for place in range(8)))
        yield made


@pytest.mark.parametrize("design", DESIGNS)
def test_three_tries_are_one_promise_and_one_answer(client, design):
    who = {"ContactId": f"c-{design}", "Channel": "VOICE", "Attributes": {}}
    tables = DynamoTables(client)
    flaky = Flaky(lambda event: answer(event, tables, TOKENS, Policy(), datetime.now(UTC)), 2)
    ran(design, world(answer=flaky, free=frozenset(AGENTS)), who=who)
    promised = [
        contact_id
        for item in client.scan(TableName="AgentState")["Items"]
        for contact_id in agent_state(item).pending
    ]
    assert len(flaky.answers) == 3
    assert len({each["decisionId"] for each in flaky.answers}) == 1
    assert promised.count(f"c-{design}") == 1
