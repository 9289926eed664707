"""What roles may do, as the template has it: the little of IAM that Allow statements need.

The stand-in's IAM does not attach managed policies that a template names, so the template is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from infra.cloudformation import Template
from tests.infra.resolved import Resolver


class Grant(NamedTuple):
    """One action on one resource pattern."""

    action: str
    resource: str


def role_grants(whole: Template, resolver: Resolver) -> dict[str, list[Grant]]:
    """What each role is granted, by its own policies and by those attached to it."""
    return {
        name: [
            grant
            for document in documents(whole, each["Properties"])
            for grant in grants(resolver.value(document))
        ]
        for name, each in whole["Resources"].items()
        if each["Type"] == "AWS::IAM::Role"
    }


def documents(whole: Template, role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A role's policies."""
    yield from (each["PolicyDocument"] for each in role.get("Policies", ()))
    for attached in role.get("ManagedPolicyArns", ()):
        yield whole["Resources"][attached["Ref"]]["Properties"]["PolicyDocument"]


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
