"""What an instance's agent stream carries, day by day."""

from __future__ import annotations

from typing import Any

from tests.transforms.agent_days import events, on
from tests.transforms.landed import at
from transforms import tables
from transforms.instance_day import instance_days


def days(*records: dict[str, Any]) -> list[dict[str, Any]]:
    return tables.INSTANCE_DAY.conform(instance_days(events(records))).to_pylist()


def test_events_and_heartbeats_are_counted_and_the_first_and_last_kept():
    [row] = days(
        on("09:00:00", "LOGIN"), on("09:02:00", "HEART_BEAT"), on("09:04:00", agent="bela")
    )
    assert row == {
        "day": at("2024-05-06").date(),
        "instance_id": "i-1",
        "events": 3,
        "heartbeats": 1,
        "first_event_at": at("2024-05-06T09:00:00"),
        "last_event_at": at("2024-05-06T09:04:00"),
    }


def test_days_and_instances_are_apart():
    rows = days(
        on("09:00:00"),
        on("09:00:00", day=7),
        on("09:00:00", EventId="e", InstanceARN="arn/instance/i-2"),
    )
    assert [(row["day"].day, row["instance_id"], row["heartbeats"]) for row in rows] == [
        (6, "i-1", 0),
        (6, "i-2", 0),
        (7, "i-1", 0),
    ]
