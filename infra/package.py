"""`make package`: what AWS runs, as files that come out the same, byte for byte, from one tree.

A function's archive holds the modules that its handler imports, found by following imports, and
aws-lambda-powertools; boto3 is in Lambda's runtime. The Glue jobs get the program's wheel.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

from infra.cloudformation import template

ROOT = Path(__file__).parent.parent
FUNCTIONS = ("landing", "agent_state", "routing", "lake_api")
LIBRARIES = ("aws-lambda-powertools", "typing_extensions", "jmespath")
OWN = ("ingestion", "lambdas")
WHEEL, SCRIPT, REQUIREMENTS, TEMPLATE = (
    "contact_lake.zip",
    "job.py",
    "requirements.txt",
    "template.json",
)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that an archive can tell


class Artifact(NamedTuple):
    """A file of a build."""

    name: str
    data: bytes


def artifacts(root: Path = ROOT) -> list[Artifact]:
    """Every file of a build of the tree, in a fixed order."""
    libraries = dict(library_files())
    return [
        *(
            Artifact(f"{name}.zip", archive(function_files(root, name) | libraries))
            for name in FUNCTIONS
        ),
        Artifact(WHEEL, wheel(root)),
        Artifact(SCRIPT, (root / "glue_jobs" / "job.py").read_bytes()),
        Artifact(REQUIREMENTS, requirements(root)),
        Artifact(TEMPLATE, json.dumps(template(), separators=(",", ":")).encode()),
    ]


def build_id(built: Iterable[Artifact]) -> str:
    """A name for a build: the same files, the same name."""
    digest = hashlib.sha256()
    for each in built:
        digest.update(f"{each.name}\n{hashlib.sha256(each.data).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def archive(files: Mapping[str, bytes]) -> bytes:
    """A ZIP archive that tells nothing of when and by whom it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, files[name], compresslevel=9)
    return out.getvalue()


def function_files(root: Path, name: str) -> dict[str, bytes]:
    """The handler's module, every module of ours that it imports, and their packages' own files."""
    found: set[Path] = set()
    waiting = [root / "lambdas" / name / "handler.py"]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += imported(root, path)
    packages = {folder / "__init__.py" for path in found for folder in path.parents}
    found |= {path for path in packages if path.is_file() and root in path.parents}
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def imported(root: Path, path: Path) -> list[Path]:
    """The modules of ours that a module imports, wherever in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    modules = (root.joinpath(*name.split(".")) for name in names if name.split(".")[0] in OWN)
    both = (file for each in modules for file in (each.with_suffix(".py"), each / "__init__.py"))
    return [file for file in both if file.is_file()]


def library_files() -> Iterator[tuple[str, bytes]]:
    """The Python files of what a function needs beside boto3, without what it never imports."""
    for library in LIBRARIES:
        for file in distribution(library).files or ():
            if file.suffix in (".py", ".typed") and ".." not in file.parts:
                yield file.as_posix(), Path(str(file.locate())).read_bytes()


def wheel(root: Path) -> bytes:
    """The program's wheel, which hatchling makes the same each time."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(command, cwd=root, capture_output=True, check=True)  # noqa: S603
        (made,) = Path(folder).glob("*.whl")
        return made.read_bytes()


def requirements(root: Path) -> bytes:
    """What the jobs install, pinned by hash: the lock without what only developers need."""
    return (root / "requirements-glue.lock").read_bytes()


def written(built: Iterable[Artifact], folder: Path) -> list[Path]:
    """The files, written into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for each in built:
        path = folder / each.name
        path.write_bytes(each.data)
        paths.append(path)
    return paths


def main(argv: list[str] | None = None) -> int:
    """Build everything into a folder and tell the sizes."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.package", description="Build what AWS runs.",
        epilog="example:\n  python -m infra.package --out build",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--out", default="build", metavar="DIR", help="folder (default: build)")
    built = artifacts()
    for path in written(built, Path(parser.parse_args(argv).out)):
        sys.stdout.write(f"{path.stat().st_size:>10,}  {path}\n")
    sys.stdout.write(f"build {build_id(built)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
