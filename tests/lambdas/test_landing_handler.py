import base64
import gzip
import json
from collections import defaultdict
from datetime import UTC, datetime

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from ingestion.poller import Delivery, kinesis_event, poll
from ingestion.producer import put
from ingestion.records import outcomes
from ingestion.store import S3Store, StoreError
from lambdas.landing import handler as landing
from lambdas.landing.handler import UnreadableBatchError, land_batch

ARN = "arn:aws:kinesis:us-east-1:111122223333:stream/contacts"
T0 = datetime(2024, 3, 1, 12, tzinfo=UTC)
PHONE = "+12025550123"


class FakeStore(dict):
    """A store in memory; refuses keys that hold one of `refused`, while there are `times`."""

    def __init__(self, *refused, times=10**9):
        self.refused = refused
        self.times = times

    def put(self, key, data):
        if self.times and any(part in key for part in self.refused):
            self.times -= 1
            raise StoreError(f"object {key}: refused")
        self[key] = data


def contact(number):
    return json.dumps({"ContactId": f"c-{number}", "CustomerEndpoint": {"Address": PHONE}}).encode()


def agent_event(number):
    return json.dumps({"EventId": f"e-{number}", "EventTimestamp": "t", "AgentARN": "a"}).encode()


def event(*payloads, first=1):
    records = [
        {
            "SequenceNumber": str(number),
            "ApproximateArrivalTimestamp": T0,
            "Data": payload,
            "PartitionKey": "key",
        }
        for number, payload in enumerate(payloads, start=first)
    ]
    return kinesis_event(ARN, "shardId-0", records)["Records"]


def landed_lines(store, folder="raw/"):
    return [
        line
        for key, data in store.items()
        if key.startswith(folder)
        for line in gzip.decompress(data).splitlines()
    ]


def failures(landed):
    return [failure["itemIdentifier"] for failure in landed.response()["batchItemFailures"]]


def test_a_batch_lands_by_kind_under_its_shard_and_sequence_range():
    store = FakeStore()
    land_batch(event(contact(1), agent_event(2), contact(3)), store)
    assert sorted(store) == [
        "raw/agent_event/2024-03-01/contacts-shardId-0-2-2.ndjson.gz",
        "raw/contact_record/2024-03-01/contacts-shardId-0-1-3.ndjson.gz",
    ]


def test_a_batch_that_landed_has_no_failures():
    landed = land_batch(event(contact(1), b"oops"), FakeStore())
    assert [landed.landed, landed.rejected, failures(landed)] == [
        {"contact_record": 1},
        {"not_json": 1},
        [],
    ]


POISON = {
    "empty": b"",
    "binary": b"\xff\xfe",
    "web page": b"<html></html>",
    "cut short": b"{",
    "deep": b"[" * 100_000,
    "NaN": contact(9).replace(b'"c-9"', b"NaN"),
    "2 MiB": b'{"ContactId":"x","y":"' + b"x" * 2**21 + b'"}',
    "unknown kind": b'{"kind":"unknown"}',
    "number": b"1" * 5_000,
}


@pytest.mark.parametrize("name", POISON)
@pytest.mark.parametrize("position", [0, 3, 6])
def test_a_poison_record_lands_as_a_reject_and_its_neighbours_as_records(name, position):
    good = [contact(number) for number in range(6)]
    store = FakeStore()
    landed = land_batch(event(*good[:position], POISON[name], *good[position:]), store)
    (line,) = landed_lines(store, "bad/stream/2024-03-01/")
    reject = json.loads(line)
    assert [failures(landed), landed_lines(store)] == [[], good]
    assert [str(position + 1), POISON[name]] == [
        reject["position"],
        base64.b64decode(reject["payload_base64"]),
    ]


def test_a_retried_batch_overwrites_itself():
    records = event(contact(1), b"oops", agent_event(3))
    once, twice = FakeStore(), FakeStore()
    for store in (once, twice, twice):
        land_batch(records, store)
    assert once == twice


def test_a_failed_put_asks_for_the_lowest_sequence_of_what_failed():
    records = event(contact(1), contact(2), agent_event(3), agent_event(4), b"oops")
    assert failures(land_batch(records, FakeStore("agent", "bad"))) == ["3"]


def test_a_failed_put_counts_only_what_landed():
    landed = land_batch(event(contact(1), agent_event(2)), FakeStore("agent"))
    assert [landed.landed, len(landed.objects)] == [{"contact_record": 1}, 1]


def test_the_retry_takes_in_an_object_that_reaches_across_the_failure():
    landed = land_batch(event(contact(1), agent_event(2), contact(3)), FakeStore("agent"))
    assert failures(landed) == ["1"]


def test_when_nothing_can_be_put_the_whole_batch_is_retried():
    assert failures(land_batch(event(contact(1), b"oops"), FakeStore("raw", "bad"))) == ["1"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([contact, agent_event, lambda _: b"oops"]), min_size=1),
    st.sets(st.sampled_from(["contact_record", "agent_event", "bad"]), min_size=1),
)
def test_after_any_failed_puts_the_retry_makes_the_lake_of_an_undisturbed_run(makers, refused):
    records = event(*(make(number) for number, make in enumerate(makers)))
    undisturbed, disturbed = FakeStore(), FakeStore(*refused, times=len(refused))
    land_batch(records, undisturbed)
    for _ in range(5):
        failed = failures(land_batch(records, disturbed))
        assert all(failed)
        if not failed:
            break
        records = [r for r in records if int(r["kinesis"]["sequenceNumber"]) >= int(failed[0])]
    assert undisturbed == disturbed


