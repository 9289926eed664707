"""Who best serves what, interval by interval, and what one more skill of an agent is worth.

Agents with equal skills form a group. A linear programme shares each group's agents among its
skills so that the cost of waiting is least, every skill's queue being Erlang A (Garnett,
Mandelbaum and Reiman 2002) in the effective staff that it gets. Its dual prices tell what one more
agent is worth in a skill and in a group, and so what a training is. (A fluid model, where only a
load above the staff costs, has prices of 0 wherever nobody is overloaded.)

Arrays: G groups, K skills, I intervals. `load` in erlangs of an ordinary agent; `patience` in mean
handle times of the skill, finite; `cost` of one caller waiting for a unit of time; `agents` the
mean number staffed in the interval, whole or not; `efficiency` (G, K) the speed of the group's
agents in a skill, 1 as an ordinary agent, 0 where they lack it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from transforms.workforce.erlang import erlang_a

Floats = NDArray[np.float64]

# Whole numbers of agents fill the curves' pieces exactly, and there one agent more is worth less
# than one fewer. This much staff on top, a little different in each row, makes every price one
# and the same: that of more.
_A_HAIR = 1e-7


class WaitingCurve(NamedTuple):
    """Mean callers waiting (`waiting`) at some numbers of agents (`staff`), straight between."""

    staff: Floats
    waiting: Floats


class Allocation(NamedTuple):
    """The cheapest sharing of one interval's agents.

    `agents` (G, K): whose time goes where; those of no use to anybody stay unallocated. `staff`
    (K,): the effective staff of each skill. `waiting` (K,): mean callers waiting. `cost`: of all
    who wait, per unit of time. `staff_price` (K,): what a little more of an ordinary agent would
    save in a skill, per agent; `agent_price` (G,): likewise of the group's agents.
    """

    agents: Floats
    staff: Floats
    waiting: Floats
    cost: float
    staff_price: Floats
    agent_price: Floats


def head_staff(agents: ArrayLike, efficiency: ArrayLike) -> Floats:
    """The agents who have each skill, counted in full in each: (..., G) to (..., K)."""
    counted: Floats = np.asarray(agents, dtype=float) @ (np.asarray(efficiency) > 0).astype(float)
    return counted


def share_staff(agents: ArrayLike, efficiency: ArrayLike) -> Floats:
    """The agents who have each skill, each shared equally among theirs: (..., G) to (..., K)."""
    held = np.asarray(efficiency) > 0
    share = held / np.maximum(1, held.sum(axis=1))[:, None]
    counted: Floats = np.asarray(agents, dtype=float) @ share
    return counted


def waiting_curve(load: float, patience: float) -> WaitingCurve:
    """Erlang A's mean queue length, convex in the staff, as a line of straight pieces.

    It bends at 0 and at every whole number within 6 √load + 6 of the load: below, where hardly
    anybody is answered at once, it is as good as straight; above, next to nobody waits, and
    further staff counts for nothing. ValueError as in `erlang_a`.
    """
    reach = 6 * sqrt(load) + 6
    low, high = max(0, floor(load - reach)), ceil(load + reach)
    staff = [0, *range(max(1, low), high + 1)]
    waiting = [load * erlang_a(load, agents, patience).mean_wait for agents in staff]
    return WaitingCurve(np.array(staff, dtype=float), np.array(waiting))


def allocation(
    load: ArrayLike,
    patience: ArrayLike,
    cost: ArrayLike,
    agents: ArrayLike,
    efficiency: ArrayLike,
) -> Allocation:
    """The cheapest allocation of one interval: `load`, `patience`, `cost` (K,), `agents` (G,).

    Always one exists: agents may stay unallocated, skills unserved. Equal inputs give equal bytes.
    ValueError if shapes differ or a value is negative, not finite or, as a patience, above 1e9.
    """
    return _allocation(*_checked(load, patience, cost, agents, efficiency))


def allocations(
    load: ArrayLike,
    patience: ArrayLike,
    cost: ArrayLike,
    agents: ArrayLike,
    efficiency: ArrayLike,
) -> tuple[Allocation, ...]:
    """One allocation per interval: `load` (I, K), `agents` (I, G), the rest as in `allocation`.

    `patience` may also be (I, K).
    """
    loads, staffs = np.asarray(load, dtype=float), np.asarray(agents, dtype=float)
    patiences = np.broadcast_to(np.asarray(patience, dtype=float), loads.shape)
    return tuple(
        allocation(load_k, patience_k, cost, agents_g, efficiency)
        for load_k, patience_k, agents_g in zip(loads, patiences, staffs, strict=True)
    )


def training_value(
    allocated: Sequence[Allocation],
    agents: ArrayLike,
    efficiency: ArrayLike,
    *,
    talent: ArrayLike = 1.0,
    slow: float = 1.25,
    interval_minutes: float = 15.0,
) -> Floats:
    """The cost of waiting saved if one agent of a group learns a skill: (G, K), 0 where it has it.

    In cost × minutes, so wait-minutes where the cost of waiting is 1. Per interval the price of
    the skill, at the agent's `talent` (G, K) for it (1 ordinary) made `slow` by being new, less
    the price of the agent's time today, where that is positive; times the agent's presence, which
    is 1 where the group (`agents`, (I, G), as allocated) has an agent or more, else its mean
    number. A first-order value, for a shortlist: the simulation decides.
    """
    presence = np.minimum(1.0, np.asarray(agents, dtype=float))[:, :, None]
    skill = np.array([each.staff_price for each in allocated])[:, None, :]
    today = np.array([each.agent_price for each in allocated])[:, :, None]
    gain = np.maximum(0.0, skill * np.asarray(talent, dtype=float) / slow - today)
    saved = interval_minutes * (presence * gain).sum(axis=0)
    return np.where(np.asarray(efficiency) > 0, 0.0, saved)


def _allocation(
    load: Floats, patience: Floats, cost: Floats, agents: Floats, efficiency: Floats
) -> Allocation:
    """The programme over pieces of the curves (how far each is filled) and shares of groups.

    The curves being convex, their pieces fill from the steepest on by themselves.
    """
    curves = [waiting_curve(*skill) for skill in zip(load.tolist(), patience.tolist(), strict=True)]
    widths = [np.diff(curve.staff) for curve in curves]
    slopes = [
        price * np.diff(curve.waiting) / width
        for price, curve, width in zip(cost, curves, widths, strict=True)
    ]
    group, skill = np.nonzero(efficiency)
    objective = np.concatenate((*slopes, np.zeros(group.size)))
    scale = float(np.abs(objective).max(initial=0.0)) or 1.0  # the solver's tolerance is absolute
    limits = _limits([width.size for width in widths], efficiency)
    supply = np.concatenate((np.zeros(load.size), agents))
    found = linprog(
        objective / scale,
        A_ub=limits,
        b_ub=supply + _A_HAIR * np.linspace(1, 2, supply.size),
        bounds=[(0, width) for width in np.concatenate(widths)] + [(0, None)] * group.size,
        method="highs-ds",  # a vertex, the same one each time
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    shared = np.zeros(efficiency.shape)
    shared[group, skill] = np.maximum(0.0, found.x[objective.size - group.size :])
    staff = (shared * efficiency).sum(axis=0)
    waiting = np.array([np.interp(s, *curve) for s, curve in zip(staff, curves, strict=True)])
    prices = np.maximum(0.0, -scale * found.ineqlin.marginals)
    by_skill, by_group = prices[: load.size], prices[load.size :]
    return Allocation(shared, staff, waiting, float(cost @ waiting), by_skill, by_group)


def _limits(pieces: Sequence[int], efficiency: Floats) -> Floats:
    """Rows: a skill's pieces less what groups give it; then what each group gives in all."""
    group, skill = np.nonzero(efficiency)
    groups, skills = efficiency.shape
    filled = np.arange(sum(pieces))
    given = filled.size + np.arange(group.size)
    limits = np.zeros((skills + groups, filled.size + given.size))
    limits[np.repeat(np.arange(skills), pieces), filled] = 1.0
    limits[skill, given] = -efficiency[group, skill]
    limits[skills + group, given] = 1.0
    return limits


def _checked(
    load: ArrayLike, patience: ArrayLike, cost: ArrayLike, agents: ArrayLike, efficiency: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    arrays = [np.asarray(each, dtype=float) for each in (load, patience, cost, agents, efficiency)]
    groups, skills = arrays[3].size, arrays[0].size
    names = ("load", "patience", "cost", "agents", "efficiency")
    shapes = ((skills,), (skills,), (skills,), (groups,), (groups, skills))
    for name, values, shape in zip(names, arrays, shapes, strict=True):
        if values.shape != shape:
            raise ValueError(f"{name} has the shape {values.shape}: it must be {shape}")
        if not np.all((values >= 0) & (values < np.inf)):
            raise ValueError(f"{name} is {values.tolist()}: each must be 0 or more, and finite")
    return arrays[0], arrays[1], arrays[2], arrays[3], arrays[4]
