import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from glue_jobs.publish import (
    Published,
    PublishError,
    as_of_text,
    create_tables,
    publish_customers,
    publish_scores,
    publishing_config,
)
from glue_jobs.standin import stand_in
from infra.tables import TABLES

AT = datetime(2026, 1, 5, 12)  # noqa: DTZ001 - the lake's instants are UTC without a zone
EPOCH_S = 1_767_614_400


@pytest.fixture(scope="module")
def aws():
    with stand_in() as running:
        yield running


@pytest.fixture
def client(aws):
    made = aws.client("dynamodb", config=publishing_config())
    create_tables(made)
    yield made
    for table in TABLES:
        made.delete_table(TableName=table["TableName"])


def score(agent="ann", at=AT, **values):
    row = {"call_type": "claims", "agent_name": agent, "agent_id": f"id-{agent}", "workload": 10}
    return row | {"as_of": at, "score_version": "s1"} | values


def customer(customer_id="c1_00", at=AT, **values):
    row = {"customer_id": customer_id, "agent_name": "ann", "agent_id": "id-ann", "as_of": at}
    return row | {"expires_at": AT + timedelta(days=90)} | values


def stored(client, agent="ann"):
    key = {"CallType": {"S": "claims"}, "AgentName": {"S": agent}}
    return client.get_item(TableName="AgentWorkload", Key=key).get("Item")


def stored_customer(client, customer_id="c1_00"):
    key = {"CustomerId": {"S": customer_id}}
    return client.get_item(TableName="CustomerAgentMap", Key=key).get("Item")


def reserve(client, agent="ann"):
    client.update_item(
        TableName="AgentWorkload",
        Key={"CallType": {"S": "claims"}, "AgentName": {"S": agent}},
        UpdateExpression="ADD pending :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def test_creating_twice_is_creating_once(client):
    create_tables(client)
    assert set(client.list_tables()["TableNames"]) == {table["TableName"] for table in TABLES}


@pytest.mark.parametrize(
    ("table", "attribute"), [("AgentWorkload", "ttl"), ("CustomerAgentMap", "expiresAt")]
)
def test_rows_have_a_time_to_live(client, table, attribute):
    described = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_a_score_is_stored_as_routing_reads_it(client, is_sole_writer):
    publish_scores(client, [score()], is_sole_writer=is_sole_writer)
    assert stored(client) == {
        "CallType": {"S": "claims"},
        "AgentName": {"S": "ann"},
        "AgentId": {"S": "id-ann"},
        "Workload": {"N": "10"},
        "asOf": {"S": "2026-01-05T12:00:00.000000Z"},
        "version": {"S": "s1"},
        "source": {"S": "lake"},
        "ttl": {"N": str(EPOCH_S + 86_400)},
    }


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_an_association_is_stored_as_routing_reads_it(client, is_sole_writer):
    publish_customers(client, [customer()], is_sole_writer=is_sole_writer)
    assert stored_customer(client) == {
        "CustomerId": {"S": "c1_00"},
        "AgentName": {"S": "ann"},
        "AgentId": {"S": "id-ann"},
        "asOf": {"S": "2026-01-05T12:00:00.000000Z"},
        "expiresAt": {"N": str(EPOCH_S + 90 * 86_400)},
    }


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_an_association_that_no_longer_ends_loses_its_expiry(client, is_sole_writer):
    publish_customers(client, [customer()])
    endless = customer(at=AT + timedelta(hours=1), expires_at=None)
    publish_customers(client, [endless], is_sole_writer=is_sole_writer)
    assert "expiresAt" not in stored_customer(client)


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_rows_are_counted_as_written_refused_or_unchanged(client, is_sole_writer):
    publish_scores(client, [score("ann"), score("bob")])
    rows = [
        score("ann"),
        score("bob", AT - timedelta(hours=1)),
        score("cyd"),
        score("cyd", AT - timedelta(hours=1)),
    ]
    counts = publish_scores(client, rows, is_sole_writer=is_sole_writer)
    assert counts == Published(written=1, refused=2, unchanged=1)


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_of_two_rows_of_one_agent_the_newer_is_kept(client, is_sole_writer):
    newer = score(at=AT + timedelta(hours=1), workload=99)
    filler = [score(f"agent-{place}") for place in range(150)]
    publish_scores(client, [newer, *filler, score()], is_sole_writer=is_sole_writer)
    assert stored(client)["Workload"] == {"N": "99"}


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_a_reservation_survives_a_publish(client, is_sole_writer):
    publish_scores(client, [score()])
    reserve(client)
    publish_scores(client, [score(at=AT + timedelta(hours=1))], is_sole_writer=is_sole_writer)
    assert stored(client)["pending"] == {"N": "1"}


@pytest.mark.parametrize("is_sole_writer", [False, True])
def test_a_reservation_that_was_first_survives_too(client, is_sole_writer):
    reserve(client)
    publish_scores(client, [score()], is_sole_writer=is_sole_writer)
    row = stored(client)
    assert (row["pending"], row["Workload"]) == ({"N": "1"}, {"N": "10"})


def test_a_newer_row_that_comes_between_read_and_write_is_kept(client, aws):
    late = aws.client("dynamodb")

    def overtake(**_):
        publish_scores(client, [score(at=AT + timedelta(hours=1), workload=99)])

    publish_scores(client, [score(at=AT - timedelta(hours=1))])
    late.meta.events.register("before-call.dynamodb.UpdateItem", overtake)
    counts = publish_scores(late, [score()])
    assert (counts, stored(client)["Workload"]) == (Published(refused=1), {"N": "99"})


def test_an_equally_old_row_that_comes_between_read_and_write_is_kept(client, aws):
    late = aws.client("dynamodb")

    def overtake(**_):
        publish_scores(client, [score(workload=99)])

    publish_scores(client, [score(at=AT - timedelta(hours=1))])
    late.meta.events.register("before-call.dynamodb.UpdateItem", overtake)
    publish_scores(late, [score(workload=7)])
    assert stored(client)["Workload"] == {"N": "99"}


def test_late_snapshots_never_overwrite_newer_ones(client):
    draw = random.Random(7)
    snapshots = [
        [score(f"agent-{place}", AT + timedelta(minutes=5 * turn), workload=turn) for place in "ab"]
        for turn in range(20)
    ]
    for _ in range(3):
        draw.shuffle(snapshots)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda rows: publish_scores(client, rows), snapshots))
    assert [stored(client, f"agent-{place}")["Workload"]["N"] for place in "ab"] == ["19", "19"]


