"""Work and staff by skill: what the bottleneck questions add up.

Two tables, because staff belongs to a skill and an offered contact to a queue and a category: in
one, every sum of staff would need a condition.
"""

from __future__ import annotations

from transforms.schema import Fact, Table
from transforms.tables.columns import CATEGORY, DAY, INSTANCE_ID, QUEUE_NAME, SKILL, at, count, ms

_INTERVAL_START = at("interval_start", "Start of the 15 minutes", required=True)
_SKILL = SKILL._replace(required=True)

SKILL_LOAD = Table(
    "skill_load",
    "One row per 15 minutes of entering the queue, skill, queue and category: the work offered and "
    "how long it waited, in sums that add up over any grouping. Agents' own queues are left out.",
    (
        DAY,
        INSTANCE_ID,
        _INTERVAL_START,
        _SKILL,
        QUEUE_NAME,
        CATEGORY,
        count("contacts_queued", "Contacts that entered the queue"),
        count("contacts_answered", "Of these, connected to an agent"),
        count("contacts_abandoned", "Of these, abandoned"),
        count("contacts_wait_timed", "Of these, with a time in queue"),
        count("contacts_handle_timed", "Of those answered, with a handle time"),
        count("contacts_removed_20s", "Left the queue in under 20 s, however"),
        ms("wait_ms", "Time in queue, however it ended"),
        ms("breach_ms", "Of the time in queue, what exceeds 20 s a contact"),
        ms("handle_time_ms", "Handle time of those answered"),
        ms(
            "offered_load_ms",
            "Work that came: handle times, and for who abandoned the mean of the skill and hour, "
            "drawn to that of the skill's day where it has few",
        ),
    ),
    key=("instance_id", "interval_start", "skill", "queue_name", "category"),
    sort_by=("skill", "queue_name", "category", "interval_start", "instance_id"),
    facts=(
        Fact(
            "a contact is answered, abandoned or neither",
            "contacts_answered + contacts_abandoned <= contacts_queued",
        ),
        Fact("what exceeds the target is part of the wait", "breach_ms <= wait_ms"),
    ),
)

SKILL_STAFFING = Table(
    "skill_staffing",
    "One row per 15 minutes and skill that somebody there had or waited for: who could have worked "
    "for it, and who sat idle without it while its callers waited.",
    (
        DAY,
        INSTANCE_ID,
        _INTERVAL_START,
        _SKILL,
        count("agents", "Agents there who have the skill"),
        ms("staffed_head_ms", "Their time available, ringing, on contacts and in the work after"),
        ms("staffed_share_ms", "The same, of an agent with n skills an n-th"),
        ms("idle_ms", "Of `staffed_head_ms`, available"),
        ms("queue_ms", "Time for which somebody waited in a queue of the skill"),
        ms("overlap_ms", "In that time, idle time of agents who lack the skill but have another"),
    ),
    key=("instance_id", "interval_start", "skill"),
    sort_by=("skill", "interval_start", "instance_id"),
    facts=(
        Fact("a share is part of the whole", "staffed_share_ms <= staffed_head_ms"),
        Fact("idle time is part of the time there", "idle_ms <= staffed_head_ms"),
    ),
)
