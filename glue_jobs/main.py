"""The program `lake`: the same `main(argv)` that a terminal and an AWS Glue job run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.exc import SQLAlchemyError

from glue_jobs import (
    commands,
    commands_maintenance,
    commands_privacy,
    commands_report,
    commands_routing,
    commands_what_if,
    commands_workforce,
    show,
)
from glue_jobs.route_eval import POLICIES
from infra.flows.document import CONTACT_FLOW, CUSTOMER_QUEUE
from ingestion.errors import LakeError
from queries.question import QuestionError
from transforms.schema import SchemaError

EPILOG = """\
example, from nothing to a report:
  lake simulate --days 7 --out ./records
  lake ingest ./records
  lake build
  lake query skill_bottlenecks
  lake report --out report.html

exit codes: 0 done; 1 other trouble; 2 wrong use or setting; 3 nothing there (lake, input, scores);
4 storing objects failed; 5 a table of the wrong shape; 6 the quality gate said no; 7 raw data
unreadable; 8 another writer was first; 9 the query failed; 10 all input was rejected, or with
--strict any; 11 Kinesis or DynamoDB failed; 12 the customer key is missing or unsafe; 13 the
stand-in cannot start; 14 the lake is not empty
"""

_OUT = "write to .parquet, .xlsx, .csv or .json"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors are one line on standard error."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except (LakeError, QuestionError, SchemaError) as error:
        show.say(f"lake {arguments.command}: {error}")
        return error.exit_code
    except BrokenPipeError:
        return 0  # the reader of a pipe had enough
    except (BotoCoreError, ClientError, OSError, SQLAlchemyError) as error:
        show.say(f"lake {arguments.command}: {' '.join(str(error).split())}")
        return 1
    except KeyboardInterrupt:
        show.say(f"lake {arguments.command}: stopped; running it again finishes the work")
        return 130


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="lake",
        description="A contact-centre analytics data lake for Amazon Connect.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"lake {version('contact-lake')}")
    verbs = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _set_up(verbs)
    _fill(verbs)
    _ask(verbs)
    _route(verbs)
    _more(verbs)
    return top


def _set_up(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    create = _verb(verbs, "create", commands.create, "set a lake up; safe to repeat")
    create.add_argument("--dry-run", action="store_true", help="tell what would be made")
    _verb(verbs, "describe", commands.describe, "tell what is in the lake", table=True)
    _verb(verbs, "drop", commands.drop, "remove a lake that holds no data")
    demo = _verb(
        verbs,
        "demo",
        commands.demo,
        "the main job, from nothing: simulate, stream, land, build, report, score, route",
        lake_default="./.demo/lake",
    )
    _centre(demo, days=8)


def _fill(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    simulate = _verb(
        verbs,
        "simulate",
        commands.simulate,
        "records of an invented centre, and the truth about them",
        example="lake simulate --days 7 --agents 100 --seed 1 --out ./records",
        has_lake=False,
    )
    _centre(simulate, days=7)
    simulate.add_argument("--out", required=True, metavar="DIR", help="folder to write to")
    stream = _verb(
        verbs,
        "stream",
        commands.stream,
        "put files' records on Kinesis; with a folder lake also land them from there",
        example="lake stream ./records",
    )
    stream.add_argument("paths", nargs="+", metavar="PATH", help="files or folders")
    ingest = _verb(
        verbs,
        "ingest",
        commands.ingest,
        "land files or folders (.json .ndjson .jsonl, plain, .gz or .zst); kinds told by shape",
        example="lake ingest ./records export-2026-01.ndjson.gz",
        table=True,
    )
    ingest.add_argument("paths", nargs="+", metavar="PATH", help="files or folders")
    ingest.add_argument(
        "--strict",
        action="store_true",
        help="exit with 10 if any record was rejected, not only if all were",
    )
    build = _verb(
        verbs,
        "build",
        commands.build,
        "bring the tables up to date with what has landed",
        example="lake build",
        table=True,
    )
    derive = "derive days anew, under today's taxonomy"
    build.add_argument("--from", dest="first", type=_day, metavar="DAY", help=f"{derive}: first")
    build.add_argument("--to", dest="last", type=_day, metavar="DAY", help=f"{derive}: last")
    build.add_argument(
        "--engine",
        choices=("embedded", "spark"),
        default="embedded",
        help="what does the work: this process, or Spark 3.5 (default: embedded); equal rows",
    )
    build.add_argument(
        "--spark-master",
        metavar="MASTER",
        help="where Spark runs (default: where it was submitted, as on AWS Glue, else local[*])",
    )
    check = _verb(
        verbs,
        "check",
        commands.check,
        "what holds in the lake: facts of every table, conservation, unknown fields",
        table=True,
        example="lake check --coverage",
    )
    check.add_argument(
        "--coverage",
        action="store_true",
        help="how many columns of the official tables are there, and how many hold a value",
    )
    check.add_argument(
        "--scores",
        action="store_true",
        help="the rows of AgentWorkload in DynamoDB, whoever wrote them; see docs/routing.md",
    )
    rejects = _verb(
        verbs,
        "rejects",
        commands.rejects,
        "bad records, counted by reason; those that are good today land with --replay",
        table=True,
        example="lake rejects --reason not_json\n  lake rejects --replay --dry-run",
    )
    rejects.add_argument("--reason", help="list the records rejected for this reason")
    rejects.add_argument(
        "--replay",
        action="store_true",
        help="land what passes today's checks, as received; with --reason only of that one",
    )
    rejects.add_argument(
        "--dry-run", action="store_true", help="with --replay: tell what would land"
    )
    forget = _verb(
        verbs,
        "forget",
        commands_privacy.forget,
        "erase a customer from received objects, tables and snapshots; tells first what it would",
        table=True,
        example="lake forget '+1 202 555 0100'\n  lake forget '+1 202 555 0100' --yes",
    )
    forget.add_argument("customer", metavar="CUSTOMER", help="phone number, customer id or token")
    forget.add_argument("--yes", action="store_true", help="do it; it cannot be undone")
    rekey = _verb(
        verbs,
        "rekey",
        commands_privacy.rekey,
        "put customers under the new key (CUSTOMER_KEY) whom the lake has under CUSTOMER_KEY_OLD",
        table=True,
        example="lake rekey --dry-run\n  lake rekey",
    )
    rekey.add_argument("--dry-run", action="store_true", help="tell how many rows would go over")


def _ask(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    query = _verb(
        verbs,
        "query",
        commands.query,
        "answer a question of queries/",
        table=True,
        example="lake query contact_metrics --param by=category --format json\n"
        "  lake query skill_bottlenecks --out bottlenecks.xlsx",
    )
    query.add_argument("name", nargs="?", help="which; see --list")
    query.add_argument("--list", action="store_true", help="the questions and their parameters")
    query.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="may be repeated"
    )
    query.add_argument("--out", metavar="FILE", help=_OUT)
    query.add_argument("--least-cell", type=int, metavar="N",
                       help="leave out rows that count fewer (default: LAKE_LEAST_CELL or 0); "
                       "5 is usual for readers who must not tell who it was")  # fmt: skip
    sql = _verb(
        verbs,
        "sql",
        commands.sql,
        "run one SELECT in Athena's SQL; without one, a read-only shell",
        table=True,
        example='lake sql "SELECT state, count(*) FROM agent_state_interval GROUP BY state"\n'
        '  lake sql "SELECT * FROM users" --out users.xlsx',
    )
    sql.add_argument("text", nargs="?", help="the query")
    sql.add_argument("--out", metavar="FILE", help=_OUT)
    export = _verb(
        verbs,
        "export",
        commands.export,
        "plain Hive-partitioned Parquet of a table",
        example="lake export calls_by_category_queue --by day,category,queue --out ./export",
    )
    export.add_argument("name", metavar="TABLE")
    export.add_argument("--by", default="day", help="partition columns, comma-separated")
    export.add_argument("--out", metavar="DIR", help="folder for the files (folder lakes)")


def _route(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    _verb(
        verbs,
        "score",
        commands_routing.score,
        "workload scores as of the newest record",
        table=True,
    )
    publish = _verb(
        verbs,
        "publish",
        commands_routing.publish,
        "put the scores into DynamoDB, or tell managers of the report",
        table=True,
        example="lake publish\n  lake publish --report --topic arn:aws:sns:…:managers\n"
        "  lake publish --report --mail-from lake@example.org --mail-to team@example.org",
    )
    commands_report.deliver_grammar(publish)
    route = _verb(
        verbs,
        "route",
        commands_routing.route,
        "what the routing Lambda would answer, and why",
        table=True,
        example="lake route --call-type invoice --customer '+1 202 555 0100'",
    )
    route.add_argument("--call-type", metavar="TYPE", help="the call's category")
    route.add_argument("--customer", metavar="ID", help="phone number, customer id or token")
    route.add_argument("--candidates", type=int, metavar="N", help="how many agents to offer")
    route.add_argument(
        "--at",
        type=_instant,
        metavar="TIME",
        help="UTC instant to answer for; now on AWS, the scores' own instant for a folder lake",
    )
    flows = _verb(
        verbs,
        "flows",
        commands_routing.flows,
        "contact flows of an instance and test cases for them, linted",
        example="lake flows --config flows.toml --out ./flows\n  lake flows lint flow.json",
        has_lake=False,
    )
    flows.add_argument("--config", metavar="FILE", help="see infra/flows.example.toml")
    flows.add_argument("--out", metavar="DIR", help="folder to write to")
    lint = _verb(
        flows.add_subparsers(dest="flows_command", metavar="lint"),
        "lint",
        commands_routing.flows_lint,
        "faults of any flow's JSON, exported or described; exit code 2 if there are any",
        example="lake flows lint flow.json",
        table=True,
        has_lake=False,
    )
    lint.add_argument("files", nargs="+", metavar="FILE", help="a flow's JSON")
    lint.add_argument(
        "--type",
        choices=(CONTACT_FLOW, CUSTOMER_QUEUE),
        default=CONTACT_FLOW,
        help="of a flow whose file does not say it (default: CONTACT_FLOW)",
    )
    lint.add_argument(
        "--ours",
        action="store_true",
        help="also what our own flows keep: known blocks, our Lambda's keys, guarded agents",
    )
    _route_eval(verbs)


def _route_eval(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = _verb(
        verbs,
        "route-eval",
        commands_routing.route_eval,
        "what routing policies would bring, side by side, in a simulation",
        table=True,
        example="lake route-eval --agents 20 100 --occupancy 60 85 --days 5\n"
        "  lake route-eval --from 2026-01-07 --to 2026-01-09 --set n=5",
    )
    verb.add_argument("--agents", nargs="+", type=int, default=[20], metavar="N",
                      help="agents of invented centres (default: 20)")  # fmt: skip
    verb.add_argument("--occupancy", nargs="+", type=float, default=[75.0], metavar="PERCENT",
                      help="share of the agents' time on calls (default: 75)")  # fmt: skip
    verb.add_argument("--refresh", nargs="+", type=float, default=[5.0], metavar="MINUTES",
                      help="how often scores are published (default: 5)")  # fmt: skip
    verb.add_argument("--days", type=int, default=5, metavar="N",
                      help="invented days for each row (default: 5)")  # fmt: skip
    verb.add_argument("--seed", type=int, default=1, metavar="N", help="of the first day")
    verb.add_argument("--from", dest="first", type=_day, metavar="DAY",
                      help="replay the lake's own days instead: first")  # fmt: skip
    verb.add_argument("--to", dest="last", type=_day, metavar="DAY", help="last (default: first)")
    verb.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES),
                      help="to compare (default: all)")  # fmt: skip
    verb.add_argument("--policy", action="append", default=[], metavar="MODULE:FUNCTION",
                      help="also your own function: docs/routing.md; may be repeated")  # fmt: skip
    verb.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                      help="another number for our policy: n, unit, cap, …")  # fmt: skip
    verb.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N",
                      help="processes (default: one for each core)")  # fmt: skip


def _more(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    every = {
        **commands_what_if.COMMANDS,
        **commands_workforce.COMMANDS,
        **commands_maintenance.COMMANDS,
    }
    for name, command in every.items():
        verb = _verb(verbs, name, command.run, command.text, table=True, example=command.example)
        command.grammar(verb)
    for name, command in commands_report.COMMANDS.items():
        verb = _verb(verbs, name, command.run, command.text, example=command.example)
        command.grammar(verb)


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: object,
    text: str,
    *,
    example: str | None = None,
    table: bool = False,
    has_lake: bool = True,
    lake_default: str | None = None,
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=f"example:\n  {example or 'lake ' + name}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.set_defaults(run=run, lake_default=lake_default)
    if has_lake:
        where = lake_default or "LAKE or ./lake"
        verb.add_argument(
            "--lake", metavar="URI", help=f"folder or s3://bucket/prefix (default: {where})"
        )
    if table:
        verb.add_argument("--format", choices=show.FORMATS, default="table", help="how to print")
    return verb


def _centre(verb: argparse.ArgumentParser, days: int) -> None:
    verb.add_argument("--days", type=int, default=days, metavar="N", help=f"default {days}")
    verb.add_argument("--agents", type=int, default=100, metavar="N", help="default 100")
    verb.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    verb.add_argument(
        "--start", type=_day, default=date(2026, 1, 5), metavar="DAY", help="default 2026-01-05"
    )
    verb.add_argument(
        "--understaffed", metavar="QUEUE", help="a queue that lacks agents on purpose"
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


if __name__ == "__main__":
    sys.exit(main())
