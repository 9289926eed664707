"""A small local event source mapping: what AWS Lambda does between a stream and a handler.

The rules are those of Lambda's documentation on Kinesis batches and partial batch responses:
the checkpoint is the lowest failed sequence number, everything from it on is delivered again,
and a malformed response fails the whole batch.
"""

import base64
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from ingestion.producer import THROTTLES, StreamError

MAX_EVENT_BYTES = 6 * 10**6

_ENVELOPE_BYTES = 600
_PAGE_RECORDS = 5_000
_PAUSE_S = 0.2

Record = dict[str, Any]
Handler = Callable[[dict[str, Any]], Any]
OnFailure = Callable[[dict[str, Any]], None]
Checkpoints = Mapping[str, str]
"""Shard id to the sequence number up to which, inclusive, everything is done with."""


@dataclass(frozen=True)
class Delivery:
    """How records come to the handler; the names and meanings are Lambda's.

    Negative retries or age are without limit, as is Lambda's default: one record that always
    fails then blocks its shard. `bisect` halves a failed batch, which does not count as a retry.
    """

    batch_size: int = 500
    bisect: bool = True
    maximum_retry_attempts: int = 3
    maximum_record_age_s: float = -1


@dataclass(frozen=True)
class Polled:
    """What a run came to: `records` the handler accepted, `discarded` ones it never did.

    `invocations` counts calls of the handler, `failures` those that it did not accept whole, and
    `errors`, by the exception's name, those in which it raised.
    Hand `checkpoints` to the next run, which then goes on where this one ended.
    """

    checkpoints: Checkpoints
    records: int
    discarded: int
    invocations: int
    failures: int
    errors: Mapping[str, int]


