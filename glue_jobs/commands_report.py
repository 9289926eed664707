"""Commands of `lake` for managers: report, serve, and the report's delivery."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from glue_jobs import show
from glue_jobs.arguments import UsageError, settings
from glue_jobs.commands_what_if import Command
from glue_jobs.lake import Lake, opened, s3_client

if TYPE_CHECKING:
    from glue_jobs.report.writing import Made

PORT = 8180


def report_command(arguments: argparse.Namespace) -> None:
    """`lake report`."""
    name = arguments.out or (None if arguments.text else "report.html")
    out = Path(name) if name else None
    with opened(settings(arguments)) as lake:
        links = (_audited(lake, Path(arguments.audit), out),) if arguments.audit else ()
        made = _made(lake, arguments, links)
    if out:
        out.write_text(made.html, encoding="utf-8")
        show.say(f"{out}: {len(made.html.encode()) / 1e6:.2f} MB; open it in a browser")
    if arguments.text:
        sys.stdout.write(made.text)


def deliver_command(arguments: argparse.Namespace) -> None:
    """`lake publish --report`."""
    import boto3

    from glue_jobs.report.writing import deliver, presigned

    topic = arguments.topic or os.environ.get("REPORT_TOPIC_ARN")
    if not topic:
        raise UsageError("--report needs --topic or REPORT_TOPIC_ARN: the managers' SNS topic")
    with opened(settings(arguments)) as lake:
        made = _made(lake, arguments)
        link = None
        if arguments.link_days and not lake.settings.is_folder:
            life = timedelta(days=arguments.link_days)
            link = presigned(s3_client(lake.settings), lake.settings.root, made.key, life)
        sns = boto3.client(
            "sns", region_name=lake.settings.region, endpoint_url=lake.settings.endpoint
        )
        address = deliver(lake, made, topic, sns, link)
    show.say(f"{address}: told to {topic}")


def serve_command(arguments: argparse.Namespace) -> None:
    """`lake serve`."""
    from glue_jobs.serve import Live, server

    with opened(settings(arguments)):
        pass  # a lake that is not there is told now, not to the first reader
    live = Live(settings(arguments), arguments.pseudonyms)
    with server(live, arguments.host, arguments.port, arguments.allow_host) as running:
        host, port = running.server_address[:2]
        show.say(f"http://{host!s}:{port} until stopped with Ctrl-C")
        running.serve_forever()


def _made(
    lake: Lake, arguments: argparse.Namespace, links: tuple[tuple[str, str], ...] = ()
) -> Made:
    from glue_jobs.report.figures import figures
    from glue_jobs.report.writing import made_report

    with show.progress() as report:
        found = figures(
            lake,
            first=arguments.first,
            last=arguments.last,
            group=arguments.group,
            is_pseudonymous=arguments.pseudonyms,
            report=report,
        )
    return made_report(found, datetime.now(UTC).replace(tzinfo=None), links)


def _audited(lake: Lake, target: Path, out: Path | None) -> tuple[str, str]:
    """Write Great Expectations' page; the words and address by which the report links to it."""
    from glue_jobs.report.audit import audit

    show.say("checking every fact of every table")
    found = audit(lake)
    target.write_text(found.html, encoding="utf-8")
    said = (
        f"{found.broken} facts do not hold" if found.broken else "every fact of every table holds"
    )
    beside = out is not None and out.resolve().parent == target.resolve().parent
    address = target.name if beside else target.resolve().as_uri()
    return f"Great Expectations: {said}", address


def figures_grammar(verb: argparse.ArgumentParser) -> None:
    """The arguments that say what a report is about."""
    day = date.fromisoformat
    verb.add_argument("--from", dest="first", type=day, metavar="DAY",
                      help="first UTC day (default: 28 days up to --to)")  # fmt: skip
    verb.add_argument("--to", dest="last", type=day, metavar="DAY",
                      help="last UTC day (default: the last whole one with calls)")  # fmt: skip
    verb.add_argument("--group", metavar="NAME",
                      help="one manager's report: a hierarchy group of agents")  # fmt: skip
    verb.add_argument("--pseudonyms", action="store_true",
                      help="pseudonyms for agents; groups under five left out")  # fmt: skip


def deliver_grammar(verb: argparse.ArgumentParser) -> None:
    """The arguments of `lake publish --report`."""
    verb.add_argument("--report", action="store_true",
                      help="not scores: put the report into the lake, tell the topic")  # fmt: skip
    verb.add_argument("--topic", metavar="ARN", help="SNS topic (default: REPORT_TOPIC_ARN)")
    verb.add_argument("--link-days", type=int, choices=range(1, 8), metavar="N",
                      help="send a link that opens the page for whoever has it")  # fmt: skip
    figures_grammar(verb)


def _report_grammar(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--out", metavar="FILE", help="the page (default: report.html)")
    verb.add_argument("--text", action="store_true",
                      help="print a summary for mail or chat; no page without --out")  # fmt: skip
    verb.add_argument("--audit", metavar="FILE",
                      help="also check every fact: Great Expectations' page")  # fmt: skip
    figures_grammar(verb)


def _serve_grammar(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--host", default="127.0.0.1", metavar="ADDRESS",
                      help="to listen on (default: 127.0.0.1, this machine alone)")  # fmt: skip
    verb.add_argument("--port", type=int, default=PORT, metavar="N", help=f"default {PORT}")
    verb.add_argument("--allow-host", action="append", default=[], metavar="NAME",
                      help="a name by which readers may ask for it; may be repeated")  # fmt: skip
    verb.add_argument("--pseudonyms", action="store_true", help="pseudonyms for agents")


COMMANDS: Mapping[str, Command] = {
    "report": Command(
        report_command,
        _report_grammar,
        "the managers' page: one file, no network; or in plain text",
        "lake report --out report.html\n"
        "  lake report --group 'Team 01' --pseudonyms --out team-01.html\n"
        "  lake report --text",
    ),
    "serve": Command(
        serve_command,
        _serve_grammar,
        "the report and current scores in a browser, made anew when the lake changes",
        "lake serve --port 8180",
    ),
}
