"""The parse function of every kind of record, with what it needs from the lake's settings."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from ingestion.errors import LakeError
from ingestion.privacy import Tokens
from ingestion.store import Store
from transforms.agent_event import agent_events
from transforms.contact_record import contact_records
from transforms.taxonomy import Taxonomy
from transforms.work_item import work_items

TAXONOMY_FILE = "taxonomy.toml"
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
"""

Parse = Callable[[pa.Table], pa.Table]


class TaxonomyError(LakeError):
    """The taxonomy file cannot be used."""

    exit_code = 2


@dataclass(frozen=True)
class Parsers:
    """What turns landed lines into rows: the taxonomy, and the key that hides customers."""

    taxonomy: Taxonomy
    tokens: Tokens

    def of(self, kind: str) -> Parse:
        """The parse function of a kind."""
        parsers: dict[str, Parse] = {
            "contact_record": partial(
                contact_records,
                taxonomy=self.taxonomy,
                number_token=self.tokens.token,
                customer_token=self.tokens.customer_id_token,
            ),
            "agent_event": agent_events,
            "work_item": partial(work_items, token=self._customer),
        }
        return parsers[kind]

    def _customer(self, customer: str | None) -> str | None:
        return self.tokens.token(customer) or self.tokens.customer_id_token(customer)


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
    unknown = set(document) - {"category", "task", "skill"}
    if unknown:
        raise TaxonomyError(
            f"taxonomy.toml: [{min(unknown)}] is not one of [category], [task], [skill]"
        )
    settings: dict[str, Any] = {}
    for name, section in document.items():
        if not isinstance(section, dict):
            raise TaxonomyError(f"taxonomy.toml: {name} is no section: write [{name}]")
        for key, value in section.items():
            settings |= _setting(name, key, value)
    return Taxonomy(**settings)


def _setting(name: str, key: str, value: object) -> dict[str, object]:
    if key == "attributes" and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return {f"{name}_attributes": tuple(value)}
    if (
        key == "queues"
        and isinstance(value, dict)
        and all(isinstance(v, str) for v in value.values())
    ):
        return {f"queue_{name}": value}
    raise TaxonomyError(
        f'taxonomy.toml: [{name}] {key}: write attributes = ["key"] or '
        f'[{name}.queues] "queue" = "{name}"'
    )
