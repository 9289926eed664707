"""Who should lend agents to whom, when, and how many stay back: a grid, tried by simulation.

Lending at once with one agent kept back was best in the centres measured, and the usual "overflow
after 60 s" gave half of the gain away; but where lenders are slow or nearly full that may turn, so
that each centre tries for itself. Threshold control: S. L. Bell and R. J. Williams, Dynamic
Scheduling of a System with Two Parallel Servers in Heavy Traffic, Annals of Applied Probability
11(3), 2001.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import product
from typing import Any, NamedTuple

import pyarrow as pa

from transforms.workforce.centre import Centre, Day, day
from transforms.workforce.centre_outcome import Outcome, SkillOutcome
from transforms.workforce.centre_simulation import Job, Lending, Rules, simulated, simulations
from transforms.workforce.interval import half_width

MOST_LENDERS = 3
MOST_SERVICE_LOSS = 0.01  # of a lender's share answered in target
_ORDER_DAYS = 5
_EASED = 6  # of the settings that lenders lose too much by, the best

Order = Mapping[str, tuple[str, ...]]
"""By queue, the queues that may lend to it, the best first."""


class Setting(NamedTuple):
    """How many lenders a queue asks, after how long, and how many idle agents a lender keeps."""

    lenders: int = 0
    after_s: int = 0
    reserve: int = 0

    @property
    def means(self) -> str:
        """What puts it to work: the router knows no delay, a routing profile no reserve."""
        if not self.lenders:
            return "none"
        if self.after_s == 0:
            return "router"
        return "" if self.reserve else "routing profiles"


NOBODY = Setting()
RESERVES = (0, 1, 3)
GRID = (
    NOBODY,
    *(Setting(*each) for each in product((1, MOST_LENDERS), (0, 20, 60, 120), RESERVES)),
)


class Tried(NamedTuple):
    """A setting, the lendings that it came to, and their sums over the days.

    By skill, and the cost of waiting a contact on each day (with equal costs: the mean wait, s).
    """

    setting: Setting
    lendings: tuple[Lending, ...]
    skills: Mapping[str, SkillOutcome]
    daily_cost: tuple[float, ...]

    @property
    def in_all(self) -> SkillOutcome:
        """The sums over all skills."""
        return reduce(_added, self.skills.values())

    @property
    def cost(self) -> float:
        """The cost of waiting a contact, mean over the days."""
        return sum(self.daily_cost) / len(self.daily_cost)

    def with_days(self, other: Tried) -> Tried:
        """The sums over the days of both."""
        skills = {name: _added(each, other.skills[name]) for name, each in self.skills.items()}
        return self._replace(skills=skills, daily_cost=self.daily_cost + other.daily_cost)

    def losses(self, nobody: Tried) -> dict[str, float]:
        """By lender, the change of its share answered in target against nobody lending."""
        return {
            each.lender: _in_target(self.skills[each.lender])
            - _in_target(nobody.skills[each.lender])
            for each in self.lendings
        }

    def losers(self, nobody: Tried) -> frozenset[str]:
        """The lenders that lose more than they may."""
        losses = self.losses(nobody)
        return frozenset(name for name, change in losses.items() if change < -MOST_SERVICE_LOSS)


class Overflow(NamedTuple):
    """What the grid showed, and what to do.

    `grid`: every setting on the days that choose, the same for all lenders; `eased`: the best of
    them after lenders that lost too much keep more back. `recommended` and `nobody` are those of
    fresh days, which free the choice of luck.
    """

    grid: tuple[Tried, ...]
    eased: tuple[Tried, ...]
    recommended: Tried
    nobody: Tried


class Floor(NamedTuple):
    """Days to try a setting on: centres with the calls that come to them."""

    days: tuple[tuple[Centre, Day], ...]
    workers: int = 1

    def trials(self, plans: Iterable[tuple[Setting, tuple[Lending, ...]]]) -> list[Tried]:
        """Each plan over the same days."""
        plans = list(plans)
        jobs = [
            Job(centre, calls, Rules(lendings=each))
            for _, each in plans
            for centre, calls in self.days
        ]
        outcomes, count = simulations(jobs, self.workers), len(self.days)
        return [
            self._tried(*plan, outcomes[n * count : (n + 1) * count])
            for n, plan in enumerate(plans)
        ]

    def _tried(
        self, setting: Setting, plan: tuple[Lending, ...], outcomes: Sequence[Outcome]
    ) -> Tried:
        skills = self.days[0][0].skills
        sums = (reduce(_added, each) for each in zip(*(o.skills for o in outcomes), strict=True))
        costs = [[skill.cost for skill in centre.skills] for centre, _ in self.days]
        return Tried(
            setting,
            plan,
            {skill.name: found for skill, found in zip(skills, sums, strict=True)},
            tuple(_cost(each, cost) for each, cost in zip(outcomes, costs, strict=True)),
        )


def overflow(
    centre: Callable[[int], Centre],
    days: int = 10,
    seed: int = 1,
    *,
    grid: Sequence[Setting] = GRID,
    slow: float = 1.25,
    workers: int = 1,
) -> Overflow:
    """The plan with the least cost of waiting that takes from no lender and can be put to work.

    `centre` gives the centre of a day by number; the days choose, as many fresh ones confirm. A
    plan under which the share answered in target of a lender falls by more than
    `MOST_SERVICE_LOSS`, on the days that choose or on all, is out; nobody lends where no other is
    left. `slow`: how much longer a lent agent takes.
    """
    order = lender_order(centre, min(days, _ORDER_DAYS), seed)
    floor, fresh = (
        Floor(tuple((then := centre(n), day(then, seed, n)) for n in numbers), workers)
        for numbers in (range(days), range(days, 2 * days))
    )
    settings = dict.fromkeys((NOBODY, *grid))
    tried = floor.trials((each, lendings(order, each, slow)) for each in settings)
    best = sorted((each for each in tried if each.setting.means), key=lambda each: each.cost)
    unfair = [each for each in best if each.losers(tried[0])]
    eased = [_eased(each, floor, tried[0]) for each in unfair[:_EASED]]
    [nobody] = fresh.trials([(NOBODY, ())])
    for each in sorted((*best, *eased), key=lambda each: each.cost):
        if not each.losers(tried[0]):
            [again] = fresh.trials([(each.setting, each.lendings)])
            if not each.with_days(again).losers(tried[0].with_days(nobody)):
                return Overflow(tuple(tried), tuple(eased), again, nobody)
    raise AssertionError("that nobody lends takes from no lender")


def _eased(tried: Tried, floor: Floor, nobody: Tried) -> Tried:
    """The plan after those that lose too much keep more back, or lend no more: until none does."""
    while losers := tried.losers(nobody):
        plan = (
            _less(each, tried.setting.means) if each.lender in losers else each
            for each in tried.lendings
        )
        [tried] = floor.trials([(tried.setting, tuple(each for each in plan if each))])
    return tried


def _less(lending: Lending, means: str) -> Lending | None:
    """With the next reserve, where what puts it to work knows one."""
    more = [each for each in RESERVES if each > lending.reserve]
    return lending._replace(reserve=more[0]) if more and means == "router" else None


def lender_order(centre: Callable[[int], Centre], days: int, seed: int) -> Order:
    """Lenders by how long their agents sat idle while a queue's callers waited, over some days."""
    idle_ms: dict[tuple[str, str], int] = {}
    for number in range(days):
        each = centre(number)
        found = simulated(each, day(each, seed, number), overlap=True)
        for agent, overlaps in zip(each.agents, found.overlap_ms, strict=True):
            for borrower, ms in zip(each.skills, overlaps, strict=True):
                for lender in agent.factors if ms else ():
                    key = (borrower.name, lender)
                    idle_ms[key] = idle_ms.get(key, 0) + ms
    return {
        skill.name: tuple(
            lender
            for _, lender in sorted((-ms, j) for (k, j), ms in idle_ms.items() if k == skill.name)
        )[:MOST_LENDERS]
        for skill in centre(0).skills
    }


