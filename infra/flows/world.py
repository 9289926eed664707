"""What surrounds a flow when it is run without Amazon Connect, and how a contact fared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True)
class World:
    """What surrounds a flow: the Lambda, the agents, the queues, and what of it is broken.

    `answer` is the Lambda: an event in, its answer out, an exception for a failed call, which is
    tried three times; each call takes `lambda_takes_s`. `free` are the ids of agents who count as
    available now; `answers_after_s` says how long after the call's beginning an agent would take an
    offer, and who is not in it never does. `staff` are a queue's agents. `failing` are identifiers
    or types of actions that take their error branch.
    """

    answer: Callable[[dict[str, Any]], object]
    lambda_takes_s: float = 0.2
    free: frozenset[str] = frozenset()
    answers_after_s: Mapping[str, float] = field(default_factory=dict)
    staff: Mapping[str, frozenset[str]] = field(default_factory=dict)
    full: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    patience_s: float = 3600


class Place(NamedTuple):
    """Where a contact is: `QUEUE` with its ARN, `AGENT_QUEUE` with the agent's id."""

    kind: str
    id: str = ""


class Visit(NamedTuple):
    """An action that was run, what came of it, and when."""

    action: str
    type: str
    outcome: str
    at_s: float


class Run(NamedTuple):
    """How a contact fared; `agent_id` None means that nobody took it within the patience.

    `step` is the routing step that an agent was joined in, from 1; 0 when none was active. `places`
    are all that the contact was put into, in order.
    """

    place: Place
    agent_id: str | None
    step: int
    waited_s: float
    attributes: dict[str, str]
    priority: int | None
    trace: tuple[Visit, ...]
    places: tuple[Place, ...] = ()


DISCONNECTED = Place("DISCONNECTED")
