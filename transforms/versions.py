"""Versions of one record: the newest by a total order wins, whatever the order of delivery."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from transforms import duck
from transforms.facts import key_hashes
from transforms.schema import DAY, Table

Hashes = NDArray[np.uint64]


class Newest(NamedTuple):
    """One row per key, and how many rows were repeats or older versions of another."""

    rows: pa.Table
    duplicates: int
    superseded: int


def newest(versions: pa.Table, table: Table) -> Newest:
    """The newest version of every key of `table` among `versions`, by day, sorted as its files are.

    `record_version` is the total order, so merging is commutative, associative and idempotent:
    replays, overlaps and any delivery order give the same rows. Input rows = rows + duplicates
    (equal key and version) + superseded (older versions).
    """
    key = ", ".join(table.key)
    # Only what decides goes through the window; the rows themselves are taken by their number.
    deciding = dict.fromkeys((*table.order, "record_version"))
    narrow = table.conform(versions, list(deciding)).append_column(
        "place", pa.array(np.arange(len(versions)))
    )
    places = duck.rows(
        f"""SELECT place FROM versions
            QUALIFY row_number() OVER
                (PARTITION BY {key} ORDER BY record_version DESC, place) = 1
            ORDER BY {", ".join(table.order)}""",
        versions=narrow,
    )
    counted = duck.rows(
        f"SELECT count(*) AS n FROM (SELECT DISTINCT {key}, record_version FROM versions)",
        versions=narrow.select([*table.key, "record_version"]),
    )
    distinct: int = counted["n"][0].as_py()
    rows = table.conform(versions.take(places.column("place")))
    return Newest(rows, versions.num_rows - distinct, distinct - rows.num_rows)


def key_days(rows: pa.Table, table: Table) -> pa.Table:
    """The day of every row, and under `key` a 64-bit hash of its key: 12 bytes a row.

    Two keys with one hash are settled together, which costs a little and changes nothing.
    """
    return pa.table({"key": key_hashes(rows, table), DAY: rows.column(DAY)})


def straddling(found: pa.Table) -> Hashes:
    """Hashes of keys on more than one day: an update that moved a record to another day.

    `found` holds the `key_days` of every version at hand, old and new.
    """
    keys, days = found.column("key").to_numpy(), found.column(DAY).cast(pa.int32()).to_numpy()
    order = np.lexsort((days, keys))
    keys, days = keys[order], days[order]
    return np.unique(keys[1:][(keys[1:] == keys[:-1]) & (days[1:] != days[:-1])])


def without(data: pa.Table, hashes: Hashes, table: Table) -> pa.Table:
    """`data` less the rows whose key has one of the hashes."""
    if not len(hashes):
        return data
    return data.filter(pa.array(np.isin(key_hashes(data, table), hashes, invert=True)))


def only(data: pa.Table, hashes: Hashes, table: Table) -> pa.Table:
    """The rows of `data` whose key has one of the hashes."""
    return data.filter(pa.array(np.isin(key_hashes(data, table), hashes)))


def changed_days(before: pa.Table, after: pa.Table, table: Table) -> list[date]:
    """Days on which the versions in `after` are not those in `before`, in order."""
    columns = ", ".join(("day", *table.key, "record_version"))
    changed = duck.rows(
        f"""SELECT DISTINCT day FROM (
            (SELECT {columns} FROM before EXCEPT SELECT {columns} FROM after)
            UNION ALL (SELECT {columns} FROM after EXCEPT SELECT {columns} FROM before))
            ORDER BY day""",
        before=before.select([*columns.split(", ")]),
        after=after.select([*columns.split(", ")]),
    )
    days: list[date] = changed.column("day").to_pylist()
    return days
