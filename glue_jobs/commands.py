"""What each command of `lake` does: read the arguments, call one function, show its result."""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from glue_jobs import build as builder
from glue_jobs import check as checker
from glue_jobs import export as exporter
from glue_jobs import query as asker
from glue_jobs import route as router
from glue_jobs import route_eval as evaluator
from glue_jobs import score as scorer
from glue_jobs import score_check as score_checker
from glue_jobs import show
from glue_jobs.lake import Lake, made, opened
from glue_jobs.parsers import Parsers, lake_taxonomy
from glue_jobs.quality import AuditFailedError
from glue_jobs.settings import Settings
from infra.flows import config as flow_config
from infra.flows.exported import exported
from infra.flows.files import FlowLintError, written
from infra.flows.lint import FOR_ANY_FLOW, RULES, findings
from infra.streams import STREAMS
from ingestion import files
from ingestion.errors import LakeError
from lambdas.routing.policy import Policy, changed
from lambdas.routing.rule import rule
from queries.question import question, questions
from transforms.schema import Table
from transforms.tables import BY_NAME, TABLES

SOME_REJECTED = 10


class UsageError(LakeError):
    """The arguments do not fit together."""

    exit_code = 2


def create(arguments: argparse.Namespace) -> None:
    """`lake create`."""
    settings = _settings(arguments)
    if arguments.dry_run:
        missing = _missing(settings)
        for table in missing:
            sys.stdout.write(f"would make table {table.name}: {table.doc}\n")
        show.say(f"{len(missing)} of {len(TABLES)} tables to make in {settings.lake}")
        return
    lake, new = made(settings)
    with lake:
        lake_taxonomy(lake.store)
    show.say(f"lake {settings.lake}: made {len(new)} tables, {len(TABLES)} in all")


def describe(arguments: argparse.Namespace) -> None:
    """`lake describe`."""
    with opened(_settings(arguments)) as lake:
        rows = [_described(lake, table) for table in TABLES]
    _print(pa.Table.from_pylist(rows), arguments)


def drop(arguments: argparse.Namespace) -> None:
    """`lake drop`."""
    with opened(_settings(arguments)) as lake:
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
    lake, _ = made(_settings(arguments))
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
    _print(pa.Table.from_pylist(rows, schema=schema), arguments)
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

    settings = _settings(arguments)
    paths = [Path(path) for path in arguments.paths]
    if settings.is_folder:
        lake, _ = made(settings)
        with lake, stand_in() as aws, show.progress() as report:
            client, streams = aws.client("kinesis"), stand_in_streams()
            create_streams(client, streams)
            streamed = put_on_streams(client, paths, streams, report)
            landed = land(client, lake.store, streams)
        show.say(f"landed from the streams: {_counts(landed.landed)}")
    else:
        client = boto3.client(
            "kinesis", region_name=settings.region, endpoint_url=settings.endpoint
        )
        with show.progress() as report:
            streamed = put_on_streams(client, paths, progress=report)
    sent = {STREAMS[kind]: done.sent for kind, done in streamed.sent.items()}
    show.say(f"put on Kinesis: {_counts(sent)}; not records: {_counts(streamed.rejected)}")


def build(arguments: argparse.Namespace) -> None:
    """`lake build`."""
    if (arguments.first is None) != (arguments.last is None):
        raise UsageError("give --from and --to together")
    lake, _ = made(_settings(arguments))
    window = builder.Window(arguments.first, arguments.last) if arguments.first else None
    with lake, show.progress() as report, _engine(arguments) as engine:
        built = builder.build(lake, parsers(lake), window, report, engine)
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
    _print(built_rows(built), arguments)


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
    with opened(_settings(arguments)) as lake:
        found = [
            json.loads(line)
            for key, _ in lake.store.keys("bad/")
            for line in gzip.decompress(lake.store.get(key)).splitlines()
        ]
    if arguments.reason is None:
        counts = Counter(str(reject["reason"]) for reject in found)
        columns = {"reason": list(counts), "records": list(counts.values())}
        _print(
            pa.table(columns, schema=pa.schema([("reason", pa.string()), ("records", pa.int64())])),
            arguments,
        )
        return
    rows = [
        {
            "source": reject["source"],
            "position": reject["position"],
            "detail": reject["detail"],
            "size": reject["size"],
            "begins": base64.b64decode(reject["payload_base64"])[:40].decode("utf-8", "replace"),
        }
        for reject in found
        if reject["reason"] == arguments.reason
    ]
    if not rows:
        raise UsageError(f"no record was rejected for {arguments.reason!r}; see `lake rejects`")
    _print(pa.Table.from_pylist(rows), arguments)


