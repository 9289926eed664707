"""The objects that received records become: raw ones by kind, and one of rejects; pure.

An object's name follows from what is in it (shard and sequence range, or its hash), and its
bytes from its records alone, so landing the same records again overwrites the same objects.
"""

import base64
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from ingestion.records import Accepted, Outcome, Rejected

BAD = "bad"
MAX_OBJECT_BYTES = 64 * 2**20
MAX_KEPT_BYTES = 5 * 2**20  # more than a Lambda can be handed in one event

_GZIP = 31  # zlib's number for a gzip header, whose time it leaves 0
_GZIP_LEVEL = 1
_ENCODED_BYTES = 3 * 2**16  # base64 of whole threes can be joined


class Origin(NamedTuple):
    """Where a record came from: a shard and its sequence number, or a file and the place in it."""

    source: str
    position: str
    arrived_at: datetime | None = None


class Verdict(NamedTuple):
    """What became of one received record."""

    origin: Origin
    outcome: Outcome


class LakeObject(NamedTuple):
    """One object to put: records of one kind, or rejects (`kind` is `BAD`), as gzipped lines.

    `counts` is by kind for records, by reason for rejects; `first` and `last` are the positions
    of its first and last record.
    """

    key: str
    data: bytes
    kind: str
    counts: Mapping[str, int]
    first: str
    last: str


def stream_objects(verdicts: Iterable[Verdict], stream: str, shard: str) -> list[LakeObject]:
    """At most one object for each kind and one of rejects, of one shard's records in order.

    Every record has its arrival time; the day in a key is the UTC day of the object's first.
    """
    return [section.object(_stream_key(section, stream, shard)) for section in _sections(verdicts)]


def file_objects(verdicts: Iterable[Verdict]) -> Iterator[LakeObject]:
    """The objects of one file, each as soon as it holds `MAX_OBJECT_BYTES` of lines.

    Where an object ends depends on the file alone, so landing it again makes the same objects.
    """
    for section in _sections(verdicts, MAX_OBJECT_BYTES):
        folder = "bad/files" if section.kind == BAD else f"raw/{section.kind}/files"
        name = section.digest.hexdigest()[:32]
        yield section.object(f"{folder}/{name}.ndjson.gz")


def reject_line(origin: Origin, reject: Rejected) -> bytes:
    """One JSON line that tells the reason, where the bytes came from, and the bytes themselves.

    `size` and `sha256` are of the whole payload; `payload_base64` holds its first 5 MiB.
    """
    return b"".join(_reject_parts(origin, reject))


def _reject_parts(origin: Origin, reject: Rejected) -> Iterator[bytes]:
    """The line of a reject piece by piece: a payload's copies would take six times its size."""
    fields = {
        "reason": reject.reason,
        "detail": reject.detail,
        "source": origin.source,
        "position": origin.position,
        "arrived_at": origin.arrived_at and origin.arrived_at.astimezone(UTC).isoformat(),
        "sha256": hashlib.sha256(reject.payload).hexdigest(),
        "size": len(reject.payload),
    }
    yield json.dumps(fields).encode().removesuffix(b"}")
    yield b', "payload_base64": "'
    kept = memoryview(reject.payload)[:MAX_KEPT_BYTES]
    for at in range(0, len(kept), _ENCODED_BYTES):
        yield base64.b64encode(kept[at : at + _ENCODED_BYTES])
    yield b'"}'


class _Section:
    """Lines of one kind on their way into one object; only their compressed bytes are held."""

    def __init__(self, kind: str, first: Origin) -> None:
        self.kind = kind
        self.first = self.last = first
        self.counts: Counter[str] = Counter()
        self.size = 0
        self.digest = hashlib.sha256()
        self._packer = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP)
        self._packed: list[bytes] = []

    def add(self, origin: Origin, outcome: Outcome) -> None:
        if isinstance(outcome, Accepted):
            self.counts[outcome.kind] += 1
            self._write(outcome.line)
        else:
            self.counts[outcome.reason] += 1
            for part in _reject_parts(origin, outcome):
                self._write(part)
        self._write(b"\n")
        self.last = origin

    def _write(self, data: bytes) -> None:
        self.size += len(data)
        self.digest.update(data)
        if packed := self._packer.compress(data):
            self._packed.append(packed)

    def object(self, key: str) -> LakeObject:
        data = b"".join([*self._packed, self._packer.flush()])
        first, last = self.first.position, self.last.position
        return LakeObject(key, data, self.kind, dict(self.counts), first, last)


def _sections(verdicts: Iterable[Verdict], limit: float = float("inf")) -> Iterator[_Section]:
    """Sections as they fill up, then those left over, by kind."""
    filling: dict[str, _Section] = {}
    for origin, outcome in verdicts:
        kind = outcome.kind if isinstance(outcome, Accepted) else BAD
        if kind not in filling:
            filling[kind] = _Section(kind, origin)
        filling[kind].add(origin, outcome)
        if filling[kind].size >= limit:
            yield filling.pop(kind)
    yield from (filling[kind] for kind in sorted(filling))


def _stream_key(section: _Section, stream: str, shard: str) -> str:
    first, last = section.first, section.last
    folder = "bad/stream" if section.kind == BAD else f"raw/{section.kind}"
    day = first.arrived_at.astimezone(UTC).date() if first.arrived_at else "undated"
    return f"{folder}/{day}/{stream}-{shard}-{first.position}-{last.position}.ndjson.gz"


def retry_from(failed: Iterable[str], objects: Iterable[LakeObject]) -> str | None:
    """The lowest sequence number to deliver again, so that every object comes out the same.

    That is the lowest that failed, or the first of an object that reaches across it: with only
    a part of its records delivered again, that one would land a second time under another
    name. None when nothing failed.
    """
    lowest = min(failed, key=int, default=None)
    if lowest is None:
        return None
    for obj in sorted(objects, key=lambda obj: int(obj.last), reverse=True):
        if int(obj.first) < int(lowest) <= int(obj.last):
            lowest = obj.first
    return lowest
