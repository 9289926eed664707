"""The landing handler behind Lambda's documented rules; and the emulator of those rules itself."""

from __future__ import annotations

import base64
import gzip
import json
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.poller import kinesis_event
from ingestion.store import StoreError
from lambdas.landing.handler import UnreadableBatchError, land_batch
from tests.faults.event_source import (
    ARN,
    SHARD,
    BlockedError,
    Dropped,
    EventSource,
    Rules,
    first_failure,
    shard,
)

PROVE = os.environ.get("PROVE") == "1"


class Lake(dict[str, bytes]):
    """A store in memory that refuses the puts whose numbers (from 0) are among `refused`."""

    def __init__(self, refused: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.refused = refused
        self.puts = 0

    def put(self, key: str, data: bytes) -> None:
        self.puts += 1
        if self.puts - 1 in self.refused:
            raise StoreError(f"object {key}: refused")
        self[key] = data

    def lines(self, folder: str) -> list[bytes]:
        found = [data for key, data in self.items() if key.startswith(folder)]
        return [line for data in found for line in gzip.decompress(data).splitlines()]


def landing(lake: Lake) -> Any:
    return lambda event: land_batch(event["Records"], lake).response()


def contact(number: int) -> bytes:
    return json.dumps({"ContactId": f"c-{number}"}).encode()


# -- the rules --------------------------------------------------------------------------------


def named(*places: int) -> Any:
    """A handler that reports the records at these places of the whole shard, once."""
    left = {str(10**20 + place) for place in places}

    def handler(event: dict[str, Any]) -> Any:
        numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
        failed = [number for number in numbers if number in left]
        left.difference_update(failed)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in reversed(failed)]}

    return handler


def sizes(source: EventSource) -> list[int]:
    return [len(each) for each in source.delivered]


def test_the_lowest_failure_is_the_checkpoint_and_all_after_it_comes_again():
    source = EventSource(named(3, 7), Rules(batch_size=10))
    source.run(shard([b""] * 10))
    assert (sizes(source), source.checkpoint) == ([10, 7], 10)


def test_a_failed_batch_is_halved_until_the_record_is_alone():
    def handler(event: dict[str, Any]) -> None:
        if any(record["kinesis"]["data"] == "eA==" for record in event["Records"]):
            raise ValueError

    source = EventSource(handler, Rules(batch_size=8, bisect=True, retries=1))
    source.run(shard([b"x" if number == 5 else b"" for number in range(8)]))
    number = str(10**20 + 5)
    assert source.dropped == [Dropped("RetryAttemptsExhausted", number, number, 1)]
    assert sizes(source) == [8, 4, 4, 2, 1, 1, 1, 2]


def always(_event: object) -> Any:
    raise ValueError


def test_without_halving_the_whole_batch_is_dropped_after_its_retries():
    source = EventSource(always, Rules(batch_size=4, retries=2))
    source.run(shard([b""] * 4))
    assert (sizes(source), [each.size for each in source.dropped]) == ([4, 4, 4], [4])


def test_without_a_limit_a_poison_record_blocks_its_shard():
    with pytest.raises(BlockedError, match="stuck at record 0 of 4"):
        EventSource(always, Rules(batch_size=4)).run(shard([b""] * 4))


def test_records_past_their_age_are_dropped():
    source = EventSource(always, Rules(batch_size=4, age_s=10))
    source.run(shard([b""] * 4))
    assert [each.condition for each in source.dropped] == ["RecordAgeExceeded"]


def test_records_of_one_key_stay_in_order_beside_others():
    seen: dict[str, list[str]] = {}

    def handler(event: dict[str, Any]) -> None:
        for record in event["Records"]:
            kinesis = record["kinesis"]
            seen.setdefault(kinesis["partitionKey"], []).append(kinesis["sequenceNumber"])

    rules = Rules(batch_size=2, parallelization=10)
    EventSource(handler, rules).run(shard([b""] * 40, keys=("a", "b", "c", "d")))
    assert all(numbers == sorted(numbers) and len(numbers) == 10 for numbers in seen.values())


def test_after_a_crash_of_the_poller_all_from_the_checkpoint_on_comes_again():
    source = EventSource(lambda _: None, Rules(batch_size=2, parallelization=2))
    records = shard([b""] * 20, keys=("a", "b", "c"))
    source.run(records, most_invocations=5)
    at = source.checkpoint
    source.run(records)
    again = sorted(number for each in source.delivered[5:] for number in each)
    assert again == [record["SequenceNumber"] for record in records[at:]]


RECORDS = shard([b""] * 3)
WHOLE = [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}]
NONE = [
    {"batchItemFailures": [{"itemIdentifier": None}]},
    {"batchItemFailures": [{"itemIdentifier": ""}]},
    {"batchItemFailures": [{"itemIdentifier": "7"}]},
    {"batchItemFailures": [{"id": RECORDS[2]["SequenceNumber"]}]},
    {"batchItemFailures": "all"},
    "failed",
]


@pytest.mark.parametrize("answer", WHOLE)
def test_an_empty_answer_is_success(answer):
    assert first_failure(answer, RECORDS) == 3


@pytest.mark.parametrize("answer", NONE)
def test_a_malformed_answer_fails_the_batch(answer):
    assert first_failure(answer, RECORDS) == 0


# -- F11: a poison record ---------------------------------------------------------------------

