"""Which work repeats itself so much that a machine could do it: candidates for automation.

Short is not the same: a call type of 25 s in the median may be as varied as any other, and a rule
"standard deviation below the mean" would choose nothing, because real handle times have more. So
dispersion is that of quartiles, measured against the centre's own median. Sensitive work is never
named, however well it would do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from transforms import tables
from transforms.duck import literal, rows
from transforms.workforce.observed_centre import Observed
from transforms.workforce.replayed_day import Needed
from transforms.workforce.what_if import IN_ALL, Volume, Way, what_if

REPEAT_HOURS = 72
FEW_CONTACTS = 30  # tell nothing of the centre's usual dispersion

NEEDED = Needed(
    tables.CONTACT_STATISTIC_RECORD,
    ("contact_id", "previous_contact_id", "journey_id", "customer_id", "category", "task",
     "channel", "initiation_method", "initiation_timestamp", "queue_name", "handle_time_ms",
     "is_handled", "is_put_on_hold", "is_transferred_out_from_handled"),
)  # fmt: skip


class Limits(NamedTuple):
    """What a candidate must keep to. `contacts` is in 28 days.

    `sensitive`: beginnings of words in a category's or task's name, whatever their case.
    `containment`: the share of such contacts that the automation would bring to their end.
    """

    contacts: int = 200
    median_handle_s: float = 180.0
    transfer_share: float = 0.05
    hold_share: float = 0.10
    repeat_share: float = 0.10
    sensitive: tuple[str, ...] = ("fraud", "complain", "bereave", "vulnerab")
    containment: float = 0.5
    version: str = "1"


USUAL = Limits()


def automation_candidates(
    contact_statistic_record: pa.Table, as_of: datetime, days: int = 28, limits: Limits = USUAL
) -> pa.Table:
    """One row per category and task handled in the `days` up to `as_of`, the most to save first.

    As the table `automation_candidate`, without the effect on queues (see `with_effects`). A
    sensitive pair has no figure but its contacts. `automatable_share` is the plain product
    (1 - quartile dispersion) × (1 - transfers) × (1 - holds) × (1 - entropy of paths over its
    most); a path is how a contact came: channel, method, queue. Contacts after `as_of` only tell
    who came back. Columns read: `NEEDED`.
    """
    found = rows(_sql(as_of, days), contact=contact_statistic_record).to_pylist()
    usual = _usual_dispersion(found)
    told = [_candidate(row, usual, days, limits) | {"as_of": as_of} for row in found]
    told.sort(key=lambda row: (-(row.get("hours_saved") or 0), row["category"], row["task"]))
    return tables.AUTOMATION_CANDIDATE.conform(
        pa.Table.from_pylist(told, schema=tables.AUTOMATION_CANDIDATE.schema)
    )


def with_effects(
    candidates: pa.Table,
    queue_shares: pa.Table,
    centre: Observed,
    days: int = 10,
    seed: int = 1,
    most: int = 5,
) -> pa.Table:
    """The candidates; the first `most` eligible with what the queues would gain, by simulation.

    Their load is taken out of the queues that it is in, and the days simulated again.
    `queue_shares` as `queue_shares` gives them.
    """
    told = candidates.to_pylist()
    names = {skill.name for skill in centre.skills}
    shares = queue_shares.to_pylist()
    for row in [each for each in told if each["is_eligible"]][:most]:
        saved = row["automatable_share"] * row["containment"]
        less = tuple(
            Volume(each["queue_name"], 1 - saved * each["share"])
            for each in shares
            if (each["category"], each["task"]) == (row["category"], row["task"])
            and each["queue_name"] in names
        )
        row.update(_effect(centre, less, days, seed) if less else {})
    return tables.AUTOMATION_CANDIDATE.conform(
        pa.Table.from_pylist(told, schema=tables.AUTOMATION_CANDIDATE.schema)
    )


def queue_shares(contact_statistic_record: pa.Table, as_of: datetime, days: int = 28) -> pa.Table:
    """Of each queue's handle time in the days, the share of each category and task."""
    return rows(
        f"""SELECT queue_name, category, task,
            sum(handle_time_ms) / sum(sum(handle_time_ms)) OVER (PARTITION BY queue_name) AS share
        FROM contact WHERE {_within(as_of, days)} AND queue_name IS NOT NULL AND handle_time_ms > 0
        GROUP BY queue_name, category, task ORDER BY queue_name, category, task""",
        contact=contact_statistic_record,
    )


def is_sensitive(category: str, task: str, words: Sequence[str]) -> bool:
    """Whether a word of either name begins with one of the list."""
    found = re.split(r"[\W_]+", f"{category} {task}".casefold())
    return any(each.startswith(word.casefold()) for each in found for word in words if word)


def _within(as_of: datetime, days: int) -> str:
    since = as_of - timedelta(days=days)
    return (
        f"is_handled = 1 AND initiation_timestamp > TIMESTAMP {literal(since.isoformat(' '))} "
        f"AND initiation_timestamp <= TIMESTAMP {literal(as_of.isoformat(' '))}"
    )


