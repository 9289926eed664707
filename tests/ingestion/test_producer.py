import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from ingestion.producer import Keyed, Sent, StreamError, batches, put


class FakeKinesis:
    """Takes what its script says: per request, the indices that it throttles, or an error code."""

    def __init__(self, *script):
        self.script = list(script)
        self.requests = []
        self.taken = []

    def put_records(self, *, Records, **_):
        self.requests.append(len(Records))
        refused = self.script.pop(0) if self.script else ()
        if isinstance(refused, str):
            raise ClientError({"Error": {"Code": refused}}, "PutRecords")
        answers = []
        for number, record in enumerate(Records):
            if number in refused:
                answers.append({"ErrorCode": "ProvisionedThroughputExceededException"})
            else:
                self.taken.append(record["Data"])
                answers.append({"SequenceNumber": "1", "ShardId": "shardId-0"})
        return {"Records": answers}


def records(count, size=10):
    return [(f"key-{number % 7}", b"%0*d" % (size, number)) for number in range(count)]


def data(of):
    return [each for _, each in of]


def no_sleep(seconds):
    assert 0 <= seconds <= 5


def test_batches_hold_at_most_500_records():
    assert [len(batch) for batch in batches(Keyed(*r) for r in records(1_001))] == [500, 500, 1]


def test_batches_hold_at_most_5_mib_with_keys():
    mebibyte = Keyed("key", bytes(2**20 - 3))
    assert [len(batch) for batch in batches([mebibyte] * 11)] == [5, 5, 1]


def test_all_records_are_sent_in_order():
    kinesis = FakeKinesis()
    sent = put(kinesis, "s", records(1_200), sleep=no_sleep)
    assert [data(records(1_200)), [500, 500, 200]] == [kinesis.taken, kinesis.requests]
    assert Sent(1_200, 1_200, 1_200 * 15, 3, 0, 0, ()) == sent


def test_only_what_failed_is_sent_again_before_the_next_batch():
    kinesis = FakeKinesis({1, 3}, {0})
    sent = put(kinesis, "s", records(501), sleep=no_sleep)
    first = data(records(500))
    expected = [*(each for each in first if each not in (first[1], first[3])), first[3], first[1]]
    assert [*expected, data(records(501))[500]] == kinesis.taken
    assert [
        (sent.requests, sent.retried, sent.throttled),
        kinesis.requests,
    ] == [(4, 3, 3), [500, 2, 1, 1]]


def test_a_throttled_request_is_sent_again_whole():
    kinesis = FakeKinesis("ProvisionedThroughputExceededException", "InternalFailure")
    sent = put(kinesis, "s", records(3), sleep=no_sleep)
    assert [data(records(3)), 3] == [kinesis.taken, sent.throttled]


def test_the_pause_doubles_at_most_and_is_jittered():
    pauses = []
    put(FakeKinesis({0}, {0}, {0}), "s", records(1), sleep=pauses.append)
    assert [pause <= most for pause, most in zip(pauses, (0.1, 0.2, 0.4), strict=True)] == [
        True
    ] * 3


def test_records_that_are_refused_again_and_again_are_an_error():
    kinesis = FakeKinesis(*[{0}] * 3)
    with pytest.raises(StreamError, match="1 of a batch's 2 records were refused 3 times"):
        put(kinesis, "s", records(2), attempts=3, sleep=no_sleep)


def test_an_oversize_record_is_reported_and_the_others_are_sent():
    huge = ("key", bytes(2**20))
    kinesis = FakeKinesis()
    sent = put(kinesis, "s", [*records(2), huge], sleep=no_sleep)
    assert [data(records(2)), (Keyed(*huge),), 3] == [kinesis.taken, sent.oversize, sent.records]


def test_progress_is_told_of_each_batch():
    told = []
    put(FakeKinesis(), "s", records(700), progress=told.append)
    assert told == [500, 200]


def test_a_stream_that_is_not_there_is_an_error():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "kinesis",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with pytest.raises(StreamError, match="stream none: Kinesis answered ResourceNotFound"):
        put(client, "none", records(1))
    client.close()
    server.stop()
