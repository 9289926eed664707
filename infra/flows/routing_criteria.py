"""Design B: one standard queue that prefers the associated agent, then the best, then anyone."""

from infra.flows import actions
from infra.flows.config import MOST_CANDIDATES, Config
from infra.flows.document import CONTACT_FLOW, Action, Flow, document
from infra.flows.frame import CALL_TYPE, DEFAULT, START, agent, closing, guard, opening

AFFINITY = "$.Attributes.affinity"
REASON = "$.Attributes.reason"


def routing_criteria(config: Config) -> Flow:
    """Unrolled over how many agents there are, since no criteria may name an absent one.

    Amazon Connect itself looks who is available. Where the criteria cannot be set the caller
    still waits in the standard queue, open to everyone there.
    """
    made = [
        *opening(config, chosen=_queue(config)),
        *_standard_queues(config),
        actions.hooking("hook", config.customer_queue_flow_arn, "busy", "busy"),
        # To hold a contact for a few busy agents would keep it from one who gets free sooner.
        actions.comparing("busy", REASON, {"ALL_BUSY": "transfer"}, otherwise="associated"),
        guard("associated", AFFINITY, none="best", some="associated-best"),
        *_best(config, "best", associated=False),
        *_best(config, "associated-best", associated=True),
        actions.transferring("transfer", then="disconnect", failed=DEFAULT),
        *closing(config),
    ]
    return Flow("routing_criteria", CONTACT_FLOW, document(START, made))


def _queue(config: Config) -> str:
    """Where a contact with candidates goes first."""
    is_one = config.call_type is not None or not config.standard_queues
    return "standard-queue" if is_one else "call-type"


def _own(config: Config) -> str | None:
    """The queue of the one call type, or of those without a queue of their own."""
    named = config.standard_queues.get(config.call_type or "")
    return named or config.standard_queue_arn


def _standard_queues(config: Config) -> list[Action]:
    """Names the standard queue; call types are told apart only where the contact tells them."""
    made = []
    own = _own(config)
    if _queue(config) == "call-type":
        cases = {name: f"standard-queue-{i}" for i, name in enumerate(config.standard_queues, 1)}
        other = "standard-queue" if own else DEFAULT
        made = [
            actions.comparing("call-type", CALL_TYPE, cases, otherwise=other),
            *(_named(case, config.standard_queues[name]) for name, case in cases.items()),
        ]
    return [*made, *([_named("standard-queue", own)] if own else [])]


def _named(name: str, queue_arn: str) -> Action:
    return actions.targeting(name, {"QueueId": queue_arn}, then="hook", failed=DEFAULT)


def _best(config: Config, name: str, *, associated: bool) -> list[Action]:
    """The count tells which criteria to set; more agents than candidates are cut off."""
    counts = range(1, MOST_CANDIDATES + 1)
    cases = {str(count): f"{name}-{min(count, config.candidates)}" for count in counts}
    return [
        actions.comparing(name, "$.Attributes.count", cases, otherwise="transfer"),
        *(
            actions.criteria(f"{name}-{n}", _steps(config, n, associated=associated), "transfer")
            for n in range(1, config.candidates + 1)
        ),
    ]


def _steps(config: Config, n: int, *, associated: bool) -> list[tuple[list[str], int]]:
    """The associated agent alone, then all n; where that is nobody else, one step."""
    best = ([agent(place) for place in range(1, n + 1)], config.best_expiry_s)
    if not associated:
        return [best]
    alone = ([AFFINITY], config.associated_expiry_s)
    return [alone, best] if n > 1 else [alone]
