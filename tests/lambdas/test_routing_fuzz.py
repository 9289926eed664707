"""Whatever Connect sends, the flow has a valid answer, and no log has a caller in it."""

import copy
import io
import json
import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aws_lambda_powertools import Logger

from glue_jobs.standin import stand_in
from lambdas.agent_state import handler as agent_state
from lambdas.routing import handler as routing
from lambdas.routing.choose import RESPONSE_KEYS
from lambdas.routing.config import KEY as CONFIG_KEY
from lambdas.routing.live import Slots
from tests.lambdas.live_floor import (
    EVENT,
    KEY,
    TOKENS,
    agent_record,
    batch,
    fill,
    live,
    put_live,
    routing_event,
    snapshot,
)

EVENTS = 10_000 if os.environ.get("PROVE") == "1" else 500
SAMPLES = Path(__file__).parents[3] / "shared/data/samples"
NUMBER = "+12025550100"


@pytest.fixture(scope="module")
def aws():
    """A centre with free and busy agents, and a customer with an agent."""
    with stand_in() as running:
        client = running.client("dynamodb")
        fill(client, 6, ("claims", "cards"), [(TOKENS.token(NUMBER), "id-3")])
        yield running


@pytest.fixture
def configured(aws, monkeypatch):
    """The functions' environment on AWS, at their first use."""
    many = {"VOICE": Slots(1000, 1000, 0), "CHAT": Slots(3, 3, 0)}
    client = aws.client("dynamodb")
    put_live(client, *(live(f"id-{place}", slots=many) for place in range(4)))
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CUSTOMER_KEY", KEY.hex())
    for each in (routing._parts, agent_state._table):
        each.cache_clear()
    yield monkeypatch
    if routing._parts.cache_info().currsize:
        routing._parts().tables.client.close()
    if agent_state._table.cache_info().currsize:
        agent_state._table().client.close()
    for each in (routing._parts, agent_state._table):
        each.cache_clear()


@pytest.fixture
def log(monkeypatch):
    """What the functions write; powertools keeps a logger's stream for the whole process."""
    stream = io.StringIO()
    logger = Logger(service=f"lambda-{id(stream)}", stream=stream)
    for module in (routing, agent_state):
        monkeypatch.setattr(module, "_logger", lambda: logger)
    return stream


def reason(answer):
    assert tuple(answer) == RESPONSE_KEYS
    assert all(isinstance(value, str) and value for value in answer.values())
    assert len(json.dumps(answer).encode()) < 32_000
    return answer["reason"]


ODD = [None, "", "NONE", 0, -1, 1.5, True, [], {}, [{}], {"a": None}, "x" * 5000, "\x00", "é", "🎧"]
ODD += ["x" * 512, "🎧" * 512, 10**30, float("nan"), "\ud800", "null", "' OR 1=1", {"S": "x"}]


def mutant(seed):
    draw = random.Random(seed)
    changed = routing_event(f"contact-{seed}", draw.choice(["claims", "cards", "x"]))
    for _ in range(draw.randint(1, 4)):
        spots = list(places(changed))
        if spots:
            parent, key = draw.choice(spots)
            parent[draw.choice([key, "callType", "n"])] = copy.deepcopy(draw.choice(ODD))
    return changed


def places(tree):
    for key, child in tree.items():
        yield tree, key
        if isinstance(child, dict):
            yield from places(child)


def test_odd_events_have_a_valid_answer(configured, log):
    seen = {reason(routing.handler(mutant(seed), None)) for seed in range(EVENTS)}
    assert {"ASSOCIATED_AGENT", "LEAST_WORKLOAD", "NO_CANDIDATES", "NO_CALL_TYPE"} <= seen
    assert seen <= {
        *("ASSOCIATED_AGENT", "LEAST_WORKLOAD", "NO_CANDIDATES", "NO_CALL_TYPE"),
        *("ALL_BUSY", "NONE_FREE", "CONTENDED", "OUT_OF_TIME", "WIDENED"),
    }


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded events are not here")
def test_recorded_events_have_a_valid_answer(configured, log):
    recorded = [json.loads(path.read_text()) for path in SAMPLES.glob("*/*.json")]
    asked = [*recorded, *({"Details": {"ContactData": each}} for each in recorded)]
    assert {reason(routing.handler(each, None)) for each in asked} == {"NO_CALL_TYPE"}


@pytest.mark.parametrize("event", [None, [], "text", 7, {}, {"Details": None}])
def test_what_is_no_event_has_a_valid_answer(configured, log, event):
    assert reason(routing.handler(event, None)) == "NO_CALL_TYPE"


def in_script(text, zero):
    """The text with the digits of the script whose nought is at `zero`."""
    return text.translate({ord("0") + digit: zero + digit for digit in range(10)})


FULL_WIDTH, ARABIC = 0xFF10, 0x0660
SPELLINGS = [
    "+12025550100",
    "12025550100",
    "2025550100",
    "tel:+12025550100",
    "sip:+12025550100@example.com",
    "+1 (202) 555-0100",
    "001.202.555.0100",
    "1_202_555_0100",
    "202/555/0100",
    "+1\N{NO-BREAK SPACE}202\N{NON-BREAKING HYPHEN}555\N{EN DASH}0100",
    in_script("\N{FULLWIDTH PLUS SIGN}12025550100", FULL_WIDTH),
    in_script("12025550100", ARABIC),
]
NAME = "Marguerite Example"


