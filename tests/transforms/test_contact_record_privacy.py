"""What of a customer comes out of a contact record: tokens, and text that was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.transforms.landed import contact, lines, parsed, token
from transforms.contact_record import contact_records
from transforms.taxonomy import Keep, Taxonomy


def row(**fields: Any) -> dict[str, Any]:
    [found] = parsed("contact_record", [contact(**fields)]).to_pylist()
    return found


# -- customers --------------------------------------------------------------------------------

NUMBERS = ("+12025550101", "+12025550102")


def customer(number: str | None, id_: str | None = None) -> dict[str, Any]:
    return contact(CustomerEndpoint={"Address": number}, CustomerId=id_)


def test_a_token_is_asked_for_once_per_distinct_value():
    numbers, ids = [], []
    records = [customer(NUMBERS[0], id_) for id_ in ("x", "y", "x", None)]
    records += [customer(NUMBERS[1]), customer(None, "x"), customer(None)]
    contact_records(
        lines(records),
        Taxonomy(),
        lambda value: numbers.append(value) or "n",
        lambda value: ids.append(value) or "i",
    )
    assert (list(NUMBERS), ["x", "y"]) == (sorted(numbers), sorted(ids))


def test_a_number_names_the_customer_before_an_id_does():
    def tokens(*records: dict[str, Any]) -> list[str | None]:
        return (
            contact_records(
                lines(records),
                Taxonomy(),
                {NUMBERS[0]: "number"}.get,
                {"x": "id"}.get,
            )
            .column("customer_id")
            .to_pylist()
        )

    records = (customer(NUMBERS[0], "x"), customer("anonymous", "x"), customer(None, "z"))
    assert tokens(*records) == ["number", "id", None]


def test_an_absent_and_an_empty_customer_id_do_not_multiply_rows():
    records = [customer(NUMBERS[0]), customer(NUMBERS[0], "")]
    assert parsed("contact_record", records).num_rows == 2


def test_no_phone_number_is_in_any_column():
    number = NUMBERS[0]
    record = contact(
        CustomerEndpoint={"Address": number, "Type": "TELEPHONE_NUMBER"},
        SystemEndpoint={"Address": number, "Type": "TELEPHONE_NUMBER"},
        TransferredToEndpoint={"Address": number},
        CustomerId=number,
        Attributes={"customerNumber": number},
        Queue={"Duration": "x"},
    )
    found = parsed("contact_record", [record, contact(CustomerEndpoint={"Address": number})])
    assert "2025550101" not in json.dumps(found.to_pylist(), default=str)


# -- what people wrote --------------------------------------------------------------------------


def kept(keep: Keep, **fields: Any) -> dict[str, Any]:
    table = contact_records(lines([contact(**fields)]), Taxonomy(keep=keep), token, token)
    [found] = table.to_pylist()
    return found


def test_only_the_attributes_that_the_taxonomy_reads_are_kept():
    found = row(Attributes={"category": "invoice", "name": "Ada", "task": "explain"})
    assert found["attributes"] == [("category", "invoice"), ("task", "explain")]


def test_attributes_are_kept_by_name():
    found = kept(Keep(attributes=("flow",)), Attributes={"flow": "main", "Flow": "other", "x": "1"})
    assert found["attributes"] == [("flow", "main")]


def test_all_attributes_are_kept_by_a_star_but_those_whose_name_is_a_number():
    attributes = {"b": "1", "a": "call 202-555-0101", "+12025550101": "x"}
    found = kept(Keep(attributes=("*",)), Attributes=attributes)
    assert found["attributes"] == [("a", "call [number]"), ("b", "1")]


def test_attribute_keys_that_differ_only_by_case_are_both_kept():
    found = kept(Keep(attributes=("*",)), Attributes={"Flow": "a", "flow": "b"})
    assert found["attributes"] == [("Flow", "a"), ("flow", "b")]


@pytest.mark.parametrize(
    ("column", "field", "keep"),
    [
        ("segment_attributes", "SegmentAttributes", Keep(segment_attributes=("own",))),
        ("contact_details", "ContactDetails", Keep(contact_details=("own",))),
        ("tags_references_items", "Tags", Keep(tags=("own",))),
    ],
)
def test_other_maps_are_kept_by_name_too(column, field, keep):
    found = kept(keep, **{field: {"own": "mail ada@example.com", "other": "x"}})
    assert found[column] == [("own", "mail [address]")]


def test_addresses_are_tokens_and_equal_addresses_equal_tokens():
    found = row(
        CustomerEndpoint={"Address": NUMBERS[0]},
        SystemEndpoint={"Address": NUMBERS[1]},
        TransferredToEndpoint={"Address": NUMBERS[0]},
    )
    names = ("customer", "system", "transferred")
    expected = [token(NUMBERS[0]), token(NUMBERS[1]), token(NUMBERS[0])]
    assert expected == [found[f"{name}_endpoint_address"] for name in names]


def test_an_address_that_is_no_number_is_a_token_but_names_no_customer():
    records = [contact(CustomerEndpoint={"Address": "anonymous"})]
    table = contact_records(lines(records), Taxonomy(), lambda _: None, lambda _: "other")
    [found] = table.to_pylist()
    assert (found["customer_endpoint_address"], found["customer_id"]) == ("other", None)
