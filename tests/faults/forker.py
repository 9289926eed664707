"""A process that has imported the program once and forks it: a real process to kill, in 0.1 s.

Run as `python -m tests.faults.forker`: a line of JSON `[arguments, the step's name, seconds until
SIGKILL or null]` comes in; when the child has ended, `[exit code, seconds]` goes out (negative: the
signal).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from tests.faults.steps import STEPS, Step

ROOT = __file__.rsplit("/tests/", 1)[0]
POLL_S = 0.002


class Ended(NamedTuple):
    """What became of a process."""

    code: int
    took_s: float

    @property
    def is_killed(self) -> bool:
        return self.code == -signal.SIGKILL


@dataclass(frozen=True)
class Forker:
    """The other end of the process."""

    process: subprocess.Popen[str]

    def ran(self, arguments: Sequence[str], step: Step, kill_after_s: float | None = None) -> Ended:
        """What became of a new `lake` of the step, killed if it takes longer."""
        assert self.process.stdin
        assert self.process.stdout
        asked = [arguments, step.name, kill_after_s]
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return Ended(*json.loads(self.process.stdout.readline()))


@contextmanager
def forker(environment: Mapping[str, str]) -> Iterator[Forker]:
    """A running forker whose children have the environment in addition to this process's."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.forker"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ROOT, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Forker(process)
        assert process.stdin
        process.stdin.close()


def _serve() -> None:
    from glue_jobs import quality
    from tests.faults.places import small_lakes

    quality._great_expectations()
    steps = {each.name: each for each in STEPS}
    for line in sys.stdin:
        arguments, name, kill_after_s = json.loads(line)
        with small_lakes(steps[name].tables, steps[name].keys):
            sys.stdout.write(json.dumps(_ended(arguments, kill_after_s)) + "\n")
            sys.stdout.flush()


def _ended(arguments: Sequence[str], kill_after_s: float | None) -> Ended:
    began = time.monotonic()
    child = os.fork()
    if not child:
        _be(arguments)
    while not (found := os.waitpid(child, os.WNOHANG))[0]:
        if kill_after_s is not None and time.monotonic() - began > kill_after_s:
            os.kill(child, signal.SIGKILL)
            found = os.waitpid(child, 0)
            break
        time.sleep(POLL_S)
    return Ended(os.waitstatus_to_exitcode(found[1]), time.monotonic() - began)


def _be(arguments: Sequence[str]) -> None:
    """Be the program, silent, to the end of this process."""
    from glue_jobs import main

    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    code = 70
    try:
        code = main.main(arguments)
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
