"""How long callers are willing to wait, told from waits that an answer cut short.

A caller who was answered after 40 s would have waited longer, nobody knows how long. The mean wait
of those who abandoned leaves these callers out, and so tells the patience of the hasty only. Here
an answer is censoring: E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete
observations" (JASA 1958); for call centres N. Gans, G. Koole and A. Mandelbaum, "Telephone call
centers" (M&SOM 2003), and L. Brown et al., "Statistical analysis of a telephone call center" (JASA
2005).

Inputs are, per queued contact, `wait_ms` (from enqueued to answered or gone, whole milliseconds)
and `abandoned` (gone unanswered). The order of contacts never matters; empty inputs are allowed.
"""

from __future__ import annotations

from math import exp, inf, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class PatienceCurve(NamedTuple):
    """The share of callers willing to wait beyond a time (Kaplan and Meier 1958).

    One entry per distinct `wait_ms` at which somebody abandoned, ascending: contacts that had
    waited as long (`at_risk`), those who left then (`abandoned`), and the share that would wait
    beyond (`survival`). `longest_ms` is the longest wait seen; beyond it nothing is known unless
    the curve has come to 0.
    """

    wait_ms: NDArray[np.int64]
    at_risk: NDArray[np.int64]
    abandoned: NDArray[np.int64]
    survival: NDArray[np.float64]
    longest_ms: int

    def survival_at(self, wait_ms: ArrayLike) -> NDArray[np.float64]:
        """The share willing to wait beyond each time; the last known share after the last one."""
        passed = np.searchsorted(self.wait_ms, np.asarray(wait_ms), side="right")
        return np.concatenate(([1.0], self.survival))[passed]

    def quantile_ms(self, share: float) -> float:
        """The time by which that share would have left; infinite if so few left in all.

        The first time at which the curve is at or below 1 - share.
        """
        if not 0 < share < 1:
            raise ValueError(f"share is {share}: it must lie between 0 and 1")
        # Products of many factors miss 1 - share by their rounding.
        left = np.flatnonzero(self.survival <= (1 - share) * (1 + 1e-12))
        return float(self.wait_ms[left[0]]) if left.size else inf

    def median_ms(self) -> float:
        """The time by which half of the callers would have left; infinite if fewer left."""
        return self.quantile_ms(0.5)

    def restricted_mean_ms(self, until_ms: int) -> float:
        """The mean of patience cut at a time, the area below the curve up to it.

        ValueError if the time lies beyond what was seen.
        """
        ended = self.survival.size > 0 and self.survival[-1] == 0
        if until_ms < 0 or (until_ms > self.longest_ms and not ended):
            raise ValueError(
                f"until_ms is {until_ms}: the waits seen tell patience from 0 to "
                f"{self.longest_ms} ms"
            )
        steps = self.wait_ms[self.wait_ms < until_ms]
        widths = np.diff(np.concatenate(([0], steps, [until_ms])))
        return float(widths @ np.concatenate(([1.0], self.survival[: steps.size])))


class AbandonRate(NamedTuple):
    """The rate of abandonment per second of waiting, 1 / mean patience, and its interval."""

    per_s: float
    low_per_s: float
    high_per_s: float
    abandoned: int
    waited_s: float

    @property
    def mean_patience_s(self) -> float:
        """The mean patience, were it exponential; infinite if nobody abandoned."""
        return 1 / self.per_s if self.per_s else inf


def patience_curve(wait_ms: ArrayLike, abandoned: ArrayLike) -> PatienceCurve:
    """The Kaplan-Meier curve of patience; who leaves at a time goes before who is answered then.

    ValueError if the inputs differ in length or a wait is negative.
    """
    wait, left = _waits(wait_ms, abandoned)
    wait_ms_sorted, times_left = np.sort(wait), np.sort(wait[left])
    at, count = np.unique(times_left, return_counts=True)
    at_risk = wait.size - np.searchsorted(wait_ms_sorted, at, side="left")
    survival = np.cumprod((at_risk - count) / at_risk, dtype=np.float64)
    longest = int(wait_ms_sorted[-1]) if wait.size else 0
    return PatienceCurve(at, at_risk, count, survival, longest)


