"""What starting a function costs: its archive's size, and its first import from that archive alone.

`python -m infra.cold_start` prints a line a function, and one of boto3, which Lambda brings. Times
are this machine's and this Python's; a function's own also has Lambda's start of an environment.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import boto3

from infra.package import FUNCTIONS, Artifact, artifacts

ROUNDS = 7
_TIMED = (
    "import sys, time; sys.path[:0] = sys.argv[2:]; began = time.perf_counter(); "
    "__import__(sys.argv[1]); print(time.perf_counter() - began)"
)


class Start(NamedTuple):
    """A function's archive, packed and unpacked, and how long its handler takes to import."""

    name: str
    packed_bytes: int
    bytes: int
    import_s: float


def start(artifact: Artifact, rounds: int = ROUNDS) -> Start:
    """The start of the function in an archive, the median of so many new processes."""
    name = artifact.name.removesuffix(".zip")
    archive = zipfile.ZipFile(io.BytesIO(artifact.data))
    with tempfile.TemporaryDirectory() as folder:
        archive.extractall(folder)
        taken_s = import_s(f"lambdas.{name}.handler", [folder], rounds)
    size = sum(each.file_size for each in archive.infolist())
    return Start(name, len(artifact.data), size, taken_s)


def import_s(module: str, folders: Sequence[str], rounds: int = ROUNDS) -> float:
    """Seconds that a new process takes to import a module from the folders, then from boto3's.

    The folders' modules are compiled every time, as on Lambda, whose folder cannot be written to.
    """
    runtime = str(Path(boto3.__file__).parent.parent)
    command = [sys.executable, "-I", "-S", "-B", "-c", _TIMED, module, *folders, runtime]
    return median(
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603
        for _ in range(rounds)
    )


def line(each: Start) -> str:
    """Name, kilobytes packed and unpacked, milliseconds."""
    return (
        f"{each.name:<12} {each.packed_bytes / 1e3:>6,.0f} KB packed {each.bytes / 1e3:>7,.0f} KB "
        f"{1e3 * each.import_s:>6,.0f} ms\n"
    )


def main() -> int:
    """Print the lines."""
    names = {f"{name}.zip" for name in FUNCTIONS}
    for each in artifacts():
        if each.name in names:
            sys.stdout.write(line(start(each)))
    sys.stdout.write(f"boto3 alone {1e3 * import_s('boto3', ()):>37,.0f} ms\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
