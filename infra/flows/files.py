"""The flows of an instance as files: made, linted, and only then written."""

import json
from collections.abc import Sequence
from pathlib import Path

from infra.flows.agent_queues import agent_queues
from infra.flows.cases import template
from infra.flows.config import Config
from infra.flows.customer_queue import customer_queue
from infra.flows.document import Flow
from infra.flows.lint import findings
from infra.flows.routing_criteria import routing_criteria
from infra.flows.routing_profiles import profile_requests
from ingestion.errors import LakeError

CASES = "test_cases.json"
PROFILES = "routing_profiles.json"


class FlowLintError(LakeError):
    """Flows with faults; the message has one line for each."""

    exit_code = 2


def flows(config: Config) -> tuple[Flow, ...]:
    """Design A, design B, and what a caller hears in a queue."""
    return agent_queues(config), routing_criteria(config), customer_queue(config)


def written(config: Config, folder: Path) -> list[Path]:
    """The files written: each flow's content, their test cases, requests for routing profiles.

    Raises FlowLintError, with nothing written, when a flow has a fault.
    """
    made = flows(config)
    require_no_findings(made)
    texts = {f"{flow.name}.json": flow.text for flow in made}
    texts[CASES] = json.dumps(template(config), indent=1)
    if config.delayed_lenders:
        texts[PROFILES] = json.dumps(profile_requests(config), indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text + "\n", encoding="utf-8")
    return paths


def require_no_findings(made: Sequence[Flow]) -> None:
    """Raises FlowLintError with one line for each finding of each flow."""
    lines = [f"{flow.name}: {finding}" for flow in made for finding in findings(flow)]
    if lines:
        raise FlowLintError("\n".join(lines))
