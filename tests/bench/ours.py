"""Our own contestants: landed objects to committed, audited, conformed tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.bench.data import built, lake_over, parsers
from tests.bench.flat import LAKES_COLUMNS, found
from tests.bench.harness import Job, Rows


def landing(options: Mapping[str, Any], scratch: Path) -> Job:
    """Files of records into a folder lake's raw zone, two at a time as `lake ingest` does."""
    from glue_jobs.lake import made
    from glue_jobs.settings import Settings
    from ingestion.files import ingest

    lake, _ = made(Settings(str(scratch / "lake")))
    records = Path(options["data"]).parent / "records"

    def work() -> None:
        ingest([records], lake.store, workers=2)

    return Job(work)


def contact_record(options: Mapping[str, Any], scratch: Path) -> Job:
    """The table `contact_record` alone."""
    from glue_jobs.build import PIECE_BYTES
    from glue_jobs.merge import merged
    from glue_jobs.raw import sizes, small_pieces
    from transforms.pipeline import SOURCES

    lake = lake_over(options["data"], scratch / "lake")
    first_s = _warm()

    def work() -> dict[str, float]:
        with _gate_seconds() as gate:
            source = next(each for each in SOURCES if each.kind == "contact_record")
            found_ = small_pieces(lake.store, sizes(lake.store, source.kind), PIECE_BYTES)
            merged(lake, source, parsers().of(source.kind), found_, "bench")
        return {"expectations_first_s": first_s, "expectations_s": gate[0]}

    return Job(work, lambda: _rows(lake))


def every_table(options: Mapping[str, Any], scratch: Path) -> Job:
    """The whole build."""
    from glue_jobs.build import build

    lake = lake_over(options["data"], scratch / "lake")
    first_s = _warm()

    def work() -> dict[str, float]:
        with _gate_seconds() as gate:
            build(lake, parsers())
        return {"expectations_first_s": first_s, "expectations_s": gate[0]}

    return Job(work, lambda: _rows(lake))


def increment(options: Mapping[str, Any], _scratch: Path) -> Job:
    """A build of what is new in a lake that is there."""
    from glue_jobs.build import build
    from glue_jobs.lake import opened
    from glue_jobs.settings import Settings

    lake = opened(Settings(options["lake"]))
    _warm()

    def work() -> dict[str, Any]:
        done = build(lake, parsers())
        return {"landed": done.landed, "days": sum(map(len, done.days.values()))}

    return Job(work)


def whole(options: Mapping[str, Any], scratch: Path) -> Job:
    """Landing and building a folder of records in a lake that is kept under `options["lake"]`."""
    _warm()

    def work() -> dict[str, Any]:
        folder = Path(options.get("lake") or scratch / "lake")
        return {"landed": built(folder, [Path(each) for each in options["records"]]).landed}

    return Job(work)


def _warm() -> float:
    """Great Expectations imported and used once; the seconds that takes."""
    from glue_jobs import quality

    began = time.perf_counter()
    quality.validation("warm", {"warm": 0})
    return time.perf_counter() - began


@contextmanager
def _gate_seconds() -> Iterator[list[float]]:
    """The seconds that the block spends in the quality gate, in a list of one."""
    from glue_jobs import quality

    spent = [0.0]
    gate = quality.gate

    def timed(*arguments: Any) -> None:
        began = time.perf_counter()
        try:
            gate(*arguments)
        finally:
            spent[0] += time.perf_counter() - began

    quality.gate = timed
    try:
        yield spent
    finally:
        quality.gate = gate


def _rows(lake: Any) -> Rows:
    files = [unquote(urlsplit(file).path) for file in lake.files("contact_record")]
    return found(files, LAKES_COLUMNS)
