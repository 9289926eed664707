"""The linter reads the flows of others: files, however they came out of Amazon Connect."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.flows.document import CONTACT_FLOW, CUSTOMER_QUEUE, Flow
from infra.flows.exported import FlowFileError, exported
from infra.flows.files import flows
from infra.flows.lint import FOR_ANY_FLOW, findings
from tests.infra.flows.example import EXAMPLE, EXAMPLE_PATH
from tests.lake_program import outcome, run

OURS = flows(EXAMPLE)
DISCONNECT = {
    "Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}
}  # fmt: skip


def theirs(*actions, **metadata):
    """A flow with a Lambda, words and blocks of its own; any error ends in `bye`."""
    ask = {
        "Identifier": "ask",
        "Type": "InvokeLambdaFunction",
        "Parameters": {"LambdaFunctionARN": "arn", "InvocationTimeLimitSeconds": "3"},
        "Transitions": way("menu", NoMatchingError="bye"),
    }
    menu = {
        "Identifier": "menu",
        "Type": "GetParticipantInput",
        "Parameters": {"Text": "$.External.greeting"},
        "Transitions": way("on", NoMatchingError="on"),
    }
    away = {
        "Identifier": "on",
        "Type": "TransferToFlow",
        "Parameters": {"ContactFlowId": "arn"},
        "Transitions": {},
    }
    return {
        "Version": "2019-10-30",
        "StartAction": "ask",
        "Metadata": metadata,
        "Actions": list(actions) or [ask, menu, away, DISCONNECT],
    }


def way(then, **errors):
    listed = [{"ErrorType": kind, "NextAction": to} for kind, to in errors.items()]
    return {"NextAction": then, "Errors": listed}


def written(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_flow_of_others_is_held_against_what_every_flow_must_keep(tmp_path):
    flow = exported(written(tmp_path / "flow.json", theirs()))
    assert [(each.rule, each.action) for each in findings(flow, FOR_ANY_FLOW)] == [
        ("queue-before-disconnect", "bye")
    ]


def test_our_own_rules_ask_for_more(tmp_path):
    flow = exported(written(tmp_path / "flow.json", theirs()))
    rules = {each.rule for each in findings(flow)}
    assert rules == {"queue-before-disconnect", "types", "external-keys"}


@pytest.mark.parametrize("flow", OURS, ids=lambda flow: flow.name)
def test_our_flows_have_no_finding_as_anyones(flow, tmp_path):
    path = written(
        tmp_path / "flow.json", {"ContactFlow": {"Type": flow.type, "Content": flow.text}}
    )
    assert findings(exported(path), FOR_ANY_FLOW) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (theirs(), CONTACT_FLOW),
        (theirs(type="customerQueue"), CUSTOMER_QUEUE),
        (
            {"ContactFlow": {"Type": CUSTOMER_QUEUE, "Content": json.dumps(theirs())}},
            CUSTOMER_QUEUE,
        ),
    ],
)
def test_the_type_is_what_the_file_says(content, expected, tmp_path):
    flow = exported(written(tmp_path / "flow.json", content))
    assert (flow.type, flow.start) == (expected, "ask")


@pytest.mark.parametrize("content", ["", "[]", "<html>", '{"ContactFlow": {"Content": null}}'])
def test_what_is_no_flow_is_told_in_one_line(content, tmp_path):
    with pytest.raises(FlowFileError, match="not the JSON of a contact flow") as caught:
        exported(written(tmp_path / "flow.json", content))
    assert "\n" not in str(caught.value)


ODD = st.sampled_from([None, "", 0, True, [], {}, [{}], [None], {"a": 1}, "x"])


@given(st.sampled_from(OURS), st.data())
def test_an_odd_value_anywhere_is_a_finding_or_nothing_but_never_an_error(flow, data):
    document = copy.deepcopy(flow.document)
    spots = [(parent, key) for parent, key in places(document) if parent is not document]
    parent, key = data.draw(st.sampled_from(spots))
    parent[key] = data.draw(ODD)
    told = findings(Flow(flow.name, flow.type, document))
    assert [str(each) for each in told if "\n" in str(each)] == []


def places(tree):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, child in list(items):
        yield tree, key
        if isinstance(child, dict | list):
            yield from places(child)


def test_the_command_lists_findings_and_says_so_by_its_exit_code(tmp_path):
    path = str(written(tmp_path / "flow.json", theirs()))
    done = outcome("flows", "lint", path, "--format", "json")
    assert done.code == 2
    assert done.rows == [
        {
            "file": path,
            "rule": "queue-before-disconnect",
            "action": "bye",
            "message": "reached after an error without trying a queue",
        }
    ]


def test_the_command_is_content_with_our_flows(tmp_path):
    run("flows", "--config", str(EXAMPLE_PATH), "--out", str(tmp_path))
    paths = [str(tmp_path / f"{name}.json") for name in ("agent_queues", "routing_criteria")]
    assert run("flows", "lint", "--ours", *paths, "--format", "json").rows == []
    waiting = ("--type", "CUSTOMER_QUEUE", str(tmp_path / "customer_queue.json"))
    assert run("flows", "lint", "--ours", *waiting, "--format", "json").rows == []


def test_flows_need_a_config_and_a_folder():
    done = outcome("flows", "--out", "somewhere")
    assert (done.code, done.err.count("\n")) == (2, 1)
