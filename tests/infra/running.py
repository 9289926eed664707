"""The deployed functions and jobs, run from what was uploaded, each under its own role."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3

from glue_jobs.standin import StandIn
from tests.infra.stand_in_stack import BUILDS, Stack

HOST = Path(__file__).parent / "lambda_host.py"
# As an account's own variables; none of the developer's.
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")


class Function:
    """A function in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.ready = self._answer()

    def __call__(self, event: dict[str, Any]) -> Any:
        """The function's answer to an event."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            assert self._process.stderr
            raise AssertionError(self._process.stderr.read())
        return json.loads(line)


class Ran(NamedTuple):
    """What a job came to."""

    code: int
    out: str
    err: str


def environment(aws: StandIn, role: str) -> dict[str, str]:
    """A bare environment that points at the stand-in, signing with the role's name."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | aws.environment() | {"AWS_ACCESS_KEY_ID": role}


@contextmanager
def function(aws: StandIn, name: str, role: str, folder: Path) -> Iterator[Function]:
    """The deployed function, from its archive, in its own environment."""
    known = aws.client("lambda").get_function(FunctionName=name)
    settings = known["Configuration"]
    key = _code_key(aws, settings["Handler"])
    data = aws.client("s3").get_object(Bucket=BUILDS, Key=key)["Body"].read()
    zipfile.ZipFile(io.BytesIO(data)).extractall(folder)
    runtime = Path(boto3.__file__).parent.parent
    own = {name: str(value) for name, value in settings["Environment"]["Variables"].items()}
    command = [sys.executable, "-I", str(HOST), str(folder), settings["Handler"], str(runtime)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            env=environment(aws, role) | own,
        )  # fmt: skip
    with process:
        yield Function(process)
        assert process.stdin
        process.stdin.close()


def job(
    aws: StandIn,
    stack: Stack,
    name: str,
    role: str,
    folder: Path,
    elsewhere: Mapping[str, str] | None = None,
    **more: str,
) -> Ran:
    """A run of a deployed job: its script, with the program's archive on the path.

    `elsewhere`: variables that send services which the stand-in lacks to another one. `more`:
    arguments beside the job's own.
    """
    known = aws.client("glue").get_job(JobName=name)["Job"]
    assert known["Role"].endswith(stack.roles[role])
    given = known["DefaultArguments"] | {f"--{key}": value for key, value in more.items()}
    script = _fetched(aws, known["Command"]["ScriptLocation"], folder)
    program = _fetched(aws, given["--extra-py-files"], folder)
    words = [word for pair in given.items() for word in pair]
    done = subprocess.run(
        [sys.executable, str(script), "--JOB_NAME", name, *words],
        env=environment(aws, role) | {"PYTHONPATH": str(program)} | dict(elsewhere or {}),
        cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def _fetched(aws: StandIn, address: str, folder: Path) -> Path:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    target = folder / key.rpartition("/")[2]
    if not target.exists():
        target.write_bytes(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return target


def _code_key(aws: StandIn, handler: str) -> str:
    wanted = f"{handler.split('.')[1]}.zip"
    listed = aws.client("s3").list_objects_v2(Bucket=BUILDS)["Contents"]
    return next(each["Key"] for each in listed if each["Key"].endswith(f"/{wanted}"))
