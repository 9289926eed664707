"""How time and memory grow with the days: 1, 2, 4, 8 times as many, and the fitted exponent.

An exponent of 1 is linear; memory is to stay near 0.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ingestion.simulator import Truth, deliveries, invented_centre
from tests.bench.data import START, written
from tests.bench.harness import Contestant, Job, alternated, exponent, line, median, rounded

FACTORS = (1, 2, 4, 8)
# What is fitted, one line each; what reads a lake, as recommendations do, takes the lake's folder.
JOBS = {
    "build": "ours:whole",
    "query": "growth:query",
    "score": "growth:score",
    "recommend": "growth:recommend",
}


def measured(given: Namespace, keep: Path) -> Iterator[Mapping[str, Any]]:
    """A line for each of build, query and score: its exponents, and what they were fitted to."""
    points: dict[str, list[tuple[float, float]]] = {name: [] for name in JOBS}
    for factor in FACTORS:
        days = given.days * factor
        records = _records(keep, given, days)
        kept = keep / f"growth-lake-{given.agents}-{days}-{given.seed}"
        options = {"records": [str(records)], "lake": str(kept)}
        for name, job in JOBS.items():
            # A build starts from nothing each time; the last one's lake is what is asked.
            each = options if name != "build" else {"records": options["records"]}
            contestant = Contestant(f"{name}, {days} days", job)
            runs = alternated([contestant], each, given.rounds)[contestant.name]
            points[name].append((median(runs), median(runs, "rss_mb")))
            if name == "build" and not kept.exists():
                alternated([Contestant("lake for queries", job)], options, 1)
    for name, found in points.items():
        seconds, rss = zip(*found, strict=True)
        yield line(
            f"growth of {name}",
            exponent(FACTORS, seconds),
            "exponent of time over days",
            rss_exponent=rounded(exponent(FACTORS, rss)),
            # What starting costs weighs least here.
            last_doubling=rounded(exponent(FACTORS[-2:], seconds[-2:])),
            rss_last_doubling=rounded(exponent(FACTORS[-2:], rss[-2:])),
            days=[given.days * factor for factor in FACTORS],
            seconds=[rounded(each) for each in seconds],
            rss_mb=[round(each) for each in rss],
            agents=given.agents,
            seed=given.seed,
        )


def _records(keep: Path, given: Namespace, days: int) -> Path:
    folder = keep / f"growth-{given.agents}-{days}-{given.seed}"
    if not folder.exists():
        centre = invented_centre(agents=given.agents, seed=given.seed)
        written(folder, deliveries(centre, START, days, given.seed, Truth()))
    return folder


def query(options: Mapping[str, Any], _scratch: Path) -> Job:
    """Every question with its defaults, one after the other."""
    from glue_jobs.lake import opened
    from glue_jobs.query import answer
    from glue_jobs.settings import Settings
    from queries.question import questions

    lake = opened(Settings(options["lake"]))

    def work() -> None:
        for question in questions():
            answer(lake, question, {})

    return Job(work)


def score(options: Mapping[str, Any], _scratch: Path) -> Job:
    """The scores as of the newest record."""
    from glue_jobs import quality
    from glue_jobs.lake import opened
    from glue_jobs.score import score as scored
    from glue_jobs.settings import Settings

    lake = opened(Settings(options["lake"]))
    quality.validation("warm", {"warm": 0})

    def work() -> None:
        scored(lake)

    return Job(work)


def recommend(options: Mapping[str, Any], _scratch: Path) -> Job:
    """Whom to train, of the lake's last four weeks, by the policy of every new lake."""
    from glue_jobs import quality
    from glue_jobs.lake import opened
    from glue_jobs.recommend import policy_text
    from glue_jobs.recommend import recommend as recommended
    from glue_jobs.settings import Settings

    lake = opened(Settings(options["lake"]))
    quality.validation("warm", {"warm": 0})

    def work() -> None:
        recommended(lake, policy_text(lake.store))

    return Job(work)
