"""The shapes in which Amazon Connect sends what happens on a floor, as compact JSON.

Contact records: whole seconds, `GroupName` in hierarchy groups, `InitialContactId` null on the
first leg. Agent events: milliseconds, `Name` in hierarchy groups, channel TASKS. Agent events are
put together from fragments that are serialised once, because they are ten times as many.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ingestion.centre import ACCOUNT, STATUS_TYPES

if TYPE_CHECKING:
    from ingestion.centre import Agent, Centre, Group
    from ingestion.floor_state import Case, Desk, Leg, Slot

_EVENT_CHANNELS = {"VOICE": "VOICE", "CHAT": "CHAT", "TASK": "TASKS"}

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SUBTYPES = {"VOICE": "connect:Telephony", "CHAT": "connect:Chat", "TASK": "connect:Task"}
_MEDIA = {"VOICE": [{"Type": "AUDIO"}], "CHAT": [{"Type": "CHAT"}], "TASK": []}
_SYSTEM_ENDPOINT = {"Address": "+12025550100", "Type": "TELEPHONE_NUMBER"}
_OUTSIDE_ENDPOINT = {"Address": "+12025550199", "Type": "TELEPHONE_NUMBER"}
_PHONES = 10_000  # 555-0100 to 555-0199 are fictional in each of a hundred area codes


def whole_seconds(ms: int | None) -> str | None:
    """The instant as contact records write it: `2026-01-05T08:00:00Z`."""
    return None if ms is None else _clock_time(ms // 1000) + "Z"


def milliseconds(ms: int) -> str:
    """The instant as agent events write it: `2026-01-05T08:00:00.417Z`."""
    return f"{_clock_time(ms // 1000)}.{ms % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _clock_time(seconds: int) -> str:
    day, second = divmod(seconds, 86_400)
    return f"{_date(day)}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


@lru_cache(maxsize=16)
def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def compact(value: Any) -> str:
    """JSON without spaces."""
    return _ENCODER.encode(value)


def phone(customer: int) -> str:
    """A fictional number, the same for customers ten thousand apart."""
    code, line = divmod(customer % _PHONES, 100)
    return f"+1{202 + code // 9 * 10 + code % 9}555{100 + line:04d}"


def customer_id(customer: int) -> str:
    """The invented number of a customer in the centre's case system."""
    return f"C{customer:07d}"


# Contact records


def contact_record(centre: Centre, leg: Leg, updated: int) -> bytes:
    """The contact as known at `updated`, all of whose instants have passed."""
    record = {
        "AWSAccountId": ACCOUNT,
        "AWSContactTraceRecordFormatVersion": "2017-03-10",
        "InstanceARN": centre.instance_arn,
        "ContactId": leg.contact_id,
        "InitialContactId": leg.initial_id,
        "PreviousContactId": leg.previous_id,
        "NextContactId": leg.next_id,
        "Channel": leg.channel,
        "InitiationMethod": leg.method,
        "InitiationTimestamp": whole_seconds(leg.initiated),
        "ConnectedToSystemTimestamp": whole_seconds(leg.connected_to_system),
        "DisconnectTimestamp": whole_seconds(leg.disconnected),
        "LastUpdateTimestamp": whole_seconds(updated),
        "TransferCompletedTimestamp": whole_seconds(leg.transfer_completed),
        "TransferredToEndpoint": _OUTSIDE_ENDPOINT if leg.is_external else None,
        "DisconnectReason": leg.reason,
        "AgentConnectionAttempts": leg.attempts,
        "Agent": _agent(leg),
        "Queue": _queue(centre, leg),
        "Attributes": _attributes(leg),
        "SegmentAttributes": _segment_attributes(leg),
        **_customer(leg),
        "SystemEndpoint": _SYSTEM_ENDPOINT if leg.channel == "VOICE" else None,
        "MediaStreams": _MEDIA[leg.channel],
        "LastPausedTimestamp": whole_seconds(leg.interrupted if leg.pauses else None),
        "LastResumedTimestamp": whole_seconds(leg.resumed if leg.pauses else None),
        "TotalPauseCount": leg.pauses,
        "TotalPauseDurationInSeconds": leg.paused // 1000,
        "Recording": None,
        "Recordings": None,
        "References": [],
        "ContactDetails": {},
        "Tags": {"aws:connect:instanceId": centre.instance_arn.rpartition("/")[2]},
        "Campaign": {"CampaignId": None},
        "ScheduledTimestamp": None,
        "VoiceIdResult": None,
        "AnsweringMachineDetectionStatus": _detected(leg),
    }
    return compact(record).encode()


def interaction_ms(leg: Leg) -> int:
    """How long the agent talked, wrote or worked: neither hold nor pause."""
    if leg.connected is None or leg.left is None:
        return 0
    return leg.left - leg.connected - leg.held - leg.paused


