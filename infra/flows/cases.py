"""Test cases that Amazon Connect itself runs against the flows: one CloudFormation template.

The language of a test case's content is the testing language of Amazon Connect; the resource's
schema is CloudFormation's. Each case ends as soon as the transfer that it waits for begins, so
that a simulated caller rings nobody.
"""

import json
from typing import Any

from infra.flows import actions
from infra.flows.config import Config
from infra.flows.document import VERSION
from infra.flows.frame import NO_ANSWER
from lambdas.routing.choose import NONE, RESPONSE_KEYS

FLOW_IDS = {"AgentQueues": "AgentQueuesFlowId", "RoutingCriteria": "RoutingCriteriaFlowId"}
ERRORS = {"LambdaFails": actions.NO_ERROR, "LambdaTimesOut": "TimeLimitExceeded"}


def template(config: Config) -> dict[str, Any]:
    """A template with the test cases of both inbound flows; the flows' ids are its parameters."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Test cases of the routing flows, run by Amazon Connect itself.",
        "Parameters": {
            **{name: {"Type": "String", "MinLength": 1} for name in FLOW_IDS.values()},
            "Status": {
                "Type": "String",
                "Default": "PUBLISHED",
                "AllowedValues": ["PUBLISHED", "SAVED"],
            },
        },
        "Resources": {
            f"{flow}{case}": _resource(config, flow, case, content)
            for flow in FLOW_IDS
            for case, content in _contents(config).items()
        },
    }


def _resource(config: Config, flow: str, case: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Connect::TestCase",
        "Properties": {
            "InstanceArn": config.instance_arn,
            "Name": f"{flow} {case}",
            "Description": "The caller reaches the default queue, and the contact tells why.",
            "EntryPoint": {
                "Type": "VOICE_CALL",
                "VoiceCallEntryPointParameters": {"FlowId": {"Ref": FLOW_IDS[flow]}},
            },
            "Content": json.dumps(content),
            "Status": {"Ref": "Status"},
        },
    }


def _contents(config: Config) -> dict[str, dict[str, Any]]:
    """The name of each case and what happens in it: all lead to the default queue."""
    failures = {
        name: _content(config, {"Type": "Error", "Error": {"Value": error}}, NO_ANSWER)
        for name, error in ERRORS.items()
    }
    answer = dict.fromkeys(RESPONSE_KEYS, NONE)
    answer |= {"decision": "DEFAULT", "reason": "STALE", "count": "0", "priority": "5"}
    told = {"Type": "ExecutionResult", "ExecutionResult": {"LoadedData": json.dumps(answer)}}
    return {**failures, "LambdaSaysDefault": _content(config, told, "STALE")}


def _content(config: Config, response: dict[str, Any], reason: str) -> dict[str, Any]:
    """The Lambda answers so; the contact then goes to the default queue for that reason."""
    transfer = {
        "ActionType": actions.TRANSFER,
        "ActionParameters": {"QueueId": config.default_queue_arn},
    }
    return {
        "Version": VERSION,
        "Metadata": {},
        "Observations": [
            _observation("begin", "TestInitiated", {}, [_mock(config, response)], ["queue"]),
            _observation(
                "queue",
                "FlowActionStarted",
                transfer,
                [
                    _asserting("decision", "$.Attributes.decision", "DEFAULT", "reason"),
                    _asserting("reason", "$.Attributes.reason", reason, "over"),
                    _over("over"),
                ],
                [],
            ),
        ],
    }


def _observation(
    name: str, event: str, properties: dict[str, Any], then: list[dict[str, Any]], on: list[str]
) -> dict[str, Any]:
    return {
        "Identifier": name,
        "Event": {
            "Identifier": f"{name}-event",
            "Type": event,
            "Actor": "System",
            "Properties": properties,
        },
        "Actions": then,
        "Transitions": {"NextObservations": on},
    }


def _mock(config: Config, response: dict[str, Any]) -> dict[str, Any]:
    behavior = {
        "ActionType": actions.LAMBDA,
        "ActionParameters": {"LambdaFunctionARN": config.lambda_arn},
        "Strategy": {"Type": "MockResponse", "Response": response},
    }
    given = {
        "ActionType": "OverrideSystemBehavior",
        "Behavior": {"Type": "FlowAction", "Properties": behavior},
    }
    return {
        "Identifier": "lambda",
        "Type": "OverrideSystemBehavior",
        "Parameters": given,
        "Transitions": {},
    }


def _asserting(name: str, reference: str, value: str, then: str) -> dict[str, Any]:
    return {
        "Identifier": name,
        "Type": "Assert",
        "Parameters": {"Namespace": reference, "Operator": "Equals", "Operand": value},
        "Transitions": {"NextAction": then},
    }


def _over(name: str) -> dict[str, Any]:
    return {
        "Identifier": name,
        "Type": "TestControl",
        "Parameters": {"ActionType": "TestControl", "Command": {"Type": "EndTest"}},
        "Transitions": {},
    }
