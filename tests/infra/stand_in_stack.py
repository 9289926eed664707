"""The stack on the stand-in: its CloudFormation makes what it knows, its APIs make the rest.

What neither offers (Amazon Connect) is left out here and checked in test_unmade_resources.py.
"""

from __future__ import annotations

import copy
import json
from typing import Any, NamedTuple

from moto.cloudformation.parsing import get_model_map
from moto.kinesis.models import kinesis_backends

from glue_jobs.standin import StandIn
from infra.cloudformation import Template
from infra.deploy import Target, deployed
from infra.package import TEMPLATE, Artifact
from tests.infra.resolved import ACCOUNT, REGION, Resolver

BUILDS = "contact-lake-builds"
# Types that the stand-in's CloudFormation does not know, by what makes them.
MADE_BY_API = {
    "AWS::SecretsManager::Secret",
    "AWS::Glue::Database",
    "AWS::Glue::Job",
    "AWS::Athena::WorkGroup",
    "AWS::Athena::NamedQuery",
    "AWS::Scheduler::Schedule",
    "AWS::ApiGatewayV2::Api",
}
NOT_MADE = {
    "AWS::ApiGatewayV2::Stage",
    "AWS::LakeFormation::Resource",
    "AWS::Logs::MetricFilter",
    "AWS::CloudWatch::Dashboard",
    "AWS::SNS::TopicPolicy",
    # The stand-in takes a Deny for a Deny, whatever its condition.
    "AWS::S3::BucketPolicy",
}


class Stack(NamedTuple):
    """A deployed stack: the outputs of the deployment, and every value that was asked for."""

    outputs: dict[str, str]
    values: dict[str, Any]
    roles: dict[str, str]


def deploy_on(aws: StandIn, built: list[Artifact]) -> Stack:
    """The whole stack, made through `infra.deploy` and the services' own APIs."""
    whole = json.loads(next(each.data for each in built if each.name == TEMPLATE))
    known = named_beforehand(aws, whole)
    template = made_by_cloudformation(whole, known)
    s3 = aws.client("s3", endpoint_url=aws.endpoint.replace("127.0.0.1", "localhost"))
    s3.create_bucket(Bucket=BUILDS)
    files = [each for each in built if each.name != TEMPLATE]
    files.append(Artifact(TEMPLATE, json.dumps(template).encode()))
    target = Target(aws.client("cloudformation"), s3, poll_s=0.01)
    deployed(target, BUILDS, files, {})
    without_deliveries()
    client = aws.client("cloudformation")
    told = client.describe_stack_resources(StackName=target.stack)["StackResources"]
    made = [each for each in told if each.keys() >= {"LogicalResourceId", "PhysicalResourceId"}]
    parameters = client.describe_stacks(StackName=target.stack)["Stacks"][0]["Parameters"]
    kinds = {name: each["Type"] for name, each in whole["Parameters"].items()}
    values: dict[str, Any] = dict(known)
    for each in parameters:
        name, text = each["ParameterKey"], each["ParameterValue"]
        values[name] = int(text) if kinds[name] == "Number" else text
    for each in made:
        values |= values_of(each["LogicalResourceId"], each["ResourceType"],
                            each["PhysicalResourceId"])  # fmt: skip
    resolver = Resolver(whole, values)
    make_rest(aws, whole, resolver)
    let_expire(aws, whole)
    roles = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in made
        if each["ResourceType"] == "AWS::IAM::Role"
    }
    outputs = {name: resolver.value(each["Value"]) for name, each in whole["Outputs"].items()}
    return Stack(outputs, values, roles)


def values_of(name: str, kind: str, physical: str) -> dict[str, str]:
    """What a made resource is referred to by, `Ref` and `Arn`."""
    arns = {
        "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{physical}",
        "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{physical}",
        "AWS::S3::Bucket": f"arn:aws:s3:::{physical}",
        "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{physical}",
        "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{physical.rpartition('/')[2]}",
        "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{physical}:*",
        "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{physical}",
        "AWS::Kinesis::Stream": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{physical}",
    }
    return {name: physical} | ({f"{name}.Arn": arns[kind]} if kind in arns else {})


