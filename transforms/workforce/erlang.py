"""How long callers wait for one pool of equal agents, in closed form: Erlang's B, C and A.

Times are in mean handle times. `load` is in erlangs (calls per mean handle time), `agents` a whole
number. Stable from nothing to many thousand erlangs: every sum has positive terms only, and is
taken relative to its largest one, so that nothing overflows and nothing cancels.

Sources: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance
in automatic telephone exchanges" (1917), for B and C; C. Palm, "Research on telephone traffic
carried by full availability groups" (1957), for A, the model whose callers lose patience;
O. Garnett, A. Mandelbaum and M. Reiman, "Designing a call center with impatient customers"
(M&SOM 2002) and W. Whitt, "Engineering solution of a basic call-center model" (Management
Science 2005), for its measures and waiting times.
"""

from __future__ import annotations

from math import ceil, exp, expm1, floor, inf, isnan, log, sqrt
from operator import index
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betainc, betaincc

_NEGLIGIBLE = 45.0  # a weight below e^-45 of the largest is lost in the rounding of the sum
_LONGEST_PATIENCE = 1e9


class ErlangQueue(NamedTuple):
    """What callers and agents of one pool meet in the long run; times in mean handle times.

    Of all arrivals: `wait_probability` is the share that finds no agent free, `mean_wait` the mean
    until answer or abandonment (the unwaiting count as 0), `abandonment` the share that leaves
    unanswered. `occupancy` is the share of the agents' time on calls (1 if calls come to nobody).
    """

    load: float
    agents: int
    patience: float
    wait_probability: float
    mean_wait: float
    abandonment: float
    occupancy: float

    def service_level(self, within: float) -> float:
        """The share of all arrivals, abandoned ones included, that is answered within a time.

        1 - e^-θV of an arrival behind i waiting ones, V its wait if it stays, is Beta(i + 1, n/θ);
        staying weighs it by e^-θV.
        """
        _require(within >= 0, "within", within, "0 or more")
        if self.patience == inf:
            return 1.0 - self._unanswered_c(within)
        at_once = 1.0 - self.wait_probability
        if self.agents == 0 or self.patience == 0:
            return at_once
        ahead, weight = self._ahead()
        rate = self.agents * self.patience
        gone = -expm1(-within / self.patience)
        answered = rate / (rate + ahead + 1) * betainc(ahead + 1, rate + 1, gone)
        return at_once + self.wait_probability * float(weight @ answered)

    def wait_beyond(self, time: float) -> float:
        """The share of all arrivals still waiting after a time, neither answered nor gone.

        Amazon Connect's own service level, which counts callers who leave in time as good, is
        one less this.
        """
        _require(time >= 0, "time", time, "0 or more")
        if self.patience == inf:
            return self._unanswered_c(time)
        if self.patience == 0:
            return 0.0
        patient = exp(-time / self.patience)
        if self.agents == 0:
            return patient
        ahead, weight = self._ahead()
        gone = -expm1(-time / self.patience)
        unanswered = float(weight @ betaincc(ahead + 1, self.agents * self.patience, gone))
        return self.wait_probability * patient * unanswered

    def wait_quantile(self, share: float) -> float:
        """The time within which that share of all arrivals is answered or has abandoned."""
        _require(0 <= share <= 1, "share", share, "in [0, 1]")
        beyond = 1.0 - share
        if beyond >= self.wait_probability:
            return 0.0
        if self.patience == inf:
            spare = self.agents - self.load
            return log(self.wait_probability / beyond) / spare if beyond and spare > 0 else inf
        if self.patience == 0:
            return 0.0
        if beyond == 0:
            return inf
        latest = -self.patience * log(beyond)  # when so many would have left, were none answered
        if self.wait_beyond(latest) >= beyond:
            return latest
        found = brentq(lambda t: self.wait_beyond(t) - beyond, 0.0, latest, xtol=1e-300, rtol=1e-14)
        return float(found)

    def _unanswered_c(self, time: float) -> float:
        spare = self.agents - self.load
        return self.wait_probability * exp(-spare * time) if spare > 0 else 1.0

    def _ahead(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How many wait before an arrival that must wait, and with which probability."""
        ahead, weight = _queue_weights(self.load, self.agents, self.patience)
        return ahead, weight / weight.sum()


class Target(NamedTuple):
    """What a pool must keep, all of it: times in mean handle times, shares of all arrivals.

    At least `service_level` answered within `within`; at most `mean_wait`, `abandonment` and
    `occupancy`. What is left out binds nothing.
    """

    service_level: float = 0.0
    within: float = 0.0
    mean_wait: float = inf
    abandonment: float = 1.0
    occupancy: float = 1.0

    def is_met(self, queue: ErlangQueue) -> bool:
        """Whether a queue keeps all of it."""
        return (
            queue.mean_wait <= self.mean_wait
            and queue.abandonment <= self.abandonment
            and queue.occupancy <= self.occupancy
            and queue.service_level(self.within) >= self.service_level
        )


def erlang_b(load: float, agents: int) -> float:
    """The share of calls that find all agents busy and are lost, none waiting (Erlang 1917).

    By the recursion B_n = a B_(n-1) / (n + a B_(n-1)), B_0 = 1. ValueError if `load` is negative
    or infinite or `agents` is not a whole number from 0 on.
    """
    agents = _checked(load, agents)
    blocking = 1.0
    for agent in range(1, agents + 1):
        blocking = load * blocking / (agent + load * blocking)
    return blocking


def erlang_c(load: float, agents: int) -> ErlangQueue:
    """The queue whose callers all wait until answered, M/M/n (Erlang 1917).

    Where the load is not below the agents, everybody waits, and without end. Errors as in
    `erlang_b`.
    """
    blocking = erlang_b(load, agents)
    if load >= agents:
        return ErlangQueue(load, agents, inf, 1.0, inf, 0.0, 1.0 if load else 0.0)
    waiting = agents * blocking / (agents - load * (1.0 - blocking))
    return ErlangQueue(load, agents, inf, waiting, waiting / (agents - load), 0.0, load / agents)


def erlang_a(load: float, agents: int, patience: float) -> ErlangQueue:
    """The queue whose callers lose patience after exponential times, M/M/n+M (Palm 1957).

    `patience` is mean patience over mean handle time: 0 gives Erlang B (who cannot be answered
    leaves), infinity exactly `erlang_c`. A chain of births (load) and deaths (busy agents +
    waiting / patience); abandonment = mean wait / patience. ValueError as in `erlang_b`, and for
    a patience below 0, NaN, or finite and above 1e9.
    """
    _require(
        0 <= patience <= _LONGEST_PATIENCE or patience == inf,
        "patience", patience, f"0 to {_LONGEST_PATIENCE:g} mean handle times, or infinite",
    )  # fmt: skip
    if patience == inf:
        return erlang_c(load, agents)
    blocking = erlang_b(load, agents)
    if load * patience == 0:  # nobody ever waits: there is no call, or no patience
        mean_wait = patience * blocking
        return _with_occupancy(load, agents, patience, blocking, mean_wait, blocking)
    ahead, weight = _queue_weights(load, agents, patience)
    queued = blocking * float(weight.sum())
    none_queued = (1.0 - blocking) * (float(weight[0]) if ahead[0] == 0 else 0.0)
    waiting = queued / (queued + none_queued)
    waiting_calls = waiting * float(ahead @ weight) / float(weight.sum())
    lost = waiting_calls / (load * patience)
    return _with_occupancy(load, agents, patience, waiting, waiting_calls / load, lost)


def agents_needed(load: float, target: Target, patience: float = inf) -> int:
    """The fewest agents that keep the target; none where there is no load.

    By Erlang A, or C where nobody loses patience. ValueError as in `erlang_a`, and for a target
    that no number of agents keeps.
    """
    _require(0 <= target.service_level < 1, "service_level", target.service_level, "in [0, 1)")
    _require(target.mean_wait > 0, "mean_wait", target.mean_wait, "above 0")
    _require(0 < target.abandonment <= 1, "abandonment", target.abandonment, "in (0, 1]")
    _require(0 < target.occupancy <= 1, "occupancy", target.occupancy, "in (0, 1]")
    if load == 0:
        return 0
    too_few, enough, step = -1, 0, max(1, ceil(load))
    while not target.is_met(erlang_a(load, enough, patience)):
        too_few, enough, step = enough, enough + step, 2 * step
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        met = target.is_met(erlang_a(load, middle, patience))
        too_few, enough = (too_few, middle) if met else (middle, enough)
    return enough


def _queue_weights(
    load: float, agents: int, patience: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Numbers of waiting callers and their probabilities relative to the likeliest one.

    A number follows the one before by load / (agents + number / patience). Those too unlikely to
    count are left out on both sides: with x = load * patience, the m-th step from the peak has
    lost at least m² / 2(x + m) above it and m² / 2x below, in logarithms.
    """
    arriving, served = load * patience, agents * patience
    peak = max(0, floor(arriving - served))
    ratio = arriving / (served + peak + 1)
    largest = max(arriving, served)
    above = _NEGLIGIBLE + sqrt(_NEGLIGIBLE**2 + 2 * _NEGLIGIBLE * largest)
    above = min(above, _NEGLIGIBLE / -log(ratio) + 1) if 0 < ratio < 1 else above
    first = max(0, peak - ceil(sqrt(2 * _NEGLIGIBLE * arriving)))
    down = np.cumprod((served + np.arange(peak, first, -1)) / arriving)
    up = np.cumprod(arriving / (served + np.arange(peak + 1, peak + 2 + ceil(above))))
    weight = np.concatenate((down[::-1], [1.0], up))
    return np.arange(first, first + len(weight), dtype=np.float64), weight


def _with_occupancy(
    load: float, agents: int, patience: float, waiting: float, mean_wait: float, lost: float
) -> ErlangQueue:
    lost = min(1.0, lost)
    busy = load * (1.0 - lost)
    occupancy = min(1.0, busy / agents) if agents else float(load > 0)
    return ErlangQueue(load, agents, patience, waiting, mean_wait, lost, occupancy)


def _checked(load: float, agents: int) -> int:
    _require(0 <= load < inf, "load", load, "0 or more erlangs, and finite")
    try:
        agents = index(agents)
    except TypeError as error:
        raise ValueError(f"agents is {agents}: it must be a whole number") from error
    _require(agents >= 0, "agents", agents, "0 or more")
    return agents


def _require(holds: bool, name: str, value: float, must_be: str) -> None:
    if not holds or isnan(value):
        raise ValueError(f"{name} is {value}: it must be {must_be}")
