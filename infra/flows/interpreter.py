"""Runs a flow as Amazon Connect does, in an invented world where anything can be made to fail."""

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from infra.flows import actions
from infra.flows.document import Action, Document
from infra.flows.world import DISCONNECTED, Place, Run, Visit, World
from ingestion.errors import LakeError
from lambdas.routing.choose import NONE

LARGEST_ANSWER_BYTES = 32_768
MOST_VISITS = 5000
MOST_TRIES = 3  # of a Lambda that fails, within the time limit of its block

_REFERENCE = re.compile(r"\$\.(External|Attributes|Queue)\.([\w-]+)")


class FlowRunError(LakeError):
    """A flow uses what the interpreter does not know, or runs in circles."""


class _Outcome(NamedTuple):
    """`kind` Next, Error (its type), Value (for the conditions) or End."""

    kind: str
    value: str = ""


_NEXT, _END, _ERROR = _Outcome("Next"), _Outcome("End"), _Outcome("Error", actions.NO_ERROR)


@dataclass
class _Call:
    """A contact on its way; the only thing here that changes."""

    world: World
    contact: Mapping[str, Any]
    external: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    target: Place | None = None
    hook: str | None = None
    criteria: list[tuple[list[str], float]] = field(default_factory=list)
    priority: int | None = None
    places: list[Place] = field(default_factory=list)
    queued_at_s: float = 0.0
    now_s: float = 0.0
    agent_id: str | None = None
    step: int = 0
    loops: Counter[str] = field(default_factory=Counter)
    trace: list[Visit] = field(default_factory=list)

    @property
    def place(self) -> Place:
        """Where the contact is now."""
        return self.places[-1] if self.places else DISCONNECTED


def run(
    document: Document,
    world: World,
    contact: Mapping[str, Any],
    queue_flows: Mapping[str, Document] | None = None,
) -> Run:
    """The run of an inbound flow, and of the customer queue flow it set, for one contact.

    `contact` is the event's ContactData; `queue_flows` are by flow ARN.
    """
    call = _Call(world, contact, attributes=dict(contact.get("Attributes") or {}))
    _walk(call, document)
    if call.place != DISCONNECTED:
        waiting = (queue_flows or {}).get(call.hook or "")
        if waiting is not None:
            _walk(call, waiting)
        _wait(call, world.patience_s)
    return Run(
        call.place,
        call.agent_id,
        call.step,
        call.now_s - call.queued_at_s,
        call.attributes,
        call.priority,
        tuple(call.trace),
        tuple(call.places),
    )


def _walk(call: _Call, document: Document) -> None:
    by_id = {action["Identifier"]: action for action in document["Actions"]}
    here: str | None = document["StartAction"]
    while here is not None:
        action = by_id[here]
        outcome = _outcome(call, action)
        call.trace.append(Visit(here, action["Type"], " ".join(outcome).strip(), call.now_s))
        if len(call.trace) > MOST_VISITS:
            raise FlowRunError(
                f"{here}: {MOST_VISITS} actions and no end; the flow runs in circles"
            )
        here = _then(action, outcome)


def _outcome(call: _Call, action: Action) -> _Outcome:
    """A reference that holds nothing fails an action, save those that can do without."""
    type_ = action["Type"]
    if type_ not in _TYPES:
        raise FlowRunError(f"{action['Identifier']}: the interpreter does not know {type_}")
    if call.world.failing & {action["Identifier"], type_}:
        return _ERROR
    given = _resolved(call, action["Parameters"])
    if type_ not in (actions.COMPARE, actions.LAMBDA) and _is_blank(given):
        return _ERROR
    return _TYPES[type_](call, {**given, "Identifier": action["Identifier"]})


def _then(action: Action, outcome: _Outcome) -> str | None:
    """The way that an outcome takes; an error without a branch goes on, as a Loop's would."""
    if outcome.kind == "End":
        return None
    ways = action["Transitions"]
    if outcome.kind == "Value":
        for case in ways.get("Conditions", ()):
            if _holds(case["Condition"], outcome.value):
                return str(case["NextAction"])
    branches = {error["ErrorType"]: str(error["NextAction"]) for error in ways.get("Errors", ())}
    wanted = {"Value": (actions.NO_CONDITION,), "Error": (outcome.value, actions.NO_ERROR)}
    taken = (branches[name] for name in wanted.get(outcome.kind, ()) if name in branches)
    return next(taken, ways.get("NextAction"))


