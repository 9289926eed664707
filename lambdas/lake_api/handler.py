"""The lake API behind an HTTP API of IAM-signed requests; see `infra/lake_api.openapi.yaml`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ingestion.errors import LakeError
from ingestion.store import StoreError
from lambdas.lake_api import lakes
from lambdas.lake_api.operations import NoSuchOperationError, Operation, followed, started

_RUN_ID = re.compile(r"jr_[0-9a-zA-Z_]{1,100}")
_STATUS: Mapping[type[LakeError], int] = {
    lakes.LakeNameError: 400,
    lakes.NoSuchLakeError: 404,
    NoSuchOperationError: 404,
    StoreError: 503,
}


class Parts(NamedTuple):
    """The clients, the stack's own lake, and the name of the job that creates and drops."""

    glue: Any
    s3: Any
    own: lakes.Where
    job: str


class Reply(NamedTuple):
    """An HTTP status, and the body as JSON has it."""

    status: int
    body: dict[str, Any]


class ConflictError(LakeError):
    """The lake holds data, so it is not removed."""


class BadRequestError(LakeError):
    """A parameter that the API does not know."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """The Lambda entry point: an HTTP API event, payload format 2.0."""
    reply = answer(event, _parts())
    _logger().info("asked", extra={"route": event.get("routeKey"), "status": reply.status})
    return {
        "statusCode": reply.status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(reply.body, default=_text),
    }


def answer(event: Mapping[str, Any], parts: Parts) -> Reply:
    """The reply to a request; faults are replies too, one line each."""
    route = ROUTES.get(str(event.get("routeKey")))
    if route is None:
        return Reply(404, {"message": "there is no such path"})
    try:
        return route(event, parts)
    except (BadRequestError, ConflictError) as error:
        return Reply(409 if isinstance(error, ConflictError) else 400, {"message": str(error)})
    except LakeError as error:
        return Reply(_STATUS.get(type(error), 503), {"message": str(error)})
    except (BotoCoreError, ClientError) as error:
        _logger().warning("AWS refused", extra={"fault": _named(error)})
        return Reply(503, {"message": f"AWS answered {_named(error)}; try again"})


def create(event: Mapping[str, Any], parts: Parts) -> Reply:
    """200 with the plan of a dry run or where nothing is missing, else 202 with the operation."""
    at, is_dry = _where(event, parts), _is_dry(event)
    missing = lakes.missing(parts.glue, at)
    if is_dry or not missing:
        return Reply(200, {**at._asdict(), "missing": missing})
    return _accepted(started(parts.glue, parts.job, "create", at))


def describe(event: Mapping[str, Any], parts: Parts) -> Reply:
    """200 with address, missing tables and what each table holds."""
    at = _where(event, parts)
    tables = _tables(at, parts)
    known = {table["table"] for table in tables}
    missing = [name for name in lakes.TABLES if name not in known]
    return Reply(200, {**at._asdict(), "missing": missing, "tables": tables})


def list_tables(event: Mapping[str, Any], parts: Parts) -> Reply:
    """200 with what each table holds."""
    return Reply(200, {"tables": _tables(_where(event, parts), parts)})


def drop(event: Mapping[str, Any], parts: Parts) -> Reply:
    """202 with the operation; raises ConflictError if the lake holds data."""
    at = _where(event, parts)
    data = lakes.data_in(parts.glue, parts.s3, at)
    if data is not None:
        raise ConflictError(data)
    return _accepted(started(parts.glue, parts.job, "drop", at))


def describe_operation(event: Mapping[str, Any], parts: Parts) -> Reply:
    """200 with how far it is."""
    run_id = _path(event, "id")
    if not _RUN_ID.fullmatch(run_id):
        raise BadRequestError("operation: give the id that creating or removing answered")
    return Reply(200, _told(followed(parts.glue, parts.job, run_id)))


ROUTES: Mapping[str, Callable[[Mapping[str, Any], Parts], Reply]] = {
    "PUT /lakes/{name}": create,
    "GET /lakes/{name}": describe,
    "DELETE /lakes/{name}": drop,
    "GET /lakes/{name}/tables": list_tables,
    "GET /operations/{id}": describe_operation,
}


def _tables(at: lakes.Where, parts: Parts) -> list[dict[str, Any]]:
    return [_row(each) for each in lakes.contents(parts.glue, parts.s3, at)]


def _row(content: lakes.Content) -> dict[str, Any]:
    row = content._asdict()
    committed_at = row.pop("committed_at")
    return {**row, "committedAt": committed_at}


def _accepted(operation: Operation) -> Reply:
    return Reply(202, _told(operation))


def _told(operation: Operation) -> dict[str, Any]:
    """The operation without what it has nothing to say of."""
    return {name: value for name, value in operation._asdict().items() if value not in ("", 0)}


def _where(event: Mapping[str, Any], parts: Parts) -> lakes.Where:
    return lakes.where(_path(event, "name"), parts.own)


def _path(event: Mapping[str, Any], name: str) -> str:
    return str((event.get("pathParameters") or {}).get(name, ""))


def _is_dry(event: Mapping[str, Any]) -> bool:
    asked = (event.get("queryStringParameters") or {}).get("dryRun", "false")
    if asked not in ("true", "false"):
        raise BadRequestError("dryRun: write true or false")
    return bool(asked == "true")


def _named(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code"))
    return type(error).__name__


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a reply")


@cache
def _logger() -> Logger:
    return Logger(service="lake_api")


@cache
def _parts() -> Parts:
    config = Config(connect_timeout=2, read_timeout=8, retries={"mode": "standard"})
    own = lakes.validated(os.environ["LAKE"], os.environ["LAKE_DATABASE"])
    return Parts(
        boto3.client("glue", config=config),
        boto3.client("s3", config=config),
        own,
        os.environ["ADMIN_JOB"],
    )
