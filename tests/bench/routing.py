"""How long a routing decision takes, and how long its function takes to start cold."""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from glue_jobs.standin import stand_in
from tests.bench.harness import Contestant, Job, Run, alternated, line, median, rounded

CANDIDATES = (100, 1_000)
DECISIONS = {"choose": 2_000, "handler": 100}
COLD_STARTS = 5
LAMBDAS = (
    *("boto3", "lambdas.routing.handler", "lambdas.agent_state.handler"),
    "lambdas.landing.handler",
)
FREE_SHARE = 0.3
_CALL_TYPE = "invoice"


def measured(given: Namespace, _keep: Path) -> Iterator[Mapping[str, Any]]:
    """p50 and p99 of the pure decision and of the handler; cold imports."""
    for candidates in CANDIDATES:
        options = {"candidates": candidates, "seed": given.seed}
        for name in DECISIONS:
            contestant = Contestant(f"{name}, {candidates} candidates", f"routing:{name}")
            with stand_in() as aws:
                runs = alternated([contestant], options, given.rounds, aws.environment())
            yield _line(contestant.name, runs[contestant.name], given)
    for module in LAMBDAS:
        seconds = [_cold_import(module) for _ in range(COLD_STARTS)]
        runs = [Run(each, 0) for each in seconds]
        yield line(f"cold import of {module}", 1000 * median(runs), "ms", of=COLD_STARTS)


def _line(name: str, runs: list[Run], given: Namespace) -> Mapping[str, Any]:
    return line(
        f"routing decision: {name}",
        median(runs, "p50_ms"),
        "ms, p50",
        p99_ms=rounded(median(runs, "p99_ms")),
        decisions=runs[0].figures["decisions"],
        defaulted=sum(run.figures.get("defaulted", 0) for run in runs),
        rss_mb=round(median(runs, "rss_mb")),
        seed=given.seed,
    )


def choose(options: Mapping[str, Any], _scratch: Path) -> Job:
    """The pure decision over candidates and their live states in memory."""
    from lambdas.routing.choose import Candidate, Policy, State
    from lambdas.routing.choose import choose as decided
    from lambdas.routing.event import contact

    now = datetime.now(UTC)
    candidates = [Candidate(*row, now) for row in _agents(options)]
    contacts = [contact(_event(n)) for n in range(DECISIONS["choose"])]
    state = State(agents={each.agent_id: each for each in _live(options)})
    policy = Policy()
    return Job(
        lambda: _percentiles(
            [lambda c=c: decided(c, candidates, state, policy, now) for c in contacts]
        )
    )


def handler(options: Mapping[str, Any], _scratch: Path) -> Job:
    """The Lambda's handler with its real clients against the stand-in's DynamoDB."""
    import os

    import boto3

    from glue_jobs.publish import create_tables, publish_scores
    from lambdas.agent_state.fold import Seen
    from lambdas.agent_state.item import item
    from lambdas.routing.handler import handler as answered

    os.environ["CUSTOMER_KEY"] = "0123456789abcdef" * 4
    client = boto3.client("dynamodb")
    create_tables(client)
    now = datetime.now(UTC)
    names = ("agent_name", "agent_id", "workload")
    more = {"call_type": _CALL_TYPE, "as_of": now, "score_version": "bench"}
    rows = [dict(zip(names, row, strict=True)) | more for row in _agents(options)]
    publish_scores(client, rows, is_sole_writer=True)
    for each in _live(options):
        client.put_item(TableName="AgentState", Item=item(Seen(each)))
    answered(_event(0), None)  # the clients are made at the first call
    events = [_event(n) for n in range(DECISIONS["handler"])]
    answers = []

    def work() -> dict[str, float]:
        spent = _percentiles([lambda e=e: answers.append(answered(e, None)) for e in events])
        # The stand-in may be too slow for the clients' time limits: then the default queue is it.
        return spent | {"defaulted": sum(each["decision"] != "CANDIDATES" for each in answers)}

    return Job(work)


def _agents(options: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    rng = Random(options["seed"])
    names = (f"agent-{n:05d}" for n in range(options["candidates"]))
    return [(name, f"id-{name}", rng.randrange(10_001)) for name in names]


def _live(options: Mapping[str, Any]) -> list[Any]:
    """The agents' states; those who are free could take any number of the benchmark's calls."""
    from lambdas.routing.live import AgentState, Slots

    rng, now = Random(options["seed"]), datetime.now(UTC)
    places = {True: {"VOICE": Slots(1000, 1000, 0)}, False: {"VOICE": Slots(1, 0, 1)}}
    return [
        AgentState(agent_id, True, now, places[rng.random() < FREE_SHARE], version=1)
        for _, agent_id, _ in _agents(options)
    ]


def _event(number: int) -> dict[str, Any]:
    contact = {"ContactId": f"contact-{number}", "Attributes": {}, "Channel": "VOICE"}
    return {
        "Name": "ContactFlowEvent",
        "Details": {"ContactData": contact, "Parameters": {"callType": _CALL_TYPE}},
    }


def _percentiles(calls: list[Callable[[], Any]]) -> dict[str, float]:
    spent = sorted(_seconds(call) for call in calls)
    at = {name: spent[int(len(spent) * share)] for name, share in (("p50", 0.5), ("p99", 0.99))}
    return {f"{name}_ms": 1000 * value for name, value in at.items()} | {"decisions": len(calls)}


def _seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _cold_import(module: str) -> float:
    """Seconds of an import in a fresh interpreter, compiled files there already."""
    code = f"import time; began = time.perf_counter(); import {module}; "
    code += "print(time.perf_counter() - began)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)
