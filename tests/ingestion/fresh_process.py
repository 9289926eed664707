"""How much memory a piece of work takes, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys

# A child's `ru_maxrss` begins with its parent's; what the kernel tells of the process does not.
_PROBE = """
import re, sys
from pathlib import Path

def kib(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

{prepared}
Path("/proc/self/clear_refs").write_text("5")
before = kib("VmRSS")
{work}
sys.stdout.write("\\n" + str((kib("VmHWM") - before) / 1024))
"""


def growth_mib(prepared: str, work: str) -> float:
    """By how many MiB the peak of memory grows while `work` runs after `prepared` (Python text)."""
    code = _PROBE.format(prepared=prepared, work=work)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])
