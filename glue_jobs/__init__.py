"""The shell: settings, the lake, jobs, quality gate, publishing and the command line."""

import os

# What Arrow frees goes back to the system at once: a twentieth less memory at a build's peak, and
# no more time. Read when pyarrow is imported: https://microsoft.github.io/mimalloc/environment.html
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "0")
