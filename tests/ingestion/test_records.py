import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.records import KINDS, REASONS, Accepted, Rejected, outcomes
from tests.ingestion.malformed import CONTACT, EVENT, MALFORMED, WORK_ITEM, contact

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "samples"


def reasons(payload):
    return [getattr(outcome, "reason", "accepted") for outcome in outcomes(payload)]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("contact_record", CONTACT), ("agent_event", EVENT), ("work_item", WORK_ITEM)],
)
def test_kinds_are_told_apart_by_shape(kind, payload):
    assert [Accepted(kind, payload)] == outcomes(payload)


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_payload_is_one_typed_reject(name):
    payload, reason = MALFORMED[name]
    assert [reason] == reasons(payload)


@pytest.mark.parametrize("name", MALFORMED)
def test_a_reject_keeps_the_payload_as_received(name):
    payload, _ = MALFORMED[name]
    assert [payload] == [outcome.payload for outcome in outcomes(payload)]


def test_every_reason_is_explained_and_shown_by_the_malformed_corpus():
    assert set(REASONS) == {reason for _, reason in MALFORMED.values()} | {"too_many_objects"}


def test_the_worst_payload_is_judged_quickly():
    start = time.perf_counter()
    outcomes(b'{"a":"' + b'\\"' * 400_000)
    assert time.perf_counter() - start < 1


WELL_FORMED = {
    "18 digits": contact(b"-" + b"9" * 18),
    "64 deep": contact(b"[" * 63 + b"]" * 63),
    "many brackets, none deep": contact(b"[" + b"[]," * 500 + b"[]]"),
    "10,000 containers": contact(b"[" + b"[]," * 9_997 + b"[]]"),
    "brackets in a text": contact(b'"' + b"[" * 500 + b'\\""'),
    "2,000 keys": json.dumps({"ContactId": "c"} | dict.fromkeys(map(str, range(1_999)))).encode(),
    "many colons": contact(b'"' + b":" * 3_000 + b'"'),
    "a text of 32 KiB": contact(b'"' + b"x" * 32 * 1024 + b'"'),
    "1,000 KiB": contact(b'"a"' + b" " * (1_000 * 1024 - len(contact(b'"a"')))),
    "a pair of surrogates": contact(b'"\\ud83d\\ude00"'),
    "an escaped backslash before ud800": contact(b'"\\\\ud800"'),
    "an emoji": contact('"\N{GRINNING FACE}"'.encode()),
    "NaN as a text": contact(b'"NaN"'),
    "same key in two objects": contact(b'[{"a":1},{"a":1}]'),
    "key of 256": b'{"ContactId":"' + b"x" * 256 + b'"}',
    "unknown fields": contact(b'{"anything":[1,2.5e3,null,true]}'),
}


@pytest.mark.parametrize("name", WELL_FORMED)
def test_a_record_at_the_limit_is_accepted_unchanged(name):
    payload = WELL_FORMED[name]
    assert [Accepted("contact_record", payload)] == outcomes(payload)


def test_a_byte_order_mark_and_surrounding_whitespace_are_dropped():
    assert outcomes(CONTACT) == outcomes(b"\xef\xbb\xbf\r\n " + CONTACT + b"\n")


def test_line_breaks_between_tokens_become_spaces():
    pretty = b'{\r\n  "ContactId": "c-1"\n}'
    assert [Accepted("contact_record", b'{    "ContactId": "c-1" }')] == outcomes(pretty)


@pytest.mark.parametrize("between", [b"", b" ", b"\n", b"\r\n\r\n"])
def test_concatenated_objects_are_records_of_their_own(between):
    payload = between.join([CONTACT, EVENT, WORK_ITEM])
    assert [outcome.kind for outcome in outcomes(payload)] == [
        "contact_record",
        "agent_event",
        "work_item",
    ]


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize(
    "bad", [b'{"ContactId":NaN}', b'{"a":1}', b"{bad}", contact(b"[" * 70 + b"]" * 70)]
)
def test_a_bad_object_among_concatenated_ones_costs_only_itself(bad, position):
    parts = [CONTACT, CONTACT, CONTACT]
    parts.insert(position, bad)
    judged = outcomes(b"".join(parts))
    assert [part != bad for part in parts] == [isinstance(each, Accepted) for each in judged]


def test_a_broken_last_object_leaves_the_ones_before_it():
    payload = CONTACT + CONTACT[:-3]
    assert [Accepted("contact_record", CONTACT), CONTACT[:-3]] == [
        outcomes(payload)[0],
        outcomes(payload)[1].payload,
    ]


def test_an_object_cut_short_ends_at_the_next_line_that_starts_one():
    payload = CONTACT[:-3] + b"\n" + CONTACT
    assert reasons(payload) == ["not_json", "accepted"]


def test_an_object_that_never_closes_takes_the_rest_of_its_line_with_it():
    payload = CONTACT + b'{"a":[}' + CONTACT + b"\n" + CONTACT
    assert reasons(payload) == ["accepted", "not_json", "accepted"]


def test_rubbish_between_objects_is_a_reject_of_its_own():
    assert reasons(CONTACT + b" oops " + CONTACT) == ["accepted", "not_json", "accepted"]


def test_thousands_of_tiny_objects_in_one_payload_are_one_reject():
    assert reasons(b"{}" * 5_001) == ["too_many_objects"]


def test_an_inner_contact_of_a_broken_event_is_no_contact_record():
    event = json.dumps(
        {"EventId": "e", "Contacts": [{"ContactId": "c"}], "z": 1}, indent=0
    ).encode()
    assert reasons(event[:-4]) == ["not_json"]


def test_a_contact_lens_segment_is_no_contact_record():
    assert reasons(b'{"ContactId":"c","EventType":"SEGMENTS"}') == ["missing_event_id"]


@pytest.mark.skipif(not SAMPLES.exists(), reason="needs ../shared")
def test_every_sample_with_its_key_is_accepted():
    fragment = "agent_queue_no_name_partial_2020"
    folders = {"contact_records": "contact_record", "agent_events": "agent_event"}
    paths = [path for path in SAMPLES.rglob("*.json") if path.stem != fragment]
    assert [folders[path.parent.name] for path in paths] == [
        outcomes(path.read_bytes())[0].kind for path in paths
    ]


@pytest.mark.skipif(not SAMPLES.exists(), reason="needs ../shared")
def test_the_sample_fragment_has_no_contact_id():
    (path,) = SAMPLES.rglob("agent_queue_no_name_partial_2020.json")
    assert reasons(path.read_bytes()) == ["missing_contact_id"]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\\n a1', max_size=60).map(str.encode))
def test_any_bytes_have_a_verdict_and_no_line_breaks_its_line(payload):
    for outcome in outcomes(payload):
        if isinstance(outcome, Accepted):
            assert outcome.kind in KINDS
            assert b"\n" not in outcome.line
        else:
            assert outcome.reason in REASONS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(json_values, min_size=1, max_size=4), st.sampled_from([None, 0, 1]))
def test_any_records_written_one_after_another_are_all_found(values, indent):
    records = [{"ContactId": "c", "x": value} for value in values]
    payload = "".join(json.dumps(record, indent=indent) for record in records).encode()
    assert records == [json.loads(outcome.line) for outcome in outcomes(payload)]


def test_a_reject_names_no_value_of_the_record():
    payload = b'{"ContactId":"c","a":"+12025550123","a":"+12025550123"}'
    assert [Rejected("duplicate_key", "1 in one object", payload)] == outcomes(payload)
