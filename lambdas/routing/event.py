"""The Connect event as the few facts that routing needs.

Any field may be null, missing or new: an API-created chat sends no endpoint, queue or customer, and
`Channel` and `InitiationMethod` are open sets. So nothing here raises; what is odd is None.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

LONGEST_TEXT = 512
NONE = "NONE"  # a flow has no test for a blank, and rejects an empty string
SEPARATOR = ","  # of queues, none of whose names has it
MOST_NODES = 1000


class Contact(NamedTuple):
    """Who is calling about what; `n` is how many agents the flow asks for.

    A queue goes by its call type. `visited` are the queues that the contact may have been in, as
    its attributes tell, `moved_to` the one that it was moved to last. One that `is_waiting` is in a
    queue already: all that can be done for it is to move it to another.
    """

    contact_id: str | None = None
    call_type: str | None = None
    channel: str | None = None
    customer_address: str | None = None
    customer_id: str | None = None
    n: int | None = None
    visited: tuple[str, ...] = ()
    moved_to: str | None = None
    is_waiting: bool = False

    @property
    def queue(self) -> str | None:
        """The queue whose agents serve the contact: its own call type's, or where it waits now."""
        return self.moved_to if self.is_waiting and self.moved_to else self.call_type


def contact(event: object) -> Contact:
    """The contact of an `InvokeLambdaFunction` event, as much of it as can be read."""
    details = _mapping(event, "Details")
    data = _mapping(details, "ContactData")
    parameters = _mapping(details, "Parameters")
    attributes = _mapping(data, "Attributes")
    return Contact(
        contact_id=_text(data.get("ContactId")),
        call_type=_nested(parameters, "callType")
        or _text(attributes.get("callType"))
        or _text(attributes.get("category")),
        channel=_text(data.get("Channel")),
        customer_address=_text(_mapping(data, "CustomerEndpoint").get("Address")),
        customer_id=_text(data.get("CustomerId")) or _nested(parameters, "customerId"),
        n=_count(_nested(parameters, "n")),
        visited=_names(attributes.get("visitedQueues")),
        moved_to=next(iter(_names(attributes.get("overflowQueue"))), None),
        is_waiting=_nested(parameters, "waiting") == "true",
    )


def _mapping(parent: object, key: str) -> Mapping[str, Any]:
    child = parent.get(key) if isinstance(parent, Mapping) else None
    return child if isinstance(child, Mapping) else {}


def _text(value: object) -> str | None:
    """The value as trimmed text; blank, endless and structured values are None."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip() if isinstance(value, str) or abs(value) < 10**18 else ""
    return text if 0 < len(text) <= LONGEST_TEXT and text.isprintable() else None


def _names(value: object) -> tuple[str, ...]:
    """The names of a list of ours; the word for nobody is none."""
    names = (_text(name) for name in (_text(value) or "").split(SEPARATOR))
    return tuple(name for name in names if name not in (None, NONE))


def _nested(parameters: Mapping[str, Any], key: str) -> str | None:
    """The nearest value of the key: parameters are flat strings, or JSON in the newer block."""
    values = (_text(level.get(key)) for level in islice(_levels(parameters), MOST_NODES))
    return next((value for value in values if value is not None), None)


def _levels(parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    queue = [parameters]
    for level in queue:
        yield level
        queue.extend(child for child in level.values() if isinstance(child, Mapping))


def _count(text: str | None) -> int | None:
    is_count = text is not None and text.isascii() and text.isdigit() and len(text) <= 6
    return int(text) or None if is_count and text else None
