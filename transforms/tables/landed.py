"""What the tables of landed records share."""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column
from transforms.tables.columns import TEXT

UNKNOWN_FIELDS = Column(
    "unknown_fields",
    pa.map_(TEXT, TEXT),
    "Fields that no model names, by path; the value is null unless the taxonomy keeps it",
)
