"""Expired rows: DynamoDB deletes them some time later, and routing must not wait for that.

DynamoDB Local sweeps every ten seconds or so (AWS: within days), the stand-in never does.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from glue_jobs.publish import create_tables, publish_customers, publish_scores
from infra.tables import TABLES
from ingestion.privacy import Tokens
from lambdas.routing.choose import Policy
from lambdas.routing.handler import answer
from lambdas.routing.tables import DynamoTables

pytestmark = pytest.mark.emulators

TOKENS = Tokens(bytes(range(32)))
SWEEP_S = 60
LIVES = {
    "ended": timedelta(seconds=-1),
    "ended long ago": timedelta(days=-6 * 366),
    "lasting": timedelta(days=1),
}


class Seen(NamedTuple):
    """The customers that reads return, and routing's answers, before and after the sweep."""

    customers: list[set[str]]
    of_ended_association: list[dict[str, str]]
    of_ended_scores: list[dict[str, str]]
    of_stranger: dict[str, str]


@pytest.fixture(scope="module")
def seen(aws_stand_in, aws_dynamodb_local):
    """What each engine shows at once, and what it shows when DynamoDB Local has swept."""
    engines = {"stand-in": aws_stand_in, "dynamodb-local": aws_dynamodb_local}
    clients = {name: aws.client("dynamodb") for name, aws in engines.items()}
    for client in clients.values():
        create_tables(client)
    # The faster reader is seeded last, so that no sweep comes between.
    first = {name: look(client, seed(client)) for name, client in clients.items()}
    wait_for_sweep(clients["dynamodb-local"])
    yield {
        name: Seen(*map(list, zip(first[name], look(client), strict=True)), ask(client, "nobody"))
        for name, client in clients.items()
    }
    for client in clients.values():
        for table in TABLES:
            client.delete_table(TableName=table["TableName"])
