"""The deployed stack does the main job: every part from what was uploaded, under its own role.

Streams, event source mappings, tables, roles, jobs and environments are those that the template
made on the stand-in; functions run from their archives, jobs from their script. What no stand-in
offers is in test_unmade_resources.py.
"""

from __future__ import annotations

import json
import tomllib
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from glue_jobs.lake import opened
from glue_jobs.route import event
from glue_jobs.settings import Settings
from glue_jobs.streaming import stream
from infra.cloudformation import HERE, template
from infra.streams import STREAMS
from infra.tables import TABLES
from ingestion.poller import Delivery, poll
from lambdas.lake_api import lakes
from lambdas.routing.live import Slots
from tests.athena_stand_in import athena
from tests.few_tables import MONDAY, items, scatter
from tests.infra.policies import allows, role_grants
from tests.infra.resolved import ACCOUNT, REGION, Resolver
from tests.infra.running import function, job
from tests.lake_program import run

# Two minutes of two cores: functions and jobs are processes of their own.
pytestmark = pytest.mark.heavy

REASONS = Path(__file__).parent / "unused_permissions.toml"
# In the order of a night; the state machine's arguments are those of its definition.
JOBS = (
    ("Create", "contact-lake-admin", "AdminJobRole"),
    ("Build", "contact-lake-build", "BuildJobRole"),
    ("Audit", "contact-lake-audit", "AuditJobRole"),
    ("Score", "contact-lake-score", "ScoreJobRole"),
    ("Publish", "contact-lake-publish", "PublishJobRole"),
    ("Report", "contact-lake-report", "ReportJobRole"),
    ("Compact", "contact-lake-maintenance", "MaintenanceJobRole"),
    ("Expire", "contact-lake-maintenance", "MaintenanceJobRole"),
    ("Recommend", "contact-lake-recommend", "RecommendJobRole"),
)
NAMED = {"--LAKE": "s3://{bucket}/lakes/trial", "--LAKE_DATABASE": "contact_lake_trial"}


@pytest.fixture(scope="module")
def day(deployment, tmp_path_factory):
    """One day through the deployed stack: streams, functions, jobs, routing, the API."""
    aws, stack = deployment.aws, deployment.stack
    records = tmp_path_factory.mktemp("centre") / "records"
    run("simulate", "--days", "1", "--agents", "6", "--out", str(records))
    mappings = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    found = SimpleNamespace(mappings=mappings, polled={}, jobs={}, aws=aws, stack=stack)
    stream(aws.client("kinesis"), [records], STREAMS)
    found.imports = {}
    for name, role in (("landing", "LandingRole"), ("agent-state", "AgentStateRole")):
        folder = tmp_path_factory.mktemp(name)
        with function(aws, f"contact-lake-{name}", role, folder) as called:
            found.imports[name] = called.ready
            for each in mappings:
                if each["FunctionArn"].endswith(name):
                    found.polled[name, each["EventSourceArn"]] = polled(aws, role, each, called)
        found.log = (folder / "log").read_text()
    folder = tmp_path_factory.mktemp("jobs")
    mails = subscribed(aws, stack.values["Managers"])
    for state, name, role in JOBS:
        if state == "Compact":
            leave_small_files(aws, stack)
        with asked(deployment) if state == "Report" else nullcontext({}) as elsewhere:
            found.jobs[state] = job(aws, stack, name, role, folder, elsewhere, **arguments(state))
        assert found.jobs[state].code == 0, found.jobs[state].err
    found.mails = aws.client("sqs").receive_message(QueueUrl=mails, MaxNumberOfMessages=10)
    trial = {
        key.removeprefix("--"): text.format(bucket=bucket(stack)) for key, text in NAMED.items()
    }
    found.trial = [
        job(aws, stack, "contact-lake-admin", "AdminJobRole", folder, command=command, **trial)
        for command in ("create", "drop")
    ]
    with function(
        aws, "contact-lake-routing", "RoutingRole", tmp_path_factory.mktemp("r")
    ) as routed:
        found.imports["routing"] = routed.ready
        scores = aws.client("dynamodb").scan(TableName="AgentWorkload")["Items"]
        freshen(aws, scores)
        found.scores = scores
        found.answer = routed(event(scores[0]["CallType"]["S"], "+12025550123"))
        found.again = routed(event(scores[0]["CallType"]["S"], "+12025550123"))
    with function(aws, "contact-lake-lake-api", "LakeApiRole", tmp_path_factory.mktemp("a")) as api:
        found.imports["lake-api"] = api.ready
        found.api = {
            route: api(request(route, **path))
            for route, path in (
                ("GET /lakes/{name}", {"name": "default"}),
                ("GET /lakes/{name}/tables", {"name": "default"}),
                ("DELETE /lakes/{name}", {"name": "default"}),
                ("PUT /lakes/{name}", {"name": "other"}),
            )
        }
        operation = json.loads(found.api["PUT /lakes/{name}"]["body"])["operation"]
        found.operation = api(request("GET /operations/{id}", id=operation))
    return found


