"""`lake publish` and `lake route`: the lake's scores in DynamoDB, and what routing makes of them.

On AWS both use the account's DynamoDB. A folder lake has none, so its own tables fill the
stand-in's each time: nothing is lost with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import boto3

from glue_jobs.lake import Lake
from glue_jobs.publish import (
    Published,
    create_tables,
    publish_customers,
    publish_scores,
    publishing_config,
)
from glue_jobs.standin import StandIn, stand_in
from infra.tables import ROUTING_CONFIG
from ingestion.errors import LakeError
from ingestion.privacy import CustomerKeyError, Tokens, read_or_make_key, tokens_from
from lambdas.routing.choose import Decision, Policy, Reason, default, response
from lambdas.routing.config import reader, settings
from lambdas.routing.decide import decide
from lambdas.routing.event import contact
from lambdas.routing.tables import DynamoTables
from transforms import tables


class NoScoresError(LakeError):
    """The lake has no scores to publish or to route by."""

    exit_code = 3


class Both(NamedTuple):
    """What was published to the two routing tables."""

    scores: Published
    customers: Published


class Routed(NamedTuple):
    """The Lambda's answer, the decision behind it, and the score rows of the agents offered."""

    answer: dict[str, str]
    decision: Decision
    agents: list[dict[str, Any]]


@contextmanager
def dynamodb(lake: Lake, aws: StandIn | None = None) -> Iterator[Any]:
    """A DynamoDB client: the account's for a lake on S3, else a stand-in's (a given one or new)."""
    if not lake.settings.is_folder:
        client = boto3.client(
            "dynamodb",
            region_name=lake.settings.region,
            endpoint_url=lake.settings.endpoint,
            config=publishing_config(),
        )
        yield client
        client.close()
    elif aws is not None:
        yield aws.client("dynamodb", config=publishing_config())
    else:
        with stand_in() as own:
            yield own.client("dynamodb", config=publishing_config())


def publish(
    lake: Lake,
    client: Any,
    call_types: Sequence[str] | None = None,
    customers: Sequence[str] | None = None,
) -> Both:
    """Put scores and customers' agents into DynamoDB (None = all of them); late ones are refused.

    Both tables are made if need be. A row never goes back to an older `asOf`.
    """
    create_tables(client)
    scores = [
        {
            "call_type": row["call_type"],
            "agent_name": row["agent_username"],
            "agent_id": row["agent_id"],
            "workload": row["workload"],
            "as_of": row["as_of"],
            "score_version": row["score_version"],
        }
        for row in scored(lake)
        if call_types is None or row["call_type"] in call_types
    ]
    associated = [
        {
            "customer_id": row["customer_id"],
            "agent_name": row["agent_username"],
            "agent_id": row["agent_id"],
            "as_of": row["as_of"],
            "expires_at": row["expires_at"],
        }
        for row in lake.read(tables.CUSTOMER_AGENT).to_pylist()
        if customers is None or row["customer_id"] in customers
    ]
    alone = lake.settings.is_folder  # the stand-in is this process's own
    return Both(
        publish_scores(client, scores, is_sole_writer=alone),
        publish_customers(client, associated, is_sole_writer=alone),
    )


def scored(lake: Lake) -> list[dict[str, Any]]:
    """The lake's score rows; NoScoresError if there are none."""
    rows: list[dict[str, Any]] = lake.read(tables.WORKLOAD_SCORE).to_pylist()
    if not rows:
        raise NoScoresError(f"{lake.settings.lake} has no scores; run `lake score` first")
    return rows


def route(
    lake: Lake, client: Any, event: Mapping[str, Any], tokens: Tokens, now: datetime | None = None
) -> Routed:
    """What the routing Lambda answers to a Connect event, and why.

    `now` (UTC) defaults to the clock for a lake on AWS, and to the scores' own instant for a
    folder, whose data may be of any age. Kill switch and policy are those of the config item;
    raises PolicyError where that makes no sense.
    """
    rows = scored(lake)
    at = now or (rows[0]["as_of"] if lake.settings.is_folder else datetime.now(UTC))
    who = contact(event)
    held = settings(reader(client, ROUTING_CONFIG["TableName"])(), Policy())
    policy = held.policy_for(who.contact_id)
    decision = (
        default(who, Reason.KILLED, policy)
        if held.is_killed
        else decide(who, DynamoTables(client), tokens, policy, at.replace(tzinfo=at.tzinfo or UTC))
    )
    by_name = {(row["call_type"], row["agent_username"]): row for row in rows}
    agents = [
        {
            "rank": rank,
            "agent": offer.agent_name,
            "agent_id": offer.agent_id,
            "workload": offer.workload,
            **_terms(by_name.get((who.call_type, offer.agent_name), {})),
        }
        for rank, offer in enumerate(decision.agents, start=1)
    ]
    return Routed(response(decision), decision, agents)


def event(
    call_type: str | None, customer: str | None, candidates: int | None = None
) -> dict[str, Any]:
    """A Connect contact-flow event as Amazon Connect sends it, for a call of that type."""
    number = {"Address": customer, "Type": "TELEPHONE_NUMBER"} if customer else None
    parameters = {"callType": call_type, "n": candidates and str(candidates)}
    return {
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {
                "Attributes": {},
                "Channel": "VOICE",
                "ContactId": "lake-route",
                "CustomerEndpoint": number,
                "CustomerId": customer,
                "InitiationMethod": "INBOUND",
            },
            "Parameters": {name: value for name, value in parameters.items() if value},
        },
    }


def tokens(lake: Lake, environment: Mapping[str, str] | None = None) -> Tokens:
    """The customer tokens, under the same keys and versions as the routing Lambda's.

    A key is CUSTOMER_KEY, else the secret that CUSTOMER_KEY_SECRET names in Secrets Manager, else
    a folder's own key file; beside it the former one, CUSTOMER_KEY_OLD or CUSTOMER_KEY_OLD_SECRET.
    """
    env = os.environ if environment is None else environment
    file = lake.settings.folder / ".customer-key" if lake.settings.is_folder else None
    own = partial(read_or_make_key, file) if file else None
    found = tokens_from(env, partial(_secret, lake), own)
    if found is None:
        raise CustomerKeyError(
            "CUSTOMER_KEY is not set: give the key that hides customers (64 hex digits), or the "
            "name of a secret in CUSTOMER_KEY_SECRET"
        )
    return found


def _secret(lake: Lake, name: str) -> str:
    settings = lake.settings
    client = boto3.client(
        "secretsmanager", region_name=settings.region, endpoint_url=settings.endpoint
    )
    with closing(client):
        return str(client.get_secret_value(SecretId=name)["SecretString"])


def _terms(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("open_work_minutes", "backlog", "occupancy", "current", "handling")
    return {name: row.get(name) for name in names}
