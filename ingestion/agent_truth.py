"""What an agent does between two events, and what that comes to as metrics.

Sources: Amazon Connect administrator guide, "Agent event streams data model" (states of contacts,
precedence of activities) and "Metrics definitions" (times and counts of agents).
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTBOUND_RING = "OUTBOUND_RING"  # CONNECTING on a contact that the agent began
_PRECEDENCE = (
    ("ERROR", "error"),
    ("MISSED", "missed"),
    ("REJECTED", "rejected"),
    ("CONNECTED", "on_contact"),
    ("CONNECTED_ONHOLD", "on_contact"),
    ("PAUSED", "on_contact"),
    (OUTBOUND_RING, "on_contact"),
    ("ENDED", "after_contact_work"),
    ("CONNECTING", "incoming"),
    ("INCOMING", "incoming"),
)
_ACTIVE = ("CONNECTED", "CONNECTED_ONHOLD", "PAUSED", OUTBOUND_RING, "ENDED")
_RINGING = ("CONNECTING", "INCOMING")
WAYS = {"OUTBOUND": "outbound", "CALLBACK": "callback", "API": "api"}  # others are incoming


class Doing(NamedTuple):
    """What a signed-in agent is at: activity by precedence, and contacts of each kind."""

    state: str
    is_custom: bool  # the status is neither Available nor Offline
    active: int  # contacts worked on, after-contact work and dialling included
    ringing: int
    errors: int


class Ring(NamedTuple):
    """A contact that rang, at an agent's desk or, dialled by the agent, at the customer's."""

    username: str
    method: str
    channel: str
    start_ms: int
    end_ms: int
    outcome: str | None  # the contact's next state, None where the customer gave up


@lru_cache(maxsize=1024)
def doing(contact_states: tuple[str, ...], *, is_custom: bool) -> Doing:
    """What an agent with such contacts is at; the published order of precedence decides."""
    state = "custom" if is_custom else "available"
    for contact_state, activity in _PRECEDENCE:
        if contact_state in contact_states:
            state = activity
            break
    return Doing(
        state,
        is_custom,
        sum(each in _ACTIVE for each in contact_states),
        sum(each in _RINGING for each in contact_states),
        contact_states.count("ERROR"),
    )


@lru_cache(maxsize=256)
def counts(method: str, channel: str, outcome: str | None) -> tuple[str, ...]:
    """The counts of an agent that go up by one when such a ringing is over."""
    way = WAYS.get(method, "incoming")
    attempt = f"{way}_connecting_attempts"
    if way == "outbound":
        return (attempt,)
    if outcome == "CONNECTED":
        return (attempt, "contacts_offered", "contacts_accepted")
    missed = (attempt, "contacts_offered", "agent_non_response")
    if channel == "VOICE" and outcome is not None:
        return (*missed, "agent_non_response_without_customer_abandons")
    return missed


def connecting(ring: Ring) -> str:
    """The name of the sum that the ringing's time belongs to."""
    return f"{WAYS.get(ring.method, 'incoming')}_connecting_ms"


def states(times: Mapping[Doing, int]) -> dict[str, int]:
    """Milliseconds in each activity, in alphabetical order."""
    found = Counter[str]()
    for each, ms in times.items():
        found[each.state] += ms
    return {state: ms for state, ms in sorted(found.items()) if ms}


def metrics(times: Mapping[Doing, int], counted: Mapping[str, int]) -> dict[str, int]:
    """Times in ms and counts of an agent, or of a day's agents.

    Idle is Available without a contact that is worked on; the time in which one rings is part of
    `idle_ms` and told apart as `idle_ringing_ms`, because the official definitions disagree on it.
    """
    found = Counter[str]()
    for each, ms in times.items():
        found["online_ms"] += ms
        found["contact_time_ms"] += ms * each.active
        found["contact_time_routable_ms"] += ms * each.active * (not each.is_custom)
        for name in _names(each):
            found[name] += ms
    return {name: found[name] for name in _TIMES} | {name: counted.get(name, 0) for name in _COUNTS}


def _names(each: Doing) -> list[str]:
    """The times that count while the agent is at it."""
    names = []
    if each.is_custom:
        names.append("non_productive_ms")
    elif each.active:
        names.append("on_contact_ms")
    else:
        names.append("idle_ms")
        if each.ringing:
            names.append("idle_ringing_ms")
    if each.errors:
        names.append("error_ms")
    if each.ringing:
        names.append("ringing_ms")
    return names


_TIMES = (
    "online_ms",
    "on_contact_ms",
    "idle_ms",
    "idle_ringing_ms",
    "non_productive_ms",
    "error_ms",
    "ringing_ms",
    "contact_time_ms",
    "contact_time_routable_ms",
)
_COUNTS = (
    "contacts_offered",
    "contacts_accepted",
    "agent_non_response",
    "agent_non_response_without_customer_abandons",
    *(
        f"{way}_connecting_{what}"
        for way in ("incoming", "outbound", "callback", "api")
        for what in ("attempts", "ms")
    ),
    "contacts_handled",
    "handle_time_ms",
)
