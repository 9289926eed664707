"""Filters are asked as pyarrow writes and DuckDB asks them: nothing that is there is missed."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_jobs import bloom

GROUP = 1_000
IDS = [f"contact-{number}" for number in range(3 * GROUP)]
OTHERS = [f"other-{number}" for number in range(3 * GROUP)]


def parquet(texts: list[str], group: int = GROUP, share: float | None = 1e-5) -> bytes:
    """A file of these texts beside a nested column, with filters unless `share` is None."""
    rows = pa.table(
        {"more": [[{"of": text}] for text in texts], "id": pa.array(texts, pa.string())}
    )
    filters = {"id": {"ndv": group, "fpp": share}} if share else None
    out = BytesIO()
    pq.write_table(rows, out, row_group_size=group, bloom_filter_options=filters)
    return out.getvalue()


def found(file: bytes, *texts: str) -> list[int]:
    return [*bloom.groups(BytesIO(file), "id", bloom.hashes(texts))]


@pytest.mark.parametrize("at", [0, 1, GROUP - 1, GROUP, 2 * GROUP, 3 * GROUP - 1])
def test_a_text_is_looked_for_in_its_row_group_alone(at):
    assert found(parquet(IDS), IDS[at]) == [at // GROUP]


def test_of_several_texts_every_row_group_is_found():
    assert found(parquet(IDS), IDS[0], "nowhere", IDS[-1]) == [0, 2]


def test_other_texts_are_nowhere():
    assert found(parquet(IDS), *OTHERS[:100]) == []
    assert found(parquet(IDS)) == []


def test_a_file_without_filters_may_hold_anything():
    assert found(parquet(IDS, share=None), "nowhere") == [0, 1, 2]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=300), st.sampled_from([0.5, 1e-2, 1e-9]))
def test_nothing_that_is_there_is_missed(texts, share):
    file = parquet(texts, group=100, share=share)
    for at, text in enumerate(texts):
        assert at // 100 in found(file, text)


@pytest.mark.parametrize("share", [0.3, 1e-2])
def test_duckdb_asks_them_alike(tmp_path: Path, share):
    path = tmp_path / "some.parquet"
    path.write_bytes(parquet(IDS, share=share))
    in_vain = 0
    for text in OTHERS[:300]:
        asked = duckdb.sql(
            "SELECT row_group_id FROM parquet_bloom_probe(?, 'id', ?) "
            "WHERE NOT bloom_filter_excludes ORDER BY 1",
            params=[str(path), text],
        ).fetchall()
        assert found(path.read_bytes(), text) == [row for (row,) in asked]
        in_vain += len(asked)
    assert in_vain > 0


def test_few_row_groups_are_read_in_vain():
    file = parquet(IDS, share=bloom.FALSE_POSITIVES)
    assert sum(len(found(file, text)) for text in OTHERS) <= 5
