"""Records go on a Kinesis stream in full batches; what was throttled is sent again."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from ingestion.errors import LakeError

MAX_BATCH_RECORDS = 500
MAX_BATCH_BYTES = 5 * 2**20
MAX_RECORD_BYTES = 2**20

THROTTLES = frozenset({
    "KMSThrottlingException", "LimitExceededException", "ProvisionedThroughputExceededException",
    "ThrottlingException",
})  # fmt: skip
_TRANSIENT = THROTTLES | {"InternalFailure", "InternalFailureException", "ServiceUnavailable"}


class StreamError(LakeError):
    """A Kinesis stream cannot be written or read."""

    exit_code = 11


class Keyed(NamedTuple):
    """A record with the partition key that chooses its shard."""

    key: str
    data: bytes

    @property
    def size(self) -> int:
        """Bytes that count towards Kinesis's limits: the data and the key."""
        return len(self.data) + len(self.key.encode())


@dataclass(frozen=True)
class Sent:
    """What putting came to: `records = sent + len(oversize)`.

    `retried` and `throttled` count records that had to be put again, each time anew; `oversize`
    are records over 1 MiB, which Kinesis refuses: land them as files.
    """

    records: int
    sent: int
    bytes: int
    requests: int
    retried: int
    throttled: int
    oversize: tuple[Keyed, ...]


def put(
    client: Any,
    stream: str,
    records: Iterable[tuple[str, bytes]],
    *,
    attempts: int = 10,
    sleep: Callable[[float], None] = time.sleep,
    progress: Callable[[int], None] | None = None,
) -> Sent:
    """Put (partition key, data) records on a stream, in order, and return when all are there.

    A batch is complete before the next is sent, so records of one key stay in order, except
    where Kinesis took a later one of a batch and refused an earlier: PutRecords cannot prevent
    that, and readers order by the records' own times. A retry after a lost answer can put a
    record twice. `progress(n)` is told of each n records sent. Raises `StreamError` when a
    batch is not complete after so many attempts, or the stream refuses for good.
    """
    oversize: list[Keyed] = []
    tally: Counter[str] = Counter()
    for batch in batches(_fitting(records, oversize)):
        tally += _delivery(client, stream, batch, attempts, sleep)
        tally["sent"] += len(batch)
        tally["bytes"] += sum(record.size for record in batch)
        if progress:
            progress(len(batch))
    return _sent(tally, tuple(oversize))


def _delivery(
    client: Any,
    stream: str,
    batch: list[Keyed],
    attempts: int,
    sleep: Callable[[float], None],
) -> Counter[str]:
    """What it took to put a batch whole: requests, and records retried and throttled."""
    tally: Counter[str] = Counter()
    waiting = batch
    for attempt in range(attempts):
        if attempt:
            sleep(_pause_s(attempt))
            tally["retried"] += len(waiting)
        codes = _error_codes(client, stream, waiting)
        tally["requests"] += 1
        tally["throttled"] += sum(code in THROTTLES for code in codes)
        waiting = [record for record, code in zip(waiting, codes, strict=True) if code]
        if not waiting:
            return tally
    raise StreamError(
        f"stream {stream}: {len(waiting)} of a batch's {len(batch)} records were refused"
        f" {attempts} times: add shards or try again later"
    )


def _sent(tally: Counter[str], oversize: tuple[Keyed, ...]) -> Sent:
    return Sent(
        records=tally["sent"] + len(oversize),
        sent=tally["sent"],
        bytes=tally["bytes"],
        requests=tally["requests"],
        retried=tally["retried"],
        throttled=tally["throttled"],
        oversize=oversize,
    )


def batches(records: Iterable[Keyed]) -> Iterator[list[Keyed]]:
    """Records in order, in lists of at most 500 and 5 MiB."""
    batch: list[Keyed] = []
    size = 0
    for record in records:
        if len(batch) == MAX_BATCH_RECORDS or size + record.size > MAX_BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += record.size
    if batch:
        yield batch


def _fitting(records: Iterable[tuple[str, bytes]], oversize: list[Keyed]) -> Iterator[Keyed]:
    for record in records:
        keyed = Keyed(*record)
        if keyed.size > MAX_RECORD_BYTES:
            oversize.append(keyed)
        else:
            yield keyed


def _pause_s(attempt: int) -> float:
    """Exponential back-off with full jitter: up to 0.1, 0.2, 0.4 … 5 seconds."""
    return random.uniform(0, min(5.0, 0.05 * 2**attempt))  # noqa: S311 - no secret


def _error_codes(client: Any, stream: str, records: list[Keyed]) -> list[str | None]:
    """The error code of each record, None for those that were taken."""
    entries = [{"PartitionKey": record.key, "Data": record.data} for record in records]
    try:
        answers = client.put_records(StreamName=stream, Records=entries)["Records"]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code not in _TRANSIENT:
            raise StreamError(f"stream {stream}: Kinesis answered {code}") from error
        return [code] * len(records)
    return [answer.get("ErrorCode") for answer in answers]
