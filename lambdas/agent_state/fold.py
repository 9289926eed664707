"""What an agent's events come to: pure. Late events and repetitions are dropped."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import reduce
from typing import NamedTuple

from lambdas.agent_state.event import AgentEvent, Snapshot, order
from lambdas.routing.live import AgentState

TAKEN_FOR = timedelta(minutes=30)  # longer than any score is used
KEPT_FOR = timedelta(days=7)


class Seen(NamedTuple):
    """An agent's state for routing, and beside it what only people and the next event look at."""

    live: AgentState
    event: tuple[str, str] = ("", "")  # kind and id of the newest event
    status: str | None = None
    agent_name: str | None = None
    routing_profile: str | None = None
    contacts: tuple[str, ...] = ()
    heartbeat_at: datetime | None = None


def after(seen: Seen | None, events: Iterable[AgentEvent]) -> Seen | None:
    """The state after one agent's events, in any order; old ones and repetitions change nothing.

    None when there was no state and no event.
    """
    return reduce(_after, sorted(events, key=lambda event: event.order), seen)


def is_news(seen: Seen | None, event: AgentEvent) -> bool:
    """Whether the event is newer than all that made the state."""
    if seen is None or seen.live.seen_at is None:
        return True
    return event.order > order(seen.live.seen_at, *seen.event)


def _after(seen: Seen | None, event: AgentEvent) -> Seen:
    before = seen or Seen(AgentState(event.agent_id))
    if not is_news(seen, event):
        return before
    is_beat = event.kind == "HEART_BEAT"
    beaten = before._replace(
        live=before.live._replace(
            seen_at=event.at,
            has_heartbeats=before.live.has_heartbeats or is_beat,
            pending=_pending(before.live, event),
            taken=_taken(before.live, event),
        ),
        event=(event.kind, event.event_id),
        heartbeat_at=event.at if is_beat else before.heartbeat_at,
    )
    if event.current is None:
        return beaten if is_beat else _absent(beaten, event)
    return _shown(beaten, event, event.current)


def _absent(seen: Seen, event: AgentEvent) -> Seen:
    """Without a snapshot nothing is known but that the agent logged in or out: not available."""
    live = seen.live._replace(is_routable=False, next_status=None, slots={}, idle_since=None)
    return seen._replace(live=live, status=event.kind, contacts=())


def _shown(seen: Seen, event: AgentEvent, now: Snapshot) -> Seen:
    is_routable = now.is_routable and event.kind != "LOGOUT"
    is_idle = is_routable and not now.contacts
    idle_since = (seen.live.idle_since or event.at) if is_idle else None
    return seen._replace(
        live=seen.live._replace(
            is_routable=is_routable,
            next_status=now.next_status,
            slots=now.slots,
            idle_since=idle_since,
            skills=now.skills,
        ),
        status=now.status,
        agent_name=now.agent_name,
        routing_profile=now.routing_profile,
        contacts=tuple(sorted(now.contacts)),
    )


def _pending(live: AgentState, event: AgentEvent) -> dict[str, float]:
    """The promises that are still open: a contact that shows is counted by its slot from now on."""
    at_s = event.at.timestamp()
    shown = event.shown
    return {who: ends for who, ends in live.pending.items() if ends > at_s and who not in shown}


def _taken(live: AgentState, event: AgentEvent) -> tuple[float, ...]:
    since = (event.at - TAKEN_FOR).timestamp()
    came = [event.at.timestamp()] * len(event.newcomers)
    return tuple(at for at in (*live.taken, *came) if at > since)