def wait_ms(leg: Leg) -> int:
    """How long the contact was in its queue."""
    return 0 if leg.enqueued is None or leg.dequeued is None else leg.dequeued - leg.enqueued


def after_contact_ms(leg: Leg) -> int:
    """How long the agent's after-contact work took."""
    return 0 if leg.ended is None or leg.left is None else leg.ended - leg.left


def _detected(leg: Leg) -> str | None:
    """Who picked up, where an agent phoned."""
    if leg.method != "OUTBOUND":
        return None
    return "AMD_UNANSWERED" if leg.connected is None else "HUMAN_ANSWERED"


def _agent(leg: Leg) -> dict[str, Any] | None:
    if leg.desk is None:
        return None
    agent = leg.desk.agent
    return {
        "ARN": agent.arn,
        "Username": agent.username,
        "ConnectedToAgentTimestamp": whole_seconds(leg.connected),
        "AcceptedByAgentTimestamp": whole_seconds(leg.dequeued),
        "AgentInteractionDuration": interaction_ms(leg) // 1000,
        "CustomerHoldDuration": leg.held // 1000,
        "LongestHoldDuration": leg.longest_hold // 1000,
        "NumberOfHolds": leg.holds,
        "AgentPauseDuration": leg.paused // 1000,
        "AfterContactWorkDuration": after_contact_ms(leg) // 1000,
        "AfterContactWorkStartTimestamp": whole_seconds(leg.left),
        "AfterContactWorkEndTimestamp": whole_seconds(leg.ended),
        "RoutingProfile": {"ARN": agent.profile.arn, "Name": agent.profile.name},
        "HierarchyGroups": _hierarchy(agent, "GroupName"),
    }


def _hierarchy(agent: Agent, name_key: str) -> dict[str, Any]:
    def level(group: Group) -> dict[str, str]:
        return {"ARN": group.arn, name_key: group.name}

    return {"Level1": level(agent.site), "Level2": level(agent.team)}


def _queue(centre: Centre, leg: Leg) -> dict[str, Any] | None:
    """The queue of a contact that waited, or without times the one that an agent phones for."""
    is_queued = leg.enqueued is not None and leg.dequeued is not None
    if not is_queued and leg.method != "OUTBOUND":
        return None
    return {
        "ARN": centre.queues[leg.queue].arn,
        "Name": centre.queues[leg.queue].name,
        "EnqueueTimestamp": whole_seconds(leg.enqueued),
        "DequeueTimestamp": whole_seconds(leg.dequeued),
        "Duration": wait_ms(leg) // 1000 if is_queued else None,
    }


def _attributes(leg: Leg) -> dict[str, str]:
    spoken = {"language": "es-US" if leg.customer % 8 == 0 else "en-US", "flow": "Main line"}
    if not leg.is_labelled:
        return spoken
    return {"category": leg.category.name, "task": leg.task} | spoken


def _segment_attributes(leg: Leg) -> dict[str, dict[str, str]]:
    direction = "OUTBOUND" if leg.method == "OUTBOUND" else "INBOUND"
    segment = {
        "connect:Subtype": {"ValueString": _SUBTYPES[leg.channel]},
        "connect:Direction": {"ValueString": direction},
    }
    if leg.is_redacted:
        segment["connect:RedactedFields"] = {"ValueString": "CustomerEndpoint,CustomerId"}
    return segment


def _customer(leg: Leg) -> dict[str, Any]:
    """Who the customer is: callers have a number, others and those above ten thousand an id."""
    endpoint = number = None
    if not leg.is_redacted:
        if leg.channel == "VOICE":
            address = "anonymous" if leg.is_anonymous else phone(leg.customer)
            endpoint = {"Address": address, "Type": "TELEPHONE_NUMBER"}
        if leg.channel != "VOICE" or (leg.customer >= _PHONES and not leg.is_anonymous):
            number = customer_id(leg.customer)
    return {"CustomerEndpoint": endpoint, "CustomerId": number}


# Agent events


def configuration(centre: Centre, agent: Agent, levels: list[int]) -> str:
    """The serialised configuration of an agent, open after `"Concurrency":`."""
    held = [centre.queues[queue] for queue in agent.profile.queues]
    head = {
        "Username": agent.username,
        "FirstName": agent.first_name,
        "LastName": agent.last_name,
        "AutoAccept": agent.chat_slots > 2,
        "LanguageCode": "en_US",
        "SipAddress": f"sip:{agent.username}@softphone.example",
        "AgentHierarchyGroups": _hierarchy(agent, "Name"),
        "Proficiencies": [
            {"Name": "Skill", "Value": queue.name, "ProficiencyLevel": float(level)}
            for queue, level in zip(held, levels, strict=True)
        ],
    }
    profile = {
        "ARN": agent.profile.arn,
        "Name": agent.profile.name,
        "InboundQueues": [
            {"ARN": agent.queue_arn, "Name": None},
            *({"ARN": queue.arn, "Name": queue.name} for queue in held),
        ],
        "DefaultOutboundQueue": {
            "ARN": held[0].arn,
            "Channels": ["VOICE"],
            "Name": held[0].name,
        },
    }
    return f'{compact(head)[:-1]},"RoutingProfile":{compact(profile)[:-1]},"Concurrency":'


