import base64
import gzip
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from ingestion import landing
from ingestion.landing import (
    LakeObject,
    Origin,
    Verdict,
    file_objects,
    reject_line,
    retry_from,
    stream_objects,
)
from ingestion.records import Accepted, Rejected

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def accepted(position, kind="contact_record", at=NOON):
    return Verdict(Origin("s/shard", str(position), at), Accepted(kind, b"line %d" % position))


def rejected(position, at=NOON):
    return Verdict(Origin("s/shard", str(position), at), Rejected("nan", "NaN", b"bad"))


def lines(item):
    return gzip.decompress(item.data).splitlines()


def spans(*ranges):
    return [LakeObject("", b"", "", {}, str(first), str(last)) for first, last in ranges]


def test_a_stream_object_is_named_by_day_shard_and_its_own_sequence_range():
    verdicts = [accepted(1), accepted(2, "agent_event"), accepted(3), rejected(4)]
    assert [item.key for item in stream_objects(verdicts, "s", "shard")] == [
        "raw/agent_event/2024-03-01/s-shard-2-2.ndjson.gz",
        "bad/stream/2024-03-01/s-shard-4-4.ndjson.gz",
        "raw/contact_record/2024-03-01/s-shard-1-3.ndjson.gz",
    ]


def test_the_arrival_day_is_the_first_record_s_in_utc():
    evening = datetime(2024, 3, 1, 22, tzinfo=timezone(timedelta(hours=-5)))
    (item,) = stream_objects([accepted(1, at=evening), accepted(2)], "s", "shard")
    assert item.key == "raw/contact_record/2024-03-02/s-shard-1-2.ndjson.gz"


def test_an_object_holds_its_records_one_a_line_in_order():
    (item,) = stream_objects([accepted(1), accepted(2)], "s", "shard")
    assert lines(item) == [b"line 1", b"line 2"]


def test_the_same_records_make_the_same_bytes():
    def verdicts():
        return [accepted(1), rejected(2), accepted(3)]

    assert stream_objects(verdicts(), "s", "x") == stream_objects(verdicts(), "s", "x")


def test_objects_count_records_by_kind_and_rejects_by_reason():
    verdicts = [accepted(1), rejected(2), accepted(3), rejected(4)]
    assert [item.counts for item in stream_objects(verdicts, "s", "x")] == [
        {"nan": 2},
        {"contact_record": 2},
    ]


def test_a_reject_line_tells_why_and_whence_and_holds_the_payload():
    payload = b"\xff{bad"
    origin = Origin("s/shard", "7", NOON)
    assert {
        "reason": "not_utf8",
        "detail": "at byte 0",
        "source": "s/shard",
        "position": "7",
        "arrived_at": "2024-03-01T12:00:00+00:00",
        "sha256": hashlib.sha256(payload).hexdigest(),
        "size": 5,
        "payload_base64": base64.b64encode(payload).decode(),
    } == json.loads(reject_line(origin, Rejected("not_utf8", "at byte 0", payload)))


def test_a_reject_of_a_file_has_no_arrival_time():
    line = reject_line(Origin("f.json", "line:1"), Rejected("empty", "", b""))
    assert json.loads(line)["arrived_at"] is None


def test_a_huge_reject_keeps_its_first_5_mib_and_its_size():
    fields = json.loads(reject_line(Origin("f", "1"), Rejected("too_large", "", b"x" * 10**7 * 2)))
    kept = base64.b64decode(fields["payload_base64"])
    assert [len(kept), fields["size"]] == [5 * 2**20, 2 * 10**7]


def test_a_file_object_is_named_by_its_content():
    (item,) = file_objects([accepted(1), accepted(2)])
    name = hashlib.sha256(b"line 1\nline 2\n").hexdigest()[:32]
    assert f"raw/contact_record/files/{name}.ndjson.gz" == item.key


def test_rejects_of_a_file_lie_apart():
    (item,) = file_objects([rejected(1)])
    assert item.key[:10] == "bad/files/"


def test_a_large_file_becomes_objects_of_bounded_size_in_order(monkeypatch):
    monkeypatch.setattr(landing, "MAX_OBJECT_BYTES", 20)
    items = list(file_objects(accepted(position) for position in range(1, 8)))
    assert [[item.first, item.last] for item in items] == [["1", "3"], ["4", "6"], ["7", "7"]]


def test_nothing_becomes_no_object():
    assert stream_objects([], "s", "x") == []


def test_the_retry_begins_at_the_lowest_failure():
    assert retry_from(["100", "30"], spans((1, 20), (30, 40), (100, 110))) == "30"


def test_the_retry_takes_in_every_object_that_reaches_across_it():
    assert retry_from(["30"], spans((1, 4), (5, 25), (20, 35), (30, 40))) == "5"


def test_without_a_failure_there_is_no_retry():
    assert retry_from([], spans((1, 2))) is None


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), min_size=1),
    st.data(),
)
def test_no_object_is_ever_delivered_again_in_part(ranges, data):
    objects = spans(*((first, first + length) for first, length in ranges))
    failed = data.draw(st.lists(st.sampled_from([item.first for item in objects]), min_size=1))
    lowest = int(retry_from(failed, objects))
    assert lowest <= min(map(int, failed))
    assert not [item for item in objects if int(item.first) < lowest <= int(item.last)]
