"""Design A: each agent's own queue in turn, if the agent is available; else the default queue."""

from infra.flows import actions
from infra.flows.config import Config
from infra.flows.document import CONTACT_FLOW, Action, Flow, document
from infra.flows.frame import DEFAULT, START, agent, closing, guard, opening


def agent_queues(config: Config) -> Flow:
    """Unrolled over the candidates, since a flow cannot loop over an answer's keys.

    The customer queue flow is set first: it is what frees a caller from the queue of an agent who
    walked away, so without it nobody is put there.
    """
    candidates = range(1, config.candidates + 1)
    made = [
        *opening(config, chosen="hook"),
        actions.hooking("hook", config.customer_queue_flow_arn, then=_given(1), failed=DEFAULT),
        *(action for place in candidates for action in _candidate(config, place)),
        *closing(config),
    ]
    return Flow("agent_queues", CONTACT_FLOW, document(START, made))


def _candidate(config: Config, place: int) -> list[Action]:
    """Sets the agent's queue before looking at it: the look takes the target queue."""
    on = _given(place + 1) if place < config.candidates else DEFAULT
    own = f"agent{place}"
    return [
        guard(_given(place), agent(place), none=DEFAULT, some=f"{own}-queue"),
        actions.targeting(f"{own}-queue", {"AgentId": agent(place)}, then=f"{own}-free", failed=on),
        actions.checking_staff(f"{own}-free", free=f"{own}-tried", otherwise=on),
        actions.recording(
            f"{own}-tried",
            {"offeredAgent": agent(place), "offeredRank": str(place)},
            then=f"{own}-transfer",
            failed=f"{own}-transfer",
        ),
        actions.transferring(f"{own}-transfer", then="disconnect", failed=on),
    ]


def _given(place: int) -> str:
    return f"agent{place}-given"
