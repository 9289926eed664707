"""Creating and removing lakes: jobs of `lake`, started once and followed by their run's id."""

from __future__ import annotations

from typing import Any, NamedTuple

from ingestion.errors import LakeError
from lambdas.lake_api.lakes import Where

COMMANDS = ("create", "drop")
_RUNNING = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"})
_RUNS_SEEN = 50


class NoSuchOperationError(LakeError):
    """The job knows no run of that id."""

    exit_code = 3


class Operation(NamedTuple):
    """A run of the job; `status` is RUNNING, SUCCEEDED or FAILED, `message` says why it failed."""

    operation: str
    command: str
    status: str
    seconds: int = 0
    message: str = ""


def arguments(command: str, at: Where) -> dict[str, str]:
    """What the job is told: which lake, and what to do with it."""
    return {"--command": command, "--LAKE": at.lake, "--LAKE_DATABASE": at.database}


def started(glue: Any, job: str, command: str, at: Where) -> Operation:
    """The run that does it: one that is under way already, else a new one."""
    wanted = arguments(command, at)
    page = glue.get_job_runs(JobName=job, MaxResults=_RUNS_SEEN)
    for run in page["JobRuns"]:
        if run["JobRunState"] in _RUNNING and run.get("Arguments") == wanted:
            return operation(run)
    run_id = glue.start_job_run(JobName=job, Arguments=wanted)["JobRunId"]
    return Operation(run_id, command, "RUNNING")


def followed(glue: Any, job: str, run_id: str) -> Operation:
    """How far a run is; raises NoSuchOperationError."""
    try:
        return operation(glue.get_job_run(JobName=job, RunId=run_id)["JobRun"])
    except glue.exceptions.EntityNotFoundException:
        raise NoSuchOperationError(f"there is no operation {run_id}") from None


def operation(run: dict[str, Any]) -> Operation:
    """A job run of Glue as an operation."""
    state = run["JobRunState"]
    status = "RUNNING" if state in _RUNNING else "SUCCEEDED" if state == "SUCCEEDED" else "FAILED"
    return Operation(
        run["Id"],
        run.get("Arguments", {}).get("--command", COMMANDS[0]),
        status,
        run.get("ExecutionTime", 0),
        " ".join(run.get("ErrorMessage", "").split()),
    )
