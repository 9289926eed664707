import copy
import io
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from glue_jobs.publish import create_tables, publish_customers, publish_scores
from glue_jobs.standin import stand_in
from ingestion.privacy import Tokens
from lambdas.routing import handler as routing
from lambdas.routing.choose import RESPONSE_KEYS, Policy, Reason, choose, default
from lambdas.routing.config import Config, Settings
from lambdas.routing.event import contact
from lambdas.routing.tables import DynamoTables, association, candidate

KEY = bytes(range(32))
TOKENS = Tokens(KEY)
POLICY = Policy(n=3, offer_busy=False)
NUMBER = "+12025550100"
CONTACT_ID = "4a573372-1f28-4e26-b97b-000000000001"
EVENT = {
    "Name": "ContactFlowEvent",
    "Details": {
        "ContactData": {
            "Attributes": {},
            "Channel": "VOICE",
            "ContactId": CONTACT_ID,
            "InitiationMethod": "INBOUND",
            "CustomerId": None,
            "CustomerEndpoint": {"Address": NUMBER, "Type": "TELEPHONE_NUMBER"},
            "SystemEndpoint": {"Address": "+12025550199", "Type": "TELEPHONE_NUMBER"},
            "Queue": None,
        },
        "Parameters": {"callType": "claims"},
    },
}


def event(call_type="claims", **contact_data):
    changed = copy.deepcopy(EVENT)
    changed["Details"]["Parameters"]["callType"] = call_type
    changed["Details"]["ContactData"].update(contact_data)
    return changed


def from_number(number):
    return event(CustomerEndpoint={"Address": number, "Type": "TELEPHONE_NUMBER"})


def stub_client(**options):
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        **options,
    )


def answer_of(client, asked=EVENT):
    return routing.answer(asked, DynamoTables(client), TOKENS, POLICY, datetime.now(UTC))


@pytest.fixture(scope="module")
def aws():
    """A centre with scores for claims, old ones for cards, and three known customers."""
    with stand_in() as running:
        now = datetime.now(UTC)
        client = running.client("dynamodb")
        create_tables(client)
        publish_scores(
            client,
            [
                {
                    "call_type": call_type,
                    "agent_name": f"agent-{place}",
                    "agent_id": f"id-{place}",
                    "workload": 1000 * place,
                    "as_of": at,
                    "score_version": "s1",
                }
                for call_type, at in [
                    ("claims", now + timedelta(minutes=4)),
                    ("cards", now - timedelta(hours=2)),
                ]
                for place in range(8)
            ],
            is_sole_writer=True,
        )
        publish_customers(
            client,
            [
                {
                    "customer_id": customer_id,
                    "agent_name": name,
                    "agent_id": f"id-{name}",
                    "as_of": now,
                    "expires_at": now + timedelta(days=days),
                }
                for customer_id, name, days in [
                    (TOKENS.token(NUMBER), "ann", 1),
                    (TOKENS.token("+12025550101"), "old", -1),
                    (TOKENS.customer_id_token("chat-7"), "bob", 1),
                    ("plain-7", "cyd", 1),
                ]
            ],
        )
        yield running


@pytest.fixture
def configured(aws, monkeypatch):
    """The function's environment on AWS, at its first use."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUSTOMER_KEY", KEY.hex())
    monkeypatch.setattr(routing, "BUDGET_S", 60)  # what fails here is not a busy machine
    routing._parts.cache_clear()
    yield monkeypatch
    if routing._parts.cache_info().currsize:
        routing._parts().tables.client.close()
    routing._parts.cache_clear()


@pytest.fixture
def log(monkeypatch):
    """What the function writes; powertools keeps a logger's stream for the whole process."""
    stream = io.StringIO()
    logger = Logger(service=f"routing-{id(stream)}", stream=stream)
    monkeypatch.setattr(routing, "_logger", lambda: logger)
    return stream


def reason(answer):
    assert tuple(answer) == RESPONSE_KEYS
    assert all(isinstance(value, str) and value for value in answer.values())
    return answer["decision"], answer["reason"]


