"""Landing through the Lambda handler, beside what a Kinesis shard can bring.

A shard takes 1,000 records or 1 MB a second, whichever comes first (Kinesis Data Streams, quotas).
One invocation at a time, as Lambda does it for a shard.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from glue_jobs.standin import stand_in
from tests.bench.data import CONTACTS, KINDS, landed
from tests.bench.flat import json_lines, raw_files
from tests.bench.harness import Contestant, Job, alternated, line, median, rounded

SHARD_RECORDS, SHARD_MB = 1_000, 1.0
BATCH = 500
MOST_RECORDS = 20_000
_ARN = "arn:aws:kinesis:us-east-1:111122223333:stream/{}"


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """A line for each stream and each store."""
    size_mb = min(given.mb, 60)
    for kind, kinds in (("contact_record", CONTACTS), ("agent_event", KINDS)):
        data = landed(keep, size_mb, given.seed, kinds)
        for store in ("folder", "S3 stand-in"):
            yield _line(given, kind, store, {"data": str(data.folder), "kind": kind})


def _line(given: Namespace, kind: str, store: str, options: dict[str, Any]) -> Mapping[str, Any]:
    job = Contestant(f"landing {kind}, {store}", "landing:land")
    with nullcontext() if store == "folder" else stand_in() as aws:
        runs = alternated(
            [job], options | {"s3": aws is not None}, given.rounds, aws and aws.environment()
        )[job.name]
    records, mb = runs[0].figures["records"], runs[0].figures["mb"]
    limit = min(SHARD_RECORDS, SHARD_MB * records / mb)
    return line(
        f"landing {kind} through the handler, {store}",
        records / median(runs),
        "records per second",
        "one shard's limit",
        limit,
        mb_per_second=rounded(mb / median(runs)),
        bytes_per_record=round(mb / records * 1e6),
        batch=BATCH,
        rss_mb=round(median(runs, "rss_mb")),
        seed=given.seed,
    )


def land(options: Mapping[str, Any], scratch: Path) -> Job:
    """Kinesis events through `lambdas.landing.handler`, made before the clock starts."""
    import os

    import boto3

    from lambdas.landing.handler import handler

    os.environ["LAKE"] = str(scratch)
    os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "bench"
    if options["s3"]:
        bucket = scratch.name.lower().replace("_", "-")
        boto3.client("s3").create_bucket(Bucket=bucket)
        os.environ["LAKE"] = f"s3://{bucket}/lake"
    lines = list(json_lines(raw_files(options["data"], options["kind"])))[:MOST_RECORDS]
    events = list(_events(options["kind"], lines))
    handler(events[0], None)  # the client is made at the first call

    def work() -> dict[str, float]:
        for event in events:
            if handler(event, None)["batchItemFailures"]:
                raise RuntimeError("the handler asked for a retry")
        return {"records": len(lines), "mb": sum(map(len, lines)) / 1e6}

    return Job(work)


def _events(kind: str, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    from ingestion.poller import kinesis_event

    at = datetime(2026, 1, 5, tzinfo=UTC)
    for start in range(0, len(lines), BATCH):
        records = [
            {
                "SequenceNumber": str(number),
                "ApproximateArrivalTimestamp": at,
                "Data": text,
                "PartitionKey": str(number),
            }
            for number, text in enumerate(lines[start : start + BATCH], start=start)
        ]
        yield kinesis_event(_ARN.format(kind), "shardId-000000000000", records)
