"""Every request that the stand-in gets, as the IAM action and resource that AWS would ask for.

A step signs with its role's name as access key, so the request itself tells whose it is.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from tests.infra.resolved import ACCOUNT, REGION

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/[^/]*/([^/]+)/")
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_OF_CATALOG = ("database", "table", "userDefinedFunction")


class Call(NamedTuple):
    """A role's use of an action on a resource (an ARN, or `*` where it cannot be told)."""

    role: str
    action: str
    resource: str


class Recorder:
    """A WSGI application in front of another that keeps what goes through."""

    def __init__(self) -> None:
        self.calls: set[Call] = set()

    def before(self, application: Callable[..., Any]) -> Callable[..., Any]:
        """The application, recorded."""

        def answer(environment: dict[str, Any], start_response: Any) -> Any:
            size = int(environment.get("CONTENT_LENGTH") or 0)
            body = environment["wsgi.input"].read(size) if size else b""
            if size:  # an upload in chunks names no length, and is not looked into
                environment["wsgi.input"] = io.BytesIO(body)
            signed = _CREDENTIAL.search(environment.get("HTTP_AUTHORIZATION", ""))
            if signed and not signed[1].startswith("testing"):
                found = list(actions(signed[2], environment, body))
                self.calls |= {Call(signed[1], *each) for each in found}
            return application(environment, start_response)

        return answer

    def hear(self, authorization: str, action: str, resource: str) -> None:
        """Keep a call that another stand-in got."""
        signed = _CREDENTIAL.search(authorization)
        assert signed
        self.calls.add(Call(signed[1], f"{signed[2]}:{action}", resource))


def actions(service: str, environment: dict[str, Any], body: bytes) -> Iterator[tuple[str, str]]:
    """Each action and resource of one request."""
    if service == "s3":
        yield from s3_actions(environment)
        return
    target = environment.get("HTTP_X_AMZ_TARGET", "")
    path = environment["PATH_INFO"]
    operation = target.rpartition(".")[2] or path.rpartition("/operation/")[2]
    given = json.loads(body) if body[:1] == b"{" else {}
    if service == "dynamodb":
        yield from dynamodb_actions(operation, given)
    elif service == "glue":
        yield from glue_actions(operation, given)
    elif service == "kinesis":
        name = given.get("StreamName") or given.get("StreamARN", "").rpartition("/")[2]
        yield f"kinesis:{operation}", _arn("kinesis", f"stream/{name}") if name else "*"
    elif service == "sns":  # a form: the query protocol
        asked = parse_qs(body.decode())
        yield f"sns:{asked['Action'][0]}", asked.get("TopicArn", ["*"])[0]
    elif service == "secretsmanager":
        yield f"secretsmanager:{operation}", given["SecretId"]
    else:
        service = "cloudwatch" if service == "monitoring" else service
        yield f"{service}:{operation}", "*"


def s3_actions(environment: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """S3 tells by method and path; an object's HEAD needs GetObject, a list of them ListBucket."""
    bucket, _, key = unquote(environment["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(environment.get("QUERY_STRING", ""), keep_blank_values=True)
    method = environment["REQUEST_METHOD"]
    if method == "POST" and "delete" in query:
        yield "s3:DeleteObject", f"arn:aws:s3:::{bucket}/*"
    elif not key:
        action = "s3:CreateBucket" if method == "PUT" else "s3:ListBucket"
        yield action, f"arn:aws:s3:::{bucket}"
    else:
        # Uploads in parts are PutObject to IAM.
        action = {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}.get(method)
        yield f"s3:{action or 'PutObject'}", f"arn:aws:s3:::{bucket}/{key}"


def dynamodb_actions(operation: str, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Batches and transactions are asked for table by table, transactions by what they do."""
    if operation == "TransactWriteItems":
        for each in given["TransactItems"]:
            ((kind, item),) = each.items()
            yield f"dynamodb:{_TRANSACTED[kind]}", _table(item["TableName"])
        return
    names = [given["TableName"]] if "TableName" in given else list(given.get("RequestItems", {}))
    for name in names:
        yield f"dynamodb:{operation}", _table(name)


def glue_actions(operation: str, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The catalog's actions are asked for the catalog, the database and the table."""
    if "JobName" in given:
        yield f"glue:{operation}", _arn("glue", f"job/{given['JobName']}")
        return
    database = given.get("DatabaseName") or given.get("DatabaseInput", {}).get("Name")
    table = given.get("TableInput", {}).get("Name")
    if operation in ("GetDatabase", "DeleteDatabase"):
        database = given["Name"]
    elif table is None:
        table = given.get("Name", "*" if "Table" in operation else None)
    yield f"glue:{operation}", _arn("glue", "catalog")
    yield f"glue:{operation}", _arn("glue", f"database/{database}")
    if table:
        yield f"glue:{operation}", _arn("glue", f"table/{database}/{table}")


def _table(name: str) -> str:
    return _arn("dynamodb", f"table/{name}")


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
