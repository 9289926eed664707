"""The operations and cost pages say what is there."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

import pytest

from glue_jobs.main import parser
from glue_jobs.report.figures import Period, _questions
from infra.cloudformation import HERE, template
from infra.cost import ALARM_METRICS, MEASURED, QUESTIONS_A_DAY, costs, loaded, page
from infra.deploy import parser as deploy_parser
from queries.question import questions

ROOT = HERE.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
LAKE = re.compile(r"(?:^ *\$ |`)(lake [a-z][^`\n]*)", re.MULTILINE)
MAKE = re.compile(r"(?:^ *\$ |`)make (\w+)(?: ARGS='([^']*)')?", re.MULTILINE)
SET = re.compile(r"\b([A-Z][A-Za-z]+[a-z])=[\S']")


@pytest.mark.parametrize("command", sorted({found.strip() for found in LAKE.findall(OPERATIONS)}))
def test_a_command_of_the_page_is_one(command):
    assert parser().parse_args(shlex.split(command)[1:]).command == command.split()[1]


def test_the_page_names_the_commands_that_keep_a_lake_in_order():
    named = {command.split()[1] for command in LAKE.findall(OPERATIONS)}
    assert named >= {
        *("create", "ingest", "check", "rejects", "report", "publish", "compact", "expire"),
        *("history", "rollback", "rekey", "forget"),
    }


def test_every_make_target_of_the_page_is_there():
    makefile = (ROOT / "Makefile").read_text()
    targets = {target for target, _ in MAKE.findall(OPERATIONS)}
    assert {target for target in targets if f"\n{target}:" not in makefile} == set()


def test_what_the_page_gives_to_make_is_understood():
    given = [(verb, words) for verb, words in MAKE.findall(OPERATIONS) if verb != "package"]
    assert given
    for verb, words in given:
        assert deploy_parser().parse_args([verb, *shlex.split(words)]).command == verb


def test_every_parameter_of_the_page_is_one():
    known = template()["Parameters"]
    named = set(SET.findall(OPERATIONS))
    assert {"ManagersEmail", "ScheduleState", "CreateFlows"} <= named
    assert named - known.keys() == set()


def test_the_page_has_every_topic():
    titles = re.findall(r"^## (.+)$", OPERATIONS, re.MULTILINE)
    assert titles == [
        "Deploy", "Connect an instance", "Back-fill from an export on S3",
        "Migrate from other lakes", "Switch routing on, in shadow first", "Roll back",
        "Rotate the customer key", "Forget a customer", "Upgrade", "Tear down",
        "When an alarm comes", "What has been tried, and where",
    ]  # fmt: skip


def test_every_file_that_the_page_names_is_there():
    named = re.findall(r"`((?:tests|infra|docs)/[\w./]+)`", OPERATIONS)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_cost_page_is_what_the_arithmetic_says():
    text = (ROOT / "docs" / "cost.md").read_text()
    shown = text.partition("<!-- tables -->\n")[2].partition("<!-- end -->")[0]
    assert shown == page(loaded(HERE / "prices.toml"), loaded(MEASURED))


def test_a_day_costs_more_with_more_contacts_by_every_service():
    prices, measured = loaded(HERE / "prices.toml"), loaded(MEASURED)
    few, many = (costs(contacts, prices, measured) for contacts in (1_000, 1_000_000))
    assert all(few[service] <= many[service] for service in few)
    assert sum(few.values()) < sum(many.values())


def test_the_page_tells_the_day_of_the_prices():
    day = loaded(HERE / "prices.toml")["as_of"]
    assert f"as read on {day}" in (Path(ROOT) / "docs" / "cost.md").read_text()


def test_every_price_has_its_source():
    services = {n: each for n, each in loaded(HERE / "prices.toml").items() if n != "as_of"}
    assert {name for name, each in services.items() if not each.get("source")} == set()


def test_the_questions_that_are_paid_for_are_those_that_are_asked():
    period = Period(date(2026, 1, 5), date(2026, 2, 1), date(2025, 12, 1))
    assert len(questions()) + len(_questions(period, "UTC")) == QUESTIONS_A_DAY


def test_the_alarms_that_are_paid_for_are_those_of_the_stack():
    alarms = [
        each["Properties"]
        for each in template()["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    looked_at = [sum("MetricStat" in m for m in each.get("Metrics", ())) or 1 for each in alarms]
    assert sum(looked_at) == ALARM_METRICS
