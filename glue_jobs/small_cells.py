"""Rows of an answer that stand for few people are left out, so that they tell of nobody.

Source: Hundepool et al., Statistical Disclosure Control (2012), 4: a threshold rule, and a second
row beside a single one, which a total would otherwise give away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from ingestion.errors import LakeError


class SmallCellsError(LakeError):
    """An answer lists single contacts, so that there is nothing to leave out and much to hide."""

    exit_code = 2


class Suppressed(NamedTuple):
    """The rows that may be shown, and how many were left out."""

    rows: pa.Table
    left_out: int


def suppressed(rows: pa.Table, counts: Sequence[str], least: int) -> Suppressed:
    """`rows` without those of which a column of `counts` says 1 to `least` - 1.

    Where that is one row alone, the one with the next smallest count goes too: else totals less the
    others would tell it. Rows that count nobody (0 or null) stay.
    """
    fewest = [_fewest(row, counts) for row in rows.select(list(counts)).to_pylist()]
    small = {at for at, n in enumerate(fewest) if 0 < n < least}
    if len(small) == 1:
        others = [at for at, n in enumerate(fewest) if n >= least]
        small |= set(sorted(others, key=lambda at: fewest[at])[:1])
    kept = [at for at in range(rows.num_rows) if at not in small]
    return Suppressed(rows.take(pa.array(kept, pa.int64())), len(small))


def _fewest(row: dict[str, int | None], counts: Sequence[str]) -> int:
    return min((n for name in counts if (n := row[name])), default=0)
