"""Which queue lends an agent to a waiting contact: pure.

Lending at once with one agent kept back had the least waiting of the policies that were simulated;
waiting first gives half of that away. Every queue a contact has been in is closed to it, and two
transfers are the most, so no contact goes round in circles.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class OverflowPolicy:
    """`reserve` agents stay free for the lender's own contacts; nobody lends before `after_s`."""

    reserve: int = 1
    most_transfers: int = 2
    after_s: float = 0


class QueueState(NamedTuple):
    """A queue now: free agents, contacts waiting, and how long the contact or the first waits."""

    queue_id: str
    idle: int
    waiting: int = 0
    waited_s: float = 0


def overflow(
    queue: QueueState,
    lenders: Iterable[QueueState],
    visited: Collection[str] = (),
    policy: OverflowPolicy = OverflowPolicy(),
) -> str | None:
    """The queue to transfer a contact of `queue` to, or None to let it wait.

    `lenders` come in the order in which they are recommended; `visited` are the queues that the
    contact has been in, with or without the present one.
    """
    closed = {*visited, queue.queue_id}
    is_served = queue.idle > 0 or queue.waited_s < policy.after_s
    if is_served or len(closed) > policy.most_transfers:
        return None
    willing = (
        lender.queue_id
        for lender in lenders
        if lender.queue_id not in closed
        and lender.waiting == 0
        and lender.idle - 1 >= policy.reserve
    )
    return next(willing, None)
