"""What is installed is pinned: every requirement of a lock has a version and its hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

LOCKS = sorted(Path(__file__).parent.parent.glob("requirements*.lock"))


def requirements(text: str) -> list[str]:
    """The entries of a lock, each with the lines that continue it."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_requirement_has_a_version_and_a_hash(lock):
    found = requirements(lock.read_text())
    loose = [
        each
        for each in found
        if not re.match(r"[\w.\-\[\]]+==\S+ .*--hash=sha256:[0-9a-f]{64}", each)
    ]
    assert (loose, len(found) > 0) == ([], True)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_index(lock):
    text = lock.read_text()
    assert re.findall(r"--(?:extra-)?index-url|--find-links|--trusted-host|https?://", text) == []


def test_every_lock_is_looked_at():
    assert [path.name for path in LOCKS] == [
        "requirements-bench.lock",
        "requirements-checkov.lock",
        "requirements-ciw.lock",
        "requirements-glue.lock",
        "requirements-infra.lock",
        "requirements-sam.lock",
        "requirements.lock",
    ]


def versions(text: str) -> dict[str, set[str]]:
    """The versions of each package of a lock: more than one where Pythons differ."""
    found: dict[str, set[str]] = {}
    for each in requirements(text):
        name, version = re.match(r"([\w.\-]+)(?:\[.*?\])?==(\S+)", each).groups()
        found.setdefault(name.lower(), set()).add(version)
    return found


def test_the_jobs_on_aws_get_every_dependency_in_the_version_that_is_tested():
    root = Path(__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    asked = {re.match(r"[\w.\-]+", each)[0].lower() for each in project["dependencies"]}
    jobs, tested = (
        versions((root / name).read_text())
        for name in ("requirements-glue.lock", "requirements.lock")
    )
    assert asked - jobs.keys() == set()
    assert {name for name in jobs if jobs[name] != tested.get(name)} == set()
