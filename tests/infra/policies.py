"""What roles may do, as IAM has them: the little of its evaluation that Allow statements need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple


class Grant(NamedTuple):
    """One action on one resource pattern."""

    action: str
    resource: str


def documents(iam: Any, role: str) -> Iterator[dict[str, Any]]:
    """The policies of a role: its own and those attached."""
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        yield json.loads(found) if isinstance(found, str) else found
    for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = each["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def grants(document: dict[str, Any]) -> Iterator[Grant]:
    """What the Allow statements of a policy grant, one action and resource at a time."""
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Grant(action, resource)


def allows(grant: Grant, action: str, resource: str) -> bool:
    """Whether the grant covers the action on the resource (`*`: one that cannot be told)."""
    if grant.action != action:
        return False
    return resource == "*" or fnmatchcase(resource, grant.resource)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
