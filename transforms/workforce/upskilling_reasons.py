"""A plan in plain words and as a document: every sentence from a figure, every figure rounded here.

The document is what `--format json` prints and what a log keeps: equal plans give equal bytes.
"""

from __future__ import annotations

from typing import Any

from transforms.workforce.upskilling import Alternative, Plan, Recommendation
from transforms.workforce.upskilling_effect import Effect, Estimate, QueueEffect, losers

DECISION = "This is a proposal: a person decides, and the agent can see and contest it."


def reasons(found: Recommendation) -> tuple[str, ...]:
    """Why this agent and this skill, what it brings, and who waits longer."""
    return (
        _idle(found),
        _similar(found),
        _pace(found),
        _busy(found),
        _brings(found),
        _loses(found.queues),
    )


def alternatives(found: Recommendation) -> tuple[str, ...]:
    """The next best, and what would have changed the choice."""
    if found.next_best is None:
        other = "No other agent may be trained."
    else:
        agent, skill = found.next_best.training
        other = (
            f"Next best, as if {found.training.agent_id} declines: {agent} in {skill} "
            f"({_share(found.next_best.cut.value)} less waiting on the days of the choice, "
            f"against {_share(found.chosen_at.value)})."
        )
    if found.turns_at is None:
        slower = "Twice the expected handle time in the new skill would not change the choice."
    else:
        slower = (
            f"Another training is better once a call takes {found.turns_at:g} times as long as the "
            f"{found.evidence.handle_s:.0f} s expected."
        )
    return other, slower


def summary(plan: Plan) -> tuple[str, ...]:
    """The verdict in sentences, with alarms."""
    return (_verdict(plan), *_alarms(plan), DECISION)