def test_a_known_caller_gets_the_associated_agent_then_the_best(configured):
    configured.setenv("CANDIDATES", "3")
    answer = routing.handler(EVENT, None)
    assert [answer[f"agent{place}"] for place in range(1, 5)] == ["id-ann", "id-0", "id-1", "NONE"]


def test_another_spelling_of_the_number_is_the_same_caller(configured):
    answer = routing.handler(from_number("tel:+1-202-555-0100"), None)
    assert answer["affinity"] == "id-ann"


@pytest.mark.parametrize(("customer_id", "agent_id"), [("chat-7", "id-bob"), ("plain-7", "id-cyd")])
def test_a_customer_id_is_found_as_token_or_as_it_is(configured, customer_id, agent_id):
    asked = event(CustomerEndpoint=None, CustomerId=customer_id)
    assert routing.handler(asked, None)["affinity"] == agent_id


def test_a_stranger_gets_the_least_loaded(configured):
    configured.setenv("CANDIDATES", "3")
    answer = routing.handler(from_number("+12025550102"), None)
    assert [answer["reason"], answer["agent1"], answer["count"]] == ["NO_LIVE_STATE", "id-0", "3"]


def test_a_hidden_caller_gets_the_least_loaded(configured):
    assert routing.handler(from_number("anonymous"), None)["reason"] == "NO_LIVE_STATE"


def test_an_expired_association_is_passed_over(configured):
    assert routing.handler(from_number("+12025550101"), None)["affinity"] == "NONE"


def test_the_number_of_candidates_is_configured(configured):
    configured.setenv("CANDIDATES", "7")
    assert routing.handler(EVENT, None)["count"] == "7"


@pytest.mark.parametrize(
    ("call_type", "expected"),
    [("cards", "STALE"), ("unheard-of", "NO_CANDIDATES"), (None, "NO_CALL_TYPE")],
)
def test_without_usable_scores_the_default_queue_is_named(configured, call_type, expected):
    asked = event(call_type, CustomerEndpoint=None)
    assert reason(routing.handler(asked, None)) == ("DEFAULT", expected)


def test_the_key_may_come_from_secrets_manager(configured, aws):
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="customer-key", SecretString=KEY.hex())
    configured.delenv("CUSTOMER_KEY")
    configured.setenv("CUSTOMER_KEY_SECRET", "customer-key")
    assert routing.handler(EVENT, None)["affinity"] == "id-ann"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("CUSTOMER_KEY", "", "NOT_CONFIGURED"),
        ("CUSTOMER_KEY", "no key", "NOT_CONFIGURED"),
        ("CUSTOMER_KEY", "00ff", "NOT_CONFIGURED"),
        ("CANDIDATES", "many", "NOT_CONFIGURED"),
        ("AGENT_WORKLOAD_TABLE", "Elsewhere", "UNAVAILABLE"),
        ("CUSTOMER_AGENT_TABLE", "Elsewhere", "UNAVAILABLE"),
        ("AGENT_STATE_TABLE", "Elsewhere", "UNAVAILABLE"),
        ("RESERVATION_TABLE", "Elsewhere", "UNAVAILABLE"),
        ("AGENT_WORKLOAD_TABLE", "", "UNAVAILABLE"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "UNAVAILABLE"),
        ("AWS_ENDPOINT_URL", "nonsense", "FAILED"),
    ],
)
def test_a_wrong_environment_is_answered_with_the_default_queue(configured, name, value, expected):
    configured.setenv(name, value)
    assert reason(routing.handler(EVENT, None)) == ("DEFAULT", expected)


def test_a_missing_secret_is_answered_with_the_default_queue(configured):
    configured.delenv("CUSTOMER_KEY")
    configured.setenv("CUSTOMER_KEY_SECRET", "nowhere")
    assert reason(routing.handler(EVENT, None)) == ("DEFAULT", "UNAVAILABLE")


