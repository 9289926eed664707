"""`python -m tests.bench [MEASURE …]`: figures beside what a user would pick instead.

Prints JSON lines and appends them to --out, after a line about the machine. `ratio` is `ours` to
`peer_value`: for speeds above 1 is better, for seconds below 1.
"""

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.bench.harness import ROUNDS, BenchError, report, tell
from tests.bench.machine import machine

MEASURES = (
    *("build", "landing", "routing", "simulation", "queries"),
    *("layout", "increment", "lookup", "replay", "commits", "memory", "growth", "scaleout"),
)
QUICK = MEASURES[:5]
# Days and agents of the quick run, by measure.
SIZES = {
    "growth": (1, 10),
    "increment": (21, 10),
    "lookup": (21, 10),
    "replay": (30, 10),
    "queries": (7, 20),
    "layout": (91, 20),
    "memory": (16, 20),
}


def main():
    given = parser().parse_args()
    report([machine()], given.out)
    try:
        with tempfile.TemporaryDirectory(prefix="lake-bench-") as scratch:
            for name in given.measure or QUICK:
                tell(f"== {name}")
                keep = (given.data or Path(scratch)).resolve() / name
                keep.mkdir(parents=True, exist_ok=True)
                measure = import_module(f"tests.bench.{name}")
                report(measure.measured(sized(given, name), keep), given.out)
    except BenchError as error:
        sys.exit(f"bench: {error}")


def sized(given, name):
    """The arguments with the quick run's days and agents where none are given."""
    days, agents = SIZES.get(name, (None, None))
    chosen = {"days": given.days or days, "agents": given.agents or agents}
    return argparse.Namespace(**(vars(given) | chosen))


def parser():
    top = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    # With `choices`, argparse would refuse the empty list of measures.
    top.add_argument("measure", nargs="*", type=_measure, help=f"of {', '.join(MEASURES)}")
    top.add_argument(
        "--mb", type=float, default=80, help="megabytes of JSON (build, landing, scaleout)"
    )
    top.add_argument("--days", type=int, help="days (growth: of the smallest)")
    top.add_argument("--agents", type=int, help="agents of the centre")
    top.add_argument("--contacts", type=int, default=100_000, help="contacts (queries)")
    top.add_argument("--seed", type=int, default=1)
    top.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each; the median counts")
    top.add_argument("--out", type=Path, default=Path("bench-results.jsonl"), help="appended to")
    top.add_argument("--data", type=Path, help="folder that keeps generated data between runs")
    return top


def _measure(name):
    if name not in MEASURES:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(MEASURES)}")
    return name


if __name__ == "__main__":
    main()
