"""What one contact adds to the truth: Amazon Connect's metric formulas over known facts.

Source: Amazon Connect administrator guide, "Metrics definitions". A contact that lacks a fact that
a metric needs adds nothing to that metric's sum nor to its count.
"""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

THRESHOLDS_S = (10, 20, 60, 120)
INCOMING = ("INBOUND", "TRANSFER", "QUEUE_TRANSFER")

_WAYS = dict.fromkeys(INCOMING, "incoming") | {
    "API": "api",
    "CALLBACK": "callback",
    "OUTBOUND": "outbound",
}
_METRICS = (
    "contacts",
    *(
        f"contacts_{kind}"
        for kind in (
            *("queued", "answered", "handled", "abandoned", "with_agent"),
            *("incoming", "api", "callback", "outbound"),
            *(f"handled_{way}" for way in ("incoming", "api", "callback", "outbound")),
            *("put_on_hold", "agent_hung_up_first", "flow_timed"),
            *(f"transferred_in{how}" for how in ("", "_by_agent", "_from_queue")),
            *(f"transferred_out{how}" for how in ("", "_internal", "_external")),
            *(f"transferred_out_from_{whence}" for whence in ("handled", "queued")),
        )
    ),
    "callback_attempts",
    "holds",
    *(
        f"{what}_ms"
        for what in (
            *("wait", "queue_answer_time", "abandon_time"),
            *("interaction", "hold", "interaction_and_hold", "interaction_outbound"),
            *("after_contact_work", "after_contact_work_outbound", "pause"),
            *("handle_time", "active_time", "resolution", "contact_flow_time"),
        )
    ),
    *(f"{fate}_{each}" for each in THRESHOLDS_S for fate in ("removed", "answered", "abandoned")),
)
_CHAINS = (
    "chains",
    "chains_of_several",
    "legs",
    "transfers_cold",
    "transfers_warm",
    "transfers_external",
    "transfers_from_queue",
    "callbacks",
)
_NOTHING = dict.fromkeys((*_METRICS, *_CHAINS), 0)
_MEANS = (
    ("avg_queue_answer_time_s", "queue_answer_time_ms", "contacts_answered"),
    ("avg_abandon_time_s", "abandon_time_ms", "contacts_abandoned"),
    ("avg_handle_time_s", "handle_time_ms", "contacts_with_agent"),
    ("avg_active_time_s", "active_time_ms", "contacts_with_agent"),
    ("avg_agent_pause_time_s", "pause_ms", "contacts_handled"),
    ("avg_hold_time_of_held_s", "hold_ms", "contacts_put_on_hold"),
    ("avg_interaction_time_s", "interaction_ms", "contacts_handled"),
    ("avg_hold_time_s", "hold_ms", "contacts_handled"),
    ("avg_interaction_and_hold_time_s", "interaction_and_hold_ms", "contacts_handled"),
    ("avg_after_contact_work_time_s", "after_contact_work_ms", "contacts_with_agent"),
    ("avg_resolution_time_s", "resolution_ms", "contacts"),
    ("avg_contact_flow_time_s", "contact_flow_time_ms", "contacts_flow_timed"),
)
_CALLS = (
    "contacts",
    "contacts_queued",
    "contacts_handled",
    "contacts_abandoned",
    "wait_ms",
    "handle_time_ms",
)


