"""The Kinesis streams, once: one for each kind of record, as Amazon Connect keeps them apart."""

STREAMS = {
    "contact_record": "contact-records",
    "agent_event": "agent-events",
    "work_item": "work-items",
}
