"""A template's values worked out, as CloudFormation does, from parameters and known resources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.cloudformation import Template

ACCOUNT, REGION = "123456789012", "us-east-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::StackName": "contact-lake",
}
NO_VALUE = object()
_NAMED = re.compile(r"\$\{([^}]+)\}")


class Resolver:
    """Values of a template: `known` by name (`Ref`) and `name.attribute` (`Fn::GetAtt`)."""

    def __init__(self, template: Template, known: Mapping[str, Any]) -> None:
        self.conditions = template.get("Conditions", {})
        defaults = {
            name: each["Default"]
            for name, each in template["Parameters"].items()
            if "Default" in each
        }
        self.known = {**defaults, **PSEUDO, **known}

    def value(self, value: Any) -> Any:  # noqa: PLR0911 - a return for each function
        """The value with every intrinsic function carried out; KeyError names what is unknown."""
        if isinstance(value, list):
            found = [self.value(each) for each in value]
            return [each for each in found if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref":
                return NO_VALUE if argument == "AWS::NoValue" else self.known[argument]
            if name == "Fn::GetAtt":
                return self.known[".".join(argument)]
            if name == "Fn::Sub":
                return _NAMED.sub(lambda found: str(self.known[found[1]]), argument)
            if name == "Fn::If":
                return self.value(argument[1 if self.holds(argument[0]) else 2])
            if name in ("Fn::Equals", "Fn::Not", "Fn::And", "Condition"):
                return self._truth(name, argument)
        found = {key: self.value(each) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not NO_VALUE}

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        return bool(self.value(self.conditions[condition]))

    def _truth(self, name: str, argument: Any) -> bool:
        if name == "Condition":
            return self.holds(argument)
        values = [self.value(each) for each in argument]
        if name == "Fn::Equals":
            return str(values[0]) == str(values[1])
        return not values[0] if name == "Fn::Not" else all(values)


def references(value: Any) -> Iterator[str]:
    """What a value refers to, as `name` or `name.attribute`."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if name == "Ref":
                yield argument
            elif name == "Fn::GetAtt":
                yield ".".join(argument)
            elif name == "Fn::Sub":
                yield from _NAMED.findall(argument)
            else:
                yield from references(argument)
