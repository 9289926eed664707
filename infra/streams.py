"""The Kinesis streams, once: one for each kind of record, as Amazon Connect keeps them apart."""

from datetime import timedelta

STREAMS = {
    "contact_record": "contact-records",
    "agent_event": "agent-events",
    "work_item": "work-items",
}
# For how long a stream that the template makes keeps a record (`RetentionPeriodHours`).
RETENTION = timedelta(days=7)
