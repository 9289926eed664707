"""The numbers of a routing policy, and how they are read from what people wrote."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from typing import Any, NamedTuple

from ingestion.errors import LakeError
from lambdas.routing.event import NONE, SEPARATOR

MOST_AGENTS = 10
MOST_LENDERS = 3  # of a call type: each that is looked at costs round trips
MOST_RESERVE = 20
LONGEST_QUEUE = 128
LAKE = "lake"  # the source of rows that name none
Skills = Mapping[str, float]


class PolicyError(LakeError):
    """A policy has a number that cannot be meant; the message names it."""


class Lender(NamedTuple):
    """A call type whose agents take contacts of another while `reserve` of them stay free."""

    call_type: str
    reserve: int = 1


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers a centre may turn; `version` comes back on the contact record.

    Scores older than `widen_after_s` are trusted less: twice as many agents, best of two at random.
    Older than `expire_after_s`, or dated more than `skew_s` ahead, they are not used at all.

    An agent's effective score is the offline workload (0 to 10000), `unit` more for each contact
    that was reserved or taken since it was scored, and `stale_unit` more for each minute of its
    age. Agents with `cap` reservations get no more; a reservation holds for `hold_s`. An agent who
    was not heard of for `heartbeat_s` (with heartbeats) or `state_s` (without) is away. The
    associated agent is passed over above `owner_limit`. `sources` weighs the producers of scores
    against each other, on any scale; one that it does not name has no say. `requires` gives the
    least proficiency by skill (`Name:Value`) for a call type. With `offer_busy` busy agents are
    named behind the free ones, up to `n`; without `needs_live` a centre that keeps no live state is
    served by workload alone, and with `is_cross_channel` an agent may have contacts of several
    channels at once. `lenders` are, by call type, those to ask for an agent when all of its own are
    busy, best first; without them nobody lends.
    """

    n: int = 10
    widen_after_s: float = 300
    expire_after_s: float = 1800
    skew_s: float = 300
    priority: int = 5
    version: str = "v2"
    unit: float = 2000
    stale_unit: float = 10
    cap: int = 10
    hold_s: float = 30
    heartbeat_s: float = 300
    state_s: float = 8 * 3600
    owner_limit: float = 9000
    offer_busy: bool = True
    needs_live: bool = False
    is_cross_channel: bool = False
    requires: Mapping[str, Skills] = field(default_factory=dict, hash=False)
    sources: Mapping[str, float] = field(default_factory=lambda: {LAKE: 1.0}, hash=False)
    lenders: Mapping[str, tuple[Lender, ...]] = field(default_factory=dict, hash=False)


DEFAULT = Policy()

_RANGES = {
    "n": (1, MOST_AGENTS),
    "priority": (1, 10),
    "cap": (1, 100),
    "unit": (0, 10_000),
    "stale_unit": (0, 10_000),
    "owner_limit": (0, 1_000_000),
    "hold_s": (1, 600),
    "reserve": (0, MOST_RESERVE),
}
_SECONDS = (0, 7 * 86_400)
_WHOLE = ("n", "priority", "cap")
_MOST_WEIGHT = 1_000_000
_QUEUE = re.compile(rf"(?!\$)[^{SEPARATOR}]{{1,{LONGEST_QUEUE}}}")


def changed(policy: Policy, changes: Mapping[str, Any]) -> Policy:
    """The policy with some of its fields changed; PolicyError names a field that cannot be.

    Unknown fields are errors too: a misspelt number would else be silently without effect.
    """
    known = {each.name for each in fields(Policy)}
    if unknown := sorted(changes.keys() - known):
        raise PolicyError(f"routing policy: unknown {', '.join(unknown)}")
    return replace(policy, **{name: _value(policy, name, changes[name]) for name in changes})


def _value(policy: Policy, name: str, value: Any) -> Any:
    if name == "requires":
        return _requirements(value)
    if name == "sources":
        return _weights(value)
    if name == "lenders":
        return _lenders(value)
    if name == "version":
        return _version(value)
    if isinstance(getattr(policy, name), bool):
        return _flag(name, value)
    return _number(name, value, is_whole=name in _WHOLE)


def _number(name: str, value: Any, *, is_whole: bool) -> float:
    least, most = _RANGES.get(name, _SECONDS)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not is_number or not least <= value <= most or (is_whole and value != int(value)):
        kind = "a whole number" if is_whole else "a number"
        raise PolicyError(f"routing policy: {name} must be {kind} from {least} to {most}")
    return int(value) if is_whole else float(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise PolicyError(f"routing policy: {name} must be true or false")
    return value


def _version(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.isprintable():
        raise PolicyError("routing policy: version must be a text of 1 to 64 characters")
    return value


def _requirements(value: Any) -> dict[str, dict[str, float]]:
    if not isinstance(value, Mapping):
        raise PolicyError("routing policy: requires must name skills by call type")
    return {str(call_type): _skills(skills) for call_type, skills in value.items()}


def _skills(value: Any) -> dict[str, float]:
    is_skills = isinstance(value, Mapping) and all(
        isinstance(level, int | float) and not isinstance(level, bool) for level in value.values()
    )
    if not is_skills:
        raise PolicyError("routing policy: requires must give a level for each skill")
    return {str(skill): float(level) for skill, level in value.items()}


def _weights(value: Any) -> dict[str, float]:
    is_weights = isinstance(value, Mapping) and all(map(_is_weight, value.values()))
    if not is_weights or not any(value.values()):
        raise PolicyError("routing policy: sources must give weights from 0 up, one above 0")
    return {str(source): float(weight) for source, weight in value.items()}


def _is_weight(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value) and 0 <= value <= _MOST_WEIGHT


def _lenders(value: Any) -> dict[str, tuple[Lender, ...]]:
    is_map = isinstance(value, Mapping) and all(
        isinstance(each, list | tuple) for each in value.values()
    )
    if not is_map:
        raise PolicyError("routing policy: lenders must list lenders by call type")
    return {_queue(queue): _lenders_of(queue, each) for queue, each in value.items()}


def _lenders_of(queue: str, value: Sequence[Any]) -> tuple[Lender, ...]:
    found = tuple(map(_lender, value))
    named = {queue, *(each.call_type for each in found)}
    if len(found) > MOST_LENDERS or len(named) <= len(found):
        raise PolicyError(
            f"routing policy: lenders must be at most {MOST_LENDERS} others for a call type"
        )
    return found


def _lender(value: Any) -> Lender:
    if isinstance(value, Lender):
        value = value._asdict()
    if not isinstance(value, Mapping) or not {"call_type"} <= value.keys() <= {*Lender._fields}:
        raise PolicyError("routing policy: lenders must have call_type, and may have reserve")
    reserve = value.get("reserve", Lender._field_defaults["reserve"])
    return Lender(_queue(value["call_type"]), int(_number("reserve", reserve, is_whole=True)))


def _queue(name: object) -> str:
    """A name that a flow can compare, and a list can hold."""
    text = name if isinstance(name, str) and name.isprintable() else ""
    if _QUEUE.fullmatch(text) and text.strip() == text != NONE:
        return text
    raise PolicyError(
        f"routing policy: lenders must name call types of 1 to {LONGEST_QUEUE} characters, "
        "without a comma or a $ in front"
    )
