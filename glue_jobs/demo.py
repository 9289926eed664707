"""`lake demo`: the main job from nothing, every part real, and a funnel that must close."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from glue_jobs import build as builder
from glue_jobs import query, route, score, show
from glue_jobs.commands import built_rows, parsers
from glue_jobs.commands_routing import explained
from glue_jobs.lake import Lake, LakeNotEmptyError, made
from glue_jobs.settings import Settings
from glue_jobs.standin import StandIn, stand_in
from glue_jobs.streaming import create_streams, land, stand_in_streams, stream
from ingestion import files
from ingestion.errors import LakeError
from ingestion.producer import put
from ingestion.simulator import invented_centre, write
from queries.question import question
from transforms.pipeline import SOURCES
from transforms.tables import BY_NAME, CUSTOMER_AGENT

# What real streams bring now and then; each must come out as a reject with its reason.
POISON = (
    ("k1", b"<html><body>502 Bad Gateway</body></html>"),
    ("k2", b'{"ContactId": "c-1", "Queue": {"Name": "Bil'),
    ("k3", b'{"ContactId": "c-2", "AgentConnectionAttempts": NaN}'),
)


class NotConservedError(LakeError):
    """The funnel does not close: records were lost or invented."""

    exit_code = 6


def run(settings: Settings, arguments: argparse.Namespace) -> None:
    """Simulate, ingest all days but the last, stream the rest, build, ask, score, route.

    Raises NotConservedError if produced records are not all accounted for.
    """
    _refuse_data(settings)
    with (
        tempfile.TemporaryDirectory(prefix="lake-demo-") as scratch,
        stand_in() as aws,
        made(settings)[0] as lake,
    ):
        records = Path(scratch)
        with _told(f"simulating {arguments.days} days of {arguments.agents} agents"):
            centre = invented_centre(
                agents=arguments.agents, seed=arguments.seed, understaffed=arguments.understaffed
            )
            truth = write(records, centre, arguments.start, arguments.days, arguments.seed)
        last = arguments.start + timedelta(days=arguments.days - 1)
        early, late = _split(records, last)
        with _told(f"landing {len(early)} files of the days before {last}"):
            funnel = files.ingest(early, lake.store, workers=2)
        with _told("building the tables"):
            first = builder.build(lake, parsers(lake))
        with _told(f"putting {last} on Kinesis and landing it from there"):
            landed = _streamed(aws, lake, late)
        with _told("building what is new"):
            second = builder.build(lake, parsers(lake))
        _section("What the second build read and rewrote", built_rows(second))
        _section(
            "Funnel: every record produced is accounted for",
            _funnel(lake, truth, [first, second], funnel, landed),
        )
        _section(
            "Which skill is the bottleneck?", query.answer(lake, question("skill_bottlenecks"), {})
        )
        with _told("scoring the agents"):
            scored = score.score(lake)
        scores = lake.read(BY_NAME["workload_score"])
        _section(f"Freest agents by call type, as of {scored.as_of} UTC", _freest(scores))
        with (
            _told("publishing scores and customers' agents to DynamoDB"),
            route.dynamodb(lake, aws) as client,
        ):
            published = route.publish(lake, client)
        show.say(f"  {published.scores.written} scores, {published.customers.written} customers")
        with route.dynamodb(lake, aws) as client:
            _three_calls(lake, client, scores)


def _refuse_data(settings: Settings) -> None:
    if settings.is_folder and settings.folder.exists():
        if not (settings.folder / ".demo").exists():
            raise LakeNotEmptyError(
                f"{settings.folder} is there already; the demo wants a lake of its own: "
                "give --lake a new folder"
            )
        shutil.rmtree(settings.folder)
    if settings.is_folder:
        settings.folder.mkdir(parents=True)
        (settings.folder / ".demo").touch()


def _split(records: Path, last: date) -> tuple[list[Path], list[Path]]:
    """Files delivered before the last day, and from it on."""
    found = sorted(records.glob("*.ndjson.gz"))
    early = [path for path in found if _day(path) < last]
    return early, [path for path in found if _day(path) >= last]


def _day(path: Path) -> date:
    return date.fromisoformat(path.name.removesuffix(".ndjson.gz")[-10:])


def _streamed(aws: StandIn, lake: Lake, late: list[Path]) -> Mapping[str, int]:
    client, streams = aws.client("kinesis"), stand_in_streams()
    create_streams(client, streams)
    stream(client, late, streams)
    put(client, streams["contact_record"], POISON)
    landed = land(client, lake.store, streams)
    show.say(f"  {landed.records} records off the streams; rejected: {landed.rejected}")
    return landed.rejected


def _funnel(
    lake: Lake,
    truth: Mapping[str, Any],
    builds: list[builder.Built],
    ingested: files.Funnel,
    streamed: Mapping[str, int],
) -> pa.Table:
    rows = []
    for source in SOURCES:
        parts = [b.sources[source.kind] for b in builds if source.kind in b.sources]
        rows.append(
            {
                "kind": source.kind,
                "produced": truth["deliveries"][source.kind]["produced"],
                "landed": sum(part.landed for part in parts),
                "duplicates": sum(part.duplicates for part in parts),
                "superseded": sum(part.superseded for part in parts),
                "rejected": sum(part.rejected for part in parts),
                "rows": lake.count(source.writes.name),
            }
        )
    refused = Counter(ingested.rejected) + Counter(streamed)
    rows.append(
        {
            "kind": "(not records)",
            "produced": len(POISON),
            "landed": 0,
            "duplicates": 0,
            "superseded": 0,
            "rejected": refused.total(),
            "rows": 0,
        }
    )
    for row in rows:
        row["unaccounted"] = row["produced"] - sum(
            row[name] for name in ("duplicates", "superseded", "rejected", "rows")
        )
    if any(row["unaccounted"] for row in rows):
        raise NotConservedError(f"records were lost or invented: {rows}")
    return pa.Table.from_pylist(rows)


def _freest(scores: pa.Table) -> pa.Table:
    """The least loaded agent of every call type."""
    seen: set[str] = set()
    rows = []
    for row in scores.to_pylist():
        if row["call_type"] not in seen:
            seen.add(row["call_type"])
            rows.append({k: v for k, v in row.items() if k not in ("agent_id", "as_of")})
    return pa.Table.from_pylist(rows)


def _three_calls(lake: Lake, client: Any, scores: pa.Table) -> None:
    """A known customer, a new one, and a call that nobody has a score for."""
    known, agent = next(
        (row["customer_id"], row["agent_username"]) for row in lake.read(CUSTOMER_AGENT).to_pylist()
    )
    of_agent = scores.filter(pc.field("agent_username") == agent)
    call_type = (of_agent if of_agent.num_rows else scores).column("call_type")[0].as_py()
    tokens = route.tokens(lake)
    stranger = "+44 20 7946 0958"  # a fictional number that the invented centre does not use
    for title, wanted, customer in (
        (f"a known customer calls about {call_type}", call_type, known),
        (f"a new customer calls about {call_type}", call_type, stranger),
        ("a new customer calls about what no agent has a score for", "lost-property", stranger),
    ):
        routed = route.route(lake, client, route.event(wanted, customer), tokens)
        sys.stdout.write(f"\nRouted call: {title}\n  {explained(routed)}\n")
        for offered in routed.agents:
            sys.stdout.write(
                f"  {offered['rank']}. {offered['agent']}, workload {_score(offered)}\n"
            )
        if not routed.agents:
            sys.stdout.write("  to the flow's default queue\n")


def _score(agent: Mapping[str, Any]) -> str:
    if agent["workload"] is None:
        return "not scored for this call type"
    return f"{agent['workload']} ({agent['open_work_minutes'] or 0:.0f} min of open work)"


def _section(title: str, rows: pa.Table) -> None:
    sys.stdout.write(f"\n{title}\n{show.text(rows, 'table')}\n")
    sys.stdout.flush()


@contextmanager
def _told(what: str) -> Iterator[None]:
    began = time.monotonic()
    show.say(f"{what} …")
    yield
    show.say(f"  {time.monotonic() - began:.1f} s")
