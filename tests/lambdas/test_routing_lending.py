"""Agents lent between queues, through the real handler against a real DynamoDB client."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from ingestion.privacy import Tokens
from lambdas.routing import handler as routing
from lambdas.routing import tables as routing_tables
from lambdas.routing.choose import RESPONSE_KEYS, Decision, Reason
from lambdas.routing.config import Settings
from lambdas.routing.decide import decide
from lambdas.routing.event import contact
from lambdas.routing.lending import MOST_TRIES
from lambdas.routing.live import Slots
from lambdas.routing.policy import MOST_LENDERS, Lender, Policy
from lambdas.routing.reservations import Promise, Refused
from lambdas.routing.tables import DynamoTables
from tests.lambdas.live_floor import (
    KEY,
    answers,
    empty,
    fill_queues,
    live,
    pending,
    put_live,
    routing_event,
)

TOKENS = Tokens(KEY)
LENDERS = {"claims": (Lender("cards"), Lender("loans"), Lender("home"))}
POLICY = Policy(lenders=LENDERS)
BUSY = {"VOICE": Slots(1, 0, 1)}


@pytest.fixture
def client(aws):
    """Two agents of claims, both on calls; three of cards and five of loans, all free."""
    made = aws.client("dynamodb")
    fill_queues(made, claims=2, cards=3, loans=5, home=0)
    put_live(made, *(live(f"claims-{place}", slots=BUSY) for place in range(2)))
    free(made, cards=3, loans=5)
    yield made
    empty(made)


def free(client, **counts):
    names = [f"{name}-{place}" for name, count in counts.items() for place in range(count)]
    put_live(client, *(live(name) for name in names))


def busy(client, *names):
    put_live(client, *(live(name, slots=BUSY, version=7) for name in names))


class Counted:
    """Tables that count what is asked of them, and may do something before a promise."""

    def __init__(self, client, before=lambda: None):
        self._tables, self._before, self.calls = DynamoTables(client), before, []

    def __getattr__(self, name):
        self.calls.append(name)
        if name == "reserve":
            self._before()
        return getattr(self._tables, name)


def asked(tables, contact_id="c-1", policy=POLICY, at=None, waiting=None, **attributes):
    event = routing_event(contact_id, CustomerEndpoint=None, Attributes=attributes)
    if waiting:
        event["Details"]["Parameters"]["waiting"] = "true"
    tables = tables if isinstance(tables, Counted) else DynamoTables(tables)
    told = routing.answer(event, tables, TOKENS, policy, at or datetime.now(UTC))
    assert tuple(told) == RESPONSE_KEYS
    return told


def told_of(answer):
    return answer["overflowQueue"], answer["visitedQueues"]


def test_when_all_are_busy_the_recommended_queue_lends_an_agent(client):
    told = asked(client)
    assert told_of(told) == ("cards", "claims,cards")
    assert (told["reserved"].startswith("cards-"), told["reason"]) == (True, "ALL_BUSY")
    assert pending(client) == {told["reserved"]: ["c-1"]}


def test_the_own_agents_are_told_as_if_there_were_no_lender(client):
    lone = asked(client, policy=Policy())
    keys = ("decision", "reason", "count", "agent1", "agent2", "priority")
    assert [lone[key] for key in keys] == [asked(client)[key] for key in keys]


def test_without_lenders_nobody_lends_and_nothing_more_is_read(client):
    tables = Counted(client)
    assert told_of(asked(tables, policy=Policy())) == ("NONE", "NONE")
    assert tables.calls == ["candidates", "known"]


def test_where_an_own_agent_is_free_nothing_more_is_read(client):
    free(client, claims=1)
    tables = Counted(client)
    assert told_of(asked(tables)) == ("NONE", "claims")
    assert tables.calls == ["candidates", "known", "reserve"]


def test_a_lender_is_two_reads_and_the_promise(client):
    tables = Counted(client)
    asked(tables)
    assert tables.calls == ["candidates", "known", "candidates", "agents", "reserve"]


def test_what_lending_reads_at_most_is_bounded(client):
    class Beaten(Counted):
        def reserve(self, promise):
            self.calls.append("reserve")
            return Refused(promise.agent)

    fill_queues(client, home=3)
    free(client, home=3)
    tables = Beaten(client)
    assert told_of(asked(tables)) == ("NONE", "claims")
    assert len(tables.calls) - 2 == MOST_LENDERS * (1 + 2 * MOST_TRIES)


def test_a_lender_that_would_touch_its_reserve_is_passed_over(client):
    busy(client, "cards-1", "cards-2")
    assert told_of(asked(client)) == ("loans", "claims,loans")


def test_when_no_lender_can_the_contact_waits_where_it_is(client):
    busy(client, *(f"{name}-{n}" for name in ("cards", "loans") for n in range(5)))
    told = asked(client)
    assert (*told_of(told), told["reserved"]) == ("NONE", "claims", "NONE")


def test_contacts_take_lenders_down_to_their_reserve_and_no_further(client):
    told = [asked(client, f"c-{n}")["overflowQueue"] for n in range(9)]
    assert told == ["cards"] * 2 + ["loans"] * 4 + ["NONE"] * 3


def test_a_race_leaves_every_lender_its_reserve(client):
    lenders = {"claims": (Lender("cards", 1), Lender("loans", 2))}
    with ThreadPoolExecutor(8) as pool:
        ask = lambda n: asked(client, f"c-{n}", Policy(lenders=lenders))  # noqa: E731
        told = list(pool.map(ask, range(24)))
    lent = [each["overflowQueue"] for each in told if each["overflowQueue"] != "NONE"]
    assert (lent.count("cards") <= 2, lent.count("loans") <= 3, len(lent) > 0) == (True,) * 3
    assert sorted(pending(client)) == sorted(
        each["reserved"] for each in told if each["reserved"] != "NONE"
    )


def test_a_lender_whose_agents_have_gone_since_they_were_read_is_looked_at_again(client):
    gone = []

    def lunch():
        """Of three free agents of cards only one stays."""
        if not gone:
            gone.append(busy(client, "cards-0", "cards-1", "cards-2"))
            put_live(client, live("cards-2", version=8))

    assert told_of(asked(Counted(client, lunch))) == ("loans", "claims,loans")


def test_a_promise_is_not_made_when_only_an_agent_kept_back_has_changed(client):
    who = contact(routing_event("c-1"))
    at, kept = datetime.now(UTC), (live("cards-1"), live("cards-2"))
    promise = Promise(who, live("cards-0"), Decision("DEFAULT", Reason.NONE_FREE), at, kept)
    put_live(client, live("cards-2", version=2))
    assert DynamoTables(client).reserve(promise) == Refused(promise.agent)
    assert (pending(client), answers(client)) == ({}, {})


def test_a_retry_is_answered_alike_and_promised_once(client):
    told = [asked(client) | {"dataAgeSeconds": ""} for _ in range(10)]
    assert told == told[:1] * 10
    assert (len(pending(client)), list(answers(client))) == (1, ["c-1"])


def test_a_retry_is_answered_alike_where_no_agent_is_named(client):
    policy = Policy(lenders=LENDERS, offer_busy=False)
    told = [asked(client, policy=policy) | {"dataAgeSeconds": ""} for _ in range(2)]
    assert (told[0]["decision"], told[0]["overflowQueue"]) == ("DEFAULT", "cards")
    assert told[0] == told[1]


def test_a_waiting_contact_is_promised_no_own_agent(client):
    free(client, claims=2)
    told = asked(client, waiting=True, visitedQueues="claims")
    assert (told["overflowQueue"], told["reserved"], pending(client)) == ("NONE", "NONE", {})


def test_a_waiting_contact_is_lent_an_agent_as_soon_as_there_is_one(client):
    busy(client, *(f"{name}-{n}" for name in ("cards", "loans") for n in range(5)))
    asked(client)
    free(client, cards=2)
    assert asked(client, waiting=True, visitedQueues="claims")["overflowQueue"] == "cards"


def test_a_waiting_contact_that_was_promised_an_own_agent_may_be_lent_another(client):
    free(client, claims=1)
    first = asked(client)["reserved"]
    busy(client, "claims-0")
    told = asked(client, waiting=True, visitedQueues="claims")
    assert (first, told["overflowQueue"]) == ("claims-0", "cards")
    assert pending(client) == {told["reserved"]: ["c-1"]}


def test_who_waits_in_a_lenders_queue_is_served_by_its_agents(client):
    been = {"visitedQueues": "claims,cards", "overflowQueue": "cards"}
    assert asked(client, waiting=True, **been)["overflowQueue"] == "NONE"
    busy(client, "cards-0", "cards-1", "cards-2")
    told = asked(client, waiting=True, **been)
    assert told_of(told) == ("loans", "claims,cards,loans")


def test_a_move_asks_a_new_question_and_frees_the_agent_who_was_promised_before(client):
    first = asked(client)["reserved"]
    busy(client, *{"cards-0", "cards-1", "cards-2"} - {first})
    been = {"visitedQueues": "claims,cards", "overflowQueue": "cards"}
    asked(client, waiting=True, **been)
    assert pending(client) == {}


@pytest.mark.parametrize("visited", ["claims,cards,loans", "x,y", "a,b,c,d,e"])
def test_after_two_transfers_nothing_more_is_read(client, visited):
    tables = Counted(client)
    told = asked(tables, waiting=True, visitedQueues=visited)
    assert (told["overflowQueue"], tables.calls) == ("NONE", ["candidates", "known"])


def test_an_ended_promise_is_made_anew(client):
    asked(client)
    later = datetime.now(UTC) + timedelta(seconds=31)
    assert asked(client, at=later)["overflowQueue"] == "cards"


def test_the_kill_switch_stops_lending_and_keeps_what_the_contact_visited(client):
    event = routing_event("c-1", Attributes={"visitedQueues": "claims,cards"})
    settings = Settings(POLICY, is_killed=True)
    tables = DynamoTables(client)
    told = routing.route(contact(event), tables, TOKENS, settings, datetime.now(UTC))
    assert (told.decision.lender, told.decision.visited) == (None, ("claims", "cards"))


def test_a_decision_without_a_promise_names_the_lender_too(client):
    who = contact(routing_event("c-1", CustomerEndpoint=None))
    told = decide(who, DynamoTables(client), TOKENS, POLICY, datetime.now(UTC))
    assert (told.lender, pending(client)) == ("cards", {})


# -- the whole handler, with its config item, its log and DynamoDB's faults -----------------------

ITEM = {
    "ConfigId": {"S": "routing"},
    "policy": {"M": {"lenders": {"M": {"claims": {"L": [{"M": {"call_type": {"S": "cards"}}}]}}}}},
}
CALLS = (*("GetItem", "Query", "BatchGetItem"), *("Query", "BatchGetItem", "TransactWriteItems"))


@pytest.fixture
def configured(aws, client, monkeypatch):
    """The function's environment on AWS, at its first use, with cards as the lender of claims."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUSTOMER_KEY", KEY.hex())
    monkeypatch.setattr(routing, "BUDGET_S", 60)  # what fails here is not a busy machine
    client.put_item(TableName="RoutingConfig", Item=ITEM)
    routing._parts.cache_clear()
    yield client
    routing._parts().tables.client.close()
    routing._parts.cache_clear()