def _sql(as_of: datetime, days: int) -> str:
    return f"""
WITH handled AS (
    SELECT *, handle_time_ms AS ms,
        concat_ws('|', coalesce(channel, ''), coalesce(initiation_method, ''),
            coalesce(queue_name, '')) AS path,
        coalesce(is_transferred_out_from_handled, 0) = 1 OR EXISTS (
            SELECT 1 FROM contact AS next WHERE next.previous_contact_id = contact.contact_id
            AND next.initiation_method = 'TRANSFER') AS is_transferred,
        -- a transfer or a callback is the same request
        customer_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM contact AS again WHERE again.customer_id = contact.customer_id
            AND again.category = contact.category AND again.journey_id <> contact.journey_id
            AND again.initiation_timestamp > contact.initiation_timestamp
            AND again.initiation_timestamp
                <= contact.initiation_timestamp + INTERVAL {REPEAT_HOURS} HOUR) AS is_repeated
    FROM contact WHERE {_within(as_of, days)}),
pair AS (
    SELECT category, task, count(*) AS contacts, CAST(coalesce(sum(ms), 0) AS BIGINT) AS handle_ms,
        quantile_cont(ms, [0.25, 0.5, 0.75]) FILTER (ms > 0) AS quartiles_ms,
        count(*) FILTER (is_transferred) AS transferred,
        count(*) FILTER (is_put_on_hold = 1) AS held,
        count(*) FILTER (is_repeated) AS repeated, count(customer_id) AS known
    FROM handled GROUP BY category, task),
way AS (
    SELECT category, task, list(n ORDER BY n) AS paths
    FROM (SELECT category, task, path, count(*) AS n FROM handled GROUP BY ALL)
    GROUP BY category, task)
SELECT *, (SELECT count(DISTINCT path) FROM handled) AS most_paths
FROM pair JOIN way USING (category, task) ORDER BY category, task"""


def _usual_dispersion(found: Sequence[dict[str, Any]]) -> float:
    """The median of the centre's categories and tasks with enough contacts to tell; else of all."""
    many = [row for row in found if row["contacts"] >= FEW_CONTACTS] or found
    told = [_dispersion(row) for row in many]
    return float(np.median(told)) if told else 0.0


def _dispersion(row: dict[str, Any]) -> float:
    """(Q3 - Q1) / (Q3 + Q1) of handle times; 1, the most, where there are none."""
    first, _, third = row["quartiles_ms"] or (0.0, 0.0, 1.0)
    return float((third - first) / (third + first))


def _entropy_share(paths: Sequence[int], most: int) -> float:
    """Entropy of the paths over that of as many contacts spread evenly on all of the centre's."""
    if most < 2:
        return 0.0
    share = np.array(paths, float) / sum(paths)
    return min(1.0, float(-(share * np.log(share)).sum() / np.log(most)) + 0.0)


def _candidate(row: dict[str, Any], usual: float, days: int, limits: Limits) -> dict[str, Any]:
    names = {"category": row["category"], "task": row["task"], "contacts": row["contacts"]}
    names |= {"formula_version": limits.version}
    if is_sensitive(row["category"], row["task"], limits.sensitive):
        return names | {"is_eligible": 0, "is_sensitive": 1, "reasons": ["on the sensitive list"]}
    contacts = row["contacts"]
    shares = {
        "transfer_share": row["transferred"] / contacts,
        "hold_share": row["held"] / contacts,
        "repeat_share": row["repeated"] / row["known"] if row["known"] else 0.0,
        "path_entropy_share": _entropy_share(row["paths"], row["most_paths"]),
    }
    figures = shares | {
        "median_handle_s": row["quartiles_ms"][1] / 1000 if row["quartiles_ms"] else None,
        "quartile_dispersion": _dispersion(row),
        "usual_dispersion": usual,
        "handle_hours": row["handle_ms"] / 3_600_000,
    }
    automatable = (
        (1 - figures["quartile_dispersion"])
        * (1 - shares["transfer_share"])
        * (1 - shares["hold_share"])
        * (1 - shares["path_entropy_share"])
    )
    reasons = _reasons(figures, contacts * 28 / days, limits)
    hours = figures["handle_hours"] * automatable
    return (
        names
        | figures
        | {
            "is_eligible": int(not reasons),
            "is_sensitive": 0,
            "reasons": reasons,
            "automatable_share": automatable,
            "automatable_hours": hours,
            "containment": limits.containment,
            "hours_saved": 0.0 if reasons else hours * limits.containment,
        }
    )


def _reasons(figures: dict[str, Any], contacts: float, limits: Limits) -> list[str]:
    """Why it is no candidate, in plain words; none if it is one."""
    median_s = figures["median_handle_s"]
    reasons = (
        []
        if contacts >= limits.contacts
        else [f"{contacts:.0f} contacts in 28 days, fewer than {limits.contacts}"]
    )
    if median_s is None or median_s > limits.median_handle_s:
        took = "no handle times" if median_s is None else f"takes {median_s:.0f} s in the median"
        reasons.append(f"{took}, at most {limits.median_handle_s:.0f} s is short")
    if figures["quartile_dispersion"] > figures["usual_dispersion"]:
        reasons.append(
            f"handle times vary more ({figures['quartile_dispersion']:.2f}) than is usual here "
            f"({figures['usual_dispersion']:.2f})"
        )
    for share, words in _SHARES.items():
        if figures[share] > getattr(limits, share):
            most = getattr(limits, share)
            reasons.append(f"{figures[share]:.0%} {words}, more than {most:.0%}")
    return reasons


_SHARES = {
    "transfer_share": "are transferred",
    "hold_share": "are put on hold",
    "repeat_share": f"come back within {REPEAT_HOURS} hours",
}


def _effect(centre: Observed, less: tuple[Volume, ...], days: int, seed: int) -> dict[str, Any]:
    found = {
        row["measure"]: row
        for row in what_if(centre, Way(less), days, seed).to_pylist()
        if row["queue"] == IN_ALL
    }
    wait, gone = found["mean_wait_s"], found["abandoned_share"]
    return {
        "wait_change_s": wait["difference"],
        "wait_change_ci95": wait["difference_ci95"],
        "abandoned_share_change": gone["difference"],
        "effect_queues": sorted(each.skill for each in less),
    }