POISON = {
    "empty": b"",
    "binary": b"\xff\xfe\x00",
    "deep": b"[" * 50_000,
    "NaN": b'{"ContactId":"x","a":NaN}',
    "surrogate": b'{"ContactId":"\\ud800"}',
    "5,000 digits": b'{"ContactId":"x","a":' + b"1" * 5_000 + b"}",
    "too large": b'{"ContactId":"x","a":"' + b"x" * 1_025_000 + b'"}',
    "retyped": b'{"ContactId":7}',
}
BATCHES = (1, 2, 3, 10, 100, 1_000, 10_000)


def cases() -> list[tuple[int, int, str]]:
    """Every batch size with the poison at its ends and within; under PROVE every kind of it."""
    found = []
    for n, size in enumerate(BATCHES):
        for position in sorted({0, size // 3, size // 2, size - 1}):
            kinds = list(POISON) if PROVE else [list(POISON)[(n + position) % len(POISON)]]
            found += [(size, position, kind) for kind in kinds]
    return found


@pytest.mark.parametrize(("size", "position", "kind"), cases())
def test_a_poison_record_is_alone_in_bad_and_the_shard_moves_on(size, position, kind):
    payloads = [contact(number) for number in range(size)]
    payloads[position] = POISON[kind]
    lake = Lake()
    source = EventSource(landing(lake), Rules(batch_size=size))
    source.run(shard(payloads))
    [reject] = map(json.loads, lake.lines("bad/"))
    neighbours = payloads[:position] + payloads[position + 1 :]
    assert (base64.b64decode(reject["payload_base64"]), lake.lines("raw/")) == (
        POISON[kind],
        neighbours,
    )
    assert (source.invocations, source.dropped, source.checkpoint) == (1, [], size)
    assert source.iterator_age_s < 60


@pytest.mark.parametrize("bisect", [False, True])
@pytest.mark.parametrize("refused", [frozenset({0}), frozenset({1}), frozenset({0, 1})])
def test_after_a_failed_put_the_shard_moves_on_in_one_retry(bisect, refused):
    payloads = [contact(0), b"oops", contact(2), contact(3)]
    lake = Lake(refused)
    source = EventSource(landing(lake), Rules(bisect=bisect))
    source.run(shard(payloads))
    assert (source.invocations, source.iterator_age_s < 60) == (2 + bisect, True)
    # Halved, a batch lands once more under other names; building takes each record once.
    assert set(lake.lines("raw/")) == {payloads[0], *payloads[2:]}
    assert len(lake.lines("bad/")) == 1


def test_after_two_failed_puts_all_from_the_lower_on_comes_again():
    payloads = [contact(0), contact(1), b"oops", b"oops"]
    lake = Lake(frozenset({0, 1}))
    EventSource(landing(lake)).run(shard(payloads))
    assert (lake.lines("raw/"), len(lake.lines("bad/"))) == (payloads[:2], 2)


made = st.sampled_from([contact, lambda _: b"oops", lambda n: b'{"WorkItemId":"w-%d"}' % n])


@given(
    st.lists(made, min_size=1, max_size=40),
    st.frozensets(st.integers(0, 30), max_size=12),
    st.integers(1, 12),
    st.integers(1, 10),
    st.booleans(),
    st.integers(0, 8),
    st.integers(0, 99),
)
def test_whatever_fails_on_the_way_nothing_is_lost_and_nothing_invented(
    makers, refused, size, lanes, bisect, crash_after, seed
):
    payloads = [make(number) for number, make in enumerate(makers)]
    lake = Lake(refused)
    rules = Rules(batch_size=size, bisect=bisect, parallelization=lanes)
    source = EventSource(landing(lake), rules, seed=seed)
    records = shard(payloads, keys=("a", "b", "c", "d", "e"))
    source.run(records, most_invocations=crash_after)
    source.run(records)
    good = {payload for payload in payloads if payload != b"oops"}
    bad = {json.loads(line)["position"] for line in lake.lines("bad/")}
    assert set(lake.lines("raw/")) == good
    assert bad == {r["SequenceNumber"] for r in records if r["Data"] == b"oops"}
    assert source.dropped == []


# -- F12: what the handler answers ------------------------------------------------------------

spoilt = st.sampled_from(
    [
        lambda _: None,
        lambda record: record["kinesis"].pop("data"),
        lambda record: record["kinesis"].update(data="no base64!"),
        lambda record: record["kinesis"].update(sequenceNumber=None),
        lambda record: record["kinesis"].update(sequenceNumber=""),
        lambda record: record["kinesis"].update(approximateArrivalTimestamp="soon"),
        lambda record: record.pop("eventID"),
        lambda record: record.update(kinesis=None),
        lambda record: record.clear(),
    ]
)


@given(
    st.lists(st.tuples(made, spoilt), min_size=1, max_size=20),
    st.frozensets(st.integers(0, 3)),
)
def test_a_reply_names_sequence_numbers_of_the_batch_or_nothing(makers, refused):
    batch = kinesis_event(ARN, SHARD, shard([make(n) for n, (make, _) in enumerate(makers)]))
    for record, (_, spoil) in zip(batch["Records"], makers, strict=True):
        spoil(record)
    numbers = {
        number
        for record in batch["Records"]
        if isinstance(kinesis := record.get("kinesis"), dict)
        and isinstance(number := kinesis.get("sequenceNumber"), str)
        and number
    }
    try:
        reply = land_batch(batch["Records"], Lake(refused)).response()
    except UnreadableBatchError:
        assert numbers == set()
        return
    assert list(reply) == ["batchItemFailures"]
    assert all(list(each) == ["itemIdentifier"] for each in reply["batchItemFailures"])
    assert {each["itemIdentifier"] for each in reply["batchItemFailures"]} <= numbers
