"""`make check-infra`: parliament, house rules and the state machine's validator over a build.

Run by the linters' own environment; needs nothing of the lake's.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent.parent / "infra"
_NAMED = re.compile(r"\$\{([^}]+)\}")
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "LakeBucket.Arn": "arn:aws:s3:::contact-lake",
}
# What stands for a resource's ARN, by the action's service, so that parliament can judge the match.
_EXAMPLES = {
    "dynamodb": "arn:aws:dynamodb:us-east-1:123456789012:table/T",
    "kinesis": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    "kms": "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-4111-8111-111111111111",
    "logs": "arn:aws:logs:us-east-1:123456789012:log-group:g:*",
    "s3": "arn:aws:s3:::contact-lake",
    "secretsmanager": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s-abcdef",
    "sns": "arn:aws:sns:us-east-1:123456789012:t",
    "sqs": "arn:aws:sqs:us-east-1:123456789012:q",
    "states": "arn:aws:states:us-east-1:123456789012:stateMachine:m",
}
# Findings that are known and meant.
_MEANT = {
    "RESOURCE_STAR": {"TracingPolicy", "JobPolicy", "LakeFormationPolicy", "PipelineRole"},
}


def policies(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every identity policy of the template, its values made examples."""
    for name, each in template["Resources"].items():
        own = each.get("Properties", {})
        if each["Type"] == "AWS::IAM::ManagedPolicy":
            yield name, exemplified(own["PolicyDocument"])
        for policy in own.get("Policies", ()) if each["Type"] == "AWS::IAM::Role" else ():
            yield name, exemplified(policy["PolicyDocument"])


def exemplified(document: dict[str, Any]) -> dict[str, Any]:
    """The policy with an example in place of each value that only a stack knows."""
    statements = []
    for statement in document["Statement"]:
        actions = statement["Action"]
        service = (actions if isinstance(actions, str) else actions[0]).partition(":")[0]
        statements.append({**statement, "Resource": example(statement["Resource"], service)})
    return {**document, "Statement": statements}


def example(value: Any, service: str) -> Any:
    """A resource as text."""
    if isinstance(value, list):
        return [example(each, service) for each in value]
    if isinstance(value, dict):
        if "Fn::Sub" in value and value["Fn::Sub"].startswith(("arn:", "${LakeBucket")):
            return _NAMED.sub(lambda found: _PSEUDO.get(found[1], "x"), value["Fn::Sub"])
        return _EXAMPLES[service]
    return value


def parliament_findings(template: dict[str, Any]) -> Iterator[str]:
    """What parliament holds against the policies, the meant ones left out."""
    from parliament import analyze_policy_string

    for name, document in policies(template):
        for found in analyze_policy_string(json.dumps(document)).findings:
            if name not in _MEANT.get(found.issue, ()):
                yield f"{name}: {found.issue} {found.detail} {found.location}"


def guard_findings(template: dict[str, Any]) -> Iterator[str]:
    """The house rules that the template breaks."""
    from cfn_guard_rs import run_checks

    result = run_checks(template, (HERE / "rules.guard").read_text(encoding="utf-8"))
    for rule in result.not_applicable:
        yield f"house rule {rule} finds nothing to hold"
    for rule in result.not_compliant:
        yield f"house rule {rule.Rule.name}"


def state_machine_findings() -> Iterator[str]:
    """What statelint holds against the state machine."""
    from statelint.linter import Linter

    yield from Linter.validate(str(HERE / "pipeline.asl.json"))


def main(argv: list[str]) -> int:
    """Print what is found in a built template; 1 if there is anything."""
    template = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    found = [
        *parliament_findings(template),
        *guard_findings(template),
        *state_machine_findings(),
    ]
    sys.stdout.writelines(f"{each}\n" for each in found)
    sys.stdout.write(f"{len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
