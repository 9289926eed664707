"""The official tables have the official columns, and each is filled or says why it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.transforms.landed import versions
from tests.transforms.rich_records import NUMBERS, rich_agent_events, rich_contact
from transforms import tables
from transforms.schema import Column, Table

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "official_tables.json"
SIMPLE = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "timestamp": pa.timestamp("us"),
    "boolean": pa.bool_(),
    "double": pa.float64(),
}
# What the official page leaves open: structs without fields, and fields without types.
OPEN = re.compile(r"^(array<)?struct>?$|documented as")


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    if not REFERENCE.exists():
        pytest.skip("the reference is not beside the project")
    return json.loads(REFERENCE.read_text())


def arrow(written: str) -> pa.DataType:
    """The Arrow type of a written one: `map<string,array<struct<a:bigint>>>`."""
    outer, _, inner = written.removesuffix("!").removesuffix(">").partition("<")
    if outer == "array":
        return pa.list_(arrow(inner))
    if outer == "map":
        key, _, value = inner.partition(",")
        return pa.map_(arrow(key), arrow(value))
    if outer == "struct":
        return pa.struct([(n, arrow(t)) for n, _, t in (p.partition(":") for p in parts(inner))])
    return SIMPLE[outer]


def parts(inner: str) -> Iterator[str]:
    """The parts between the commas that are in no brackets of their own."""
    depth, part = 0, ""
    for sign in inner:
        depth += (sign == "<") - (sign == ">")
        if sign == "," and not depth:
            yield part
            part = ""
        else:
            part += sign
    yield part


def outer_type(column: Column) -> str:
    return "array<struct>" if pa.types.is_list(column.type) else "struct"


def test_a_written_type_is_its_arrow_type():
    written = "map<string,array<struct<a:bigint,b:struct<c:timestamp,d:array<string>>>>>"
    inner = pa.struct([("c", pa.timestamp("us")), ("d", pa.list_(pa.string()))])
    items = pa.list_(pa.struct([("a", pa.int64()), ("b", inner)]))
    assert pa.map_(pa.string(), items) == arrow(written)


def test_every_official_table_is_there(official):
    assert sorted(official) == sorted(set(official) & set(tables.BY_NAME))


@pytest.fixture(params=tables.TABLES, ids=lambda table: table.name)
def table(request, official) -> Table:
    if request.param.name not in official:
        pytest.skip("a table of our own")
    return request.param


def test_official_columns_come_first_by_name_and_order(table, official):
    expected = list(official[table.name]["columns"])
    assert expected == list(table.names[: len(expected)])


def test_a_table_knows_how_many_of_its_columns_are_official(table, official):
    assert len(official[table.name]["columns"]) == table.official


def test_official_columns_have_the_official_types(table, official):
    written = official[table.name]["columns"]
    columns = {column.name: column for column in table.columns}
    expected = {
        n: outer_type(columns[n]) if OPEN.search(t) else arrow(t) for n, t in written.items()
    }
    found = {n: expected[n] if OPEN.search(t) else columns[n].type for n, t in written.items()}
    assert expected == found


def test_what_the_official_page_leaves_open_is_of_the_outer_type_it_names(table, official):
    written = {n: t for n, t in official[table.name]["columns"].items() if OPEN.search(t)}
    columns = {column.name: column for column in table.columns}
    found = {name: outer_type(columns[name]) for name in written}
    assert {n: "struct" if t == "struct" else "array<struct>" for n, t in written.items()} == found


def test_official_keys_are_required(table, official):
    expected = {n for n, t in official[table.name]["columns"].items() if t.endswith("!")}
    assert expected <= {column.name for column in table.columns if column.required}


# -- filled or absent -------------------------------------------------------------------------

RICH = {
    "contact_record": [rich_contact(Unheard="of")],
    "agent_event": [event | {"Unheard": "of"} for event in rich_agent_events()],
}
each_kind = pytest.mark.parametrize("kind", RICH)


@each_kind
def test_a_column_is_filled_from_a_rich_record_or_says_why_not(kind):
    rows = versions(kind, RICH[kind])
    empty = {name for name in rows.column_names if rows.column(name).null_count == rows.num_rows}
    assert {column.name for column in tables.BY_NAME[kind].columns if column.absent} == empty


@each_kind
def test_a_column_has_a_path_or_a_reason_never_both(kind):
    both = [column.name for column in tables.BY_NAME[kind].columns if column.path and column.absent]
    assert both == []


@each_kind
def test_a_rich_record_has_no_other_unknown_field(kind):
    found = versions(kind, RICH[kind]).column("unknown_fields").to_pylist()
    assert [[("Unheard", None)]] * len(RICH[kind]) == found


def test_nothing_of_a_rich_contact_names_the_customer():
    told = json.dumps(versions("contact_record", RICH["contact_record"]).to_pylist(), default=str)
    secrets = [*NUMBERS.values(), "202 555", "example.com", "Ada", "never", "customer-7"]
    assert [secret for secret in secrets if secret in told] == []


def test_the_parts_of_a_rich_contact_are_read():
    [found] = versions("contact_record", RICH["contact_record"]).to_pylist()
    expected = {
        "agent_hierarchy_groups_level_3_id": "g-3",
        "chat_agent_metrics_max_response_time_ms": 20_125,
        "total_pause_duration_ms": 30_000,
        "voice_id_result_authentication_minimum_speech_ms": 5_000,
        "quality_metrics_customer_audio": {
            "quality_score": 3.0,
            "potential_quality_issues": ["HighPacketLoss"],
        },
        "tags_references_items": [("aws:connect:instanceId", "i-1")],
        "contact_details": [],
        "references": [
            {"name": "bill", "type": "URL", "value": None, "status": "APPROVED", "arn": None}
        ],
        "recording_deletion_reason": "asked by [number]",
    }
    assert expected == {name: found[name] for name in expected}


def test_a_routing_expression_is_its_json_text():
    [found] = versions("contact_record", RICH["contact_record"]).to_pylist()
    [step] = found["routing_criteria"][0]["steps"]
    assert json.loads(step["expression"]) == {
        "AttributeCondition": {"Name": "language", "Value": "french", "ComparisonOperator": "Match"}
    }
