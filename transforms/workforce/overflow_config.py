"""A recommended overflow as the router's item and routing profiles have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from transforms.workforce.centre_simulation import Lending
from transforms.workforce.overflow import Tried

LENT_PRIORITY = 2  # of 1 to 99, the least first; own queues have 1
LONGEST_DELAY_S = 9999

CallTypes = Mapping[str, Sequence[str]]
"""By queue, the call types that it serves, the most frequent first."""


def overflow_config(
    recommended: Tried,
    call_types: CallTypes,
    queue_ids: Mapping[str, str],
    version: str = "overflow",
) -> dict[str, Any]:
    """What to write: `routing`, the router's item, and `routing_profiles`, by lending queue.

    One of the two is empty: the router lends at once and keeps a reserve, a routing profile waits
    for `Delay` seconds (0 to 9999) and keeps none, and both together would lend twice. Profiles of
    agents who have the lender get its entries, in the form of `AssociateRoutingProfileQueues`; own
    queues keep priority 1.
    """
    is_router = recommended.setting.means == "router"
    lent, not_lent = recommended.lendings, ()
    lenders = router_lenders(lent if is_router else not_lent, call_types)
    return {
        "routing": {"ConfigId": "routing", "policy": {"version": version, "lenders": lenders}},
        "routing_profiles": profile_queues(not_lent if is_router else lent, queue_ids),
    }


def router_lenders(
    lendings: Iterable[Lending], call_types: CallTypes
) -> dict[str, list[dict[str, Any]]]:
    """The policy's `lenders`: by call type those to ask, each under its most frequent call type.

    A call type that two queues serve asks the lenders of the first, never itself.
    """
    found: dict[str, dict[str, int]] = {}
    asked_by: dict[str, str] = {}
    for lending in lendings:
        lender = call_types.get(lending.lender, (lending.lender,))[0]
        for call_type in call_types.get(lending.borrower, (lending.borrower,)):
            is_first = asked_by.setdefault(call_type, lending.borrower) == lending.borrower
            if is_first and lender != call_type:
                found.setdefault(call_type, {}).setdefault(lender, lending.reserve)
    return {
        call_type: [{"call_type": name, "reserve": reserve} for name, reserve in each.items()]
        for call_type, each in found.items()
    }


def profile_queues(
    lendings: Iterable[Lending], queue_ids: Mapping[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """By lending queue, the queues that its agents' routing profiles take up, after its own."""
    found: dict[str, list[dict[str, Any]]] = {}
    for lending in lendings:
        queue_id = queue_ids.get(lending.borrower, lending.borrower)
        found.setdefault(lending.lender, []).append(
            {
                "QueueReference": {"QueueId": queue_id, "Channel": "VOICE"},
                "Priority": LENT_PRIORITY,
                "Delay": min(round(lending.after_s), LONGEST_DELAY_S),
            }
        )
    return found
