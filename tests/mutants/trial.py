"""One defect in a copy of the project, and whether its tests notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mutants.mutants import Mutant

ROOT = Path(__file__).parents[2]
LONGEST_S = 300
_LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "lake", "dist", "build", "bench-results.jsonl"
)
_PASSED, _FAILED = 0, 1  # pytest's exit codes; others say that nothing was tested


class UntestedError(Exception):
    """The tests came to no verdict, so that nothing is known of the defect."""


@contextmanager
def project_copy() -> Iterator[Path]:
    """A copy of the project in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="lake-mutant-") as folder:
        copied = Path(folder) / "project"
        shutil.copytree(ROOT, copied, ignore=_LEFT_OUT)
        yield copied


@contextmanager
def seeded(mutant: Mutant, project: Path) -> Iterator[None]:
    """The defect is in the project; afterwards it is as it was."""
    path = project / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        raise UntestedError(f"{mutant.name}: {text.count(mutant.old)} places in {mutant.file}")
    path.write_text(text.replace(mutant.old, mutant.new))
    try:
        yield
    finally:
        path.write_text(text)


def is_passing(project: Path, tests: Iterable[str]) -> bool:
    """Whether the tests pass in that folder; UntestedError if they cannot be run.

    Tests that do not end fail, too.
    """
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    # Compiled files are told apart by second and size, which a defect may leave as they are.
    environment = os.environ | {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PROVE", None)
    try:
        done = subprocess.run(
            command,
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (_PASSED, _FAILED):
        raise UntestedError(f"pytest ended with {done.returncode}: {done.stdout[-500:]}")
    return done.returncode == _PASSED


def is_killed(mutant: Mutant, project: Path) -> bool:
    """Whether the tests fail with the defect."""
    with seeded(mutant, project):
        return not is_passing(project, mutant.tests)
