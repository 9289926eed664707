"""Commands of `lake` about the agents' skills: recommend."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from glue_jobs.commands_what_if import Command


def recommend_command(arguments: argparse.Namespace) -> None:
    """`lake recommend`."""
    from glue_jobs.recommend_command import run  # scipy takes a second to import

    run(arguments)


def _grammar(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--policy", metavar="FILE",
                      help="who may be trained (default: upskilling.toml in the lake)")  # fmt: skip
    verb.add_argument("--cycle", metavar="NAME",
                      help="round of trainings (default: the newest record's month)")  # fmt: skip
    verb.add_argument("--days", type=_days, default=20, metavar="N",
                      help="days to choose on; then twice as many (default: 20)")  # fmt: skip
    verb.add_argument("--seed", type=int, default=1, metavar="N", help="of these (default: 1)")
    verb.add_argument("--workers", type=int, default=2, metavar="N",
                      help="processes (default: 2)")  # fmt: skip
    verb.add_argument("--from-scratch", action="store_true",
                      help="instead: the skills to aim for, if one could choose")  # fmt: skip
    verb.add_argument("--approve", metavar="AGENT", help="record that a proposal is approved")
    verb.add_argument("--decline", metavar="AGENT", help="record that it is declined")
    verb.add_argument("--by", metavar="NAME", help="who decided")
    verb.add_argument("--note", metavar="TEXT", help="what they said")


def _days(text: str) -> int:
    count = int(text)
    if count < 2:
        raise argparse.ArgumentTypeError(f"{text} is no number from 2 up")
    return count


COMMANDS: Mapping[str, Command] = {
    "recommend": Command(
        recommend_command,
        _grammar,
        "whom to train in what, with the effect and the reasons; people decide",
        "lake recommend\n"
        "  lake recommend --policy upskilling.toml --cycle 2026-Q1\n"
        "  lake recommend --cycle 2026-Q1 --approve ada.alder --by 'team lead'\n"
        "  lake recommend --from-scratch",
    ),
}
