"""Whatever DynamoDB does, at whichever call: a valid answer within the time budget."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from glue_jobs.standin import stand_in
from infra.tables import TABLES
from lambdas.routing import handler as routing
from lambdas.routing.choose import RESPONSE_KEYS
from tests.lambdas.live_floor import KEY, empty, fill, live, put_live, routing_event

CALLS = ("GetItem", "Query", "BatchGetItem", "TransactWriteItems")
BUDGET_S = routing.BUDGET_S
MARGIN_S = 0.5  # of a busy machine


@pytest.fixture(scope="module")
def aws():
    with stand_in() as running:
        fill(running.client("dynamodb"), 4)
        yield running


@pytest.fixture
def configured(aws, monkeypatch):
    """The function's environment on AWS, at its first use, with four free agents."""
    put_live(aws.client("dynamodb"), *(live(f"id-{place}") for place in range(4)))
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUSTOMER_KEY", KEY.hex())
    monkeypatch.setattr(routing, "BUDGET_S", 60)  # what fails here is not a busy machine
    routing._parts.cache_clear()
    yield monkeypatch
    if routing._parts.cache_info().currsize:
        routing._parts().tables.client.close()
    routing._parts.cache_clear()


def timed(contact_id="c-1"):
    """The answer and the seconds it took."""
    began = time.monotonic()
    answer = routing.handler(routing_event(contact_id), None)
    assert tuple(answer) == RESPONSE_KEYS
    assert all(isinstance(value, str) and value for value in answer.values())
    return answer, time.monotonic() - began


def failing(client, number, fault):
    """Makes the client's n-th call of the next decision fail; calls are counted from 0."""
    made = []

    def strike(model, **_):
        made.append(model.name)
        return fault(model.name) if len(made) == number + 1 else None

    client.meta.events.register("before-call.dynamodb.*", strike)
    return made


def refused(code, status):
    def answer(operation):
        body = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {}}
        body["ResponseMetadata"]["HTTPStatusCode"] = status
        return _Reply(status), body

    return answer


class _Reply:
    def __init__(self, status_code):
        self.status_code = status_code
        self.headers = {}
        self.content = b""


def raised(error, **values):
    def answer(_operation):
        raise error(endpoint_url="http://127.0.0.1:9", **values)

    return answer


