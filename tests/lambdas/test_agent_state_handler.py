"""Agent events through the Lambda, against a real DynamoDB client."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ReadTimeoutError

from ingestion.poller import Delivery, poll
from ingestion.producer import put
from lambdas.agent_state import handler as agent_state
from lambdas.agent_state.handler import follow
from lambdas.agent_state.tables import AgentTable
from lambdas.routing import handler as routing
from lambdas.routing.choose import Policy
from lambdas.routing.tables import DynamoTables
from tests.lambdas.live_floor import (
    TOKENS,
    agent_record,
    answers,
    batch,
    empty,
    fill,
    pending,
    routing_event,
    snapshot,
    stored,
)

FREE = snapshot()
SAMPLES = Path(__file__).parents[3] / "shared/data/samples"


@pytest.fixture
def client(aws):
    """The routing tables with scores of three agents, none of whom was heard of yet."""
    made = aws.client("dynamodb")
    fill(made, 3)
    yield made
    empty(made)


def record(agent_id="id-0", current=FREE, previous=None, ago_s=0.0, kind="STATE_CHANGE"):
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    return agent_record(agent_id, at, f"{agent_id}-{at.timestamp()}", current, previous, kind)


def followed(client, *records):
    return follow(batch(*records), AgentTable(client))


def asked(client, contact_id="c-1"):
    event = routing_event(contact_id, CustomerEndpoint=None)
    return routing.answer(event, DynamoTables(client), TOKENS, Policy(), datetime.now(UTC))


def later():
    """A moment: an event is older than a promise of the same millisecond."""
    time.sleep(0.002)


def test_an_agent_who_becomes_available_is_offered(client):
    before = asked(client)["reason"]
    followed(client, record("id-1", ago_s=1))
    assert (before, asked(client, "c-2")["agent1"]) == ("NO_LIVE_STATE", "id-1")


def test_a_batch_is_counted(client):
    done = followed(client, record("id-0"), record("id-1"), {"ContactId": "c-1"}, b"oops")
    assert (done.events, done.unread, done.changed, done.response()) == (
        2,
        2,
        2,
        {"batchItemFailures": []},
    )


def test_a_batch_again_changes_nothing(client):
    records = batch(record("id-0", ago_s=1), record("id-0"))
    first = follow(records, AgentTable(client))
    state = stored(client, "id-0")
    second = follow(records, AgentTable(client))
    assert (first.changed, second.changed, stored(client, "id-0")) == (1, 0, state)


def test_a_late_event_is_dropped(client):
    followed(client, record(current=snapshot(status="Lunch", kind="CUSTOM")))
    assert followed(client, record(ago_s=5)).changed == 0
    assert not stored(client, "id-0").is_routable


def test_a_promise_becomes_a_taken_slot_when_the_contact_rings(client):
    followed(client, record("id-0", ago_s=1))
    asked(client)
    later()
    followed(client, record("id-0", snapshot(("c-1", "CONNECTING")), FREE))
    state = stored(client, "id-0")
    assert (pending(client), answers(client)) == ({}, {})
    assert (state.slots["VOICE"].available, len(state.taken)) == (0, 1)


def test_a_promise_is_ended_once_however_often_the_event_comes(client):
    followed(client, record("id-0", ago_s=1))
    asked(client)
    later()
    ringing = record("id-0", snapshot(("c-1", "CONNECTING")), FREE)
    for _ in range(5):
        followed(client, ringing)
    assert (pending(client), len(stored(client, "id-0").taken)) == ({}, 1)


def test_a_missed_contact_may_ask_again_and_is_offered_another_agent(client):
    followed(client, record("id-0", ago_s=1), record("id-1", ago_s=1))
    asked(client)
    later()
    ringing, missed = snapshot(("c-1", "CONNECTING")), snapshot(("c-1", "MISSED"))
    followed(client, record("id-0", missed, ringing))
    assert (pending(client), asked(client)["agent1"]) == ({}, "id-1")


def test_a_contact_that_another_agent_took_frees_the_one_who_was_promised(client):
    followed(client, record("id-0", ago_s=1), record("id-1", ago_s=1))
    asked(client)
    later()
    done = followed(client, record("id-1", snapshot(("c-1", "CONNECTING")), FREE))
    assert (done.ended, pending(client), answers(client)) == (1, {}, {})


def test_an_arrival_of_long_ago_does_not_end_a_new_promise(client):
    followed(client, record("id-0", ago_s=9))
    asked(client)
    followed(client, record("id-1", snapshot(("c-1", "MISSED")), FREE, ago_s=5))
    assert (pending(client), answers(client)) == ({"id-0": ["c-1"]}, {"c-1": "id-0"})


def test_events_of_promised_agents_keep_the_promises(client):
    followed(client, record("id-0", ago_s=1))
    asked(client)
    followed(client, record("id-0", kind="HEART_BEAT"))
    assert pending(client) == {"id-0": ["c-1"]}


def test_promises_and_events_at_the_same_time_lose_nothing(client):
    """Each writes over what it read; who was overtaken looks again."""
    followed(client, *(record(f"id-{place}", ago_s=60) for place in range(3)))
    records = [record(f"id-{n % 3}", ago_s=30 - n, kind="HEART_BEAT") for n in range(20)]
    with ThreadPoolExecutor(4) as pool:
        events = [pool.submit(followed, client, each) for each in records]
        told = list(pool.map(lambda n: asked(client, f"c-{n}"), range(6)))
        assert {each.result().retry_from for each in events} == {None}
    promised = sorted((each["reserved"], f"c-{n}") for n, each in enumerate(told))
    kept = [(agent, who) for agent, contacts in pending(client).items() for who in contacts]
    assert sorted(kept) == [each for each in promised if each[0] != "NONE"]
    assert len(kept) == 3


def test_a_promise_made_between_read_and_write_is_kept(client):
    followed(client, record("id-0", ago_s=60))
    waiting = ["c-1"]

    def overtake(**_):
        if waiting:
            asked(client, waiting.pop())

    client.meta.events.register("before-call.dynamodb.PutItem", overtake)
    followed(client, record("id-0", ago_s=30, kind="HEART_BEAT"))
    client.meta.events.unregister("before-call.dynamodb.PutItem", overtake)
    assert [*pending(client)["id-0"]] == ["c-1"]


def test_a_failing_table_asks_for_the_first_record_of_the_agent_and_all_behind_it(client):
    flaky = AgentTable(client, "Elsewhere")
    done = follow(batch(b"oops", record("id-0"), record("id-1")), flaky)
    assert (done.retry_from, done.fault) == ("2", "ResourceNotFoundException")


def test_a_batch_that_is_retried_comes_to_what_an_undisturbed_one_comes_to(client):
    """DynamoDB fails in the middle of the first delivery."""
    records = batch(*(record(f"id-{n % 3}", ago_s=9 - n) for n in range(9)))
    calls = []

    def fail(model, **_):
        calls.append(model.name)
        if len(calls) == 3:
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1:9")

    client.meta.events.register("before-call.dynamodb.*", fail)
    failed = follow(records, AgentTable(client))
    client.meta.events.unregister("before-call.dynamodb.*", fail)
    done = follow(
        [each for each in records if int(each["kinesis"]["sequenceNumber"]) > 1], AgentTable(client)
    )
    newest = [stored(client, f"id-{place}").seen_at for place in range(3)]
    assert (failed.retry_from, failed.changed, done.retry_from) == ("2", 1, None)
    assert newest == sorted(newest)


UNREADABLE = {
    "no data": lambda each: each["kinesis"].pop("data"),
    "not base64": lambda each: each["kinesis"].update(data="no base64!"),
    "no number": lambda each: each["kinesis"].pop("sequenceNumber"),
    "no envelope": lambda each: each.pop("kinesis"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_envelope_is_passed_over_and_its_neighbours_count(client, name):
    records = batch(record("id-0"), record("id-1"), record("id-2"))
    UNREADABLE[name](records[1])
    done = follow(records, AgentTable(client))
    assert (done.events, done.unread, done.retry_from) == (2, 1, None)


def test_the_handler_follows_a_stream(aws, client, monkeypatch, capsys):
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    agent_state._table.cache_clear()
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="agents", ShardCount=2)
    records = [record(f"id-{n % 3}", ago_s=60 - n) for n in range(60)]
    keyed = [(each["AgentARN"], json.dumps(each).encode()) for each in records]
    put(kinesis, "agents", keyed)
    polled = poll(
        kinesis,
        "agents",
        lambda event: agent_state.handler(event, None),
        delivery=Delivery(batch_size=10),
    )
    agent_state._table().client.close()
    agent_state._table.cache_clear()
    assert (polled.records, polled.failures, polled.discarded) == (60, 0, 0)
    assert all(stored(client, f"id-{place}").is_routable for place in range(3))
    assert '"changed":[' in capsys.readouterr().out


def test_five_hundred_odd_events_are_taken_or_passed_over(client):
    draw = random.Random(5)
    odd = [None, "", 0, -1, 1e308, True, [], {}, [{}], "x" * 5000, "\x00", "é", {"a": None}]

    def mutant():
        each = json.loads(json.dumps(record("id-0", snapshot(("c-1", "CONNECTED")), FREE)))
        for _ in range(draw.randint(1, 4)):
            parent, key = draw.choice(list(places(each)))
            parent[key] = draw.choice(odd)
        return each

    done = [followed(client, *(mutant() for _ in range(10))) for _ in range(50)]
    assert sum(each.events + each.unread for each in done) == 500
    assert {each.retry_from for each in done} == {None}


def places(tree):
    for key, child in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(child, dict | list):
            yield from places(child)


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded events are not here")
def test_recorded_events_are_taken_and_recorded_contacts_passed_over(client):
    files = sorted(SAMPLES.glob("*/*.json"))
    done = followed(client, *(path.read_bytes() for path in files))
    assert (done.events, done.events + done.unread, done.retry_from) == (4, len(files), None)
