"""Actions of the flow language as our flows use them: shapes that real flows carry."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.flows.document import Action

LAMBDA = "InvokeLambdaFunction"
COMPARE = "Compare"
ATTRIBUTES = "UpdateContactAttributes"
METRIC = "CheckMetricData"
TARGET_QUEUE = "UpdateContactTargetQueue"
TRANSFER = "TransferContactToQueue"
CRITERIA = "UpdateContactRoutingCriteria"
BEHAVIOR = "UpdateContactRoutingBehavior"
HOOKS = "UpdateContactEventHooks"
LOOP = "Loop"
MESSAGE = "MessageParticipant"
PROMPTS = "MessageParticipantIteratively"
DEQUEUE = "DequeueContactAndTransferToQueue"
DISCONNECT = "DisconnectParticipant"
END = "EndFlowExecution"

NO_ERROR = "NoMatchingError"
NO_CONDITION = "NoMatchingCondition"
AT_CAPACITY = "QueueAtCapacity"
CONTINUE, DONE = "ContinueLooping", "DoneLooping"
INTERRUPTED = "MessagesInterrupted"
AVAILABLE = "NumberOfAgentsAvailable"
LENDER = "$.External.overflowQueue"
VISITED = "visitedQueues"  # the attribute, and the Lambda's key


def asking(
    name: str, arn: str, limit_s: int, parameters: Mapping[str, str], then: str, failed: str
) -> Action:
    """Invokes a Lambda; its flat answer is `$.External` until the next call."""
    given = {
        "LambdaFunctionARN": arn,
        "InvocationTimeLimitSeconds": str(limit_s),
        "InvocationType": "SYNCHRONOUS",
        "LambdaInvocationAttributes": dict(parameters),
        "ResponseValidation": {"ResponseType": "STRING_MAP"},
    }
    return _action(name, LAMBDA, given, then, {NO_ERROR: failed})


def comparing(name: str, reference: str, cases: Mapping[str, str], otherwise: str) -> Action:
    """Goes to the case that equals the reference's value."""
    return _action(
        name,
        COMPARE,
        {"ComparisonValue": reference},
        otherwise,
        {NO_CONDITION: otherwise},
        [("Equals", value, target) for value, target in cases.items()],
    )


def recording(name: str, attributes: Mapping[str, str], then: str, failed: str) -> Action:
    """Sets contact attributes."""
    given = {"TargetContact": "Current", "Attributes": dict(attributes)}
    return _action(name, ATTRIBUTES, given, then, {NO_ERROR: failed})


def checking_staff(name: str, free: str, otherwise: str) -> Action:
    """Looks whether an agent is available in the target queue, an agent's own included."""
    return _action(
        name,
        METRIC,
        {"MetricType": AVAILABLE},
        otherwise,
        {NO_CONDITION: otherwise, NO_ERROR: otherwise},
        [("NumberGreaterThan", "0", free)],
    )


def targeting(name: str, queue: Mapping[str, str], then: str, failed: str) -> Action:
    """Sets the target queue: `{"AgentId": ...}` or `{"QueueId": ...}`."""
    return _action(name, TARGET_QUEUE, dict(queue), then, {NO_ERROR: failed})


def transferring(name: str, then: str, failed: str) -> Action:
    """Puts the contact into the target queue; the console wants a next block all the same."""
    return _action(name, TRANSFER, {}, then, {AT_CAPACITY: failed, NO_ERROR: failed})


def criteria(name: str, wanted: Sequence[tuple[Sequence[str], int]], then: str) -> Action:
    """Prefers agents step by step, each with its expiry in seconds; without them all are open."""
    return _action(
        name,
        CRITERIA,
        {"RoutingCriteria": {"Steps": [_step(agents, expiry_s) for agents, expiry_s in wanted]}},
        then,
        {NO_ERROR: then},
    )


