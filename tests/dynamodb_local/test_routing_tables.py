"""The routing tables, written by publishing and read by routing, are the same on both engines."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from glue_jobs.publish import (
    Published,
    PublishError,
    create_tables,
    publish_customers,
    publish_scores,
)
from infra.tables import TABLES
from ingestion.privacy import Tokens
from lambdas.routing.choose import Policy
from lambdas.routing.handler import answer
from lambdas.routing.tables import DynamoTables

pytestmark = pytest.mark.emulators

# Far ahead: DynamoDB Local sweeps what has expired, also in the middle of a test.
AT = datetime(2099, 1, 5, 12, tzinfo=UTC)
EPOCH_S = int(AT.timestamp())
HOUR = timedelta(hours=1)
TOKENS = Tokens(bytes(range(32)))
CALL_TYPES = [f"type-{place}" for place in range(12)]
AGENTS = [f"agent-{place:02}" for place in range(30)]


def score(agent="ann", at=AT, **values):
    row = {"call_type": "claims", "agent_name": agent, "agent_id": f"id-{agent}", "workload": 10}
    return row | {"as_of": at, "score_version": "s1"} | values


def customer(customer_id="c1_00", at=AT, **values):
    row = {"customer_id": customer_id, "agent_name": "ann", "agent_id": "id-ann", "as_of": at}
    return row | {"expires_at": AT + timedelta(days=90)} | values


def score_key(agent="ann"):
    return {"CallType": {"S": "claims"}, "AgentName": {"S": agent}}


def stored(client, agent="ann"):
    return client.get_item(TableName="AgentWorkload", Key=score_key(agent)).get("Item")


def stored_customer(client):
    key = {"CustomerId": {"S": "c1_00"}}
    return client.get_item(TableName="CustomerAgentMap", Key=key).get("Item")


def reserve(client):
    client.update_item(
        TableName="AgentWorkload",
        Key=score_key(),
        UpdateExpression="ADD pending :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def workloads(client):
    pages = client.get_paginator("scan").paginate(TableName="AgentWorkload")
    rows = (row for page in pages for row in page["Items"])
    return {row["AgentName"]["S"]: int(row["Workload"]["N"]) for row in rows}


def test_creating_twice_is_creating_once(client):
    create_tables(client)
    assert set(client.list_tables()["TableNames"]) == {table["TableName"] for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["TableName"])
def test_a_table_is_described_as_it_is_defined(client, table):
    described = client.describe_table(TableName=table["TableName"])["Table"]
    told = {name: described[name] for name in ("KeySchema", "AttributeDefinitions", "TableStatus")}
    asked = {name: table[name] for name in ("KeySchema", "AttributeDefinitions")}
    assert told == asked | {"TableStatus": "ACTIVE"}


@pytest.mark.parametrize("table", TABLES[:-1], ids=lambda table: table["TableName"])
def test_rows_have_a_time_to_live(client, table):
    described = client.describe_time_to_live(TableName=table["TableName"])["TimeToLiveDescription"]
    attribute = table["TimeToLiveSpecification"]["AttributeName"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_a_score_is_stored_as_routing_reads_it(client, is_sole_writer):
    publish_scores(client, [score()], is_sole_writer=is_sole_writer)
    assert stored(client) == score_key() | {
        "AgentId": {"S": "id-ann"},
        "Workload": {"N": "10"},
        "asOf": {"S": "2099-01-05T12:00:00.000000Z"},
        "version": {"S": "s1"},
        "ttl": {"N": str(EPOCH_S + 86_400)},
    }


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_an_association_is_stored_with_its_expiry(client, is_sole_writer):
    publish_customers(client, [customer()], is_sole_writer=is_sole_writer)
    assert stored_customer(client) == {
        "CustomerId": {"S": "c1_00"},
        "AgentName": {"S": "ann"},
        "AgentId": {"S": "id-ann"},
        "asOf": {"S": "2099-01-05T12:00:00.000000Z"},
        "expiresAt": {"N": str(EPOCH_S + 90 * 86_400)},
    }


def test_an_association_that_no_longer_ends_loses_its_expiry(client):
    publish_customers(client, [customer()])
    publish_customers(client, [customer(at=AT + HOUR, expires_at=None)])
    assert "expiresAt" not in stored_customer(client)


@pytest.mark.parametrize(
    ("at", "counts", "workload"),
    [
        (AT + HOUR, Published(written=1), "99"),
        (AT - HOUR, Published(refused=1), "10"),
        (AT, Published(unchanged=1), "10"),
    ],
    ids=["newer", "older", "equal"],
)
def test_only_a_newer_score_is_written(client, at, counts, workload):
    publish_scores(client, [score()])
    published = publish_scores(client, [score(at=at, workload=99)])
    assert (published, stored(client)["Workload"]["N"]) == (counts, workload)


@pytest.mark.parametrize("at", [AT + HOUR, AT], ids=["newer", "equal"])
def test_a_row_that_comes_between_read_and_write_is_kept(client, aws, at):
    late = aws.client("dynamodb")

    def overtake(**_):
        publish_scores(client, [score(at=at, workload=99)])

    late.meta.events.register("before-call.dynamodb.UpdateItem", overtake)
    counts = publish_scores(late, [score()])
    assert (counts, stored(client)["Workload"]["N"]) == (Published(refused=1), "99")


def test_two_hundred_interleavings_end_with_the_newest(client):
    """Each agent's five snapshots come in an order of its own."""
    draw = random.Random(7)
    orders = {f"agent-{place}": draw.sample(range(5), 5) for place in range(200)}
    for turn in range(5):
        rows = [
            score(agent, AT + order[turn] * HOUR, workload=order[turn])
            for agent, order in orders.items()
        ]
        publish_scores(client, rows)
    assert workloads(client) == dict.fromkeys(orders, 4)


