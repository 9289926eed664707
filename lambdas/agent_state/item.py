"""An agent's state as its item in `AgentState`, and back: the one place that knows the names.

What is counted or looked up by routing is kept as compact JSON text: a DynamoDB map costs its
reader seven microseconds a value, and a decision reads a hundred items.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lambdas.agent_state.fold import KEPT_FOR, Seen
from lambdas.routing.live import AgentState, Slots

Item = Mapping[str, Mapping[str, Any]]

ROUTING_NAMES = (
    *("AgentId", "version", "isRoutable", "nextStatus", "lastEventAt", "hasHeartbeats"),
    *("idleSince", "slots", "pending", "taken", "skills"),
)


def item(seen: Seen) -> dict[str, dict[str, Any]]:
    """The whole item; attributes without a value are left out."""
    live = seen.live
    kind, event_id = seen.event
    values = {
        **promises(live),
        "AgentId": {"S": live.agent_id},
        "isRoutable": {"BOOL": live.is_routable},
        "hasHeartbeats": {"BOOL": live.has_heartbeats},
        "nextStatus": _text(live.next_status),
        "lastEventAt": _instant_text(live.seen_at),
        "lastEvent": _text(kind),
        "lastEventId": _text(event_id),
        "lastHeartbeatAt": _instant_text(seen.heartbeat_at),
        "idleSince": _instant_text(live.idle_since),
        "slots": _json({name: list(slots) for name, slots in live.slots.items()}),
        "taken": _json([round(at, 3) for at in live.taken]),
        "skills": _json(dict(live.skills)),
        "status": _text(seen.status),
        "agentName": _text(seen.agent_name),
        "routingProfile": _text(seen.routing_profile),
        "contacts": _json(list(seen.contacts)),
        "ttl": None
        if live.seen_at is None
        else {"N": str(int((live.seen_at + KEPT_FOR).timestamp()))},
    }
    return {name: value for name, value in values.items() if value is not None}


def promises(live: AgentState) -> dict[str, dict[str, Any]]:
    """The attributes that change with a promise: contacts, how many, and the count of writes."""
    return {
        "pending": _json(dict(live.pending)),
        "pendingCount": {"N": str(len(live.pending))},
        "version": {"N": str(live.version)},
    }


def agent_state(stored: Item) -> AgentState | None:
    """The state that an item holds, for routing; None for an item that makes no sense."""
    try:
        return AgentState(
            agent_id=stored["AgentId"]["S"],
            is_routable=stored["isRoutable"]["BOOL"] is True,
            seen_at=_instant(stored, "lastEventAt"),
            slots={name: Slots(*map(int, each)) for name, each in _loaded(stored, "slots").items()},
            next_status=stored.get("nextStatus", {}).get("S"),
            has_heartbeats=stored.get("hasHeartbeats", {}).get("BOOL") is True,
            idle_since=_instant(stored, "idleSince"),
            pending={who: float(ends) for who, ends in _loaded(stored, "pending").items()},
            taken=tuple(map(float, json.loads(stored.get("taken", {}).get("S", "[]")))),
            skills={name: float(level) for name, level in _loaded(stored, "skills").items()},
            version=int(stored["version"]["N"]),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None


def seen(stored: Item) -> Seen | None:
    """The whole state that an item holds; None for an item that makes no sense."""
    live = agent_state(stored)
    if live is None:
        return None
    texts = {name: value.get("S") for name, value in stored.items()}
    return Seen(
        live,
        event=(texts.get("lastEvent") or "", texts.get("lastEventId") or ""),
        status=texts.get("status"),
        agent_name=texts.get("agentName"),
        routing_profile=texts.get("routingProfile"),
        contacts=tuple(json.loads(texts.get("contacts") or "[]")),
        heartbeat_at=_instant(stored, "lastHeartbeatAt"),
    )


def _text(value: str | None) -> dict[str, Any] | None:
    return {"S": value} if value else None


def _json(value: object) -> dict[str, Any]:
    return {"S": json.dumps(value, separators=(",", ":"), sort_keys=True)}


def _loaded(stored: Item, name: str) -> dict[str, Any]:
    value = json.loads(stored.get(name, {}).get("S", "{}"))
    if not isinstance(value, dict):
        raise TypeError(name)
    return value


def _instant_text(at: datetime | None) -> dict[str, Any] | None:
    """UTC text of fixed width, so that the order of texts is the order of time."""
    if at is None:
        return None
    return {"S": at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"}


def _instant(stored: Item, name: str) -> datetime | None:
    text = stored.get(name, {}).get("S")
    return None if text is None else datetime.fromisoformat(text)
