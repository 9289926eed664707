"""RELIABILITY.md names every fault, and commands that there are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "RELIABILITY.md").read_text()
ROWS = re.findall(r"^\| (F\d+) \| (.+?) \| (.+) \|(.*)\|$", TEXT, re.MULTILINE)
COMMANDS = re.findall(r"`pytest ([^`]+)`", TEXT)


def test_every_fault_has_a_row():
    assert [name for name, *_ in ROWS] == [f"F{n}" for n in range(1, 34)]


def test_a_row_has_a_command_or_says_that_it_is_not_shown():
    silent = [name for name, _, shown, how in ROWS if "`pytest " not in how + shown]
    assert [name for name, _, shown, _ in ROWS if name in silent and "Not shown" not in shown] == []


def test_every_test_that_is_named_is_collected():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *sorted(set(COMMANDS))], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, len(COMMANDS) > 50) == (0, True), done.stdout + done.stderr