class ContactFacts(NamedTuple):
    """What the metrics need of one contact. Instants and durations in ms, None where there is none.

    `agent` had the contact on the desk to its end, also where the customer never picked up; the
    durations of the agent's work are 0 without one.
    """

    category: str
    task: str
    queue: str
    channel: str
    method: str
    initiated_ms: int
    disconnected_ms: int
    to_system_ms: int | None = None
    enqueued_ms: int | None = None
    dequeued_ms: int | None = None
    agent: str | None = None
    connected_ms: int | None = None
    interaction_ms: int = 0
    hold_ms: int = 0
    holds: int = 0
    pause_ms: int = 0
    after_contact_ms: int = 0
    ended_ms: int | None = None
    transferred_ms: int | None = None
    is_external: bool = False
    next_method: str | None = None
    is_agent_first: bool = False
    number: int = 1  # in its chain

    @property
    def wait_ms(self) -> int | None:
        """Time in queue."""
        if self.enqueued_ms is None or self.dequeued_ms is None:
            return None
        return self.dequeued_ms - self.enqueued_ms

    @property
    def handle_ms(self) -> int | None:
        """Interaction, hold, pause and after-contact work of the agent who had the contact."""
        if self.agent is None:
            return None
        return self.interaction_ms + self.hold_ms + self.pause_ms + self.after_contact_ms

    @property
    def is_abandoned(self) -> bool:
        """Whether it was queued, never reached an agent and led nowhere."""
        is_lost = self.connected_ms is None and self.next_method is None
        return self.enqueued_ms is not None and is_lost and self.transferred_ms is None


class Sums:
    """What some contacts come to together. Its size does not depend on how many they are."""

    __slots__ = ("longest_ms", "totals")

    def __init__(self, parts: Iterable[Sums] = ()) -> None:
        self.totals = list(_NOTHING.values())
        self.longest_ms = 0
        for part in parts:
            self.totals = list(map(add, self.totals, part.totals))
            self.longest_ms = max(self.longest_ms, part.longest_ms)

    def add(self, amounts: Mapping[str, int], wait_ms: int | None) -> None:
        """Add what a contact adds (`amounts`, all of them in order) and how long it waited."""
        self.totals = list(map(add, self.totals, amounts.values()))
        self.longest_ms = max(self.longest_ms, wait_ms or 0)

    def metrics(self) -> dict[str, int | float | None]:
        """Sums and counts by name, and the means and shares that follow from them."""
        found = self._named()
        made: dict[str, int | float | None] = {name: found[name] for name in _METRICS}
        made["max_queued_ms"] = self.longest_ms
        for mean, amount, count in _MEANS:
            made[mean] = _ratio(found[amount] / 1000, found[count])
        for each in THRESHOLDS_S:
            for fate in ("removed", "answered"):
                share = _ratio(found[f"{fate}_{each}"], found["contacts_queued"])
                made[f"service_level_{each}_{fate}"] = share
        made["abandonment_rate"] = _ratio(found["contacts_abandoned"], found["contacts_queued"])
        made["avg_holds"] = _ratio(found["holds"], found["contacts_handled"])
        made["wait_minutes"] = found["wait_ms"] / 60_000
        return made

    def chains(self) -> dict[str, int]:
        """Counts of chains of contacts and of their legs."""
        found = self._named()
        return {name: found[name] for name in (*_CHAINS, "wait_ms")}

    def calls(self) -> dict[str, int]:
        """The few sums that are told for each quarter of an hour."""
        found = self._named()
        return {name: found[name] for name in _CALLS}

    def _named(self) -> dict[str, int]:
        return dict(zip(_NOTHING, self.totals, strict=True))


def _ratio(amount: float, count: int) -> float | None:
    return amount / count if count else None


def amounts(facts: ContactFacts) -> dict[str, int]:
    """What the contact adds to each sum and count, all of them in order."""
    found = _NOTHING.copy()
    found["contacts"] = found["legs"] = 1
    way = _WAYS.get(facts.method)
    if way is not None:
        found[f"contacts_{way}"] = 1
    if facts.wait_ms is not None:
        _add_wait(found, facts, facts.wait_ms)
    if facts.agent is not None:
        _add_work(found, facts)
    if facts.connected_ms is not None:
        _add_conversation(found, facts)
    _add_transfers(found, facts)
    _add_links(found, facts)
    _add_lengths(found, facts)
    return found


