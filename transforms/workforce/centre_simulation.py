"""What becomes of a day's calls in a multi-skill centre, to the millisecond and always the same.

The routing is Connect's: a call goes to an idle agent who has the skill, a free agent takes the
waiting call of the best priority that has waited longest; `Rules` say otherwise. Overflow between
queues as in threshold control: idle agents of one queue take the head of another after a delay,
while enough of them stay back. `simulations` compares many centres on the same days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate, chain
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from transforms.workforce.centre import Agent, Centre, CentreError, Day, Skill, spans_ms
from transforms.workforce.centre_events import FAR_MS, events
from transforms.workforce.centre_outcome import Outcome, Trace, outcome

AgentRank = Callable[[Skill, Agent], float]
CallWeight = Callable[[Skill, float], float]


def longest_idle(_skill: Skill, _agent: Agent) -> float:
    """Nobody is asked before others: who has been idle longest gets the call."""
    return 0.0


def fewest_skills(_skill: Skill, agent: Agent) -> float:
    """Specialists are asked first, so that the versatile stay free for others."""
    return float(len(agent.factors))


def best_pace(skill: Skill, agent: Agent) -> float:
    """The quickest in this skill are asked first."""
    return agent.factors[skill.name]


def cost_rate(skill: Skill, factor: float) -> float:
    """Cost of a waiting second over the handle time that ends it: the generalised cμ index.

    A. Mandelbaum and A. L. Stolyar, Scheduling Flexible Servers with Convex Delay Costs, Operations
    Research 52(6), 2004.
    """
    return skill.cost / (skill.handle_s * factor)


class Lending(NamedTuple):
    """Agents of `lender` may take the head of `borrower`'s queue, which they lack.

    Once it has waited `after_s`, while at least `reserve` other agents of the lender are idle and
    nobody waits for the agent's own skills. Handling takes `slow` times the agent's factor in
    the lender's skill. Threshold control: S. L. Bell and R. J. Williams, Dynamic Scheduling of a
    System with Two Parallel Servers in Heavy Traffic, Annals of Applied Probability 11(3), 2001.
    """

    lender: str
    borrower: str
    after_s: float = 0.0
    reserve: int = 1
    slow: float = 1.25


class Rules(NamedTuple):
    """Who takes which call.

    `agent_rank`: of the idle agents with the skill the one of the lowest rank is asked, then the
    longest idle; it sees skill and agent once a centre, not every call, and so costs no time.
    `call_weight`: a free agent takes the queue whose head has the greatest weight × wait, weight
    by skill and the agent's factor; without it the best priority, then the longest wait.
    `lendings`: overflow between queues. Own callers come first, always.
    """

    agent_rank: AgentRank = longest_idle
    call_weight: CallWeight | None = None
    lendings: tuple[Lending, ...] = ()


AS_CONNECT = Rules()  # by priority, then longest wait; longest idle; nobody is lent


class Job(NamedTuple):
    """A simulation to run: jobs on the same day share it."""

    centre: Centre
    day: Day
    rules: Rules = AS_CONNECT
    overlap: bool = False


def simulated(
    centre: Centre, day: Day, rules: Rules = AS_CONNECT, *, overlap: bool = False
) -> Outcome:
    """The day's sums under the rules; the same arguments give the same outcome."""
    return outcome(centre, day, traced(centre, day, rules), overlap=overlap)


