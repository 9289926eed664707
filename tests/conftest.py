"""How hard property tests try: enough for every run, or the full counts with PROVE=1."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("everyday", max_examples=10, deadline=None, derandomize=True)
settings.register_profile("prove", max_examples=1_000, deadline=None, derandomize=True)
settings.load_profile("prove" if os.environ.get("PROVE") == "1" else "everyday")
