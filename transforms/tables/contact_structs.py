"""Types of the nested columns of `contact_record`."""

from __future__ import annotations

import pyarrow as pa

from transforms.tables.columns import COUNT, INSTANT, TEXT

TEXTS = pa.map_(TEXT, TEXT)
_MAILBOX = pa.struct([("display_name", TEXT), ("address", TEXT)])
RECIPIENTS = pa.list_(
    pa.struct(
        [
            ("to_list", pa.list_(_MAILBOX)),
            ("cc_list", pa.list_(_MAILBOX)),
            ("from_recipient", _MAILBOX),
        ]
    )
)
EVALUATION = pa.struct(
    [
        ("form_id", TEXT),
        ("evaluation_arn", TEXT),
        ("status", TEXT),
        ("start_timestamp", INSTANT),
        ("end_timestamp", INSTANT),
        ("delete_timestamp", INSTANT),
        ("export_location", TEXT),
    ]
)
REFERENCE = pa.struct(
    [("name", TEXT), ("type", TEXT), ("value", TEXT), ("status", TEXT), ("arn", TEXT)]
)
TRANSITION = pa.struct(
    [("state_start_timestamp", INSTANT), ("state_end_timestamp", INSTANT), ("state", TEXT)]
)
RECORDING = pa.struct(
    [
        ("storage_type", TEXT),
        ("location", TEXT),
        ("media_stream_type", TEXT),
        ("participant_type", TEXT),
        ("fragment_start_number", TEXT),
        ("fragment_stop_number", TEXT),
        ("start_timestamp", INSTANT),
        ("stop_timestamp", INSTANT),
        ("status", TEXT),
        ("deletion_reason", TEXT),
    ]
)
AUDIO = pa.struct([("quality_score", pa.float64()), ("potential_quality_issues", pa.list_(TEXT))])
AI_AGENT = pa.struct(
    [("ai_use_case", TEXT), ("ai_agent_version_id", TEXT), ("ai_agent_escalated", pa.bool_())]
)
_EXPIRY = pa.struct([("expiry_duration_in_seconds", COUNT), ("expiry_timestamp", INSTANT)])
_STEP = pa.struct([("status", TEXT), ("expiry", _EXPIRY), ("expression", TEXT)])
CRITERIA = pa.struct(
    [("activation_timestamp", INSTANT), ("index", COUNT), ("steps", pa.list_(_STEP))]
)
