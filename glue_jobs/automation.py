"""`lake automation`: which work a machine could do, as of the newest instant in the lake."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa

from glue_jobs import quality
from glue_jobs.lake import Lake
from glue_jobs.lake_settings import limits
from glue_jobs.score import known_until
from glue_jobs.what_if import NothingToSimulateError, lake_centre
from transforms import tables
from transforms.facts import violations
from transforms.workforce.automation import (
    NEEDED,
    automation_candidates,
    queue_shares,
    with_effects,
)

WINDOW_DAYS = 28


def automation(lake: Lake, days: int = 10, seed: int = 1) -> pa.Table:
    """Recompute `automation_candidate` from the last 28 days, and return it.

    The effect on queues is of `days` simulated days; where the lake has no agents it stays null.
    Limits are those of the lake's `automation.toml`, if it has one.
    """
    with lake.replacement(tables.AUTOMATION_CANDIDATE) as change:
        found = _candidates(lake, days, seed)
        broken = violations(found, tables.AUTOMATION_CANDIDATE)
        quality.gate(tables.AUTOMATION_CANDIDATE.name, broken, lake.store)
        change.put_all(found)
    return found


def _candidates(lake: Lake, days: int, seed: int) -> pa.Table:
    as_of = known_until(lake)
    since = (as_of - timedelta(days=WINDOW_DAYS)).date()
    wanted = [day for day in lake.days(NEEDED.table.name) if since <= day <= as_of.date()]
    contacts = lake.read(NEEDED.table, wanted, NEEDED.columns)
    found = automation_candidates(contacts, as_of, WINDOW_DAYS, limits(lake.store))
    try:
        centre = lake_centre(lake, since, as_of.date())
    except NothingToSimulateError:
        return found
    return with_effects(found, queue_shares(contacts, as_of, WINDOW_DAYS), centre, days, seed)
