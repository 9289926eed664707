"""`make deploy` and `make destroy`: the stack through boto3, with nothing else to install.

Deploying packages the tree, uploads the build under its own name, makes a change set, tells what it
would change, and carries it out. The same tree and parameters again change nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from infra.package import TEMPLATE, Artifact, artifacts, build_id
from ingestion.errors import LakeError

STACK = "contact-lake"
_DONE = re.compile(r".*_(COMPLETE|FAILED)$")
_BAD = re.compile(r".*(ROLLBACK|FAILED).*")
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_POLL_S = 5.0

Say = Callable[[str], object]


class DeployError(LakeError):
    """The stack could not be deployed or removed as asked."""

    exit_code = 1


@dataclass(frozen=True)
class Target:
    """Where to: the clients, the stack's name, and how often and long to look."""

    cloudformation: Any
    s3: Any
    stack: str = STACK
    poll_s: float = _POLL_S

    def status(self) -> str | None:
        """The stack's status; None if there is no such stack."""
        try:
            found = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return str(found[0]["StackStatus"])

    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name."""
        found = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}


def deployed(
    target: Target,
    bucket: str,
    built: Sequence[Artifact],
    parameters: Mapping[str, str],
    *,
    is_dry: bool = False,
    say: Say = lambda _line: None,
) -> dict[str, str]:
    """The stack's outputs after bringing it to this build; those of now for a dry run.

    A dry run uploads the build and makes a change set, tells it, and takes the change set away.
    Raises DeployError when the stack does not end well.
    """
    before = target.status()
    if before == "ROLLBACK_COMPLETE":
        raise DeployError(f"stack {target.stack} was never made; `make destroy`, then deploy again")
    prefix = f"builds/{build_id(built)}"
    upload(target.s3, bucket, prefix, built, say)
    own = {"ArtifactBucket": bucket, "ArtifactPrefix": prefix}
    is_new = before in (None, "REVIEW_IN_PROGRESS")
    changes = change_set(target, template_url(target.s3, bucket, prefix), own | dict(parameters),
                         is_new=is_new)  # fmt: skip
    for line in changes:
        say(line)
    if is_dry:
        _discard(target, is_new=is_new)
        return {} if is_new else target.outputs()
    if changes:
        target.cloudformation.execute_change_set(ChangeSetName="deploy", StackName=target.stack)
        _require_good(watched(target, say), target)
    else:
        say("nothing to change")
    return target.outputs()


def upload(s3: Any, bucket: str, prefix: str, built: Iterable[Artifact], say: Say) -> None:
    """Put the build's files into the bucket; a build's name says what is in it."""
    for each in built:
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{each.name}", Body=each.data)
        say(f"uploaded {each.name}, {len(each.data):,} bytes")


def template_url(s3: Any, bucket: str, prefix: str) -> str:
    """The uploaded template's address, as CloudFormation takes it."""
    endpoint = s3.meta.endpoint_url.rstrip("/")
    return f"{endpoint}/{bucket}/{prefix}/{TEMPLATE}"


def change_set(
    target: Target, url: str, parameters: Mapping[str, str], *, is_new: bool
) -> list[str]:
    """What deploying would change, a line each; none if nothing.

    Parameters that are not given keep what they have, or are the template's defaults. Raises
    DeployError with CloudFormation's reason.
    """
    client = target.cloudformation
    kept = () if is_new else _kept(client, target.stack, url, parameters)
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
    client.create_change_set(
        StackName=target.stack,
        ChangeSetName="deploy",
        ChangeSetType="CREATE" if is_new else "UPDATE",
        TemplateURL=url,
        Parameters=[*given, *({"ParameterKey": k, "UsePreviousValue": True} for k in kept)],
        Capabilities=["CAPABILITY_IAM"],
        # What outlived a stack under its own name, the settings of routing, comes back into it.
        ImportExistingResources=is_new,
        Tags=[{"Key": "application", "Value": STACK}],
    )
    described = _described(target)
    if described["Status"] == "FAILED":
        reason = described.get("StatusReason", "")
        _discard(target, is_new=is_new)
        if any(each in reason for each in _NOTHING):
            return []
        raise DeployError(f"stack {target.stack}: {reason}")
    return [_line(change["ResourceChange"]) for change in described.get("Changes", ())]


def watched(target: Target, say: Say) -> str | None:
    """The status in which the stack's work ends; what happens on the way is said. None: gone."""
    told: set[str] = set()
    while (status := target.status()) is not None:
        for event in _events(target):
            if event["EventId"] not in told:
                told.add(event["EventId"])
                say(_happened(event))
        if _DONE.match(status) and not status.endswith("CLEANUP_IN_PROGRESS"):
            return status
        time.sleep(target.poll_s)
    return None


def destroyed(target: Target, *, is_dry: bool = False, say: Say = lambda _line: None) -> list[str]:
    """The resources that stay, because data is in them; the others are removed.

    Raises DeployError when the stack does not end well.
    """
    if target.status() is None:
        raise DeployError(f"there is no stack {target.stack}")
    kept = kept_resources(target)
    for line in kept:
        say(f"stays: {line}")
    if is_dry:
        return kept
    target.cloudformation.delete_stack(StackName=target.stack)
    status = watched(target, say)
    if status not in (None, "DELETE_COMPLETE"):
        raise DeployError(f"stack {target.stack} ended as {status}; its events say why")
    return kept