def hazard_per_s(
    wait_ms: ArrayLike, abandoned: ArrayLike, edges_ms: ArrayLike
) -> NDArray[np.float64]:
    """The rate of abandonment in each band of waiting time, per second; NaN where nobody waited.

    Band j runs from edge j up to, but without, edge j + 1: those who left in it over the seconds
    that all contacts spent in it. ValueError as in `patience_curve`, and for edges that do not
    ascend.
    """
    wait, left = _waits(wait_ms, abandoned)
    edges = np.asarray(edges_ms, dtype=np.int64)
    if edges.size < 2 or np.any(np.diff(edges) <= 0):
        raise ValueError(f"edges_ms is {edges.tolist()}: two or more ascending times are needed")
    leaving = np.diff(np.searchsorted(np.sort(wait[left]), edges, side="left"))
    ordered = np.sort(wait)
    shorter = np.searchsorted(ordered, edges, side="left")
    waited_until = np.concatenate(([0], np.cumsum(ordered)))[shorter]
    exposure_ms = np.diff(waited_until + (wait.size - shorter) * edges)
    rate = np.full(exposure_ms.size, np.nan)
    np.divide(1000 * leaving, exposure_ms, out=rate, where=exposure_ms > 0)
    return rate


def abandon_rate(wait_ms: ArrayLike, abandoned: ArrayLike, confidence: float = 0.95) -> AbandonRate:
    """The rate were patience exponential: abandoned over all seconds waited, by whomever.

    The likeliest rate given the censoring. Its interval is the normal one of its logarithm, whose
    variance is 1 / abandoned; with none abandoned, from 0 to where so few would be that unlikely.
    ValueError as in `patience_curve`, or if nobody waited at all.
    """
    wait, left = _waits(wait_ms, abandoned)
    waited_s, gone = int(wait.sum()) / 1000, int(left.sum())
    if not waited_s:
        raise ValueError("wait_ms is 0 in all: nobody waited, so that nothing tells of patience")
    if not gone:
        return AbandonRate(0.0, 0.0, -log((1 - confidence) / 2) / waited_s, 0, waited_s)
    rate = gone / waited_s
    factor = exp(NormalDist().inv_cdf((1 + confidence) / 2) / sqrt(gone))
    return AbandonRate(rate, rate / factor, rate * factor, gone, waited_s)


def shrunk_rates_per_s(
    abandoned: ArrayLike, waited_ms: ArrayLike, *, prior: float = 50.0, enough: int = 100
) -> NDArray[np.float64]:
    """The rate of abandonment per queue and second, drawn to all queues' where one tells little.

    Each queue gives its abandoned contacts and the milliseconds that all its contacts waited. With
    `enough` abandoned a queue's own rate stands; below, (abandoned + m) / (waited + m / r), the
    mean of a gamma posterior whose prior is worth m = `prior` abandons at r, the rate over all
    queues. 0 where nobody abandoned in any queue; ValueError if nobody waited in any.
    """
    gone = np.asarray(abandoned, dtype=np.int64)
    waited = np.asarray(waited_ms, dtype=np.int64)
    if not waited.sum():
        raise ValueError("waited_ms is 0 in all: nobody waited, so that nothing tells of patience")
    if not gone.sum():
        return np.zeros(gone.shape)
    waited_s, all_rate = waited / 1000, 1000 * int(gone.sum()) / int(waited.sum())
    own = np.divide(gone, waited_s, out=np.full(gone.shape, all_rate), where=waited > 0)
    shrunk = (gone + prior) / (waited_s + prior / all_rate)
    return np.where((gone >= enough) & (waited > 0), own, shrunk)


def _waits(wait_ms: ArrayLike, abandoned: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    wait, left = np.asarray(wait_ms, dtype=np.int64), np.asarray(abandoned, dtype=np.bool_)
    if wait.shape != left.shape or wait.ndim != 1:
        raise ValueError(
            f"wait_ms has the shape {wait.shape}, abandoned {left.shape}: "
            "one of each per contact is needed"
        )
    if wait.size and wait.min() < 0:
        raise ValueError(f"wait_ms holds {wait.min()}: a wait is 0 ms or longer")
    return wait, left
