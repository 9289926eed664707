"""Erlang's measures to 60 digits, by sums over states and by the density of the wait.

Nothing here is shared with the product: B and C are quotients of sums of powers over factorials
(no recursion), A is the birth-death chain summed state by state, and its waiting times follow from
the incomplete gamma function (Zeltyn and Mandelbaum 2005) instead of a mixture of beta
distributions.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import count
from typing import NamedTuple

DIGITS = 60
NOTHING = Decimal(10) ** -DIGITS


class Exact(NamedTuple):
    """The four measures of a queue, and the share answered and still waiting at a time."""

    wait_probability: float
    mean_wait: float
    abandonment: float
    occupancy: float
    service_level: float
    wait_beyond: float


def states(load: Decimal, agents: int) -> list[Decimal]:
    """The weights a^k / k! of 0 to n busy agents."""
    weights = [Decimal(1)]
    for busy in range(1, agents + 1):
        weights.append(weights[-1] * load / busy)
    return weights


def exact_b(load: float, agents: int) -> float:
    with localcontext(prec=DIGITS):
        weights = states(Decimal(load), agents)
        return float(weights[-1] / sum(weights))


def exact_c(load: float, agents: int, time: float = 0.0) -> Exact:
    """For a load below the agents."""
    with localcontext(prec=DIGITS):
        a, n, t = Decimal(load), Decimal(agents), Decimal(time)
        weights = states(a, agents)
        queued = weights[-1] * n / (n - a)
        waiting = queued / (sum(weights[:-1]) + queued)
        beyond = waiting * (-(n - a) * t).exp()
        return Exact(
            *map(float, (waiting, waiting / (n - a), Decimal(0), a / n, 1 - beyond, beyond))
        )


def exact_a(load: float, agents: int, patience: float, time: float = 0.0) -> Exact:
    """For a load, agents and a patience above 0."""
    with localcontext(prec=DIGITS):
        a, n, p, t = Decimal(load), Decimal(agents), Decimal(patience), Decimal(time)
        busy = states(a, agents)
        queue = [busy[-1]]
        for ahead in count(1):
            queue.append(queue[-1] * a / (n + ahead / p))
            if n + ahead / p > a and queue[-1] * (ahead + 1) < NOTHING * queue[0]:
                break
        callers = sum((k * weight for k, weight in enumerate(queue)), Decimal(0))
        total = sum(busy[:-1]) + sum(queue)
        serving = sum(k * weight for k, weight in enumerate(busy[:-1])) + n * sum(queue)
        waiting = sum(queue) / total
        still = (-t / p).exp()
        # V, the wait of a caller who stays, has the density f(v) = f(0) e^(-nv + ap(1 - e^(-v/p)))
        exponent = -n * t + a * p * (1 - still)
        beyond = waiting * exponent.exp() * _kummer(n * p, a * p * still) / _kummer(n * p, a * p)
        density = queue[0] / total * n * exponent.exp()
        answered_later = (n * beyond - density) / a
        return Exact(
            float(waiting),
            float(callers / total / a),
            float(1 - serving / total / a),
            float(serving / total / n),
            float(serving / total / a - answered_later),
            float(still * beyond),
        )


def _kummer(a: Decimal, x: Decimal) -> Decimal:
    """The sum of x^k / (a + 1)...(a + k): the lower incomplete gamma over x^a e^-x / a."""
    term = total = Decimal(1)
    for k in count(1):
        term *= x / (a + k)
        total += term
        if a + k > x and term < NOTHING * total:
            return total
    raise AssertionError
