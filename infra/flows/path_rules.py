"""Rules about every path through a flow: proved over its graph, not over examples."""

import re
from collections.abc import Iterator

from infra.flows import actions
from infra.flows.document import (
    CONTACT_FLOW,
    CUSTOMER_QUEUE,
    Action,
    Edge,
    Flow,
    edges,
    leaves,
    walked,
)
from infra.flows.shapes import SHAPES
from lambdas.routing.choose import NONE

Fault = tuple[str, str]  # action, message

_TRANSFERS = (actions.TRANSFER, actions.DEQUEUE)
_EXTERNAL = re.compile(r"\$\.External\.")


def ends(flow: Flow) -> Iterator[Fault]:
    """From every action a transfer or a disconnect can be reached.

    A waiting caller keeps the queue, so there prompts without end and the flow's end are ends too.
    """
    by_id = flow.by_id
    good = {name for name, action in by_id.items() if _is_end(flow, action)}
    grown = True
    while grown:
        more = {
            name
            for name, action in by_id.items()
            if name not in good and any(edge.target in good for edge in edges(action))
        }
        good |= more
        grown = bool(more)
    for name in by_id:
        if name not in good:
            yield name, "no transfer and no disconnect can be reached from here"


def _is_end(flow: Flow, action: Action) -> bool:
    if action["Type"] in (*_TRANSFERS, actions.DISCONNECT):
        return True
    if action["Type"] not in SHAPES and not any(edges(action)):  # of others' flows
        return True
    is_endless = (
        action["Type"] == actions.PROMPTS
        and "InterruptFrequencySeconds" not in action["Parameters"]
    )
    return flow.type == CUSTOMER_QUEUE and (is_endless or action["Type"] == actions.END)


def queue_before_disconnect(flow: Flow) -> Iterator[Fault]:
    """No path that met an error ends the contact before a transfer to a queue was tried."""

    def after(action: Action, edge: Edge, has_failed: bool) -> bool | None:
        return None if action["Type"] in _TRANSFERS else has_failed or edge.kind == "Error"

    by_id = flow.by_id
    for name, has_failed in sorted(walked(flow, state=False, after=after)):
        is_lost = by_id[name]["Type"] == actions.DISCONNECT or (
            by_id[name]["Type"] == actions.END and flow.type == CONTACT_FLOW
        )
        if is_lost and has_failed:
            yield name, "reached after an error without trying a queue"


def external_life(flow: Flow) -> Iterator[Fault]:
    """`$.External` is read only where the last Lambda call, always the same one, succeeded."""

    def after(action: Action, edge: Edge, answered: str) -> str:
        if action["Type"] != actions.LAMBDA:
            return answered
        return edge.source if edge.kind == "Next" else ""

    by_id = flow.by_id
    answers: dict[str, set[str]] = {}
    for name, answered in walked(flow, "", after):
        answers.setdefault(name, set()).add(answered)
    for name, calls in sorted(answers.items()):
        if any(_EXTERNAL.match(str(value)) for value in leaves(by_id[name]["Parameters"])):
            if "" in calls:
                yield name, "reads $.External on a path where no Lambda has answered"
            elif len(calls) > 1:
                yield name, f"reads $.External of more than one call: {', '.join(sorted(calls))}"


def guards(flow: Flow) -> Iterator[Fault]:
    """No reference names an agent before a Compare has shown that it is not NONE."""

    def after(action: Action, edge: Edge, known: frozenset[str]) -> frozenset[str]:
        return known | _shown(action, edge)

    by_id = flow.by_id
    nothing: frozenset[str] = frozenset()
    faults = {
        (name, reference)
        for name, known in walked(flow, nothing, after)
        for reference in _agents(by_id[name])
        if _leaf(reference) not in known
    }
    for name, reference in sorted(faults):
        yield name, f"{reference} may be {NONE} here; compare it, or the count, first"


def _shown(action: Action, edge: Edge) -> frozenset[str]:
    """What a Compare's branch shows to be an agent: itself, or the first n by their count."""
    if action["Type"] != actions.COMPARE:
        return frozenset()
    leaf = _leaf(_compared(action))
    if edge.kind == "Condition":
        if leaf == "count" and edge.label.isdigit():
            return frozenset(f"agent{place}" for place in range(1, int(edge.label) + 1))
        return frozenset() if NONE in edge.label.split("|") else frozenset({leaf})
    is_asked = any(other.kind == "Condition" and other.label == NONE for other in edges(action))
    return frozenset({leaf}) if is_asked else frozenset()


def _agents(action: Action) -> Iterator[str]:
    """References where an agent's id is expected."""
    preferred = [agent for agents, _ in actions.steps(action) for agent in agents]
    values = [action["Parameters"].get("AgentId"), *preferred]
    return (str(value) for value in values if str(value).startswith("$."))


def _leaf(reference: str) -> str:
    """The Lambda's name of a value, wherever it was copied to."""
    return reference.rpartition(".")[2]


def way_out(flow: Flow) -> Iterator[Fault]:
    """Nobody is put into an agent's queue before a customer queue flow is set to free them."""

    def after(action: Action, edge: Edge, held: tuple[bool, bool]) -> tuple[bool, bool]:
        is_agents, has_hook = held
        if edge.kind != "Error" and action["Type"] == actions.TARGET_QUEUE:
            is_agents = "AgentId" in action["Parameters"]
        if edge.kind != "Error" and action["Type"] == actions.HOOKS:
            hook = actions.within(action["Parameters"], "EventHooks", "CustomerQueue")
            has_hook = isinstance(hook, str)
        return is_agents, has_hook

    by_id = flow.by_id
    faults = {
        name
        for name, (is_agents, has_hook) in walked(flow, (False, False), after)
        if by_id[name]["Type"] == actions.TRANSFER and is_agents and not has_hook
    }
    for name in sorted(faults):
        yield name, "transfers to an agent's queue without a customer queue flow"


def visited_first(flow: Flow) -> Iterator[Fault]:
    """Nobody is put into a lender's queue before the contact tells that it has been there.

    Else a contact could come back, and be moved more often than twice. Who waits again is on no way
    to a lender.
    """

    def after(action: Action, edge: Edge, held: tuple[bool, bool]) -> tuple[bool, bool]:
        is_lent, is_noted = held
        if action["Type"] in (actions.LAMBDA, actions.LOOP, actions.PROMPTS):
            return False, False
        if action["Type"] == actions.COMPARE and _leaf(_compared(action)) == _leaf(actions.LENDER):
            is_lent = edge.kind == "Condition" and NONE not in edge.label.split("|")
        if edge.kind == "Next" and action["Type"] == actions.ATTRIBUTES:
            noted = actions.within(action["Parameters"], "Attributes", actions.VISITED)
            is_noted = is_noted or noted == f"$.External.{actions.VISITED}"
        return is_lent, is_noted

    by_id = flow.by_id
    faults = {
        name
        for name, (is_lent, is_noted) in walked(flow, (False, False), after)
        if by_id[name]["Type"] in _TRANSFERS and is_lent and not is_noted
    }
    for name in sorted(faults):
        yield name, f"moves into a lender's queue before {actions.VISITED} is on the contact"


def _compared(action: Action) -> str:
    return str(action["Parameters"].get("ComparisonValue"))
