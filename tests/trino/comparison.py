"""What it means that two engines answer alike, and the text that Athena would get."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import awswrangler as wr
import boto3
import pyarrow as pa
from botocore.awsrequest import AWSResponse

FLOATS_REL = 1e-9


def athena_text(sql: str, values: Mapping[str, str | int]) -> str:
    """The query string that awswrangler sends to Athena: parameters encoded, nothing executed."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    sent: list[str] = []

    def answered(
        model: Any, params: Mapping[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]]:
        settings = {"EnforceWorkGroupConfiguration": False, "ResultConfiguration": {}}
        reply: dict[str, Any] = {"WorkGroup": {"Name": "primary", "Configuration": settings}}
        if model.name == "StartQueryExecution":
            sent.append(json.loads(params["body"])["QueryString"])
            reply = {"QueryExecutionId": "none"}
        return AWSResponse("https://athena", 200, {}, None), reply

    session.events.register("before-call.athena", answered)
    wr.athena.start_query_execution(
        sql,
        params=dict(values) or None,
        paramstyle="named",
        s3_output="s3://none/none/",
        boto3_session=session,
    )
    return sent[0]


def difference(trino: pa.Table, local: pa.Table) -> str | None:
    """What differs first between two results, row for row; None if nothing does."""
    if trino.column_names != local.column_names:
        return f"columns {trino.column_names} and {local.column_names}"
    if trino.num_rows != local.num_rows:
        return f"{trino.num_rows} and {local.num_rows} rows"
    for at, (theirs, ours) in enumerate(
        zip(trino.to_pylist(), local.to_pylist(), strict=True), start=1
    ):
        for name, value in theirs.items():
            if not same(value, ours[name]):
                return f"row {at}, {name}: {value!r} and {ours[name]!r}"
    return None


def same(theirs: Any, ours: Any) -> bool:
    """Whether two values are equal, floats to 1e-9 of their size."""
    if isinstance(theirs, float) and isinstance(ours, float):
        return math.isclose(theirs, ours, rel_tol=FLOATS_REL, abs_tol=1e-12)
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(same, theirs, ours))
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return theirs.keys() == ours.keys() and all(same(theirs[k], ours[k]) for k in theirs)
    return bool(theirs == ours) and (theirs is None) == (ours is None)


def as_trino_shows(value: Any, kind: pa.DataType) -> Any:
    """A nested Arrow value in the form of Trino's JSON: rows as lists, instants as texts."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [as_trino_shows(each, kind.value_type) for each in value]
    if pa.types.is_struct(kind):
        return [as_trino_shows(value[field.name], field.type) for field in kind]
    if pa.types.is_map(kind):
        return {str(key): as_trino_shows(each, kind.item_type) for key, each in value}
    if pa.types.is_timestamp(kind):
        return value.isoformat(sep=" ", timespec="microseconds")
    return value
