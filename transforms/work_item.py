"""Work items (offline cases): JSON lines as landed, typed rows out."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from transforms import duck, fields, tables
from transforms.customer import Token, tokens
from transforms.fields import Record
from transforms.tables.columns import text
from transforms.unknown_fields import compared

_CUSTOMER = text("customer", "The customer as received, a number or an id", path="CustomerId")

RECORD = Record((*tables.WORK_ITEM.columns, _CUSTOMER))

_OWN_DAY = "CAST(coalesce(opened_timestamp, last_update_timestamp) AS DATE)"


def work_items(lines: pa.Table, token: Token, keep: Collection[str] = ()) -> pa.Table:
    """One row per line: the columns of `work_item` and `reject_reason` (null = good).

    `token` turns a customer (number or id) into a token, once per distinct value. `keep` names the
    unknown fields whose values are kept.
    """
    known, record = compared(lines, RECORD, keep)
    rows = duck.rows(
        f"""
            WITH transformed AS ({record.read("known")}),
            typed AS (
                SELECT {record.selected(customer=record.text("customer"))},
                    {record.filled} AS filled, r, kinds, unknown_fields, unknown
                FROM transformed)
            SELECT * EXCLUDE (r, kinds, unknown, filled),
                {_OWN_DAY} AS day,
                {fields.record_version("last_update_timestamp", "0", "filled", record.digest)}
                    AS record_version,
                CASE
                    WHEN r IS NULL THEN 'not_json'
                    WHEN coalesce(work_item_id, '') = '' THEN 'missing_work_item_id'
                    ELSE coalesce({record.type_mismatch}, {record.negative},
                        CASE WHEN {_OWN_DAY} IS NULL THEN 'no_timestamp' END)
                END AS reject_reason
            FROM typed""",
        known=known,
    )
    customer_ids = tokens(rows.column("customer"), token)
    return rows.drop_columns(["customer"]).append_column("customer_id", customer_ids)
