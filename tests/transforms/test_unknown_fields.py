"""Fields that no model names: by path, without values unless asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.transforms.landed import contact, event, lines, token, work
from transforms.agent_event import agent_events
from transforms.contact_record import contact_records
from transforms.taxonomy import Keep, Taxonomy
from transforms.unknown_fields import MOST
from transforms.work_item import work_items


def unknown(*keep: str, **fields: Any) -> dict[str, Any] | None:
    [found] = of([contact(**fields)], *keep)
    return found


def of(records: list[Any], *keep: str) -> list[dict[str, Any] | None]:
    table = contact_records(lines(records), Taxonomy(keep=Keep(fields=keep)), token, token)
    found = table.column("unknown_fields").to_pylist()
    return [None if fields is None else dict(fields) for fields in found]


def test_a_record_of_known_fields_has_none():
    assert unknown(Channel="VOICE") is None


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"NewField": 1}, "NewField"),
        ({"Queue": {"Name": "Billing", "Mood": "good"}}, "Queue.Mood"),
        ({"Agent": {"RoutingProfile": {"Kind": {"a": 1}}}}, "Agent.RoutingProfile.Kind"),
        ({"Recordings": [{"Status": "AVAILABLE", "Codec": "opus"}]}, "Recordings.Codec"),
        ({"RoutingCriteria": [{"Steps": [{"Mood": 1}]}]}, "RoutingCriteria.Steps.Mood"),
        ({"channel": "VOICE"}, "channel"),
    ],
)
def test_an_unknown_field_is_kept_by_its_path_without_its_value(fields, path):
    assert unknown(**fields) == {path: None}


@pytest.mark.parametrize(
    "fields",
    [
        {"Attributes": {"anything": "x"}},
        {"SegmentAttributes": {"own": {"ValueFoo": "x"}}},
        {"ContactDetails": {"anything": "x"}},
        {"Tags": {"anything": "x"}},
        {"References": [{"Name": "anything", "Value": "x"}]},
        {"ContactLens": {"ConversationalAnalytics": {"New": 1}}},
        {"Queue": None, "Agent": None},
    ],
)
def test_keys_of_maps_and_parts_of_what_is_not_read_are_no_unknown_fields(fields):
    assert unknown(**fields) is None


def test_a_field_that_is_asked_for_has_its_json_without_numbers():
    found = unknown(
        "NewField",
        "Queue.Mood",
        NewField={"to": "+1 202 555 0100", "n": [1, None]},
        Queue={"Mood": 3},
    )
    assert found == {"NewField": '{"to":"[number]","n":[1,null]}', "Queue.Mood": "3"}


def test_a_star_asks_for_all():
    assert unknown("*", A="x", B=None) == {"A": '"x"', "B": "null"}


def test_odd_names_have_their_values_too():
    names = ['quo"te', "a/b~c", "a.b", "it's", "料金"]
    assert unknown("*", **dict.fromkeys(names, 1)) == dict.fromkeys(names, "1")


def test_a_name_may_be_a_number_and_is_scrubbed():
    found = unknown("*", **{"+12025550101": "a", "+12025550102": "b", "ada@example.com": "c"})
    assert found == {"[number]": '"a"', "[address]": '"c"'}


def test_at_most_fifty_names_are_kept_and_each_is_short():
    found = unknown(**{f"New{n:03d}" + "x" * 1_000: n for n in range(200)})
    assert (len(found), {len(name) for name in found}) == (MOST, {256})


def test_every_record_has_its_own():
    records = [contact(A=1), contact(), "nope", contact(B=1), contact(A=2), "7"]
    assert of(records) == [{"A": None}, None, None, {"B": None}, {"A": None}, None]


def test_the_value_of_an_unknown_field_makes_a_version_whether_kept_or_not():
    def versions(*keep: str) -> list[str]:
        table = contact_records(
            lines([contact(A=1), contact(A=2)]), Taxonomy(keep=Keep(fields=keep)), token, token
        )
        return table.column("record_version").to_pylist()

    assert versions() == versions("A")
    assert len(set(versions())) == 2


def test_agent_events_and_work_items_have_them_too():
    record = event("2024-05-06T12:00:00Z", New=1)
    record["CurrentAgentSnapshot"]["Mood"] = {"a": "b"}
    found = agent_events(lines([record]), keep=("CurrentAgentSnapshot.Mood",))
    items = work_items(lines([work(Priority="high")]), token, keep=("Priority",))
    assert [dict(table.column("unknown_fields")[0].as_py()) for table in (found, items)] == [
        {"CurrentAgentSnapshot.Mood": '{"a":"b"}', "New": None},
        {"Priority": '"high"'},
    ]
