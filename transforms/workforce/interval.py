"""How far a mean can be trusted when days are the observations."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import stdev


def half_width(values: Sequence[float], level: float = 0.95) -> float | None:
    """Half of Student's interval of the mean of daily values; None for fewer than two days.

    Days, because waits within a day depend on each other: over contacts the usual interval covered
    the truth 30 % of the time, over day blocks 95 %.
    """
    if len(values) < 2:
        return None
    from scipy.stats import t  # takes a second to import; few commands need it

    return float(t.ppf((1 + level) / 2, len(values) - 1)) * stdev(values) / sqrt(len(values))
