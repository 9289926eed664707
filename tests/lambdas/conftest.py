"""What most tests of Lambdas stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from glue_jobs.standin import StandIn, stand_in


@pytest.fixture(scope="module")
def aws() -> Iterator[StandIn]:
    """An AWS of the module's own, with no tables yet."""
    with stand_in() as running:
        yield running
