"""Great Expectations' own page about the whole lake: every fact of every table, checked now."""

from __future__ import annotations

from typing import NamedTuple

from glue_jobs import check, quality
from glue_jobs.lake import Lake
from transforms.facts import violations
from transforms.tables import BY_NAME


class Audit(NamedTuple):
    """The page, and how many facts do not hold."""

    html: str
    broken: int


def audit(lake: Lake) -> Audit:
    """Every table's facts over all of its rows, as Great Expectations shows validation results."""
    found: dict[str, int] = {}
    for each in check.checked(lake):
        table = BY_NAME[each.table]
        facts = dict.fromkeys(violations(table.empty(), table), 0) | each.broken
        found |= {f"{each.table}: {fact}": count for fact, count in facts.items()}
    result = quality.validation("lake", found)
    return Audit(quality.page(result), sum(1 for count in found.values() if count))