def arguments(state):
    """What the state machine gives a state's job beside the job's own, by name."""
    machine = json.loads((HERE / "pipeline.asl.json").read_text())
    given = machine["States"].get(state, {}).get("Parameters", {}).get("Arguments", {})
    return {name.removeprefix("--"): value for name, value in given.items()}


def subscribed(aws, topic):
    """A queue of what is told to the managers."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="mails")["QueueUrl"]
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    aws.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=got["Attributes"]["QueueArn"]
    )
    return url


@contextmanager
def lake_of(aws, stack):
    """The stack's lake, opened as by an administrator."""
    where = Settings(stack.outputs["Lake"], "contact_lake", aws.endpoint, aws.region)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws.environment().items():
            patch.setenv(name, value)
        with opened(where) as lake:
            yield lake


def leave_small_files(aws, stack):
    """A day of several small files, as many executors leave it, so that there is work."""
    with lake_of(aws, stack) as lake:
        scatter(lake, items("x", "y", "z"), MONDAY)


@contextmanager
def asked(deployment):
    """The variable that sends questions to a stand-in of Athena with the stack's workgroup."""
    aws, stack, recorder = deployment.aws, deployment.stack, deployment.recorder
    name = stack.values["Workgroup"]
    made = aws.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
    with lake_of(aws, stack) as lake, athena(lake) as (endpoint, state):
        state.workgroup = made
        yield {"AWS_ENDPOINT_URL_ATHENA": endpoint}
        for authorization, action in state.heard:
            recorder.hear(
                authorization, action, f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{name}"
            )


def polled(aws, role, mapping, handler):
    """A mapping of the stack carried out by the project's own poller, under the function's role."""
    client = aws.client("kinesis", aws_access_key_id=role, aws_secret_access_key="testing")
    delivery = Delivery(
        batch_size=mapping["BatchSize"],
        bisect=mapping["BisectBatchOnFunctionError"],
        maximum_retry_attempts=mapping["MaximumRetryAttempts"],
        maximum_record_age_s=mapping["MaximumRecordAgeInSeconds"],
    )
    name = mapping["EventSourceArn"].rpartition("/")[2]
    return poll(client, name, handler, delivery=delivery, sleep=lambda _s: None)


def freshen(aws, scores):
    """Scores and agents as of now, and the agents free: the simulated day is long over."""
    client, now = aws.client("dynamodb"), datetime.now(UTC)
    at = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for score in scores:
        client.put_item(TableName="AgentWorkload", Item=score | {"asOf": {"S": at}})
    for agent in client.scan(TableName="AgentState")["Items"]:
        free = {
            "isRoutable": {"BOOL": True},
            "lastEventAt": {"S": at},
            "lastHeartbeatAt": {"S": at},
            "slots": {"S": json.dumps({"VOICE": Slots(most=1, available=1, active=0)})},
        }
        agent.pop("nextStatus", None)
        client.put_item(TableName="AgentState", Item=agent | free)


def request(route, **path):
    return {"routeKey": route, "pathParameters": path, "version": "2.0"}


def bucket(stack):
    return stack.outputs["Lake"].split("/")[2]


def test_the_mappings_bisect_answer_in_parts_and_bound_their_retries(day):
    told = {
        (
            each["BisectBatchOnFunctionError"],
            tuple(each["FunctionResponseTypes"]),
            0 < each["MaximumRetryAttempts"] < 100,
            "OnFailure" in each["DestinationConfig"],
        )
        for each in day.mappings
    }
    assert told == {(True, ("ReportBatchItemFailures",), True, True)}


def test_every_stream_is_landed_and_agent_events_are_followed_too(day):
    streams = sorted((name, arn.rpartition("/")[2]) for name, arn in day.polled)
    landed = [("landing", name) for name in sorted(STREAMS.values())]
    assert streams == [("agent-state", "agent-events"), *landed]


def test_the_functions_take_every_record(day):
    assert {(each.discarded, sum(each.errors.values())) for each in day.polled.values()} == {(0, 0)}
    assert all(each.records for each in day.polled.values())