def slot_head(centre: Centre, leg: Leg) -> str:
    """The part of a contact in agent events that stays the same while an agent has it."""
    queue = centre.queues[leg.queue]
    initial = f'"{leg.initial_id}"' if leg.initial_id else "null"
    queued = f'"{milliseconds(leg.enqueued)}"' if leg.enqueued is not None else "null"
    return (
        f'{{"ContactId":"{leg.contact_id}","InitialContactId":{initial},'
        f'"Channel":"{_EVENT_CHANNELS[leg.channel]}","InitiationMethod":"{leg.method}",'
        f'"QueueTimestamp":{queued},'
        f'"Queue":{{"ARN":"{queue.arn}","Name":"{queue.name}"}},'
    )


def slot_json(head: str, slot: Slot) -> str:
    """A contact in agent events, in its state of now."""
    connected = slot.leg.connected
    answered = f'"{milliseconds(connected)}"' if connected is not None else "null"
    return (
        f'{head}"ConnectedToAgentTimestamp":{answered},"State":"{slot.state}",'
        f'"StateStartTimestamp":"{milliseconds(slot.state_at)}"}}'
    )


def snapshot(centre: Centre, desk: Desk) -> str:
    """An agent's snapshot: status, configuration and contacts."""
    upcoming = "null"
    if desk.next is not None:
        status = desk.next.activity.status
        upcoming = (
            f'{{"ARN":"{centre.status_arns[status]}","Name":"{status}",'
            f'"EnqueuedTimestamp":"{milliseconds(desk.next.enqueued)}"}}'
        )
    status = desk.status
    slots = _concurrency(desk.agent.chat_slots, tuple([slot.leg.channel for slot in desk.slots]))
    return (
        f'{{"AgentStatus":{{"ARN":"{centre.status_arns[status]}","Name":"{status}",'
        f'"Type":"{STATUS_TYPES[status]}","StartTimestamp":"{milliseconds(desk.status_at)}"}},'
        f'"NextAgentStatus":{upcoming},"Configuration":{desk.configuration}{slots}}}}},'
        f'"Contacts":[{",".join([slot.json for slot in desk.slots])}]}}'
    )


@lru_cache(maxsize=256)
def _concurrency(chats: int, used: tuple[str, ...]) -> str:
    """The slots of an agent who may have so many chats and has contacts of such channels."""
    return (
        f'[{{"Channel":"VOICE","AvailableSlots":{1 - used.count("VOICE")},"MaximumSlots":1}},'
        f'{{"Channel":"CHAT","AvailableSlots":{chats - used.count("CHAT")},'
        f'"MaximumSlots":{chats}}},'
        f'{{"Channel":"TASKS","AvailableSlots":{1 - used.count("TASK")},"MaximumSlots":1}}]'
    )


class AgentEvent(NamedTuple):
    """An agent event; the snapshots are JSON already."""

    agent_arn: str
    event_id: str
    at: int
    kind: str
    current: str
    previous: str


def agent_event(centre: Centre, event: AgentEvent) -> bytes:
    """The event as Amazon Connect sends it."""
    return (
        f'{{"AWSAccountId":"{ACCOUNT}","AgentARN":"{event.agent_arn}",'
        f'"InstanceARN":"{centre.instance_arn}","Version":"2017-10-01",'
        f'"EventId":"{event.event_id}","EventTimestamp":"{milliseconds(event.at)}",'
        f'"EventType":"{event.kind}","CurrentAgentSnapshot":{event.current},'
        f'"PreviousAgentSnapshot":{event.previous}}}'
    ).encode()


# Work items


def work_item(case: Case, updated: int) -> bytes:
    """A case of the case system as of `updated`."""
    item = {
        "WorkItemId": case.item_id,
        "AgentUsername": case.username,
        "CallType": case.category,
        "CustomerId": customer_id(case.customer),
        "Status": "OPEN" if case.remaining_min else "CLOSED",
        "RemainingMinutes": case.remaining_min,
        "OpenedTimestamp": whole_seconds(case.opened),
        "LastUpdateTimestamp": whole_seconds(updated),
    }
    return compact(item).encode()
