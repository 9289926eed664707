"""What a contact is about: category, task and skill from attributes, then queue rules.

The rules come from a small file, `taxonomy.toml`; here they are plain data and SQL. They read what
silver keeps, so that a changed file re-derives old days without the records as received.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from transforms import duck
from transforms.duck import literal

UNCATEGORISED = "uncategorised"
# Of Amazon Connect's own, those that name nobody.
SEGMENT_ATTRIBUTES = ("connect:Direction", "connect:RedactedFields", "connect:Subtype")
# What the contact flows of `infra/flows/` write down of a routing decision; it names no customer.
ROUTING_ATTRIBUTES = (
    "decision",
    "reason",
    "decisionId",
    "policy",
    "dataAgeSeconds",
    "count",
    *(f"agent{place}" for place in range(1, 11)),
    "affinity",
    "owner",
    "reserved",
    "offeredAgent",
    "offeredRank",
    "overflowQueue",
    "visitedQueues",
)

Rule = Mapping[str, str]  # queue name -> value


@dataclass(frozen=True)
class Keep:
    """Names whose values reach silver, scrubbed of numbers and addresses; `*` stands for all."""

    attributes: tuple[str, ...] = ()
    segment_attributes: tuple[str, ...] = ()
    contact_details: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """Attribute keys to look at, in order, and what a queue stands for where they are silent."""

    category_attributes: tuple[str, ...] = ("category",)
    task_attributes: tuple[str, ...] = ("task",)
    skill_attributes: tuple[str, ...] = ()
    queue_category: Rule = field(default_factory=dict)
    queue_task: Rule = field(default_factory=dict)
    queue_skill: Rule = field(default_factory=dict)
    keep: Keep = field(default_factory=Keep)

    @property
    def kept_attributes(self) -> tuple[str, ...]:
        """Attribute keys that reach silver: those that the rules read, routing's, and `keep`'s."""
        read = (*self.category_attributes, *self.task_attributes, *self.skill_attributes)
        return (*read, *ROUTING_ATTRIBUTES, *self.keep.attributes)

    @property
    def kept_segment_attributes(self) -> tuple[str, ...]:
        """Segment attribute keys that reach silver: Amazon Connect's own, and `keep`'s."""
        return (*SEGMENT_ATTRIBUTES, *self.keep.segment_attributes)


def categorised(rows: pa.Table, taxonomy: Taxonomy) -> pa.Table:
    """`rows` of contacts with `category`, `task` and `skill` by the taxonomy, in their order.

    They follow from the columns `attributes` and `queue_name` alone: the first attribute that says
    something, else the queue's rule, else `uncategorised`; a queue without a rule is its own skill.
    """
    chosen = duck.rows(_sql(taxonomy), contact=rows.select(["attributes", "queue_name"]))
    for name in chosen.column_names:
        at = rows.schema.get_field_index(name)
        if at < 0:
            rows = rows.append_column(name, chosen.column(name))
        else:
            rows = rows.set_column(at, name, chosen.column(name))
    return rows


def _sql(taxonomy: Taxonomy) -> str:
    unknown = literal(UNCATEGORISED)
    return f"""SELECT
        {_first(taxonomy.category_attributes, taxonomy.queue_category, unknown)} AS category,
        {_first(taxonomy.task_attributes, taxonomy.queue_task, unknown)} AS task,
        {_first(taxonomy.skill_attributes, taxonomy.queue_skill, "queue_name")} AS skill
        FROM contact"""


def _first(keys: tuple[str, ...], rule: Rule, otherwise: str) -> str:
    choices = [f"nullif(trim(attributes[{literal(key)}]), '')" for key in keys]
    if rule:
        cases = " ".join(
            f"WHEN {literal(name)} THEN {literal(value)}" for name, value in rule.items()
        )
        choices.append(f"CASE queue_name {cases} END")
    return f"coalesce({', '.join([*choices, otherwise])})"
