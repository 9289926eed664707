"""Contact statistics: every per-contact formula of the official metrics, once.

Source: Amazon Connect administrator guide, "Metrics definitions" and "Contact data in the data
lake". Every other table and query adds these columns up; none repeats a formula.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.duck import rows

NEEDED = (
    "day",
    "instance_id",
    "aws_account_id",
    "contact_id",
    "initial_contact_id",
    "previous_contact_id",
    "next_contact_id",
    "channel",
    "initiation_method",
    "initiation_timestamp",
    "connected_to_system_timestamp",
    "transfer_completed_timestamp",
    "disconnect_timestamp",
    "disconnect_reason",
    "queue_id",
    "queue_name",
    "queue_enqueue_timestamp",
    "queue_duration_ms",
    "agent_id",
    "agent_username",
    "agent_connected_to_agent_timestamp",
    "agent_interaction_duration_ms",
    "agent_customer_hold_duration_ms",
    "agent_number_of_holds",
    "agent_after_contact_work_end_timestamp",
    "agent_after_contact_work_duration_ms",
    "agent_pause_duration_ms",
    "transferred_endpoint_type",
    "category",
    "task",
    "skill",
    "customer_id",
)
"""The columns of `contact_record` that the formulas need."""

_ENQUEUED = "queue_enqueue_timestamp IS NOT NULL"
_CONNECTED = "agent_connected_to_agent_timestamp IS NOT NULL"
_TRANSFERRED = "transfer_completed_timestamp IS NOT NULL"
_HAS_NEXT = "next_contact_id IS NOT NULL"
# The published text calls it IN_QUEUE before it disconnected, with a transfer completed.
_LEFT_QUEUE_BY_TRANSFER = f"({_ENQUEUED} AND NOT {_CONNECTED} AND {_TRANSFERRED})"
_ABANDONED = f"""({_ENQUEUED} AND NOT {_CONNECTED} AND NOT {_HAS_NEXT}
    AND NOT {_LEFT_QUEUE_BY_TRANSFER})"""
_INCOMING = "initiation_method IN ('INBOUND', 'TRANSFER', 'QUEUE_TRANSFER')"
_OUTBOUND = "initiation_method = 'OUTBOUND'"
_CALLBACK = (
    "initiation_method IN "
    "('CALLBACK', 'CALLBACK_CUSTOMER_FIRST_QUEUED', 'CALLBACK_CUSTOMER_FIRST_DIALED')"
)
_API = "initiation_method = 'API'"
_FLOW_METHODS = "initiation_method IN ('INBOUND', 'TRANSFER', 'QUEUE_TRANSFER', 'API')"
# Endpoints within the instance; every other type, newer ones included, lies outside of it.
_EXTERNAL = "transferred_endpoint_type NOT IN ('CONTACT_FLOW', 'CONNECT_PHONENUMBER_ARN')"
_EXTERNALLY = f"({_TRANSFERRED} AND coalesce({_EXTERNAL}, false))"

_INTERACTION = "agent_interaction_duration_ms"
_HOLD = "agent_customer_hold_duration_ms"
_WORK = "agent_after_contact_work_duration_ms"
_PAUSE = "agent_pause_duration_ms"
_WORK_OR_NONE = f"coalesce({_WORK}, CASE WHEN {_CONNECTED} THEN 0 END)"
_ENDED = "greatest(disconnect_timestamp, agent_after_contact_work_end_timestamp)"
_LEFT_FLOW = "coalesce(queue_enqueue_timestamp, transfer_completed_timestamp, disconnect_timestamp)"


def _sum(*terms: str) -> str:
    """SQL for a sum with nulls as 0, null if every term is null."""
    total = " + ".join(f"coalesce({term}, 0)" for term in terms)
    return f"CASE WHEN coalesce({', '.join(terms)}) IS NOT NULL THEN {total} END"


def _time_between(start: str, end: str) -> str:
    """SQL for the milliseconds from `start` to `end`, never below 0; null if either is."""
    elapsed = f"epoch_ms({end}) - epoch_ms({start})"
    return f"CASE WHEN {elapsed} < 0 THEN 0 ELSE {elapsed} END"


_TIMES = {
    "contact_flow_time_ms": f"""CASE WHEN {_FLOW_METHODS} THEN
        CASE WHEN connected_to_system_timestamp IS NULL THEN 0
        ELSE {_time_between("connected_to_system_timestamp", _LEFT_FLOW)} END END""",
    "abandon_time_ms": f"CASE WHEN {_ABANDONED} THEN queue_duration_ms END",
    "queue_time_ms": f"CASE WHEN {_ENQUEUED} THEN queue_duration_ms END",
    "queue_answer_time_ms": f"CASE WHEN {_ENQUEUED} AND {_CONNECTED} THEN queue_duration_ms END",
    "handle_time_ms": _sum(_INTERACTION, _HOLD, _WORK, _PAUSE),
    "customer_hold_time_ms": f"CASE WHEN {_CONNECTED} THEN {_HOLD} END",
    "agent_interaction_time_ms": f"CASE WHEN {_CONNECTED} THEN {_INTERACTION} END",
    "agent_interaction_outbound_time_ms": (
        f"CASE WHEN {_CONNECTED} AND {_OUTBOUND} THEN {_INTERACTION} END"
    ),
    "agent_interaction_and_hold_time_ms": (
        f"CASE WHEN {_CONNECTED} THEN {_INTERACTION} + {_HOLD} END"
    ),
    "after_contact_work_time_ms": _WORK_OR_NONE,
    "after_contact_work_outbound_time_ms": f"CASE WHEN {_OUTBOUND} THEN {_WORK_OR_NONE} END",
    "active_time_ms": _sum(_INTERACTION, _HOLD, _WORK),
    "agent_pause_time_ms": f"CASE WHEN {_CONNECTED} THEN {_PAUSE} END",
    "resolution_time_ms": _time_between("initiation_timestamp", _ENDED),
    "number_of_holds": f"CASE WHEN {_CONNECTED} THEN agent_number_of_holds END",
}

_FLAGS = {
    "is_connected": "connected_to_system_timestamp IS NOT NULL",
    "is_abandoned": _ABANDONED,
    "is_agent_hung_up_first": f"{_CONNECTED} AND disconnect_reason = 'AGENT_DISCONNECT'",
    "is_handled": _CONNECTED,
    "is_handled_incoming": f"{_CONNECTED} AND {_INCOMING}",
    "is_handled_outbound": f"{_CONNECTED} AND {_OUTBOUND}",
    "is_callback_handled": f"{_CONNECTED} AND {_CALLBACK}",
    "is_api_handled": f"{_CONNECTED} AND {_API}",
    "is_put_on_hold": f"{_CONNECTED} AND agent_number_of_holds > 0",
    "is_incoming": _INCOMING,
    "is_callback_contact": _CALLBACK,
    "is_api_contact": _API,
    "is_queued": _ENQUEUED,
    "is_queued_and_handled": f"{_ENQUEUED} AND {_CONNECTED}",
    "is_transferred_in": "initiation_method IN ('TRANSFER', 'QUEUE_TRANSFER')",
    "is_transferred_in_from_handled": "initiation_method = 'TRANSFER'",
    "is_transferred_in_from_queued": "initiation_method = 'QUEUE_TRANSFER'",
    "is_transferred_out": _TRANSFERRED,
    "is_transferred_out_from_handled": f"{_TRANSFERRED} AND {_CONNECTED}",
    "is_transferred_out_from_queued": _LEFT_QUEUE_BY_TRANSFER,
    "is_transferred_out_internal": f"{_TRANSFERRED} AND NOT {_EXTERNALLY}",
    "is_transferred_out_external": _EXTERNALLY,
    "is_transferred_out_external_from_contact_flow": f"{_EXTERNALLY} AND NOT {_CONNECTED}",
    "is_callback_attempt": f"""NOT {_CONNECTED} AND {_HAS_NEXT} AND NOT ({_CALLBACK})
        AND NOT {_LEFT_QUEUE_BY_TRANSFER}""",
}

_COMPUTED = ", ".join(
    [
        *(f"{sql} AS {name}" for name, sql in _TIMES.items()),
        *(f"CAST(coalesce({sql}, false) AS BIGINT) AS {name}" for name, sql in _FLAGS.items()),
    ]
)

_SQL = f"""
SELECT * REPLACE (nullif(previous_contact_id, '') AS previous_contact_id),
    queue_enqueue_timestamp AS enqueue_timestamp,
    coalesce(nullif(initial_contact_id, ''), nullif(previous_contact_id, ''), contact_id)
        AS journey_id,
    {_ENDED} AS ended_at,
    {_COMPUTED}
