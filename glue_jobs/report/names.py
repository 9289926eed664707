"""The names of agents as the report shows them: as they are, or pseudonyms under the lake's key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

_DIGITS = 8


@dataclass(frozen=True)
class Names:
    """What stands for each agent's name; an agent who is not in it keeps the own name."""

    shown: Mapping[str, str]

    def of(self, value: Any) -> Any:
        """The value with every agent's name in it replaced, in lists too."""
        if isinstance(value, str):
            return self._pattern.sub(lambda found: self.shown[found.group()], value)
        if isinstance(value, list):
            return [self.of(each) for each in value]
        return value

    def rows(self, table: pa.Table) -> list[dict[str, Any]]:
        """A table's rows with every agent's name in its texts replaced."""
        found: list[dict[str, Any]] = table.to_pylist()
        if not self.shown:
            return found
        return [{name: self.of(value) for name, value in row.items()} for row in found]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.shown, key=len, reverse=True)
        either = "|".join(map(re.escape, longest_first))
        return re.compile(rf"(?<![\w.@-])(?:{either})(?![\w@-]|\.\w)")


AS_THEY_ARE = Names({})


def pseudonyms(agents: Iterable[str], digest: Callable[[str], str]) -> Names:
    """`Agent` and eight digits for each name, the same in every report under the same key."""
    return Names({agent: f"Agent {digest(agent)[:_DIGITS]}" for agent in agents if agent})
