"""What a reservation of an agent will need of transactions, on both engines.

A reservation counts itself on the agent's row while there is room, and leaves a row of its own
that makes a second try of the same contact harmless: both or neither.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from glue_jobs.publish import create_tables, publish_scores

pytestmark = pytest.mark.emulators

AT = datetime(2099, 1, 5, 12, tzinfo=UTC)
KEY = {"CallType": {"S": "claims"}, "AgentName": {"S": "ann"}}
RESERVATION = {
    "TableName": "Reservation",
    "KeySchema": [{"AttributeName": "contactId", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "contactId", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
}
MET, FAILED = "None", "ConditionalCheckFailed"


@pytest.fixture
def agent(client):
    """The engine with an agent whom nobody has reserved yet."""
    create_tables(client, [RESERVATION])
    row = {"call_type": "claims", "agent_name": "ann", "agent_id": "id-ann", "workload": 10}
    publish_scores(client, [row | {"as_of": AT, "score_version": "s1"}])
    set_pending(client, 0)
    return client


def set_pending(client, count):
    client.update_item(
        TableName="AgentWorkload",
        Key=KEY,
        UpdateExpression="SET pending = :count",
        ExpressionAttributeValues={":count": {"N": str(count)}},
    )


def reservation(contact_id, cap):
    return [
        {
            "Update": {
                "TableName": "AgentWorkload",
                "Key": KEY,
                "UpdateExpression": "ADD pending :one",
                "ConditionExpression": "pending < :cap",
                "ExpressionAttributeValues": {":one": {"N": "1"}, ":cap": {"N": str(cap)}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
        {
            "Put": {
                "TableName": "Reservation",
                "Item": {"contactId": {"S": contact_id}},
                "ConditionExpression": "attribute_not_exists(contactId)",
            }
        },
    ]


def refusal(client, contact_id="one", cap=3):
    """The reasons why the reservation was refused, in the order of its two writes; [] if made."""
    try:
        client.transact_write_items(TransactItems=reservation(contact_id, cap))
    except client.exceptions.TransactionCanceledException as error:
        return error.response["CancellationReasons"]
    return []


def codes(reasons):
    return [reason["Code"] for reason in reasons]


def state(client):
    """How often the agent is reserved, and by how many contacts."""
    row = client.get_item(TableName="AgentWorkload", Key=KEY, ConsistentRead=True)["Item"]
    return int(row["pending"]["N"]), len(client.scan(TableName="Reservation")["Items"])


def test_a_reservation_counts_once_and_leaves_its_row(agent):
    assert (refusal(agent), state(agent)) == ([], (1, 1))


def test_the_same_contact_again_is_refused_by_its_row_alone(agent):
    refusal(agent)
    assert codes(refusal(agent)) == [MET, FAILED]


def test_a_refused_reservation_leaves_nothing_behind(agent):
    refusal(agent)
    refusal(agent)
    refusal(agent, "two", cap=1)
    assert state(agent) == (1, 1)


def test_another_contact_is_refused_by_a_busy_agent_alone(agent):
    refusal(agent, cap=1)
    assert codes(refusal(agent, "two", cap=1)) == [FAILED, MET]


def test_the_same_contact_is_refused_by_both_when_the_agent_is_busy(agent):
    refusal(agent, cap=1)
    assert codes(refusal(agent, cap=1)) == [FAILED, FAILED]


def test_an_agent_without_a_count_has_no_room(agent):
    """So a reservation must ask `attribute_not_exists(pending)` too, or be counted from 0."""
    agent.update_item(TableName="AgentWorkload", Key=KEY, UpdateExpression="REMOVE pending")
    assert codes(refusal(agent)) == [FAILED, MET]


def test_a_refusal_brings_the_busy_agents_row(agent):
    set_pending(agent, 3)
    assert refusal(agent)[0]["Item"] == agent.get_item(TableName="AgentWorkload", Key=KEY)["Item"]


def test_a_publish_leaves_the_count_alone(agent):
    refusal(agent)
    newer = {"call_type": "claims", "agent_name": "ann", "agent_id": "id-ann", "workload": 99}
    publish_scores(agent, [newer | {"as_of": AT.replace(hour=13), "score_version": "s1"}])
    assert state(agent) == (1, 1)


@pytest.mark.parametrize("engine", ["dynamodb-local"])  # the stand-in's conditions are not atomic
def test_contacts_at_the_same_time_never_take_more_than_there_is_room(agent):
    with ThreadPoolExecutor(8) as pool:
        reasons = list(pool.map(lambda place: refusal(agent, f"contact-{place}"), range(24)))
    assert (reasons.count([]), state(agent)) == (3, (3, 3))