def planted(tree, text):
    """The event with the text as every value, and once as a key of every object."""
    if isinstance(tree, dict):
        return {key: planted(child, text) for key, child in tree.items()} | {text: text}
    return [planted(child, text) for child in tree] if isinstance(tree, list) else text


def planted_one_by_one(tree, text):
    """The event with the text in one place after another, the rest as it is."""
    for number in range(len(list(places(tree)))):
        changed = copy.deepcopy(tree)
        parent, key = list(places(changed))[number]
        parent[key] = text
        yield changed


def digits(text):
    """The digits of every script, in ASCII and without what stands between them."""
    return "".join(str(int(sign)) for sign in text if sign.isdecimal())


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_number_reaches_the_log_of_routing(configured, log, caplog, spelling, broken):
    if broken:
        configured.setenv("AGENT_WORKLOAD_TABLE", "Elsewhere")
    events = [planted(EVENT, spelling), *planted_one_by_one(EVENT, spelling)]
    for event in events[:: 9 if broken else 1]:
        routing.handler(event, None)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert len(lines) == len(events[:: 9 if broken else 1])
    for line in lines:
        told = {key: value for key, value in line.items() if key not in {"timestamp", "location"}}
        assert "2025550100" not in digits(json.dumps(told, ensure_ascii=False))
    assert "2025550100" not in digits(caplog.text)


@pytest.mark.parametrize("field", ["Name", "Description", "Attributes", "References", "Tags"])
def test_no_name_reaches_the_log_of_routing(configured, log, caplog, field):
    routing.handler(routing_event("c-1", CustomerId=NAME, **{field: {"name": NAME}}), None)
    routing.handler(routing_event("c-2", **{field: NAME}), None)
    assert log.getvalue().count("routed") == 2
    assert "Marguerite" not in log.getvalue() + caplog.text


AGENT_EVENT = agent_record(
    "id-9", datetime(2026, 1, 5, tzinfo=UTC), "e-1", snapshot(("c-1", "CONNECTED")), snapshot()
)


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("spelling", [*SPELLINGS, NAME])
def test_no_number_or_name_reaches_the_log_of_agent_state(
    configured, log, caplog, capsys, spelling, broken
):
    if broken:
        configured.setenv("AGENT_STATE_TABLE", "Elsewhere")
    events = [planted(AGENT_EVENT, spelling), *planted_one_by_one(AGENT_EVENT, spelling)]
    for place in range(0, len(events), 5):
        agent_state.handler({"Records": batch(*events[place : place + 5])}, None)
    told = log.getvalue() + caplog.text + capsys.readouterr().out
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    bare = [
        {key: value for key, value in line.items() if key not in {"timestamp", "location", "_aws"}}
        for line in lines
    ]
    assert len(bare) >= len(events) / 5
    assert all("2025550100" not in digits(json.dumps(each, ensure_ascii=False)) for each in bare)
    assert "Marguerite" not in told


def configure(client, **item):
    client.put_item(TableName="RoutingConfig", Item=CONFIG_KEY | item)


@pytest.fixture
def config(configured, aws):
    """Writes the config item; it is gone after the test."""
    client = aws.client("dynamodb")
    configured.setattr(routing, "BUDGET_S", 60)  # what fails here is not a busy machine
    yield lambda **item: configure(client, **item)
    client.delete_item(TableName="RoutingConfig", Key=CONFIG_KEY)


def test_the_kill_switch_sends_every_contact_to_the_default_queue(config, log):
    config(kill={"BOOL": True})
    answer = routing.handler(routing_event("c-killed", "claims"), None)
    assert (answer["decision"], reason(answer)) == ("DEFAULT", "KILLED")


def test_the_policy_in_force_is_told_and_used(config, log):
    config(policy={"M": {"n": {"N": "2"}, "version": {"S": "v7"}}})
    answer = routing.handler(routing_event("c-policy", "cards"), None)
    assert (answer["policy"], answer["count"]) == ("v7", "2")


def test_contacts_are_under_one_of_two_policies(config, log):
    config(other={"M": {"version": {"S": "v8"}}}, otherShare={"N": "0.5"})
    told = [routing.handler(routing_event(f"c-ab-{n}"), None)["policy"] for n in range(20)]
    assert set(told) == {"v2", "v8"}


def test_a_shadow_policy_is_logged_and_changes_nothing(config, log):
    config(shadow={"M": {"version": {"S": "v9"}, "n": {"N": "1"}}})
    answer = routing.handler(routing_event("c-shadow"), None)
    shadow = json.loads(log.getvalue())["shadow"]
    assert (answer["policy"], answer["count"]) == ("v2", "4")
    assert (shadow["policy"], len(shadow["agents"])) == ("v9", 1)


def test_a_config_that_makes_no_sense_is_told_in_the_log_alone(config, log):
    config(policy={"M": {"n": {"N": "99"}}})
    answer = routing.handler(routing_event("c-senseless"), None)
    told = json.loads(log.getvalue())
    assert (answer["decision"], told["level"]) == ("CANDIDATES", "ERROR")
    assert told["fault"] == "routing policy: n must be a whole number from 1 to 10"
