"""What is wrong with a flow, before Amazon Connect or a caller finds out."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from infra.flows import actions, path_rules, shapes
from infra.flows.document import VERSION, Action, Edge, Flow, edges, leaves, walked
from infra.flows.shapes import SHAPES
from lambdas.routing.choose import NONE, RESPONSE_KEYS

_EXTERNAL = re.compile(r"\$\.External\.([\w-]+)")
_REFERENCE = re.compile(r"\$\.[A-Za-z]\w*(\.[\w-]+)+")
_DIGITS = re.compile(r"[0-9]{1,18}")


class Finding(NamedTuple):
    """One fault: the rule that found it, the action, and what to mend."""

    rule: str
    action: str
    message: str

    def __str__(self) -> str:
        return f"{self.action}: {self.message} [{self.rule}]"


Fault = tuple[str, str]  # action, message
Rule = Callable[[Flow], Iterator[Fault]]


def findings(flow: Flow, rules: Sequence[Rule] | None = None) -> list[Finding]:
    """Every fault by every rule of ours; of a document that is no flow at all, only that."""
    asked = RULES if rules is None else rules
    return [
        Finding(rule.__name__.replace("_", "-"), action, message)
        for rule in (asked if not any(shape(flow)) else (shape,))
        for action, message in rule(flow)
    ]


def shape(flow: Flow) -> Iterator[Fault]:
    """A document of the flow language, or nothing else can be said."""
    made = flow.document
    if made.get("Version") != VERSION:
        yield "", f"Version is {made.get('Version')!r}, not {VERSION!r}"
    listed = made.get("Actions")
    if not isinstance(made.get("StartAction"), str) or not isinstance(listed, list):
        yield "", "StartAction is no text, or Actions no list"
        return
    for place, action in enumerate(listed):
        if not _is_action(action):
            yield str(place), "an action is Identifier, Type, Parameters, Transitions"


def _is_action(action: Any) -> bool:
    return (
        isinstance(action, dict)
        and all(isinstance(action.get(key), str) for key in ("Identifier", "Type"))
        and all(isinstance(action.get(key), dict) for key in ("Parameters", "Transitions"))
        and _are_ways(action["Transitions"])
    )


def _are_ways(ways: dict[str, Any]) -> bool:
    errors_, cases = ways.get("Errors", []), ways.get("Conditions", [])
    return (
        isinstance(ways.get("NextAction", ""), str)
        and all(isinstance(each, list) for each in (errors_, cases))
        and all(_has_texts(each, "NextAction", "ErrorType") for each in errors_)
        and all(
            _has_texts(each, "NextAction") and _is_test(each.get("Condition")) for each in cases
        )
    )


def _is_test(condition: Any) -> bool:
    if not _has_texts(condition, "Operator"):
        return False
    operands = condition.get("Operands")
    return isinstance(operands, list) and all(isinstance(each, str) for each in operands)


def _has_texts(value: Any, *keys: str) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in keys)


def start(flow: Flow) -> Iterator[Fault]:
    """There is a first action."""
    if flow.start not in flow.by_id:
        yield flow.start, "StartAction names no action"


def targets(flow: Flow) -> Iterator[Fault]:
    """Every transition goes to an action."""
    known = flow.by_id
    for edge in _edges(flow):
        if edge.target not in known:
            way = f"{edge.kind} {edge.label}".strip()
            yield edge.source, f"{way} goes to {edge.target!r}, no action"


def reachable(flow: Flow) -> Iterator[Fault]:
    """Every action can be reached."""
    found = {name for name, _ in walked(flow, 0, lambda _action, _edge, held: held)}
    for action in flow.document["Actions"]:
        if action["Identifier"] not in found and flow.start in flow.by_id:
            yield action["Identifier"], "no path from the start leads here"


def identifiers(flow: Flow) -> Iterator[Fault]:
    """Identifiers are unique, short and legal."""
    names = Counter(action["Identifier"] for action in flow.document["Actions"])
    for name, times in names.items():
        if times > 1:
            yield name, f"{times} actions have this identifier"
        if not 0 < len(name) <= shapes.LONGEST_ID:
            yield name, f"an identifier has 1 to {shapes.LONGEST_ID} characters"
        if bad := shapes.FORBIDDEN_IN_ID.intersection(name):
            yield name, f"an identifier has no {' '.join(sorted(bad))}"
        if name in shapes.FORBIDDEN_IDS:
            yield name, "this identifier is forbidden"


def number_of_actions(flow: Flow) -> Iterator[Fault]:
    """At most 250 actions."""
    if (n := len(flow.document["Actions"])) > shapes.MOST_ACTIONS:
        yield flow.start, f"{n} actions, at most {shapes.MOST_ACTIONS}; offer fewer candidates"


def size(flow: Flow) -> Iterator[Fault]:
    """Less than 256,000 characters."""
    if (n := len(flow.text)) >= shapes.MOST_CHARACTERS:
        yield flow.start, f"{n} characters, fewer than {shapes.MOST_CHARACTERS} are allowed"


def types(flow: Flow) -> Iterator[Fault]:
    """Each type is known, and allowed in this type of flow."""
    for action in flow.document["Actions"]:
        known = SHAPES.get(action["Type"])
        if known is None:
            yield action["Identifier"], f"type {action['Type']} is not known"
        elif flow.type not in known.flow_types:
            yield action["Identifier"], f"{action['Type']} does not run in a {flow.type} flow"


def errors(flow: Flow) -> Iterator[Fault]:
    """Each type carries the error branches without which the service rejects it."""
    for action, demanded in _known(flow):
        carried = Counter(e["ErrorType"] for e in action["Transitions"].get("Errors", ()))
        for error in demanded.errors:
            if carried[error] == 0:
                yield action["Identifier"], f"{action['Type']} has no branch for {error}"
        for error in carried:
            if error not in demanded.errors or carried[error] > 1:
                yield action["Identifier"], f"{action['Type']} has no place for this {error}"


def next_action(flow: Flow) -> Iterator[Fault]:
    """A terminal action has no next one; every other has."""
    for action, demanded in _known(flow):
        if demanded.has_next != ("NextAction" in action["Transitions"]):
            word = "needs a" if demanded.has_next else "has no"
            yield action["Identifier"], f"{action['Type']} {word} NextAction"


def conditions(flow: Flow) -> Iterator[Fault]:
    """Conditions are of the form that the type takes, and no two take the same value."""
    for action, _ in _known(flow):
        asked = [
            (case["Condition"]["Operator"], tuple(case["Condition"]["Operands"]))
            for case in action["Transitions"].get("Conditions", ())
        ]
        if len(set(asked)) < len(asked):
            yield action["Identifier"], "two conditions are the same"
        for fault in _conditions(action, asked):
            yield action["Identifier"], fault


def _conditions(action: Action, asked: list[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    type_, given = action["Type"], action["Parameters"]
    if type_ == actions.COMPARE:
        if not asked or not all(operator in shapes.OPERATORS for operator, _ in asked):
            yield f"Compare takes conditions with {', '.join(sorted(shapes.OPERATORS))}"
        if not _REFERENCE.fullmatch(str(given.get("ComparisonValue", ""))):
            yield "ComparisonValue is no reference like $.Attributes.name"
        return
    if type_ == actions.METRIC and str(given.get("MetricType")) not in shapes.AGENT_METRICS:
        if not asked or not all(operator.startswith("Number") for operator, _ in asked):
            yield "a queue metric is compared as a number"
        return
    wanted = _fixed(type_, given)
    if set(asked) != {(operator, (operand,)) for operator, operand in wanted}:
        yield f"{type_} takes the conditions {wanted or 'none'}"


def _fixed(type_: str, given: Action) -> list[tuple[str, str]]:
    """The conditions of a type that leaves no choice."""
    if type_ == actions.METRIC:
        return [("NumberGreaterThan", "0")]
    if type_ == actions.LOOP:
        return [("Equals", actions.CONTINUE), ("Equals", actions.DONE)]
    if type_ == actions.PROMPTS and "InterruptFrequencySeconds" in given:
        return [("Equals", actions.INTERRUPTED)]
    return []


def metrics(flow: Flow) -> Iterator[Fault]:
    """Metric names are spelt as the service spells them."""
    for action in _of(flow, actions.METRIC):
        if str(action["Parameters"].get("MetricType")) not in shapes.METRICS:
            yield action["Identifier"], f"MetricType is one of {', '.join(sorted(shapes.METRICS))}"


def time_limit(flow: Flow) -> Iterator[Fault]:
    """A flow waits 1 to 8 seconds for a Lambda, written as a number."""
    for action in _of(flow, actions.LAMBDA):
        if not _is_within(action["Parameters"].get("InvocationTimeLimitSeconds"), 1, 8):
            yield action["Identifier"], "InvocationTimeLimitSeconds is a number from 1 to 8"


def blanks(flow: Flow) -> Iterator[Fault]:
    """No empty text: the service rejects it as a parameter and as an operand."""
    for action in flow.document["Actions"]:
        operands = [
            case["Condition"]["Operands"] for case in action["Transitions"].get("Conditions", ())
        ]
        if "" in leaves([action["Parameters"], operands]):
            yield action["Identifier"], f"an empty text; write {NONE} where there is nothing"


def scalars(flow: Flow) -> Iterator[Fault]:
    """Every scalar is a text; inside routing criteria numbers are seen too."""
    for action in flow.document["Actions"]:
        given = {k: v for k, v in action["Parameters"].items() if k != "RoutingCriteria"}
        for value in leaves(given):
            if not isinstance(value, str):
                yield action["Identifier"], f"{value!r} is no text"


def agent_or_queue(flow: Flow) -> Iterator[Fault]:
    """A queue is named by agent or by queue, not both; where it must be named, by one."""
    for action in _of(flow, actions.TARGET_QUEUE, actions.DEQUEUE, actions.METRIC):
        named = {"AgentId", "QueueId"} & action["Parameters"].keys()
        least = 0 if action["Type"] == actions.METRIC else 1
        if not least <= len(named) <= 1:
            yield action["Identifier"], f"AgentId and QueueId: {len(named)} of them, not one"


def criteria(flow: Flow) -> Iterator[Fault]:
    """Every step of routing criteria expires at a set time and names 1 to 10 agents."""
    for action in _of(flow, actions.CRITERIA):
        steps = list(actions.steps(action))
        if not steps:
            yield action["Identifier"], "routing criteria without a step of agents"
        for agents, expiry in steps:
            if not _is_within(expiry, 1, 10**6):
                yield action["Identifier"], "a step without a set expiry holds a caller for ever"
            if not 1 <= len(agents) <= shapes.MOST_AGENTS_A_STEP or NONE in agents:
                yield action["Identifier"], f"a step names 1 to 10 agents, not {agents}"


def static_numbers(flow: Flow) -> Iterator[Fault]:
    """Priority, loop count and interrupt are set in the flow: the service takes no reference.

    An interrupt of 20 seconds or less would try to move a contact while it is being offered.
    """
    demanded = [
        (actions.BEHAVIOR, "QueuePriority", 1, 10**18),
        (actions.LOOP, "LoopCount", 1, 100),
        (actions.PROMPTS, "InterruptFrequencySeconds", shapes.LEAST_INTERRUPT_S, 10**6),
    ]
    for type_, key, least, most in demanded:
        for action in _of(flow, type_):
            is_optional = type_ == actions.PROMPTS and key not in action["Parameters"]
            if not is_optional and not _is_within(action["Parameters"].get(key), least, most):
                yield action["Identifier"], f"{key} is a number from {least}, not a reference"


def external_keys(flow: Flow) -> Iterator[Fault]:
    """What is read of the Lambda's answer is what the Lambda declares."""
    for action in flow.document["Actions"]:
        for value in leaves(action["Parameters"]):
            for key in _EXTERNAL.findall(str(value)):
                if key not in RESPONSE_KEYS:
                    yield action["Identifier"], f"the Lambda declares no key {key}"


