"""What a contact is about: category, task and skill from attributes, then queue rules.

The rules come from a small file, `taxonomy.toml`; here they are plain data and SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from transforms.duck import literal

UNCATEGORISED = "uncategorised"

Rule = Mapping[str, str]  # queue name -> value


@dataclass(frozen=True)
class Taxonomy:
    """Attribute keys to look at, in order, and what a queue stands for where they are silent."""

    category_attributes: tuple[str, ...] = ("category",)
    task_attributes: tuple[str, ...] = ("task",)
    skill_attributes: tuple[str, ...] = ()
    queue_category: Rule = field(default_factory=dict)
    queue_task: Rule = field(default_factory=dict)
    queue_skill: Rule = field(default_factory=dict)

    def category(self, attribute: Callable[[str], str], queue: str) -> str:
        """SQL for the category; `attribute(key)` is the SQL of an attribute's value."""
        return _first(self.category_attributes, attribute, self.queue_category, queue)

    def task(self, attribute: Callable[[str], str], queue: str) -> str:
        """SQL for the task."""
        return _first(self.task_attributes, attribute, self.queue_task, queue)

    def skill(self, attribute: Callable[[str], str], queue: str) -> str:
        """SQL for the skill; a queue is its own skill unless the file says otherwise."""
        return _first(self.skill_attributes, attribute, self.queue_skill, queue, queue)


def _first(
    keys: tuple[str, ...],
    attribute: Callable[[str], str],
    rule: Rule,
    queue: str,
    otherwise: str = literal(UNCATEGORISED),
) -> str:
    choices = [f"nullif(trim({attribute(key)}), '')" for key in keys]
    if rule:
        cases = " ".join(
            f"WHEN {literal(name)} THEN {literal(value)}" for name, value in rule.items()
        )
        choices.append(f"CASE {queue} {cases} END")
    return f"coalesce({', '.join([*choices, otherwise])})"
