"""A centre's routing tables for the tests: scores, customers' agents, live agents, and events."""

import base64
import copy
import json
from datetime import UTC, datetime, timedelta

from glue_jobs.publish import create_tables, publish_customers, publish_scores
from infra.tables import TABLES
from ingestion.privacy import Tokens
from lambdas.agent_state.fold import Seen
from lambdas.agent_state.item import agent_state, item
from lambdas.routing.live import AgentState, Slots
from lambdas.routing.reservations import held

KEY = bytes(range(32))
TOKENS = Tokens(KEY)
NUMBER = "+12025550100"
CONTACT_ID = "4a573372-1f28-4e26-b97b-000000000001"
EVENT = {
    "Name": "ContactFlowEvent",
    "Details": {
        "ContactData": {
            "Attributes": {},
            "Channel": "VOICE",
            "ContactId": CONTACT_ID,
            "InitialContactId": CONTACT_ID,
            "PreviousContactId": CONTACT_ID,
            "InitiationMethod": "INBOUND",
            "InstanceARN": "arn:aws:connect:us-east-1:111122223333:instance/i-1",
            "LanguageCode": "en-US",
            "Name": None,
            "Description": None,
            "CustomerId": None,
            "CustomerEndpoint": {"Address": NUMBER, "Type": "TELEPHONE_NUMBER"},
            "SystemEndpoint": {"Address": "+12025550199", "Type": "TELEPHONE_NUMBER"},
            "Queue": None,
            "MediaStreams": {"Customer": {"Audio": None}},
            "References": {},
            "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
            "Tags": {},
            "RelatedContactId": None,
        },
        "Parameters": {"callType": "claims"},
    },
}


def routing_event(contact_id=CONTACT_ID, call_type="claims", **contact_data):
    changed = copy.deepcopy(EVENT)
    changed["Details"]["Parameters"]["callType"] = call_type
    changed["Details"]["ContactData"].update({"ContactId": contact_id} | contact_data)
    return changed


def fill(client, count=8, call_types=("claims",), customers=()):
    """Tables with `count` agents, id-0 the least loaded; customers are (key, agent id) pairs."""
    now = datetime.now(UTC)
    create_tables(client)
    publish_scores(
        client,
        [
            {
                "call_type": call_type,
                "agent_name": f"agent-{place}",
                "agent_id": f"id-{place}",
                "workload": 10 * place,
                # Ahead of the clock, so that the scores stay fresh for as long as a test runs.
                "as_of": now + timedelta(minutes=4),
                "score_version": "s1",
            }
            for call_type in call_types
            for place in range(count)
        ],
        is_sole_writer=True,
    )
    publish_customers(
        client,
        [
            {"customer_id": key, "agent_name": "a", "agent_id": agent_id, "as_of": now}
            | {"expires_at": now + timedelta(days=1)}
            for key, agent_id in customers
        ],
    )


def fill_queues(client, **counts):
    """Scores of agents by call type, `claims-0` the least loaded of claims; tables as needed."""
    now = datetime.now(UTC)
    create_tables(client)
    publish_scores(
        client,
        [
            {
                "call_type": call_type,
                "agent_name": f"{call_type}-{place}",
                "agent_id": f"{call_type}-{place}",
                "workload": 10 * place,
                "as_of": now + timedelta(minutes=4),
                "score_version": "s1",
            }
            for call_type, count in counts.items()
            for place in range(count)
        ],
        is_sole_writer=True,
    )


def empty(client):
    for table in TABLES:
        client.delete_table(TableName=table["TableName"])


def live(agent_id, **values):
    """An agent who can take a call; heard of in an hour, so that no test outlives it."""
    values = {
        "is_routable": True,
        "seen_at": datetime.now(UTC),
        "slots": {"VOICE": Slots(1, 1, 0), "CHAT": Slots(3, 3, 0), "TASK": Slots(1, 1, 0)},
        "version": 1,
    } | values
    return AgentState(agent_id, **values)


def put_live(client, *states):
    for state in states:
        client.put_item(TableName="AgentState", Item=item(Seen(state)))


def stored(client, agent_id):
    key = {"AgentId": {"S": agent_id}}
    reply = client.get_item(TableName="AgentState", Key=key, ConsistentRead=True)
    return agent_state(reply.get("Item") or {})


def pending(client):
    """The agents' promises: contacts by agent id, agents without any left out."""
    pages = client.get_paginator("scan").paginate(TableName="AgentState")
    states = [agent_state(each) for page in pages for each in page["Items"]]
    return {state.agent_id: sorted(state.pending) for state in states if state.pending}


def answers(client):
    """The contacts' stored answers: the agent promised, by contact."""
    pages = client.get_paginator("scan").paginate(TableName="RoutingReservation")
    rows = [each for page in pages for each in page["Items"]]
    return {row["ContactId"]["S"]: held(row).agent_id for row in rows}


def slots_of(taken, chats=3):
    return [
        {"Channel": name, "AvailableSlots": most - taken.count(name), "MaximumSlots": most}
        for name, most in (("VOICE", 1), ("CHAT", chats), ("TASKS", 1))
    ]


def snapshot(*contacts, status="Available", kind="ROUTABLE", following=None, **configuration):
    """An agent's snapshot with contacts of (id, state) or (id, state, channel)."""
    shown = [
        {"ContactId": each[0], "State": each[1], "Channel": (*each, "VOICE")[2]}
        for each in contacts
    ]
    taken = [each["Channel"] for each in shown]
    return {
        "AgentStatus": {"Name": status, "Type": kind, "ARN": "arn:status"},
        "NextAgentStatus": following and {"Name": following},
        "Configuration": {
            "Username": "ann.example",
            "FirstName": "Ann",
            "LastName": "Example",
            "RoutingProfile": {"ARN": "arn:profile", "Concurrency": slots_of(taken)},
            "Proficiencies": [{"Name": "language", "Value": "spanish", "ProficiencyLevel": 3.0}],
        }
        | configuration,
        "Contacts": shown,
    }


def agent_record(agent_id, at, event_id, current, previous=None, kind="STATE_CHANGE"):
    """An agent event as Amazon Connect sends it."""
    return {
        "AgentARN": f"arn:aws:connect:us-east-1:111122223333:instance/i-1/agent/{agent_id}",
        "EventId": event_id,
        "EventTimestamp": at.isoformat(timespec="milliseconds"),
        "EventType": kind,
        "CurrentAgentSnapshot": current,
        "PreviousAgentSnapshot": previous,
        "Version": "2017-10-01",
    }


def batch(*payloads, first=1):
    """A Kinesis event's records; payloads are objects or bytes."""
    texts = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in payloads]
    return [
        {
            "eventID": f"shardId-0:{number}",
            "kinesis": {
                "sequenceNumber": str(number),
                "data": base64.b64encode(text).decode(),
                "approximateArrivalTimestamp": 1_767_614_400.0,
            },
        }
        for number, text in enumerate(texts, start=first)
    ]