def test_a_wrong_environment_is_read_again_after_it_was_mended(configured):
    configured.setenv("CUSTOMER_KEY", "no key")
    routing.handler(EVENT, None)
    configured.setenv("CUSTOMER_KEY", KEY.hex())
    assert routing.handler(EVENT, None)["decision"] == "CANDIDATES"


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "InternalServerError", "AccessDeniedException"],
)
@pytest.mark.parametrize("operation", ["query", "batch_get_item"])
def test_an_error_of_dynamodb_is_answered_with_the_default_queue(operation, code):
    client = stub_client()
    with Stubber(client) as stub:
        if operation == "batch_get_item":
            stub.add_response("query", {"Items": []})
        stub.add_client_error(operation, code)
        assert reason(answer_of(client)) == ("DEFAULT", "UNAVAILABLE")
    client.close()


def test_a_time_out_is_answered_with_the_default_queue():
    client = stub_client()

    def time_out(**_):
        raise ReadTimeoutError(endpoint_url="http://127.0.0.1:9")

    client.meta.events.register("before-send.dynamodb.Query", time_out)
    client.meta.events.register("needs-retry.dynamodb.Query", lambda **_: None)
    assert reason(answer_of(client)) == ("DEFAULT", "UNAVAILABLE")
    client.close()


class Broken:
    """Tables with a fault nobody thought of."""

    def candidates(self, _):
        raise RecursionError(NUMBER)


@dataclass(frozen=True)
class BrokenParts(Broken):
    """The like, with the client that the handler puts a time limit on."""

    client: object = None


def test_a_fault_of_ours_is_answered_with_the_default_queue():
    answer = routing.answer(EVENT, Broken(), TOKENS, POLICY, datetime.now(UTC))
    assert reason(answer) == ("DEFAULT", "FAILED")


GOOD = {
    "AgentName": {"S": "ann"},
    "AgentId": {"S": "id-ann"},
    "Workload": {"N": "10"},
    "asOf": {"S": "2026-01-05T12:00:00.000000Z"},
}


def test_a_row_is_a_candidate():
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert candidate(GOOD) == ("ann", "id-ann", 10, at, "lake")


def test_a_row_of_another_source_has_the_agents_name_without_it():
    row = GOOD | {"AgentName": {"S": "ann#model"}, "source": {"S": "model"}}
    assert candidate(row)[::4] == ("ann", "model")


@pytest.mark.parametrize(
    "bad",
    [
        {"Workload": {"S": "high"}},
        {"Workload": {"N": "1E999"}},
        {"Workload": {"N": "-1"}},
        {"Workload": {"N": "10001"}},
        {"source": {"N": "1"}},
        {"Workload": {"NULL": True}},
        {"AgentId": {"NULL": True}},
        {"AgentName": {"N": "1"}},
        {"asOf": {"S": "yesterday"}},
        {"asOf": {"N": "1767614400"}},
    ],
)
def test_a_row_that_makes_no_sense_is_no_candidate(bad):
    assert candidate(GOOD | bad) is None


def test_a_bad_row_leaves_the_others_usable():
    client = stub_client()
    now = datetime.now(UTC).isoformat()
    with Stubber(client) as stub:
        stub.add_response("query", {"Items": [{}, GOOD | {"asOf": {"S": now}}]})
        stub.add_response("batch_get_item", {"Responses": {}})
        assert answer_of(client)["agent1"] == "id-ann"
    client.close()


@pytest.mark.parametrize(
    "bad", [{}, {"AgentId": {"N": "1"}}, {**GOOD, "expiresAt": {"N": "1E300"}}]
)
def test_an_association_that_makes_no_sense_is_none(bad):
    assert association(bad) is None


def test_the_pages_that_are_read_are_bounded():
    client = stub_client()
    with Stubber(client) as stub:
        for last in "abcd":
            key = {"CallType": {"S": "claims"}, "AgentName": {"S": last}}
            stub.add_response("query", {"Items": [], "LastEvaluatedKey": key})
        assert DynamoTables(client).candidates("claims") == []
        stub.assert_no_pending_responses()
    client.close()


def test_a_decision_is_logged_without_its_customer(configured, log):
    routing.handler(EVENT, None)
    logged = json.loads(log.getvalue())
    told = ("decision", "reason", "call_type", "contact_id")
    assert [logged[key] for key in told] == ["CANDIDATES", "ASSOCIATED_AGENT", "claims", CONTACT_ID]


