"""One step meets one fault at one call: what a reader sees before and after it is done again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.faults.faulty_aws import AWS_FAULTS, FOLDER_FAULTS, Faults, injected
from tests.faults.places import Place
from tests.faults.steps import AWS, FOLDER, Parts, Step

FAULTS = {AWS: AWS_FAULTS, FOLDER: FOLDER_FAULTS}


class Clean(NamedTuple):
    """A step without a fault: what is seen before and after it, and the calls that it makes."""

    before: Parts
    after: Parts
    calls: list[str]


class Point(NamedTuple):
    """A fault at the call of a number (from 1)."""

    fault: str
    at: int


def clean(place: Place, step: Step) -> Clean:
    """The step as it is; the place is left as it was before, and remembered so."""
    step.ready(place)
    place.keep()
    before = step.seen(place)
    faults, is_done = _run(place, step, Faults())
    assert is_done
    found = Clean(before, step.seen(place), faults.calls)
    assert found.after != before
    return found


def troubles(place: Place, step: Step, found: Clean, point: Point) -> Iterator[str]:
    """What is wrong after the fault, and after the step was done once more without one."""
    place.put_back()
    faults, is_done = _run(place, step, Faults(*point))
    name = f"{step.name}, {point.fault} at {point.at}"
    if len(faults.calls) < point.at:
        yield f"{name}: there were {len(faults.calls)} calls only"
        return
    name += f" ({faults.calls[point.at - 1]})"
    if step.arguments and place.is_as_kept():  # its next process begins where `clean` did
        if is_done:
            yield f"{name}: said to be done, and has changed nothing"
        return
    seen = step.seen(place)
    yield from (f"{name}: {each}" for each in _torn(found, seen))
    if is_done and seen != found.after:
        yield f"{name}: said to be done, and is not"
    if step.seal and _is_new(found, seen, step.seal) and seen != found.after:
        yield f"{name}: {step.seal} is new and not all else"
    _, is_done = _run(place, step, Faults())
    if not is_done or step.seen(place) != found.after:
        yield f"{name}: not complete after it was done again"


def _run(place: Place, step: Step, faults: Faults) -> tuple[Faults, bool]:
    with injected(faults):
        try:
            return faults, step.run(place)
        except BaseException:
            if not faults.is_dead:
                raise
            return faults, False


def _torn(found: Clean, seen: Parts) -> Iterator[str]:
    for part in sorted({*found.before, *found.after, *seen}):
        now, old, new = (parts.get(part) for parts in (seen, found.before, found.after))
        if now not in (old, new):
            yield f"{part} is neither old nor new"


def _is_new(found: Clean, seen: Parts, part: str) -> bool:
    return seen.get(part) == found.after[part] != found.before.get(part)
