"""How hard property tests try (PROVE=1: the full counts), and what all tests need read once."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader
from hypothesis import settings

settings.register_profile("everyday", max_examples=10, deadline=None, derandomize=True)
settings.register_profile("prove", max_examples=1_000, deadline=None, derandomize=True)
settings.load_profile("prove" if os.environ.get("PROVE") == "1" else "everyday")

_read = JSONFileLoader.load_file


@cache
def _model(path: str) -> Any:
    return _read(JSONFileLoader(), path)


# Each new session reads the services' models anew, 60 ms a client; nobody changes them.
JSONFileLoader.load_file = lambda _self, path: _model(path)
