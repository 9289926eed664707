"""Rules of the taxonomy as SQL: what they choose, and that a name is only ever a name."""

from __future__ import annotations

import pytest

from tests.transforms.landed import contact, lines
from transforms.contact_record import contact_records
from transforms.duck import literal, rows
from transforms.taxonomy import Taxonomy

HOSTILE = (
    "it's",
    "'; DROP TABLE transformed; --",
    '" OR 1=1 --',
    "' END; SELECT 'x",
    "{text}",
    "{}",
    "%s",
    "\\",
    "\\'",
    "/* */",
    "$$",
    "naïve 料金 📞",
    "a\nb",
)


def chosen(taxonomy: Taxonomy, **fields: object) -> tuple[str, str, str | None]:
    table = contact_records(lines([contact(**fields)]), taxonomy, lambda _: None, lambda _: None)
    [row] = table.to_pylist()
    return row["category"], row["task"], row["skill"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_a_name(name):
    taxonomy = Taxonomy(
        category_attributes=(name,), queue_task={name: f"do {name}"}, queue_skill={name: name}
    )
    found = chosen(taxonomy, Attributes={name: f"about {name}"}, Queue={"Name": name})
    assert found == (f"about {name}", f"do {name}", name)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_literal_is_its_text(name):
    assert rows(f"SELECT {literal(name)} AS value").to_pylist() == [{"value": name}]


def test_without_keys_and_rules_everything_is_uncategorised():
    taxonomy = Taxonomy(category_attributes=(), task_attributes=())
    assert chosen(taxonomy, Attributes={"category": "x"}) == (
        "uncategorised",
        "uncategorised",
        None,
    )


def test_a_queue_without_a_rule_is_its_own_skill():
    taxonomy = Taxonomy(queue_skill={"Other": "x"}, queue_category={"Other": "y"})
    found = chosen(taxonomy, Queue={"Name": "Billing"})
    assert found == ("uncategorised", "uncategorised", "Billing")
