"""The flow of a waiting caller: prompts, and a way out of a queue where nobody answers."""

from infra.flows import actions
from infra.flows.config import Config
from infra.flows.document import CUSTOMER_QUEUE, Action, Flow, document


def customer_queue(config: Config) -> Flow:
    """Moves a caller to the default queue, soon from an agent's queue, late from a standard one.

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
        *(
            _rounds(config, "standard", config.standard_queue_rounds, failed="end")
            if "standard-rounds" in places.values()
            else []
        ),
        actions.moving("escape", default, then="hold", failed="escape-again"),
        actions.moving("escape-again", fallback, then="hold", failed="one-more-round"),
        actions.prompting(
            "one-more-round", config.prompts, failed="end", after=(config.interrupt_s, "escape")
        ),
        actions.prompting("hold", config.prompts, failed="end"),
        actions.ending("end"),
    ]
    return Flow("customer_queue", CUSTOMER_QUEUE, document("where", made))


def _rounds(config: Config, kind: str, count: int, failed: str) -> list[Action]:
    rounds, prompt = f"{kind}-rounds", f"{kind}-prompt"
    return [
        actions.looping(rounds, count, body=prompt, then="escape"),
        actions.prompting(prompt, config.prompts, failed, after=(config.interrupt_s, rounds)),
    ]
