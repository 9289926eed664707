"""`lake check --scores`: rows of any producer are held against the contract, a line a problem."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from glue_jobs.publish import as_of_text, create_tables, publish_scores
from glue_jobs.score_check import RULES, Expected, NoScoreTableError, findings, scanned
from glue_jobs.standin import stand_in
from lambdas.routing.config import Settings
from lambdas.routing.policy import DEFAULT, changed
from tests.centre_records import agent_event, contact, work_item, written
from tests.lake_program import outcome, run

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
BOTH = Settings(changed(DEFAULT, {"sources": {"lake": 0.7, "model": 0.3}}))
EXPECTED = Expected({"claims"}, {"id-ann", "id-bob"}, BOTH, NOW)


def item(**changes: Any) -> dict[str, Any]:
    """A row of the model for ann that keeps the contract, with some attributes changed."""
    made = {
        "CallType": {"S": "claims"},
        "AgentName": {"S": "ann#model"},
        "AgentId": {"S": "id-ann"},
        "Workload": {"N": "4200"},
        "asOf": {"S": ago(60)},
        "source": {"S": "model"},
        "ttl": {"N": str(int(NOW.timestamp()) + 86_400)},
    }
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


def ago(seconds: float) -> str:
    return as_of_text(NOW - timedelta(seconds=seconds))


LAKES = item(AgentName={"S": "ann"}, source=None, ttl=None)
BOBS = item(AgentName={"S": "bob#model"}, AgentId={"S": "id-bob"})


def rules(*items: dict[str, Any], against: Expected = EXPECTED) -> list[str]:
    return [each.rule for each in findings(items, against)]


def test_rows_that_keep_the_contract_have_no_finding():
    assert rules(item(), BOBS, LAKES) == []


FAULTS = [
    ("agent-id", item(AgentId=None)),
    ("agent-id", item(AgentId={"S": " id-ann"})),
    ("workload", item(Workload={"N": "10001"})),
    ("workload", item(Workload={"N": "-1"})),
    ("workload", item(Workload={"N": "0.42"})),
    ("workload", item(Workload={"S": "4200"})),
    ("workload", item(Workload=None)),
    ("as-of", item(asOf=None)),
    ("as-of", item(asOf={"S": "2026-01-05T12:00:00Z"})),
    ("as-of", item(asOf={"S": "2026-13-05T12:00:00.000000Z"})),
    ("as-of", item(asOf={"N": "1767614400"})),
    ("ttl", item(ttl={"N": str(int(NOW.timestamp()) * 1000)})),
    ("ttl", item(ttl={"N": "3600"})),
    ("ttl", item(ttl={"S": "tomorrow"})),
    ("source", item(source={"S": "our model"}, AgentName={"S": "ann#our model"})),
    ("source", item(source={"N": "1"})),
    ("source", item(AgentName={"S": "ann"})),
    ("early", item(asOf={"S": ago(-301)})),
    ("old", item(asOf={"S": ago(301)})),
    ("old", item(asOf={"S": ago(1801)})),
    ("no-weight", item(AgentName={"S": "ann#cases"}, source={"S": "cases"})),
    ("call-type", item(CallType={"S": "Claims"})),
    ("agent", item(AgentId={"S": "id-nobody"})),
]


@pytest.mark.parametrize(("rule", "bad"), FAULTS)
def test_a_seeded_fault_is_found_by_its_rule(rule, bad):
    assert rule in rules(bad)


def test_a_row_that_its_source_no_longer_scores_is_found():
    assert rules(item(asOf={"S": ago(290)}), BOBS | {"asOf": {"S": ago(-20)}}) == ["lagging"]


def test_two_rows_of_a_source_for_one_agent_are_found():
    assert rules(item(), item(AgentName={"S": "ann again#model"})) == ["duplicate"]


def test_every_rule_is_shown_to_find_a_fault():
    assert {rule for rule, _ in FAULTS} | {"lagging", "duplicate"} == set(RULES)


@pytest.mark.parametrize(("rule", "bad"), [each for each in FAULTS if each[0] != "source"])
def test_what_routing_reads_is_told_from_what_it_leaves_out(rule, bad):
    unreadable = {"agent-id", "workload", "as-of"}
    told = [each.rule for each in findings([bad], EXPECTED) if each.rule not in unreadable]
    assert told == ([] if rule in unreadable else [rule])


def test_a_problem_of_many_rows_is_one_line_with_one_of_their_agents():
    rows = [item(AgentName={"S": f"a{n}#model"}, AgentId={"S": f"id-{n}"}) for n in range(30)]
    (found,) = findings(rows, EXPECTED)
    assert (found.rule, found.source, found.call_type) == ("agent", "model", "claims")
    assert (found.rows, found.agent) == (30, "a0#model")


def test_the_order_of_rows_does_not_matter():
    rows = [bad for _, bad in FAULTS]
    assert findings(rows[::-1], EXPECTED) == findings(rows, EXPECTED)


def test_a_message_is_one_line():
    told = [each.message for _, bad in FAULTS for each in findings([bad], EXPECTED)]
    assert [text for text in told if "\n" in text or not text] == []


def test_agents_and_call_types_that_are_not_known_are_not_asked_for():
    bad = item(CallType={"S": "other"}, AgentId={"S": "id-nobody"})
    assert rules(bad, against=EXPECTED._replace(call_types=(), agents=())) == []


def test_a_weight_under_the_shadow_policy_is_a_weight():
    held = Settings(shadow=BOTH.policy)
    assert rules(item(), against=EXPECTED._replace(settings=held)) == []


# -- the tables and the command ---------------------------------------------------------------


@pytest.fixture
def aws():
    """Of one test: the command starts a stand-in of its own."""
    with stand_in() as running:
        client = running.client("dynamodb")
        create_tables(client)
        row = {"call_type": "claims", "agent_name": "ann", "agent_id": "id-ann", "workload": 10}
        rows = [row | {"as_of": NOW, "score_version": "1", "source": source}
                for source in ("lake", "model")]  # fmt: skip
        publish_scores(client, rows)
        client.put_item(TableName="AgentState", Item={"AgentId": {"S": "id-ann"}})
        yield running


def test_what_is_published_keeps_the_contract(aws):
    read = scanned(aws.client("dynamodb"))
    assert len(read.items) == 2
    assert findings(read.items, Expected({"claims"}, read.agents, BOTH, NOW)) == []


@pytest.mark.parametrize(("weights", "fault"), [("1", None), ("-1", "sources must give weights")])
def test_the_settings_are_those_of_the_config_item(aws, weights, fault):
    client = aws.client("dynamodb")
    policy = {"M": {"version": {"S": "v7"}, "sources": {"M": {"model": {"N": weights}}}}}
    client.put_item(TableName="RoutingConfig",
                    Item={"ConfigId": {"S": "routing"}, "policy": policy})  # fmt: skip
    read = scanned(client)
    assert read.settings.policy.version == ("v7" if fault is None else "v2")
    assert (fault or "") in (read.fault or "")


def test_without_tables_the_next_step_is_told(aws):
    client = aws.client("dynamodb", region_name="eu-west-1")
    with pytest.raises(NoScoreTableError, match="lake publish"):
        scanned(client)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("scores")
    records = [contact("c-1"), agent_event("e-1", "2026-01-05T09:00:00Z"), work_item("w-1")]
    run("ingest", "--lake", f"{folder}/lake", str(written(folder / "records.ndjson.gz", records)))
    run("build", "--lake", f"{folder}/lake")
    run("score", "--lake", f"{folder}/lake")
    return f"{folder}/lake"


def test_a_lakes_own_scores_have_no_finding(lake):
    done = run("check", "--scores", "--lake", lake, "--format", "json")
    assert (done.code, done.rows) == (0, [])


def test_a_finding_is_a_row_and_an_exit_code(lake, monkeypatch):
    monkeypatch.setattr("glue_jobs.score_check.call_types", lambda _lake: {"nothing"})
    done = outcome("check", "--scores", "--lake", lake, "--format", "json")
    assert (done.code, {each["rule"] for each in done.rows}) == (6, {"call-type"})
