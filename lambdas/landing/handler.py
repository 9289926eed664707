"""Kinesis batches become objects in the lake's raw zone; a failed put asks for a retry."""

import binascii
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from ingestion.errors import LakeError
from ingestion.landing import BAD, LakeObject, Origin, Verdict, retry_from, stream_objects
from ingestion.records import outcomes
from ingestion.store import Store, StoreError, store

Response = dict[str, list[dict[str, str]]]


class UnreadableBatchError(LakeError):
    """No record of the batch has a sequence number to retry from, so all of it must come again."""


@dataclass(frozen=True)
class Landed:
    """What one batch came to: records by kind, rejects by reason, and where to retry from.

    The counts and `objects` (keys) are of what is safely put. `retry_from` is a sequence number
    of the batch from which on everything must be delivered again; None is complete success.
    """

    landed: Mapping[str, int]
    rejected: Mapping[str, int]
    objects: Sequence[str]
    retry_from: str | None = None

    def response(self) -> Response:
        """The partial batch response of Lambda's event source mapping; never an empty id."""
        failures = [] if self.retry_from is None else [{"itemIdentifier": self.retry_from}]
        return {"batchItemFailures": failures}


def handler(event: dict[str, Any], _context: object) -> Response:
    """The Lambda entry point: lands `event["Records"]` in the lake that `LAKE` names."""
    landed = land_batch(event["Records"], _lake())
    _report(landed)
    return landed.response()


def land_batch(records: Sequence[Mapping[str, Any]], lake: Store) -> Landed:
    """What landing the records of one Kinesis event came to; repeating it changes nothing.

    Bad records are rejects, put under `bad/`, and never fail. An envelope that cannot be read
    and an object that cannot be put are retried. Raises `UnreadableBatchError` when there is no
    sequence number to retry from.
    """
    received = [_received(record) for record in records]
    objects = list(_objects(item for item in received if item is not None))
    put = [item for item in objects if _is_put(lake, item)]
    failed = [item.first for item in objects if item not in put]
    failed += [
        _sequence_number(record, records)
        for record, item in zip(records, received, strict=True)
        if item is None
    ]
    return Landed(
        landed=_total(item for item in put if item.kind != BAD),
        rejected=_total(item for item in put if item.kind == BAD),
        objects=[item.key for item in put],
        retry_from=retry_from(failed, objects),
    )


class _Received(NamedTuple):
    stream: str
    shard: str
    origin: Origin
    payload: bytes

    @property
    def channel(self) -> tuple[str, str]:
        return self.stream, self.shard


def _received(record: Mapping[str, Any]) -> _Received | None:
    """A record out of its Kinesis envelope; None if the envelope cannot be read."""
    try:
        kinesis = record["kinesis"]
        sequence_number = kinesis["sequenceNumber"]
        arrived_at = datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC)
        stream = record["eventSourceARN"].rpartition("/")[2]
        shard = record["eventID"].partition(":")[0]
        payload = binascii.a2b_base64(kinesis["data"], strict_mode=True)
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError):
        return None
    if not (_is_sequence_number(sequence_number) and stream and shard):
        return None
    origin = Origin(f"{stream}/{shard}", sequence_number, arrived_at)
    return _Received(stream, shard, origin, payload)


def _sequence_number(record: Mapping[str, Any], batch: Sequence[Mapping[str, Any]]) -> str:
    """A record's own sequence number; failing that, the batch's first, so that it is retried."""
    for candidate in (record, *batch):
        kinesis = candidate.get("kinesis")
        number = kinesis.get("sequenceNumber") if isinstance(kinesis, Mapping) else None
        if _is_sequence_number(number):
            return str(number)
    raise UnreadableBatchError("the batch has no sequence number: it is no Kinesis event")


def _is_sequence_number(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit()


def _objects(received: Iterable[_Received]) -> Iterator[LakeObject]:
    """The objects of a batch; Lambda makes batches of one shard, so this is mostly one group."""
    for (stream, shard), group in groupby(received, key=lambda item: item.channel):
        verdicts = (
            Verdict(item.origin, outcome) for item in group for outcome in outcomes(item.payload)
        )
        yield from stream_objects(verdicts, stream, shard)


def _is_put(lake: Store, item: LakeObject) -> bool:
    try:
        lake.put(item.key, item.data)
    except StoreError as error:
        _logger().warning("put failed", key=item.key, error=str(error))
        return False
    return True


def _total(objects: Iterable[LakeObject]) -> Counter[str]:
    total: Counter[str] = Counter()
    for item in objects:
        total.update(item.counts)
    return total


def _report(landed: Landed) -> None:
    """Counts as CloudWatch metrics, and one log line; never a payload."""
    metrics = Metrics(namespace="ContactLake", service="landing")
    metrics.add_metric("objects", MetricUnit.Count, len(landed.objects))
    metrics.add_metric("retried_batches", MetricUnit.Count, int(landed.retry_from is not None))
    for prefix, counts in (("landed", landed.landed), ("rejected", landed.rejected)):
        metrics.add_metric(prefix, MetricUnit.Count, sum(counts.values()))
        for name, count in counts.items():
            metrics.add_metric(f"{prefix}_{name}", MetricUnit.Count, count)
    metrics.flush_metrics()
    if landed.rejected or landed.retry_from:
        _logger().warning("batch", rejected=landed.rejected, retry_from=landed.retry_from)


@cache
def _logger() -> Logger:
    return Logger(service="landing")


@cache
def _lake() -> Store:
    uri = os.environ.get("LAKE")
    if not uri:
        raise StoreError("LAKE is not set: give the lake's address, s3://bucket/prefix")
    return store(uri, lambda: boto3.client("s3"))
