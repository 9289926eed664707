"""What every command of `lake` reads of its arguments, and how it shows what it found."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pyarrow as pa

from glue_jobs import show
from glue_jobs.result_files import write
from glue_jobs.settings import Settings
from ingestion.errors import LakeError


class UsageError(LakeError):
    """The arguments do not fit together."""

    exit_code = 2


def settings(arguments: argparse.Namespace) -> Settings:
    """The settings of the lake that is meant."""
    return Settings.from_env(arguments.lake or arguments.lake_default)


def pair(text: str) -> tuple[str, str]:
    """Name and value of a `--param`; UsageError if it is not written so."""
    name, sign, value = text.partition("=")
    if not sign:
        raise UsageError(f"--param {text!r}: write NAME=VALUE")
    return name, value


def handed_over(rows: pa.Table, arguments: argparse.Namespace) -> None:
    """Write rows to the file of `--out`, or show them."""
    if arguments.out is None:
        shown(rows, arguments)
        return
    write(rows, Path(arguments.out))
    show.say(f"{arguments.out}: {rows.num_rows} rows")


def shown(rows: pa.Table, arguments: argparse.Namespace) -> None:
    """Write rows to standard output in the format asked for."""
    sys.stdout.write(show.text(rows, arguments.format) + "\n")
