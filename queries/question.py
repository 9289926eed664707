"""The questions in this folder: their SQL, and the parameters that their headers document.

A header line `-- param NAME: TYPE = DEFAULT -- meaning` declares a parameter; TYPE is `date`,
`text`, `integer`, `zone` (an IANA time zone), or the allowed words as `one|two|three`.
`-- counts COLUMN …` names what tells how many people or contacts a row stands for; a question
without it lists single ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import NamedTuple

from queries.zones import time_zones

_PARAMETER = re.compile(
    r"^-- param (?P<name>\w+): (?P<type>\S+) = (?P<default>.*?) -- (?P<meaning>.+)$", re.MULTILINE
)
_COUNTS = re.compile(r"^-- counts (.+)$", re.MULTILINE)


class QuestionError(ValueError):
    """There is no such question or parameter, or the value does not fit."""

    exit_code = 2


class Parameter(NamedTuple):
    """A named value of a question; always passed to SQL as a text or a whole number."""

    name: str
    type: str
    default: str
    meaning: str

    def value(self, text: str) -> str | int:
        """`text` as this parameter's value; QuestionError if it is not one."""
        try:
            if self.type == "date":
                return date.fromisoformat(text).isoformat()
            if self.type == "integer":
                return int(text)
        except ValueError as error:
            raise QuestionError(f"parameter {self.name}: {text!r} is not a {self.type}") from error
        if self.type == "zone" and text not in time_zones():
            raise QuestionError(
                f"parameter {self.name}: {text!r} is not a time zone such as Europe/Berlin"
            )
        words = self.type.split("|")
        if len(words) > 1 and text not in words:
            raise QuestionError(f"parameter {self.name}: {text!r} is not one of {', '.join(words)}")
        return text


class Question(NamedTuple):
    """One file: its name, first sentence, SQL as Athena runs it, and parameters in order."""

    name: str
    title: str
    sql: str
    parameters: tuple[Parameter, ...]
    counts: tuple[str, ...] = ()

    def values(self, given: Mapping[str, str]) -> dict[str, str | int]:
        """A value for every parameter: the given ones checked, defaults for the rest."""
        known = {parameter.name for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise QuestionError(
                    f"{self.name} has no parameter {name}; it has {', '.join(sorted(known))}"
                )
        return {p.name: p.value(given.get(p.name, p.default)) for p in self.parameters}


def questions() -> list[Question]:
    """Every question of this folder, by name."""
    found = [path for path in files("queries").iterdir() if path.name.endswith(".sql")]
    return [
        _question(path.name.removesuffix(".sql"), path.read_text(encoding="utf-8"))
        for path in sorted(found, key=lambda path: path.name)
    ]


def question(name: str) -> Question:
    """The question of that name; QuestionError lists those there are."""
    known = {each.name: each for each in questions()}
    if name not in known:
        raise QuestionError(f"no query {name!r}; there are {', '.join(known)}")
    return known[name]


def _question(name: str, sql: str) -> Question:
    parameters = tuple(Parameter(**match.groupdict()) for match in _PARAMETER.finditer(sql))
    title = sql.partition("\n")[0].removeprefix("-- ")
    counts = tuple(name for line in _COUNTS.findall(sql) for name in line.split())
    return Question(name, title, sql, parameters, counts)
