"""Work that another writer may be first with: done again from what is there then."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from glue_jobs.lake import ConflictError

MOST_RETRIES = 5
FIRST_WAIT_S = 0.1

Result = TypeVar("Result")


def raced(work: Callable[[], Result]) -> Result:
    """What `work` returns, done again up to five times while another writer is first.

    `work` must read what it builds on itself, so that each time starts from what the winner has
    left. Raises the ConflictError of the last time.
    """
    for turn in range(MOST_RETRIES):
        try:
            return work()
        except ConflictError:
            # Two that wait equally long would meet again.
            time.sleep(random.uniform(0, FIRST_WAIT_S * 2**turn))  # noqa: S311
    return work()
