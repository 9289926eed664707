"""What an AWS Glue job runs: `lake <command>`, with its settings as job arguments.

A job's arguments come as `--NAME value`. Those named like environment variables of the program
become its environment, `--command` its arguments. A run that lost a race reads again; one that
finds no contacts yet has done its work; any other failure ends the job, and running it again
finishes the work. Each run tells CloudWatch how it went.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import boto3

from glue_jobs.lake import ConflictError
from glue_jobs.main import main as lake
from glue_jobs.quality import AuditFailedError
from ingestion.errors import LakeError

NAMESPACE = "ContactLake"
SETTINGS = (
    "LAKE",
    "LAKE_DATABASE",
    "LAKE_TIME_ZONE",
    "LAKE_WORKGROUP",
    "CUSTOMER_KEY_SECRET",
    "CUSTOMER_KEY_VERSION",
    "CUSTOMER_KEY_OLD_SECRET",
    "CUSTOMER_KEY_OLD_VERSION",
    "REPORT_TOPIC_ARN",
)
# A new lake has nothing to score, publish or report until the first contacts come: no failure, or a
# schedule would cry every quarter of an hour.
AWAITING_CONTACTS = ("score", "publish", "report", "recommend")
NOTHING_THERE = 3
MOST_TRIES = 3
_PAUSE_S = 20.0


class JobError(LakeError):
    """The job was started without a command."""

    exit_code = 2


class Ended(NamedTuple):
    """A command, the exit code it ended with, and how long it took."""

    command: str
    exit_code: int
    duration_s: float


def main(argv: Sequence[str]) -> int:
    """Run the command of a Glue job's arguments; its exit code, as that of `lake`."""
    arguments = given(argv)
    if "command" not in arguments:
        raise JobError("job: give --command, for example --command 'build --engine spark'")
    os.environ.update({name: arguments[name] for name in SETTINGS if name in arguments})
    ended = run(shlex.split(arguments["command"]))
    with closing(boto3.client("cloudwatch")) as cloudwatch:
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=metrics(ended))
    return ended.exit_code


def given(argv: Sequence[str]) -> dict[str, str]:
    """Names and values of `--NAME value` and `--NAME=value`; Glue's own are among them."""
    found: dict[str, str] = {}
    rest = iter(argv)
    for word in rest:
        if word.startswith("--"):
            name, sign, value = word[2:].partition("=")
            found[name] = value if sign else next(rest, "")
    return found


def run(
    words: Sequence[str],
    program: Callable[[Sequence[str]], int] = lake,
    pause: Callable[[float], object] = time.sleep,
) -> Ended:
    """What a command of `lake` came to; one that another writer overtook is run again."""
    began = time.monotonic()
    exit_code = program(words)
    for turn in range(1, MOST_TRIES):
        if exit_code != ConflictError.exit_code:
            break
        pause(_PAUSE_S * turn)
        exit_code = program(words)
    # A report goes by `lake publish`, but no score was published.
    command = "report" if "--report" in words else words[0]
    if exit_code == NOTHING_THERE and command in AWAITING_CONTACTS:
        exit_code = 0
    return Ended(command, exit_code, time.monotonic() - began)


def metrics(ended: Ended) -> list[dict[str, Any]]:
    """The run as CloudWatch metrics: its outcome and duration by command, a failed audit apart."""
    by_command = [{"Name": "command", "Value": ended.command}]
    is_audit = ended.exit_code == AuditFailedError.exit_code
    counts = {"succeeded": ended.exit_code == 0, "failed": ended.exit_code != 0}
    return [
        *(
            {"MetricName": name, "Dimensions": by_command, "Unit": "Count", "Value": float(count)}
            for name, count in counts.items()
        ),
        {
            "MetricName": "duration_s",
            "Dimensions": by_command,
            "Unit": "Seconds",
            "Value": ended.duration_s,
        },
        {"MetricName": "audit_failed", "Unit": "Count", "Value": float(is_audit)},
    ]


if __name__ == "__main__":
    code = main(sys.argv[1:])
    if code:  # Glue takes any exit, even with 0, for a failure
        sys.exit(code)
