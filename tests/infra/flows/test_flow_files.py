import json
from dataclasses import replace

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given

from infra.flows import files
from infra.flows.cases import template
from infra.flows.files import FlowLintError, flows, require_no_findings, written
from tests.infra.flows.example import EXAMPLE, INSTANCE, configs

NAMES = ["agent_queues.json", "routing_criteria.json", "customer_queue.json", "test_cases.json"]


def contents(config):
    """The content of each test case by its name."""
    made = template(config)["Resources"]
    return {name: json.loads(case["Properties"]["Content"]) for name, case in made.items()}


def test_the_flows_and_their_test_cases_are_written(tmp_path):
    assert [path.name for path in written(EXAMPLE, tmp_path / "out")] == NAMES


def test_a_flows_file_is_its_content(tmp_path):
    made = json.loads(written(EXAMPLE, tmp_path)[0].read_text())
    assert made == flows(EXAMPLE)[0].document


def test_the_same_config_writes_the_same_bytes(tmp_path):
    first = [path.read_bytes() for path in written(EXAMPLE, tmp_path / "a")]
    assert first == [path.read_bytes() for path in written(EXAMPLE, tmp_path / "b")]


def test_a_fault_is_told_in_a_line_of_its_own_with_exit_code_two():
    made = flows(EXAMPLE)
    for name in ("sorry", "hook"):
        made[0].by_id[name]["Transitions"]["NextAction"] = "nowhere"
    with pytest.raises(FlowLintError) as caught:
        require_no_findings(made[:1])
    lines = str(caught.value).splitlines()
    assert caught.value.exit_code == 2
    assert [line for line in lines if line.endswith("[targets]")] == [
        "agent_queues: hook: Next goes to 'nowhere', no action [targets]",
        "agent_queues: sorry: Next goes to 'nowhere', no action [targets]",
    ]


def test_nothing_is_written_when_a_flow_has_a_fault(tmp_path, monkeypatch):
    spoilt = flows(EXAMPLE)
    spoilt[2].document["StartAction"] = "nowhere"
    monkeypatch.setattr(files, "flows", lambda _: spoilt)
    with pytest.raises(FlowLintError):
        written(EXAMPLE, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@given(configs())
def test_the_service_model_takes_every_test_case(config):
    client = boto3.client(
        "connect",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    with Stubber(client) as stub:
        for case in template(config)["Resources"].values():
            stub.add_response("create_test_case", {})
            given_ = {k: v for k, v in case["Properties"].items() if k != "InstanceArn"}
            given_["EntryPoint"]["VoiceCallEntryPointParameters"]["FlowId"] = "some-flow"
            client.create_test_case(InstanceId=INSTANCE, **{**given_, "Status": "PUBLISHED"})
        stub.assert_no_pending_responses()
    client.close()


def test_both_inbound_flows_are_tested_for_each_way_to_the_default_queue():
    ways = ["LambdaFails", "LambdaSaysDefault", "LambdaTimesOut"]
    expected = [f"{flow}{way}" for flow in ("AgentQueues", "RoutingCriteria") for way in ways]
    assert sorted(contents(EXAMPLE)) == expected


def test_a_test_case_ends_when_the_transfer_begins_so_that_no_agent_rings():
    for content in contents(EXAMPLE).values():
        last = content["Observations"][-1]
        assert last["Event"]["Properties"]["ActionType"] == "TransferContactToQueue"
        assert last["Actions"][-1]["Parameters"]["Command"] == {"Type": "EndTest"}


def test_every_step_of_a_test_case_leads_to_one_that_exists():
    for content in contents(replace(EXAMPLE, candidates=10)).values():
        steps = content["Observations"]
        names = {step["Identifier"] for step in steps}
        assert {name for step in steps for name in step["Transitions"]["NextObservations"]} <= names
        for step in steps:
            inside = {action["Identifier"] for action in step["Actions"]}
            assert {action["Transitions"].get("NextAction") for action in step["Actions"]} <= {
                None,
                *inside,
            }