FAULTS = {
    "throttle": refused("ProvisionedThroughputExceededException", 400),
    "server error": refused("InternalServerError", 500),
    "no right": refused("AccessDeniedException", 400),
    "no table": refused("ResourceNotFoundException", 400),
    "read time-out": raised(ReadTimeoutError),
    "connect time-out": raised(ConnectTimeoutError),
    "no connection": raised(EndpointConnectionError),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", range(1, 4), ids=CALLS[1:])
def test_a_fault_at_any_call_is_the_default_queue_in_time(configured, number, fault):
    made = failing(routing._parts().tables.client, number, FAULTS[fault])
    answer, seconds = timed(f"c-{number}-{fault}")
    assert made[: number + 1] == list(CALLS[: number + 1])
    assert (answer["decision"], answer["reason"]) == ("DEFAULT", "UNAVAILABLE")
    assert seconds < BUDGET_S + MARGIN_S


@pytest.mark.parametrize("fault", FAULTS)
def test_a_config_that_cannot_be_read_leaves_the_policy_in_force(configured, fault):
    failing(routing._parts().tables.client, 0, FAULTS[fault])
    answer, _ = timed(f"c-0-{fault}")
    assert answer["policy"] == "v2"
    assert answer["reason"] == "LEAST_WORKLOAD"


def cancelled(*codes):
    reply = refused("TransactionCanceledException", 400)

    def answer(operation):
        http, body = reply(operation)
        return http, body | {"CancellationReasons": [{"Code": code} for code in codes]}

    return answer


@pytest.mark.parametrize(
    "codes",
    [("ThrottlingError", "None"), ("None", "ProvisionedThroughputExceeded")],
)
def test_a_throttled_promise_is_the_default_queue(configured, codes):
    failing(routing._parts().tables.client, 3, cancelled(*codes))
    assert timed("c-throttled")[0]["reason"] == "UNAVAILABLE"


@pytest.mark.parametrize(
    "codes", [("None", "TransactionConflict"), ("TransactionConflict", "None")]
)
def test_a_promise_that_meets_another_is_tried_again(configured, codes):
    made = failing(routing._parts().tables.client, 3, cancelled(*codes))
    assert timed(f"c-{codes}")[0]["decision"] == "CANDIDATES"
    assert made.count("TransactWriteItems") == 2


def test_an_answer_that_makes_no_sense_is_the_default_queue(configured):
    failing(routing._parts().tables.client, 3, cancelled("ConditionalCheckFailed", "None"))
    assert timed("c-odd")[0]["reason"] == "FAILED"


def test_keys_that_stay_unread_are_the_default_queue(configured):
    def unread(params, model, **_):
        if model.name == "BatchGetItem":
            return _Reply(200), {
                "Responses": {},
                "UnprocessedKeys": {"AgentState": {"Keys": [{"AgentId": {"S": "id-0"}}]}},
                "ResponseMetadata": {"HTTPStatusCode": 200},
            }
        return None

    routing._parts().tables.client.meta.events.register("before-call.dynamodb.*", unread)
    answer, seconds = timed("c-unread")
    assert (answer["reason"], seconds < BUDGET_S + MARGIN_S) == ("UNAVAILABLE", True)


def test_keys_that_are_read_at_the_second_turn_are_read(configured):
    client, turns = routing._parts().tables.client, []

    def unread(model, params, **_):
        if model.name == "BatchGetItem":
            turns.append(params)
            if len(turns) == 1:
                keys = [{"AgentId": {"S": f"id-{place}"}} for place in range(4)]
                return _Reply(200), {
                    "Responses": {},
                    "UnprocessedKeys": {"AgentState": {"Keys": keys}},
                    "ResponseMetadata": {"HTTPStatusCode": 200},
                }
        return None

    client.meta.events.register("before-call.dynamodb.*", unread)
    assert timed("c-second")[0]["reason"] == "LEAST_WORKLOAD"
    assert len(turns) == 2


@contextmanager
def silent_server():
    """A server that takes connections and never answers; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken, host = [], listener.getsockname()
        listener.settimeout(0.1)
        is_over = threading.Event()

        def take():
            while not is_over.is_set():
                try:
                    taken.append(listener.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        yield f"http://{host[0]}:{host[1]}"
        is_over.set()
        thread.join()
        for each in taken:
            each.close()


def test_a_dynamodb_that_never_answers_is_the_default_queue_in_time(configured):
    configured.setattr(routing, "BUDGET_S", BUDGET_S)
    with silent_server() as address:
        configured.setenv("AWS_ENDPOINT_URL", address)
        answer, seconds = timed()
        settle()
    assert (answer["decision"], answer["reason"]) == ("DEFAULT", "OUT_OF_TIME")
    assert seconds < BUDGET_S + MARGIN_S


def test_work_that_is_late_starts_no_further_call(configured):
    client, made = routing._parts().tables.client, []

    def slow(model, **_):
        made.append(model.name)
        if model.name == "Query":
            time.sleep(0.3)

    client.meta.events.register("before-call.dynamodb.*", slow)
    configured.setattr(routing, "BUDGET_S", 0.2)
    answer, seconds = timed("c-late")
    settle()
    assert (answer["reason"], seconds < 0.3) == ("OUT_OF_TIME", True)
    assert made == ["GetItem", "Query"]


def settle():
    """Waits for the threads that a late decision has left."""
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join(timeout=10)


@pytest.mark.parametrize("table", [each["TableName"] for each in TABLES])
def test_a_missing_table_is_the_default_queue_unless_it_is_the_config(configured, aws, table):
    client = aws.client("dynamodb")
    client.delete_table(TableName=table)
    answer, _ = timed(f"c-{table}")
    empty_others(client, table)
    fill(client, 4)
    expected = "LEAST_WORKLOAD" if table == "RoutingConfig" else "UNAVAILABLE"
    assert answer["reason"] == expected


def empty_others(client, table):
    for each in TABLES:
        if each["TableName"] != table:
            client.delete_table(TableName=each["TableName"])


def test_empty_tables_are_the_default_queue(configured, aws):
    client = aws.client("dynamodb")
    empty(client)
    fill(client, 0)
    answer, _ = timed("c-empty")
    empty(client)
    fill(client, 4)
    assert (answer["decision"], answer["reason"]) == ("DEFAULT", "NO_CANDIDATES")
