"""A day out of the lake for `routing_simulation`: the calls, agents and cases as they were.

What nobody saw is filled in: how long an abandoned caller would have talked (the mean of the call
type), and how much longer an answered one would have waited (exponential, with the mean that the
day's waits and abandonments give; an exponential has no memory, so that this is no bias).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from random import Random
from statistics import fmean
from typing import Any, NamedTuple

import pyarrow as pa

from transforms import tables
from transforms.duck import rows
from transforms.schema import Table
from transforms.workforce.routing_simulation import Call, Centre, Worker

_USUAL_PATIENCE_S = 300.0  # where nobody gave up


class Needed(NamedTuple):
    """A table and the columns that a replay reads."""

    table: Table
    columns: tuple[str, ...]


NEEDED = (
    Needed(
        tables.CONTACT_STATISTIC_RECORD,
        ("day", "contact_id", "initiation_timestamp", "contact_flow_time_ms", "category",
         "customer_id", "agent_username", "queue_time_ms", "handle_time_ms", "is_abandoned",
         "is_incoming"),
    ),
    Needed(
        tables.AGENT_STATE_INTERVAL,
        ("day", "agent_username", "state", "started_at", "ended_at"),
    ),
    Needed(tables.WORK_ITEM, ("agent_username", "status", "remaining_minutes")),
)  # fmt: skip


def replayed_day(
    contact_statistic_record: pa.Table,
    agent_state_interval: pa.Table,
    work_item: pa.Table,
    day: date,
    warm_up_s: float = 0.0,
) -> Centre:
    """The day with its incoming contacts and agents; seconds count from midnight UTC.

    `contact_statistic_record` may hold days before: they tell what an agent can take (call types
    handled) and who is a customer's agent (who handled the contact before). `work_item` are the
    open cases that agents begin with; none come during the day. Agents who were on duty but have
    handled nothing in these days cannot be offered anything, and are left out.
    """
    contacts = _contacts(contact_statistic_record, day)
    handled = [found for found in contacts if found["handle_s"] is not None]
    skills: dict[str, set[str]] = {}
    for found in handled:
        if found["agent_username"]:
            skills.setdefault(found["agent_username"], set()).add(found["category"])
    workers = _workers(agent_state_interval, work_item, skills, day)
    return Centre(workers, list(_calls(contacts, day)), from_s=warm_up_s)


def _contacts(contact_statistic_record: pa.Table, day: date) -> list[dict[str, Any]]:
    """Contacts up to the day in order of arrival, with the customer's agent so far."""
    found: list[dict[str, Any]] = rows(
        f"""SELECT contact_id, category, agent_username, day,
            initiation_timestamp + to_milliseconds(coalesce(contact_flow_time_ms, 0)) AS arrived_at,
            handle_time_ms / 1000 AS handle_s, coalesce(queue_time_ms, 0) / 1000 AS wait_s,
            is_abandoned = 1 AS is_abandoned, is_incoming = 1 AS is_incoming,
            CASE WHEN customer_id IS NOT NULL THEN last_value(agent_username IGNORE NULLS) OVER (
                PARTITION BY customer_id ORDER BY initiation_timestamp, contact_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) END AS owner
        FROM contacts WHERE initiation_timestamp IS NOT NULL AND day <= DATE '{day}'
        ORDER BY arrived_at, contact_id""",
        contacts=contact_statistic_record,
    ).to_pylist()
    return found


def _workers(
    agent_state_interval: pa.Table,
    work_item: pa.Table,
    skills: Mapping[str, set[str]],
    day: date,
) -> list[Worker]:
    found = rows(
        f"""SELECT agent_username, min(started_at) AS began, max(ended_at) AS ended,
            coalesce(max(backlog.minutes), 0.0) AS minutes
        FROM intervals LEFT JOIN (
            SELECT agent_username, sum(remaining_minutes) AS minutes
            FROM work_item WHERE status = 'OPEN' GROUP BY agent_username) AS backlog
            USING (agent_username)
        WHERE day = DATE '{day}' AND state NOT IN ('offline', 'gap')
            AND agent_username IS NOT NULL
        GROUP BY agent_username ORDER BY agent_username""",
        intervals=agent_state_interval,
        work_item=work_item,
    ).to_pylist()
    return [
        Worker(
            row["agent_username"],
            frozenset(skills[row["agent_username"]]),
            _second(row["began"], day),
            _second(row["ended"], day),
            backlog_minutes=row["minutes"],
        )
        for row in found
        if row["agent_username"] in skills
    ]


def _calls(contacts: list[dict[str, Any]], day: date) -> Iterable[Call]:
    mean_handle_s = _mean_handle_s(contacts)
    waited_s = sum(found["wait_s"] for found in contacts)
    gave_up = sum(found["is_abandoned"] for found in contacts)
    patience_s = waited_s / gave_up if gave_up else _USUAL_PATIENCE_S
    for found in contacts:
        if found["day"] != day or not found["is_incoming"]:
            continue
        handle_s = found["handle_s"]
        if handle_s is None:
            handle_s = mean_handle_s.get(found["category"])
        if handle_s is None:  # nobody ever handled such a call: it cannot be replayed
            continue
        more_s = Random(found["contact_id"]).expovariate(1 / max(patience_s, 1e-3))  # noqa: S311
        yield Call(
            found["contact_id"],
            _second(found["arrived_at"], day),
            found["category"],
            handle_s,
            found["wait_s"] + (0.0 if found["is_abandoned"] else more_s),
            found["owner"],
        )


def _mean_handle_s(contacts: list[dict[str, Any]]) -> dict[str, float]:
    times: dict[str, list[float]] = {}
    for found in contacts:
        if found["handle_s"] is not None:
            times.setdefault(found["category"], []).append(found["handle_s"])
    return {category: fmean(each) for category, each in times.items()}


def _second(at: datetime, day: date) -> float:
    return (at - datetime.combine(day, datetime.min.time())).total_seconds()
