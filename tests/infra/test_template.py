"""What the template says is what the code does, and what every house rule and linter asks for."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from glue_jobs.dialect import parsed
from glue_jobs.job import SETTINGS
from glue_jobs.main import parser
from infra.cloudformation import HERE, TEMPLATE, document, template
from infra.flows.exported import exported
from infra.flows.lint import FOR_ANY_FLOW, findings
from infra.package import FUNCTIONS, function_files
from infra.streams import RETENTION, STREAMS
from infra.tables import TABLES
from ingestion.privacy import KEY_VARIABLES
from queries.question import questions
from tests.infra.resolved import Resolver, references

ROOT = Path(__file__).parent.parent.parent
# Environment variables that code reads and the template leaves alone, with the reason.
NOT_SET = {
    "CUSTOMER_KEY": "the key itself, where there is no Secrets Manager",
    "CUSTOMER_KEY_OLD": "as CUSTOMER_KEY",
    "REPORT_MAIL_FROM": "for mail; the stack's managers subscribe to its topic",
    "REPORT_MAIL_TO": "as REPORT_MAIL_FROM",
    "LAKE_LEAST_CELL": "for answers that people are shown; the pipeline's stay whole",
}


@pytest.fixture(scope="module")
def whole():
    return template()


def of_type(whole, kind) -> dict[str, Any]:
    return {n: each["Properties"] for n, each in whole["Resources"].items() if each["Type"] == kind}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["TableName"])
def test_a_table_is_as_the_code_has_it(whole, table):
    made = of_type(whole, "AWS::DynamoDB::Table")[table["TableName"]]
    assert {name: made.get(name) for name in table} == table
    assert "TimeToLiveSpecification" in table or "TimeToLiveSpecification" not in made


def test_every_table_is_recoverable_and_encrypted(whole):
    told = {
        (
            made["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
            made["SSESpecification"]["SSEEnabled"],
        )
        for made in of_type(whole, "AWS::DynamoDB::Table").values()
    }
    assert told == {(True, True)}


def test_the_streams_are_those_of_the_code(whole):
    made = of_type(whole, "AWS::Kinesis::Stream").values()
    assert {each["Name"] for each in made} == set(STREAMS.values())
    assert {timedelta(hours=each["RetentionPeriodHours"]) for each in made} == {RETENTION}


def test_every_question_is_a_named_query_without_a_blank_in_it(whole):
    made = {each["Name"]: each for each in of_type(whole, "AWS::Athena::NamedQuery").values()}
    assert made.keys() == {each.name for each in questions()}
    for each in made.values():
        parsed(each["QueryString"])
        assert not re.search(r"(?<![:\w'\d]):[a-z]", each["QueryString"])


def test_the_contact_flows_of_the_stack_have_no_fault(whole, tmp_path):
    queues = {
        f"{name}QueueArn": "arn:aws:connect:us-east-1:123456789012:instance/"
        f"11111111-1111-4111-8111-111111111111/queue/{n * 8}-1111-4111-8111-111111111111"
        for n, name in zip("234", ("Default", "Fallback", "Standard"), strict=True)
    }
    resolver = Resolver(whole, queues | {
        "FlowCustomerQueue.ContactFlowArn": "arn:aws:connect:us-east-1:123456789012:instance/"
        "11111111-1111-4111-8111-111111111111/contact-flow/55555555-1111-4111-8111-111111111111",
        "RoutingAlias": "arn:aws:lambda:us-east-1:123456789012:function:contact-lake-routing:live",
    })  # fmt: skip
    flows = of_type(whole, "AWS::Connect::ContactFlow")
    assert len(flows) == 3
    for name, each in flows.items():
        path = tmp_path / f"{name}.json"
        path.write_text(resolver.value(each["Content"]))
        assert list(findings(exported(path, each["Type"]), FOR_ANY_FLOW)) == []


def test_every_parameter_and_condition_is_used(whole):
    body = {name: each for name, each in whole.items() if name != "Parameters"}
    text = json.dumps(body)
    assert [n for n in whole["Parameters"] if n not in set(references(body))] == []
    conditions = [n for n in whole["Conditions"] if text.count(f'"{n}"') < 2]
    assert conditions == []


def test_parameters_have_safe_defaults_but_for_the_build(whole):
    needed = [name for name, each in whole["Parameters"].items() if "Default" not in each]
    assert needed == ["ArtifactBucket", "ArtifactPrefix"]


def test_the_defaults_touch_no_existing_instance_or_stream(whole):
    resolver = Resolver(whole, {})
    made = {
        name
        for name, each in whole["Resources"].items()
        if "Condition" not in each or resolver.holds(each["Condition"])
    }
    assert {whole["Resources"][name]["Type"] for name in made if "Connect" in
            whole["Resources"][name]["Type"]} == set()  # fmt: skip


def read_by(files: dict[str, bytes]) -> set[str]:
    """The environment variables that modules read, by their names in the code."""
    return {name for data in files.values() for name in variables(data.decode())}


def variables(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tokens_from":
            yield from KEY_VARIABLES
        subject = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            subject = node.func.value if node.func.attr == "get" and node.args else None
            key = node.args[0] if subject is not None else None
        elif isinstance(node, ast.Subscript):
            subject, key = node.value, node.slice
        if subject is not None and ast.unparse(subject) in ("os.environ", "env"):
            assert isinstance(key, ast.Constant)
            yield str(key.value)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_environment_is_what_its_code_reads(whole, name):
    own = {
        path: data
        for path, data in function_files(ROOT, name).items()
        if path == f"lambdas/{name}/handler.py"
    }
    made = {
        each["Handler"].split(".")[1]: each
        for each in of_type(whole, "AWS::Lambda::Function").values()
    }
    given = set(made[name]["Environment"]["Variables"])
    assert read_by(own) - NOT_SET.keys() == given


def test_only_handlers_read_the_environment_of_a_function():
    for name in FUNCTIONS:
        rest = {
            path: data
            for path, data in function_files(ROOT, name).items()
            if not path.endswith("handler.py")
        }
        assert read_by(rest) == set()


def test_the_jobs_settings_are_what_the_program_reads():
    own = {str(path): path.read_bytes() for path in (ROOT / "glue_jobs").rglob("*.py")}
    read = {name for name in read_by(own) if not name.startswith(("AWS_", "PYSPARK_"))}
    assert read - NOT_SET.keys() - {"NO_PROXY"} == set(SETTINGS)


def test_outputs_for_a_desk_are_variables_that_the_program_reads(whole):
    told = " ".join(each["Description"] for each in whole["Outputs"].values())
    own = {str(path): path.read_bytes() for path in (ROOT / "glue_jobs").rglob("*.py")}
    named = set(re.findall(r"for ([A-Z]+(?:_[A-Z]+)*)\.", told))
    assert named == {"LAKE", "LAKE_DATABASE", "LAKE_WORKGROUP", "CUSTOMER_KEY_SECRET"}
    assert named <= read_by(own)


def test_every_output_names_something_of_the_stack(whole):
    known = whole["Resources"].keys() | whole["Parameters"].keys()
    for each in whole["Outputs"].values():
        named = {name.partition(".")[0] for name in references(each["Value"])}
        assert named
        assert named <= known


def jobs(whole) -> dict[str, dict[str, str]]:
    return {n: each["DefaultArguments"] for n, each in of_type(whole, "AWS::Glue::Job").items()}


def test_the_jobs_arguments_are_settings_or_glues_own(whole):
    glues = {"extra-py-files", "additional-python-modules", "python-modules-installer-option",
             "custom-logGroup-prefix", "command"}  # fmt: skip
    given = {name.removeprefix("--") for each in jobs(whole).values() for name in each}
    assert given - glues - set(SETTINGS) == set()


def commands(whole) -> Iterator[str]:
    resolver = Resolver(whole, {})
    for arguments in jobs(whole).values():
        yield resolver.value(arguments["--command"])
    machine = json.loads(
        whole["Resources"]["Pipeline"]["Properties"]["DefinitionString"]["Fn::Sub"]
    )
    for state in machine["States"].values():
        given = state.get("Parameters", {}).get("Arguments", {})
        if "--command" in given:
            yield given["--command"]


def test_every_job_is_a_command_of_the_program(whole):
    for command in commands(whole):
        words = shlex.split(command)
        assert parser().parse_args(words).command == words[0]


def test_the_pipeline_runs_in_its_order():
    machine = json.loads((HERE / "pipeline.asl.json").read_text())
    order, state = [], machine["StartAt"]
    while "Next" in machine["States"][state] or "Default" in machine["States"][state]:
        if "Choices" not in machine["States"][state]:
            order.append(state)
        step = machine["States"][state]
        state = step["Choices"][0]["Next"] if "Choices" in step else step["Next"]
    assert order == ["Build", "Audit", "Questions", "Queries", "Score", "Publish", "Report",
                     "Compact", "Expire"]  # fmt: skip


def test_every_state_leads_somewhere_that_is_there():
    machine = json.loads((HERE / "pipeline.asl.json").read_text())
    states = machine["States"]
    targets = {machine["StartAt"]}
    for each in states.values():
        targets |= {each[key] for key in ("Next", "Default") if key in each}
        targets |= {part["Next"] for key in ("Choices", "Catch") for part in each.get(key, ())}
    assert targets == states.keys()


def test_whatever_fails_in_the_pipeline_is_told():
    machine = json.loads((HERE / "pipeline.asl.json").read_text())
    uncaught = [
        name
        for name, each in machine["States"].items()
        if each["Type"] in ("Task", "Map")
        and "States.ALL" not in [e for c in each.get("Catch", ()) for e in c["ErrorEquals"]]
    ]
    assert uncaught == []


def test_every_schedule_gives_the_pipeline_what_it_chooses_by(whole):
    machine = json.loads((HERE / "pipeline.asl.json").read_text())
    asked = {
        choice["Variable"].removeprefix("$.")
        for each in machine["States"].values()
        for choice in each.get("Choices", ())
    }
    for each in of_type(whole, "AWS::Scheduler::Schedule").values():
        if each["Target"]["Arn"] == {"Ref": "Pipeline"}:
            assert json.loads(each["Target"]["Input"]).keys() == asked


def policies(whole) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every identity policy's statements, with the resource that has them."""
    for name, each in whole["Resources"].items():
        own = each.get("Properties", {})
        if each["Type"] == "AWS::IAM::Role":
            for policy in own.get("Policies", ()):
                yield from ((name, s) for s in policy["PolicyDocument"]["Statement"])
        elif each["Type"] == "AWS::IAM::ManagedPolicy":
            yield from ((name, s) for s in own["PolicyDocument"]["Statement"])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_action_has_a_wildcard(whole):
    wide = [(n, a) for n, s in policies(whole) for a in listed(s["Action"]) if "*" in a]
    assert wide == []