def kept_resources(target: Target) -> list[str]:
    """Type and id of each resource that outlives the stack."""
    body = target.cloudformation.get_template(StackName=target.stack)["TemplateBody"]
    kept = {
        name
        for name, each in body["Resources"].items()
        if each.get("DeletionPolicy", "Delete").startswith("Retain")
    }
    pages = target.cloudformation.get_paginator("list_stack_resources")
    return [
        f"{each['ResourceType']} {each['PhysicalResourceId']}"
        for page in pages.paginate(StackName=target.stack)
        for each in page["StackResourceSummaries"]
        if each["LogicalResourceId"] in kept
    ]


def made_bucket(s3: Any, bucket: str, region: str) -> None:
    """The bucket for builds, private and encrypted; made if it is not there."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else place))
        blocked = (
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets",
        )
        s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True)
        )


def _kept(client: Any, stack: str, url: str, given: Mapping[str, str]) -> list[str]:
    """The parameters that the stack has, the new template knows and nobody gives."""
    has = client.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", ())
    known = client.get_template_summary(TemplateURL=url)["Parameters"]
    names = {each["ParameterKey"] for each in has} & {each["ParameterKey"] for each in known}
    return sorted(names - given.keys())


def _described(target: Target) -> Any:
    while True:
        found = target.cloudformation.describe_change_set(
            ChangeSetName="deploy", StackName=target.stack
        )
        if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return found
        time.sleep(target.poll_s)


def _discard(target: Target, *, is_new: bool) -> None:
    target.cloudformation.delete_change_set(ChangeSetName="deploy", StackName=target.stack)
    if is_new and target.status() == "REVIEW_IN_PROGRESS":
        target.cloudformation.delete_stack(StackName=target.stack)


def _require_good(status: str | None, target: Target) -> None:
    if status is None or _BAD.match(status):
        raise DeployError(
            f"stack {target.stack} ended as {status}; the first FAILED line above says why"
        )


def _events(target: Target) -> Iterator[Mapping[str, Any]]:
    try:
        page = target.cloudformation.describe_stack_events(StackName=target.stack)
    except ClientError:  # the stack has just gone
        return
    yield from reversed(page["StackEvents"])


def _line(change: Mapping[str, Any]) -> str:
    replaced = " (replaced)" if change.get("Replacement") == "True" else ""
    return f"{change['Action']} {change['ResourceType']} {change['LogicalResourceId']}{replaced}"


def _happened(event: Mapping[str, Any]) -> str:
    reason = event.get("ResourceStatusReason")
    named = f"{event['ResourceStatus']} {event['ResourceType']} {event['LogicalResourceId']}"
    return f"{named}: {reason}" if reason else named


def main(argv: Sequence[str] | None = None) -> int:
    """Deploy or destroy; returns the exit code. Errors are one line on standard error."""
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (LakeError, BotoCoreError, ClientError, WaiterError) as error:
        sys.stderr.write(f"{arguments.command}: {' '.join(str(error).split())}\n")
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The grammar of `python -m infra.deploy`."""
    top = argparse.ArgumentParser(
        prog="python -m infra.deploy",
        description="The contact lake's stack on AWS.",
        epilog="example:\n"
        "  python -m infra.deploy deploy --dry-run\n"
        "  python -m infra.deploy deploy --set ManagersEmail=ops@example.com --set RawDays=30",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    deploy = verbs.add_parser("deploy", help="make the stack, or bring it up to date")
    deploy.set_defaults(run=_deploy)
    deploy.add_argument("--bucket", help="for builds (default: contact-lake-builds-ACCOUNT-REGION)")
    deploy.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                        help="a parameter of infra/template.yaml; may be repeated")  # fmt: skip
    destroy = verbs.add_parser("destroy", help="remove the stack; what holds data stays")
    destroy.set_defaults(run=_destroy)
    for verb in (deploy, destroy):
        verb.add_argument("--stack", default=STACK, help=f"its name (default: {STACK})")
        verb.add_argument("--dry-run", action="store_true", help="tell, and change nothing")
    return top


def _deploy(arguments: argparse.Namespace) -> None:
    session = boto3.Session()
    target = Target(session.client("cloudformation"), session.client("s3"), arguments.stack)
    account = session.client("sts").get_caller_identity()["Account"]
    bucket = arguments.bucket or f"contact-lake-builds-{account}-{session.region_name}"
    made_bucket(target.s3, bucket, session.region_name)
    outputs = deployed(
        target, bucket, artifacts(), dict(map(_pair, arguments.set)),
        is_dry=arguments.dry_run, say=_say,
    )  # fmt: skip
    for name, value in sorted(outputs.items()):
        sys.stdout.write(f"{name}={value}\n")


def _destroy(arguments: argparse.Namespace) -> None:
    session = boto3.Session()
    target = Target(session.client("cloudformation"), session.client("s3"), arguments.stack)
    destroyed(target, is_dry=arguments.dry_run, say=_say)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise DeployError(f"--set {text!r}: write NAME=VALUE")
    return name, value


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