def _known(flow: Flow) -> Iterator[tuple[Action, shapes.Shape]]:
    for action in flow.document["Actions"]:
        if action["Type"] in SHAPES:
            yield action, SHAPES[action["Type"]]


def _of(flow: Flow, *types_: str) -> Iterator[Action]:
    return (action for action in flow.document["Actions"] if action["Type"] in types_)


def _edges(flow: Flow) -> Iterator[Edge]:
    return (edge for action in flow.document["Actions"] for edge in edges(action))


def _is_within(value: object, least: int, most: int) -> bool:
    text = str(value) if isinstance(value, str | int) else ""
    return bool(_DIGITS.fullmatch(text)) and least <= int(text) <= most


RULES: tuple[Rule, ...] = (
    *(start, targets, reachable, identifiers, number_of_actions, size),
    *(types, errors, next_action, conditions, metrics, time_limit, blanks, scalars),
    *(agent_or_queue, criteria, static_numbers, external_keys),
    *(path_rules.ends, path_rules.queue_before_disconnect, path_rules.external_life),
    *(path_rules.guards, path_rules.way_out, path_rules.visited_first),
)

# What a flow must keep that has other blocks, other Lambdas and other words for nobody than ours.
FOR_ANY_FLOW = tuple(
    rule
    for rule in RULES
    if rule not in (types, external_keys, path_rules.guards, path_rules.visited_first)
)
