"""Events per second of the routing simulation's loop beside simpy and ciw: one plain queue.

Calls of one type, agents who can all take them, nobody hangs up: M/M/c, what all three can say.
Every contestant gets the same gaps between arrivals and the same handle times, in order of arrival,
so that the mean wait is the same to the last digit, and it is checked to be. An event is an arrival
or the end of a call, two a call, whatever an engine schedules besides.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from tests.bench.harness import Contestant, Job, Rows, agreed, alternated, line, median, rounded

CENTRES = ((20, 0.9), (100, 0.95))  # agents, occupancy
MEAN_HANDLE_S = 300.0
EVENTS_OF_A_CALL = 2
_KIND = "call"
# ciw's wheel brings a folder `tests`, which would hide ours: `make bench` installs it here.
APART = Path(sys.prefix, "apart")
OURS = Contestant("ours", "simulation:ours")
PEERS = (
    Contestant("simpy", "simulation:simpy", ("simpy",)),
    Contestant("ciw", "simulation:ciw", ("ciw",), "requirements-ciw.lock"),
)


def measured(given: Namespace, _keep: Path) -> Iterator[Mapping[str, Any]]:
    """A line for each peer and centre."""
    _reach_apart()
    for agents, occupancy in CENTRES:
        options = {
            "agents": agents,
            "occupancy": occupancy,
            "calls": given.contacts,
            "seed": given.seed,
        }
        runs = alternated((OURS, *PEERS), options, given.rounds)
        rows = agreed(runs)
        events = EVENTS_OF_A_CALL * given.contacts
        for peer, found in runs.items():
            if peer != OURS.name:
                yield line(
                    f"simulation, {agents} agents",
                    events / median(runs[OURS.name]),
                    "events per second",
                    peer,
                    events / median(found),
                    rss_mb={
                        name: round(median(runs[name], "rss_mb")) for name in (OURS.name, peer)
                    },
                    seconds={
                        name: [rounded(run.seconds) for run in runs[name]]
                        for name in (OURS.name, peer)
                    },
                    mean_wait_s=rounded(float(rows.checksum)),
                    erlang_c_wait_s=rounded(_erlang_c_wait_s(agents, occupancy)),
                    **options,
                )


def ours(options: Mapping[str, Any], _scratch: Path) -> Job:
    """Our loop under the policy that offers nobody: the default queue alone.

    What only routing needs is off: one snapshot of the scores, no delays.
    """
    from glue_jobs.route_eval import POLICIES
    from lambdas.routing.policy import Policy
    from transforms.workforce.routing_simulation import Call, Centre, Timing, Worker, simulated
    from transforms.workforce.score import Weights

    gaps_s, handles_s = _drawn(options)
    arrivals = enumerate(zip(accumulate(gaps_s), handles_s, strict=True))
    calls = [Call(f"{n}", at_s, _KIND, handle_s, float("inf")) for n, (at_s, handle_s) in arrivals]
    end_s = 2 * (sum(gaps_s) + sum(handles_s))  # nobody goes home before the last call
    skills = frozenset((_KIND,))
    workers = [Worker(f"{n}", skills, 0.0, end_s) for n in range(options["agents"])]
    centre = Centre(workers, calls)
    timing = Timing(refresh_s=end_s, publish_s=0.0, news_s=0.0, ring_s=0.0)
    queue_alone = POLICIES["queue"](Policy())
    found = []
    return Job(
        lambda: found.append(simulated(centre, queue_alone, timing, Weights())),
        lambda: Rows(found[0].calls, repr(found[0].mean_wait_s)),
    )


def simpy(options: Mapping[str, Any], _scratch: Path) -> Job:
    """simpy as its manual shows it: a process for each call, agents as a Resource."""
    from simpy import Environment, Resource

    gaps_s, handles_s = _drawn(options)
    waits_s: list[float] = []

    def work() -> None:
        centre = Environment()
        agents = Resource(centre, options["agents"])

        def call(handle_s):
            at_s = centre.now
            with agents.request() as request:
                yield request
                waits_s.append(centre.now - at_s)
                yield centre.timeout(handle_s)

        def arrivals():
            for gap_s, handle_s in zip(gaps_s, handles_s, strict=True):
                yield centre.timeout(gap_s)
                centre.process(call(handle_s))

        centre.process(arrivals())
        centre.run()

    return Job(work, lambda: _rows(waits_s))


def ciw(options: Mapping[str, Any], _scratch: Path) -> Job:
    """ciw as its manual shows it: a network of one node; the numbers come from lists."""
    _reach_apart()
    import ciw as library

    gaps_s, handles_s = _drawn(options)
    end_s = 2 * (sum(gaps_s) + sum(handles_s))
    sequential = library.dists.Sequential
    simulations = []

    def work() -> None:
        network = library.create_network(
            arrival_distributions=[sequential([*gaps_s, float("inf")])],
            service_distributions=[sequential(handles_s)],
            number_of_servers=[options["agents"]],
        )
        simulations.append(library.Simulation(network))
        simulations[0].simulate_until_max_time(end_s)

    return Job(
        work, lambda: _rows([each.waiting_time for each in simulations[0].get_all_records()])
    )


def _reach_apart() -> None:
    if str(APART) not in sys.path:
        sys.path.append(str(APART))


def _drawn(options: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """Gaps between arrivals, and handle times, in seconds."""
    rng = Random(options["seed"])
    mean_gap_s = MEAN_HANDLE_S / (options["agents"] * options["occupancy"])
    calls = range(options["calls"])
    gaps_s = [rng.expovariate(1 / mean_gap_s) for _ in calls]
    return gaps_s, [rng.expovariate(1 / MEAN_HANDLE_S) for _ in calls]


def _rows(waits_s: list[float]) -> Rows:
    return Rows(len(waits_s), repr(fmean(waits_s)))


def _erlang_c_wait_s(agents: int, occupancy: float) -> float:
    """The mean wait of endless M/M/c; Erlang C by the recursion of Erlang B."""
    load, blocked = agents * occupancy, 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    delayed = blocked / (1 - occupancy * (1 - blocked))
    return delayed * MEAN_HANDLE_S / (agents * (1 - occupancy))
