"""Delivery as streams do it: at least once, now and then late, not always in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from ingestion.truth import Truth

DUPLICATE_SHARE = 0.01
LATE_SHARE = 0.005
MOST_LATE_MS = 6 * 3_600_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Delivery(NamedTuple):
    """One record on its way into the lake.

    `kind` is contact_record, agent_event or work_item; `key` the stream's partition key; `body`
    one compact JSON object without a newline.
    """

    at: datetime
    kind: str
    key: str
    body: bytes


class Outbox:
    """What has been sent and has not arrived; it holds no more than the longest delay brings."""

    def __init__(self, rng: Random, truth: Truth) -> None:
        self._rng = rng
        self.truth = truth
        self._pending: list[tuple[int, int, str, str, str, bytes]] = []
        self._number = 0

    def send(self, kind: str, key: str, body: bytes, at: int, *, is_update: bool = False) -> None:
        """Send a record at `at` (ms); `is_update` where an older version of it was sent before."""
        rng = self._rng
        arrives = at + rng.randint(100, 1500)
        if rng.random() < LATE_SHARE:
            arrives += min(int(rng.expovariate(1 / 1_200_000)), MOST_LATE_MS)
        self._push(arrives, kind, "superseded" if is_update else "rows", key, body)
        if rng.random() < DUPLICATE_SHARE:
            again = arrives + int(rng.expovariate(1 / 60_000)) + 1
            self._push(again, kind, "duplicates", key, body)

    def _push(self, arrives: int, kind: str, part: str, key: str, body: bytes) -> None:
        self._number += 1
        heappush(self._pending, (arrives, self._number, kind, part, key, body))

    def due(self, now: int | None = None) -> Iterator[Delivery]:
        """What has arrived by `now` (None: all there is), in order of arrival."""
        pending = self._pending
        while pending and (now is None or pending[0][0] <= now):
            arrived, _, kind, part, key, body = heappop(pending)
            self.truth.delivered(kind, part)
            yield Delivery(_EPOCH + timedelta(milliseconds=arrived), kind, key, body)