FROM contact_record
ORDER BY queue_name, category, initiation_timestamp, contact_id, instance_id"""


def contact_statistic_records(contact_record: pa.Table) -> pa.Table:
    """One row per contact of `contact_record`: flags 0/1, times in milliseconds.

    E = queue_enqueue_timestamp, D = queue_duration_ms, K = agent_connected_to_agent_timestamp,
    I, H, W, P = interaction, customer hold, after-contact work and agent pause, N = next contact,
    T = transfer_completed_timestamp. A time is null where a field that it needs is missing.

    - queue_time D if E; queue_answer_time D if E, K; abandon_time D if abandoned.
    - is_queued E; is_handled K; is_connected: to the system, not to an agent.
    - is_abandoned E, no K, no N, no T. The metric's text excepts contacts that were IN_QUEUE before
      they disconnected and have T, the data lake's text those that a flow transferred. The state is
      in no stream, but a contact with E and T that reached no agent was in queue.
    - handle_time I + H + W + P, nulls as 0, null if all are; active_time the same without P. One
      definition of handle time excludes time in a custom status, another includes it; a contact
      record holds no such time, so both come to this.
    - after_contact_work_time W; 0 if only K is there. interaction I, hold H, both I + H: with K.
    - resolution_time from initiation to the later of after-contact work's end and disconnect.
    - contact_flow_time, for INBOUND, TRANSFER, QUEUE_TRANSFER and API: from the connection to the
      system to E, else T, else disconnect; 0 if never connected to the system.
    - number_of_holds with K; is_put_on_hold if above 0 (the published text counts every record
      that carries the field, also with 0: that is `count(number_of_holds)`).
    - is_transferred_in TRANSFER (by an agent), QUEUE_TRANSFER (out of a queue). The metrics page
      writes TRANSFER for the latter too; the names here go by meaning.
    - is_transferred_out T, so warm transfers are not among them (`journey` counts both). By an
      agent with K, out of a queue with E and no K. External if the endpoint transferred to is
      of a type outside the instance, internal otherwise.
    - is_callback_attempt no K, N, begun otherwise than by a callback, with the same exception.
    """
    return rows(_SQL, contact_record=contact_record.select(NEEDED))
