"""Kinesis batches of agent events keep `AgentState` live; what fails is delivered again."""

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ingestion.records import Accepted, outcomes
from lambdas.agent_state.event import AgentEvent, agent_event
from lambdas.agent_state.tables import AgentTable, ContendedError

Response = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Followed:
    """What one batch came to; everything from `retry_from` (a sequence number) on comes again.

    `events` were of agents, `unread` records were not or could not be read: the lake keeps them,
    here they are passed over. `changed` counts agents, `ended` promises that were given up.
    """

    events: int
    unread: int
    changed: int = 0
    ended: int = 0
    retry_from: str | None = None
    fault: str | None = None

    def response(self) -> Response:
        """The partial batch response of Lambda's event source mapping; never an empty id."""
        failures = [] if self.retry_from is None else [{"itemIdentifier": self.retry_from}]
        return {"batchItemFailures": failures}


def handler(event: dict[str, Any], _context: object) -> Response:
    """The Lambda entry point: brings the agents of `event["Records"]` up to date."""
    followed = follow(event["Records"], _table())
    _report(followed)
    return followed.response()


def follow(records: Sequence[Mapping[str, Any]], table: AgentTable) -> Followed:
    """What the records of one Kinesis event came to; repeating it changes nothing.

    One read and one write for each agent of the batch. Where DynamoDB fails, the agent's first
    record and all behind it are delivered again.
    """
    read = list(_events(records))
    agents: dict[str, list[tuple[str, AgentEvent]]] = {}
    for number, event in read:
        agents.setdefault(event.agent_id, []).append((number, event))
    unread = len(records) - len({number for number, _ in read})
    changed = ended = 0
    for agent_id, numbered in agents.items():
        events = [event for _, event in numbered]
        try:
            changed += table.apply(agent_id, events)
            ended += table.settle(events)
        except (BotoCoreError, ClientError, ContendedError) as error:
            fault = type(error).__name__
            return Followed(len(read), unread, changed, ended, numbered[0][0], fault)
    return Followed(len(read), unread, changed, ended)


def _events(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, AgentEvent]]:
    """The agent events of a batch, each with the sequence number of its record."""
    for record in records:
        number, payload = _payload(record)
        for outcome in outcomes(payload) if payload else []:
            if isinstance(outcome, Accepted) and outcome.kind == "agent_event":
                event = agent_event(json.loads(outcome.line))
                if event is not None:
                    yield number, event


def _payload(record: Mapping[str, Any]) -> tuple[str, bytes]:
    """A record's sequence number and content; no content where the envelope cannot be read."""
    try:
        kinesis = record["kinesis"]
        number = kinesis["sequenceNumber"]
        payload = base64.b64decode(kinesis["data"], validate=True)
    except (KeyError, TypeError, ValueError):
        return "", b""
    is_number = isinstance(number, str) and number.isascii() and number.isdigit()
    return (number, payload) if is_number else ("", b"")


def _report(followed: Followed) -> None:
    """Counts as CloudWatch metrics, and a log line for trouble; never an id, name or payload."""
    metrics = Metrics(namespace="ContactLake", service="agent_state")
    for name in ("events", "unread", "changed", "ended"):
        metrics.add_metric(name, MetricUnit.Count, getattr(followed, name))
    metrics.flush_metrics()
    if followed.fault is not None:
        _logger().warning("batch", retry_from=followed.retry_from, fault=followed.fault)


@cache
def _logger() -> Logger:
    return Logger(service="agent_state")


@cache
def _table() -> AgentTable:
    env = os.environ
    config = Config(
        connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 4}
    )
    return AgentTable(
        boto3.client("dynamodb", config=config),
        env.get("AGENT_STATE_TABLE", "AgentState"),
        env.get("RESERVATION_TABLE", "RoutingReservation"),
    )
