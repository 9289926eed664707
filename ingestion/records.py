"""One received payload becomes accepted records and typed rejects; strict, pure, and total.

Python's own JSON reader takes NaN, duplicate keys, infinities and lone surrogates that the
engines behind the lake refuse or misread, so each is refused here, once, with a reason.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from ingestion.splitting import MAX_HELD_BYTES, pieces

MAX_RECORD_BYTES = 1_000 * 1024
MAX_DEPTH = 64
MAX_KEYS = 2_000
MAX_STRING_BYTES = 32 * 1024
MAX_DIGITS = 18
MAX_KEY_CHARACTERS = 256
MAX_OBJECTS = 5_000
MAX_CONTAINERS = 10_000

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
JSON_WHITESPACE = b" \t\r\n"

KINDS = ("contact_record", "agent_event", "work_item")

REASONS: Mapping[str, str] = {
    "bad_key": "a required field is not a text of 1 to 256 characters, or is a phone number",
    "duplicate_key": "an object names a key twice",
    "empty": "nothing but whitespace",
    "html": "a web page, not JSON",
    "lone_surrogate": "half of a UTF-16 pair, which no UTF-8 text can hold",
    "missing_agent_arn": "an agent event without AgentARN",
    "missing_contact_id": "a contact record without ContactId",
    "missing_event_id": "an agent event without EventId",
    "missing_event_timestamp": "an agent event without EventTimestamp",
    "missing_work_item_id": "a work item without WorkItemId",
    "nan": "NaN or Infinity, which JSON does not know",
    "not_an_object": "JSON, but an array or a single value",
    "not_json": "not JSON, or JSON cut short",
    "not_utf8": "not UTF-8 text",
    "number_out_of_range": "an integer over 18 digits, or a number beyond a double",
    "string_too_long": "a text over 32 KiB",
    "too_deep": "nested more than 64 deep",
    "too_large": "a record over 1,000 KiB",
    "too_many_containers": "more than 10,000 objects and arrays in one record",
    "too_many_keys": "more than 2,000 keys",
    "too_many_objects": "more than 5,000 objects in one payload",
    "unknown_kind": "no contact record, agent event or work item by its keys",
}


class Accepted(NamedTuple):
    """A record of a known kind; `line` is it as received, on one line, without surroundings."""

    kind: str
    line: bytes


class Rejected(NamedTuple):
    """Bytes that are no record: a key of `REASONS`, where it shows, and the bytes themselves."""

    reason: str
    detail: str
    payload: bytes


Outcome = Accepted | Rejected


def outcomes(payload: bytes) -> list[Outcome]:
    """Every record of a payload with its verdict, in order; at least one, and never an error.

    Objects written one after another (`{}{}`, as Firehose delivers them, or on lines of their
    own) are records of their own: each is judged alone, so a bad one costs only itself, unless
    its end cannot be found; then it takes the rest of the payload, or of its line, with it. In
    more than 4 MiB none is looked for.
    """
    if len(payload) > MAX_HELD_BYTES:
        return [Rejected("too_large", f"{len(payload)} bytes", payload)]
    body = payload.removeprefix(BYTE_ORDER_MARK).strip(JSON_WHITESPACE)
    outcome = _outcome(body)
    if isinstance(outcome, Accepted):
        return [outcome]
    parts = pieces(body, MAX_OBJECTS + 1) if body.startswith(b"{") else []
    if len(parts) > MAX_OBJECTS:
        return [Rejected("too_many_objects", f"more than {MAX_OBJECTS}", payload)]
    if len(parts) > 1:
        return [_outcome(part) for part in parts]
    return [outcome._replace(payload=payload)]


class _Flaw(Exception):  # noqa: N818 - bad input is data here, not an error
    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def _outcome(body: bytes) -> Outcome:
    try:
        return Accepted(_kind(_record(body)), one_line(body))
    except _Flaw as flaw:
        return Rejected(flaw.reason, flaw.detail, body)


def one_line(body: bytes) -> bytes:
    """A JSON text without line breaks, which JSON allows only between its tokens."""
    return body.replace(b"\r", b" ").replace(b"\n", b" ")


def _record(body: bytes) -> dict[str, Any]:
    if not body.strip():
        raise _Flaw("empty")
    if len(body) > MAX_RECORD_BYTES:
        raise _Flaw("too_large", f"{len(body)} bytes")
    if body.startswith(b"<"):
        raise _Flaw("html")
    text = _text(body)
    _check_nesting(body)
    value = _value(text)
    if not isinstance(value, dict):
        raise _Flaw("not_an_object", f"a JSON {type(value).__name__}")
    _check_surrogates(value, body)
    _check_extent(value, body)
    return value


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _Flaw("not_utf8", f"at byte {error.start}") from None


def _value(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _Flaw("not_json", f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _Flaw("too_deep", "beyond the reader") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise _Flaw("duplicate_key", f"{len(pairs) - len(mapping)} in one object")
    return mapping


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS and len(digits.lstrip("-")) > MAX_DIGITS:
        raise _Flaw("number_out_of_range", f"an integer of {len(digits.lstrip('-'))} digits")
    return int(digits)


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Flaw("number_out_of_range", "beyond a double")
    return number


def _no_constant(name: str) -> NoReturn:
    raise _Flaw("nan", name)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_number, parse_constant=_no_constant
)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_GLANCE_BYTES = 16 * 1024
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


def _check_nesting(body: bytes) -> None:
    """Brackets are counted before the reader recurses; few of them cannot nest deep."""
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return
    _check_depth(_brackets(body[:_GLANCE_BYTES]))  # what is deep mostly shows it early
    brackets = _brackets(body)
    _check_depth(brackets)
    if (containers := brackets.count(b"{") + brackets.count(b"[")) > MAX_CONTAINERS:
        raise _Flaw("too_many_containers", f"{containers}")


def _check_depth(brackets: bytes) -> None:
    depth = 0
    for bracket in brackets[: 2 * MAX_CONTAINERS]:
        depth += 1 if bracket in b"{[" else -1
        if depth > MAX_DEPTH:
            raise _Flaw("too_deep", f"more than {MAX_DEPTH}")


def _brackets(body: bytes) -> bytes:
    return _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)


def _check_surrogates(value: Any, body: bytes) -> None:
    if b"\\ud" not in body and b"\\uD" not in body:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _Flaw("lone_surrogate") from None


def _check_extent(value: Any, body: bytes) -> None:
    """Keys and texts are counted only where the bytes leave room for too many or too long."""
    if len(body) <= MAX_STRING_BYTES and body.count(b":") <= MAX_KEYS:
        return
    keys, longest = _extent(value)
    if keys > MAX_KEYS:
        raise _Flaw("too_many_keys", f"{keys}")
    if longest > MAX_STRING_BYTES:
        raise _Flaw("string_too_long", f"{longest} bytes")


def _extent(value: Any) -> tuple[int, int]:
    keys = longest = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            keys += len(item)
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += [each for each in item if isinstance(each, dict | list | str)]
        elif isinstance(item, str):
            longest = max(longest, len(item.encode()))
    return keys, longest


_WRITTEN_AS_NUMBER = re.compile(r"[^\w+(]*(?:(?:tel|callto|sips?):|[+\uff0b(])", re.IGNORECASE)


class _Shape(NamedTuple):
    """A kind, any one of the keys that give it away, and the fields that it cannot do without."""

    kind: str
    marks: frozenset[str]
    required: tuple[tuple[str, str], ...]


_WORK_ITEM_KEY = (("WorkItemId", "missing_work_item_id"),)
_CONTACT_KEY = (("ContactId", "missing_contact_id"),)
_EVENT_KEYS = (
    ("EventId", "missing_event_id"),
    ("EventTimestamp", "missing_event_timestamp"),
    ("AgentARN", "missing_agent_arn"),
)
_EVENT_MARKS = "EventId EventType AgentARN CurrentAgentSnapshot PreviousAgentSnapshot"
_CONTACT_MARKS = (
    "ContactId InitialContactId PreviousContactId NextContactId InitiationMethod"
    " AWSContactTraceRecordFormatVersion InitiationTimestamp ConnectedToSystemTimestamp"
    " DisconnectTimestamp TransferCompletedTimestamp TransferredToEndpoint CustomerEndpoint"
    " SystemEndpoint"
)
_WORK_ITEM_MARKS = "AgentUsername CallType RemainingMinutes OpenedTimestamp"

# The first that matches: Contact Lens segments carry an EventType beside their ContactId and
# must not pass for contact records, and a work item may name the contact that it came from.
_SHAPES = (
    _Shape("work_item", frozenset({"WorkItemId"}), _WORK_ITEM_KEY),
    _Shape("agent_event", frozenset(_EVENT_MARKS.split()), _EVENT_KEYS),
    _Shape("contact_record", frozenset(_CONTACT_MARKS.split()), _CONTACT_KEY),
    _Shape("work_item", frozenset(_WORK_ITEM_MARKS.split()), _WORK_ITEM_KEY),
)


def _kind(record: dict[str, Any]) -> str:
    shape = next((shape for shape in _SHAPES if not shape.marks.isdisjoint(record)), None)
    if shape is None:
        raise _Flaw("unknown_kind")
    for field, missing in shape.required:
        _check_key(field, record.get(field), missing)
    return shape.kind


def _check_key(field: str, value: Any, missing: str) -> None:
    if value is None:
        raise _Flaw(missing)
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_KEY_CHARACTERS:
        raise _Flaw("bad_key", field)
    # Digits alone are an id; what is written as a number is one, and would stand in the tables.
    if _WRITTEN_AS_NUMBER.match(value) and len(re.findall(r"\d", value)) >= 7:
        raise _Flaw("bad_key", field)
