"""Promises of agents to contacts, against a real DynamoDB client."""

import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from lambdas.routing import handler as routing
from lambdas.routing.choose import Policy, Reason, choose
from lambdas.routing.decide import facts, reserved
from lambdas.routing.event import contact
from lambdas.routing.live import Slots
from lambdas.routing.reservations import Promise, Refused, Reservations, held, held_item
from lambdas.routing.tables import DynamoTables
from tests.lambdas.live_floor import (
    TOKENS,
    answers,
    empty,
    fill,
    live,
    pending,
    put_live,
    routing_event,
    stored,
)

POLICY = Policy(n=3, offer_busy=False)  # so that a contact that nobody can take has DEFAULT


@pytest.fixture
def client(aws):
    """Eight free agents, id-0 the least loaded, and a customer of id-5."""
    made = aws.client("dynamodb")
    fill(made, 8, ("claims", "cards"), [("known", "id-5")])
    put_live(made, *(live(f"id-{place}") for place in range(8)))
    yield made
    empty(made)


def asked(client, contact_id="c-1", call_type="claims", policy=None, at=None, **data):
    event = routing_event(contact_id, call_type, CustomerEndpoint=None, **data)
    at = at or datetime.now(UTC)
    return routing.answer(event, DynamoTables(client), TOKENS, policy or POLICY, at)


def test_the_first_agent_is_promised_to_the_contact(client):
    answer = asked(client)
    assert (answer["agent1"], answer["reserved"]) == ("id-0", "id-0")
    assert (pending(client), answers(client)) == ({"id-0": ["c-1"]}, {"c-1": "id-0"})


def test_the_same_contact_ten_times_is_one_promise_and_one_answer(client):
    told = [asked(client) for _ in range(10)]
    assert [each | {"dataAgeSeconds": ""} for each in told] == [
        told[0] | {"dataAgeSeconds": ""}
    ] * 10
    assert (pending(client), answers(client)) == ({"id-0": ["c-1"]}, {"c-1": "id-0"})


def test_the_same_contact_ten_times_at_once_is_one_promise_and_one_answer(client):
    with ThreadPoolExecutor(10) as pool:
        told = list(pool.map(lambda _: asked(client), range(10)))
    assert len({each["decisionId"] for each in told}) == 1
    assert sum(map(len, pending(client).values())) == 1


def test_another_contact_gets_another_agent(client):
    assert [asked(client, f"c-{place}")["agent1"] for place in range(3)] == ["id-0", "id-1", "id-2"]


def test_when_every_agent_is_promised_the_default_queue_has_the_contact(client):
    told = [asked(client, f"c-{place}") for place in range(9)]
    assert [each["decision"] for each in told] == ["CANDIDATES"] * 8 + ["DEFAULT"]
    assert told[8]["reason"] == "NONE_FREE"


def test_a_promise_ends_by_itself(client):
    asked(client, "c-1")
    later = datetime.now(UTC) + timedelta(seconds=31)
    assert asked(client, "c-2", at=later)["agent1"] == "id-0"
    assert pending(client) == {"id-0": ["c-2"]}


def test_an_answer_that_has_ended_is_made_anew(client):
    asked(client, "c-1")
    put_live(client, live("id-0", is_routable=False))
    later = datetime.now(UTC) + timedelta(seconds=31)
    assert asked(client, "c-1", at=later)["agent1"] == "id-1"


def test_another_call_type_is_another_question_and_frees_the_first_agent(client):
    put_live(client, live("id-0", is_routable=False))
    asked(client)
    put_live(client, live("id-0"))
    assert asked(client, call_type="cards")["agent1"] == "id-0"
    assert (pending(client), answers(client)) == ({"id-0": ["c-1"]}, {"c-1": "id-0"})


def test_the_associated_agent_is_promised_first(client):
    told = asked(client, CustomerId="known")
    assert (told["owner"], told["agent1"], told["reserved"]) == ("OFFERED", "id-5", "id-5")


def test_an_associated_agent_who_is_promised_to_another_is_passed_over(client):
    asked(client, "c-1", CustomerId="known")
    told = asked(client, "c-2", CustomerId="known")
    assert (told["owner"], told["agent1"]) == ("BUSY", "id-0")


def test_a_contact_without_an_id_is_offered_agents_without_a_promise(client):
    told = asked(client, None)
    assert (told["agent1"], told["reserved"], pending(client)) == ("id-0", "NONE", {})


def test_chats_fill_the_slots_of_an_agent_and_no_more(client):
    policy = Policy(unit=0, n=1, offer_busy=False)
    told = [asked(client, f"c-{place}", Channel="CHAT", policy=policy) for place in range(25)]
    assert Counter(each["agent1"] for each in told) == {
        **{f"id-{place}": 3 for place in range(8)},
        "NONE": 1,
    }


def test_a_state_that_changed_since_it_was_read_is_looked_at_again(client):
    """The agent goes to lunch between the read and the promise."""

    def lunch(**_):
        put_live(client, live("id-0", is_routable=False, version=2))

    racing = DynamoTables(_Interrupted(client, "transact_write_items", lunch))
    known = routing_event("c-1", CustomerEndpoint=None)
    told = routing.answer(known, racing, TOKENS, POLICY, datetime.now(UTC))
    assert (told["decision"], told["agent1"] != "id-0") == ("CANDIDATES", True)
    assert "id-0" not in pending(client)


class _Interrupted:
    """A client before whose first such call something else happens."""

    def __init__(self, client, operation, interruption):
        self._client, self._operation, self._interruption = client, operation, [interruption]

    def __getattr__(self, name):
        if name == self._operation and self._interruption:
            self._interruption.pop()()
        return getattr(self._client, name)


