"""Records through Kinesis: put on streams by kind, and, with a stand-in, landed from there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infra.streams import STREAMS
from ingestion.files import found, verdicts
from ingestion.poller import Polled, poll
from ingestion.producer import Sent, put
from ingestion.records import Accepted
from ingestion.store import Store
from lambdas.landing.handler import land_batch

SHARDS = 2
_KEYS = {"contact_record": "ContactId", "agent_event": "AgentARN", "work_item": "WorkItemId"}


class Streamed(NamedTuple):
    """What went on the streams by kind, and what the files held that is no record, by reason."""

    sent: dict[str, Sent]
    rejected: dict[str, int]


class Landed(NamedTuple):
    """What came off the streams: records delivered, and those that never could be landed."""

    records: int
    discarded: int
    landed: dict[str, int]
    rejected: dict[str, int]


def stand_in_streams() -> dict[str, str]:
    """Stream names by kind that no other stand-in had.

    A stand-in counts its sequence numbers from 1 again; under an old name the objects that are
    named by them would overwrite those of an earlier run.
    """
    run = uuid.uuid4().hex[:8]
    return {kind: f"{name}-{run}" for kind, name in STREAMS.items()}


def create_streams(client: Any, streams: Mapping[str, str], shards: int = SHARDS) -> None:
    """Make the streams that are not there, and wait until they take records."""
    known = client.list_streams()["StreamNames"]
    for stream in streams.values():
        if stream not in known:
            client.create_stream(StreamName=stream, ShardCount=shards)
        client.get_waiter("stream_exists").wait(StreamName=stream)


def stream(
    client: Any,
    paths: Iterable[Path],
    streams: Mapping[str, str] = STREAMS,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _all: None,
) -> Streamed:
    """Put the records of files and folders on the stream of their kind, in the files' order.

    Partition keys are those of Amazon Connect: the agent's ARN, so that one agent's events stay in
    order, and the contact's id.
    """
    sent: dict[str, Sent] = {}
    rejected: dict[str, int] = {}
    sources, _ = found(paths)
    for number, source in enumerate(sources):
        progress("streaming", number, len(sources))
        for kind, records in _by_kind(verdicts(source), rejected):
            done = put(client, streams[kind], records)
            sent[kind] = done if kind not in sent else _added(sent[kind], done)
    progress("streaming", len(sources), len(sources))
    return Streamed(sent, rejected)


def land(client: Any, store: Store, streams: Mapping[str, str] = STREAMS) -> Landed:
    """Drain every stream into the store through the landing handler's own function."""
    totals = Landed(0, 0, {}, {})
    for name in streams.values():
        landed: dict[str, int] = {}
        rejected: dict[str, int] = {}

        def handler(
            event: Mapping[str, Any],
            landed: dict[str, int] = landed,
            rejected: dict[str, int] = rejected,
        ) -> dict[str, Any]:
            batch = land_batch(event["Records"], store)
            _count(landed, batch.landed)
            _count(rejected, batch.rejected)
            return batch.response()

        polled: Polled = poll(client, name, handler)
        totals = Landed(
            totals.records + polled.records,
            totals.discarded + polled.discarded,
            _count(totals.landed, landed),
            _count(totals.rejected, rejected),
        )
    return totals


def _by_kind(
    judged: Iterable[Any], rejected: dict[str, int]
) -> Iterator[tuple[str, Iterator[tuple[str, bytes]]]]:
    """The file's records, kind by kind; a file holds one kind as a rule, so this holds one file."""
    kinds: dict[str, list[tuple[str, bytes]]] = {}
    for _, outcome in judged:
        if isinstance(outcome, Accepted):
            key = str(json.loads(outcome.line)[_KEYS[outcome.kind]])
            kinds.setdefault(outcome.kind, []).append((key, outcome.line))
        else:
            _count(rejected, {outcome.reason: 1})
    yield from ((kind, iter(records)) for kind, records in kinds.items())


def _added(one: Sent, other: Sent) -> Sent:
    return Sent(
        **{name: getattr(one, name) + getattr(other, name) for name in one.__dataclass_fields__}
    )


def _count(totals: dict[str, int], more: Mapping[str, int]) -> dict[str, int]:
    for name, number in more.items():
        totals[name] = totals.get(name, 0) + number
    return totals
