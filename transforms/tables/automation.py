"""Work that a machine could do: what the automation report adds up and why."""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column, Fact, Table
from transforms.tables.columns import CATEGORY, TASK, TEXT, at, count, flag, text

_SHARE = pa.float64()


def _share(name: str, doc: str) -> Column:
    return Column(name, _SHARE, doc + " (0 to 1)", minimum=0, maximum=1)


def _number(name: str, doc: str) -> Column:
    return Column(name, _SHARE, doc)


AUTOMATION_CANDIDATE = Table(
    "automation_candidate",
    "One row per category and task handled in the last 28 days: whether a machine could do it, why "
    "or why not, and what that would save.",
    (
        CATEGORY,
        TASK,
        flag("is_eligible", "Keeps to every limit"),
        flag("is_sensitive", "On the list of work that is never automated"),
        Column("reasons", pa.list_(TEXT), "Why not, one sentence each; empty for a candidate"),
        count("contacts", "Contacts handled"),
        _number("handle_hours", "Handle time of these (hours); null for sensitive work, as below"),
        _number("median_handle_s", "Median handle time (seconds)"),
        _share("quartile_dispersion", "Handle times: (Q3 - Q1) / (Q3 + Q1)"),
        _share("usual_dispersion", "The same, median of the centre's categories and tasks"),
        _share("transfer_share", "Of contacts, transferred by the agent"),
        _share("hold_share", "Of contacts, put on hold"),
        _share("repeat_share", "Of known customers, back for the same within 72 hours"),
        _share("path_entropy_share", "How mixed channels, methods and queues are, of the most"),
        _share("automatable_share", "Product of 1 less dispersion, transfers, holds and entropy"),
        _number("automatable_hours", "Handle hours × automatable share"),
        _share("containment", "Share that the automation would bring to an end, as set"),
        _number("hours_saved", "Automatable hours × containment; 0 where not eligible"),
        _number("wait_change_s", "Mean wait without that load, by simulation (seconds); the best"),
        _number("wait_change_ci95", "Half of the 95 % interval of that change (seconds)"),
        _number("abandoned_share_change", "Change of the share abandoned, by simulation"),
        Column("effect_queues", pa.list_(TEXT), "Queues whose load the simulation made less"),
        at("as_of", "Newest instant that the lake knew", required=True),
        text("formula_version", "Version of the formula and its limits", required=True),
    ),
    key=("category", "task"),
    sort_by=("category", "task"),
    facts=(Fact("sensitive work is no candidate", "NOT (is_sensitive = 1 AND is_eligible = 1)"),),
)
