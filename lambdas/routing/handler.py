"""Answers a contact flow. Whatever goes wrong, the flow gets a valid map and its default queue."""

import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from botocore import config as botocore_config
from botocore.exceptions import BotoCoreError, ClientError

from ingestion.errors import LakeError
from ingestion.privacy import Tokens, tokens_from
from lambdas.routing.choose import Decision, Policy, Reason, Rule, choose, default, response
from lambdas.routing.config import Config, Settings, reader
from lambdas.routing.decide import decided, facts
from lambdas.routing.decision import is_valid
from lambdas.routing.event import Contact, contact
from lambdas.routing.rule import rule as named_rule
from lambdas.routing.tables import DynamoTables, InTime, Tables, ThrottledError

BUDGET_S = 2.0  # Connect waits 3 seconds by default

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"\d(?:[\W_]*\d){5,}")


class NotConfiguredError(LakeError):
    """The function's environment lacks something."""


class InvalidDecisionError(LakeError):
    """A rule decided something that a flow cannot be told."""


class Parts(NamedTuple):
    """What a decision is made from; read from the environment at the first contact."""

    tables: DynamoTables
    tokens: Tokens
    config: Config
    rule: Rule = choose


class Routed(NamedTuple):
    """The decision, what the shadow policy would have decided, and what the config lacks."""

    decision: Decision
    shadow: Decision | None = None
    fault: str | None = None


def handler(event: object, _context: object) -> dict[str, str]:
    """A Connect flow's `InvokeLambdaFunction`: see `lambdas.routing.choose.RESPONSE_KEYS`."""
    ends = time.monotonic() + BUDGET_S
    who = contact(event)
    routed = _guarded(who, Policy(), lambda: _in_time(ends, lambda: _routed(who, ends)))
    _log(who, routed)
    return response(routed.decision)


def answer(
    event: object,
    tables: Tables,
    tokens: Tokens,
    policy: Policy,
    now: datetime,
    rule: Rule = choose,
) -> dict[str, str]:
    """The handler's answer from given parts, without its log and its clock; never raises."""
    who = contact(event)
    settings = Settings(policy)
    routed = _guarded(who, policy, lambda: route(who, tables, tokens, settings, now, rule))
    return response(routed.decision)


def route(
    who: Contact,
    tables: Tables,
    tokens: Tokens,
    settings: Settings,
    now: datetime,
    rule: Rule = choose,
) -> Routed:
    """The decision under the contact's policy, with the agent promised; raises what tables raise.

    The shadow policy sees the same facts; what it decides is for the log only.
    """
    policy = settings.policy_for(who.contact_id)
    if settings.is_killed:
        return Routed(default(who, Reason.KILLED, policy), fault=settings.fault)
    known = facts(who, tables, tokens, policy, now)
    decision = decided(who, known, tables, policy, now, rule)
    shadow = None
    if settings.shadow is not None and known.held is None:
        shadow = rule(who, known.candidates, known.state, settings.shadow, now)
    return Routed(decision, shadow, settings.fault)


def _routed(who: Contact, ends: float) -> Routed:
    parts = _parts()
    settings = parts.config.current()
    tables = replace(parts.tables, client=InTime(parts.tables.client, ends))
    return route(who, tables, parts.tokens, settings, datetime.now(UTC), parts.rule)


def _in_time(ends: float, work: Callable[[], Routed]) -> Routed:
    """The work's result; raises TimeoutError at `ends`, however long a network call may hang.

    The work goes on in its thread until its call returns, and then starts no other.
    """
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work).result(timeout=max(0.0, ends - time.monotonic()))
    finally:
        pool.shutdown(wait=False)


def _guarded(who: Contact, policy: Policy, routed: Callable[[], Routed]) -> Routed:
    try:
        return _checked(routed())
    except Exception as error:  # noqa: BLE001 - a caller is waiting: any fault means default queue
        return Routed(default(who, _fault(error), policy, _named(error)))


def _checked(routed: Routed) -> Routed:
    """The same, of which a flow can be told; raises InvalidDecisionError."""
    if not is_valid(response(routed.decision)):
        raise InvalidDecisionError("routing: the decision has what a flow cannot take")
    return routed


def _fault(error: Exception) -> Reason:
    if isinstance(error, TimeoutError):
        return Reason.OUT_OF_TIME
    if isinstance(error, BotoCoreError | ClientError | ThrottledError):
        return Reason.UNAVAILABLE
    is_setting = isinstance(error, LakeError) and not isinstance(error, InvalidDecisionError)
    return Reason.NOT_CONFIGURED if is_setting else Reason.FAILED


def _named(error: Exception) -> str:
    """The error's kind. Its text stays out of the log: it may quote a key, thus a customer."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error.response.get('Error', {}).get('Code')}"
    return str(error) if isinstance(error, LakeError) else type(error).__name__


def _log(who: Contact, routed: Routed) -> None:
    decision, shadow = routed.decision, routed.shadow
    level = "info" if decision.detail is None and routed.fault is None else "error"
    getattr(_logger(), level)(
        "routed",
        extra={
            "decision": decision.decision,
            "reason": decision.reason.value,
            "owner": decision.owner.value,
            "overflow_queue": _without_numbers(decision.lender),
            "decision_id": decision.decision_id,
            "policy": _without_numbers(decision.policy.version),
            "call_type": _without_numbers(who.call_type),
            "contact_id": _without_numbers(who.contact_id),
            "fault": decision.detail or routed.fault,
            "shadow": None if shadow is None else _told(shadow),
        },
    )


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "policy": _without_numbers(decision.policy.version),
        "decision": decision.decision,
        "reason": decision.reason.value,
        "agents": [_without_numbers(offer.agent_id) for offer in decision.agents],
    }


def _without_numbers(text: str | None) -> str | None:
    """Text fit for a log: a flow may have put a caller's number where an id or a type belongs."""
    return text if text is None or _ID.fullmatch(text) else _NUMBER.sub("#", text)


@cache
def _logger() -> Logger:
    return Logger(service="routing")


@cache
def _parts() -> Parts:
    env = os.environ
    tables = DynamoTables(
        _client("dynamodb"),
        env.get("AGENT_WORKLOAD_TABLE", "AgentWorkload"),
        env.get("CUSTOMER_AGENT_TABLE", "CustomerAgentMap"),
        env.get("AGENT_STATE_TABLE", "AgentState"),
        env.get("RESERVATION_TABLE", "RoutingReservation"),
    )
    tokens = tokens_from(env, _secret)
    if tokens is None:
        raise NotConfiguredError("routing: set CUSTOMER_KEY or CUSTOMER_KEY_SECRET")
    config = Config(
        reader(tables.client, env.get("ROUTING_CONFIG_TABLE", "RoutingConfig")),
        Policy(n=_count(env.get("CANDIDATES", "10"))),
    )
    named = env.get("ROUTING_POLICY")
    return Parts(tables, tokens, config, named_rule(named) if named else choose)


def _secret(name: str) -> str:
    return str(_client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]?", text):
        raise NotConfiguredError("routing: CANDIDATES must be a number from 1 to 10")
    return int(text)


def _client(name: str) -> Any:
    """A client that gives up before the flow does."""
    return boto3.client(
        name,
        config=botocore_config.Config(
            connect_timeout=0.5,
            read_timeout=0.9,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
    )
