"""What people change while calls come in: the kill switch, the policies and who is under which.

One item of `RoutingConfig` (`ConfigId` = `routing`): `kill` (true: every contact goes to the
default queue), `policy` (a map of `Policy` fields that differ from the default), `other` and
`otherShare` (0 to 1: the share of contacts under the other policy), `shadow` (a policy whose
decisions are only logged).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.routing.decision import draw
from lambdas.routing.policy import DEFAULT, Policy, PolicyError, changed

KEY = {"ConfigId": {"S": "routing"}}
READ_EVERY_S = 30
RETRY_AFTER_S = 5
_OFF = frozenset({"", "0", "false", "no", "off"})

Item = Mapping[str, Mapping[str, Any]]


class Settings(NamedTuple):
    """What the item says; `fault` tells why it is not, or not wholly, what the item says now."""

    policy: Policy = DEFAULT
    other: Policy | None = None
    other_share: float = 0.0
    shadow: Policy | None = None
    is_killed: bool = False
    fault: str | None = None

    def policy_for(self, contact_id: str | None) -> Policy:
        """The contact's policy: always the same for a contact, in the shares that are set."""
        if self.other is None or contact_id is None:
            return self.policy
        lot = int.from_bytes(draw("policy", contact_id)[:8]) / 2**64
        return self.other if lot < self.other_share else self.policy


def settings(item: Item, base: Policy) -> Settings:
    """The item's settings over the policy that holds without an item; raises PolicyError."""
    policy = changed(base, _map(item, "policy"))
    other = changed(policy, _map(item, "other")) if "other" in item else None
    shadow = changed(policy, _map(item, "shadow")) if "shadow" in item else None
    if policy.version in {each.version for each in (other, shadow) if each}:
        raise PolicyError("routing config: give every policy a version of its own")
    return Settings(policy, other, _share(item), shadow, is_killed(item))


def is_killed(item: Item) -> bool:
    """Whether the kill switch is on; whoever writes anything but a clear off means on."""
    value = _plain(item.get("kill", {}))
    return str(value or "").strip().lower() not in _OFF


@dataclass
class Config:
    """The settings, read again when they are older than READ_EVERY_S; never raises for DynamoDB.

    What cannot be read leaves the last settings, or the default ones, in force. An item that can be
    read but makes no sense does so as well, except for its kill switch, which always counts.
    """

    read: Callable[[], Item]
    base: Policy = DEFAULT
    clock: Callable[[], float] = time.monotonic
    _settings: Settings | None = None
    _again_at: float = field(default=float("-inf"))

    def current(self) -> Settings:
        """The settings in force; at most one read."""
        last = self._settings or Settings(self.base)
        if self.clock() < self._again_at:
            return last
        now = self._read(last)
        self._settings = now
        self._again_at = self.clock() + (READ_EVERY_S if now.fault is None else RETRY_AFTER_S)
        return now

    def _read(self, last: Settings) -> Settings:
        try:
            item = self.read()
        except (BotoCoreError, ClientError, TimeoutError) as error:
            return last._replace(fault=type(error).__name__)
        try:
            return settings(item, self.base)
        except PolicyError as error:
            return last._replace(is_killed=is_killed(item), fault=str(error))


def reader(client: Any, table: str) -> Callable[[], Item]:
    """Reads the item; an empty one where there is none."""

    def read() -> Item:
        reply = client.get_item(TableName=table, Key=KEY, ConsistentRead=True)
        item: Item = reply.get("Item") or {}
        return item

    return read


def _share(item: Item) -> float:
    share = _plain(item["otherShare"]) if "otherShare" in item else 0.0
    is_share = isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1
    if not is_share:
        raise PolicyError("routing config: otherShare must be a number from 0 to 1")
    return float(share)


def _map(item: Item, name: str) -> dict[str, Any]:
    value = _plain(item[name]) if name in item else {}
    if not isinstance(value, dict):
        raise PolicyError(f"routing config: {name} must be a map")
    return value


def _plain(value: Mapping[str, Any]) -> Any:
    """A DynamoDB value as Python has it; None for kinds that no setting has."""
    if "M" in value:
        return {name: _plain(each) for name, each in value["M"].items()}
    if "L" in value:
        return [_plain(each) for each in value["L"]]
    if "N" in value:
        number = float(value["N"])
        return int(number) if isfinite(number) and number == int(number) else number
    return value.get("BOOL", value.get("S"))