def test_only_what_aws_cannot_scope_is_unscoped(whole):
    wide = {(n, s["Sid"]) for n, s in policies(whole) if "*" in listed(s["Resource"])}
    assert wide == {
        ("TracingPolicy", "Trace"),
        ("JobPolicy", "Metrics"),
        ("LakeFormationPolicy", "LakeFormation"),
        ("PipelineRole", "Logs"),
    }


def test_each_function_job_machine_and_scheduler_has_a_role_of_its_own(whole):
    used = [
        resource["Properties"].get(key, {}).get("Fn::GetAtt", [None])[0]
        for resource in whole["Resources"].values()
        for key in ("Role", "RoleArn")
        if key in resource.get("Properties", {})
    ]
    roles = sorted(of_type(whole, "AWS::IAM::Role"))
    assert sorted([*used, "SchedulerRole"]) == roles


def test_every_log_group_ends_and_is_encrypted(whole):
    groups = of_type(whole, "AWS::Logs::LogGroup").values()
    assert [each for each in groups if not {"RetentionInDays", "KmsKeyId"} <= each.keys()] == []


def test_what_holds_data_outlives_the_stack(whole):
    """But for a stack that was never finished: its names would be taken, and nothing is in them."""
    kept = {
        name
        for name, each in whole["Resources"].items()
        if (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy"))
        == ("RetainExceptOnCreate", "Retain")
    }
    assert kept == {"LakeBucket", "LakeKey", "CustomerKey", "Database", "RoutingConfig"}


def test_every_metric_of_an_alarm_or_the_dashboard_is_told_by_someone(whole):
    text = TEMPLATE.read_text() + (HERE / "dashboard.json").read_text()
    named = set(re.findall(r"MetricName: (\w+)", text)) | set(
        re.findall(r'"ContactLake", "(\w+)"', (HERE / "dashboard.json").read_text())
        or re.findall(r'"ContactLake",\s+"(\w+)"', (HERE / "dashboard.json").read_text())
    )
    aws = {"IteratorAge", "Duration", "Errors", "Throttles", "ExecutionsFailed",
           "ApproximateNumberOfMessagesVisible"}  # fmt: skip
    code = (ROOT / "glue_jobs" / "job.py").read_text() + (
        ROOT / "lambdas" / "landing" / "handler.py"
    ).read_text()
    filters = {
        each["MetricTransformations"][0]["MetricName"]
        for each in of_type(whole, "AWS::Logs::MetricFilter").values()
    }
    assert {n for n in named - aws - filters if f'"{n}"' not in code} == set()


def test_the_fallback_filter_reads_what_the_routing_function_logs(whole):
    code = (ROOT / "lambdas" / "routing" / "handler.py").read_text()
    patterns = [e["FilterPattern"] for e in of_type(whole, "AWS::Logs::MetricFilter").values()]
    assert all('$.message = "routed"' in pattern for pattern in patterns)
    assert '"routed",' in code
    assert '"decision": decision.decision' in code


def test_the_template_is_one_that_plain_yaml_readers_take():
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda _loader, _suffix, node: node.tag)
    read = yaml.load(TEMPLATE.read_text(), Loader)
    assert read["Resources"].keys() == document(TEMPLATE)["Resources"].keys()
