"""`make deploy` and `make destroy` against the stand-in's CloudFormation, its failures by Stubber.

The stand-in makes a small stack here; test_deployment.py makes the whole one. It does not fail, so
what CloudFormation says of failures is told to botocore's Stubber, which holds it to the model.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from glue_jobs.standin import stand_in
from infra import deploy
from infra.deploy import DeployError, Target, change_set, deployed, destroyed, main
from infra.package import TEMPLATE, Artifact

BUCKET = "builds-of-a-test"
ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/small/1"
QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue"}


def template(**resources: dict[str, Any]) -> dict[str, Any]:
    kept = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
    return {
        "Parameters": {
            "ArtifactBucket": {"Type": "String"},
            "ArtifactPrefix": {"Type": "String"},
            "RawDays": {"Type": "Number", "Default": 90},
        },
        "Resources": {"Lake": kept, **resources},
        "Outputs": {"Address": {"Value": {"Ref": "Lake"}}},
    }


def build(**resources: dict[str, Any]) -> list[Artifact]:
    return [Artifact(TEMPLATE, json.dumps(template(**resources)).encode())]


@pytest.fixture(scope="module")
def running():
    with stand_in() as aws:
        yield aws


@pytest.fixture
def target(running, request):
    """An own stack, and the bucket of builds; `localhost` because the stand-in looks for it."""
    s3 = running.client("s3", endpoint_url=running.endpoint.replace("127.0.0.1", "localhost"))
    deploy.made_bucket(s3, BUCKET, "us-east-1")
    name = "".join(part.title() for part in request.node.name.split("_"))[:100]
    return Target(running.client("cloudformation"), s3, name, poll_s=0.01)


def parameters(target: Target) -> dict[str, str]:
    (stack,) = target.cloudformation.describe_stacks(StackName=target.stack)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def bucket_of(target: Target) -> str:
    found = target.cloudformation.describe_stack_resource(
        StackName=target.stack, LogicalResourceId="Lake"
    )
    return found["StackResourceDetail"]["PhysicalResourceId"]


def resources(target: Target) -> set[str]:
    found = target.cloudformation.describe_stack_resources(StackName=target.stack)
    return {each["LogicalResourceId"] for each in found["StackResources"]}


def test_a_new_stack_is_made_with_what_is_given(target):
    deployed(target, BUCKET, build(Queue=QUEUE), {"RawDays": "30"})
    assert resources(target) == {"Lake", "Queue"}
    assert parameters(target)["RawDays"] == "30"


def test_the_templates_own_build_is_what_the_stack_is_told_of(target):
    deployed(target, BUCKET, build(), {})
    prefix = parameters(target)["ArtifactPrefix"]
    listed = target.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    assert [each["Key"] for each in listed] == [f"{prefix}/{TEMPLATE}"]


def test_an_update_tells_its_changes_and_keeps_parameters_that_nobody_gives(target):
    deployed(target, BUCKET, build(Queue=QUEUE), {"RawDays": "30"})
    said: list[str] = []
    deployed(target, BUCKET, build(Topic={"Type": "AWS::SNS::Topic"}), {}, say=said.append)
    assert {"Add AWS::SNS::Topic Topic", "Remove AWS::SQS::Queue Queue"} <= set(said)
    assert resources(target) == {"Lake", "Topic"}
    assert parameters(target)["RawDays"] == "30"


def test_a_dry_run_of_a_new_stack_tells_it_and_leaves_none(target):
    said: list[str] = []
    told = deployed(target, BUCKET, build(Queue=QUEUE), {}, is_dry=True, say=said.append)
    assert (told, target.status()) == ({}, None)
    assert "Add AWS::SQS::Queue Queue" in said


def test_a_dry_run_of_an_update_tells_it_and_changes_nothing(target):
    deployed(target, BUCKET, build(), {"RawDays": "30"})
    said: list[str] = []
    told = deployed(target, BUCKET, build(Queue=QUEUE), {"RawDays": "7"}, is_dry=True,
                    say=said.append)  # fmt: skip
    assert "Add AWS::SQS::Queue Queue" in said
    assert (resources(target), parameters(target)["RawDays"]) == ({"Lake"}, "30")
    assert told == target.outputs()


def test_what_holds_data_stays_when_the_stack_goes(target):
    deployed(target, BUCKET, build(Queue=QUEUE), {})
    lake = bucket_of(target)
    said: list[str] = []
    assert destroyed(target, say=said.append) == [f"AWS::S3::Bucket {lake}"]
    assert target.status() is None
    target.s3.head_bucket(Bucket=lake)
    assert said[0] == f"stays: AWS::S3::Bucket {lake}"


def test_a_dry_run_of_destroying_changes_nothing(target):
    deployed(target, BUCKET, build(), {})
    lake = bucket_of(target)
    assert destroyed(target, is_dry=True) == [f"AWS::S3::Bucket {lake}"]
    assert target.status() == "CREATE_COMPLETE"


def test_destroying_what_is_not_there_says_so(target):
    with pytest.raises(DeployError, match=f"there is no stack {target.stack}"):
        destroyed(target)


def test_the_bucket_of_builds_lets_nobody_in(target):
    deploy.made_bucket(target.s3, BUCKET, "us-east-1")
    blocked = target.s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}


def test_a_bucket_elsewhere_is_made_where_the_stack_is(running):
    deploy.made_bucket(running.client("s3"), "builds-in-dublin", "eu-west-1")
    place = running.client("s3").get_bucket_location(Bucket="builds-in-dublin")
    assert place["LocationConstraint"] == "eu-west-1"


# -- what the stand-in cannot be made to do -------------------------------------------------------


@pytest.fixture
def stubbed():
    """A stack `small` of a CloudFormation that says what it is told to."""
    client = boto3.client(
        "cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        yield stub, Target(client, None, "small", poll_s=0)
    client.close()


def says(stub: Stubber, operation: str, answer: dict[str, Any]) -> None:
    stub.add_response(operation, answer)


def status_is(stub: Stubber, status: str) -> None:
    says(stub, "describe_stacks", {"Stacks": [
        {"StackName": "small", "CreationTime": "2026-01-01", "StackStatus": status}
    ]})  # fmt: skip


def event(status: str, reason: str) -> dict[str, Any]:
    return {
        "StackEvents": [{
            "StackId": ID, "EventId": status, "StackName": "small", "Timestamp": "2026-01-01",
            "LogicalResourceId": "Lake", "ResourceType": "AWS::S3::Bucket",
            "ResourceStatus": status, "ResourceStatusReason": reason,
        }]
    }  # fmt: skip


def test_the_outputs_are_told_by_name(stubbed):
    stub, target = stubbed
    says(stub, "describe_stacks", {"Stacks": [
        {"StackName": "small", "CreationTime": "2026-01-01", "StackStatus": "CREATE_COMPLETE",
         "Outputs": [{"OutputKey": "Lake", "OutputValue": "s3://b/lake"}]}
    ]})  # fmt: skip
    assert target.outputs() == {"Lake": "s3://b/lake"}


def test_a_change_set_that_cannot_be_made_tells_the_reason_and_leaves_nothing(stubbed):
    stub, target = stubbed
    says(stub, "create_change_set", {})
    says(stub, "describe_change_set", {"Status": "CREATE_IN_PROGRESS"})
    says(stub, "describe_change_set", {"Status": "FAILED", "StatusReason": "No such bucket"})
    says(stub, "delete_change_set", {})
    status_is(stub, "REVIEW_IN_PROGRESS")
    says(stub, "delete_stack", {})
    with pytest.raises(DeployError, match=r"^stack small: No such bucket$"):
        change_set(target, "https://x/template.json", {}, is_new=True)
    stub.assert_no_pending_responses()


def test_the_same_tree_again_changes_nothing(stubbed):
    stub, target = stubbed
    status_is(stub, "UPDATE_COMPLETE")
    says(stub, "get_template_summary", {"Parameters": []})
    says(stub, "create_change_set", {})
    unchanged = "The submitted information didn't contain changes. Submit different information."
    says(stub, "describe_change_set", {"Status": "FAILED", "StatusReason": unchanged})
    says(stub, "delete_change_set", {})
    assert change_set(target, "https://x/template.json", {}, is_new=False) == []
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("is_new", [True, False])
def test_what_outlived_a_destroyed_stack_is_taken_into_the_new_one(stubbed, is_new):
    stub, target = stubbed
    if not is_new:
        status_is(stub, "UPDATE_COMPLETE")
        says(stub, "get_template_summary", {"Parameters": []})
    asked = {"ChangeSetType": "CREATE" if is_new else "UPDATE", "ImportExistingResources": is_new}
    rest = ("StackName", "ChangeSetName", "TemplateURL", "Parameters", "Capabilities", "Tags")
    stub.add_response("create_change_set", {}, asked | dict.fromkeys(rest, ANY))
    says(stub, "describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": []})
    assert change_set(target, "https://x/template.json", {}, is_new=is_new) == []


def test_a_stack_that_rolls_back_is_followed_to_its_end_and_told(stubbed):
    stub, target = stubbed
    said: list[str] = []
    status_is(stub, "UPDATE_IN_PROGRESS")
    says(stub, "describe_stack_events", event("UPDATE_FAILED", "name is taken"))
    status_is(stub, "UPDATE_ROLLBACK_IN_PROGRESS")
    says(stub, "describe_stack_events", event("UPDATE_FAILED", "name is taken"))
    status_is(stub, "UPDATE_ROLLBACK_COMPLETE")
    says(stub, "describe_stack_events", event("UPDATE_FAILED", "name is taken"))
    status = deploy.watched(target, said.append)
    assert said == ["UPDATE_FAILED AWS::S3::Bucket Lake: name is taken"]
    with pytest.raises(DeployError, match="ended as UPDATE_ROLLBACK_COMPLETE"):
        deploy._require_good(status, target)


def test_an_update_is_done_once_the_old_resources_are_gone(stubbed):
    stub, target = stubbed
    for status in ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"):
        status_is(stub, status)
        says(stub, "describe_stack_events", {"StackEvents": []})
    assert deploy.watched(target, print) == "UPDATE_COMPLETE"


def test_a_stack_that_was_never_made_must_go_before_it_is_made_again(stubbed):
    stub, target = stubbed
    status_is(stub, "ROLLBACK_COMPLETE")
    with pytest.raises(DeployError, match=r"was never made.*make destroy"):
        deployed(target, BUCKET, [], {})


@pytest.mark.parametrize(
    ("policy", "stays"), [("Retain", 1), ("RetainExceptOnCreate", 1), ("Delete", 0)]
)
def test_what_stays_is_what_its_policy_says(stubbed, policy, stays):
    stub, target = stubbed
    body = {"Resources": {"Lake": {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy}}}
    says(stub, "get_template", {"TemplateBody": json.dumps(body)})
    found = {
        "LogicalResourceId": "Lake", "PhysicalResourceId": "b", "ResourceType": "AWS::S3::Bucket",
        "LastUpdatedTimestamp": "2026-01-01", "ResourceStatus": "CREATE_COMPLETE",
    }  # fmt: skip
    says(stub, "list_stack_resources", {"StackResourceSummaries": [found]})
    assert deploy.kept_resources(target) == ["AWS::S3::Bucket b"] * stays


def test_a_stack_that_does_not_go_is_told(stubbed):
    stub, target = stubbed
    status_is(stub, "CREATE_COMPLETE")
    says(stub, "get_template", {"TemplateBody": json.dumps(template())})
    says(stub, "list_stack_resources", {"StackResourceSummaries": []})
    says(stub, "delete_stack", {})
    status_is(stub, "DELETE_FAILED")
    says(stub, "describe_stack_events", {"StackEvents": []})
    with pytest.raises(DeployError, match="stack small ended as DELETE_FAILED"):
        destroyed(target)


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_aws_out_of_reach_is_one_line(command, monkeypatch, capsys):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_MAX_ATTEMPTS": "1",
        "NO_PROXY": "127.0.0.1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(deploy, "artifacts", list)
    assert main([command]) == 1
    told = capsys.readouterr().err
    assert (told.startswith(f"{command}: "), told.count("\n")) == (True, 1)


def test_a_parameter_without_a_value_is_one_line(monkeypatch, capsys, running):
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(deploy, "artifacts", list)
    assert main(["deploy", "--set", "RawDays"]) == 1
    assert capsys.readouterr().err == "deploy: --set 'RawDays': write NAME=VALUE\n"


@pytest.fixture
def on_stand_in(monkeypatch, running):
    """The environment that sends the command to the stand-in, with a small build."""
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", running.endpoint.replace("127.0.0.1", "localhost"))
    monkeypatch.setattr(deploy, "artifacts", build)
    monkeypatch.setattr(Target, "poll_s", 0.01)


def test_the_commands_tell_what_happens(on_stand_in, capsys):
    assert main(["deploy", "--stack", "told"]) == 0
    assert "CREATE_COMPLETE AWS::CloudFormation::Stack told" in capsys.readouterr().err
    assert main(["destroy", "--stack", "told"]) == 0
    assert "stays: AWS::S3::Bucket" in capsys.readouterr().err


def test_the_outputs_are_printed_for_the_shell(on_stand_in, monkeypatch, capsys):
    """The stand-in has no outputs of a stack that a change set made."""
    told = {"Lake": "s3://b/lake", "Address": "x"}
    monkeypatch.setattr(deploy, "deployed", lambda *_given, **_named: told)
    assert main(["deploy"]) == 0
    assert capsys.readouterr().out == "Address=x\nLake=s3://b/lake\n"
