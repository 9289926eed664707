"""Expired rows: DynamoDB deletes them some time later, and routing must not wait for that.

AWS sweeps within days, DynamoDB Local every ten seconds or so, the stand-in never.
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
from tests.dynamodb_local.conftest import ENGINES

pytestmark = pytest.mark.emulators

TOKENS = Tokens(bytes(range(32)))
SWEEP_S = 60
LIVES = {
    "ended": timedelta(seconds=-1),
    "ended six years ago": timedelta(days=-6 * 366),
    "lasting": timedelta(days=1),
}


class Look(NamedTuple):
    """Whose rows reads return, and what routing answers then."""

    customers: set[str]
    call_types: set[str]
    ended: dict[str, str]
    stranger: dict[str, str]
    ended_scores: dict[str, str]


@pytest.fixture(scope="module")
def looks(aws_stand_in, aws_dynamodb_local):
    """For each engine the look at once, and the one after DynamoDB Local has swept."""
    now = datetime.now(UTC)
    pair = zip(ENGINES, (aws_stand_in, aws_dynamodb_local), strict=True)
    clients = {engine: aws.client("dynamodb") for engine, aws in pair}
    before = {engine: first_look(client, now) for engine, client in clients.items()}
    wait_for_sweep(clients["dynamodb-local"], now)
    yield {engine: (before[engine], look(client, now)) for engine, client in clients.items()}
    for client in clients.values():
        for table in TABLES:
            client.delete_table(TableName=table["TableName"])


def first_look(client, now):
    """The look before a sweep; seeded again should one have come at that very moment."""
    create_tables(client)
    for _ in range(5):
        seed(client, now)
        found = look(client, now)
        if "ended" in found.customers and "cards" in found.call_types:
            break
    return found


def seed(client, now):
    """Fresh scores for claims, expired ones for cards, and customers whose time differs."""
    row = {"agent_name": "ann", "agent_id": "id-ann", "as_of": now}
    scores = [
        row | {"call_type": "claims", "agent_name": "bob", "agent_id": "id-bob"},
        row | {"call_type": "cards", "as_of": now - timedelta(days=2)},
    ]
    publish_scores(client, [each | {"workload": 10, "score_version": "s1"} for each in scores])
    publish_customers(
        client,
        [row | {"customer_id": name, "expires_at": now + life} for name, life in LIVES.items()],
    )


def look(client, now):
    return Look(
        names(client, "CustomerAgentMap", "CustomerId"),
        names(client, "AgentWorkload", "CallType"),
        ask(client, now, "claims", "ended"),
        ask(client, now, "claims", "stranger"),
        ask(client, now, "cards", "stranger"),
    )


def names(client, table, attribute):
    return {row[attribute]["S"] for row in client.scan(TableName=table)["Items"]}


def ask(client, now, call_type, customer_id):
    data = {"ContactId": "contact-1", "CustomerId": customer_id}
    event = {"Details": {"ContactData": data, "Parameters": {"callType": call_type}}}
    return answer(event, DynamoTables(client), TOKENS, Policy(), now)


def wait_for_sweep(client, now):
    deadline = time.monotonic() + SWEEP_S
    while time.monotonic() < deadline:
        found = look(client, now)
        if "ended" not in found.customers and "cards" not in found.call_types:
            return
        time.sleep(0.5)
    raise TimeoutError(f"DynamoDB Local has not swept in {SWEEP_S} s")


def test_reads_return_an_expired_row_until_it_is_swept(looks, engine):
    assert looks[engine][0].customers == set(LIVES)


def test_dynamodb_local_sweeps_what_has_expired_except_what_did_so_over_five_years_ago(looks):
    assert looks["dynamodb-local"][1].customers == {"ended six years ago", "lasting"}


def test_the_stand_in_never_sweeps(looks):
    assert looks["stand-in"][1].customers == set(LIVES)


def test_an_association_that_has_ended_is_none_whether_swept_or_not(looks, engine):
    before, after = looks[engine]
    assert [before.ended, after.ended] == [before.stranger] * 2


def test_an_answer_without_associations_comes_from_the_scores(looks, engine):
    assert [each.ended["agent1"] for each in looks[engine]] == ["id-bob", "id-bob"]


def test_expired_scores_are_not_used_whether_swept_or_not(looks, engine):
    assert [each.ended_scores["count"] for each in looks[engine]] == ["0", "0"]


@pytest.mark.parametrize(
    ("engine", "reasons"),
    [("stand-in", ["STALE", "STALE"]), ("dynamodb-local", ["STALE", "NO_CANDIDATES"])],
)
def test_the_reason_tells_swept_scores_from_old_ones(looks, engine, reasons):
    assert [each.ended_scores["reason"] for each in looks[engine]] == reasons
