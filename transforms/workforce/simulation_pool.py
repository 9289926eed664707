"""Processes that stay from one set of simulations to the next.

A search simulates dozens of times, a few hundred days each; starting processes anew for each set
costs more than the simulations of a small centre.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from transforms.workforce.centre_outcome import Outcome
from transforms.workforce.centre_simulation import Job, simulated

Simulate = Callable[[Sequence[Job]], list[Outcome]]

_CHUNK = 8  # jobs that a process takes at once: of a large centre half a second's work


def in_this_process(jobs: Sequence[Job]) -> list[Outcome]:
    """The outcome of each job, in order."""
    return [_ran(job) for job in jobs]


@contextmanager
def simulating(workers: int) -> Iterator[Simulate]:
    """A function that gives each job's outcome, in order and the same for any number of workers."""
    if workers <= 1:
        yield in_this_process
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield lambda jobs: list(pool.map(_ran, jobs, chunksize=_CHUNK))


def _ran(job: Job) -> Outcome:
    return simulated(job.centre, job.day, job.rules, overlap=job.overlap)
