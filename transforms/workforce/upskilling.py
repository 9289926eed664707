"""Whom to train in what: a shortlist by cheap scores, a choice by simulation, an honest estimate.

Step by step: what is shortlisted is simulated on the same days as the centre without it, the best
few sets of trainings are carried on, and all is scored anew. What is best on some days looks better
than it is, so the chosen are simulated again on days that played no part in the choice; only what
surely saves waiting there is recommended. "No training pays" is an answer.

A few skills more per agent bring most of what all would: R. B. Wallace and W. Whitt, A Staffing
Algorithm for Call Centers with Skill-Based Routing, M&SOM 7(4), 2005. Common random numbers and
the choice among simulated systems: S.-H. Kim and B. L. Nelson, Selecting the Best System, 2006.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from transforms.workforce.centre import Centre, CentreError, Day, day, with_skill
from transforms.workforce.centre_outcome import Outcome
from transforms.workforce.centre_simulation import Job
from transforms.workforce.simulation_pool import Simulate, in_this_process
from transforms.workforce.upskilling_effect import Estimate, QueueEffect, cut, effects
from transforms.workforce.upskilling_evidence import Evidence, evidence
from transforms.workforce.upskilling_policy import (
    People,
    Policy,
    SelectionRate,
    Training,
    allowed,
    permitted,
    selection_rates,
)
from transforms.workforce.upskilling_shortlist import Candidate, shortlist

Verdict = Literal["train", "no training pays", "nobody may be trained", "switched off"]
Report = Callable[[str, int, int], None]

_LOOK_SHARE = 0.4  # of the days; then only as many as a shortlist is long go on
_SLOWER = (1.2, 1.5, 2.0)  # handle times that might have changed the choice


class Search(NamedTuple):
    """How hard to look: days to choose on and to estimate on, the length of each shortlist.

    `ways`: how many sets of trainings are carried on from step to step.
    """

    days: int = 20
    fresh_days: int = 40
    shortlist: int = 12
    ways: int = 2
    seed: int = 1


class Alternative(NamedTuple):
    """A training that was tried and not taken, and what it would have saved, on the same days."""

    training: Training
    cut: Estimate


class Recommendation(NamedTuple):
    """A training and what it brings on top of those before it; shares are of today's waiting.

    `factor`: expected handle time over the usual. `cut`, `queues`: on fresh days. `chosen_at`: the
    cut on the days of the choice. `next_best`: of another agent. `turns_at`: how many times the
    expected handle time makes another training the better one; None if not even twice.
    """

    training: Training
    factor: float
    hours: float
    cut: Estimate
    queues: tuple[QueueEffect, ...]
    chosen_at: Estimate
    next_best: Alternative | None
    turns_at: float | None
    evidence: Evidence


class Plan(NamedTuple):
    """The answer. `cut` and `queues`: of all recommendations together, on fresh days.

    `best_seen`: where nothing is recommended, what came nearest. `permitted`: trainings that
    consent and prerequisites allow.
    """

    verdict: Verdict
    recommendations: tuple[Recommendation, ...] = ()
    cut: Estimate = Estimate(0.0)
    queues: tuple[QueueEffect, ...] = ()
    best_seen: Alternative | None = None
    selection_rates: tuple[SelectionRate, ...] = ()
    permitted: int = 0
    search: Search = Search()

    @property
    def trainings(self) -> tuple[Training, ...]:
        """Who is to learn what, in order."""
        return tuple(each.training for each in self.recommendations)


class _Trial(NamedTuple):
    """Days to compare centres on, and what simulates them; `first`: number of the first."""

    days: Sequence[Day]
    simulate: Simulate
    first: int = 0

    def part(self, start: int, stop: int | None = None) -> _Trial:
        """Some of the days."""
        return self._replace(days=self.days[start:stop], first=self.first + start)

    def runs(self, variants: Sequence[tuple[Centre, ...]]) -> list[list[Outcome]]:
        """Each variant's outcomes of the days; day n is of the n-th kind, in turn."""
        jobs = [
            Job(centres[(self.first + n) % len(centres)], each, overlap=True)
            for centres in variants
            for n, each in enumerate(self.days)
        ]
        found, count = self.simulate(jobs), len(self.days)
        return [found[n * count : (n + 1) * count] for n in range(len(variants))]


