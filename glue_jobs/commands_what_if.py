"""Commands of `lake` that simulate the lake's own centre: what-if, overflow, automation."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from glue_jobs import show
from glue_jobs import what_if as simulator
from glue_jobs.arguments import settings, shown
from glue_jobs.automation import automation
from glue_jobs.lake import opened
from lambdas.routing.policy import Policy, changed
from transforms.workforce.overflow import Overflow, grid_table, overflow
from transforms.workforce.overflow_config import overflow_config
from transforms.workforce.what_if import IN_ALL, Way, what_if

FITS = 0.35  # of the observed mean wait


def what_if_command(arguments: argparse.Namespace) -> None:
    """`lake what-if`."""
    changes = simulator.changes(
        arguments.queue, arguments.agents, arguments.train, arguments.volume
    )
    with opened(settings(arguments)) as lake:
        seen = simulator.lake_centre(lake, arguments.first, arguments.last)
    with simulator.possible():
        found = what_if(seen, Way(changes), arguments.days, arguments.seed)
    shown(found, arguments)
    show.say(
        f"observed: {len(seen.days)} days from {seen.days[0]} to {seen.days[-1]}; today and "
        f"changed: the same {arguments.days} simulated days; _ci95: half of a 95 % interval of "
        "the difference, over days"
    )
    for warning in filter(None, (misfit(found), simulator.doubt(seen))):
        show.say(warning)


def misfit(found: pa.Table) -> str | None:
    """A warning where the modelled wait of today is far from the observed one; else None."""
    [wait] = [
        row
        for row in found.to_pylist()
        if (row["queue"], row["measure"]) == (IN_ALL, "mean_wait_s")
    ]
    if abs(wait["today"] - wait["observed"]) <= FITS * wait["observed"]:
        return None
    return (
        f"the model's wait today is {wait['today']:.0f} s, the observed one "
        f"{wait['observed']:.0f} s: take the differences as directions, not as amounts"
    )


def overflow_command(arguments: argparse.Namespace) -> None:
    """`lake overflow`."""
    with opened(settings(arguments)) as lake:
        seen = simulator.lake_centre(lake, arguments.first, arguments.last)
        names = simulator.queue_names(lake, seen.days)
    found = overflow(
        seen.centre,
        arguments.days,
        arguments.seed,
        slow=arguments.slow,
        workers=arguments.workers,
    )
    shown(grid_table(found), arguments)
    config = overflow_config(found.recommended, names.call_types, names.ids)
    changed(Policy(), config["routing"]["policy"])  # what the router would not take is told here
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    show.say(_recommended(found))


def _recommended(found: Overflow) -> str:
    chosen, nobody = found.recommended, found.nobody
    if not chosen.lendings:
        return "recommended: nobody lends; no other plan helped without taking from a lender"
    return (
        f"recommended: {len(chosen.lendings)} lendings by {chosen.setting.means}; on fresh days "
        f"the cost of waiting a contact is {chosen.cost:.1f} s against {nobody.cost:.1f} s"
    )


def automation_command(arguments: argparse.Namespace) -> None:
    """`lake automation`."""
    with opened(settings(arguments)) as lake:
        found = automation(lake, arguments.days, arguments.seed)
    shown(found if arguments.format != "table" else _shown(found), arguments)
    eligible = sum(found.column("is_eligible").to_pylist())
    show.say(
        f"{eligible} of {found.num_rows} categories and tasks are candidates; sensitive work is "
        "never one; all columns: lake sql 'SELECT * FROM automation_candidate'"
    )


_SHOWN = (
    *("category", "task", "is_eligible", "contacts", "median_handle_s", "quartile_dispersion"),
    *("automatable_share", "hours_saved", "wait_change_s"),
)


def _shown(found: pa.Table) -> pa.Table:
    reasons = [_in_short(each or ()) for each in found.column("reasons").to_pylist()]
    return found.select(_SHOWN).append_column("reasons", pa.array(reasons, pa.string()))


def _in_short(reasons: Sequence[str]) -> str:
    more = f" (+{len(reasons) - 1})" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}" if reasons else ""


def _days_grammar(verb: argparse.ArgumentParser, days: int) -> None:
    day = date.fromisoformat
    verb.add_argument("--from", dest="first", type=day, metavar="DAY",
                      help="observe the centre from this day (default: the last 28)")  # fmt: skip
    verb.add_argument("--to", dest="last", type=day, metavar="DAY", help="to this day")
    verb.add_argument("--days", type=_count, default=days, metavar="N",
                      help=f"days to simulate (default: {days})")  # fmt: skip
    verb.add_argument("--seed", type=int, default=1, metavar="N", help="of these (default: 1)")


def _what_if_grammar(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--queue", action="append", default=[], metavar="QUEUE",
                      help="with --agents: whose staff; each may be repeated")  # fmt: skip
    verb.add_argument("--agents", action="append", type=int, default=[], metavar="+N",
                      help="how many more have this queue alone; fewer if negative")  # fmt: skip
    verb.add_argument("--train", action="append", default=[], metavar="AGENT:QUEUE",
                      help="an agent learns a queue")  # fmt: skip
    verb.add_argument("--volume", action="append", default=[], metavar="QUEUE:+N%",
                      help="more contacts, or fewer with a minus")  # fmt: skip
    _days_grammar(verb, 20)


def _overflow_grammar(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--slow", type=float, default=1.25, metavar="FACTOR",
                      help="how much longer a lent agent takes (default: 1.25)")  # fmt: skip
    verb.add_argument("--out", metavar="FILE",
                      help="write the router's item and routing profiles' entries")  # fmt: skip
    verb.add_argument("--workers", type=_count, default=os.cpu_count() or 1, metavar="N",
                      help="processes (default: one for each core)")  # fmt: skip
    _days_grammar(verb, 10)


def _automation_grammar(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--days", type=_count, default=10, metavar="N",
                      help="days to simulate for the effect on queues (default: 10)")  # fmt: skip
    verb.add_argument("--seed", type=int, default=1, metavar="N", help="of these (default: 1)")


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 up")
    return count


class Command(NamedTuple):
    """What a command runs, the arguments that it takes, and what its help says."""

    run: Callable[[argparse.Namespace], int | None]
    grammar: Callable[[argparse.ArgumentParser], None]
    text: str
    example: str


COMMANDS: Mapping[str, Command] = {
    "what-if": Command(
        what_if_command,
        _what_if_grammar,
        "what more agents, a training or other volumes would change, in a simulation",
        "lake what-if --queue Billing --agents +2 --volume 'Sales:+20%'\n"
        "  lake what-if --train ada.alder:Billing",
    ),
    "overflow": Command(
        overflow_command,
        _overflow_grammar,
        "which queues should lend agents to which, after how long, with how many kept back",
        "lake overflow --out overflow.json",
    ),
    "automation": Command(
        automation_command,
        _automation_grammar,
        "which repetitive work a machine could do, with the hours and the waiting that it saves",
        "lake automation",
    ),
}
