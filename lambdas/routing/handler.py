"""Answers a contact flow. Whatever goes wrong, the flow gets a valid map and its default queue."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ingestion.errors import LakeError
from ingestion.privacy import Tokens, key_from_text
from lambdas.routing.choose import Decision, Policy, Reason, State, choose, default, response
from lambdas.routing.event import Contact, contact
from lambdas.routing.tables import DynamoTables, Tables

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"\d(?:[^\w]*\d){5,}")


class NotConfiguredError(LakeError):
    """The function's environment lacks something."""


class Parts(NamedTuple):
    """What a decision is made from; read from the environment at the first contact."""

    tables: Tables
    tokens: Tokens
    policy: Policy


def handler(event: object, _context: object) -> dict[str, str]:
    """A Connect flow's `InvokeLambdaFunction`: see `lambdas.routing.choose.RESPONSE_KEYS`."""
    who = contact(event)
    decision = _guarded(who, Policy(), lambda: decide(who, *_parts(), datetime.now(UTC)))
    _log(who, decision)
    return response(decision)


def answer(
    event: object, tables: Tables, tokens: Tokens, policy: Policy, now: datetime
) -> dict[str, str]:
    """The handler's answer from given parts, without its log; never raises."""
    who = contact(event)
    return response(_guarded(who, policy, lambda: decide(who, tables, tokens, policy, now)))


def decide(who: Contact, tables: Tables, tokens: Tokens, policy: Policy, now: datetime) -> Decision:
    """The decision with the names and reasons behind the answer; raises what the tables raise."""
    candidates = tables.candidates(who.call_type) if who.call_type else []
    state = State(association=tables.association(customer_ids(who, tokens)))
    return choose(who, candidates, state, policy, now)


def customer_ids(who: Contact, tokens: Tokens) -> list[str]:
    """The keys a customer may be stored under, best first: number, id, and the id as it is."""
    keys = (
        tokens.token(who.customer_address),
        tokens.customer_id_token(who.customer_id),
        who.customer_id,
    )
    return [key for key in keys if key]


def _guarded(who: Contact, policy: Policy, decision: Callable[[], Decision]) -> Decision:
    try:
        return decision()
    except Exception as error:  # noqa: BLE001 - a caller is waiting: any fault means default queue
        return default(who, _fault(error), policy, _named(error))


def _fault(error: Exception) -> Reason:
    if isinstance(error, LakeError):
        return Reason.NOT_CONFIGURED
    if isinstance(error, BotoCoreError | ClientError):
        return Reason.UNAVAILABLE
    return Reason.FAILED


def _named(error: Exception) -> str:
    """The error's kind. Its text stays out of the log: it may quote a key, thus a customer."""
    if isinstance(error, ClientError):
        return f"{error.operation_name}: {error.response.get('Error', {}).get('Code')}"
    return str(error) if isinstance(error, LakeError) else type(error).__name__


def _log(who: Contact, decision: Decision) -> None:
    level = "info" if decision.detail is None else "error"
    getattr(_logger(), level)(
        "routed",
        extra={
            "decision": decision.decision,
            "reason": decision.reason.value,
            "decision_id": decision.decision_id,
            "call_type": _without_numbers(who.call_type),
            "contact_id": _without_numbers(who.contact_id),
            "fault": decision.detail,
        },
    )


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
    )
    tokens = Tokens(key_from_text(_key_text()), env.get("CUSTOMER_KEY_VERSION", "1"))
    return Parts(tables, tokens, Policy(n=_count(env.get("CANDIDATES", "3"))))


def _key_text() -> str:
    if text := os.environ.get("CUSTOMER_KEY"):
        return text
    if secret := os.environ.get("CUSTOMER_KEY_SECRET"):
        return str(_client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
    raise NotConfiguredError("routing: set CUSTOMER_KEY or CUSTOMER_KEY_SECRET")


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]?", text):
        raise NotConfiguredError("routing: CANDIDATES must be a number from 1 to 10")
    return int(text)


def _client(name: str) -> Any:
    """A client that gives up before the flow does (Connect waits 3 seconds by default)."""
    return boto3.client(
        name,
        config=Config(
            connect_timeout=0.5,
            read_timeout=0.9,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
    )
