"""Commands of `lake` for managers: report, serve, and the report's delivery."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from glue_jobs import show
from glue_jobs.arguments import UsageError, settings
from glue_jobs.commands_what_if import Command
from glue_jobs.lake import Lake, opened, s3_client

if TYPE_CHECKING:
    from glue_jobs.report.audit import Audit
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

    from glue_jobs.report.mail import message, send
    from glue_jobs.report.writing import put_page, tell

    readers = _readers(arguments)
    with opened(settings(arguments)) as lake:
        links = (_audit_kept(lake),) if arguments.audit else ()
        made = _made(lake, arguments, links)
        where = _link(lake, made, arguments.link_days) or f"{lake.settings.root}/{made.key}"
        mail = message(made, readers.sender, readers.mails, where) if readers.mails else b""
        address = put_page(lake, made)
        places = {"region_name": lake.settings.region, "endpoint_url": lake.settings.endpoint}
        if readers.topic:
            tell(made, where, readers.topic, boto3.client("sns", **places))
        if mail:
            send(mail, readers.sender, readers.mails, boto3.client("sesv2", **places))
    told = ", ".join([*([readers.topic] if readers.topic else []), *readers.mails])
    show.say(f"{address}: told to {told}")


class Readers(NamedTuple):
    """Who is told of a report: a topic, mail addresses, or both; and in whose name."""

    topic: str
    sender: str
    mails: tuple[str, ...]


def _readers(arguments: argparse.Namespace) -> Readers:
    """Of the arguments, else of the environment. Raises UsageError if there are none."""
    named = os.environ.get("REPORT_MAIL_TO", "").split(",")
    found = Readers(
        arguments.topic or os.environ.get("REPORT_TOPIC_ARN", ""),
        arguments.mail_from or os.environ.get("REPORT_MAIL_FROM", ""),
        tuple(arguments.mail_to or (each.strip() for each in named if each.strip())),
    )
    if not found.topic and not found.mails:
        raise UsageError(
            "--report needs --topic or REPORT_TOPIC_ARN, the managers' SNS topic, or --mail-to or "
            "REPORT_MAIL_TO, their addresses"
        )
    if found.mails and not found.sender:
        raise UsageError("--mail-to needs --mail-from or REPORT_MAIL_FROM, verified in Amazon SES")
    return found


def _link(lake: Lake, made: Made, days: int | None) -> str | None:
    """An address that opens the page on S3 for so many days; None where none was asked for."""
    from glue_jobs.report.writing import presigned

    if not days or lake.settings.is_folder:
        return None
    return presigned(s3_client(lake.settings), lake.settings.root, made.key, timedelta(days=days))


def _audit_kept(lake: Lake) -> tuple[str, str]:
    """Put Great Expectations' page into the lake; the words and address of a link to it."""
    from glue_jobs.report.audit import KEPT

    found = _checked(lake)
    lake.store.put(KEPT, found.html.encode())
    return found.says, f"{lake.settings.root}/{KEPT}"


def serve_command(arguments: argparse.Namespace) -> None:
    """`lake serve`."""
    from glue_jobs.serve import Live, server

    if not 0 <= arguments.port <= 65535:
        raise UsageError(f"--port {arguments.port}: 0 (a free one) to 65535")
    with opened(settings(arguments)):
        pass  # a lake that is not there is told now, not to the first reader
    live = Live(settings(arguments), arguments.pseudonyms)
    with server(live, arguments.host, arguments.port, arguments.allow_host) as running:
        host, port = running.server_address[:2]
        show.say(f"http://{host!s}:{port} until stopped with Ctrl-C")
        if not ip_address(str(host)).is_loopback:
            show.say("whoever reaches this address can read it: there is no sign-in")
        running.serve_forever()


def _made(
    lake: Lake, arguments: argparse.Namespace, links: tuple[tuple[str, str], ...] = ()
) -> Made:
    from glue_jobs.report.audit import kept
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
    now = datetime.now(UTC).replace(tzinfo=None)
    told = {address for _, address in links}
    return made_report(found, now, (*links, *(each for each in kept(lake) if each[1] not in told)))


def _audited(lake: Lake, target: Path, out: Path | None) -> tuple[str, str]:
    """Write Great Expectations' page; the words and address by which the report links to it."""
    found = _checked(lake)
    target.write_text(found.html, encoding="utf-8")
    beside = out is not None and out.resolve().parent == target.resolve().parent
    return found.says, target.name if beside else target.resolve().as_uri()


def _checked(lake: Lake) -> Audit:
    from glue_jobs.report.audit import audit

    show.say("checking every fact of every table")
    return audit(lake)


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
                      help="not scores: put the report into the lake, tell managers")  # fmt: skip
    verb.add_argument("--topic", metavar="ARN", help="SNS topic (default: REPORT_TOPIC_ARN)")
    verb.add_argument("--mail-from", metavar="ADDRESS",
                      help="sender, known to Amazon SES (default: REPORT_MAIL_FROM)")  # fmt: skip
    verb.add_argument("--mail-to", action="append", metavar="ADDRESS",
                      help="mail the page through Amazon SES; may be repeated (default: "
                      "REPORT_MAIL_TO, with commas)")  # fmt: skip
    verb.add_argument("--audit", action="store_true",
                      help="also check every fact; the page links to what it found")  # fmt: skip
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