def simulations(jobs: Iterable[Job], workers: int = 2) -> list[Outcome]:
    """The outcome of each job, in order, whatever the number of processes.

    With one worker in this process. Rules must hold functions that a module defines at its top.
    """
    work = list(jobs)
    if workers <= 1 or len(work) < 2:
        return [_ran(job) for job in work]
    chunk = max(1, min(16, -(-len(work) // (4 * workers))))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_ran, work, chunksize=chunk))


def traced(centre: Centre, day: Day, rules: Rules = AS_CONNECT) -> Trace:
    """What became of each call. Raises CentreError for rules or days that cannot be simulated."""
    deadline = np.minimum(day.at_ms + day.patience_ms, 2 * FAR_MS)
    spans = [spans_ms(agent) for agent in centre.agents]
    own = _own(centre)
    last_ms = int(day.at_ms.max(initial=0))
    end_ms = max(centre.day_s * 1000, last_ms, *(each[-1][1] for each in spans if each))
    if end_ms > FAR_MS // 2:
        raise CentreError(f"A day may last {FAR_MS // 2 // 86_400_000} days: simulate fewer.")
    agent, taken, done = events(
        [*day.at_ms.tolist(), FAR_MS - 1],
        [*day.skill.tolist(), 0],
        [*(day.talk_ms + day.after_ms).tolist(), 0],
        [*deadline.tolist(), 4 * FAR_MS],
        [skill.priority for skill in centre.skills],
        *_by_agent_and_skill(centre, rules),
        _starts(own),
        list(chain.from_iterable(own)),
        _starts(spans),
        [from_ms for each in spans for from_ms, _ in each],
        [to_ms for each in spans for _, to_ms in each],
        *_pairs(centre, rules),
        *_by_agent_and_pair(centre, rules),
        rules.call_weight is not None,
    )
    taker = np.array(agent, np.int64)
    left = np.where(taker >= 0, np.array(taken, np.int64), np.minimum(deadline, end_ms))
    return Trace(taker, left, np.where(taker >= 0, np.array(done, np.int64), left), end_ms)


def _ran(job: Job) -> Outcome:
    return simulated(job.centre, job.day, job.rules, overlap=job.overlap)


def _starts(parts: Iterable[Sized]) -> list[int]:
    """Where each part starts in the chain of all, and where the last ends."""
    return [0, *accumulate(len(part) for part in parts)]


def _own(centre: Centre) -> list[list[int]]:
    """The places of each agent's skills."""
    names = [skill.name for skill in centre.skills]
    return [[k for k, name in enumerate(names) if name in a.factors] for a in centre.agents]


def _by_agent_and_skill(centre: Centre, rules: Rules) -> tuple[list[float], list[float], list[int]]:
    """Factor, weight and rank of each agent in each skill; 0 where the agent lacks it."""
    weight = rules.call_weight or (lambda _skill, _factor: 0.0)
    factors, weights, ranks = [], [], []
    for agent in centre.agents:
        for skill in centre.skills:
            factor = agent.factors.get(skill.name)
            factors.append(factor or 0.0)
            weights.append(0.0 if factor is None else weight(skill, factor))
            ranks.append(0.0 if factor is None else rules.agent_rank(skill, agent))
    order = {rank: place for place, rank in enumerate(sorted(set(ranks)))}
    return factors, weights, [order[rank] for rank in ranks]


def _pairs(centre: Centre, rules: Rules) -> tuple[list[int], list[int], list[int], list[int]]:
    """Lender, borrower, delay in milliseconds and reserve of each lending."""
    place = {skill.name: k for k, skill in enumerate(centre.skills)}
    for lending in rules.lendings:
        if not {lending.lender, lending.borrower} <= place.keys():
            raise CentreError(f"{lending} names a skill that the centre lacks: mend the rules.")
        if lending.lender == lending.borrower:
            raise CentreError(f"{lending} lends a queue its own agents: name another queue.")
    return (
        [place[lending.lender] for lending in rules.lendings],
        [place[lending.borrower] for lending in rules.lendings],
        [round(lending.after_s * 1000) for lending in rules.lendings],
        [lending.reserve for lending in rules.lendings],
    )


def _by_agent_and_pair(centre: Centre, rules: Rules) -> tuple[list[float], list[float]]:
    """Factor and weight of each agent in each lending; 0 where the agent is no lender."""
    weight = rules.call_weight or (lambda _skill, _factor: 0.0)
    skills = {skill.name: skill for skill in centre.skills}
    factors = [
        agent.factors.get(lending.lender, 0.0) * lending.slow
        for agent in centre.agents
        for lending in rules.lendings
    ]
    lent = [skills[lending.borrower] for _ in centre.agents for lending in rules.lendings]
    return factors, [weight(s, f) if f else 0.0 for s, f in zip(lent, factors, strict=True)]