def _step(agents: Sequence[str], expiry_s: int) -> dict[str, Any]:
    return {
        "Expression": {
            "AttributeCondition": {
                "ComparisonOperator": "Match",
                "MatchCriteria": {"AgentsCriteria": {"AgentIds": list(agents)}},
            }
        },
        "Expiry": {"DurationInSeconds": str(expiry_s)},
    }


def steps(action: Action) -> Iterator[tuple[list[Any], object]]:
    """The agents and the expiry of each step of routing criteria that are set in the flow.

    What has another form, in a flow of others, is no agents and no expiry.
    """
    listed = within(action["Parameters"], "RoutingCriteria", "Steps")
    for step in listed if isinstance(listed, list) else ():
        condition = within(step, "Expression", "AttributeCondition")
        agents = within(condition, "MatchCriteria", "AgentsCriteria", "AgentIds")
        is_match = within(condition, "ComparisonOperator") == "Match" and isinstance(agents, list)
        yield agents if is_match else [], within(step, "Expiry", "DurationInSeconds")


def within(value: Any, *keys: str) -> Any:
    """The value at a path of keys; None where the way is not of objects."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def prioritising(name: str, priority: int, then: str) -> Action:
    """Sets the queue priority, 1 highest; the service wants it static."""
    return _action(name, BEHAVIOR, {"QueuePriority": str(priority)}, then)


def hooking(name: str, customer_queue_flow_arn: str, then: str, failed: str) -> Action:
    """Sets the flow that runs while the caller waits in a queue."""
    given = {"EventHooks": {"CustomerQueue": customer_queue_flow_arn}}
    return _action(name, HOOKS, given, then, {NO_ERROR: failed})


def lender_of(name: str, targets: Mapping[str, str], otherwise: str) -> Action:
    """Goes to the target of the queue that the Lambda names as lender."""
    return comparing(name, LENDER, targets, otherwise)


def looping(name: str, count: int, body: str, then: str) -> Action:
    """Goes to the body `count` times, then on."""
    cases = [("Equals", CONTINUE, body), ("Equals", DONE, then)]
    return _action(name, LOOP, {"LoopCount": str(count)}, then, {}, cases)


def prompting(
    name: str, texts: Sequence[str], failed: str, after: tuple[int, str] | None = None
) -> Action:
    """Repeats prompts to a waiting caller, for ever or until `after` (seconds, target)."""
    given: dict[str, Any] = {"Messages": [{"Text": text} for text in texts]}
    cases = []
    if after is not None:
        given["InterruptFrequencySeconds"] = str(after[0])
        cases = [("Equals", INTERRUPTED, after[1])]
    return _action(name, PROMPTS, given, None, {NO_ERROR: failed}, cases)


def moving(name: str, queue_arn: str, then: str, failed: str) -> Action:
    """Takes a waiting caller out of the queue into another; fails while being offered."""
    errors = {AT_CAPACITY: failed, NO_ERROR: failed}
    return _action(name, DEQUEUE, {"QueueId": queue_arn}, then, errors)


def saying(name: str, text: str, then: str) -> Action:
    """Plays a text once."""
    return _action(name, MESSAGE, {"Text": text}, then, {NO_ERROR: then})


def disconnecting(name: str) -> Action:
    """Ends the contact."""
    return _action(name, DISCONNECT, {})


def ending(name: str) -> Action:
    """Ends a customer queue flow: the caller waits on in the queue, in silence."""
    return _action(name, END, {})


def _action(
    name: str,
    type_: str,
    parameters: dict[str, Any],
    then: str | None = None,
    errors: Mapping[str, str] | None = None,
    cases: Sequence[tuple[str, str, str]] = (),
) -> Action:
    ways: dict[str, Any] = {} if then is None else {"NextAction": then}
    if errors:
        ways["Errors"] = [
            {"NextAction": target, "ErrorType": error} for error, target in errors.items()
        ]
    if cases:
        ways["Conditions"] = [
            {"NextAction": target, "Condition": {"Operator": operator, "Operands": [operand]}}
            for operator, operand, target in cases
        ]
    return {"Identifier": name, "Type": type_, "Parameters": parameters, "Transitions": ways}
