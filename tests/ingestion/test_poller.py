import base64
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.poller import Delivery, accepted_records, batches, kinesis_event, poll
from ingestion.producer import StreamError

T0 = datetime(2024, 3, 1, tzinfo=UTC)
ARN = "arn:aws:kinesis:us-east-1:111122223333:stream/s"


def stream_record(number, data=None):
    return {
        "SequenceNumber": str(number),
        "ApproximateArrivalTimestamp": T0 + timedelta(seconds=number),
        "Data": data if data is not None else b"%d" % number,
        "PartitionKey": "key",
    }


class FakeKinesis:
    """Shards of numbered records; a parent is a shard's id before `<`."""

    def __init__(self, shards, page=1_000, expire_once=False):
        self.shards = {}
        self.listed = []
        self.page = page
        self.expire_once = expire_once
        for name, numbers in shards.items():
            shard, _, parent = name.partition("<")
            self.shards[shard] = [stream_record(number) for number in numbers]
            self.listed.append({"ShardId": shard} | ({"ParentShardId": parent} if parent else {}))

    def describe_stream_summary(self, **_):
        return {"StreamDescriptionSummary": {"StreamARN": ARN}}

    def list_shards(self, *, NextToken=None, **_):
        at = int(NextToken or 0)
        more = {"NextToken": str(at + 1)} if at + 1 < len(self.listed) else {}
        return {"Shards": self.listed[at : at + 1]} | more

    def get_shard_iterator(self, **parameters):
        shard, kind = parameters["ShardId"], parameters["ShardIteratorType"]
        before = {"TRIM_HORIZON": 0, "AFTER_SEQUENCE_NUMBER": 0, "AT_SEQUENCE_NUMBER": 1}
        after = int(parameters.get("StartingSequenceNumber", 0)) - before[kind]
        return {"ShardIterator": f"{shard}/{after}"}

    def get_records(self, *, ShardIterator, **_):
        shard, _, after = ShardIterator.partition("/")
        if self.expire_once and after != "0":
            self.expire_once = False
            raise ClientError({"Error": {"Code": "ExpiredIteratorException"}}, "GetRecords")
        later = [r for r in self.shards[shard] if int(r["SequenceNumber"]) > int(after)]
        found = later[: self.page]
        last = found[-1]["SequenceNumber"] if found else after
        return {
            "Records": found,
            "NextShardIterator": f"{shard}/{last}",
            "MillisBehindLatest": 1_000 * (len(later) - len(found)),
        }


class Handler:
    """Takes numbers in order; raises at, or answers with, those that it is told to refuse."""

    def __init__(self, raise_at=(), refuse=(), times=10**9):
        self.raise_at = set(raise_at)
        self.refuse = set(refuse)
        self.times = times
        self.taken = []
        self.batches = []

    def __call__(self, event):
        numbers = [int(base64.b64decode(r["kinesis"]["data"])) for r in event["Records"]]
        self.batches.append(numbers)
        if self.times and self.raise_at.intersection(numbers):
            self.times -= 1
            raise RuntimeError("poison")
        refused = [number for number in numbers if number in self.refuse and self.times]
        self.times -= bool(refused)
        self.taken += numbers[: numbers.index(refused[0])] if refused else numbers
        return {"batchItemFailures": [{"itemIdentifier": str(n)} for n in reversed(refused)]}


def run(kinesis, handler, checkpoints=None, **options):
    options.setdefault("sleep", lambda _: None)
    return poll(kinesis, "s", handler, checkpoints, **options)


def test_everything_on_the_stream_is_delivered_in_order():
    handler = Handler()
    polled = run(FakeKinesis({"a": range(1, 8)}, page=3), handler, delivery=Delivery(batch_size=2))
    assert handler.batches == [[1, 2], [3], [4, 5], [6], [7]]
    assert (
        polled.records,
        polled.discarded,
        polled.invocations,
        polled.failures,
        polled.checkpoints,
    ) == (7, 0, 5, 0, {"a": "7"})


def test_parents_are_delivered_before_their_children():
    handler = Handler()
    run(FakeKinesis({"a<c": [5], "b<c": [6], "c<gone": [1, 2]}), handler)
    assert handler.batches == [[1, 2], [5], [6]]


def test_a_run_goes_on_where_the_last_one_ended():
    kinesis = FakeKinesis({"a": range(1, 4), "b": [1]})
    first = run(kinesis, Handler())
    kinesis.shards["a"].append(stream_record(4))
    handler = Handler()
    second = run(kinesis, handler, first.checkpoints)
    assert [handler.batches, second.checkpoints] == [[[4]], {"a": "4", "b": "1"}]


def test_the_lowest_failed_sequence_is_the_checkpoint():
    saved = []
    handler = Handler(refuse=[3, 4], times=1)
    run(FakeKinesis({"a": range(1, 6)}), handler, save=saved.append)
    assert handler.batches == [[1, 2, 3, 4, 5], [3, 4, 5]]
    assert saved == [{"a": "2"}, {"a": "5"}]


