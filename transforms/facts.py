"""What must be true of a table's rows, counted in one aggregate: violations by fact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.duck import literal, rows
from transforms.schema import Table


def violations(data: pa.Table, table: Table) -> dict[str, int]:
    """How many rows of `data` break each fact of `table`'s definition; 0 everywhere is good."""
    facts = dict(_facts(table))
    counts = ", ".join(f"{sql} AS fact_{n}" for n, sql in enumerate(facts.values()))
    found = rows(f"SELECT {counts} FROM data", data=data).to_pylist()[0]
    return {name: int(found[f"fact_{n}"] or 0) for n, name in enumerate(facts)}


def key_hashes(data: pa.Table, table: Table) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """A 64-bit hash of every row's key, for telling repeated keys over pieces read one by one."""
    hashed = rows(f"SELECT hash({', '.join(table.key)}) AS h FROM data", data=data)
    return np.asarray(hashed.column("h").to_numpy())


def multiset(data: pa.Table) -> tuple[int, int, int]:
    """Rows, and the sum and the XOR of their hashes: equal for the same rows in any order."""
    columns = ", ".join(f'"{name}"' for name in data.column_names)
    hashed = rows(f"SELECT hash({columns}) AS h FROM data", data=data).column("h").to_numpy()
    return len(hashed), int(hashed.sum(dtype=np.uint64)), int(np.bitwise_xor.reduce(hashed))


def _facts(table: Table) -> Iterator[tuple[str, str]]:
    yield "key is unique", f"count(*) - count(DISTINCT row({', '.join(table.key)}))"
    for column in table.columns:
        if column.required:
            yield f"{column.name} is present", f"count(*) FILTER ({column.name} IS NULL)"
        if column.values:
            known = ", ".join(literal(value) for value in column.values)
            yield (
                f"{column.name} is a known value",
                f"count(*) FILTER ({column.name} NOT IN ({known}))",
            )
        if column.minimum is not None:
            yield (
                f"{column.name} is at least {column.minimum:g}",
                f"count(*) FILTER ({column.name} < {column.minimum})",
            )
        if column.maximum is not None:
            yield (
                f"{column.name} is at most {column.maximum:g}",
                f"count(*) FILTER ({column.name} > {column.maximum})",
            )
        if column.absent:
            yield f"{column.name} is always null", f"count({column.name})"
    for fact in table.facts:
        yield fact.name, f"count(*) FILTER (NOT ({fact.holds}))"