def _add_wait(found: dict[str, int], facts: ContactFacts, wait_ms: int) -> None:
    found["contacts_queued"] = 1
    found["wait_ms"] = wait_ms
    fates = ["removed"]
    if facts.connected_ms is not None:
        fates.append("answered")
        found["contacts_answered"] = 1
        found["queue_answer_time_ms"] = wait_ms
    if facts.is_abandoned:
        fates.append("abandoned")
        found["contacts_abandoned"] = 1
        found["abandon_time_ms"] = wait_ms
    for threshold_s in THRESHOLDS_S:
        if wait_ms < threshold_s * 1000:
            found.update({f"{fate}_{threshold_s}": 1 for fate in fates})


def _add_work(found: dict[str, int], facts: ContactFacts) -> None:
    """Sums over whoever had the contact on the desk, whether or not the customer was reached."""
    found["contacts_with_agent"] = 1
    found["handle_time_ms"] = facts.handle_ms or 0
    found["active_time_ms"] = facts.interaction_ms + facts.hold_ms + facts.after_contact_ms
    found["after_contact_work_ms"] = facts.after_contact_ms
    found["pause_ms"] = facts.pause_ms
    if facts.method == "OUTBOUND":
        found["after_contact_work_outbound_ms"] = facts.after_contact_ms


def _add_conversation(found: dict[str, int], facts: ContactFacts) -> None:
    found["contacts_handled"] = 1
    way = _WAYS.get(facts.method)
    if way is not None:
        found[f"contacts_handled_{way}"] = 1
    found["interaction_ms"] = facts.interaction_ms
    found["hold_ms"] = facts.hold_ms
    found["interaction_and_hold_ms"] = facts.interaction_ms + facts.hold_ms
    found["holds"] = facts.holds
    found["contacts_put_on_hold"] = int(facts.holds > 0)
    found["contacts_agent_hung_up_first"] = int(facts.is_agent_first)
    if facts.method == "OUTBOUND":
        found["interaction_outbound_ms"] = facts.interaction_ms


def _add_transfers(found: dict[str, int], facts: ContactFacts) -> None:
    found["contacts_transferred_in"] = int(facts.method in ("TRANSFER", "QUEUE_TRANSFER"))
    found["contacts_transferred_in_by_agent"] = int(facts.method == "TRANSFER")
    found["contacts_transferred_in_from_queue"] = int(facts.method == "QUEUE_TRANSFER")
    if facts.transferred_ms is not None:
        found["contacts_transferred_out"] = 1
        where = "external" if facts.is_external else "internal"
        found[f"contacts_transferred_out_{where}"] = 1
        whence = "handled" if facts.connected_ms is not None else "queued"
        found[f"contacts_transferred_out_from_{whence}"] = 1
    elif facts.next_method is not None and facts.connected_ms is None:
        found["callback_attempts"] = int(facts.method != "CALLBACK")


def _add_links(found: dict[str, int], facts: ContactFacts) -> None:
    is_passed_on = facts.next_method == "TRANSFER"
    found["chains"] = int(facts.number == 1)
    found["chains_of_several"] = int(facts.number == 2)
    found["transfers_cold"] = int(is_passed_on and facts.transferred_ms is not None)
    found["transfers_warm"] = int(is_passed_on and facts.transferred_ms is None)
    found["transfers_external"] = int(facts.is_external)
    found["transfers_from_queue"] = int(facts.next_method == "QUEUE_TRANSFER")
    found["callbacks"] = int(facts.next_method == "CALLBACK")


def _add_lengths(found: dict[str, int], facts: ContactFacts) -> None:
    end = max(facts.disconnected_ms, facts.ended_ms or 0)
    found["resolution_ms"] = max(0, end - facts.initiated_ms)
    if facts.method in (*INCOMING, "API"):
        found["contacts_flow_timed"] = 1
        found["contact_flow_time_ms"] = _flow_ms(facts)


def _flow_ms(facts: ContactFacts) -> int:
    """Time in a contact flow: up to the queue, else the transfer, else the end."""
    if facts.to_system_ms is None:
        return 0
    ends = (facts.enqueued_ms, facts.transferred_ms, facts.disconnected_ms)
    return max(0, next(end for end in ends if end is not None) - facts.to_system_ms)
