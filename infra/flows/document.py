"""A flow as a document of the Amazon Connect flow language: its actions, its edges, its paths."""

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

CONTACT_FLOW = "CONTACT_FLOW"
CUSTOMER_QUEUE = "CUSTOMER_QUEUE"
VERSION = "2019-10-30"

Action = dict[str, Any]
Document = dict[str, Any]
State = TypeVar("State", bound=Hashable)


class Flow(NamedTuple):
    """A document and what Amazon Connect is told of it; `name` is its file's too."""

    name: str
    type: str
    document: Document

    @property
    def by_id(self) -> dict[str, Action]:
        """Actions by identifier, the first where two share one."""
        actions = reversed(self.document["Actions"])
        return {action["Identifier"]: action for action in actions}

    @property
    def start(self) -> str:
        """The identifier of the first action."""
        return str(self.document["StartAction"])

    @property
    def text(self) -> str:
        """The document as JSON, the same for the same flow."""
        return json.dumps(self.document, indent=1, ensure_ascii=False)


class Edge(NamedTuple):
    """A way from one action to another: `kind` Next, Error (label: its type) or Condition.

    A condition's label is its operands, which an Equals takes one of.
    """

    source: str
    target: str
    kind: str
    label: str = ""


def document(start: str, actions: Iterable[Action]) -> Document:
    """Actions as a flow document, laid out in columns of ten for the console's canvas."""
    listed = list(actions)
    return {
        "Version": VERSION,
        "StartAction": start,
        "Metadata": {
            "entryPointPosition": {"x": 0, "y": 0},
            "ActionMetadata": {
                action["Identifier"]: {
                    "position": {"x": 240 * (1 + place // 10), "y": 200 * (place % 10)}
                }
                for place, action in enumerate(listed)
            },
        },
        "Actions": listed,
    }


def edges(action: Action) -> Iterator[Edge]:
    """The ways out of an action: next, errors, conditions."""
    source, ways = action["Identifier"], action["Transitions"]
    if "NextAction" in ways:
        yield Edge(source, ways["NextAction"], "Next")
    for error in ways.get("Errors", ()):
        yield Edge(source, error["NextAction"], "Error", error["ErrorType"])
    for condition in ways.get("Conditions", ()):
        label = "|".join(condition["Condition"]["Operands"])
        yield Edge(source, condition["NextAction"], "Condition", label)


def walked(
    flow: Flow, state: State, after: Callable[[Action, Edge, State], State | None]
) -> set[tuple[str, State]]:
    """Every action with every state in which some path from the start can reach it.

    `after` is the state behind an edge, or None where a path ends. States must be few.
    """
    by_id = flow.by_id
    seen = {(flow.start, state)} if flow.start in by_id else set()
    waiting = list(seen)
    while waiting:
        here, held = waiting.pop()
        for edge in edges(by_id[here]):
            then = after(by_id[here], edge, held)
            if then is not None and edge.target in by_id and (edge.target, then) not in seen:
                seen.add((edge.target, then))
                waiting.append((edge.target, then))
    return seen


def leaves(value: object) -> Iterator[object]:
    """Every scalar inside parameters."""
    if isinstance(value, Mapping):
        for child in value.values():
            yield from leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child)
    else:
        yield value
