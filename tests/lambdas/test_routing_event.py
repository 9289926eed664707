import copy
import json
import random

import pytest

from lambdas.routing.event import Contact, contact

EVENT = {
    "Name": "ContactFlowEvent",
    "Details": {
        "ContactData": {
            "Attributes": {},
            "Channel": "VOICE",
            "ContactId": "4a573372-1f28-4e26-b97b-000000000001",
            "InitialContactId": "4a573372-1f28-4e26-b97b-000000000001",
            "PreviousContactId": "",
            "InitiationMethod": "INBOUND",
            "InstanceARN": "arn:aws:connect:us-east-1:123456789012:instance/i-1",
            "LanguageCode": "en-US",
            "CustomerId": None,
            "CustomerEndpoint": {"Address": "+12025550100", "Type": "TELEPHONE_NUMBER"},
            "SystemEndpoint": {"Address": "+12025550199", "Type": "TELEPHONE_NUMBER"},
            "Queue": {"ARN": "arn:aws:connect:q", "Name": "Basic", "OutboundCallerId": None},
            "MediaStreams": {"Customer": {"Audio": None}},
            "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
        },
        "Parameters": {"callType": "mortgage-originations"},
    },
}
ODD = [None, "", 0, -1, 10**30, 1.5, True, [], {}, [{}], {"callType": None}, "x" * 5000, "\x00"]


def changed(**contact_data):
    event = copy.deepcopy(EVENT)
    event["Details"]["ContactData"].update(contact_data)
    return event


def with_parameters(parameters):
    return {"Details": {"Parameters": parameters, "ContactData": {}}}


def test_a_call_is_read():
    assert contact(EVENT) == Contact(
        contact_id="4a573372-1f28-4e26-b97b-000000000001",
        call_type="mortgage-originations",
        channel="VOICE",
        customer_address="+12025550100",
    )


def test_a_chat_of_the_api_has_neither_endpoints_nor_queue():
    event = changed(
        Channel="CHAT",
        InitiationMethod="API",
        CustomerEndpoint=None,
        SystemEndpoint=None,
        Queue=None,
        CustomerId="chat-7",
    )
    read = contact(event)
    assert (read.channel, read.customer_address, read.customer_id) == ("CHAT", None, "chat-7")


@pytest.mark.parametrize("channel", ["TASK", "EMAIL", "HOLOGRAM"])
def test_channels_are_an_open_set(channel):
    assert contact(changed(Channel=channel, InitiationMethod="QUEUE_TRANSFER")).channel == channel


def test_nested_parameters_are_read():
    nested = {"routing": {"callType": "claims", "n": 5}, "customer": {"customerId": "chat-7"}}
    read = contact(with_parameters(nested))
    assert (read.call_type, read.n, read.customer_id) == ("claims", 5, "chat-7")


def test_the_nearest_parameter_wins():
    parameters = {"deeper": {"callType": "claims"}, "callType": "cards"}
    assert contact(with_parameters(parameters)).call_type == "cards"


@pytest.mark.parametrize("attribute", ["callType", "category"])
def test_an_attribute_stands_in_for_the_parameter(attribute):
    event = changed(Attributes={attribute: "claims"})
    event["Details"]["Parameters"] = None
    assert contact(event).call_type == "claims"


def test_the_parameter_goes_before_the_attribute():
    assert contact(changed(Attributes={"callType": "x"})).call_type == "mortgage-originations"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", 5), (5, 5), ("0", None), ("-1", None), ("1e3", None), ("²", None), ("9" * 40, None)],
)
def test_n_is_a_positive_count(text, expected):
    assert contact(with_parameters({"n": text})).n == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("claims,cards", ("claims", "cards")),
        ("claims", ("claims",)),
        (" claims , cards ", ("claims", "cards")),
        *((odd, ()) for odd in (None, "", "NONE", ",,", 1.5, [], "x" * 5000)),
    ],
)
def test_the_queues_that_a_contact_visited_are_on_it(text, expected):
    assert contact(changed(Attributes={"visitedQueues": text})).visited == expected


@pytest.mark.parametrize(
    ("waiting", "moved_to", "expected"),
    [
        ("true", "cards", "cards"),
        ("true", "NONE", "mortgage-originations"),
        ("true", None, "mortgage-originations"),
        ("false", "cards", "mortgage-originations"),
    ],
)
def test_a_contact_is_served_where_it_waits_else_by_its_call_type(waiting, moved_to, expected):
    event = changed(Attributes={"overflowQueue": moved_to})
    event["Details"]["Parameters"]["waiting"] = waiting
    assert contact(event).queue == expected


@pytest.mark.parametrize("event", [None, [], "text", 7, {}, {"Details": None}, {"Details": []}])
def test_what_is_no_event_is_an_empty_contact(event):
    assert contact(event) == Contact()


def test_any_odd_value_anywhere_is_read_as_far_as_possible():
    assert {type(contact(mutant(EVENT, seed))) for seed in range(2000)} == {Contact}


def test_a_parameter_that_holds_itself_ends():
    parameters = {}
    parameters["self"] = parameters
    assert contact(with_parameters(parameters)).call_type is None


def test_deep_parameters_end():
    deep = json.loads('{"a":' * 400 + "1" + "}" * 400)
    assert contact(with_parameters(deep)).call_type is None


def mutant(event, seed):
    """The event with up to three places replaced, removed or added to."""
    draw = random.Random(seed)
    changed = copy.deepcopy(event)
    for _ in range(draw.randint(1, 3)):
        parent, key = draw.choice(places(changed))
        if draw.random() < 0.3:
            del parent[key]
        else:
            parent[draw.choice([key, "callType", "New"])] = copy.deepcopy(draw.choice(ODD))
        if not places(changed):
            return changed
    return changed


def places(tree):
    here = [(tree, key) for key in tree]
    return here + [p for child in tree.values() if isinstance(child, dict) for p in places(child)]
