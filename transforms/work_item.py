"""Work items (offline cases): JSON lines as landed, typed rows out."""

from __future__ import annotations

import pyarrow as pa

from transforms import fields
from transforms.customer import Token, tokens
from transforms.duck import kernel
from transforms.fields import instant, number, text

FIELDS = (
    text("work_item_id", "WorkItemId"),
    text("agent_username", "AgentUsername"),
    text("call_type", "CallType"),
    text("customer", "CustomerId"),
    text("status", "Status"),
    number("remaining_minutes", "RemainingMinutes"),
    instant("opened_timestamp", "OpenedTimestamp"),
    instant("last_update_timestamp", "LastUpdateTimestamp"),
)
_STRUCTURE = fields.shape(FIELDS)
_OWN_DAY = "CAST(coalesce(opened_timestamp, last_update_timestamp) AS DATE)"


def work_items(lines: pa.Table, token: Token) -> pa.Table:
    """One row per line: the columns of `work_item` and `reject_reason` (null = good).

    `token` turns a customer (number or id) into a token, once per distinct value.
    """
    with kernel({"lines": lines}) as db:
        db.execute(f"""CREATE TEMP TABLE typed AS
            SELECT {fields.selected(FIELDS)}, {fields.filled(FIELDS)} AS filled,
                coalesce({fields.type_mismatch(FIELDS, _STRUCTURE)},
                    {fields.negative(FIELDS)}) AS mistyped,
                r
            FROM ({fields.read(_STRUCTURE)})""")
        db.register("token", tokens(db, "SELECT customer FROM typed", token))
        return db.sql(f"""
            SELECT typed.* EXCLUDE (customer, r), token.token AS customer_id,
                {_OWN_DAY} AS day,
                {fields.record_version("last_update_timestamp", "0", "filled")} AS record_version,
                CASE
                    WHEN r IS NULL THEN 'not_json'
                    WHEN coalesce(work_item_id, '') = '' THEN 'missing_work_item_id'
                    WHEN mistyped IS NOT NULL THEN mistyped
                    WHEN {_OWN_DAY} IS NULL THEN 'no_timestamp'
                END AS reject_reason
            FROM typed LEFT JOIN token ON token.value = customer""").to_arrow_table()
