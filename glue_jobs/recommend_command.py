"""What `lake recommend` does: propose, record what people decide, or design from scratch."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from glue_jobs import recommend as recommender
from glue_jobs import show
from glue_jobs.lake import Lake, opened
from glue_jobs.settings import Settings
from glue_jobs.what_if import lake_centre
from ingestion.errors import LakeError
from transforms import tables
from transforms.workforce.simulation_pool import simulating
from transforms.workforce.skill_matrix import skill_matrix
from transforms.workforce.skill_matrix_text import matrix_rows, matrix_summary
from transforms.workforce.upskilling import Search
from transforms.workforce.upskilling_reasons import summary

_SHOWN = (
    "place", "agent_username", "skill", "status", "training_hours", "wait_cut", "wait_cut_low",
    "wait_cut_high", "mean_wait_s_before", "mean_wait_s_after",
)  # fmt: skip


class WrongUseError(LakeError):
    """Arguments that do not go together; the message says what would."""

    exit_code = 2


def run(arguments: argparse.Namespace) -> None:
    """Propose and print, record a decision, or design the skills from scratch."""
    if arguments.approve and arguments.decline:
        raise WrongUseError("--approve and --decline: give one of them")
    with opened(Settings.from_env(arguments.lake or arguments.lake_default)) as lake:
        if arguments.approve or arguments.decline:
            _decide(lake, arguments)
        elif arguments.from_scratch:
            _design(lake, arguments)
        else:
            _recommend(lake, arguments)


def _recommend(lake: Lake, arguments: argparse.Namespace) -> None:
    with show.progress() as report:
        found = recommender.recommend(
            lake,
            _policy(lake, arguments.policy),
            cycle=arguments.cycle,
            search=_search(arguments),
            workers=arguments.workers,
            report=report,
        )
    if arguments.format == "json":
        sys.stdout.write(json.dumps(found.document, indent=1, ensure_ascii=False) + "\n")
        return
    _print(_proposals(lake, found.cycle), arguments.format)
    if arguments.format == "table":
        for each in found.document["recommendations"]:
            said = (*each["reasons"], *each["alternatives"])
            _write_lines((f"{each['place']}. {each['agent_id']}: {each['skill']}",
                          *(f"   {line}" for line in said)))  # fmt: skip
        _write_lines(summary(found.plan))
    if found.doubt:
        show.say(found.doubt)
    if found.unknown:
        show.say(f"the policy names what the centre does not have: {', '.join(found.unknown)}")


def _decide(lake: Lake, arguments: argparse.Namespace) -> None:
    if not (arguments.by and arguments.cycle):
        raise WrongUseError("a decision needs --cycle and --by NAME, who made it")
    recommender.decide(
        lake,
        arguments.cycle,
        arguments.approve or arguments.decline,
        approve=bool(arguments.approve),
        by=arguments.by,
        at=datetime.now(UTC).replace(tzinfo=None),
        note=arguments.note,
    )
    _print(_proposals(lake, arguments.cycle), arguments.format)


def _design(lake: Lake, arguments: argparse.Namespace) -> None:
    centre = lake_centre(lake).centre()
    show.say("simulating skill matrices")
    with simulating(arguments.workers) as simulate:
        found = skill_matrix(centre, days=arguments.days, seed=arguments.seed, simulate=simulate)
    _print(pa.Table.from_pylist(matrix_rows(centre, found)), arguments.format)
    if arguments.format == "table":
        _write_lines(matrix_summary(found))


def _policy(lake: Lake, path: str | None) -> str:
    if path is None:
        return recommender.policy_text(lake.store)
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise recommender.PolicyFileError(f"--policy {path}: {error}") from error


def _proposals(lake: Lake, cycle: str) -> pa.Table:
    found = lake.read(tables.UPSKILLING_RECOMMENDATION)
    of_cycle = [name == cycle for name in found.column("cycle").to_pylist()]
    return found.filter(pa.array(of_cycle, pa.bool_())).select(_SHOWN)


def _search(arguments: argparse.Namespace) -> Search:
    return Search(arguments.days, 2 * arguments.days, seed=arguments.seed)


def _print(rows: pa.Table, form: str) -> None:
    _write_lines((show.text(rows, form),))


def _write_lines(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
