"""The program `lake`, called in this process as a terminal or a Glue job calls it."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple

from glue_jobs.main import main


class Outcome(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> Any:
        """Standard output of a command with `--format json`."""
        return json.loads(self.out)


def outcome(*arguments: str) -> Outcome:
    """Exit code, standard output and standard error of one command."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            code = main(arguments)
        except SystemExit as end:  # argparse: wrong use, or --help
            code = int(end.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())


def run(*arguments: str) -> Outcome:
    """The outcome of a command that must succeed."""
    done = outcome(*arguments)
    assert done.code == 0, done.err
    return done
