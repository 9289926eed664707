"""The parse function of every kind of record, with what it needs from the lake's settings."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeGuard

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.errors import LakeError
from ingestion.privacy import Tokens
from ingestion.store import Store
from transforms.agent_event import agent_events
from transforms.contact_record import contact_records
from transforms.taxonomy import Keep, Taxonomy, categorised
from transforms.work_item import work_items

TAXONOMY_FILE = "taxonomy.toml"
ERASURES = "erasures"
_RULES = ("category", "task", "skill")
DEFAULT_TAXONOMY = """\
# What a contact is about. First the contact's attributes, in this order; then what its queue
# stands for; else "uncategorised", whose share every report shows. A queue is its own skill.

[category]
attributes = ["category"]

[category.queues]
# "Queue name" = "category"

[task]
attributes = ["task"]

[task.queues]

[skill]
attributes = []

[skill.queues]

# Whose values reach the tables beside those that the rules above read; phone numbers and e-mail
# addresses are taken out of them. "*" stands for all. What is not kept stays in raw/ alone, so a
# rule that reads an attribute only sees those of contacts that were built while it was kept.
[keep]
attributes = []
segment_attributes = []
contact_details = []
tags = []
# Fields that Amazon Connect added and this lake does not know, by their path: "NewField"
fields = []
"""

Rows = Callable[[pa.Table], pa.Table]


class Parser(NamedTuple):
    """What a kind of record goes through: landed lines to rows, and settled rows to rows.

    `settled` sets what the lake's settings decide (the taxonomy), from the row alone, so that it
    can be done again when they change.
    """

    parse: Rows
    settled: Rows | None = None


class TaxonomyError(LakeError):
    """The taxonomy file cannot be used."""

    exit_code = 2


@dataclass(frozen=True)
class Parsers:
    """What turns landed lines into rows: the taxonomy, and the key that hides customers.

    `forgotten`: tokens of customers of whom no row may tell.
    """

    taxonomy: Taxonomy
    tokens: Tokens
    forgotten: frozenset[str] = frozenset()

    def of(self, kind: str) -> Parser:
        """The parser of a kind."""
        contacts = partial(
            contact_records,
            taxonomy=self.taxonomy,
            number_token=self._number,
            customer_token=self._id,
        )
        keep = self.taxonomy.keep.fields
        parsers = {
            "contact_record": Parser(contacts, self.categorised),
            "agent_event": Parser(partial(agent_events, keep=keep)),
            "work_item": Parser(partial(work_items, token=self._customer, keep=keep)),
        }
        found = parsers[kind]
        return found._replace(parse=partial(_discreet, found.parse, self.forgotten))

    def categorised(self, contacts: pa.Table) -> pa.Table:
        """Rows of contacts with category, task and skill by the taxonomy."""
        return categorised(contacts, self.taxonomy)

    def _customer(self, customer: str | None) -> str | None:
        return self._number(customer) or self._id(customer)

    def _number(self, number: str | None) -> str | None:
        return self._forgotten_else_first([keyed.token(number) for keyed in self.tokens.each])

    def _id(self, name: str | None) -> str | None:
        return self._forgotten_else_first(
            [keyed.customer_id_token(name) for keyed in self.tokens.each]
        )

    def _forgotten_else_first(self, made: list[str | None]) -> str | None:
        """Who was forgotten under the former key is known by it, to be taken out."""
        return next((token for token in made if token in self.forgotten), made[0])


def _discreet(parse: Rows, forgotten: Collection[str], lines: pa.Table) -> pa.Table:
    rows = parse(lines)
    return without_tokens(rows, forgotten) if forgotten else rows


def is_token_column(name: str) -> bool:
    """Whether a column of that name holds tokens of customers."""
    return name == "customer_id" or name.endswith("_endpoint_address")


def has_token(rows: pa.Table, tokens: Collection[str]) -> pa.ChunkedArray:
    """For each row whether one of the tokens stands in it."""
    wanted = pa.array(sorted(tokens), pa.string())
    found = pa.chunked_array([pa.repeat(pa.scalar(False), rows.num_rows)])
    for name in filter(is_token_column, rows.column_names):
        found = pc.or_(found, pc.is_in(rows.column(name), value_set=wanted))
    return found


def without_tokens(rows: pa.Table, tokens: Collection[str], *, drop: bool = False) -> pa.Table:
    """`rows` with null for the tokens, or with `drop` without the rows in which one stands."""
    if drop:
        return rows.filter(pc.invert(has_token(rows, tokens)))
    wanted = pa.array(sorted(tokens), pa.string())
    for at, name in enumerate(rows.column_names):
        if is_token_column(name):
            column = rows.column(name)
            told = pc.is_in(column, value_set=wanted)
            kept = pc.if_else(told, pa.scalar(None, column.type), column)
            rows = rows.set_column(at, rows.schema.field(at), kept)
    return rows


def with_tokens(rows: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """`rows` with other tokens: `names` has the new one for each old one."""
    old, new = pa.array([*names], pa.string()), pa.array([*names.values()], pa.string())
    for at, name in enumerate(rows.column_names):
        if is_token_column(name):
            column = rows.column(name)
            found = pc.take(new, pc.index_in(column, value_set=old))
            rows = rows.set_column(at, rows.schema.field(at), pc.coalesce(found, column))
    return rows


def forgotten_tokens(store: Store) -> frozenset[str]:
    """The tokens of every customer whom `lake forget` was told to erase."""
    runs = [json.loads(store.get(key)) for key, _ in store.keys(f"{ERASURES}/")]
    return frozenset(token for run in runs for token in run["tokens"])


def lake_taxonomy(store: Store) -> Taxonomy:
    """The taxonomy of a lake's own file, which is made with the defaults if it is not there."""
    if not store.exists(TAXONOMY_FILE):
        store.put(TAXONOMY_FILE, DEFAULT_TAXONOMY.encode())
    try:
        return taxonomy(store.get(TAXONOMY_FILE).decode())
    except UnicodeDecodeError as error:
        raise TaxonomyError(f"taxonomy.toml: not UTF-8 text at byte {error.start}") from error