def _holds(condition: Mapping[str, Any], value: str) -> bool:
    operand = condition["Operands"][0]
    if condition["Operator"] == "Equals":
        return bool(value == operand)
    if condition["Operator"] == "NumberGreaterThan":
        return float(value) > float(operand)
    raise FlowRunError(f"the interpreter does not know the operator {condition['Operator']}")


def _resolved(call: _Call, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(call, child) for key, child in value.items()}
    if isinstance(value, list):
        return [_resolved(call, child) for child in value]
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return _looked_up(call, *found.groups()) if found else value


def _looked_up(call: _Call, space: str, key: str) -> str:
    if space == "Queue":
        return call.place.id if (call.place.kind, key) == ("QUEUE", "ARN") else ""
    return (call.external if space == "External" else call.attributes).get(key, "")


def _is_blank(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_is_blank, value.values() if isinstance(value, dict) else value))
    return bool(value == "")


def _lambda(call: _Call, given: Mapping[str, Any]) -> _Outcome:
    """Fails like the block: three exceptions, too long, unreadable or too large an answer."""
    event = {
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {**call.contact, "Attributes": dict(call.attributes)},
            "Parameters": given["LambdaInvocationAttributes"],
        },
    }
    call.external = {}
    answer = _answered(call, event, call.now_s + float(given["InvocationTimeLimitSeconds"]))
    if not _is_readable(answer):
        return _ERROR
    call.external = dict(answer)  # type: ignore[call-overload]
    return _NEXT


def _answered(call: _Call, event: dict[str, Any], ends_s: float) -> object:
    """What the Lambda answers in time, else None: Amazon Connect tries a failed call again.

    A call that comes too late, or whose answer is lost, has been made all the same.
    """
    for _ in range(MOST_TRIES):
        if call.now_s >= ends_s:
            break
        answers_s = call.now_s + call.world.lambda_takes_s
        call.now_s = min(answers_s, ends_s)
        try:
            answer = call.world.answer(copy.deepcopy(event))
        except Exception:  # noqa: BLE001, S112 - whatever a Lambda raises, it is tried again
            continue
        return answer if answers_s <= ends_s else None
    return None


def _is_readable(answer: object) -> bool:
    """A flat map of texts, of at most 32 KB: what STRING_MAP demands."""
    return (
        isinstance(answer, dict)
        and all(isinstance(part, str) for pair in answer.items() for part in pair)
        and len(json.dumps(answer, ensure_ascii=False).encode()) <= LARGEST_ANSWER_BYTES
    )


def _compare(_call: _Call, given: Mapping[str, Any]) -> _Outcome:
    return _Outcome("Value", given["ComparisonValue"])


def _attributes(call: _Call, given: Mapping[str, Any]) -> _Outcome:
    call.attributes.update(given["Attributes"])
    return _NEXT


def _target_queue(call: _Call, given: Mapping[str, Any]) -> _Outcome:
    is_agents = "AgentId" in given
    place = (
        Place("AGENT_QUEUE", given["AgentId"]) if is_agents else Place("QUEUE", given["QueueId"])
    )
    if place.id == NONE or place.id in call.world.missing:
        return _ERROR
    call.target = place
    return _NEXT


def _metric(call: _Call, _given: Mapping[str, Any]) -> _Outcome:
    if call.target is None:
        return _ERROR
    is_agents = call.target.kind == "AGENT_QUEUE"
    staff = {call.target.id} if is_agents else call.world.staff.get(call.target.id, frozenset())
    return _Outcome("Value", str(len(call.world.free & staff)))


def _transfer(call: _Call, _given: Mapping[str, Any]) -> _Outcome:
    refused = _refused(call, call.target)
    if refused is None and call.target is not None:
        call.places.append(call.target)
        call.queued_at_s = call.now_s
        return _END
    return refused or _ERROR


def _dequeue(call: _Call, given: Mapping[str, Any]) -> _Outcome:
    """The contact leaves its queue for another one, and its routing criteria behind."""
    place = Place("QUEUE", given["QueueId"])
    if refused := _refused(call, place):
        return refused
    call.places.append(place)
    call.queued_at_s, call.criteria = call.now_s, []
    return _NEXT