def check(arguments: argparse.Namespace) -> int:
    """`lake check`."""
    with opened(_settings(arguments)) as lake:
        if arguments.coverage:
            _print_coverage(lake, arguments)
            return 0
        if arguments.scores:
            return _check_scores(lake, arguments)
        found = list(checker.checked(lake))
        kept = checker.conservation(lake)
        unknown = checker.unknown_fields(lake)
    rows = [
        {"table": each.table, "rows": each.rows, "days": each.days, "facts": each.facts}
        | {"broken": "; ".join(f"{fact}: {n}" for fact, n in each.broken.items())}
        for each in found
    ]
    _print(pa.Table.from_pylist(rows), arguments)
    for row in kept.to_pylist():
        show.say(
            "{kind}: {landed} landed = {rows} rows + {duplicates} duplicates + {superseded} "
            "superseded + {rejected} rejected; {unaccounted} unaccounted".format(**row)
        )
    if unknown:
        show.say(f"fields not known to the lake (records): {_counts(unknown)}")
    is_broken = any(each.broken for each in found) or any(kept.column("unaccounted").to_pylist())
    return AuditFailedError.exit_code if is_broken else 0


def _check_scores(lake: Lake, arguments: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    with router.dynamodb(lake) as client:
        if lake.settings.is_folder:
            now = router.scored(lake)[0]["as_of"].replace(tzinfo=UTC)
            router.publish(lake, client, customers=())
        read = score_checker.scanned(client)
    found = score_checker.findings(read.items, score_checker.expected(lake, read, now))
    _print(score_checker.told(found), arguments)
    if read.fault is not None:
        show.say(f"RoutingConfig: {read.fault}")
    show.say(f"AgentWorkload: {len(read.items)} rows, {len(found)} findings")
    return AuditFailedError.exit_code if found or read.fault is not None else 0


def _print_coverage(lake: Lake, arguments: argparse.Namespace) -> None:
    found = list(checker.coverage(lake))
    _print(pa.Table.from_pylist([each._asdict() for each in found]), arguments)
    if arguments.format == "table":
        for each in found:
            if each.not_seen:
                names = ", ".join(checker.not_seen(lake, BY_NAME[each.table]))
                show.say(f"{each.table}, not seen in this lake's records: {names}")
        show.say("why a column is always null stands in TABLES.md")


def query(arguments: argparse.Namespace) -> None:
    """`lake query`."""
    if arguments.list or arguments.name is None:
        _print(_catalogue(), arguments)
        return
    asked = question(arguments.name)
    settings = _settings(arguments)
    zones = {each.name: settings.time_zone for each in asked.parameters if each.type == "zone"}
    given = zones | dict(_pair(each) for each in arguments.param)
    asked.values(given)  # wrong use is told before the lake is opened
    with opened(settings) as lake:
        _print(asker.answer(lake, asked, given), arguments)


def sql(arguments: argparse.Namespace) -> None:
    """`lake sql`."""
    with opened(_settings(arguments)) as lake:
        _print(asker.run(lake, arguments.text, {}), arguments)


def export(arguments: argparse.Namespace) -> None:
    """`lake export`."""
    out = Path(arguments.out) if arguments.out else None
    with opened(_settings(arguments)) as lake:
        done = exporter.export(lake, arguments.name, arguments.by.split(","), out)
    show.say(
        f"{done.rows} rows in {done.files} files under {done.location}, table {done.table} in the "
        "Glue catalog"
    )


def score(arguments: argparse.Namespace) -> None:
    """`lake score`."""
    with opened(_settings(arguments)) as lake:
        done = scorer.score(lake)
        _print(lake.read(BY_NAME["workload_score"]), arguments)
    show.say(f"{done.scores} scores and {done.customers} customers' agents as of {done.as_of} UTC")


def publish(arguments: argparse.Namespace) -> None:
    """`lake publish`."""
    with opened(_settings(arguments)) as lake, router.dynamodb(lake) as client:
        done = router.publish(lake, client)
    rows = [
        {"table": name, **published._asdict()}
        for name, published in zip(("AgentWorkload", "CustomerAgentMap"), done, strict=True)
    ]
    _print(pa.Table.from_pylist(rows), arguments)
    if lake.settings.is_folder:
        show.say("a folder lake publishes to the embedded stand-in, which ends with this command")


def route(arguments: argparse.Namespace) -> None:
    """`lake route`."""
    asked = router.event(arguments.call_type, arguments.customer, arguments.candidates)
    with opened(_settings(arguments)) as lake, router.dynamodb(lake) as client:
        tokens = router.tokens(lake)
        if lake.settings.is_folder:
            customer = arguments.customer
            keys = {tokens.token(customer), tokens.customer_id_token(customer), customer}
            router.publish(lake, client, [arguments.call_type], [key for key in keys if key])
        routed = router.route(lake, client, asked, tokens, arguments.at)
    if arguments.format == "json":
        sys.stdout.write(json.dumps(routed.answer, indent=1) + "\n")
        return
    if routed.agents:
        _print(pa.Table.from_pylist(routed.agents), arguments)
    show.say(explained(routed))


def route_eval(arguments: argparse.Namespace) -> None:
    """`lake route-eval`."""
    numbers = _policy(arguments.set)
    if arguments.policy:
        sys.path.insert(0, str(Path.cwd()))  # as Python does for a script
    for name in arguments.policy:
        rule(name)  # a wrong one is told before the work begins
    policies = [*arguments.policies, *arguments.policy]
    refreshes_s = [60.0 * minutes for minutes in arguments.refresh]
    if arguments.first:
        days = builder.Window(arguments.first, arguments.last or arguments.first).days
        with opened(_settings(arguments)) as lake:
            trials = evaluator.replayed_trials(lake, days, refreshes_s, policies, numbers)
    else:
        occupancies = [percent / 100 for percent in arguments.occupancy]
        seeds = range(arguments.seed, arguments.seed + arguments.days)
        trials = evaluator.invented_trials(
            arguments.agents, occupancies, refreshes_s, seeds, policies, numbers
        )
    with show.progress() as report:
        found = evaluator.compared(
            trials, arguments.workers, lambda done, total: report("days", done, total)
        )
    _print(found, arguments)
    show.say(
        "missed: none of the agents named was free, although another who can take the call was; "
        "_ci95: half of a 95 % interval over days, each the day of one seed"
    )


def _policy(changes: Sequence[str]) -> Policy:
    """The router's policy with `NAME=VALUE` changes, as its config item would set them."""
    said = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise UsageError(f"--set {change}: write NAME=VALUE, for example --set n=5")
        try:
            said[name] = json.loads(value)
        except ValueError as error:
            raise UsageError(f"--set {change}: {value!r} is no number, true or false") from error
    return changed(Policy(), said)


def flows(arguments: argparse.Namespace) -> None:
    """`lake flows`."""
    if arguments.config is None or arguments.out is None:
        raise UsageError("give --config and --out together, or: lake flows lint FILE")
    made_ = written(flow_config.read(Path(arguments.config)), Path(arguments.out))
    show.say(f"{arguments.out}: {', '.join(path.name for path in made_)}")


def flows_lint(arguments: argparse.Namespace) -> int:
    """`lake flows lint`."""
    rules = RULES if arguments.ours else FOR_ANY_FLOW
    found = [
        {"file": str(path), "rule": each.rule, "action": each.action, "message": each.message}
        for path in map(Path, arguments.files)
        for each in findings(exported(path, arguments.type), rules)
    ]
    schema = pa.schema([(name, pa.string()) for name in ("file", "rule", "action", "message")])
    _print(pa.Table.from_pylist(found, schema=schema), arguments)
    return FlowLintError.exit_code if found else 0


def explained(routed: router.Routed) -> str:
    """One line: the decision, its reason, and how old the scores were."""
    age = routed.answer["dataAgeSeconds"]
    old = "" if age == "NONE" else f", scores {age} s old"
    return f"{routed.answer['decision']}: {routed.answer['reason']}{old}"


def demo(arguments: argparse.Namespace) -> None:
    """`lake demo`."""
    from glue_jobs.demo import run

    run(_settings(arguments), arguments)


def parsers(lake: Lake) -> Parsers:
    """The parse functions of a lake: its own taxonomy file and its own customer key."""
    return Parsers(lake_taxonomy(lake.store), router.tokens(lake))


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings.from_env(arguments.lake or arguments.lake_default)


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
    try:
        with opened(settings) as lake:
            return lake.missing()
    except LakeError:
        return list(TABLES)


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


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise UsageError(f"--param {text!r}: write NAME=VALUE")
    return name, value


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "none"


def _print(rows: pa.Table, arguments: argparse.Namespace) -> None:
    sys.stdout.write(show.text(rows, arguments.format) + "\n")