def test_the_functions_come_from_their_archives_alone(day):
    assert {name: Path(each["from"]).parts[-3:] for name, each in day.imports.items()} == {
        name: ("lambdas", name.replace("-", "_"), "handler.py") for name in day.imports
    }


def test_the_jobs_succeed(day):
    ended = {name: (ran.code, ran.err if ran.code else "") for name, ran in day.jobs.items()}
    assert ended == {state: (0, "") for state, _, _ in JOBS}


def test_the_managers_are_told_where_the_report_is(day):
    (mail,) = (json.loads(each["Body"]) for each in day.mails["Messages"])
    listed = day.aws.client("s3").list_objects_v2(
        Bucket=bucket(day.stack), Prefix="lake/reports/report-"
    )
    (page,) = (each["Key"] for each in listed["Contents"])
    assert mail["Message"].endswith(f"\nPage: s3://{bucket(day.stack)}/{page}\n")


def test_the_small_files_of_a_day_are_put_together(day):
    compacted = json.loads(day.jobs["Compact"].out)
    assert [each["table"] for each in compacted] == ["work_item"]


def test_what_landed_is_in_the_tables(day):
    built = json.loads(day.jobs["Build"].out)
    landed = {each["table"]: each["landed"] for each in built if each["landed"] is not None}
    streamed = {
        kind: day.polled["landing", f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}"].records
        for kind, name in STREAMS.items()
    }
    assert landed == streamed


def test_the_jobs_tell_cloudwatch_how_they_went(day):
    found = day.aws.client("cloudwatch").list_metrics(Namespace="ContactLake")["Metrics"]
    told = {
        (each["MetricName"], *(d["Value"] for d in each["Dimensions"]))
        for each in found
        if each["MetricName"] in ("succeeded", "audit_failed")
    }
    commands = {
        ("succeeded", name)
        for name in (
            *("create", "drop", "build", "check", "score", "publish", "report"),
            *("compact", "expire", "recommend"),
        )
    }
    assert told == {("audit_failed",)} | commands


def test_a_lake_of_its_own_name_is_created_and_dropped(day):
    assert [(ran.code, ran.err if ran.code else "") for ran in day.trial] == [(0, ""), (0, "")]


def test_the_scores_are_published(day):
    assert len(day.scores) > 6


def test_the_routing_function_names_agents(day):
    assert day.answer["decision"] == "CANDIDATES", day.answer


def test_a_retry_is_answered_the_same(day):
    assert day.again | {"dataAgeSeconds": ""} == day.answer | {"dataAgeSeconds": ""}


def test_the_api_describes_the_lake_that_the_jobs_built(day):
    body = json.loads(day.api["GET /lakes/{name}"]["body"])
    rows = {each["table"]: each["rows"] for each in body["tables"]}
    built = json.loads(day.jobs["Build"].out)
    assert rows["contact_record"] == next(
        each["new_rows"] for each in built if each["table"] == "contact_record"
    )
    assert [each["table"] for each in body["tables"]] == list(lakes.TABLES)


def test_the_api_keeps_a_lake_with_data(day):
    assert day.api["DELETE /lakes/{name}"]["statusCode"] == 409


def test_the_api_starts_the_job_that_creates_and_follows_it(day):
    assert day.api["PUT /lakes/{name}"]["statusCode"] == 202
    assert json.loads(day.operation["body"])["command"] == "create"


def test_the_tables_are_those_of_the_code(day):
    names = day.aws.client("dynamodb").list_tables()["TableNames"]
    assert sorted(names) == sorted(table["TableName"] for table in TABLES)


@pytest.fixture(scope="module")
def granted(deployment):
    whole = template()
    return role_grants(whole, Resolver(whole, deployment.stack.values))


def test_every_call_that_was_made_is_allowed_to_its_role(day, granted, deployment):
    calls = deployment.recorder.calls
    assert {call.role for call in calls} >= {role for _, _, role in JOBS} | {"RoutingRole"}
    refused = {
        call
        for call in calls
        if not any(allows(grant, call.action, call.resource) for grant in granted[call.role])
    }
    assert refused == set()


def test_what_is_allowed_was_used_or_has_a_reason(day, granted, deployment):
    """By role and action: a reason that is no longer needed must go, too."""
    used = {(call.role, call.action) for call in deployment.recorder.calls}
    unused: dict[str, set[str]] = {}
    for role, found in granted.items():
        for grant in found:
            if (role, grant.action) not in used:
                unused.setdefault(role, set()).add(grant.action)
    reasons = tomllib.loads(REASONS.read_text())
    assert all(why for each in reasons.values() for why in each.values())
    assert {role: set(each) for role, each in reasons.items()} == unused