def without_deliveries() -> None:
    """Keeps the stand-in from calling functions by itself: it would need Docker for it."""
    for stream in kinesis_backends[ACCOUNT][REGION].streams.values():
        stream.lambda_event_source_mappings.clear()


def named_beforehand(aws: StandIn, whole: Template) -> dict[str, str]:
    """Values of what the APIs make, which others refer to before it is there."""
    resolver = Resolver(whole, {})
    known = {
        name: resolver.value(each["Properties"]["Name"])
        for name, each in whole["Resources"].items()
        if each["Type"] in ("AWS::Glue::Job", "AWS::Athena::WorkGroup")
    }
    secrets = aws.client("secretsmanager")
    for name, each in whole["Resources"].items():
        if each["Type"] == "AWS::SecretsManager::Secret":
            asked = dict(each["Properties"]["GenerateSecretString"])
            asked["ExcludeCharacters"] = asked["ExcludeCharacters"] + "!"
            text = secrets.get_random_password(**asked)["RandomPassword"]
            known[name] = secrets.create_secret(Name=name, SecretString=text)["ARN"]
    return known | {
        "LakeHttpApi": "a1b2c3",
        "RoutingAlias": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:contact-lake-routing:live",
        "LakeHttpApi.ApiEndpoint": f"https://a1b2c3.execute-api.{REGION}.amazonaws.com",
    }


def made_by_cloudformation(whole: Template, known: dict[str, str]) -> Template:
    """The template without what the stand-in's CloudFormation cannot make, and with probes."""
    template = copy.deepcopy(whole)
    template.pop("Rules")
    supported = get_model_map().keys()
    template["Resources"] = {
        name: each
        for name, each in template["Resources"].items()
        if each["Type"] in supported and each.get("Condition") not in ("HasConnect", "HasEmail")
    }
    template.pop("Outputs")
    settled: Template = _known_put_in(template, known)
    return settled


def make_rest(aws: StandIn, whole: Template, resolver: Resolver) -> None:
    """What the stand-in's APIs make of the template's properties."""
    glue, athena = aws.client("glue"), aws.client("athena")
    scheduler = aws.client("scheduler")
    for each in whole["Resources"].values():
        if each["Type"] not in MADE_BY_API:
            continue
        if each["Type"] in ("AWS::ApiGatewayV2::Api", "AWS::SecretsManager::Secret"):
            continue
        given = resolver.value(each["Properties"])
        if each["Type"] == "AWS::Glue::Database":
            glue.create_database(**given)
        elif each["Type"] == "AWS::Glue::Job":
            glue.create_job(**given)
        elif each["Type"] == "AWS::Athena::WorkGroup":
            configuration = given.pop("WorkGroupConfiguration")
            given.pop("RecursiveDeleteOption")  # asked for when it is deleted
            athena.create_work_group(Configuration=configuration, **given)
        elif each["Type"] == "AWS::Athena::NamedQuery":
            athena.create_named_query(**given)
        else:
            name = given["Description"].partition(" ")[0] + str(abs(hash(given["Description"])))
            scheduler.create_schedule(Name=name, **given)


def let_expire(aws: StandIn, whole: Template) -> None:
    """The tables' time to live, which the stand-in's CloudFormation does not set."""
    for each in whole["Resources"].values():
        if each["Type"] == "AWS::DynamoDB::Table":
            given = {
                key: each["Properties"][key]
                for key in ("TableName", "TimeToLiveSpecification")
                if key in each["Properties"]
            }
            if len(given) == 2:
                aws.client("dynamodb").update_time_to_live(**given)


def _known_put_in(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_known_put_in(each, known) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"} and value["Ref"] in known:
        return known[value["Ref"]]
    if value.keys() == {"Fn::GetAtt"} and ".".join(value["Fn::GetAtt"]) in known:
        return known[".".join(value["Fn::GetAtt"])]
    if value.keys() == {"Fn::Sub"}:
        text = value["Fn::Sub"]
        for name, text_of in known.items():
            text = text.replace(f"${{{name}}}", text_of)
        return {"Fn::Sub": text}
    return {key: _known_put_in(each, known) for key, each in value.items()}
