"""`make check`: known vulnerabilities of what the locks pin, by pip-audit.

Advisories come from PyPI's JSON API, or from an OSV service at AUDIT_OSV_URL. Where none answers,
nothing is known: that is said, and is no failure, so that the check also runs without a network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_TIMEOUT_S = 300


def main(locks: Sequence[str]) -> int:
    """Print a line a vulnerability and one about all packages; 1 if there is any."""
    told = _told(locks)
    packages = told["dependencies"]
    known = [line for package in packages for line in _vulnerable(package)]
    audited = sum("vulns" in package for package in packages)
    print(*known, sep="\n", end="\n" if known else "")  # noqa: T201
    print(  # noqa: T201
        f"{', '.join(locks)}: {len(packages)} packages, {audited} audited,"
        f" {len(known)} known vulnerabilities"
    )
    if audited < len(packages):
        why = next((each["skip_reason"] for each in packages if "skip_reason" in each), "")
        print(f"warning: not all advisories could be read; {told.get('why', why)}")  # noqa: T201
    return 1 if known else 0


def _told(locks: Sequence[str]) -> dict[str, Any]:
    service = os.environ.get("AUDIT_OSV_URL")
    where = ["--vulnerability-service", "osv", "--osv-url", service] if service else []
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
        + ["--format", "json", "--progress-spinner", "off", *where]
        + [each for lock in locks for each in ("--requirement", lock)],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.stdout:
        return json.loads(done.stdout)
    return {"dependencies": _unaudited(locks), "why": done.stderr.strip().rpartition("\n")[2]}


def _unaudited(locks: Sequence[str]) -> list[dict[str, Any]]:
    """What the locks pin, as pip-audit would have told it had anybody answered."""
    lines = (line for lock in locks for line in Path(lock).read_text().splitlines())
    pins = {line.partition(" ")[0] for line in lines if "==" in line.partition(" ")[0]}
    return [{"name": pin.partition("==")[0]} for pin in sorted(pins)]


def _vulnerable(package: dict[str, Any]) -> Iterator[str]:
    for each in package.get("vulns", ()):
        mended = ", ".join(each["fix_versions"]) or "nothing yet"
        yield f"{package['name']} {package['version']}: {each['id']}, mended in {mended}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
