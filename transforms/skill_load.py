"""The work offered to each skill: contacts, load and waiting per 15 minutes, queue and category.

Who abandons leaves no handle time, and a load without it would be understated exactly where it
hurts: such a contact counts with the mean of its skill and hour. Few contacts tell little of a
mean, so that it is drawn to the skill's of the day, and this to that of all skills, with the weight
of `PRIOR_CONTACTS` (within-group variance over that between groups; L. Brown et al., "Statistical
analysis of a telephone call center", JASA 2005, whose bank comes to about 14).
"""

from __future__ import annotations

import pyarrow as pa

from transforms.calls_by_category_queue import INTERVAL_MINUTES, SERVICE_LEVEL_S
from transforms.duck import rows

PRIOR_CONTACTS = 14

NEEDED = (
    "day",
    "instance_id",
    "initiation_timestamp",
    "enqueue_timestamp",
    "queue_name",
    "skill",
    "category",
    "is_queued",
    "is_handled",
    "is_abandoned",
    "queue_time_ms",
    "handle_time_ms",
)
"""The columns of `contact_statistic_record` that are added up."""

_TARGET_MS = SERVICE_LEVEL_S * 1000

# Whole numbers only, so that equal contacts in any order give equal sums.
_SQL = f"""
WITH queued AS (
    SELECT *, time_bucket(INTERVAL {INTERVAL_MINUTES} MINUTE, CASE
            WHEN CAST(enqueue_timestamp AS DATE) = day THEN enqueue_timestamp
            WHEN CAST(initiation_timestamp AS DATE) = day THEN initiation_timestamp
            ELSE CAST(day AS TIMESTAMP) END) AS interval_start,
        date_trunc('hour', interval_start) AS hour,
        CASE WHEN is_handled = 1 THEN handle_time_ms END AS handled_ms
    FROM contact_statistic_record
    WHERE is_queued = 1 AND skill IS NOT NULL),
whole AS (
    SELECT instance_id, day,
        coalesce(sum(handled_ms), 0) // greatest(1, count(handled_ms)) AS mean_ms
    FROM queued GROUP BY instance_id, day),
by_skill AS (
    SELECT instance_id, day, skill, (coalesce(sum(handled_ms), 0)
        + {PRIOR_CONTACTS} * any_value(mean_ms)) // (count(handled_ms) + {PRIOR_CONTACTS})
            AS mean_ms
    FROM queued JOIN whole USING (instance_id, day)
    GROUP BY instance_id, day, skill),
by_hour AS (
    SELECT instance_id, day, skill, hour, (coalesce(sum(handled_ms), 0)
        + {PRIOR_CONTACTS} * any_value(mean_ms)) // (count(handled_ms) + {PRIOR_CONTACTS})
            AS mean_ms
    FROM queued JOIN by_skill USING (instance_id, day, skill)
    GROUP BY instance_id, day, skill, hour)
SELECT day, instance_id, interval_start, skill, queue_name, category,
    count(*) AS contacts_queued,
    sum(is_handled) AS contacts_answered,
    sum(is_abandoned) AS contacts_abandoned,
    count(queue_time_ms) AS contacts_wait_timed,
    count(handled_ms) AS contacts_handle_timed,
    count(*) FILTER (queue_time_ms < {_TARGET_MS}) AS contacts_removed_20s,
    coalesce(sum(queue_time_ms), 0) AS wait_ms,
    coalesce(sum(greatest(queue_time_ms - {_TARGET_MS}, 0)), 0) AS breach_ms,
    coalesce(sum(handled_ms), 0) AS handle_time_ms,
    sum(coalesce(handled_ms,
        CASE WHEN is_handled = 1 OR is_abandoned = 1 THEN mean_ms ELSE 0 END)) AS offered_load_ms
FROM queued JOIN by_hour USING (instance_id, day, skill, hour)
GROUP BY day, instance_id, interval_start, skill, queue_name, category
ORDER BY skill, queue_name, category, interval_start, instance_id"""


def skill_loads(contact_statistic_record: pa.Table) -> pa.Table:
    """Counts, and sums in milliseconds, per 15 minutes × skill × queue × category.

    A contact counts on its own day, in the interval in which it entered the queue (in which it was
    initiated, if that was on another day). Contacts that left the queue by a transfer or for a
    callback bring no load: who takes them then is another contact. Columns read: `NEEDED`.
    """
    return rows(_SQL, contact_statistic_record=contact_statistic_record)