def _refused(call: _Call, place: Place | None) -> _Outcome | None:
    if place is None or place.id in call.world.missing:
        return _ERROR
    return _Outcome("Error", actions.AT_CAPACITY) if place.id in call.world.full else None


def _criteria(call: _Call, given: Mapping[str, Any]) -> _Outcome:
    steps = [
        (
            step["Expression"]["AttributeCondition"]["MatchCriteria"]["AgentsCriteria"]["AgentIds"],
            float(step["Expiry"]["DurationInSeconds"]),
        )
        for step in given["RoutingCriteria"]["Steps"]
    ]
    if any(agent in (NONE, *call.world.missing) for agents, _ in steps for agent in agents):
        return _ERROR
    call.criteria = steps
    return _NEXT


def _behavior(call: _Call, given: Mapping[str, Any]) -> _Outcome:
    call.priority = int(given["QueuePriority"])
    return _NEXT


def _hooks(call: _Call, given: Mapping[str, Any]) -> _Outcome:
    call.hook = given["EventHooks"].get("CustomerQueue", call.hook)
    return _NEXT


def _loop(call: _Call, given: Mapping[str, Any]) -> _Outcome:
    name = given["Identifier"]
    call.loops[name] += 1
    is_done = call.loops[name] > int(given["LoopCount"])
    return _Outcome("Value", actions.DONE if is_done else actions.CONTINUE)


def _prompts(call: _Call, given: Mapping[str, Any]) -> _Outcome:
    """Time passes here: until the interrupt, an agent, or the end of patience."""
    interrupt_s = float(given.get("InterruptFrequencySeconds", call.world.patience_s))
    is_over = _wait(call, min(call.now_s + interrupt_s, call.world.patience_s))
    return _END if is_over else _Outcome("Value", actions.INTERRUPTED)


def _wait(call: _Call, until_s: float) -> bool:
    """Waits for an agent until then; True when one came or patience ended."""
    joined = _joined(call)
    if call.agent_id is None and joined is not None and joined[0] <= until_s:
        call.now_s, call.agent_id, call.step = joined
        return True
    call.now_s = max(call.now_s, until_s) if call.agent_id is None else call.now_s
    return call.agent_id is not None or call.now_s >= call.world.patience_s


def _joined(call: _Call) -> tuple[float, str, int] | None:
    """When which agent takes the contact, if it stays where it is; criteria go step by step."""
    ready = call.world.answers_after_s
    if call.place.kind == "AGENT_QUEUE":
        agent = call.place.id
        return (max(call.queued_at_s, ready[agent]), agent, 0) if agent in ready else None
    staff = {agent for agent in call.world.staff.get(call.place.id, ()) if agent in ready}
    begin_s = call.queued_at_s
    for step, (agents, expiry_s) in enumerate(call.criteria, 1):
        at = min(((max(begin_s, ready[each]), each) for each in staff & set(agents)), default=None)
        if at is not None and at[0] < begin_s + expiry_s:
            return (*at, step)
        begin_s += expiry_s
    at = min(((max(begin_s, ready[each]), each) for each in staff), default=None)
    return None if at is None else (*at, 0)


def _done(_call: _Call, _given: Mapping[str, Any]) -> _Outcome:
    return _END


def _said(_call: _Call, _given: Mapping[str, Any]) -> _Outcome:
    return _NEXT


_TYPES: dict[str, Callable[[_Call, Mapping[str, Any]], _Outcome]] = {
    actions.LAMBDA: _lambda,
    actions.COMPARE: _compare,
    actions.ATTRIBUTES: _attributes,
    actions.TARGET_QUEUE: _target_queue,
    actions.METRIC: _metric,
    actions.TRANSFER: _transfer,
    actions.DEQUEUE: _dequeue,
    actions.CRITERIA: _criteria,
    actions.BEHAVIOR: _behavior,
    actions.HOOKS: _hooks,
    actions.LOOP: _loop,
    actions.PROMPTS: _prompts,
    actions.MESSAGE: _said,
    actions.DISCONNECT: _done,
    actions.END: _done,
}
