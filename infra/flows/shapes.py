"""What Amazon Connect demands of each action type that our flows use.

As published flows carry it and the service enforces it; its reference pages ask for less (they
name no QueueAtCapacity for a transfer, and no NoMatchingCondition for an agent metric).
"""

from typing import NamedTuple

from infra.flows import actions
from infra.flows.document import CONTACT_FLOW, CUSTOMER_QUEUE

BOTH = frozenset({CONTACT_FLOW, CUSTOMER_QUEUE})
INBOUND = frozenset({CONTACT_FLOW})
WAITING = frozenset({CUSTOMER_QUEUE})


class Shape(NamedTuple):
    """Which flow types allow an action, which errors it must carry, whether it has a next one."""

    flow_types: frozenset[str]
    errors: tuple[str, ...] = (actions.NO_ERROR,)
    has_next: bool = True


SHAPES = {
    actions.LAMBDA: Shape(BOTH),
    actions.COMPARE: Shape(BOTH, (actions.NO_CONDITION,)),
    actions.ATTRIBUTES: Shape(BOTH),
    actions.METRIC: Shape(BOTH, (actions.NO_CONDITION, actions.NO_ERROR)),
    actions.TARGET_QUEUE: Shape(INBOUND),
    actions.TRANSFER: Shape(INBOUND, (actions.AT_CAPACITY, actions.NO_ERROR)),
    actions.CRITERIA: Shape(INBOUND),
    actions.BEHAVIOR: Shape(INBOUND, ()),
    actions.HOOKS: Shape(BOTH),
    actions.LOOP: Shape(BOTH, ()),
    actions.MESSAGE: Shape(BOTH),
    actions.PROMPTS: Shape(WAITING, has_next=False),
    actions.DEQUEUE: Shape(WAITING, (actions.AT_CAPACITY, actions.NO_ERROR)),
    actions.DISCONNECT: Shape(INBOUND, (), has_next=False),
    actions.END: Shape(WAITING, (), has_next=False),
}

AGENT_METRICS = frozenset({actions.AVAILABLE, "NumberOfAgentsStaffed", "NumberOfAgentsOnline"})
METRICS = AGENT_METRICS | {"NumberOfContactsInQueue", "OldestContactInQueueAgeSeconds"}
OPERATORS = frozenset(
    {
        *("Equals", "TextStartsWith", "TextEndsWith", "TextContains", "KeyExists"),
        *("NumberGreaterThan", "NumberGreaterOrEqualTo", "NumberLessThan", "NumberLessOrEqualTo"),
    }
)
MOST_ACTIONS = 250
MOST_CHARACTERS = 256_000
LONGEST_ID = 50
FORBIDDEN_IN_ID = frozenset("(%:(\\/)=$,;[]{})")
FORBIDDEN_IDS = frozenset(
    {
        *("__proto__", "constructor", "toString", "toLocaleString", "valueOf", "hasOwnProperty"),
        *("isPrototypeOf", "propertyIsEnumerable", "__defineGetter__", "__defineSetter__"),
        *("__lookupGetter__", "__lookupSetter__"),
    }
)
LEAST_INTERRUPT_S = 21
MOST_AGENTS_A_STEP = 10