@pytest.mark.heavy
def test_a_thousand_interleavings_never_go_back_in_time(client):
    draw = random.Random(11)
    newest = 0
    for _ in range(1000):
        minute = draw.randrange(10**6)
        newest = max(newest, minute)
        publish_scores(client, [score(at=AT + timedelta(minutes=minute), workload=minute)])
        assert stored(client)["Workload"]["N"] == str(newest)


def test_publishing_again_writes_nothing(client):
    rows = [customer(f"c1_{place:02}") for place in range(30)]
    publish_customers(client, rows, is_sole_writer=True)
    assert publish_customers(client, rows) == Published(unchanged=30)


def test_publishing_again_pays_for_no_write(client, aws):
    sent = []
    counted = aws.client("dynamodb")
    counted.meta.events.register("before-call.dynamodb", lambda model, **_: sent.append(model.name))
    publish_scores(client, [score()])
    publish_scores(counted, [score()])
    assert sent == ["BatchGetItem"]


def test_nothing_to_publish_is_nothing_published(client):
    assert publish_scores(client, []) == Published()


def test_progress_adds_up(client):
    heard = []
    rows = [customer(f"c1_{place:03}") for place in range(250)]
    publish_customers(client, rows, is_sole_writer=True, progress=heard.append)
    assert heard == [100, 100, 50]


def test_a_missing_table_is_told_in_one_line(client):
    with pytest.raises(PublishError, match="no table Elsewhere, run: lake create"):
        publish_scores(client, [score()], "Elsewhere")


def test_a_row_without_a_key_is_told_by_its_column(client):
    with pytest.raises(PublishError, match="no agent_name"):
        publish_scores(client, [score(agent_name=None)])


class Throttled:
    """DynamoDB that takes one of the rows it is given, at most `turns` times."""

    def __init__(self, turns):
        self.turns = turns
        self.written = []
        self.exceptions = self
        self.ResourceNotFoundException = LookupError

    def batch_get_item(self, **_):
        return {"Responses": {}, "UnprocessedKeys": {}}

    def batch_write_item(self, **request):
        [(table, puts)] = request["RequestItems"].items()
        self.turns -= 1
        if self.turns < 0:
            return {"UnprocessedItems": request["RequestItems"]}
        self.written.append(puts[0]["PutRequest"]["Item"]["AgentName"]["S"])
        return {"UnprocessedItems": {table: puts[1:]} if puts[1:] else {}}


def test_rows_that_were_handed_back_are_sent_again(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    throttled = Throttled(turns=3)
    publish_scores(throttled, [score("ann"), score("bob"), score("cyd")], is_sole_writer=True)
    assert throttled.written == ["ann", "bob", "cyd"]


def test_a_table_that_stays_throttled_is_an_error(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(PublishError, match="AgentWorkload stays throttled"):
        publish_scores(Throttled(turns=0), [score()], is_sole_writer=True)


@pytest.mark.parametrize(
    "at",
    [
        AT,
        AT.replace(tzinfo=UTC),
        datetime(2026, 1, 5, 14, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_an_instant_is_utc_text(at):
    assert as_of_text(at) == "2026-01-05T12:00:00.000000Z"


def test_the_order_of_texts_is_the_order_of_time():
    draw = random.Random(3)
    instants = [AT + timedelta(microseconds=draw.randrange(10**15)) for _ in range(200)]
    assert sorted(map(as_of_text, instants)) == [as_of_text(at) for at in sorted(instants)]
