"""Days of an invented centre for `routing_simulation`: so many agents, so busy, by seed."""

from __future__ import annotations

from math import exp, log, sqrt
from random import Random

from transforms.workforce.routing_simulation import Call, Case, Centre, Worker

HOURS = 8
WARM_UP_S = 1800.0
MEAN_HANDLE_S = 300.0
HANDLE_CV = 1.2  # of real calls: 1.1 to 1.8
MEAN_PATIENCE_S = 420.0
OWNED_SHARE = 0.2  # of the calls, from customers with an associated agent
OFFLINE_SHARE = 0.8  # of the time between calls, for offline work
MEAN_CASE_MINUTES = 20.0
AGENTS_PER_CALL_TYPE = 12


def invented_day(agents: int, occupancy: float, seed: int) -> Centre:
    """A day of `HOURS` in which calls keep `agents` busy for `occupancy` of their time.

    Everybody can take one to three call types, neighbours of each other; arrivals are Poisson,
    handle times lognormal, patience exponential. Offline work comes as fast as it is done.
    """
    rng = Random(f"{agents} {occupancy} {seed}")  # noqa: S311 - an invented day, no secret
    types = [f"type-{n}" for n in range(max(2, round(agents / AGENTS_PER_CALL_TYPE)))]
    workers = [_worker(rng, n, types) for n in range(agents)]
    for n, call_type in enumerate(types):  # nobody's call type is without an agent
        workers[n] = workers[n]._replace(skills=workers[n].skills | {call_type})
    return Centre(workers, _calls(rng, workers, occupancy), _cases(rng, workers, occupancy),
                  WARM_UP_S)  # fmt: skip


def _worker(rng: Random, number: int, types: list[str]) -> Worker:
    first = rng.randrange(len(types))
    skills = {types[(first + n) % len(types)] for n in range(rng.choice((1, 2, 2, 3)))}
    return Worker(
        f"agent-{number:03d}",
        frozenset(skills),
        0.0,
        HOURS * 3600.0,
        pace=exp(rng.gauss(0, 0.2)),
        backlog_minutes=rng.gammavariate(2, 60),
    )


def _calls(rng: Random, workers: list[Worker], occupancy: float) -> list[Call]:
    """Calls by call type in proportion to those who can take them, each counted by share."""
    able = _able(workers)
    share = {
        call_type: sum(1 / len(worker.skills) for worker in found)
        for call_type, found in able.items()
    }
    mean_pace = sum(worker.pace for worker in workers) / len(workers)
    rate = occupancy * len(workers) / (MEAN_HANDLE_S * mean_pace)
    calls: list[Call] = []
    at_s = rng.expovariate(rate)
    while at_s < HOURS * 3600:
        call_type = rng.choices(list(share), weights=list(share.values()))[0]
        owner = rng.choice(able[call_type]).agent_id if rng.random() < OWNED_SHARE else None
        calls.append(
            Call(
                f"contact-{len(calls):06d}",
                at_s,
                call_type,
                _lognormal(rng, MEAN_HANDLE_S, HANDLE_CV),
                rng.expovariate(1 / MEAN_PATIENCE_S),
                owner,
            )
        )
        at_s += rng.expovariate(rate)
    return calls


def _cases(rng: Random, workers: list[Worker], occupancy: float) -> list[Case]:
    per_s = (1 - occupancy) * OFFLINE_SHARE / 60 / MEAN_CASE_MINUTES
    cases: list[Case] = []
    for worker in workers:
        at_s = rng.expovariate(per_s)
        while at_s < worker.to_s:
            minutes = rng.expovariate(1 / MEAN_CASE_MINUTES)
            cases.append(Case(at_s, worker.agent_id, minutes))
            at_s += rng.expovariate(per_s)
    return cases


def _able(workers: list[Worker]) -> dict[str, list[Worker]]:
    able: dict[str, list[Worker]] = {}
    for worker in workers:
        for skill in sorted(worker.skills):
            able.setdefault(skill, []).append(worker)
    return able


def _lognormal(rng: Random, mean: float, cv: float) -> float:
    variance = log(1 + cv * cv)
    return rng.lognormvariate(log(mean) - variance / 2, sqrt(variance))
