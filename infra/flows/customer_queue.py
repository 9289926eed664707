"""The flow of a waiting caller: prompts, and a way out of a queue where nobody answers."""

from infra.flows import actions
from infra.flows.config import Config
from infra.flows.document import CUSTOMER_QUEUE, Action, Flow, document
from infra.flows.frame import question


def customer_queue(config: Config) -> Flow:
    """Moves a caller to the default queue, soon from an agent's queue, late from a standard one.

    Between the rounds in a standard queue the Lambda is asked whether another queue lends an agent
    by now; whatever fails there, the caller waits on.

    In the default and the fallback queue itself there is nothing to do but to play prompts.
    A move fails while the caller is being offered to an agent; one more round, and it is tried
    again. Prompts fail at once on a chat: a standard queue then keeps it, an agent's does not.
    """
    default, fallback = config.default_queue_arn, config.fallback_queue_arn
    places = {
        **dict.fromkeys(config.all_standard_queues, "standard-rounds"),
        default: "hold",
        fallback: "hold",
    }
    made = [
        actions.comparing("where", "$.Queue.ARN", places, otherwise="agent-rounds"),
        *_rounds(config, "agent", config.agent_queue_rounds, failed="escape"),
        *(_standard(config) if "standard-rounds" in places.values() else []),
        actions.moving("escape", default, then="hold", failed="escape-again"),
        actions.moving("escape-again", fallback, then="hold", failed="one-more-round"),
        actions.prompting(
            "one-more-round", config.prompts, failed="end", after=(config.interrupt_s, "escape")
        ),
        actions.prompting("hold", config.prompts, failed="end"),
        actions.ending("end"),
    ]
    return Flow("customer_queue", CUSTOMER_QUEUE, document("where", made))


def _rounds(
    config: Config, kind: str, count: int, failed: str, between: str | None = None
) -> list[Action]:
    rounds, prompt = f"{kind}-rounds", f"{kind}-prompt"
    after = (config.interrupt_s, between or rounds)
    return [
        actions.looping(rounds, count, body=prompt, then="escape"),
        actions.prompting(prompt, config.prompts, failed, after),
    ]


def _standard(config: Config) -> list[Action]:
    """The rounds in a standard queue, with a look for a lender between them where one may be."""
    lending = _lending(config, on="standard-rounds") if config.lending_queues else []
    between = "lender-ask" if lending else None
    rounds = _rounds(config, "standard", config.standard_queue_rounds, "end", between)
    return [*rounds, *lending]


def _lending(config: Config, on: str) -> list[Action]:
    """Asks, notes that the lender's queue is visited, moves, and only then says where it is.

    In this order a fault between any two can close a queue to the contact, but never open one.
    """
    queues = config.lending_queues
    moves = {name: f"lender-{place}" for place, name in enumerate(queues, 1)}
    parameters = {**question(config), "waiting": "true"}
    visited = {actions.VISITED: f"$.External.{actions.VISITED}"}
    return [
        actions.asking(
            "lender-ask",
            config.lambda_arn,
            config.invocation_limit_s,
            parameters,
            then="lender",
            failed=on,
        ),
        actions.lender_of("lender", dict.fromkeys(queues, "lender-visited"), otherwise=on),
        actions.recording("lender-visited", visited, then="lender-queue", failed=on),
        actions.lender_of("lender-queue", moves, otherwise=on),
        *(actions.moving(moves[name], arn, "lender-here", on) for name, arn in queues.items()),
        actions.recording("lender-here", {"overflowQueue": actions.LENDER}, then=on, failed=on),
    ]
