"""The upskilling policy as a TOML file: every field checked, every unknown one refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from transforms.workforce.upskilling_policy import GroupRule, Policy, SkillRule

DEFAULT_POLICY = """\
# Whom `lake recommend` may propose for a training. It proposes; people decide.

enabled = true             # false: no recommendations at all

[budget]
trainings = 5              # a cycle; an agent learns at most one new skill in it
# hours = 60               # in all
training_hours = 8         # of one training, unless its skill says otherwise below

[agents]
consent = "unless_refused" # or "if_given": only those named in `given`
given = []
refused = []
excluded = []              # no reason is kept

# [skills."Loans"]
# hours = 16
# trainings = 2            # at most, a cycle
# requires = ["licence"]

# [qualifications]
# licence = ["agent-name"]

# [groups."Team North"]    # hierarchy groups
# at_least = 1             # places kept for it
# at_most = 3

# [contracts]              # only to report how often each kind is picked
# part_time = ["agent-name"]

[rotation]
cycles = 3                 # nobody is picked so many cycles running while others could be

[effect]
slow = 1.25                # a call of a new skill takes so much longer
least_cut = 0.005          # a training must save this share of all waiting
"""


class PolicyError(ValueError):
    """A policy file that cannot be used: where, what, and what would do."""

    exit_code = 2


Check = Callable[[Any], bool]
_TYPES: dict[str, tuple[Check, str]] = {
    "flag": (lambda value: isinstance(value, bool), "true or false"),
    "count": (lambda value: _is_number(value, int) and value >= 0, "a whole number from 0"),
    "cycles": (lambda value: _is_number(value, int) and value >= 2, "a whole number from 2"),
    "amount": (lambda value: _is_number(value, float) and 0 <= value < inf, "a number from 0"),
    "factor": (lambda value: _is_number(value, float) and 1 <= value <= 10, "a number, 1 to 10"),
    "share": (lambda value: _is_number(value, float) and 0 <= value < 1, "a number from 0 to 1"),
    "names": (
        lambda value: isinstance(value, list) and all(isinstance(v, str) and v for v in value),
        'a list of names, ["…"]',
    ),
    "consent": (
        lambda value: value in ("unless_refused", "if_given"),
        '"unless_refused" or "if_given"',
    ),
}
_FIELDS = {
    "budget": {"trainings": "count", "hours": "amount", "training_hours": "amount"},
    "agents": {"consent": "consent", "given": "names", "refused": "names", "excluded": "names"},
    "rotation": {"cycles": "cycles"},
    "effect": {"slow": "factor", "least_cut": "share"},
}
_TOP = {"enabled": "flag"}
_NAMES = {"cycles": "cycles_running"}
_SKILL = {"hours": "amount", "trainings": "count", "requires": "names"}
_GROUP = {"at_least": "count", "at_most": "count"}
_SECTIONS = ("enabled", *_FIELDS, "skills", "qualifications", "groups", "contracts")


def policy(text: str, name: str = "upskilling.toml") -> Policy:
    """The policy of a file's text; PolicyError names, in one line, the first thing wrong."""
    try:
        document = tomllib.loads(text)
        return _policy(document)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: {error}") from error
    except PolicyError as error:
        raise PolicyError(f"{name}: {error}") from error


def _policy(document: Mapping[str, Any]) -> Policy:
    for key in document:
        if key not in _SECTIONS:
            raise PolicyError(f"{key} is not one of {', '.join(_SECTIONS)}")
    plain = [
        _fields(f"[{section}]", document.get(section, {}), types)
        for section, types in _FIELDS.items()
    ]
    plain.append(_fields("the top", {k: v for k, v in document.items() if k == "enabled"}, _TOP))
    settings = {_NAMES.get(key, key): value for each in plain for key, value in each.items()}
    found = Policy(
        **settings,
        skills={
            skill: SkillRule(**_as_tuples(_fields(f'[skills."{skill}"]', rule, _SKILL)))
            for skill, rule in _table("[skills]", document.get("skills", {})).items()
        },
        holders=_names("[qualifications]", document.get("qualifications", {})),
        groups={
            group: GroupRule(**_fields(f'[groups."{group}"]', rule, _GROUP))
            for group, rule in _table("[groups]", document.get("groups", {})).items()
        },
        contracts=_names("[contracts]", document.get("contracts", {})),
    )
    _refuse_contradictions(found)
    return found


def _refuse_contradictions(policy: Policy) -> None:
    kept = sum(rule.at_least for rule in policy.groups.values())
    if kept > policy.trainings:
        raise PolicyError(
            f"[groups] keep {kept} places, but [budget] trainings is {policy.trainings}: "
            "raise it or keep fewer"
        )
    for name, rule in policy.groups.items():
        if rule.at_most is not None and rule.at_most < rule.at_least:
            raise PolicyError(f'[groups."{name}"] at_most is below at_least: raise it')


def _fields(where: str, table: object, types: Mapping[str, str]) -> dict[str, Any]:
    found = _table(where, table)
    for key, value in found.items():
        if key not in types:
            raise PolicyError(f"{where} {key} is not one of {', '.join(types)}")
        fits, wanted = _TYPES[types[key]]
        if not fits(value):
            raise PolicyError(f"{where} {key} is {value!r}: write {wanted}")
    return {k: frozenset(v) if types[k] == "names" else v for k, v in found.items()}


def _as_tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(sorted(v)) if isinstance(v, frozenset) else v for k, v in fields.items()}


def _names(where: str, table: object) -> dict[str, frozenset[str]]:
    found = _table(where, table)
    return _fields(where, found, dict.fromkeys(found, "names"))


def _table(where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PolicyError(f"{where} is {value!r}: write it as a section")
    return value


def _is_number(value: object, kind: type) -> bool:
    kinds = (int,) if kind is int else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool)
