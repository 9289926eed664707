"""docs/routing.md is true: its programs and commands are run, its example row is checked."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from glue_jobs.publish import create_tables, publish_scores
from glue_jobs.score_check import Expected, findings, scanned
from glue_jobs.standin import stand_in
from infra.flows.config import config as flow_config
from ingestion.privacy import Tokens
from lambdas.routing.choose import RESPONSE_KEYS, Policy
from lambdas.routing.config import Settings
from lambdas.routing.handler import answer
from lambdas.routing.lending import MOST_TRIES
from lambdas.routing.policy import DEFAULT, MOST_LENDERS, MOST_RESERVE, Lender, changed
from lambdas.routing.scores import fresh_candidates
from lambdas.routing.tables import DynamoTables
from tests.centre_records import agent_event, contact, work_item, written
from tests.infra.flows.example import EXAMPLE_PATH
from tests.lake_program import run
from tests.lambdas.live_floor import routing_event

GUIDE = (Path(__file__).parents[2] / "docs" / "routing.md").read_text()
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def guide(tmp_path, monkeypatch):
    """A folder with the guide's programs, where its commands are run."""
    names = []
    for text in blocks("python"):
        name = re.match(r"# (\w+)\.py\n", text)[1]
        (tmp_path / f"{name}.py").write_text(text)
        names.append(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAKE", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def aws():
    """A centre with one score of the lake's; of one test, for the commands have their own."""
    with stand_in() as running:
        create_tables(running.client("dynamodb"))
        row = {"call_type": "claims", "agent_name": "ann", "agent_id": "id-ann", "workload": 1000}
        row |= {"as_of": datetime.now(UTC), "score_version": "1"}
        publish_scores(running.client("dynamodb"), [row])
        yield running


def test_the_example_row_keeps_the_contract():
    (row,) = map(json.loads, blocks("json"))
    held = Policy(sources={"model": 1.0})
    expected = Expected(["claims"], [row["AgentId"]["S"]], Settings(held), NOON)
    assert findings([row], expected) == []


def test_every_attribute_of_the_example_row_is_explained():
    (row,) = map(json.loads, blocks("json"))
    explained = re.findall(r"^\| `(\w+)`(?: \(\w+ key\))? \| (\w)", GUIDE, re.MULTILINE)
    assert explained == [(name, kind) for name, value in row.items() for kind in value]


def test_the_producer_and_the_weights_do_what_the_guide_says(guide, aws):
    producer, weights = map(importlib.import_module, ("model_scores", "weights"))
    table = aws.resource("dynamodb").Table("AgentWorkload")
    now = datetime.now(UTC)
    producer.put_scores(table, "claims", [("ann", "id-ann", 9000), ("bob", "id-bob", 9000)], now)
    late = now - timedelta(seconds=1)
    producer.put_scores(table, "claims", [("ann", "id-ann", 0)], late)
    aws.resource("dynamodb").Table("RoutingConfig").put_item(Item=weights.ITEM)

    read = scanned(aws.client("dynamodb"))
    assert findings(read.items, Expected(["claims"], [], read.settings, now)) == []
    rows = DynamoTables(aws.client("dynamodb")).candidates("claims")
    offered = fresh_candidates(rows, read.settings.policy, now)
    assert {each.agent_id: each.workload for each in offered} == {"id-ann": 3400, "id-bob": 9000}


def test_the_lenders_of_the_guide_are_those_of_the_policy(guide, aws):
    lenders = importlib.import_module("lenders")
    aws.resource("dynamodb").Table("RoutingConfig").put_item(Item=lenders.ITEM)
    held = scanned(aws.client("dynamodb")).settings.policy
    assert held.lenders == {"claims": (Lender("cards", 1), Lender("loans", 2))}


def test_the_delayed_lenders_of_the_guide_are_those_of_a_flows_file():
    (text,) = blocks("toml")
    given = tomllib.loads(EXAMPLE_PATH.read_text() + text)
    assert [each.delay_s for each in flow_config(given).delayed_lenders] == [60]


def test_the_guides_bounds_are_the_policys():
    assert (MOST_LENDERS, MOST_RESERVE, 1 + 2 * MOST_TRIES) == (3, 20, 5)


def test_the_guides_ages_are_the_policys():
    assert (DEFAULT.expire_after_s, DEFAULT.widen_after_s, DEFAULT.skew_s) == (1800, 300, 300)
    assert DEFAULT.hold_s == 30


def test_the_policy_of_the_guide_answers_a_flow(guide, aws):
    rule = importlib.import_module("rested").rested_first
    tables, tokens = DynamoTables(aws.client("dynamodb")), Tokens(bytes(32))
    policy = changed(DEFAULT, {"sources": {"lake": 1, "model": 1}})
    told = answer(routing_event("c-guide"), tables, tokens, policy, datetime.now(UTC), rule)
    assert (tuple(told), told["decision"]) == (RESPONSE_KEYS, "CANDIDATES")


def test_the_commands_of_the_guide_print_what_it_shows(guide):
    records = [contact("c-1"), agent_event("e-1", "2026-01-05T09:00:00Z"), work_item("w-1")]
    run("ingest", str(written(guide / "records.ndjson.gz", records)))
    run("build")
    run("score")
    shown = [block.split("$ lake ")[1].partition("\n") for block in blocks("console")]
    assert len(shown) == 2
    for command, _, expected in shown:
        assert run(*shlex.split(command)).out == expected