def document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values, rounded."""
    return {
        "verdict": plan.verdict,
        "summary": list(summary(plan)),
        "wait_cut": _estimate(plan.cut, 5),
        "queues": [_queue(each) for each in plan.queues],
        "recommendations": [
            _recommendation(place, each) for place, each in enumerate(plan.recommendations, 1)
        ],
        "best_seen": _alternative(plan.best_seen),
        "selection_rates": [
            {**each._asdict(), "rate": round(each.rate, 4)} for each in plan.selection_rates
        ],
        "permitted_trainings": plan.permitted,
        "days": plan.search.days,
        "fresh_days": plan.search.fresh_days,
        "seed": plan.search.seed,
    }


def losing(found: Recommendation) -> tuple[str, ...]:
    """The queues that surely wait longer, each with by how much."""
    return tuple(
        f"{each.queue} (+{each.mean_wait_s.change.value:.1f} s)" for each in losers(found.queues)
    )


def _idle(found: Recommendation) -> str:
    seen = found.evidence
    return (
        f"{found.training.agent_id} sat idle {seen.overlap_minutes:.0f} minutes a day while "
        f"callers of {found.training.skill} waited: time for {seen.overlap_calls:.1f} of their "
        "calls."
    )


def _similar(found: Recommendation) -> str:
    seen, skill = found.evidence, found.training.skill
    if seen.known_skill is None:
        return f"None of the {seen.holders} who have {skill} has a skill of this agent's."
    return (
        f"{seen.holders_with_it} of the {seen.holders} who have {skill} also have "
        f"{seen.known_skill}, as this agent has (similarity {seen.similarity:.2f})."
    )


def _pace(found: Recommendation) -> str:
    seen = found.evidence
    return (
        f"A call of {found.training.skill} is expected to take {seen.handle_s:.0f} s "
        f"({found.factor:.2f} times the usual {seen.usual_handle_s:.0f} s: the agent's pace, and "
        f"the skill being new). The training takes {found.hours:g} hours."
    )


def _busy(found: Recommendation) -> str:
    seen = found.evidence
    return (
        f"Busy {_share(seen.utilisation)} of the time on duty; all agents "
        f"{_share(seen.team_utilisation)}."
    )


def _brings(found: Recommendation) -> str:
    everybody = found.queues[0]
    own = next(each for each in found.queues if each.queue == found.training.skill)
    return (
        f"With it callers wait {_share(found.cut.value)} less in all "
        f"({_share(found.cut.low)} to {_share(found.cut.high)}); in {own.queue} "
        f"{_from_to(own.mean_wait_s)}; a call is resolved {_later(everybody)}."
    )


def _later(everybody: QueueEffect) -> str:
    change = everybody.avg_resolution_time_s.change.value
    return f"{abs(change):.1f} s {'later' if change > 0 else 'sooner'} on average"


def _loses(queues: tuple[QueueEffect, ...]) -> str:
    found = ", ".join(
        f"{each.queue} by {each.mean_wait_s.change.value:.1f} s" for each in losers(queues)
    )
    return f"These wait longer: {found}." if found else "No queue surely waits longer."


def _verdict(plan: Plan) -> str:
    if plan.verdict == "switched off":
        return "Recommendations are switched off by the policy."
    if plan.verdict == "nobody may be trained":
        return "The policy allows no training: see consent, prerequisites and budget."
    if plan.verdict == "no training pays":
        return "No training pays: none surely saves enough waiting." + _nearest(plan.best_seen)
    everybody = plan.queues[0]
    return (
        f"{len(plan.recommendations)} trainings save {_share(plan.cut.value)} of the waiting "
        f"({_share(plan.cut.low)} to {_share(plan.cut.high)}): mean wait "
        f"{_from_to(everybody.mean_wait_s)}, abandoned {_share(everybody.abandonment.before)} to "
        f"{_share(everybody.abandonment.after)}."
    )


def _nearest(seen: Alternative | None) -> str:
    if seen is None:
        return ""
    agent, skill = seen.training
    return f" Nearest: {agent} in {skill} ({_share(seen.cut.value)})."


def _alarms(plan: Plan) -> tuple[str, ...]:
    return tuple(
        f"Alarm: of {each.by} {each.group or 'unknown'} {each.picked} of {each.agents} who may be "
        f"trained are picked, less than 0.8 times the highest rate; see whether that is fair."
        for each in plan.selection_rates
        if each.alarm
    )


def _from_to(effect: Effect) -> str:
    return f"{effect.before:.1f} s to {effect.after:.1f} s"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _recommendation(place: int, found: Recommendation) -> dict[str, Any]:
    evidence = {
        key: round(value, 4) if isinstance(value, float) else value
        for key, value in found.evidence._asdict().items()
    }
    return {
        "place": place,
        **found.training._asdict(),
        "handle_time_factor": round(found.factor, 4),
        "hours": found.hours,
        "wait_cut": _estimate(found.cut, 5),
        "wait_cut_when_chosen": _estimate(found.chosen_at, 5),
        "queues": [_queue(each) for each in found.queues],
        "losers": list(losing(found)),
        "reasons": list(reasons(found)),
        "alternatives": list(alternatives(found)),
        "next_best": _alternative(found.next_best),
        "turns_at_handle_time": found.turns_at,
        "evidence": evidence,
    }


def _alternative(found: Alternative | None) -> dict[str, Any] | None:
    return found and {**found.training._asdict(), "wait_cut": _estimate(found.cut, 5)}


def _queue(found: QueueEffect) -> dict[str, Any]:
    return {
        "queue": found.queue,
        "mean_wait_s": _effect(found.mean_wait_s, 2),
        "abandonment": _effect(found.abandonment, 5),
        "service_level": _effect(found.service_level, 5),
        "avg_resolution_time_s": _effect(found.avg_resolution_time_s, 2),
    }


def _effect(found: Effect, digits: int) -> dict[str, Any]:
    return {
        "before": round(found.before, digits),
        "after": round(found.after, digits),
        "change": _estimate(found.change, digits),
    }


def _estimate(found: Estimate, digits: int) -> dict[str, float | None]:
    """The figure with its interval; ends are null where there are too few days for one."""
    if found.half_width is None:
        return {"value": round(found.value, digits), "low": None, "high": None}
    return {
        "value": round(found.value, digits),
        "low": round(found.low, digits),
        "high": round(found.high, digits),
    }
