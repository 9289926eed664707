"""Columns that several tables share, and the short ways of writing one."""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column

TEXT = pa.string()
COUNT = pa.int64()
MS = pa.int64()
FLAG = pa.int64()
INSTANT = pa.timestamp("us")
DATE = pa.date32()


def text(
    name: str, doc: str, *, path: str = "", absent: str = "", required: bool = False
) -> Column:
    """A text."""
    return Column(name, TEXT, doc, required, path=path, absent=absent)


def at(name: str, doc: str, *, path: str = "", absent: str = "", required: bool = False) -> Column:
    """An instant, UTC."""
    return Column(name, INSTANT, doc + " (UTC)", required, path=path, absent=absent)


def ms(name: str, doc: str, *, path: str = "", absent: str = "") -> Column:
    """A duration in milliseconds."""
    return Column(name, MS, doc + " (milliseconds)", minimum=0, path=path, absent=absent)


def count(name: str, doc: str, *, path: str = "", absent: str = "") -> Column:
    """A whole number from 0."""
    return Column(name, COUNT, doc, minimum=0, path=path, absent=absent)


def flag(name: str, doc: str, *, absent: str = "") -> Column:
    """1 or 0, as the official tables write yes and no."""
    return Column(name, FLAG, doc + " (1 or 0)", minimum=0, maximum=1, absent=absent)


DAY = Column("day", DATE, "UTC day of the record's own time; the partition", required=True)
INSTANCE_ID = text(
    "instance_id", "Amazon Connect instance, from its ARN; empty if unknown", required=True
)
AWS_ACCOUNT_ID = text("aws_account_id", "AWS account of the instance", path="AWSAccountId")
INSTANCE_ARN = text("instance_arn", "Instance's ARN", path="InstanceARN")
CONTACT_ID = text("contact_id", "Contact", path="ContactId", required=True)
CHANNEL = text("channel", "VOICE, CHAT, TASK, EMAIL, or a newer value as sent", path="Channel")
CATEGORY = text("category", "What the contact is about, by the taxonomy", required=True)
TASK = text("task", "What is to be done about it, by the taxonomy", required=True)
QUEUE_NAME = text(
    "queue_name",
    "Queue; null for an agent's own queue, and where there was none",
    path="Queue.Name",
)
SKILL = text("skill", "Skill that the work needs, by the taxonomy: a queue unless mapped")
CUSTOMER_ID = text("customer_id", "Customer token: keyed HMAC, never a number; null if hidden")
AGENT_ARN = text("agent_arn", "Agent's ARN")
AGENT_ID = text("agent_id", "Agent's Connect user id, from the ARN")
AGENT_USERNAME = text("agent_username", "Agent's login name")
ROUTING_PROFILE_ARN = text("agent_routing_profile_arn", "Routing profile's ARN")
LEVELS = range(1, 6)
LEVEL_ARNS = tuple(
    text(f"agent_hierarchy_level_{n}_arn", f"Agent hierarchy, level {n}: ARN") for n in LEVELS
)
UNKNOWN_FIELDS = Column(
    "unknown_fields",
    pa.map_(TEXT, TEXT),
    "Fields that no model names, by path; the value is null unless the taxonomy keeps it",
)
RECORD_VERSION = text(
    "record_version",
    "Total order of the versions of one record: last update, redactions, filled fields, digest",
    required=True,
)
LAST_PROCESSED = at(
    "data_lake_last_processed_timestamp",
    "When the lake wrote the row",
    absent="A row follows from its records alone, so that a replay gives the same rows; when a "
    "day was written is in `run`.",
)
