"""Commands of `lake` that keep it in order: history, rollback, compact, expire."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from glue_jobs import compaction, history, maintenance, show
from glue_jobs.arguments import settings, shown
from glue_jobs.commands_what_if import Command
from glue_jobs.lake import opened
from transforms.schema import Table
from transforms.tables import BY_NAME

_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}
_LEAST = timedelta(days=1)  # a query may be at what was current until now


def history_command(arguments: argparse.Namespace) -> None:
    """`lake history`."""
    with opened(settings(arguments)) as lake:
        found = (
            history.snapshot_history(lake, arguments.table)
            if arguments.table
            else history.run_history(lake)
        )
    shown(found, arguments)


def rollback_command(arguments: argparse.Namespace) -> None:
    """`lake rollback`."""
    with opened(settings(arguments)) as lake:
        run = history.target(lake, arguments.wanted)
        if arguments.dry_run:
            done = history.RolledBack(run["run_id"], history.changes(lake, run))
        else:
            done = history.rollback(lake, run)
    shown(pa.table({"table": pa.array(done.tables, pa.string())}), arguments)
    say = "would be put" if arguments.dry_run else "put"
    show.say(
        f"{len(done.tables)} tables {say} back to what run {done.run_id} left; "
        "`lake build` brings them up to date again"
    )


def compact_command(arguments: argparse.Namespace) -> None:
    """`lake compact`."""
    with opened(settings(arguments)) as lake, show.progress() as report:
        if arguments.dry_run:
            done = compaction.plan(lake, arguments.tables)
        else:
            done = compaction.compact(lake, arguments.tables, report)
    shown(compaction.shown(done), arguments)
    if not done:
        show.say("no day has more than one small file; nothing to do")


def expire_command(arguments: argparse.Namespace) -> None:
    """`lake expire`."""
    with opened(settings(arguments)) as lake:
        freed = maintenance.expire(
            lake,
            arguments.older_than,
            datetime.now(UTC),
            kept_runs=arguments.keep_runs,
            orphans=arguments.orphans,
            is_dry=arguments.dry_run,
        )
    shown(maintenance.shown(freed), arguments)
    say = "would be freed" if arguments.dry_run else "freed"
    size = sum(each.bytes + each.orphan_bytes for each in freed)
    show.say(f"{sum(each.snapshots for each in freed)} snapshots expired, {size} bytes {say}")


def _history(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("table", nargs="?", choices=[*BY_NAME], metavar="TABLE",
                      help="its snapshots, instead of the lake's runs")  # fmt: skip


def _rollback(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("wanted", metavar="RUN|SNAPSHOT",
                      help="a run's id, or its beginning, or a snapshot that it left")  # fmt: skip
    verb.add_argument("--dry-run", action="store_true", help="tell which tables would change")


def _compact(verb: argparse.ArgumentParser) -> None:
    # With `choices` Python 3.11 refuses an empty list.
    verb.add_argument("tables", nargs="*", type=_table, metavar="TABLE",
                      help="which (default: all)")  # fmt: skip
    verb.add_argument("--dry-run", action="store_true", help="tell what would be put together")


def _expire(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--older-than", type=age, default=timedelta(days=7), metavar="AGE",
                      help="how long ago a snapshot ceased to be current: 7d, 36h; at "
                      "least a day (default: 7d)")  # fmt: skip
    verb.add_argument("--keep-runs", type=_count, default=maintenance.KEPT_RUNS, metavar="N",
                      help="runs whose snapshots stay, for rollbacks "
                      f"(default: {maintenance.KEPT_RUNS})")  # fmt: skip
    verb.add_argument("--orphans", action="store_true",
                      help="also remove files that no snapshot names, older than "
                      f"{maintenance.ORPHAN_AGE.days} days")  # fmt: skip
    verb.add_argument("--dry-run", action="store_true", help="tell what would be freed")


def age(text: str) -> timedelta:
    """An age such as `7d` or `36h`, of at least a day."""
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _UNITS:
        raise argparse.ArgumentTypeError(f"{text!r}: write days or hours, 7d or 36h")
    found = int(number) * _UNITS[unit]
    if found < _LEAST:
        raise argparse.ArgumentTypeError(f"{text}: a query may still read it; at least 1d")
    return found


def _table(name: str) -> Table:
    if name not in BY_NAME:
        raise argparse.ArgumentTypeError(f"no table {name!r}; there are {', '.join(BY_NAME)}")
    return BY_NAME[name]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 up")
    return int(text)


COMMANDS: Mapping[str, Command] = {
    "history": Command(
        history_command,
        _history,
        "what ran, or the snapshots of a table",
        "lake history\n  lake history contact_record",
    ),
    "rollback": Command(
        rollback_command,
        _rollback,
        "put all built tables back to what a run left",
        "lake rollback 3f2a9c0d --dry-run\n  lake rollback 3f2a9c0d",
    ),
    "compact": Command(
        compact_command,
        _compact,
        "put the small files of a day into one",
        "lake compact\n  lake compact contact_record --dry-run",
    ),
    "expire": Command(
        expire_command,
        _expire,
        "remove old snapshots, and files that none names",
        "lake expire --dry-run\n  lake expire --older-than 7d --orphans",
    ),
}
