"""The build beside what a user would write instead, and beside what parsing alone costs.

Every contestant reads the same landed gzip objects and comes to the same contacts; peers write 40
flat columns by day (`flat`), the lake all of its own, audited and committed.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from glue_jobs.standin import stand_in
from tests.bench.data import CONTACTS, KINDS, Data, landed
from tests.bench.harness import Contestant, Runs, agreed, alternated, line, median, rounded

OURS = Contestant("ours", "ours:contact_record")
PEERS = (
    Contestant("awswrangler", "peer_pandas:awswrangler"),
    Contestant("pandas + orjson", "peer_pandas:orjson", ("orjson",)),
    Contestant("polars", "peer_polars:polars", ("polars",)),
    Contestant("Spark local[2]", "peer_spark:spark", ("pyspark",)),
)
PARSE = Contestant("parse only (json_transform, 40 columns)", "limits:json_transform")
LIMITS = (
    PARSE,
    Contestant("parse only (json_transform, every field)", "limits:json_transform_all"),
    Contestant("parse only (read_json, 40 columns)", "limits:read_json"),
    Contestant("gzip decompress only", "limits:decompress"),
)
LANDING = Contestant("landing", "ours:landing")
WHOLE = Contestant("whole build", "ours:every_table")
_UNIT = "MB of JSON per second"


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """A line for each peer and limit, for landing, the whole build and Great Expectations."""
    contacts = landed(keep, given.mb, given.seed, CONTACTS)
    options = {"data": str(contacts.folder)}
    with stand_in() as aws:
        runs = alternated((OURS, *PEERS), options, given.rounds, aws.environment())
    agreed(runs)
    limits = alternated(LIMITS, options, given.rounds)
    yield from contact_lines(given, contacts, runs, limits)
    yield from _landing_lines(given, contacts, runs)
    yield from _whole_lines(given, landed(keep, given.mb, given.seed, KINDS), contacts, limits)


def contact_lines(
    given: Namespace, data: Data, runs: Runs, limits: Runs
) -> Iterator[Mapping[str, Any]]:
    """Our speed beside each peer's and each limit's."""
    rows = runs[OURS.name][0].rows.count
    for peer, found in {**runs, **limits}.items():
        if peer != OURS.name:
            yield line(
                "build contact_record",
                data.all_mb / median(runs[OURS.name]),
                _UNIT,
                peer,
                data.all_mb / median(found),
                rss_mb={
                    name: round(median(each, "rss_mb"))
                    for name, each in (("ours", runs[OURS.name]), (peer, found))
                },
                rows=rows,
                **_stated(given, data),
                seconds={"ours": _seconds(runs[OURS.name]), peer: _seconds(found)},
                cpu_s={
                    "ours": rounded(median(runs[OURS.name], "cpu_s")),
                    peer: rounded(median(found, "cpu_s")),
                },
            )
    yield _expectations("build contact_record", runs[OURS.name])


def _landing_lines(given: Namespace, data: Data, runs: Runs) -> Iterator[Mapping[str, Any]]:
    found = alternated([LANDING], {"data": str(data.folder)}, given.rounds)[LANDING.name]
    yield line(
        "landing files",
        data.all_mb / median(found),
        _UNIT,
        rss_mb=round(median(found, "rss_mb")),
        **_stated(given, data),
        seconds=_seconds(found),
        seconds_with_build=rounded(median(found) + median(runs[OURS.name])),
    )


def _whole_lines(
    given: Namespace, data: Data, contacts: Data, limits: Runs
) -> Iterator[Mapping[str, Any]]:
    found = alternated([WHOLE], {"data": str(data.folder)}, given.rounds)[WHOLE.name]
    yield line(
        "build every table",
        data.all_mb / median(found),
        _UNIT,
        PARSE.name,
        contacts.all_mb / median(limits[PARSE.name]),
        rss_mb=round(median(found, "rss_mb")),
        rows=found[0].rows.count,
        **_stated(given, data),
        seconds=_seconds(found),
        cpu_s=rounded(median(found, "cpu_s")),
    )
    yield _expectations("build every table", found)


def _expectations(name: str, runs: Any) -> Mapping[str, Any]:
    return line(
        f"Great Expectations in: {name}",
        median(runs, "expectations_s"),
        "seconds, part of the build's",
        import_and_first_use_s=rounded(median(runs, "expectations_first_s")),
    )


def _stated(given: Namespace, data: Data) -> dict[str, Any]:
    mb = {kind: round(size, 1) for kind, size in data.mb.items()}
    return {"mb": mb, "records": data.records, "seed": given.seed, "rounds": given.rounds}


def _seconds(runs: Any) -> list[float]:
    return [rounded(run.seconds) for run in runs]
