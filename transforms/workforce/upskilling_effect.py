"""What a change of a centre does to its callers: the same days before and after, as day blocks.

Each figure is a ratio of sums over days (waiting by calls, resolution by calls answered); its
interval is Student's over the days' contributions to it, linearised (W. G. Cochran, "Sampling
Techniques", ch. 6). Common random numbers make the days' differences far steadier than the days.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from transforms.workforce.centre import Centre
from transforms.workforce.centre_outcome import Outcome, SkillOutcome
from transforms.workforce.interval import half_width

Floats = NDArray[np.float64]
IN_ALL = "in all"


class Estimate(NamedTuple):
    """A figure and half of its 95 % interval; None for fewer than two days."""

    value: float
    half_width: float | None = None

    @property
    def low(self) -> float:
        """The interval's lower end; minus infinity where there is no interval."""
        return self.value - (float("inf") if self.half_width is None else self.half_width)

    @property
    def high(self) -> float:
        """The interval's upper end; infinity where there is no interval."""
        return self.value + (float("inf") if self.half_width is None else self.half_width)


class Effect(NamedTuple):
    """A figure before and after, and the change with its interval."""

    before: float
    after: float
    change: Estimate


class QueueEffect(NamedTuple):
    """What a queue's callers get; `queue` is "in all" for all of them.

    `service_level`: left the queue within the target, of all offered, as Connect counts it.
    `avg_resolution_time_s`: from the call made to the after-contact work done, of those answered.
    """

    queue: str
    mean_wait_s: Effect
    abandonment: Effect
    service_level: Effect
    avg_resolution_time_s: Effect


def cut(
    centre: Centre,
    before: Sequence[Outcome],
    after: Sequence[Outcome],
    today: Sequence[Outcome] | None = None,
) -> Estimate:
    """The waiting, weighed by cost, that a change saves, as a share of today's (else of before)."""
    old, new, all_waiting = (
        np.array([waiting(centre, day) for day in days])
        for days in (before, after, before if today is None else today)
    )
    ratio, parts = _ratio(old - new, all_waiting)
    return Estimate(ratio, half_width(parts.tolist()))


def waiting(centre: Centre, day: Outcome) -> float:
    """Cost of a day's waiting, in milliseconds of a caller of cost 1."""
    return sum(
        skill.cost * found.wait_ms for skill, found in zip(centre.skills, day.skills, strict=True)
    )


def effects(
    centre: Centre, before: Sequence[Outcome], after: Sequence[Outcome]
) -> tuple[QueueEffect, ...]:
    """In all first, then each queue in the centre's order."""
    return (
        _effect(IN_ALL, [day.in_all for day in before], [day.in_all for day in after]),
        *(
            _effect(skill.name, [day.skills[k] for day in before], [day.skills[k] for day in after])
            for k, skill in enumerate(centre.skills)
        ),
    )


def losers(found: Sequence[QueueEffect]) -> tuple[QueueEffect, ...]:
    """Queues that surely wait longer than before."""
    return tuple(each for each in found if each.queue != IN_ALL and each.mean_wait_s.change.low > 0)


def _effect(
    queue: str, before: Sequence[SkillOutcome], after: Sequence[SkillOutcome]
) -> QueueEffect:
    return QueueEffect(
        queue,
        _changed(before, after, lambda day: day.wait_ms / 1000, lambda day: day.offered),
        _changed(before, after, lambda day: day.abandoned, lambda day: day.offered),
        _changed(before, after, lambda day: day.gone_in_target, lambda day: day.offered),
        _changed(before, after, lambda day: day.resolution_ms / 1000, lambda day: day.answered),
    )


def _changed(
    before: Sequence[SkillOutcome],
    after: Sequence[SkillOutcome],
    amount: Callable[[SkillOutcome], float],
    count: Callable[[SkillOutcome], float],
) -> Effect:
    (today, parts), (then, new_parts) = (
        _ratio(np.array([amount(d) for d in days]), np.array([count(d) for d in days]))
        for days in (before, after)
    )
    change = Estimate(then - today, half_width((new_parts - parts).tolist()))
    return Effect(today, then, change)


def _ratio(amount: NDArray[np.generic], count: NDArray[np.generic]) -> tuple[float, Floats]:
    """The ratio of the sums, and each day's part in its error; 0 where nothing counts."""
    amounts, counts = amount.astype(np.float64), count.astype(np.float64)
    total = float(counts.sum())
    if not total:
        return 0.0, np.zeros(len(counts))
    ratio = float(amounts.sum()) / total
    return ratio, (amounts - ratio * counts) / (total / len(counts))