def test_the_config_item_names_the_lenders(configured):
    told = routing.handler(routing_event("c-1", CustomerEndpoint=None), None)
    assert told_of(told) == ("cards", "claims,cards")


def test_lenders_that_make_no_sense_leave_routing_as_it_is(configured):
    senseless = {"claims": {"L": [{"M": {"call_type": {"S": "claims"}}}]}}
    item = ITEM | {"policy": {"M": {"lenders": {"M": senseless}}}}
    configured.put_item(TableName="RoutingConfig", Item=item)
    told = routing.handler(routing_event("c-1", CustomerEndpoint=None), None)
    assert (told["decision"], *told_of(told)) == ("CANDIDATES", "NONE", "NONE")


def test_the_lender_is_in_the_log(configured, monkeypatch):
    lines = []

    class Log:
        def info(self, _, extra):
            lines.append(extra)

    monkeypatch.setattr(routing, "_logger", Log)
    routing.handler(routing_event("c-1", CustomerEndpoint=None), None)
    assert [json.loads(json.dumps(line))["overflow_queue"] for line in lines] == ["cards"]


@pytest.mark.parametrize("number", range(3, 6), ids=CALLS[3:])
def test_a_fault_at_any_call_of_lending_is_the_default_queue(configured, number):
    made = []

    def strike(model, **_):
        made.append(model.name)
        if len(made) == number + 1:
            raise TimeoutError

    routing._parts().tables.client.meta.events.register("before-call.dynamodb.*", strike)
    told = routing.handler(routing_event("c-1", CustomerEndpoint=None), None)
    assert tuple(made) == CALLS[: number + 1]
    assert (told["decision"], told["reason"], *told_of(told)) == (
        *("DEFAULT", "OUT_OF_TIME"),
        *("NONE", "NONE"),
    )


def test_without_time_for_the_lender_the_default_queue_has_the_contact(configured, monkeypatch):
    client, made = routing._parts().tables.client, []

    def slow(model, **_):
        made.append(model.name)
        if made.count("Query") == 2:
            over = SimpleNamespace(monotonic=lambda: float("inf"))
            monkeypatch.setattr(routing_tables, "time", over)

    client.meta.events.register("before-call.dynamodb.*", slow)
    told = routing.handler(routing_event("c-1", CustomerEndpoint=None), None)
    assert (told["reason"], tuple(made)) == ("OUT_OF_TIME", CALLS[:4])
