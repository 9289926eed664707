"""Commands of `lake` about routing: scores, publishing, decisions, policies, contact flows."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from glue_jobs import build as builder
from glue_jobs import route as router
from glue_jobs import route_eval as evaluator
from glue_jobs import score as scorer
from glue_jobs import score_check as score_checker
from glue_jobs import show
from glue_jobs.arguments import UsageError, settings, shown
from glue_jobs.commands_report import deliver_command
from glue_jobs.lake import Lake, opened
from glue_jobs.quality import AuditFailedError
from infra.flows import config as flow_config
from infra.flows.exported import exported
from infra.flows.files import FlowLintError, written
from infra.flows.lint import FOR_ANY_FLOW, RULES, findings
from lambdas.routing.policy import Policy, changed
from lambdas.routing.rule import rule
from transforms.tables import BY_NAME


def score(arguments: argparse.Namespace) -> None:
    """`lake score`."""
    with opened(settings(arguments)) as lake:
        done = scorer.score(lake)
        shown(lake.read(BY_NAME["workload_score"]), arguments)
    show.say(f"{done.scores} scores and {done.customers} customers' agents as of {done.as_of} UTC")


def publish(arguments: argparse.Namespace) -> None:
    """`lake publish`."""
    if arguments.report:
        deliver_command(arguments)
        return
    with opened(settings(arguments)) as lake, router.dynamodb(lake) as client:
        done = router.publish(lake, client)
    rows = [
        {"table": name, **published._asdict()}
        for name, published in zip(("AgentWorkload", "CustomerAgentMap"), done, strict=True)
    ]
    shown(pa.Table.from_pylist(rows), arguments)
    if lake.settings.is_folder:
        show.say("a folder lake publishes to the embedded stand-in, which ends with this command")


def route(arguments: argparse.Namespace) -> None:
    """`lake route`."""
    asked = router.event(arguments.call_type, arguments.customer, arguments.candidates)
    with opened(settings(arguments)) as lake, router.dynamodb(lake) as client:
        tokens = router.tokens(lake)
        if lake.settings.is_folder:
            customer = arguments.customer
            keys = {*tokens.known_as(customer, customer), customer}
            router.publish(lake, client, [arguments.call_type], [key for key in keys if key])
        routed = router.route(lake, client, asked, tokens, arguments.at)
    if arguments.format == "json":
        sys.stdout.write(json.dumps(routed.answer, indent=1) + "\n")
        return
    if routed.agents:
        shown(pa.Table.from_pylist(routed.agents), arguments)
    show.say(explained(routed))


def route_eval(arguments: argparse.Namespace) -> None:
    """`lake route-eval`."""
    numbers = _policy(arguments.set)
    if arguments.policy:
        sys.path.insert(0, str(Path.cwd()))  # as Python does for a script
    for name in arguments.policy:
        rule(name)  # a wrong one is told before the work begins
    policies = [*arguments.policies, *arguments.policy]
    refreshes_s = [60.0 * minutes for minutes in arguments.refresh]
    if arguments.first:
        days = builder.Window(arguments.first, arguments.last or arguments.first).days
        with opened(settings(arguments)) as lake:
            trials = evaluator.replayed_trials(lake, days, refreshes_s, policies, numbers)
    else:
        occupancies = [percent / 100 for percent in arguments.occupancy]
        seeds = range(arguments.seed, arguments.seed + arguments.days)
        trials = evaluator.invented_trials(
            arguments.agents, occupancies, refreshes_s, seeds, policies, numbers
        )
    with show.progress() as report:
        found = evaluator.compared(
            trials, arguments.workers, lambda done, total: report("days", done, total)
        )
    shown(found, arguments)
    show.say(
        "missed: none of the agents named was free, although another who can take the call was; "
        "_ci95: half of a 95 % interval over days, each the day of one seed"
    )


def flows(arguments: argparse.Namespace) -> None:
    """`lake flows`."""
    if arguments.config is None or arguments.out is None:
        raise UsageError("give --config and --out together, or: lake flows lint FILE")
    made_ = written(flow_config.read(Path(arguments.config)), Path(arguments.out))
    show.say(f"{arguments.out}: {', '.join(path.name for path in made_)}")


def flows_lint(arguments: argparse.Namespace) -> int:
    """`lake flows lint`."""
    rules = RULES if arguments.ours else FOR_ANY_FLOW
    found = [
        {"file": str(path), "rule": each.rule, "action": each.action, "message": each.message}
        for path in map(Path, arguments.files)
        for each in findings(exported(path, arguments.type), rules)
    ]
    schema = pa.schema([(name, pa.string()) for name in ("file", "rule", "action", "message")])
    shown(pa.Table.from_pylist(found, schema=schema), arguments)
    return FlowLintError.exit_code if found else 0


def scores_checked(lake: Lake, arguments: argparse.Namespace) -> int:
    """`lake check --scores`."""
    now = datetime.now(UTC)
    with router.dynamodb(lake) as client:
        if lake.settings.is_folder:
            now = router.scored(lake)[0]["as_of"].replace(tzinfo=UTC)
            router.publish(lake, client, customers=())
        read = score_checker.scanned(client)
    found = score_checker.findings(read.items, score_checker.expected(lake, read, now))
    shown(score_checker.told(found), arguments)
    if read.fault is not None:
        show.say(f"RoutingConfig: {read.fault}")
    show.say(f"AgentWorkload: {len(read.items)} rows, {len(found)} findings")
    return AuditFailedError.exit_code if found or read.fault is not None else 0


def explained(routed: router.Routed) -> str:
    """One line: the decision, its reason, and how old the scores were."""
    age = routed.answer["dataAgeSeconds"]
    old = "" if age == "NONE" else f", scores {age} s old"
    return f"{routed.answer['decision']}: {routed.answer['reason']}{old}"


def _policy(changes: Sequence[str]) -> Policy:
    """The router's policy with `NAME=VALUE` changes, as its config item would set them."""
    said = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise UsageError(f"--set {change}: write NAME=VALUE, for example --set n=5")
        try:
            said[name] = json.loads(value)
        except ValueError as error:
            raise UsageError(f"--set {change}: {value!r} is no number, true or false") from error
    return changed(Policy(), said)
