"""Generated records of a stated size and seed, and the lakes that they become.

Equal arguments give equal bytes. With a folder to keep them in, they are made once.
"""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from glue_jobs.build import Built, build
from glue_jobs.lake import Lake, made
from glue_jobs.parsers import Parsers
from glue_jobs.settings import Settings
from ingestion.files import ingest
from ingestion.privacy import Tokens
from ingestion.simulator import Delivery, Truth, deliveries, invented_centre
from transforms.taxonomy import Taxonomy

START = date(2026, 1, 5)
CONTACTS = ("contact_record",)
KINDS = ("contact_record", "agent_event", "work_item")
_MB_OF_AN_AGENT_DAY = {CONTACTS: 0.13, KINDS: 2.0}
_KEY = b"bench-key-of-16-or-more"

Name = Callable[[Delivery], str | None]


class Data(NamedTuple):
    """Raw objects as landed, below `folder`/raw; JSON megabytes and records by kind."""

    folder: Path
    mb: dict[str, float]
    records: dict[str, int]

    @property
    def all_mb(self) -> float:
        """Megabytes of JSON of all kinds."""
        return sum(self.mb.values())


def landed(keep: Path, mb: float, seed: int, kinds: tuple[str, ...] = KINDS) -> Data:
    """About `mb` megabytes of JSON of these kinds, whole days of delivery, landed."""
    per_agent_day = _MB_OF_AN_AGENT_DAY[kinds]
    agents = min(100, max(5, round(mb / per_agent_day / 4)))
    days = max(1, math.ceil(mb / per_agent_day / agents))
    return landed_days(keep / f"{'-'.join(kinds)}-{mb:g}-{seed}", days, agents, seed, kinds)


def landed_days(
    folder: Path, days: int, agents: int, seed: int, kinds: tuple[str, ...] = KINDS
) -> Data:
    """What a centre of so many agents delivers of these kinds in those days, landed in `folder`."""
    told = folder / "size.json"
    if not told.exists():
        centre = invented_centre(agents=agents, seed=seed)
        found = deliveries(centre, START, days, seed, Truth())
        size = written(folder / "records", (each for each in found if each.kind in kinds))
        ingest([folder / "records"], made(Settings(str(folder / "landed")))[0].store)
        told.write_text(json.dumps(size))
    size = json.loads(told.read_text())
    return Data(folder / "landed", size["mb"], size["records"])


def by_kind_and_day(delivery: Delivery) -> str:
    """The simulator's own file names."""
    return f"{delivery.kind}-{delivery.at.date()}"


def written(
    folder: Path, found: Iterable[Delivery], name: Name = by_kind_and_day
) -> dict[str, dict[str, Any]]:
    """Deliveries in gzipped files by `name` (None: left out); megabytes and records by kind."""
    bytes_, records = Counter[str](), Counter[str]()
    with ExitStack() as opened:
        files: dict[str, gzip.GzipFile] = {}
        for each in found:
            if (named := name(each)) is None:
                continue
            if named not in files:
                path = folder / f"{named}.ndjson.gz"
                path.parent.mkdir(parents=True, exist_ok=True)
                raw = opened.enter_context(path.open("wb"))
                files[named] = opened.enter_context(gzip.GzipFile("", "wb", 1, raw, mtime=0))
            files[named].write(each.body + b"\n")
            bytes_[each.kind] += len(each.body) + 1
            records[each.kind] += 1
    return {"mb": {kind: size / 1e6 for kind, size in bytes_.items()}, "records": dict(records)}


def parsers() -> Parsers:
    """The parse functions under the default taxonomy and a key of the benchmark's own."""
    return Parsers(Taxonomy(), Tokens(_KEY))


def lake_over(data: str, folder: Path) -> Lake:
    """A new lake without rows whose raw objects are those of `data`."""
    folder.mkdir(parents=True)
    (folder / "raw").symlink_to(Path(data, "raw").resolve(), target_is_directory=True)
    return made(Settings(str(folder)))[0]


def built(folder: Path, records: Iterable[Path]) -> Built:
    """What building a folder lake came to after landing these files."""
    lake, _ = made(Settings(str(folder)))
    with lake:
        ingest(records, lake.store, workers=2)
        return build(lake, parsers())
