"""Events per second of our simulators beside simpy and ciw: one plain queue.

Calls of one type, agents who can all take them, nobody hangs up: M/M/c, what all three can say.
Every contestant gets the same gaps between arrivals and the same handle times, in whole
milliseconds and in order of arrival, so that the mean wait is the same to the last digit, and it is
checked to be. An event is an arrival or the end of a call, two a call, whatever an engine schedules
besides. Ours is the centre's simulator; the routing evaluator's, which also asks a policy about
every call and tells it the news late, stands among the peers.
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
MEAN_HANDLE_MS = 300_000.0
EVENTS_OF_A_CALL = 2
_KIND = "call"
# ciw's wheel brings a folder `tests`, which would hide ours: `make bench` installs it here.
APART = Path(sys.prefix, "apart")
OURS = Contestant("ours", "simulation:centre")
PEERS = (
    Contestant("our routing evaluator", "simulation:routing"),
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
                    mean_wait_ms=rounded(float(rows.checksum)),
                    erlang_c_wait_ms=rounded(_erlang_c_wait_ms(agents, occupancy)),
                    **options,
                )


def centre(options: Mapping[str, Any], _scratch: Path) -> Job:
    """The simulator of a multi-skill centre, with its sums by skill and agent."""
    import numpy as np

    from transforms.workforce.centre import NEVER_MS, Agent, Centre, Day, Skill, Span
    from transforms.workforce.centre_simulation import simulated

    gaps, handles = (np.array(each, np.int64) for each in _drawn(options))
    at = np.cumsum(gaps)
    none, never = np.zeros_like(at), np.full_like(at, NEVER_MS)
    day = Day(at, none, handles, none, never)
    # Nobody goes home before the last call: they share what has come, but for one call each.
    end_ms = at[-1] + handles.sum() / options["agents"] + handles.max()
    shift = Span(0.0, float(end_ms) / 1000)
    agents = tuple(Agent(f"{n}", {_KIND: 1.0}, (shift,)) for n in range(options["agents"]))
    intervals = int(shift.to_s // 900) + 1
    queue = Centre((Skill(_KIND, (0.0,) * intervals, MEAN_HANDLE_MS / 1000),), agents)
    found = []

    def rows() -> Rows:
        in_all = found[0].in_all
        return Rows(in_all.answered, repr(in_all.wait_ms / in_all.answered))

    return Job(lambda: found.append(simulated(queue, day)), rows)


def routing(options: Mapping[str, Any], _scratch: Path) -> Job:
    """The routing evaluator under the policy that offers nobody: the default queue alone.

    What only routing needs is off: one snapshot of the scores, no delays.
    """
    from glue_jobs.route_eval import POLICIES
    from lambdas.routing.policy import Policy
    from transforms.workforce.routing_simulation import Call, Centre, Timing, Worker, simulated
    from transforms.workforce.score import Weights

    gaps, handles = _drawn(options)
    # Milliseconds in the place of seconds: it has no unit of its own.
    arrivals = enumerate(zip(accumulate(gaps), handles, strict=True))
    calls = [Call(f"{n}", at, _KIND, handle, float("inf")) for n, (at, handle) in arrivals]
    end_s = 2 * (sum(gaps) + sum(handles))  # nobody goes home before the last call
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

    gaps, handles = _drawn(options)
    waits: list[float] = []

    def work() -> None:
        centre = Environment()
        agents = Resource(centre, options["agents"])

        def call(handle):
            at = centre.now
            with agents.request() as request:
                yield request
                waits.append(centre.now - at)
                yield centre.timeout(handle)

        def arrivals():
            for gap, handle in zip(gaps, handles, strict=True):
                yield centre.timeout(gap)
                centre.process(call(handle))

        centre.process(arrivals())
        centre.run()

    return Job(work, lambda: _rows(waits))


def ciw(options: Mapping[str, Any], _scratch: Path) -> Job:
    """ciw as its manual shows it: a network of one node; the numbers come from lists."""
    _reach_apart()
    import ciw as library

    gaps, handles = _drawn(options)
    end = 2 * (sum(gaps) + sum(handles))
    sequential = library.dists.Sequential
    simulations = []

    def work() -> None:
        network = library.create_network(
            arrival_distributions=[sequential([*gaps, float("inf")])],
            service_distributions=[sequential(handles)],
            number_of_servers=[options["agents"]],
        )
        simulations.append(library.Simulation(network))
        simulations[0].simulate_until_max_time(end)

    return Job(
        work, lambda: _rows([each.waiting_time for each in simulations[0].get_all_records()])
    )


def _reach_apart() -> None:
    if str(APART) not in sys.path:
        sys.path.append(str(APART))


def _drawn(options: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """Gaps between arrivals, and handle times, in whole milliseconds."""
    rng = Random(options["seed"])
    mean_gap = MEAN_HANDLE_MS / (options["agents"] * options["occupancy"])
    calls = range(options["calls"])
    gaps = [float(round(rng.expovariate(1 / mean_gap))) for _ in calls]
    return gaps, [float(round(rng.expovariate(1 / MEAN_HANDLE_MS))) for _ in calls]


def _rows(waits: list[float]) -> Rows:
    return Rows(len(waits), repr(fmean(waits)))


def _erlang_c_wait_ms(agents: int, occupancy: float) -> float:
    """The mean wait of endless M/M/c; Erlang C by the recursion of Erlang B."""
    load, blocked = agents * occupancy, 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    delayed = blocked / (1 - occupancy * (1 - blocked))
    return delayed * MEAN_HANDLE_MS / (agents * (1 - occupancy))