UNREADABLE = {
    "no data": lambda record: record["kinesis"].pop("data"),
    "data not base64": lambda record: record["kinesis"].update(data="no base64!"),
    "no time": lambda record: record["kinesis"].update(approximateArrivalTimestamp=None),
    "no number": lambda record: record["kinesis"].update(approximateArrivalTimestamp=float("nan")),
    "no event id": lambda record: record.pop("eventID"),
    "no stream": lambda record: record.update(eventSourceARN=None),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_envelope_is_retried_and_its_neighbours_land(name):
    records = event(contact(1), agent_event(2), agent_event(3))
    UNREADABLE[name](records[1])
    store = FakeStore()
    assert failures(land_batch(records, store)) == ["2"]
    assert sorted(landed_lines(store)) == sorted([contact(1), agent_event(3)])


@pytest.mark.parametrize("number", [None, "", "x", 2])
def test_a_record_without_sequence_number_is_retried_with_its_batch(number):
    records = event(contact(1), contact(2), contact(3))
    records[1]["kinesis"]["sequenceNumber"] = number
    assert failures(land_batch(records, FakeStore())) == ["1"]


def test_a_batch_without_any_sequence_number_is_an_error():
    with pytest.raises(UnreadableBatchError, match="no Kinesis event"):
        land_batch([{"body": "a message"}], FakeStore())


def test_an_empty_batch_is_a_success():
    assert failures(land_batch([], FakeStore())) == []


def test_the_handler_needs_the_lake_s_address(monkeypatch):
    monkeypatch.delenv("LAKE", raising=False)
    landing._lake.cache_clear()
    with pytest.raises(StoreError, match="LAKE is not set"):
        landing.handler({"Records": event(contact(1))}, None)


@pytest.fixture(scope="module")
def aws():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(aws, monkeypatch):
    """Makes clients of the stand-in, as the handler does from its environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients = [boto3.client(name) for name in ("kinesis", "s3")]
    yield dict(zip(("kinesis", "s3"), clients, strict=True))
    for each in clients:
        each.close()


def test_the_handler_lands_in_the_bucket_that_lake_names(client, monkeypatch, capsys):
    client["s3"].create_bucket(Bucket="handled")
    monkeypatch.setenv("LAKE", "s3://handled/lake")
    landing._lake.cache_clear()
    response = landing.handler({"Records": event(contact(1), b"oops" + PHONE.encode())}, None)
    landing._lake().client.close()
    landing._lake.cache_clear()
    keys = [key for key, _ in S3Store(client["s3"], "handled", "lake").keys("")]
    assert [response, len(keys)] == [{"batchItemFailures": []}, 2]
    logged = capsys.readouterr().out
    assert [
        '"landed_contact_record":[1' in logged.replace(" ", ""),
        '"rejected_not_json":[1' in logged.replace(" ", ""),
        PHONE[1:] in logged,
    ] == [True, True, False]


def test_what_is_produced_lands_in_order_per_shard_and_twice_the_same(client):
    client["s3"].create_bucket(Bucket="round")
    client["kinesis"].create_stream(StreamName="contacts", ShardCount=3)
    keyed = [
        (f"agent-{number % 17}", contact(number) if number % 2 else agent_event(number))
        for number in range(2_000)
    ]
    put(client["kinesis"], "contacts", [*keyed, ("agent-0", b"oops")])
    lakes = [S3Store(client["s3"], "round", prefix) for prefix in ("one", "two")]
    for lake in lakes:
        poll(
            client["kinesis"],
            "contacts",
            lambda event, lake=lake: land_batch(event["Records"], lake).response(),
            delivery=Delivery(batch_size=300),
        )
    one, two = ({key: lake.get(key) for key, _ in lake.keys("")} for lake in lakes)
    assert one == two
    assert sorted(data for _, data in keyed) == sorted(landed_lines(one))
    assert len(landed_lines(one, "bad/")) == 1
    order = {data: number for number, (_, data) in enumerate(keyed)}
    by_shard = defaultdict(list)
    for key in sorted(one, key=lambda key: int(key.rpartition(".nd")[0].split("-")[-1])):
        if key.startswith("raw/agent_event"):
            by_shard[key.split("-")[-3]] += [
                order[line] for line in gzip.decompress(one[key]).splitlines()
            ]
    assert [sorted(numbers) for numbers in by_shard.values()] == list(by_shard.values())


def test_a_store_that_fails_for_a_while_delays_but_loses_and_repeats_nothing(client):
    client["kinesis"].create_stream(StreamName="flaky", ShardCount=1)
    payloads = [contact(n) if n % 3 else agent_event(n) for n in range(200)]
    put(client["kinesis"], "flaky", [("key", payload) for payload in payloads])
    flaky = FakeStore("agent_event", times=3)
    polled = poll(
        client["kinesis"],
        "flaky",
        lambda event: land_batch(event["Records"], flaky).response(),
        delivery=Delivery(batch_size=50, bisect=False),
        sleep=lambda _: None,
    )
    assert (polled.records, polled.discarded, polled.failures) == (200, 0, 3)
    assert sorted(payloads) == sorted(landed_lines(flaky))


def test_outcomes_of_a_payload_with_two_records_share_its_sequence_number():
    store = FakeStore()
    land_batch(event(contact(1) + contact(2)), store)
    assert [contact(1), contact(2)] == landed_lines(store)
    assert len(outcomes(contact(1) + contact(2))) == 2
