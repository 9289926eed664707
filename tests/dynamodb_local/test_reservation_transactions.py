"""Promises of agents to contacts on both engines: both items are written, or neither."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from glue_jobs.publish import publish_scores
from lambdas.agent_state.fold import Seen
from lambdas.agent_state.item import agent_state, item
from lambdas.routing.choose import AgentState, Decision, Offer, Reason
from lambdas.routing.event import Contact
from lambdas.routing.live import Slots
from lambdas.routing.reservations import Held, Promise, Refused, Reservations

pytestmark = pytest.mark.emulators

# Far ahead: DynamoDB Local sweeps what has expired, also in the middle of a test.
AT = datetime(2099, 1, 5, 12, tzinfo=UTC)
KEY = {"AgentId": {"S": "id-ann"}}


@pytest.fixture
def agent(client):
    """The engine with an agent whom nobody is promised yet."""
    state = AgentState("id-ann", True, AT, {"CHAT": Slots(3, 3, 0)}, version=1)
    client.put_item(TableName="AgentState", Item=item(Seen(state)))
    return client


def stored(client):
    return agent_state(
        client.get_item(TableName="AgentState", Key=KEY, ConsistentRead=True)["Item"]
    )


def promise(client, contact_id="one", at=AT, call_type="claims", state=None):
    decision = Decision("CANDIDATES", Reason.LEAST_WORKLOAD, (Offer("ann", "id-ann", 1),))
    return Promise(Contact(contact_id, call_type), state or stored(client), decision, at)


def reserve(client, *arguments, **values):
    return Reservations(client).reserve(promise(client, *arguments, **values))


def counted(client):
    """The agent's promises, and the contacts with an answer."""
    rows = client.scan(TableName="RoutingReservation")["Items"]
    return sorted(stored(client).pending), sorted(row["ContactId"]["S"] for row in rows)


def test_a_promise_counts_once_and_leaves_its_answer(agent):
    assert (reserve(agent), counted(agent)) == (None, (["one"], ["one"]))


def test_the_same_contact_again_is_given_its_answer(agent):
    reserve(agent)
    again = reserve(agent)
    assert isinstance(again, Held)
    assert (again.agent_id, counted(agent)) == ("id-ann", (["one"], ["one"]))


def test_an_older_state_is_refused_with_the_newer_one_and_leaves_nothing_behind(agent):
    before = stored(agent)
    reserve(agent)
    refused = reserve(agent, "two", state=before)
    assert refused == Refused(stored(agent))
    assert counted(agent) == (["one"], ["one"])


def test_the_same_contact_over_an_older_state_is_given_its_answer(agent):
    before = stored(agent)
    reserve(agent)
    assert isinstance(reserve(agent, state=before), Held)


def test_an_agent_who_is_gone_is_refused(agent):
    before = stored(agent)
    agent.delete_item(TableName="AgentState", Key=KEY)
    assert reserve(agent, state=before) == Refused(None)


def test_an_answer_that_has_ended_is_replaced_and_its_promise_cleared_away(agent):
    reserve(agent)
    assert reserve(agent, "two", at=AT + timedelta(seconds=31)) is None
    assert reserve(agent, at=AT + timedelta(seconds=31)) is None
    assert counted(agent) == (["one", "two"], ["one", "two"])


def test_another_call_type_replaces_the_answer(agent):
    reserve(agent)
    assert reserve(agent, call_type="cards") is None


def test_a_release_and_an_arrival_end_a_promise_once(agent):
    reserve(agent)
    store = Reservations(agent)
    assert [store.arrived("one", AT), store.arrived("one", AT)] == ["id-ann", None]
    assert [store.release("id-ann", "one") for _ in range(2)] == [True, True]
    assert counted(agent) == ([], [])


def test_an_arrival_before_the_promise_ends_nothing(agent):
    reserve(agent)
    assert Reservations(agent).arrived("one", AT - timedelta(seconds=1)) is None
    assert counted(agent) == (["one"], ["one"])


def test_a_publish_leaves_the_promises_alone(agent):
    reserve(agent)
    newer = {"call_type": "claims", "agent_name": "ann", "agent_id": "id-ann", "workload": 99}
    publish_scores(agent, [newer | {"as_of": AT, "score_version": "s1"}])
    assert counted(agent) == (["one"], ["one"])


def test_contacts_at_the_same_time_over_one_state_win_once(agent):
    before = stored(agent)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(
            pool.map(lambda place: reserve(agent, f"contact-{place}", state=before), range(24))
        )
    assert outcomes.count(None) == 1
    assert [len(each) for each in counted(agent)] == [1, 1]