def lendings(order: Order, setting: Setting, slow: float) -> tuple[Lending, ...]:
    """The setting's lendings, the lenders of each queue in order."""
    return tuple(
        Lending(lender, borrower, setting.after_s, setting.reserve, slow)
        for borrower, lenders in order.items()
        for lender in lenders[: setting.lenders]
    )


def grid_table(found: Overflow) -> pa.Table:
    """A row per setting, the least cost first; shares are of contacts offered.

    `is_eased`: lenders that lost too much keep more back than the setting says. `wait_change_ci95`:
    half of the 95 % interval of the change of the cost of waiting (with equal costs: of the mean
    wait) against nobody lending, paired by day. `worst_lender_change`: of the share answered in
    target. `put_to_work_by`: empty where neither the router nor a routing profile can do it.
    """
    nobody = found.grid[0]
    plans = sorted((*found.grid, *found.eased), key=lambda each: (each.cost, each.setting))
    return pa.Table.from_pylist([_row(each, nobody, found) for each in plans])


def _row(each: Tried, nobody: Tried, found: Overflow) -> dict[str, Any]:
    whole, chosen = each.in_all, found.recommended
    changes = [now - then for now, then in zip(each.daily_cost, nobody.daily_cost, strict=True)]
    return {
        **each.setting._asdict(),
        "is_eased": each in found.eased,
        "mean_wait_s": _share(whole.wait_ms, whole.offered) / 1000,
        "wait_change_s": each.cost - nobody.cost,
        "wait_change_ci95": half_width(changes),
        "answered_in_target_share": _in_target(whole),
        "abandoned_share": _share(whole.abandoned, whole.offered),
        "lent_a_day": whole.lent / len(each.daily_cost),
        "worst_lender_change": min(0.0, *each.losses(nobody).values(), 0.0),
        "put_to_work_by": each.setting.means,
        "is_recommended": (each.setting, each.lendings) == (chosen.setting, chosen.lendings),
    }


def _cost(outcome: Outcome, costs: Sequence[float]) -> float:
    waits = zip(costs, outcome.skills, strict=True)
    return _share(sum(cost * skill.wait_ms for cost, skill in waits) / 1000, outcome.in_all.offered)


def _in_target(skill: SkillOutcome) -> float:
    return _share(skill.in_target, skill.offered)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _added(left: SkillOutcome, right: SkillOutcome) -> SkillOutcome:
    return SkillOutcome(*(a + b for a, b in zip(left, right, strict=True)))
