"""What the servers that the tests run on Java have in common."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "contact-lake"


def java_homes() -> list[tuple[int, Path]]:
    """Major version and home of the installed JDKs, the newest first."""
    on_path = shutil.which("java")
    places = [Path(os.environ["JAVA_HOME"])] if "JAVA_HOME" in os.environ else []
    places += [Path(on_path).resolve().parents[1]] if on_path else []
    places += sorted(path.resolve() for path in Path("/usr/lib/jvm").glob("*"))
    versions = {home: _version(home) for home in places if (home / "bin/java").exists()}
    found = [(version, home) for home, version in versions.items() if version]
    return sorted(found, key=lambda each: -each[0])


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def stop(server: subprocess.Popen[bytes]) -> None:
    """End a server that leads a session of its own, by its process id, and what it started."""
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _version(home: Path) -> int:
    told = home / "release"
    version = re.search(r'JAVA_VERSION="(\d+)', told.read_text()) if told.exists() else None
    return int(version[1]) if version else 0