def test_a_fault_is_logged_by_its_kind(configured, log):
    configured.setenv("AGENT_WORKLOAD_TABLE", "Elsewhere")
    routing.handler(EVENT, None)
    logged = json.loads(log.getvalue())
    assert (logged["level"], logged["fault"]) == ("ERROR", "Query: ResourceNotFoundException")


def test_the_text_of_a_fault_is_not_logged(monkeypatch, log):
    monkeypatch.setattr(
        routing, "_parts", lambda: routing.Parts(BrokenParts(), TOKENS, Config(dict))
    )
    routing.handler(EVENT, None)
    assert (json.loads(log.getvalue())["fault"], NUMBER in log.getvalue()) == (
        "RecursionError",
        False,
    )


def nobody(contact, _candidates, _state, policy, _now):
    """A rule of a centre's own: the default queue for everyone."""
    return default(contact, Reason.NONE_FREE, policy)


def failing(*_):
    raise RecursionError


def odd(contact, candidates, state, policy, now):
    """A rule that names an agent by a number."""
    return replace(choose(contact, candidates, state, policy, now), affinity=7)


def vast(contact, candidates, state, policy, now):
    return replace(choose(contact, candidates, state, policy, now), affinity="x" * 33_000)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nobody", "NONE_FREE"),
        ("failing", "FAILED"),
        ("odd", "FAILED"),
        ("vast", "FAILED"),
        ("missing", "NOT_CONFIGURED"),
    ],
)
def test_a_centres_own_rule_decides_and_cannot_harm_a_caller(configured, name, expected):
    configured.setenv("ROUTING_POLICY", f"{__name__}:{name}")
    answer = routing.handler(EVENT, None)
    assert tuple(answer) == RESPONSE_KEYS
    assert reason(answer) == ("DEFAULT", expected)


def test_a_centres_own_rule_shadows_as_well(configured):
    settings = Settings(POLICY, shadow=replace(POLICY, version="v9"))
    tables = routing._parts().tables
    routed = routing.route(contact(EVENT), tables, TOKENS, settings, datetime.now(UTC), nobody)
    assert (routed.shadow.reason, routed.shadow.policy.version) == ("NONE_FREE", "v9")


def test_the_sources_of_scores_are_blended(configured, aws):
    client = aws.client("dynamodb")
    at = datetime.now(UTC) + timedelta(minutes=4)
    row = {"call_type": "loans", "as_of": at, "score_version": "s1"}
    said = [("ann", 1000, "lake"), ("bob", 2000, "lake"), ("ann", 9000, "model")]
    publish_scores(
        client,
        [
            row | {"agent_name": name, "agent_id": f"id-{name}", "workload": load, "source": source}
            for name, load, source in said
        ],
    )
    first = {}
    for weights in ({"lake": 1}, {"lake": 0.7, "model": 0.3}):
        policy = replace(POLICY, sources=weights)
        asked = event("loans", ContactId=f"blend-{len(weights)}", CustomerEndpoint=None)
        tables = DynamoTables(client)
        told = routing.answer(asked, tables, TOKENS, policy, datetime.now(UTC))
        first[len(weights)] = (told["agent1"], told["agent2"], told["count"])
    assert first == {1: ("id-ann", "id-bob", "2"), 2: ("id-bob", "id-ann", "2")}


def test_a_retry_is_answered_alike(configured):
    first, second = routing.handler(EVENT, None), routing.handler(EVENT, None)
    assert first | {"dataAgeSeconds": ""} == second | {"dataAgeSeconds": ""}


@pytest.mark.parametrize("module", ["lambdas.routing.handler", "lambdas.agent_state.handler"])
def test_importing_a_handler_stays_light(module):
    heavy = ("pandas", "pyarrow", "numpy", "duckdb", "moto", "awswrangler")
    program = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


LOADED = "import sys, {}; print(len(sys.modules))"


def test_importing_a_handler_loads_few_modules_beside_those_of_boto3():
    """Seconds are for `make bench` (cold import); modules do not depend on the machine."""
    boto3, handler = (
        int(
            subprocess.run(
                [sys.executable, "-c", LOADED.format(module)],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for module in ("boto3", "lambdas.routing.handler")
    )
    assert handler < boto3 + 100