@pytest.mark.parametrize("engine", ["dynamodb-local"])  # the stand-in's conditions are not atomic
def test_jobs_at_the_same_time_end_with_the_newest(client):
    agents = [f"agent-{place}" for place in range(20)]
    snapshots = [
        [score(agent, AT + turn * HOUR, workload=turn) for agent in agents] for turn in range(10)
    ]
    random.Random(11).shuffle(snapshots)
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda rows: publish_scores(client, rows), snapshots))
    assert (workloads(client), sum(map(sum, counts))) == (dict.fromkeys(agents, 9), 200)


@pytest.mark.parametrize("is_sole_writer", [False, True])
@pytest.mark.parametrize("is_first", [False, True])
def test_a_reservation_survives_a_publish(client, is_sole_writer, is_first):
    publish_scores(client, [] if is_first else [score()])
    reserve(client)
    publish_scores(client, [score(at=AT + HOUR)], is_sole_writer=is_sole_writer)
    row = stored(client)
    assert (row["pending"], row["asOf"]) == ({"N": "1"}, {"S": "2099-01-05T13:00:00.000000Z"})


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_a_sole_writer_and_a_conditional_one_leave_the_same_table(client, is_sole_writer):
    draw = random.Random(3)
    rows = [
        score(f"agent-{draw.randrange(90)}", AT + timedelta(seconds=second), workload=second)
        for second in draw.sample(range(10_000), 300)
    ]
    for place, writes_alone in [(0, False), (100, is_sole_writer), (200, is_sole_writer)]:
        publish_scores(client, rows[place : place + 100], is_sole_writer=writes_alone)
    newest = {row["agent_name"]: row["workload"] for row in sorted(rows, key=lambda r: r["as_of"])}
    assert workloads(client) == newest


def test_an_empty_name_never_gets_as_far_as_a_table(client):
    with pytest.raises(PublishError, match="no agent_name"):
        publish_scores(client, [score("")])


def test_a_query_of_more_than_one_page_finds_every_agent(client):
    """A page is 1 MB of whole rows, also of what the projection leaves out."""
    agents = [f"agent-{place:02}" for place in range(15)]
    publish_scores(client, map(score, agents))
    for agent in agents:
        client.update_item(
            TableName="AgentWorkload",
            Key=score_key(agent),
            UpdateExpression="SET note = :note",
            ExpressionAttributeValues={":note": {"S": "x" * 100_000}},
        )
    asked = []
    client.meta.events.register("before-call.dynamodb.Query", lambda **_: asked.append(1))
    found = [row.agent_name for row in DynamoTables(client).candidates("claims")]
    assert (found, len(asked)) == (agents, 2)


def test_the_longest_call_type_that_a_flow_can_send_is_a_legal_key(client):
    asked = event("\N{GRINNING FACE}" * 512, 1, None)
    assert answer_at(client, asked)["reason"] == "NO_CANDIDATES"


def event(call_type, contact, customer_id):
    data = {"ContactId": f"contact-{contact}", "CustomerId": customer_id, "Channel": "VOICE"}
    return {"Details": {"ContactData": data, "Parameters": {"callType": call_type}}}


def answer_at(client, asked):
    return answer(asked, DynamoTables(client), TOKENS, Policy(), AT)


def seed(client):
    """Scores whose age grows with the call type, and a customer with each agent for a while."""
    draw = random.Random(5)
    publish_scores(
        client,
        [
            score(
                agent,
                AT - timedelta(minutes=3 * age) + timedelta(seconds=draw.randrange(60)),
                call_type=call_type,
                workload=draw.randrange(10_001),
            )
            for age, call_type in enumerate(CALL_TYPES)
            for agent in AGENTS
        ],
        is_sole_writer=True,
    )
    publish_customers(
        client,
        [
            customer(
                TOKENS.customer_id_token(agent),
                agent_name=agent,
                agent_id=f"id-{agent}",
                expires_at=None if place % 3 == 0 else AT + (place % 3 * 2 - 3) * HOUR,
            )
            for place, agent in enumerate(AGENTS)
        ],
        is_sole_writer=True,
    )


def questions():
    return [
        event(call_type, f"{call_type}-{place}", agent)
        for call_type in [*CALL_TYPES, "unknown"]
        for place, agent in enumerate([*AGENTS[:6], "stranger", None])
    ]


@pytest.fixture
def clients(aws_stand_in, aws_dynamodb_local):
    """Both engines at once, with the same rows."""
    both = [aws.client("dynamodb") for aws in (aws_stand_in, aws_dynamodb_local)]
    for client in both:
        create_tables(client)
        seed(client)
    yield both
    for client in both:
        for table in TABLES:
            client.delete_table(TableName=table["TableName"])


def test_routing_answers_alike_on_both_engines(clients):
    ours, theirs = ([answer_at(client, asked) for asked in questions()] for client in clients)
    assert ours == theirs


def test_the_questions_meet_every_reason(clients):
    reasons = {answer_at(clients[1], asked)["reason"] for asked in questions()}
    assert reasons == {
        "ASSOCIATED_AGENT",
        "NO_LIVE_STATE",
        "STALE",
        "NO_CANDIDATES",
    }


def test_routing_reads_alike_on_both_engines(clients):
    ours, theirs = (
        (
            [DynamoTables(client).candidates(call_type) for call_type in CALL_TYPES],
            [DynamoTables(client).known(None, [TOKENS.customer_id_token(a)], []) for a in AGENTS],
        )
        for client in clients
    )
    assert ours == theirs