def promise(client, contact_id="c-1", agent_id="id-0"):
    who = contact(routing_event(contact_id, CustomerEndpoint=None))
    now = datetime.now(UTC)
    known = facts(who, DynamoTables(client), TOKENS, POLICY, now)
    decision = choose(who, known.candidates, known.state, POLICY, now)
    return Promise(who, stored(client, agent_id), decision, now)


def test_a_promise_over_an_older_version_is_refused_with_the_newer_one(client):
    late = promise(client, "c-2")
    Reservations(client).reserve(promise(client, "c-1"))
    refused = Reservations(client).reserve(late)
    assert isinstance(refused, Refused)
    assert (list(refused.agent.pending), refused.agent.version) == (["c-1"], 2)


def test_a_promise_of_an_agent_who_is_gone_is_refused(client):
    late = promise(client)
    client.delete_item(TableName="AgentState", Key={"AgentId": {"S": "id-0"}})
    assert Reservations(client).reserve(late) == Refused(None)
    assert answers(client) == {}


def test_an_answer_is_read_back_as_it_was_given(client):
    made = promise(client)
    told = held(held_item(made)).decision
    assert routing.response(told) == routing.response(made.decision) | {"reserved": "id-0"}


def test_a_release_takes_one_promise_away_and_only_once(client):
    asked(client, "c-1", Channel="CHAT", policy=Policy(unit=0, n=3, offer_busy=False))
    asked(client, "c-2", Channel="CHAT", policy=Policy(unit=0, n=3, offer_busy=False))
    store = Reservations(client)
    assert [store.release("id-0", "c-1") for _ in range(3)] == [True] * 3
    assert pending(client) == {"id-0": ["c-2"]}


def test_a_release_of_nobody_is_done(client):
    assert Reservations(client).release("nobody", "c-1")


def test_an_arrival_ends_the_answer_that_came_before_it_only(client):
    asked(client, "c-1")
    store = Reservations(client)
    now = datetime.now(UTC)
    assert store.arrived("c-1", now - timedelta(seconds=60)) is None
    assert store.arrived("c-1", now + timedelta(seconds=1)) == "id-0"
    assert store.arrived("c-1", now + timedelta(seconds=1)) is None
    assert answers(client) == {}


def test_a_crowd_that_always_collides_ends_in_the_default_queue(client):
    class Crowded(DynamoTables):
        def reserve(self, promise):
            return Refused(promise.agent)

    who = contact(routing_event("c-1", CustomerEndpoint=None))
    tables, now = Crowded(client), datetime.now(UTC)
    known = facts(who, tables, TOKENS, POLICY, now)
    decision = reserved(who, known, tables, POLICY, now)
    assert (decision.decision, decision.reason) == ("DEFAULT", Reason.CONTENDED)


def test_further_agents_are_read_until_enough_are_free(aws):
    made = aws.client("dynamodb")
    fill(made, 210)
    put_live(made, live("id-0", slots={"VOICE": Slots(1, 0, 1)}))
    put_live(made, *(live(f"id-{place}") for place in range(200, 210)))
    calls = []
    made.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))
    told = asked(made)
    assert told["agent1"] == "id-200"
    assert calls == ["Query", *["BatchGetItem"] * 3, "TransactWriteItems"]
    empty(made)


def test_a_decision_takes_three_round_trips(client):
    calls = []
    client.meta.events.register(
        "before-call.dynamodb.*", lambda model, **_: calls.append(model.name)
    )
    asked(client, CustomerId="known")
    assert calls == ["Query", "BatchGetItem", "TransactWriteItems"]


CONTACTS, AGENTS, THREADS = (500, 40, 32) if os.environ.get("PROVE") == "1" else (100, 15, 8)


@pytest.fixture(scope="module")
def race(aws):
    """Contacts, every tenth asked twice, meet agents with a slot for a call and three for chats."""
    made = aws.client("dynamodb")
    fill(made, AGENTS)
    put_live(made, *(live(f"id-{place}") for place in range(AGENTS)))
    contacts = [f"c-{place}" for place in range(CONTACTS)]
    questions = contacts + contacts[::10]
    random.Random(3).shuffle(questions)
    at = datetime.now(UTC)
    policy = Policy(hold_s=600, is_cross_channel=True, n=3, offer_busy=False)

    def ask(contact_id):
        is_chat = int(contact_id[2:]) % 5 == 0
        return contact_id, asked(
            made, contact_id, policy=policy, at=at, Channel="CHAT" if is_chat else "VOICE"
        )

    with ThreadPoolExecutor(THREADS) as pool:
        told = list(pool.map(ask, questions))
    yield told, pending(made), answers(made)
    empty(made)


def test_in_a_race_every_contact_has_an_answer(race):
    told, _, _ = race
    assert {each["decision"] for _, each in told} == {"CANDIDATES", "DEFAULT"}
    assert {each["reason"] for _, each in told} <= {"LEAST_WORKLOAD", "NONE_FREE", "CONTENDED"}


def test_in_a_race_every_promise_is_counted_once_and_none_is_lost(race):
    told, counted, rows = race
    promised = {(who, each["reserved"]) for who, each in told if each["decision"] == "CANDIDATES"}
    assert promised == set(rows.items())
    assert promised == {(who, agent) for agent, contacts in counted.items() for who in contacts}
    assert len(promised) == sum(map(len, counted.values()))


def test_in_a_race_no_agent_is_promised_beyond_the_slots(race):
    _, counted, _ = race
    assert max(map(len, counted.values())) <= 3
    for contacts in counted.values():
        calls = [who for who in contacts if int(who[2:]) % 5]
        assert len(calls) <= 1


def test_in_a_race_no_agent_who_could_take_a_call_is_left_over(race):
    _, counted, _ = race
    assert len(counted) == AGENTS
