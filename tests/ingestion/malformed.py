"""Payloads that are no records, each with the reason that it must be rejected for."""

from __future__ import annotations

import gzip
import json

CONTACT = b'{"ContactId":"c-1","Channel":"VOICE"}'
EVENT = (
    b'{"EventId":"e-1","EventTimestamp":"2024-01-01T00:00:00.000Z","AgentARN":"a","EventType":"X"}'
)
WORK_ITEM = b'{"WorkItemId":"w-1","CallType":"billing","CustomerId":"x"}'


def contact(value: bytes) -> bytes:
    return b'{"ContactId":"c-1","x":' + value + b"}"


MALFORMED = {
    "nothing": (b"", "empty"),
    "whitespace": (b" \r\n\t", "empty"),
    "byte order mark alone": (b"\xef\xbb\xbf", "empty"),
    "latin-1": (contact(b'"caf\xe9"'), "not_utf8"),
    "utf-16": (CONTACT.decode().encode("utf-16"), "not_utf8"),
    "surrogate written as UTF-8": (contact(b'"\xed\xa0\x80"'), "not_utf8"),
    "web page": (b"<!DOCTYPE html><html>{}</html>", "html"),
    "text": (b"service unavailable", "not_json"),
    "zero bytes": (b"\0\0\0", "not_json"),
    "cut short": (CONTACT[:-5], "not_json"),
    "single quotes": (b"{'ContactId':'c-1'}", "not_json"),
    "line break in a text": (contact(b'"a\nb"'), "not_json"),
    "trailing comma": (b'{"ContactId":"c-1",}', "not_json"),
    "NaN": (contact(b"NaN"), "nan"),
    "Infinity": (contact(b"Infinity"), "nan"),
    "minus Infinity": (contact(b"-Infinity"), "nan"),
    "1e400": (contact(b"1e400"), "number_out_of_range"),
    "19 digits": (contact(b"1" * 19), "number_out_of_range"),
    "minus 19 digits": (contact(b"-" + b"1" * 19), "number_out_of_range"),
    "5,000 digits": (contact(b"1" * 5_000), "number_out_of_range"),
    "a key twice": (b'{"ContactId":"c-1","ContactId":"c-2"}', "duplicate_key"),
    "a key twice within": (contact(b'{"a":1,"a":1}'), "duplicate_key"),
    "a key twice by escape": (contact(b'{"a":1,"\\u0061":1}'), "duplicate_key"),
    "lone surrogate": (contact(b'"\\ud83d"'), "lone_surrogate"),
    "lone surrogate in a key": (contact(b'{"\\uDE00":1}'), "lone_surrogate"),
    "65 deep": (contact(b"[" * 64 + b"]" * 64), "too_deep"),
    "200,000 deep": (contact(b"[" * 200_000 + b"]" * 200_000), "too_deep"),
    "200,000 opened": (b"[" * 200_000, "too_deep"),
    "200,000 objects opened": (b'{"a":' * 200_000, "too_deep"),
    "2,001 keys": (
        json.dumps({"ContactId": "c"} | dict.fromkeys(map(str, range(2_000)))).encode(),
        "too_many_keys",
    ),
    "a text over 32 KiB": (contact(b'"' + b"x" * (32 * 1024 + 1) + b'"'), "string_too_long"),
    "a key over 32 KiB": (contact(b'{"' + b"x" * (32 * 1024 + 1) + b'":1}'), "string_too_long"),
    "over 1,000 KiB": (contact(b" " * 1_000 * 1024 + b"1"), "too_large"),
    "10 MiB": (contact(b'"' + b"x" * 10 * 2**20 + b'"'), "too_large"),
    "10,001 containers": (contact(b"[" + b"[]," * 9_998 + b"[]]"), "too_many_containers"),
    "300,000 empty lists": (contact(b"[" + b"[]," * 300_000 + b"[]]"), "too_many_containers"),
    "1,001 KiB": (contact(b'"' + b"x" * 1_001 * 1024 + b'"'), "too_large"),
    "gzip": (gzip.compress(CONTACT, mtime=0), "not_utf8"),
    "gzip in gzip": (gzip.compress(gzip.compress(CONTACT, mtime=0), mtime=0), "not_utf8"),
    "gzip bomb 1,000:1": (gzip.compress(bytes(10 * 2**20), mtime=0), "not_utf8"),
    "array": (b"[" + CONTACT + b"]", "not_an_object"),
    "text value": (b'"ContactId"', "not_an_object"),
    "null": (b"null", "not_an_object"),
    "no kind": (b'{"detail-type":"Scheduled Event"}', "unknown_kind"),
    "empty object": (b"{}", "unknown_kind"),
    "contact without key": (b'{"NextContactId":null,"Queue":{}}', "missing_contact_id"),
    "contact with null key": (b'{"ContactId":null}', "missing_contact_id"),
    "event without id": (EVENT.replace(b"EventId", b"Id"), "missing_event_id"),
    "event without time": (EVENT.replace(b"EventTimestamp", b"T"), "missing_event_timestamp"),
    "event without agent": (EVENT.replace(b"AgentARN", b"ARN"), "missing_agent_arn"),
    "work item without key": (WORK_ITEM.replace(b"WorkItemId", b"Id"), "missing_work_item_id"),
    "numeric key": (b'{"ContactId":7}', "bad_key"),
    "blank key": (b'{"ContactId":" "}', "bad_key"),
    "key of 257": (b'{"ContactId":"' + b"x" * 257 + b'"}', "bad_key"),
    "numeric agent": (EVENT.replace(b'"AgentARN":"a"', b'"AgentARN":1'), "bad_key"),
}
