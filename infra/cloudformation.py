"""The stack's template, whole: what `template.yaml` points to and what follows from the code.

Named queries come from `queries/`, contact flows from their generator, the API from its OpenAPI
document, so that none of them is written down twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from infra.flows.config import Config, read
from infra.flows.document import Flow
from infra.flows.files import flows, require_no_findings
from queries.question import Question, questions

HERE = Path(__file__).parent
TEMPLATE = HERE / "template.yaml"
_MARK = "file:"
_PLACEHOLDER = re.compile(r"(?<![:\w]):([a-z]\w*)")
_ARN = "arn:aws:connect:us-east-1:123456789012:instance/11111111-1111-4111-8111-111111111111"

Template = dict[str, Any]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML with CloudFormation's short forms, each read as its long one."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Template:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def document(path: Path) -> Template:
    """A YAML or JSON file; short forms of intrinsic functions become long ones."""
    found: Template = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    return found


def template() -> Template:
    """`template.yaml` with its files, named queries and contact flows put in, ready to be sent."""
    found = document(TEMPLATE)
    for resource in found["Resources"].values():
        properties = resource.get("Properties", {})
        for name, value in properties.items():
            if isinstance(value, str) and value.startswith(_MARK):
                properties[name] = included(HERE / value.removeprefix(_MARK))
    found["Resources"] |= named_queries(questions()) | contact_flows()
    return found


def included(path: Path) -> Any:
    """A file as a property: JSON as text with the stack's values, YAML as structure with them."""
    if path.suffix == ".json":
        compact = json.dumps(json.loads(path.read_text(encoding="utf-8")), separators=(",", ":"))
        return {"Fn::Sub": compact}
    return _substituted(document(path))


def named_queries(asked: Iterable[Question]) -> Template:
    """An Athena named query for each question, with its parameters' defaults."""
    return {
        f"Query{''.join(word.title() for word in each.name.split('_'))}": {
            "Type": "AWS::Athena::NamedQuery",
            "Properties": {
                "Name": each.name,
                "Description": each.title[:1024],
                "Database": {"Ref": "LakeDatabase"},
                "WorkGroup": {"Ref": "Workgroup"},
                "QueryString": with_defaults(each),
            },
        }
        for each in asked
    }


def with_defaults(asked: Question) -> str:
    """The question's SQL with each parameter's default as a literal."""
    values = asked.values({})
    code = "\n".join(line for line in asked.sql.splitlines() if not line.startswith("--"))
    return _PLACEHOLDER.sub(lambda found: _literal(values[found[1]]), code).strip()


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def contact_flows() -> Template:
    """The flows of the example's design for the queues that the stack's parameters name.

    Raises FlowLintError when one of them has a fault.
    """
    config = _flow_config()
    found = flows(config)
    require_no_findings(found)
    values = {
        config.instance_arn + "/queue/22222222-2222-4222-8222-222222222222": "DefaultQueueArn",
        config.instance_arn + "/queue/33333333-3333-4333-8333-333333333333": "FallbackQueueArn",
        config.instance_arn + "/queue/55555555-5555-4555-8555-555555555555": "StandardQueueArn",
        config.customer_queue_flow_arn: "FlowCustomerQueue.ContactFlowArn",
        config.lambda_arn: "RoutingAlias",
    }
    return {_flow_name(flow): _flow(flow, values) for flow in found}


def _flow_config() -> Config:
    example = read(HERE / "flows.example.toml")
    return replace(example, standard_queues={}, delayed_lenders=())


def _flow_name(flow: Flow) -> str:
    return f"Flow{''.join(word.title() for word in flow.name.split('_'))}"


def _flow(flow: Flow, values: dict[str, str]) -> Template:
    text = json.dumps(json.loads(flow.text), separators=(",", ":"))
    for arn, name in values.items():
        text = text.replace(arn, f"${{{name}}}")
    if _ARN in text:
        raise ValueError(f"{flow.name}: an ARN of the example is left in the flow")
    return {
        "Type": "AWS::Connect::ContactFlow",
        "Condition": "HasFlows",
        # Its content is checked when it is made, and the function must be known by then.
        "DependsOn": "RoutingAssociation",
        "Properties": {
            "InstanceArn": {"Ref": "ConnectInstanceArn"},
            "Name": {"Fn::Sub": f"${{AWS::StackName}} {flow.name.replace('_', ' ')}"},
            "Type": flow.type,
            "Content": {"Fn::Sub": text},
        },
    }


def _substituted(value: Any) -> Any:
    """The same with every text that names a value of the stack as an `Fn::Sub`."""
    return _mapped(value, lambda text: {"Fn::Sub": text} if "${" in text else text)


def _mapped(value: Any, change: Callable[[str], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    return change(value) if isinstance(value, str) else value
