"""The taxonomy file: what it says, and what is told where it says it wrong."""

from __future__ import annotations

import pytest

from glue_jobs.parsers import DEFAULT_TAXONOMY, Parsers, TaxonomyError, taxonomy
from ingestion.privacy import Tokens
from tests.transforms.landed import contact, event, lines, versions, work
from transforms.taxonomy import Keep, Taxonomy


def test_the_file_that_a_lake_begins_with_says_what_no_file_says():
    assert taxonomy(DEFAULT_TAXONOMY) == Taxonomy() == taxonomy("")


def test_every_setting_is_read():
    text = """
        [category]
        attributes = ["reason", "topic"]
        queues = { Billing = "invoice" }
        [task]
        attributes = []
        [task.queues]
        Billing = "explain"
        [skill]
        attributes = ["language"]
        [skill.queues]
        "Billing FR" = "french"
        [keep]
        attributes = ["flow"]
        segment_attributes = ["own"]
        contact_details = ["*"]
        tags = ["owner"]
        fields = ["NewField"]
    """
    assert taxonomy(text) == Taxonomy(
        category_attributes=("reason", "topic"),
        task_attributes=(),
        skill_attributes=("language",),
        queue_category={"Billing": "invoice"},
        queue_task={"Billing": "explain"},
        queue_skill={"Billing FR": "french"},
        keep=Keep(("flow",), ("own",), ("*",), ("owner",), ("NewField",)),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[category", "Expected ']' at the end of a table declaration"),
        ("[weather]", "[weather] is not one of [category], [task], [skill], [keep]"),
        ("category = 7", "category is no section: write [category]"),
        ("keep = ['x']", "keep is no section: write [keep]"),
        ("[category]\nattribute = ['x']", "[category] attribute: write attributes = "),
        ("[category]\nattributes = 'x'", "[category] attributes: write attributes = "),
        ("[task]\nattributes = [7]", "[task] attributes: write attributes = "),
        ("[skill]\nqueues = ['x']", "[skill] queues: write attributes = "),
        ("[category.queues]\nBilling = 7", "[category] queues: write attributes = "),
        ("[category.queues]\n'' = 'x'", "[category.queues]: a name is blank"),
        ("[category.queues]\nBilling = ' '", "[category.queues]: a name is blank"),
        ("[category]\nattributes = ['']", "[category] attributes: a name is blank"),
        ("[keep]\nattribute = ['x']", "[keep] attribute is not one of attributes, segment_"),
        ("[keep]\nfields = 'x'", '[keep] fields: write fields = ["name"], or ["*"]'),
        ("[keep]\ntags = ['\t']", "[keep] tags: a name is blank"),
        ("[task]\n[task]", "Cannot declare ('task',) twice"),
        ("[task.queues]\nBilling = 'a'\nBilling = 'b'", "Cannot overwrite a value"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text, message):
    with pytest.raises(TaxonomyError) as told:
        taxonomy(text)
    assert str(told.value).startswith("taxonomy.toml: ")
    assert message in str(told.value)
    assert "\n" not in str(told.value)


@pytest.fixture
def parsers() -> Parsers:
    keep = Keep(fields=("New",))
    return Parsers(Taxonomy(queue_category={"Billing": "invoice"}, keep=keep), Tokens(b"k" * 16))


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("contact_record", contact(New=1)),
        ("agent_event", event("2024-05-06T12:00:00Z", New=1)),
        ("work_item", work(New=1)),
    ],
)
def test_every_kind_keeps_the_unknown_fields_that_are_asked_for(parsers, kind, record):
    found = parsers.of(kind).parse(lines([record])).column("unknown_fields").to_pylist()
    assert found == [[("New", "1")]]


def test_contacts_are_settled_by_the_taxonomy(parsers):
    rows = versions("contact_record", [contact(Queue={"Name": "Billing"})])
    settled = parsers.of("contact_record").settled
    assert settled(rows).column("category").to_pylist() == ["invoice"]


@pytest.mark.parametrize("kind", ["agent_event", "work_item"])
def test_what_no_setting_decides_is_not_settled(parsers, kind):
    assert parsers.of(kind).settled is None
