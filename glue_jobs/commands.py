"""What each command of `lake` does: read the arguments, call one function, show its result."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from glue_jobs import build as builder
from glue_jobs import check as checker
from glue_jobs import evolution, rekey, show
from glue_jobs import export as exporter
from glue_jobs import query as asker
from glue_jobs import rejects as bad
from glue_jobs import route as router
from glue_jobs.arguments import UsageError, handed_over, pair, settings, shown
from glue_jobs.commands_routing import scores_checked
from glue_jobs.lake import Lake, NoLakeError, glue_client, made, opened
from glue_jobs.parsers import Parsers, forgotten_tokens, lake_taxonomy
from glue_jobs.quality import AuditFailedError
from glue_jobs.settings import Settings
from glue_jobs.shell import HELP, interactive, shell
from glue_jobs.small_cells import SmallCellsError, suppressed
from infra.streams import STREAMS
from ingestion import files
from ingestion.errors import LakeError
from lambdas.lake_api import lakes
from queries.question import question, questions
from transforms.schema import Table
from transforms.tables import BY_NAME, TABLES

SOME_REJECTED = 10


def create(arguments: argparse.Namespace) -> None:
    """`lake create`."""
    lake_settings = settings(arguments)
    if arguments.dry_run:
        missing = _missing(lake_settings)
        for table in missing:
            sys.stdout.write(f"would make table {table.name}: {table.doc}\n")
        for name, columns in _lacking(lake_settings).items():
            sys.stdout.write(f"would add to table {name}: {', '.join(columns)}\n")
        show.say(f"{len(missing)} of {len(TABLES)} tables to make in {lake_settings.lake}")
        return
    lake, new = made(lake_settings)
    with lake:
        lake_taxonomy(lake.store)
        added = evolution.upgrade(lake)
    show.say(f"lake {lake_settings.lake}: made {len(new)} tables, {len(TABLES)} in all")
    for name, columns in added.items():
        show.say(
            f"added to table {name}: {', '.join(columns)}; null until days are built again "
            "(`lake build --from DAY --to DAY`)"
        )


def describe(arguments: argparse.Namespace) -> None:
    """`lake describe`."""
    with opened(settings(arguments)) as lake:
        rows = [_described(lake, table) for table in TABLES]
    shown(pa.Table.from_pylist(rows), arguments)


def drop(arguments: argparse.Namespace) -> None:
    """`lake drop`."""
    with opened(settings(arguments)) as lake:
        show.say(f"lake {lake.settings.lake}: removed {len(lake.drop())} empty tables")


def simulate(arguments: argparse.Namespace) -> None:
    """`lake simulate`."""
    from ingestion.simulator import invented_centre, write

    centre = invented_centre(
        agents=arguments.agents, seed=arguments.seed, understaffed=arguments.understaffed
    )
    with show.progress() as report:
        truth = write(
            Path(arguments.out),
            centre,
            arguments.start,
            arguments.days,
            arguments.seed,
            lambda done, total: report("simulating", done, total),
        )
    made_ = {kind: counts["produced"] for kind, counts in truth["deliveries"].items()}
    show.say(f"{arguments.out}: {_counts(made_)}; what they must come to is in truth.json")


def ingest(arguments: argparse.Namespace) -> int:
    """`lake ingest`."""
    lake, _ = made(settings(arguments))
    with lake, show.progress() as report:
        funnel = files.ingest(
            [Path(path) for path in arguments.paths],
            lake.store,
            lambda done, total: report("landing bytes", done, total),
            workers=2,
        )
    rows = [
        *({"outcome": "landed", "what": k, "records": n} for k, n in sorted(funnel.landed.items())),
        *(
            {"outcome": "rejected", "what": reason, "records": n}
            for reason, n in sorted(funnel.rejected.items())
        ),
    ]
    schema = pa.schema([("outcome", pa.string()), ("what", pa.string()), ("records", pa.int64())])
    shown(pa.Table.from_pylist(rows, schema=schema), arguments)
    rejected = sum(funnel.rejected.values())
    show.say(
        f"{funnel.files} files: {funnel.read} read, {funnel.read - rejected} landed, "
        f"{rejected} rejected (see `lake rejects`); {funnel.objects} new objects, "
        f"{funnel.unchanged} already there"
    )
    return SOME_REJECTED if rejected and (arguments.strict or not funnel.landed) else 0


def stream(arguments: argparse.Namespace) -> None:
    """`lake stream`."""
    import boto3

    from glue_jobs.standin import stand_in
    from glue_jobs.streaming import create_streams, land, stand_in_streams
    from glue_jobs.streaming import stream as put_on_streams

    lake_settings = settings(arguments)
    paths = [Path(path) for path in arguments.paths]
    if lake_settings.is_folder:
        lake, _ = made(lake_settings)
        with lake, stand_in() as aws, show.progress() as report:
            client, streams = aws.client("kinesis"), stand_in_streams()
            create_streams(client, streams)
            streamed = put_on_streams(client, paths, streams, report)
            landed = land(client, lake.store, streams)
        show.say(f"landed from the streams: {_counts(landed.landed)}")
    else:
        client = boto3.client(
            "kinesis", region_name=lake_settings.region, endpoint_url=lake_settings.endpoint
        )
        with show.progress() as report:
            streamed = put_on_streams(client, paths, progress=report)
    sent = {STREAMS[kind]: done.sent for kind, done in streamed.sent.items()}
    show.say(f"put on Kinesis: {_counts(sent)}; not records: {_counts(streamed.rejected)}")


def build(arguments: argparse.Namespace) -> None:
    """`lake build`."""
    if (arguments.first is None) != (arguments.last is None):
        raise UsageError("give --from and --to together")
    lake, _ = made(settings(arguments))
    window = builder.Window(arguments.first, arguments.last) if arguments.first else None
    with lake, show.progress() as report, _engine(arguments) as engine:
        made_parsers = parsers(lake)
        built = builder.build(lake, made_parsers, window, report, engine)
        if made_parsers.tokens.former and built.inputs:
            rekey.rekey(lake, made_parsers, built.inputs)
    if not built.is_new:
        show.say("nothing new has landed since the last build; nothing written")
    if built.is_retold:
        show.say(
            "taxonomy.toml has changed: `lake build --from DAY --to DAY` sets category, task and "
            "skill anew for days already built"
        )
    for kind, source in built.sources.items():
        if source.unknown_fields:
            show.say(f"{kind}: fields not known (records): {_counts(source.unknown_fields)}")
    shown(built_rows(built), arguments)


def _engine(arguments: argparse.Namespace) -> AbstractContextManager[builder.Engine]:
    if arguments.engine == "spark":
        from glue_jobs.spark.session import spark_engine

        return spark_engine(arguments.spark_master)
    if arguments.spark_master:
        raise UsageError("--spark-master goes with --engine spark")
    return nullcontext(builder.Embedded())


def built_rows(built: builder.Built) -> pa.Table:
    """One row per table of a build: records in, rows out, days rewritten."""
    rows = []
    for name, days in built.days.items():
        source = built.sources.get(name)
        rows.append(
            {
                "table": name,
                "landed": source and source.landed,
                "duplicates": source and source.duplicates,
                "superseded": source and source.superseded,
                "rejected": source and source.rejected,
                "new_rows": source and source.rows,
                "days_rewritten": len(days),
                "days": spans(days),
            }
        )
    names = ("landed", "duplicates", "superseded", "rejected", "new_rows", "days_rewritten")
    schema = pa.schema(
        [
            ("table", pa.string()),
            *((name, pa.int64()) for name in names),
            ("days", pa.string()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def spans(days: Sequence[date]) -> str:
    """Days in words: `2026-01-05 to 2026-01-12, 2026-02-01`."""
    ends: list[list[date]] = []
    for day in days:
        if ends and day - ends[-1][-1] == timedelta(days=1):
            ends[-1][1:] = [day]
        else:
            ends.append([day])
    return ", ".join(" to ".join(map(str, each)) for each in ends)


def rejects(arguments: argparse.Namespace) -> None:
    """`lake rejects`."""
    with opened(settings(arguments)) as lake:
        if arguments.replay:
            _replay(lake, arguments)
            return
        found = bad.rejects(lake.store)
        counted = arguments.reason is None
        rows = _reasons(found) if counted else _listed(found, arguments.reason)
    if not counted and not rows.num_rows:
        raise UsageError(f"no record was rejected for {arguments.reason!r}; see `lake rejects`")
    shown(rows, arguments)


def _reasons(found: Iterable[bad.Reject]) -> pa.Table:
    counts = Counter(reject.reason for reject in found)
    columns = {"reason": list(counts), "records": list(counts.values())}
    schema = pa.schema([("reason", pa.string()), ("records", pa.int64())])
    return pa.table(columns, schema=schema)


def _listed(found: Iterable[bad.Reject], reason: str) -> pa.Table:
    rows = [
        {
            "source": reject.source,
            "position": reject.position,
            "detail": reject.detail,
            "size": reject.size,
            "begins": bad.shape(reject.payload),
        }
        for reject in found
        if reject.reason == reason
    ]
    return pa.Table.from_pylist(rows)


def _replay(lake: Lake, arguments: argparse.Namespace) -> None:
    done = bad.replay(lake.store, parsers(lake), arguments.reason, dry_run=arguments.dry_run)
    counted = {"good today": done.landed, "still bad": done.remaining}
    rows = [
        {"outcome": outcome, "what": what, "records": n}
        for outcome, counts in counted.items()
        for what, n in sorted(counts.items())
    ]
    schema = pa.schema([("outcome", pa.string()), ("what", pa.string()), ("records", pa.int64())])
    shown(pa.Table.from_pylist(rows, schema=schema), arguments)
    verb = "would land" if arguments.dry_run else "landed; `lake build` makes rows of them"
    show.say(f"{done.landed.total()} bad records are good today and {verb}")


def check(arguments: argparse.Namespace) -> int:
    """`lake check`."""
    with opened(settings(arguments)) as lake:
        if arguments.coverage:
            _print_coverage(lake, arguments)
            return 0
        if arguments.scores:
            return scores_checked(lake, arguments)
        found = list(checker.checked(lake))
        kept = checker.conservation(lake)
        unknown = checker.unknown_fields(lake)
        digest = builder.settings_digest(lake_taxonomy(lake.store))
        otherwise = checker.built_otherwise(lake, digest)
    rows = [
        {"table": each.table, "rows": each.rows, "days": each.days, "facts": each.facts}
        | {"broken": "; ".join(f"{fact}: {n}" for fact, n in each.broken.items())}
        for each in found
    ]
    shown(pa.Table.from_pylist(rows), arguments)
    for row in kept.to_pylist():
        show.say(
            "{kind}: {landed} landed = {rows} rows + {duplicates} duplicates + {superseded} "
            "superseded + {rejected} rejected; {unaccounted} unaccounted".format(**row)
        )
    if unknown:
        show.say(f"fields not known to the lake (records): {_counts(unknown)}")
    if otherwise:
        show.say(
            f"{len(otherwise)} builds, the last on {otherwise[-1].date()}, ran under another "
            "taxonomy.toml: `lake build --from DAY --to DAY` sets category, task and skill anew; "
            "what [keep] left out of rows built then stays in raw/ alone"
        )
    is_broken = any(each.broken for each in found) or any(kept.column("unaccounted").to_pylist())
    return AuditFailedError.exit_code if is_broken else 0


def _print_coverage(lake: Lake, arguments: argparse.Namespace) -> None:
    found = list(checker.coverage(lake))
    shown(pa.Table.from_pylist([each._asdict() for each in found]), arguments)
    if arguments.format == "table":
        for each in found:
            if each.not_seen:
                names = ", ".join(checker.not_seen(lake, BY_NAME[each.table]))
                show.say(f"{each.table}, not seen in this lake's records: {names}")
        show.say("why a column is always null stands in TABLES.md")


def query(arguments: argparse.Namespace) -> None:
    """`lake query`."""
    if arguments.list or arguments.name is None:
        shown(_catalogue(), arguments)
        return
    asked = question(arguments.name)
    lake_settings = settings(arguments)
    zones = {each.name: lake_settings.time_zone for each in asked.parameters if each.type == "zone"}
    given = zones | dict(pair(each) for each in arguments.param)
    asked.values(given)  # wrong use is told before the lake is opened
    least = lake_settings.least_cell if arguments.least_cell is None else arguments.least_cell
    if least > 1 and (not asked.counts or asked.values(given).get("by") == "contact"):
        raise SmallCellsError(f"{asked.name} lists single contacts: ask with --least-cell 0")
    with opened(lake_settings) as lake:
        found = suppressed(asker.answer(lake, asked, given), asked.counts, least)
    handed_over(found.rows, arguments)
    if found.left_out:
        show.say(f"{found.left_out} rows left out: fewer than {least} stand behind them")


def sql(arguments: argparse.Namespace) -> None:
    """`lake sql`."""
    if arguments.out and arguments.text is None:
        raise UsageError('--out needs a query: lake sql "SELECT …" --out FILE')
    with opened(settings(arguments)) as lake:
        if arguments.text is None:
            if sys.stdin.isatty():
                show.say(HELP)
            shell(lambda text: asker.run(lake, text, {}), interactive(), arguments.format)
            return
        found = asker.run(lake, arguments.text, {})
    handed_over(found, arguments)


def export(arguments: argparse.Namespace) -> None:
    """`lake export`."""
    out = Path(arguments.out) if arguments.out else None
    with opened(settings(arguments)) as lake:
        done = exporter.export(lake, arguments.name, arguments.by.split(","), out)
    show.say(
        f"{done.rows} rows in {done.files} files under {done.location}, table {done.table} in the "
        "Glue catalog"
    )


def demo(arguments: argparse.Namespace) -> None:
    """`lake demo`."""
    from glue_jobs.demo import run

    run(settings(arguments), arguments)


def parsers(lake: Lake) -> Parsers:
    """The parse functions of a lake: its own taxonomy, customer key and forgotten customers."""
    forgotten = forgotten_tokens(lake.store)
    return Parsers(lake_taxonomy(lake.store), router.tokens(lake), forgotten)


def _described(lake: Lake, table: Table) -> dict[str, Any]:
    days = lake.days(table.name) if table.is_daily else []
    return {
        "table": table.name,
        "rows": lake.count(table.name),
        "days": len(days),
        "first_day": days[0] if days else None,
        "last_day": days[-1] if days else None,
        "grain": table.doc.partition(":")[0].partition(".")[0],
    }


def _missing(settings: Settings) -> list[Any]:
    if not settings.is_folder:
        at = lakes.validated(settings.root, settings.database)
        return [BY_NAME[name] for name in lakes.missing(glue_client(settings), at, [*BY_NAME])]
    try:
        with opened(settings) as lake:
            return lake.missing()
    except LakeError:
        return list(TABLES)


def _lacking(settings: Settings) -> dict[str, list[str]]:
    try:
        with opened(settings) as lake:
            return evolution.lacking(lake)
    except NoLakeError:
        return {}


def _catalogue() -> pa.Table:
    rows = [
        {
            "query": each.name,
            "parameter": parameter.name,
            "type": parameter.type,
            "default": parameter.default,
            "meaning": parameter.meaning,
            "answers": each.title,
        }
        for each in questions()
        for parameter in each.parameters
    ]
    return pa.Table.from_pylist(rows)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "none"
