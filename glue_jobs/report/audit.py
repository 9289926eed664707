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

    @property
    def says(self) -> str:
        """The result in a sentence."""
        many = f"{self.broken} facts do not hold" if self.broken else "every fact holds"
        return f"Great Expectations, over all tables: {many}"


KEPT = "reports/audit.html"
_PAGES = "reports/audit"  # of the whole lake, and of each build that was not committed


def kept(lake: Lake) -> tuple[tuple[str, str], ...]:
    """Text and address of each of Great Expectations' pages that the lake keeps."""
    return tuple(
        (f"Great Expectations, {_about(key)}", f"{lake.settings.root}/{key}")
        for key, _ in lake.store.keys(_PAGES)
    )


def _about(key: str) -> str:
    table = key.removeprefix(_PAGES).removesuffix(".html").removeprefix("-")
    return f"a build of {table} that was refused" if table else "over all tables, as last published"


def audit(lake: Lake) -> Audit:
    """Every table's facts over all of its rows, as Great Expectations shows validation results."""
    found: dict[str, int] = {}
    for each in check.checked(lake):
        table = BY_NAME[each.table]
        facts = dict.fromkeys(violations(table.empty(), table), 0) | each.broken
        found |= {f"{each.table}: {fact}": count for fact, count in facts.items()}
    result = quality.validation("lake", found)
    return Audit(quality.page(result), sum(1 for count in found.values() if count))