def test_bisecting_isolates_a_record_at_which_the_handler_raises():
    dropped = []
    handler = Handler(raise_at=[6])
    polled = run(FakeKinesis({"a": range(1, 11)}), handler, on_failure=dropped.append)
    assert [*range(1, 6), *range(7, 11)] == handler.taken
    info = dropped[0]["KinesisBatchInfo"]
    assert (
        info["startSequenceNumber"],
        info["endSequenceNumber"],
        info["batchSize"],
        polled.checkpoints,
    ) == ("6", "6", 1, {"a": "10"})


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.sets(st.integers(1, 40), max_size=4),
    st.sets(st.integers(1, 40), max_size=4),
    st.integers(1, 12),
)
def test_poison_anywhere_costs_only_itself(count, raising, refusing, batch_size):
    handler = Handler(raise_at=raising, refuse=refusing)
    delivery = Delivery(batch_size=batch_size, maximum_retry_attempts=1)
    polled = run(FakeKinesis({"a": range(1, count + 1)}), handler, delivery=delivery)
    good = [n for n in range(1, count + 1) if n not in raising | refusing]
    assert good == [n for n in handler.taken if n in good]
    assert (len(good), count - len(good)) == (polled.records, polled.discarded)


def test_without_bisecting_the_whole_batch_is_dropped_after_its_retries():
    dropped = []
    handler = Handler(raise_at=[2])
    polled = run(
        FakeKinesis({"a": range(1, 4)}),
        handler,
        delivery=Delivery(bisect=False, maximum_retry_attempts=2),
        on_failure=dropped.append,
    )
    assert [handler.batches, polled.discarded] == [[[1, 2, 3]] * 3, 3]
    assert {key: dropped[0][key] for key in ("requestContext", "KinesisBatchInfo")} == {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "KinesisBatchInfo": {
            "shardId": "a",
            "startSequenceNumber": "1",
            "endSequenceNumber": "3",
            "approximateArrivalOfFirstRecord": "2024-03-01T00:00:01+00:00",
            "approximateArrivalOfLastRecord": "2024-03-01T00:00:03+00:00",
            "batchSize": 3,
            "streamArn": ARN,
        },
    }


def test_unlimited_retries_go_on_until_the_handler_accepts():
    handler = Handler(raise_at=[1], times=40)
    delivery = Delivery(maximum_retry_attempts=-1)
    polled = run(FakeKinesis({"a": [1]}), handler, delivery=delivery)
    assert (
        polled.records,
        polled.discarded,
        polled.invocations,
        polled.errors,
    ) == (1, 0, 41, {"RuntimeError": 40})


def test_records_past_their_age_are_dropped_undelivered():
    dropped = []
    handler = Handler()
    polled = run(
        FakeKinesis({"a": range(1, 6)}),
        handler,
        delivery=Delivery(maximum_record_age_s=60),
        on_failure=dropped.append,
        now=lambda: T0.timestamp() + 63.5,
    )
    assert [handler.batches, polled.discarded] == [[[4, 5]], 3]
    assert dropped[0]["requestContext"]["condition"] == "RecordAgeExceeded"


def test_retries_back_off():
    pauses = []
    run(FakeKinesis({"a": [1]}), Handler(raise_at=[1], times=3), sleep=pauses.append)
    assert sorted(set(pauses)) == pauses
    assert len(pauses) == 3


def test_an_expired_iterator_is_renewed_at_the_checkpoint():
    handler = Handler()
    run(FakeKinesis({"a": range(1, 6)}, page=2, expire_once=True), handler)
    assert handler.batches == [[1, 2], [3, 4], [5]]


RECORDS = [stream_record(1), stream_record(2), stream_record(3)]


@pytest.mark.parametrize(
    "response", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"other": 1}]
)
def test_an_empty_response_is_success(response):
    assert accepted_records(response, RECORDS) == 3


MALFORMED = [
    {"itemIdentifier": ""},
    {"itemIdentifier": None},
    {"itemIdentifier": "9"},
    {"id": "2"},
    "2",
    None,
]


@pytest.mark.parametrize("failure", MALFORMED)
def test_a_malformed_failure_fails_the_whole_batch(failure):
    response = {"batchItemFailures": [{"itemIdentifier": "3"}, failure]}
    assert accepted_records(response, RECORDS) == 0


@pytest.mark.parametrize("response", ["failed", ["2"], {"batchItemFailures": 2}])
def test_a_response_of_another_shape_fails_the_whole_batch(response):
    assert accepted_records(response, RECORDS) == 0


def test_of_several_failures_the_lowest_counts():
    failures = [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}]
    assert accepted_records({"batchItemFailures": failures}, RECORDS) == 1


def test_batches_stay_under_6_mb_as_base64():
    records = [stream_record(number, bytes(2**20)) for number in range(9)]
    assert [len(batch) for batch in batches(records, 500)] == [4, 4, 1]


def test_the_event_has_lambda_s_shape():
    assert {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "key",
                    "sequenceNumber": "1",
                    "data": "MQ==",
                    "approximateArrivalTimestamp": T0.timestamp() + 1,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": "shardId-0:1",
                "eventName": "aws:kinesis:record",
                "awsRegion": "us-east-1",
                "eventSourceARN": ARN,
            }
        ]
    } == kinesis_event(ARN, "shardId-0", RECORDS[:1])


def test_a_refusal_of_kinesis_is_a_stream_error():
    class Denied(FakeKinesis):
        def get_records(self, **_):
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetRecords")

    with pytest.raises(StreamError, match="shard a: Kinesis answered AccessDenied"):
        run(Denied({"a": [1]}), Handler())
