"""The quality gate: facts of the table definition, judged by Great Expectations before a commit.

DuckDB counts each fact's violations in one aggregate; Great Expectations validates that small
frame. On whole tables it would need 850 MB per million rows (measured), so it never sees one.
"""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

import pandas as pd

from ingestion.errors import LakeError
from ingestion.store import Store

FACT, ROWS = "fact", "rows that break it"


class AuditFailedError(LakeError):
    """Rows break a fact of their table's definition; nothing was committed."""

    exit_code = 6


def gate(table: str, violations: Mapping[str, int], store: Store) -> None:
    """Pass if no fact is broken; otherwise leave an HTML report and raise AuditFailedError."""
    result = validation(table, violations)
    if result.success:
        return
    report = f"reports/audit-{table}.html"
    store.put(report, page(result).encode())
    broken = {name: count for name, count in violations.items() if count}
    facts = "; ".join(f"{name}: {count} rows" for name, count in broken.items())
    raise AuditFailedError(f"table {table} not committed: {facts} (see {report} in the lake)")


def validation(table: str, violations: Mapping[str, int]) -> Any:
    """Great Expectations' result: no fact has violations. The frame has a row per fact.

    One expectation over all facts: one per fact took half of a small build's time.
    """
    gx = _great_expectations()
    facts = pd.DataFrame({FACT: list(violations), ROWS: violations.values()})
    batch = _frames().get_batch({"dataframe": facts})
    suite = gx.ExpectationSuite(
        name=table,
        expectations=[gx.expectations.ExpectColumnValuesToBeBetween(column=ROWS, max_value=0)],
    )
    return batch.validate(
        suite,
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [FACT],
        },
    )


@cache
def _frames() -> Any:
    """What makes a batch of a frame; setting it up costs more than validating."""
    context = _great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("facts").add_dataframe_asset("violations")
    return asset.add_batch_definition_whole_dataframe("violations")


def total(parts: list[dict[str, int]]) -> dict[str, int]:
    """Violations of several parts of one table, added up."""
    added: Counter[str] = Counter()
    for part in parts:
        added.update(part)
    return dict(added)


def page(result: Any) -> str:
    """Great Expectations' own HTML page of a validation's result."""
    render = importlib.import_module("great_expectations.render")
    document = render.renderer.ValidationResultsPageRenderer().render(result)
    return str(render.view.DefaultJinjaPageView().render(document))


def _great_expectations() -> Any:
    # Three seconds to import: only a build that commits pays for it.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own use of deprecated modules is not ours to mend
        import great_expectations

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return great_expectations
