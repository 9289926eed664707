"""How much memory and processor a piece of work takes, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

# A child's `ru_maxrss` begins with its parent's; what the kernel tells of the process does not.
_PROBE = """
import re, sys, time
from pathlib import Path

def kib(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

{prepared}
Path("/proc/self/clear_refs").write_text("5")
before, began = kib("VmRSS"), time.process_time()
{work}
took = time.process_time() - began
sys.stdout.write(f"\\n{{(kib('VmHWM') - before) / 1024}} {{took}}")
"""


class Cost(NamedTuple):
    """By how much the peak of memory grew, and the time of the processor."""

    growth_mib: float
    cpu_s: float


def cost(prepared: str, work: str) -> Cost:
    """What `work` costs when it runs after `prepared` (both Python text)."""
    code = _PROBE.format(prepared=prepared, work=work)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return Cost(*map(float, done.stdout.splitlines()[-1].split()))
