"""Rules of the taxonomy as SQL: what they choose, and that a name is only ever a name."""

from __future__ import annotations

import pytest

from tests.transforms.landed import contact, lines, versions
from transforms.contact_record import contact_records
from transforms.duck import literal, rows
from transforms.tables import CONTACT_RECORD
from transforms.taxonomy import ROUTING_ATTRIBUTES, Keep, Taxonomy, categorised

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


# -- from silver, without the records as received -----------------------------------------------

CONTACTS = [
    contact(ContactId="a", Attributes={"category": "refund"}, Queue={"Name": "Billing"}),
    contact(ContactId="b", Attributes={"category": " "}, Queue={"Name": "Billing"}),
    contact(ContactId="c", Attributes=None, Queue=None),
]
SETTLED = ["category", "task", "skill"]


def test_silver_rows_are_categorised_as_the_records_were():
    rows = versions("contact_record", CONTACTS)
    assert CONTACT_RECORD.conform(categorised(rows, Taxonomy())).equals(rows)


def test_a_changed_rule_is_seen_in_silver_rows():
    taxonomy = Taxonomy(queue_category={"Billing": "invoice"}, queue_skill={"Billing": "money"})
    rows = categorised(versions("contact_record", CONTACTS), taxonomy)
    found = [tuple(row.values()) for row in rows.select(SETTLED).to_pylist()]
    assert found == [
        ("refund", "uncategorised", "money"),
        ("invoice", "uncategorised", "money"),
        ("uncategorised", "uncategorised", None),
    ]


def test_categories_are_those_of_the_record_under_the_same_rules():
    taxonomy = Taxonomy(category_attributes=("topic",), queue_task={"Billing": "explain"})
    records = [contact(Attributes={"topic": "loan"}, Queue={"Name": "Billing"})]
    rows = contact_records(lines(records), taxonomy, lambda _: None, lambda _: None)
    assert rows.select(SETTLED) == categorised(rows, taxonomy).select(SETTLED)


def test_rows_keep_their_order():
    rows = versions("contact_record", [contact(ContactId=f"c-{n}") for n in range(500)])
    assert categorised(rows, Taxonomy()).column("contact_id") == rows.column("contact_id")


def test_what_a_rule_reads_is_kept_and_no_other():
    taxonomy = Taxonomy(skill_attributes=("language",), keep=Keep(attributes=("flow",)))
    expected = ("category", "task", "language", *ROUTING_ATTRIBUTES, "flow")
    assert taxonomy.kept_attributes == expected


def test_rows_without_the_three_columns_get_them():
    rows = versions("contact_record", CONTACTS).drop_columns(SETTLED)
    assert categorised(rows, Taxonomy()).column_names == [*rows.column_names, *SETTLED]