def taxonomy(text: str) -> Taxonomy:
    """The taxonomy of a `taxonomy.toml`; TaxonomyError names the first thing that is wrong."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TaxonomyError(f"taxonomy.toml: {error}") from error
    settings: dict[str, Any] = {}
    for name, section in document.items():
        settings |= _section(name, section)
    return Taxonomy(**settings)


def _section(name: str, section: object) -> dict[str, Any]:
    if name not in (*_RULES, "keep"):
        known = ", ".join(f"[{each}]" for each in (*_RULES, "keep"))
        raise TaxonomyError(f"taxonomy.toml: [{name}] is not one of {known}")
    if not isinstance(section, dict):
        raise TaxonomyError(f"taxonomy.toml: {name} is no section: write [{name}]")
    if name == "keep":
        return {"keep": Keep(**{key: _kept(key, value) for key, value in section.items()})}
    return {
        setting: found
        for key, value in section.items()
        for setting, found in [_rule(name, key, value)]
    }


def _rule(name: str, key: str, value: object) -> tuple[str, object]:
    if key == "attributes" and _are_texts(value):
        return f"{name}_attributes", tuple(_filled(value, f"[{name}] {key}"))
    if key == "queues" and isinstance(value, dict) and _are_texts([*value.values()]):
        _filled([*value, *value.values()], f"[{name}.queues]")
        return f"queue_{name}", value
    raise TaxonomyError(
        f'taxonomy.toml: [{name}] {key}: write attributes = ["key"] or '
        f'[{name}.queues] "queue" = "{name}"'
    )


def _kept(key: str, value: object) -> tuple[str, ...]:
    if key not in Keep.__dataclass_fields__:
        known = ", ".join(Keep.__dataclass_fields__)
        raise TaxonomyError(f"taxonomy.toml: [keep] {key} is not one of {known}")
    if not _are_texts(value):
        raise TaxonomyError(f'taxonomy.toml: [keep] {key}: write {key} = ["name"], or ["*"]')
    return tuple(_filled(value, f"[keep] {key}"))


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _filled(texts: list[str], where: str) -> list[str]:
    if not all(each.strip() for each in texts):
        raise TaxonomyError(f"taxonomy.toml: {where}: a name is blank, write it or take it out")
    return texts
