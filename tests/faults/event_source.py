"""An event source mapping between one Kinesis shard and a Lambda handler, on a clock of its own.

Written from AWS Lambda's documentation alone, so that it can judge the product's poller and
handlers: the checkpoint is the lowest sequence number that failed, and all from it on is delivered
again; a failed batch is halved (which is no retry), retried, and at last dropped to the on-failure
destination, which is told where the records are and never what they hold.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zlib import crc32

from ingestion.poller import kinesis_event

ARN = "arn:aws:kinesis:us-east-1:111122223333:stream/contacts"
SHARD = "shardId-000000000000"
T0 = datetime(2024, 3, 1, 12, tzinfo=UTC)

Record = dict[str, Any]
Handler = Callable[[dict[str, Any]], Any]


class BlockedError(AssertionError):
    """The shard does not move on: the handler refuses the same records again and again."""


class Rules(NamedTuple):
    """The mapping's settings, by Lambda's names and defaults (-1 = without limit)."""

    batch_size: int = 100
    bisect: bool = False
    retries: int = -1
    age_s: float = -1
    parallelization: int = 1
    reports_failures: bool = True


class Dropped(NamedTuple):
    """What the on-failure destination is told: a stretch of the shard, and why."""

    condition: str
    first: str
    last: str
    size: int


def shard(payloads: Sequence[bytes], keys: Sequence[str] = ("key",)) -> list[Record]:
    """A shard's records in order, one a payload; partition keys take turns."""
    return [
        {
            "SequenceNumber": str(10**20 + number),
            "ApproximateArrivalTimestamp": T0,
            "PartitionKey": keys[number % len(keys)],
            "Data": payload,
        }
        for number, payload in enumerate(payloads)
    ]


@dataclass
class EventSource:
    """One mapping of one shard. `clock_s` is seconds since the records arrived.

    `checkpoint`: how many records, from the first on, are done with. After an error of the poller
    (`run` stopped by `most_invocations`), a new `run` starts there and delivers the rest again.
    """

    handler: Handler
    rules: Rules = field(default_factory=Rules)
    seed: int = 0
    invocation_s: float = 0.1
    back_off_s: float = 1.0
    clock_s: float = 0.0
    checkpoint: int = 0
    invocations: int = 0
    delivered: list[tuple[str, ...]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    iterator_age_s: float = 0.0

    def run(self, records: Sequence[Record], most_invocations: int | None = None) -> None:
        """Deliver the shard from the checkpoint on; BlockedError if it never comes to an end."""
        dice = random.Random(self.seed)
        ends = None if most_invocations is None else self.invocations + most_invocations
        limit = self.invocations + 100 * (len(records) + 1)
        start = self.checkpoint
        done = [False] * len(records)
        lanes = list(self._lanes(records, start))
        while lanes:
            lane = dice.choice(lanes)
            for number in next(lane, ()):
                done[number] = True
            self.checkpoint = next(
                (n for n in range(self.checkpoint, len(records)) if not done[n]), len(records)
            )
            if all(done[start:]) or (ends is not None and self.invocations >= ends):
                return
            if self.invocations > limit:
                raise BlockedError(f"stuck at record {self.checkpoint} of {len(records)}")

    def _lanes(self, records: Sequence[Record], start: int) -> Iterator[Iterator[list[int]]]:
        """Concurrent batches of the shard: all records of a partition key go the same way."""
        count = self.rules.parallelization
        for lane in range(count):
            numbers = [
                number
                for number in range(start, len(records))
                if crc32(records[number]["PartitionKey"].encode()) % count == lane
            ]
            if numbers:
                yield self._lane(records, numbers)

    def _lane(self, records: Sequence[Record], numbers: list[int]) -> Iterator[list[int]]:
        """Numbers of records as they are done with; an empty list after a vain attempt."""
        size = self.rules.batch_size
        for at in range(0, len(numbers), size):
            yield from self._batch(records, numbers[at : at + size])

    def _batch(self, records: Sequence[Record], batch: list[int]) -> Iterator[list[int]]:
        waiting = [(batch, 0)]
        while waiting:
            numbers, tries = waiting.pop()
            some = [records[number] for number in numbers]
            if 0 <= self.rules.age_s < self.clock_s:
                yield self._drop("RecordAgeExceeded", numbers, some)
                continue
            failed = self._first_failed(some)
            yield numbers[:failed]
            rest = numbers[failed:]
            tries = 0 if failed else tries
            if not rest:
                continue
            if self.rules.bisect and failed:  # cut where the handler said
                waiting.append((rest, tries))
            elif self.rules.bisect and len(rest) > 1:
                middle = len(rest) // 2
                waiting += [(rest[middle:], tries), (rest[:middle], tries)]
            elif 0 <= self.rules.retries <= tries:
                yield self._drop("RetryAttemptsExhausted", rest, some[failed:])
            else:
                self.clock_s += self.back_off_s
                waiting.append((rest, tries + 1))

    def _first_failed(self, some: Sequence[Record]) -> int:
        """How many of the records, from the first on, the handler did not fail."""
        self.invocations += 1
        self.clock_s += self.invocation_s
        self.delivered.append(tuple(record["SequenceNumber"] for record in some))
        try:
            answer = self.handler(kinesis_event(ARN, SHARD, some))
        except Exception:  # noqa: BLE001 - whatever a function raises fails its batch
            return 0
        accepted = first_failure(answer, some) if self.rules.reports_failures else len(some)
        self.iterator_age_s = max(self.iterator_age_s, self.clock_s) if accepted else self.clock_s
        return accepted

    def _drop(self, why: str, numbers: list[int], some: Sequence[Record]) -> list[int]:
        first, last = some[0]["SequenceNumber"], some[-1]["SequenceNumber"]
        self.dropped.append(Dropped(why, first, last, len(numbers)))
        return numbers


def first_failure(answer: object, some: Sequence[Record]) -> int:
    """Where the batch is to go on: after all of it, at the lowest failure, or at its beginning.

    An answer that is null or empty, or whose list is, is success; an id that is null, empty or
    none of the batch's, or another key, fails the whole batch.
    """
    if not answer:
        return len(some)
    failures = answer.get("batchItemFailures") if isinstance(answer, Mapping) else 0
    if failures is None or failures == []:
        return len(some)
    places = {record["SequenceNumber"]: at for at, record in enumerate(some)}
    if not isinstance(failures, list):
        return 0
    named = [each.get("itemIdentifier") if isinstance(each, Mapping) else "" for each in failures]
    return min((places.get(each, 0) if isinstance(each, str) else 0) for each in named)