class _Tried(NamedTuple):
    """The centre after some trainings, the last of them `candidate`'s, and days of it.

    `cut`: of today's waiting by all of them; `gain`: by the last alone, on the same days.
    """

    parent: _Tried | None
    candidate: Candidate | None
    centres: tuple[Centre, ...]
    outcomes: list[Outcome]
    cut: Estimate = Estimate(0.0)
    gain: Estimate = Estimate(0.0)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Those learnt so far, in order."""
        before = self.parent.candidates if self.parent else ()
        return before if self.candidate is None else (*before, self.candidate)

    @property
    def trainings(self) -> list[Training]:
        """Who has learnt what so far, in order."""
        return [each.training for each in self.candidates]


class _Pick(NamedTuple):
    tried: _Tried
    next_best: Alternative | None
    turns_at: float | None
    evidence: Evidence


_ANY = Policy()
_NOTHING_KNOWN = People()
USUAL = Search()


def quiet(_what: str, _done: int, _total: int) -> None:
    """Nobody is told how far it is."""


def upskilling_plan(
    centres: Sequence[Centre],
    policy: Policy = _ANY,
    people: People = _NOTHING_KNOWN,
    search: Search = USUAL,
    simulate: Simulate = in_this_process,
    report: Report = quiet,
) -> Plan:
    """The trainings that surely save waiting, best first; equal arguments give an equal plan.

    `centres`: today's, one for each kind of day, taken in turn; the same skills and agents in the
    same order, who may be off on some (no shifts). CentreError if they differ or there is none.
    """
    today = _checked(centres)
    may = permitted(today[0], policy)
    if not policy.enabled:
        return Plan("switched off", search=search)
    if not allowed(today[0], policy, people):
        return Plan("nobody may be trained", permitted=len(may), search=search)
    days = [day(today[0], search.seed, n) for n in range(search.days + search.fresh_days)]
    trial = _Trial(days, simulate)
    known = trial.part(0, search.days)
    picks, best_seen = _picks(today, known, policy, people, search, report)
    plan = _judged(today, trial.part(search.days), picks, policy, search)
    rates = selection_rates(today[0], policy, people, plan.trainings)
    nearest = None if plan.recommendations else best_seen
    return plan._replace(best_seen=nearest, selection_rates=rates, permitted=len(may))


def _checked(centres: Sequence[Centre]) -> tuple[Centre, ...]:
    names = {(c.skills, tuple(agent.agent_id for agent in c.agents)) for c in centres}
    if len(names) != 1:
        raise CentreError(f"{len(names)} centres of other skills or agents: give one, on its days.")
    return tuple(centres)


def _picks(
    today: tuple[Centre, ...],
    trial: _Trial,
    policy: Policy,
    people: People,
    search: Search,
    report: Report,
) -> tuple[list[_Pick], Alternative | None]:
    """The best way found, while each step surely saves enough; and the best of the first step.

    A few ways are kept at each step, since the best single training need not be in the best two.
    """
    start = _Tried(None, None, today, trial.runs([today])[0])
    ways, steps = [start], [[start]]
    for place in range(policy.trainings):
        report("choosing trainings", place, policy.trainings + 2)
        options = [
            (way, candidate)
            for way in ways
            for candidate in shortlist(
                way.centres,
                way.outcomes,
                allowed(today[0], policy, people, way.trainings),
                policy.slow,
                search.shortlist,
            )
        ]
        tried = _tried(start, _without_doubles(options), trial, search.shortlist)
        steps.append(tried)
        ways = [each for each in tried if _pays(each.gain, policy)][: search.ways]
        if not ways:
            break
    report("weighing alternatives", policy.trainings, policy.trainings + 2)
    found = [each for step in steps[1:] for each in step if _pays_throughout(each, policy)]
    best = min(found, key=lambda each: (-each.cut.value, each.trainings), default=start)
    first = next((_alternative(each) for each in steps[1][:1]), None) if steps[1:] else None
    path = [each for each in _path(best) if each.candidate]
    return [_pick(each, steps[n], trial) for n, each in enumerate(path, 1)], first


def _pays(gain: Estimate, policy: Policy) -> bool:
    return gain.low > 0 and gain.value >= policy.least_cut


def _pays_throughout(tried: _Tried, policy: Policy) -> bool:
    return all(_pays(each.gain, policy) for each in _path(tried) if each.candidate)


def _path(tried: _Tried) -> list[_Tried]:
    """The steps that led there, from today on."""
    return [*(_path(tried.parent) if tried.parent else ()), tried]


def _without_doubles(
    options: Sequence[tuple[_Tried, Candidate]],
) -> list[tuple[_Tried, Candidate]]:
    """The same trainings in another order are the same."""
    first: dict[frozenset[Training], tuple[_Tried, Candidate]] = {}
    for way, candidate in options:
        first.setdefault(frozenset([*way.trainings, candidate.training]), (way, candidate))
    return list(first.values())


def _tried(
    start: _Tried,
    options: Sequence[tuple[_Tried, Candidate]],
    trial: _Trial,
    kept: int,
) -> list[_Tried]:
    """Every option on a few days, the best `kept` of them on all; these first, the best first."""
    look = max(1, round(_LOOK_SHARE * len(trial.days)))
    centres = [_trained(way.centres, candidate) for way, candidate in options]
    first = trial.part(0, look).runs(centres)
    seen = [
        _judged_on(start, way, candidate, after, outcomes)
        for (way, candidate), after, outcomes in zip(options, centres, first, strict=True)
    ]
    ranked = sorted(seen, key=_rank)
    rest = trial.part(look).runs([each.centres for each in ranked[:kept]])
    full = [
        _judged_on(start, each.parent, each.candidate, each.centres, each.outcomes + more)
        for each, more in zip(ranked[:kept], rest, strict=True)
        if each.parent and each.candidate
    ]
    return [*sorted(full, key=_rank), *ranked[kept:]]


def _rank(tried: _Tried) -> tuple[float, list[Training]]:
    return -tried.cut.value, tried.trainings


def _judged_on(
    start: _Tried,
    parent: _Tried,
    candidate: Candidate,
    centres: tuple[Centre, ...],
    outcomes: list[Outcome],
) -> _Tried:
    """The trial with its cut and gain on the days that it has been simulated on."""
    centre, count = start.centres[0], len(outcomes)
    today, before = start.outcomes[:count], parent.outcomes[:count]
    return _Tried(
        parent,
        candidate,
        centres,
        outcomes,
        cut(centre, today, outcomes),
        cut(centre, before, outcomes, today),
    )


def _pick(best: _Tried, step: Sequence[_Tried], trial: _Trial) -> _Pick:
    """A step of the best way, with what would have made it another."""
    parent, candidate = best.parent, best.candidate
    if parent is None or candidate is None:
        raise ValueError("today's centre is no step")
    others = [each for each in step if each.parent is parent and each is not best]
    others.sort(key=lambda each: (-each.gain.value, each.trainings))
    agent_id = candidate.training.agent_id
    other = next((each for each in others if each.trainings[-1].agent_id != agent_id), None)
    threshold = min(best.gain.value, max([0.0, *(each.gain.value for each in others[:1])]))
    slower = [
        _trained(parent.centres, candidate._replace(factor=candidate.factor * times))
        for times in _SLOWER
    ]
    today = _path(best)[0].outcomes
    cuts = [
        cut(parent.centres[0], parent.outcomes, found, today).value for found in trial.runs(slower)
    ]
    return _Pick(
        best,
        other and _alternative(other),
        next((t for t, each in zip(_SLOWER, cuts, strict=True) if each < threshold), None),
        evidence(parent.centres[0], parent.outcomes, candidate),
    )


def _alternative(tried: _Tried) -> Alternative:
    return Alternative(tried.trainings[-1], tried.gain)


def _judged(
    today: tuple[Centre, ...],
    fresh: _Trial,
    picks: Sequence[_Pick],
    policy: Policy,
    search: Search,
) -> Plan:
    """The picks that surely save enough on fresh days, each on top of those before it."""
    if not picks:
        return Plan("no training pays", search=search)
    runs = fresh.runs([today, *(pick.tried.centres for pick in picks)])
    found: list[Recommendation] = []
    for pick, (before, after) in zip(picks, pairwise(runs), strict=True):
        saved = cut(today[0], before, after, runs[0])
        if saved.low <= 0 or saved.value < policy.least_cut:
            break
        found.append(_recommendation(pick, policy, saved, effects(today[0], before, after)))
    if not found:
        return Plan("no training pays", search=search)
    last = runs[len(found)]
    return Plan(
        "train",
        tuple(found),
        cut(today[0], runs[0], last),
        effects(today[0], runs[0], last),
        search=search,
    )


def _recommendation(
    pick: _Pick, policy: Policy, saved: Estimate, queues: tuple[QueueEffect, ...]
) -> Recommendation:
    candidate = pick.tried.candidates[-1]
    return Recommendation(
        candidate.training,
        candidate.factor,
        policy.hours_of(candidate.training.skill),
        saved,
        queues,
        pick.tried.gain,
        pick.next_best,
        pick.turns_at,
        pick.evidence,
    )


def _trained(centres: Sequence[Centre], candidate: Candidate) -> tuple[Centre, ...]:
    return tuple(with_skill(each, *candidate.training, candidate.factor) for each in centres)
