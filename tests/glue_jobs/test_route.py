"""`lake route` answers as the Lambda would: under the config item's policy and kill switch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glue_jobs import route as router
from glue_jobs.lake import opened
from glue_jobs.settings import Settings
from tests.centre_records import agent_event, contact, work_item, written
from tests.lake_program import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which one agent is scored for invoices."""
    made = tmp_path_factory.mktemp("route")
    records = [contact("c-1"), agent_event("e-1", "2026-01-05T09:00:00Z"), work_item("w-1")]
    run("ingest", "--lake", f"{made}/lake", str(written(made / "records.ndjson.gz", records)))
    run("build", "--lake", f"{made}/lake")
    run("score", "--lake", f"{made}/lake")
    return made


def routed(folder: Path, **item: Any) -> tuple[str, str, str, str]:
    """Decision, reason, policy and first agent under a config item with these attributes."""
    with opened(Settings(f"{folder}/lake")) as lake, router.dynamodb(lake) as client:
        router.publish(lake, client)
        if item:
            client.put_item(TableName="RoutingConfig", Item={"ConfigId": {"S": "routing"}} | item)
        event = router.event("invoice", None)
        told = router.route(lake, client, event, router.tokens(lake)).answer
    return told["decision"], told["reason"], told["policy"], told["agent1"]


def test_without_a_config_item_the_least_loaded_is_named(folder):
    assert routed(folder)[:3] == ("CANDIDATES", "NO_LIVE_STATE", "v2")


def test_the_kill_switch_holds_here_too(folder):
    assert routed(folder, kill={"BOOL": True}) == ("DEFAULT", "KILLED", "v2", "NONE")


def test_the_policy_of_the_config_item_decides(folder):
    policy = {"M": {"version": {"S": "v7"}, "needs_live": {"BOOL": True}}}
    assert routed(folder, policy=policy) == ("DEFAULT", "NO_LIVE_STATE", "v7", "NONE")


def test_a_source_without_a_weight_has_no_say_here_either(folder):
    policy = {"M": {"version": {"S": "v8"}, "sources": {"M": {"model": {"N": "1"}}}}}
    assert routed(folder, policy=policy) == ("DEFAULT", "NO_CANDIDATES", "v8", "NONE")
