"""What is installed is pinned: every requirement of a lock has a version and its hashes."""

from __future__ import annotations

import re
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
