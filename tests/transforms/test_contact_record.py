"""Contact records by hand: what a line becomes, and what it is rejected for."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any

import pytest

from tests.transforms.landed import at, contact, lines, parsed, versions
from tests.transforms.rich_records import rich_contact
from transforms import tables
from transforms.contact_record import contact_records
from transforms.taxonomy import Taxonomy


def row(**fields: Any) -> dict[str, Any]:
    [found] = parsed("contact_record", [contact(**fields)]).to_pylist()
    return found


def reason(**fields: Any) -> str | None:
    return row(**fields)["reject_reason"]


def version(**fields: Any) -> str:
    return row(**fields)["record_version"]


def categorised(taxonomy: Taxonomy, **fields: Any) -> tuple[str, str, str | None]:
    table = contact_records(lines([contact(**fields)]), taxonomy, lambda _: None, lambda _: None)
    [found] = table.to_pylist()
    return found["category"], found["task"], found["skill"]


def test_seconds_become_milliseconds():
    found = row(
        Queue={"Duration": 37},
        Agent={
            "AgentInteractionDuration": 1.5,
            "CustomerHoldDuration": 0,
            "LongestHoldDuration": "8",
            "AfterContactWorkDuration": 5,
            "AgentPauseDuration": 2,
        },
    )
    expected = {
        "queue_duration_ms": 37_000,
        "agent_interaction_duration_ms": 1_500,
        "agent_customer_hold_duration_ms": 0,
        "agent_longest_hold_duration_ms": 8_000,
        "agent_after_contact_work_duration_ms": 5_000,
        "agent_pause_duration_ms": 2_000,
    }
    assert expected == {name: found[name] for name in expected}


def test_ids_come_from_the_arns():
    arn = "arn:aws:connect:us-east-1:111122223333:instance/i-9"
    found = row(
        InstanceARN=None,
        Agent={
            "ARN": f"{arn}/agent/a-1",
            "RoutingProfile": {"ARN": f"{arn}/routing-profile/r-1"},
        },
        Queue={"ARN": f"{arn}/queue/q-1"},
    )
    ids = ("instance_id", "agent_id", "queue_id", "agent_routing_profile_id")
    assert [found[name] for name in ids] == ["i-9", "a-1", "q-1", "r-1"]


def test_the_id_of_an_agent_queue_is_its_agent():
    arn = "arn:aws:connect:us-east-1:111122223333:instance/i-9/queue/agent/a-1"
    assert row(Queue={"ARN": arn, "Name": None})["queue_id"] == "a-1"


@pytest.mark.parametrize("queue", [{}, {"Queue": None}, {"Queue": {}}, {"Queue": {"Name": None}}])
def test_null_and_absent_are_the_same(queue):
    found = row(**queue)
    expected = (None, None, None, None)
    assert expected == (
        found["queue_name"],
        found["queue_duration_ms"],
        found["queue_enqueue_timestamp"],
        found["reject_reason"],
    )


def test_zero_is_not_absent():
    assert row(Queue={"Duration": 0})["queue_duration_ms"] == 0


MISTYPED = {
    "Queue.Duration": [{"Queue": {"Duration": value}} for value in ("NaN", "x", True, {}, 1e300)],
    "Agent.NumberOfHolds": [{"Agent": {"NumberOfHolds": value}} for value in (1.5, "many", [1])],
    "AgentConnectionAttempts": [{"AgentConnectionAttempts": 1e30}],
    "InitiationTimestamp": [
        {"InitiationTimestamp": value}
        for value in (
            "soon",
            "infinity",
            "epoch",
            "2024-02-30T00:00:00Z",
            "0044-03-15T00:00:00Z (BC)",
            "9999-12-31T23:59:59Z",
            "2024-05-06T09:00:00+2",
            "2024-05-06+02:00",
            20240506,
        )
    ],
    "LastUpdateTimestamp": [{"LastUpdateTimestamp": "24:00"}],
    "Queue": [{"Queue": value} for value in ("Billing", ["Billing"], 7, True)],
    "Agent": [{"Agent": "ada"}],
    "Agent.HierarchyGroups": [{"Agent": {"HierarchyGroups": []}}],
    "Agent.RoutingProfile": [{"Agent": {"RoutingProfile": "everything"}}],
    "Attributes": [{"Attributes": value} for value in ("category", ["category"])],
}


@pytest.mark.parametrize(
    ("path", "fields"), [(path, fields) for path, cases in MISTYPED.items() for fields in cases]
)
def test_a_value_of_the_wrong_type_is_a_reject_that_names_the_field(path, fields):
    assert reason(**fields) == f"type_mismatch: {path}"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("Queue.Duration", {"Queue": {"Duration": -1}}),
        ("Agent.AfterContactWorkDuration", {"Agent": {"AfterContactWorkDuration": -0.001}}),
        ("Agent.NumberOfHolds", {"Agent": {"NumberOfHolds": -1}}),
        ("AgentConnectionAttempts", {"AgentConnectionAttempts": -2}),
    ],
)
def test_a_negative_amount_is_a_reject_that_names_the_field(path, fields):
    assert reason(**fields) == f"negative: {path}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "not_json"),
        ("nope", "not_json"),
        ('{"ContactId":"c-1"', "not_json"),
        ("[]", "missing_contact_id"),
        ("7", "missing_contact_id"),
        ("{}", "missing_contact_id"),
        ('{"ContactId":""}', "missing_contact_id"),
        ('{"ContactId":null}', "missing_contact_id"),
        ('{"ContactId":"c-1"}', "no_timestamp"),
    ],
)
def test_what_is_no_contact_record_has_a_reason(line, expected):
    assert [expected] == parsed("contact_record", [line]).column("reject_reason").to_pylist()


def test_rejects_keep_their_row_beside_the_good_ones():
    table = parsed("contact_record", [contact(ContactId="a"), "nope", contact(ContactId="b")])
    assert table.column("contact_id").to_pylist() == ["a", None, "b"]


def test_unknown_fields_and_values_pass():
    found = row(Channel="HOLOGRAM", InitiationMethod="THOUGHT", NewThing={"a": [1, {"b": None}]})
    assert (
        found["channel"],
        found["initiation_method"],
        found["reject_reason"],
    ) == ("HOLOGRAM", "THOUGHT", None)


def test_an_unknown_field_is_content_that_makes_a_version():
    found = [version(), version(NewThing=1), version(NewThing=2), version(OtherThing=1)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("suffix", ["Z", "", "+00:00", ".000Z"])
def test_instants_without_an_offset_are_utc_in_every_spelling(suffix):
    assert (
        at("2024-05-06T09:00:00")
        == row(InitiationTimestamp=f"2024-05-06T09:00:00{suffix}")["initiation_timestamp"]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-06T09:00:00+02:00", "2024-05-06T07:00:00"),
        ("2024-05-06 09:00:00.5-0530", "2024-05-06T14:30:00.500"),
        ("2024-05-06T00:30+01", "2024-05-05T23:30:00"),
    ],
)
def test_instants_with_an_offset_are_converted(text, expected):
    assert at(expected) == row(InitiationTimestamp=text)["initiation_timestamp"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, date(2024, 5, 6)),
        (
            {"InitiationTimestamp": None, "DisconnectTimestamp": "2024-05-07T00:00:00Z"},
            date(2024, 5, 7),
        ),
        (
            {"InitiationTimestamp": None, "Queue": {"EnqueueTimestamp": "2024-05-05T23:59:59Z"}},
            date(2024, 5, 5),
        ),
        (
            {"InitiationTimestamp": None, "LastUpdateTimestamp": "2024-05-09T01:00:00Z"},
            date(2024, 5, 9),
        ),
    ],
)
def test_the_day_is_that_of_the_records_own_time(fields, expected):
    assert expected == row(**fields)["day"]


# -- category, task, skill --------------------------------------------------------------------


def test_attribute_keys_that_differ_only_by_case_are_different():
    attributes = {"Category": "loud", "category": "quiet", "CATEGORY": "shouted"}
    assert row(Attributes=attributes)["category"] == "quiet"


def test_attributes_come_before_queue_rules():
    taxonomy = Taxonomy(queue_category={"Billing": "invoice"}, queue_task={"Billing": "explain"})
    expected = ("refund", "explain", "Billing")
    found = categorised(taxonomy, Attributes={"category": " refund "}, Queue={"Name": "Billing"})
    assert expected == found


def test_the_first_attribute_that_says_something_decides():
    taxonomy = Taxonomy(category_attributes=("reason", "topic"))
    found = categorised(taxonomy, Attributes={"reason": " ", "topic": "delivery"})
    assert found[0] == "delivery"


def test_a_queue_rule_maps_a_queue_to_a_skill():
    taxonomy = Taxonomy(queue_skill={"Billing FR": "french"})
    assert categorised(taxonomy, Queue={"Name": "Billing FR"})[2] == "french"


def test_what_nothing_tells_is_uncategorised_and_needs_no_skill():
    assert categorised(Taxonomy()) == ("uncategorised", "uncategorised", None)


@pytest.mark.parametrize(("value", "expected"), [(10, "10"), (True, "true"), (None, None)])
def test_an_attribute_that_is_no_text_is_read_as_text(value, expected):
    assert (expected or "uncategorised") == row(Attributes={"category": value})["category"]


# -- versions ---------------------------------------------------------------------------------


def test_versions_are_ordered_by_update_then_redaction_then_content():
    early, late = "2024-05-06T09:10:00Z", "2024-05-06T09:10:01Z"
    redacted = {"SegmentAttributes": {"connect:RedactedFields": "CustomerEndpoint"}}
    twice = {"SegmentAttributes": {"connect:RedactedFields": "CustomerEndpoint,Attributes"}}
    full = {"Channel": "VOICE", "DisconnectReason": "OTHER", "InitiationMethod": "INBOUND"}
    rising = [
        version(**full, **redacted),  # no update instant comes first, whatever else is there
        version(LastUpdateTimestamp=early),
        version(LastUpdateTimestamp=early, Channel="VOICE"),
        version(LastUpdateTimestamp=early, **full),
        version(LastUpdateTimestamp=early, **redacted),
        version(LastUpdateTimestamp=early, **full, **redacted),
        version(LastUpdateTimestamp=early, **twice),
        version(LastUpdateTimestamp=late),
    ]
    assert sorted(set(rising)) == rising


def test_versions_with_equal_counts_differ_by_their_content():
    assert version(Channel="VOICE") != version(Channel="CHAT")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("a,b,c", "003"),
        ({"ValueString": "a,b,c"}, "003"),
        ("", "000"),
        (None, "000"),
        (" ,a", "001"),
    ],
)
def test_redacted_fields_are_counted_flat_or_nested(names, expected):
    found = version(SegmentAttributes={"connect:RedactedFields": names})
    assert expected == found.split("|")[1]


def shuffled(value: Any, rng: random.Random) -> Any:
    if not isinstance(value, dict):
        return value
    items = [(key, shuffled(inner, rng)) for key, inner in value.items()]
    rng.shuffle(items)
    return dict(items)


@pytest.mark.parametrize("seed", range(5))
def test_a_copy_written_anew_is_the_same_version(seed):
    record = contact(
        Attributes={"b": "2", "a": "1", "category": "café"},
        Queue={"Name": "Billing", "Duration": 7, "EnqueueTimestamp": "2024-05-06T09:00:00Z"},
        Agent={"Username": "ada", "RoutingProfile": {"Name": "r", "ARN": "a"}},
        SegmentAttributes={"connect:RedactedFields": {"ValueString": "x"}},
    )
    copy = json.dumps(
        shuffled(record, random.Random(seed)), indent=" \t"[seed % 2], ensure_ascii=seed > 2
    )
    one_line = copy.replace("\n", " ")
    assert [version(**record)] == parsed("contact_record", [one_line]).column(
        "record_version"
    ).to_pylist()


def test_a_rich_record_written_anew_is_the_same_row():
    copy = shuffled(rich_contact(), random.Random(7))
    first, second = parsed("contact_record", [rich_contact(), copy]).to_pylist()
    assert first == second


def test_an_attribute_that_is_not_kept_makes_a_version_all_the_same():
    assert version(Attributes={"pin": "1"}) != version(Attributes={"pin": "2"})


# -- spellings and kinds of values --------------------------------------------------------------


@pytest.mark.parametrize("key", ["GroupName", "Name"])
def test_a_hierarchy_group_has_its_name_under_either_key(key):
    found = row(Agent={"HierarchyGroups": {"Level2": {key: "Porto"}, "Level3": None}})
    levels = [found[f"agent_hierarchy_groups_level_{n}_name"] for n in (1, 2, 3)]
    assert levels == [None, "Porto", None]


def test_milliseconds_stay_what_they_are():
    found = row(ChatMetrics={"AgentMetrics": {"TotalResponseTimeInMillis": 1_500}})
    assert found["chat_agent_metrics_total_response_time_ms"] == 1_500


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("connect:SMS", "connect:SMS"),
        ({"ValueString": "connect:SMS"}, "connect:SMS"),
        ({"ValueInteger": 7}, "7"),
        ({"ValueMap": {"a": {"ValueString": "b"}}}, '{"a":{"ValueString":"b"}}'),
        ({"Value": "new"}, '{"Value":"new"}'),
        ('{"Value', '{"Value'),
        (None, None),
    ],
)
def test_a_segment_attribute_is_text_in_every_form(value, expected):
    found = row(SegmentAttributes={"connect:Subtype": value})["segment_attributes"]
    assert [("connect:Subtype", expected)] == found


@pytest.mark.parametrize("value", [None, {}, {"pin": "1"}])
def test_an_empty_map_is_not_a_null_one(value):
    assert row(ContactDetails=value)["contact_details"] == (None if value is None else [])


@pytest.mark.parametrize("value", [None, []])
def test_an_empty_list_is_not_a_null_one(value):
    assert value == row(Recordings=value)["recordings"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("Recordings.StartTimestamp", {"Recordings": [{}, {"StartTimestamp": "soon"}]}),
        ("RoutingCriteria.Index", {"RoutingCriteria": [{"Index": 1.5}]}),
        (
            "RoutingCriteria.Steps.Expiry.DurationInSeconds",
            {"RoutingCriteria": [{"Steps": [None, {"Expiry": {"DurationInSeconds": "x"}}]}]},
        ),
        (
            "ContactEvaluations.StartTimestamp",
            {"ContactEvaluations": {"e": {"StartTimestamp": "soon"}}},
        ),
        (
            "QualityMetrics.Agent.Audio.QualityScore",
            {"QualityMetrics": {"Agent": {"Audio": {"QualityScore": "NaN"}}}},
        ),
        ("VoiceIdResult.SpeakerEnrolled", {"VoiceIdResult": {"SpeakerEnrolled": "perhaps"}}),
        ("Recordings", {"Recordings": {}}),
    ],
)
def test_a_wrong_value_within_a_structure_is_a_reject_that_names_it(path, fields):
    assert reason(**fields) == f"type_mismatch: {path}"


def test_good_rows_have_the_columns_of_the_table():
    assert tables.CONTACT_RECORD.schema.equals(versions("contact_record", [contact()]).schema)
