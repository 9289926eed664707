"""Bad records: what lies in `bad/`, and how those that are good today get another chance.

A replay is a landing like any other: the received bytes go through today's checks and today's
parser, and what passes becomes a raw object that the next build reads. Its name follows from what
is in it and a note of what was replayed is put last, so that a replay that dies is repeated
without harm and a record is never replayed twice.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from glue_jobs.parsers import Parsers
from ingestion.errors import LakeError
from ingestion.landing import BAD
from ingestion.records import KINDS, Accepted, outcomes
from ingestion.store import Store

NOTES = "replayed"


class ReplayError(LakeError):
    """A replayed object did not come back as it was put."""

    exit_code = 4


class Reject(NamedTuple):
    """A bad record: why, where it stood, and its bytes; `is_whole` if they are all kept."""

    reason: str
    detail: str
    source: str
    position: str
    sha256: str
    size: int
    payload: bytes

    @property
    def is_whole(self) -> bool:
        """Whether the bytes kept are those received, by their digest."""
        return hashlib.sha256(self.payload).hexdigest() == self.sha256

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells it from other rejects: a batch delivered in halves leaves it twice."""
        return self.source, self.position, self.sha256


class Replayed(NamedTuple):
    """What a replay came to: `landed` by kind, `remaining` by today's reason."""

    landed: Counter[str]
    remaining: Counter[str]


def rejects(store: Store) -> Iterator[Reject]:
    """Every bad record that was not replayed, in the order of their objects."""
    noted = _noted(store)
    for key, _ in store.keys(f"{BAD}/"):
        yield from (each for each in of_object(store, key) if each.identity not in noted)


def of_object(store: Store, key: str) -> Iterator[Reject]:
    """The bad records of one object."""
    for line in gzip.decompress(store.get(key)).splitlines():
        fields = json.loads(line)
        payload = base64.b64decode(fields["payload_base64"])
        held = {name: fields[name] for name in Reject._fields if name != "payload"}
        yield Reject(**held, payload=payload)


def shape(payload: bytes) -> str:
    """How a payload begins, to see what it is: no digit of it, no more than 40 characters."""
    return re.sub(r"\d", "#", payload[:40].decode("utf-8", "replace"))


def replay(
    store: Store, parsers: Parsers, reason: str | None = None, *, dry_run: bool = False
) -> Replayed:
    """Land the bad records (of one reason, None = all) that are good today, object by object.

    Raises ReplayError if an object that was put does not hold the received bytes.
    """
    done = Replayed(Counter(), Counter())
    seen = _noted(store)
    for key, _ in store.keys(f"{BAD}/"):
        good: dict[str, list[_Good]] = {kind: [] for kind in KINDS}
        for reject in of_object(store, key):
            if reject.identity in seen or reason not in (None, reject.reason):
                continue
            seen.add(reject.identity)
            judged = _judged(reject, parsers)
            if isinstance(judged, str):
                done.remaining[judged] += 1
            else:
                good[judged.kind].append(judged)
        for kind, found in good.items():
            done.landed.update({kind: sum(len(each.lines) for each in found)} if found else {})
            if found and not dry_run:
                _land(store, kind, [line for each in found for line in each.lines])
                _note(store, [each.reject for each in found])
    return done


class _Good(NamedTuple):
    """A reject that is good today: the lines that it lands as."""

    reject: Reject
    kind: str
    lines: list[bytes]


def _judged(reject: Reject, parsers: Parsers) -> _Good | str:
    """What a reject lands as if all of it is good today, else today's reason."""
    if not reject.is_whole:
        return f"{reject.reason} (not all of its bytes are kept)"
    found = outcomes(reject.payload)
    lines = [each.line for each in found if isinstance(each, Accepted)]
    kinds = {each.kind for each in found if isinstance(each, Accepted)}
    bad = [each.reason for each in found if not isinstance(each, Accepted)]
    if bad or len(kinds) > 1:
        return bad[0] if bad else reject.reason
    [kind] = kinds
    return _build_reason(kind, lines, parsers) or _Good(reject, kind, lines)


def _build_reason(kind: str, lines: Sequence[bytes], parsers: Parsers) -> str | None:
    texts = pa.table({"line": pa.array([line.decode() for line in lines], pa.large_string())})
    reasons = parsers.of(kind).parse(texts).column("reject_reason").to_pylist()
    return next((each.partition(":")[0] for each in reasons if each is not None), None)


def _land(store: Store, kind: str, lines: Sequence[bytes]) -> None:
    text = b"\n".join([*lines, b""])
    key = f"raw/{kind}/{NOTES}/{hashlib.sha256(text).hexdigest()[:32]}.ndjson.gz"
    store.put(key, gzip.compress(text, 1, mtime=0))
    if gzip.decompress(store.get(key)) != text:
        raise ReplayError(f"{key} is not what was put; remove it and replay again")


def _note(store: Store, done: Iterable[Reject]) -> None:
    lines = [json.dumps(each.identity) for each in done]
    text = "".join(f"{line}\n" for line in lines).encode()
    store.put(f"{NOTES}/{hashlib.sha256(text).hexdigest()[:32]}.ndjson", text)


def _noted(store: Store) -> set[tuple[str, str, str]]:
    return {
        tuple(json.loads(line))
        for key, _ in store.keys(f"{NOTES}/")
        for line in store.get(key).splitlines()
    }
