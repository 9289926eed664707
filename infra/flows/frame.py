"""What both inbound flows share: the question at their beginning, the queues at their end."""

from infra.flows import actions
from infra.flows.config import MOST_CANDIDATES, Config
from infra.flows.document import Action
from lambdas.routing.choose import NONE, RESPONSE_KEYS

CALL_TYPE = "$.Attributes.callType"
NO_ANSWER = "NO_ANSWER"  # the reason on the contact where the Lambda gave none
START = "ask"
DEFAULT = "default-queue"


def opening(config: Config, chosen: str) -> list[Action]:
    """Asks the Lambda, records its decision on the contact, sets the priority.

    Goes into the queue of a lender if there is one, to `chosen` when there are candidates, else to
    the default queue.
    """
    record = "record"
    lender = "lender" if config.lending_queues else "decision"
    priority = "priority" if config.priorities else lender
    return [
        actions.asking(
            START,
            config.lambda_arn,
            config.invocation_limit_s,
            question(config),
            then=record,
            failed="no-answer",
        ),
        actions.recording(record, _recorded(config), then=priority, failed="no-answer"),
        actions.recording(
            "no-answer",
            {"decision": "DEFAULT", "reason": NO_ANSWER},
            then=DEFAULT,
            failed=DEFAULT,
        ),
        *_priority(config, lender),
        *_lender(config, "decision"),
        actions.comparing(
            "decision", "$.External.decision", {"CANDIDATES": chosen}, otherwise=DEFAULT
        ),
    ]


def question(config: Config) -> dict[str, str]:
    """What the Lambda is asked: for which call type, and for how many agents."""
    return {"callType": config.call_type or CALL_TYPE, "n": str(config.candidates)}


def closing(config: Config) -> list[Action]:
    """The default queue, else the fallback queue, and words only after both have failed.

    Where even naming the fallback queue fails, the transfer is tried with the queue named before:
    any queue is better than a lost caller.
    """
    default, fallback = config.default_queue_arn, config.fallback_queue_arn
    return [
        actions.targeting(
            DEFAULT, {"QueueId": default}, then="default-transfer", failed="fallback-queue"
        ),
        actions.transferring("default-transfer", then="disconnect", failed="fallback-queue"),
        actions.targeting(
            "fallback-queue",
            {"QueueId": fallback},
            then="fallback-transfer",
            failed="fallback-transfer",
        ),
        actions.transferring("fallback-transfer", then="disconnect", failed="sorry"),
        actions.saying("sorry", config.sorry, then="disconnect"),
        actions.disconnecting("disconnect"),
    ]


def agent(place: int) -> str:
    """The contact attribute that holds the agent of a place, from 1."""
    return f"$.Attributes.agent{place}"


def guard(name: str, reference: str, none: str, some: str) -> Action:
    """Goes to `none` where the reference holds the Lambda's word for nobody."""
    return actions.comparing(name, reference, {NONE: none}, otherwise=some)


def _recorded(config: Config) -> dict[str, str]:
    """All that the Lambda declares but the agents beyond the candidates."""
    beyond = {f"agent{place}" for place in range(config.candidates + 1, MOST_CANDIDATES + 1)}
    return {key: f"$.External.{key}" for key in RESPONSE_KEYS if key not in beyond}


def _priority(config: Config, then: str) -> list[Action]:
    if not config.priorities:
        return []
    tiers = {str(tier): f"priority-{tier}" for tier in config.priorities}
    return [
        actions.comparing("priority", "$.External.priority", tiers, otherwise=then),
        *(actions.prioritising(f"priority-{tier}", tier, then) for tier in config.priorities),
    ]


def _lender(config: Config, otherwise: str) -> list[Action]:
    """Into the lender's queue at once, if Amazon Connect too sees an agent free there.

    The visited queues are on the contact already. Where it does not get there, the contact says
    that no queue has it on loan, and goes on as if there were no lender.
    """
    queues = config.lending_queues
    if not queues:
        return []
    targets = {name: f"lender-{place}" for place, name in enumerate(queues, 1)}
    back = "lender-none"
    return [
        actions.lender_of("lender", targets, otherwise),
        *(
            actions.targeting(targets[name], {"QueueId": arn}, then="lender-hook", failed=back)
            for name, arn in queues.items()
        ),
        actions.hooking("lender-hook", config.customer_queue_flow_arn, "lender-free", back),
        actions.checking_staff("lender-free", free="lender-transfer", otherwise=back),
        actions.transferring("lender-transfer", then="disconnect", failed=back),
        actions.recording(back, {"overflowQueue": NONE}, then=otherwise, failed=otherwise),
    ]