def poll(
    client: Any,
    stream: str,
    handler: Handler,
    checkpoints: Checkpoints | None = None,
    *,
    delivery: Delivery | None = None,
    on_failure: OnFailure | None = None,
    save: Callable[[Checkpoints], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> Polled:
    """Deliver all that is on the stream, parent shards before their children, then return.

    `handler(event)` gets Lambda's Kinesis events and may raise or answer with
    `batchItemFailures`. What it never accepts is dropped after its retries or at its age, and
    described to `on_failure` as Lambda does: where it is on the stream, not the records. `save`
    gets the checkpoints after each batch. Raises `StreamError`.
    """
    run = _Run(
        client=client,
        stream=stream,
        handler=handler,
        delivery=delivery or Delivery(),
        on_failure=on_failure,
        sleep=sleep,
        now=now,
    )
    done = dict(checkpoints or {})
    drained: set[str] = set()
    while (shards := run.shards()) and not drained.issuperset(shards):
        for shard in shards:
            for sequence_number in run.drained(shard, done):
                done[shard] = sequence_number
                if save:
                    save(dict(done))
        drained.update(shards)
    return Polled(
        checkpoints=done,
        records=run.tally["records"],
        discarded=run.tally["discarded"],
        invocations=run.tally["invocations"],
        failures=run.tally["failures"],
        errors=dict(run.errors),
    )


class Settled(NamedTuple):
    """A stretch of records that is done with: accepted, or dropped under a condition."""

    records: Sequence[Record]
    dropped: str | None = None


class _Attempt(NamedTuple):
    records: Sequence[Record]
    failures: int


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One run over a stream; `tally` and `errors` count it."""

    client: Any
    stream: str
    handler: Handler
    delivery: Delivery
    on_failure: OnFailure | None
    sleep: Callable[[float], None]
    now: Callable[[], float]
    tally: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @cached_property
    def arn(self) -> str:
        """The stream's ARN."""
        answer = self._call("describe_stream_summary", StreamName=self.stream)
        return str(answer["StreamDescriptionSummary"]["StreamARN"])

    def shards(self) -> list[str]:
        """Shard ids, parents before their children."""
        parents = {
            shard["ShardId"]: {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")}
            for shard in self._listed_shards()
        }
        graph = {shard: above & parents.keys() for shard, above in sorted(parents.items())}
        return list(TopologicalSorter(graph).static_order())

    def _listed_shards(self) -> Iterator[dict[str, Any]]:
        page = self._call("list_shards", StreamName=self.stream)
        yield from page["Shards"]
        while token := page.get("NextToken"):
            page = self._call("list_shards", NextToken=token)
            yield from page["Shards"]

    def drained(self, shard: str, done: Checkpoints) -> Iterator[str]:
        """Sequence numbers up to which the shard is done with, as it is being drained."""
        for page in self._pages(shard, done):
            for batch in batches(page, self.delivery.batch_size):
                for settled in self._settled(shard, batch):
                    self._count(shard, settled)
                    yield settled.records[-1]["SequenceNumber"]

    def _pages(self, shard: str, done: Checkpoints) -> Iterator[Sequence[Record]]:
        iterator = self._iterator(shard, done)
        while iterator:
            try:
                page = self.client.get_records(ShardIterator=iterator, Limit=_PAGE_RECORDS)
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code not in THROTTLES | {"ExpiredIteratorException"}:
                    raise StreamError(f"shard {shard}: Kinesis answered {code}") from error
                self.sleep(_PAUSE_S)
                iterator = self._iterator(shard, done)
                continue
            yield page["Records"]
            if not page["Records"]:
                if not page.get("MillisBehindLatest"):
                    return
                self.sleep(_PAUSE_S)
            iterator = page.get("NextShardIterator")

    def _iterator(self, shard: str, done: Checkpoints) -> str:
        start = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": done[shard]}
            if shard in done
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        answer = self._call("get_shard_iterator", StreamName=self.stream, ShardId=shard, **start)
        return str(answer["ShardIterator"])

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self.client, operation)(**parameters)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise StreamError(f"stream {self.stream}: Kinesis answered {code}") from error

    def _settled(self, shard: str, batch: Sequence[Record]) -> Iterator[Settled]:
        """The batch in stretches, in order, each delivered until it is accepted or dropped."""
        waiting = deque([_Attempt(batch, 0)])
        while waiting:
            records, failures = waiting.popleft()
            expired = self._expired(records)
            if expired:
                yield Settled(records[:expired], "RecordAgeExceeded")
            records = records[expired:]
            if not records:
                continue
            accepted = self._accepted(shard, records)
            if accepted:
                yield Settled(records[:accepted])
            rest = records[accepted:]
            failures = 1 + (0 if accepted else failures)
            if not rest:
                continue
            if self.delivery.bisect and len(rest) > 1:
                waiting.extendleft(reversed(_bisected(rest, is_at_failure=accepted > 0)))
            elif 0 <= self.delivery.maximum_retry_attempts < failures:
                yield Settled(rest, "RetryAttemptsExhausted")
            else:
                self.sleep(min(60.0, _PAUSE_S * 2**failures))
                waiting.appendleft(_Attempt(rest, failures))

    def _expired(self, records: Sequence[Record]) -> int:
        """How many records, from the first on, are too old to be delivered."""
        if self.delivery.maximum_record_age_s < 0:
            return 0
        oldest = self.now() - self.delivery.maximum_record_age_s
        fresh = (
            number
            for number, record in enumerate(records)
            if record["ApproximateArrivalTimestamp"].timestamp() >= oldest
        )
        return next(fresh, len(records))

    def _accepted(self, shard: str, records: Sequence[Record]) -> int:
        """How many records, from the first on, the handler accepts; an error accepts none."""
        self.tally["invocations"] += 1
        try:
            response = self.handler(kinesis_event(self.arn, shard, records))
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its error
            self.errors[type(error).__name__] += 1
            accepted = 0
        else:
            accepted = accepted_records(response, records)
        self.tally["failures"] += accepted < len(records)
        return accepted

    def _count(self, shard: str, settled: Settled) -> None:
        if settled.dropped is None:
            self.tally["records"] += len(settled.records)
            return
        self.tally["discarded"] += len(settled.records)
        if self.on_failure:
            self.on_failure(failure(self.arn, shard, settled, self.now()))


def batches(records: Sequence[Record], batch_size: int) -> Iterator[Sequence[Record]]:
    """Records in order, as many together as the batch size and Lambda's 6 MB event allow."""
    batch: list[Record] = []
    size = 0
    for record in records:
        weight = len(record["Data"]) * 4 // 3 + _ENVELOPE_BYTES
        if batch and (len(batch) == batch_size or size + weight > MAX_EVENT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += weight
    if batch:
        yield batch


def _bisected(records: Sequence[Record], *, is_at_failure: bool) -> list[_Attempt]:
    """A failed stretch in halves, or as it is if it already begins at the record that failed."""
    if is_at_failure:
        return [_Attempt(records, 0)]
    middle = len(records) // 2
    return [_Attempt(records[:middle], 0), _Attempt(records[middle:], 0)]


def accepted_records(response: Any, records: Sequence[Record]) -> int:
    """How many records, from the first on, a handler's response accepts.

    All of them for nothing, an empty response, and an empty or null list; none for anything
    malformed: a null, empty or unknown id, or another key than `itemIdentifier`.
    """
    if not response:
        return len(records)
    if not isinstance(response, Mapping):
        return 0
    failures = response.get("batchItemFailures")
    if not failures:
        return len(records)
    numbers = {record["SequenceNumber"]: number for number, record in enumerate(records)}
    try:
        return min(numbers[failure["itemIdentifier"]] for failure in failures)
    except (KeyError, TypeError):
        return 0


def kinesis_event(arn: str, shard: str, records: Sequence[Record]) -> dict[str, Any]:
    """The event that Lambda makes of a shard's records, as GetRecords returned them."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record["PartitionKey"],
                    "sequenceNumber": record["SequenceNumber"],
                    "data": base64.b64encode(record["Data"]).decode(),
                    "approximateArrivalTimestamp": _epoch_s(record),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard}:{record['SequenceNumber']}",
                "eventName": "aws:kinesis:record",
                "awsRegion": arn.split(":")[3],
                "eventSourceARN": arn,
            }
            for record in records
        ]
    }


def failure(arn: str, shard: str, settled: Settled, at_s: float) -> dict[str, Any]:
    """What Lambda tells an on-failure destination: where the dropped records are on the stream."""
    first, last = settled.records[0], settled.records[-1]
    return {
        "requestContext": {"condition": settled.dropped},
        "version": "1.0",
        "timestamp": _iso(at_s),
        "KinesisBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _iso(_epoch_s(first)),
            "approximateArrivalOfLastRecord": _iso(_epoch_s(last)),
            "batchSize": len(settled.records),
            "streamArn": arn,
        },
    }


def _epoch_s(record: Record) -> float:
    return float(record["ApproximateArrivalTimestamp"].timestamp())


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat()
