"""Numbers that a centre sets for its lake: small TOML files beside the data."""

from __future__ import annotations

import tomllib
from typing import Any

from ingestion.errors import LakeError
from ingestion.store import Store
from transforms.workforce.automation import USUAL as USUAL_LIMITS
from transforms.workforce.automation import Limits
from transforms.workforce.score import USUAL as USUAL_WEIGHTS
from transforms.workforce.score import Weights

LIMITS_FILE = "automation.toml"
WEIGHTS_FILE = "score.toml"
_AMOUNTS = ("contacts", "median_handle_s")  # the other limits are shares
_TERMS = ("backlog", "occupancy", "current", "handling")
_POSITIVE = ("half_backlog_minutes", "occupancy_half_life_s", "freshness_half_life_s")


class LakeSettingsError(LakeError):
    """A file of settings cannot be used; the message names file, key and what it must be."""

    exit_code = 2


def limits(store: Store) -> Limits:
    """The limits of automation: the usual ones, with what the lake's `automation.toml` says."""
    given = _given(store, LIMITS_FILE, USUAL_LIMITS._asdict())
    for name, value in given.items():
        if isinstance(value, float) and name not in _AMOUNTS and value > 1:
            raise LakeSettingsError(f"{LIMITS_FILE}: {name} must be a number from 0 to 1")
    return USUAL_LIMITS._replace(**given)


def weights(store: Store) -> Weights:
    """The weights of the score: the usual ones, with what the lake's `score.toml` says.

    The four terms must add up to 1; a file of other weights needs a `version` of its own.
    """
    given = _given(store, WEIGHTS_FILE, USUAL_WEIGHTS._asdict())
    found = USUAL_WEIGHTS._replace(**given)
    if abs(sum(getattr(found, term) for term in _TERMS) - 1) > 1e-9:
        raise LakeSettingsError(f"{WEIGHTS_FILE}: {', '.join(_TERMS)} must add up to 1")
    for name in _POSITIVE:
        if not getattr(found, name):
            raise LakeSettingsError(f"{WEIGHTS_FILE}: {name} must be above 0")
    if found != USUAL_WEIGHTS and found.version == USUAL_WEIGHTS.version:
        raise LakeSettingsError(f"{WEIGHTS_FILE}: give other weights a version of their own")
    return found


def _given(store: Store, file: str, usual: dict[str, Any]) -> dict[str, Any]:
    if not store.exists(file):
        return {}
    try:
        given = tomllib.loads(store.get(file).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LakeSettingsError(f"{file}: not TOML: {error}") from error
    if unknown := sorted(given.keys() - usual.keys()):
        raise LakeSettingsError(f"{file}: {unknown[0]} is not one of {', '.join(usual)}")
    return {name: _value(file, name, value, usual[name]) for name, value in given.items()}


def _value(file: str, name: str, value: object, usual: object) -> object:
    """`value` if it is of the kind of the usual one: a text, texts, or a number from 0."""
    if isinstance(usual, tuple):
        if isinstance(value, list) and all(isinstance(each, str) and each for each in value):
            return tuple(value)
        raise LakeSettingsError(f'{file}: {name} must be a list of texts, ["fraud"]')
    if isinstance(usual, str):
        if isinstance(value, str) and value:
            return value
        raise LakeSettingsError(f"{file}: {name} must be a text")
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return type(usual)(value)  # type: ignore[call-arg]
    raise LakeSettingsError(f"{file}: {name} must be a number from 0 up")
