"""What no stand-in makes: its properties are held against AWS's own service models."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from infra.cloudformation import template
from tests.infra.resolved import ACCOUNT, REGION, Resolver, references

INSTANCE = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/11111111-1111-4111-8111-111111111111"
# Type: service, operation, what the API calls the properties that it calls otherwise.
CALLS: dict[str, tuple[str, str, dict[str, str]]] = {
    "AWS::Connect::ContactFlow": ("connect", "create_contact_flow", {"InstanceArn": "InstanceId"}),
    "AWS::Connect::InstanceStorageConfig": (
        "connect", "associate_instance_storage_config", {"InstanceArn": "InstanceId"},
    ),
    "AWS::Connect::IntegrationAssociation": (
        "connect", "associate_lambda_function", {"IntegrationArn": "FunctionArn"},
    ),
    "AWS::ApiGatewayV2::Stage": ("apigatewayv2", "create_stage", {}),
    "AWS::ApiGatewayV2::Api": ("apigatewayv2", "import_api", {"FailOnWarnings": "FailOnWarnings"}),
    "AWS::LakeFormation::Resource": ("lakeformation", "register_resource", {}),
    "AWS::Logs::MetricFilter": ("logs", "put_metric_filter", {}),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "put_dashboard", {}),
    "AWS::Scheduler::Schedule": ("scheduler", "create_schedule", {}),
    "AWS::Athena::NamedQuery": ("athena", "create_named_query", {}),
    "AWS::S3::BucketPolicy": ("s3", "put_bucket_policy", {"PolicyDocument": "Policy"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    return template()


def made_up(whole: Any) -> Resolver:
    """A resolver to which every resource has a value of a likely shape."""
    known: dict[str, Any] = {"ConnectInstanceArn": INSTANCE, "CreateFlows": "true"}
    for name in references(whole["Resources"]):
        if name.partition(".")[0] in whole["Resources"]:
            known[name] = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x"
    known |= {"ArtifactBucket": "builds", "ArtifactPrefix": "builds/1", "LakeBucket": "lake"}
    return Resolver(whole, known)


def requests(whole: Any):
    resolver = made_up(whole)
    for name, each in whole["Resources"].items():
        if each["Type"] in CALLS:
            yield name, each["Type"], resolver.value(each["Properties"])


def as_request(name: str, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """The properties as the API's parameters."""
    names = CALLS[kind][2]
    asked = {names.get(key, key): value for key, value in given.items()}
    if kind == "AWS::Connect::InstanceStorageConfig":
        parts = {key: asked.pop(key) for key in ("StorageType", "KinesisStreamConfig")}
        asked["StorageConfig"] = parts
    elif kind == "AWS::Connect::IntegrationAssociation":
        asked.pop("IntegrationType")
    elif kind == "AWS::ApiGatewayV2::Api":
        asked["Body"] = json.dumps(asked["Body"])
    elif kind == "AWS::Logs::MetricFilter":
        changes = [lowered(each) for each in asked.pop("MetricTransformations")]
        asked |= {"filterName": name, "metricTransformations": changes}
        asked = lowered(asked)
    elif kind == "AWS::Scheduler::Schedule":
        asked["Name"] = name
    elif kind == "AWS::S3::BucketPolicy":
        asked["Policy"] = json.dumps(asked["Policy"])
    return asked


def lowered(values: dict[str, Any]) -> dict[str, Any]:
    return {key[0].lower() + key[1:]: value for key, value in values.items()}


def faults(kind: str, asked: dict[str, Any]) -> str:
    """What the service's model holds against a request."""
    service, operation, _ = CALLS[kind]
    client = client_of(service)
    name = client.meta.method_to_api_mapping[operation]
    shape = client.meta.service_model.operation_model(name).input_shape
    client.close()
    return ParamValidator().validate(asked, shape).generate_report()


def test_every_request_is_one_that_the_service_model_takes(whole):
    found = {name: faults(kind, as_request(name, kind, given)) for name, kind, given
             in requests(whole)}  # fmt: skip
    assert len(found) > len(CALLS)
    assert {name: fault for name, fault in found.items() if fault} == {}


def test_a_request_of_the_wrong_shape_is_found():
    assert "Unknown parameter" in faults("AWS::Logs::MetricFilter", {"logGroup": "x"})


def client_of(service):
    return boto3.client(
        service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )


def test_every_type_of_the_model_check_is_in_the_template(whole):
    kinds = {each["Type"] for each in whole["Resources"].values()}
    assert CALLS.keys() - kinds == set()


def test_the_dashboard_is_json_with_every_name_known(whole):
    resolver = made_up(whole)
    body = json.loads(
        resolver.value(whole["Resources"]["Dashboard"]["Properties"]["DashboardBody"])
    )
    assert len(body["widgets"]) == 9


def test_the_state_machine_is_json_with_every_name_known(whole):
    resolver = made_up(whole)
    text = resolver.value(whole["Resources"]["Pipeline"]["Properties"]["DefinitionString"])
    assert json.loads(text)["StartAt"] == "Build"
