"""TABLES.md is what the definitions say."""

from pathlib import Path

from transforms.dictionary import markdown
from transforms.tables import TABLES

PAGE = Path(__file__).parent.parent / "TABLES.md"


def test_tables_md_is_current():
    assert PAGE.read_text() == markdown(), "run `make tables`"


def test_every_column_has_a_meaning():
    assert [c.name for table in TABLES for c in table.columns if not c.doc] == []


def test_keys_and_sort_orders_name_columns():
    named = {(t.name, name) for t in TABLES for name in (*t.key, *t.sort_by)}
    there = {(t.name, name) for t in TABLES for name in t.names}
    assert named - there == set()
