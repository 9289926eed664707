"""Records in which every field of the published models stands, with fictional values."""

from __future__ import annotations

from typing import Any

from tests.transforms.landed import INSTANCE

NUMBERS = {"customer": "+12025550101", "system": "+12025550102", "outside": "+12025550103"}
_LEVELS = range(1, 6)


def rich_contact(**fields: Any) -> dict[str, Any]:
    """A contact record with every field of the published model, and `fields`."""
    record = {
        **_identity(),
        **_times(),
        "Agent": _agent(),
        "AgentConnectionAttempts": 2,
        "Queue": {
            "ARN": f"{INSTANCE}/queue/q-1",
            "Name": "Billing",
            "EnqueueTimestamp": "2024-05-06T09:00:20Z",
            "DequeueTimestamp": "2024-05-06T09:01:05Z",
            "Duration": 45,
        },
        **_endpoints(),
        **_texts(),
        **_recordings(),
        **_campaign_and_voice_id(),
        **_quality(),
        "ChatMetrics": _chat(),
        "RoutingCriteria": [_criteria()],
    }
    return record | fields


def rich_agent_events() -> list[dict[str, Any]]:
    """An agent takes a contact and ends it: every field of the published model is in one."""
    connected, ended = _snapshot("CONNECTED"), _snapshot("ENDED")
    return [
        _event("e-1", "2024-05-06T09:01:05.250Z", connected, None),
        _event("e-2", "2024-05-06T09:05:05.750Z", ended, connected),
    ]


def _identity() -> dict[str, Any]:
    return {
        "AWSAccountId": "111122223333",
        "AWSContactTraceRecordFormatVersion": "2017-03-10",
        "InstanceARN": INSTANCE,
        "ContactId": "c-2",
        "InitialContactId": "c-1",
        "PreviousContactId": "c-1",
        "NextContactId": "c-3",
        "RelatedContactId": "c-0",
        "ContactAssociationId": "c-0",
        "Channel": "VOICE",
        "InitiationMethod": "TRANSFER",
        "DisconnectReason": "CUSTOMER_DISCONNECT",
        "DisconnectDetails": {"PotentialDisconnectIssue": "AGENT_CONNECTIVITY_ISSUE"},
        "CustomerId": "customer-7",
        "Customer": {"Capabilities": {"Video": "SEND", "ScreenShare": "SEND"}},
    }


def _times() -> dict[str, Any]:
    return {
        "InitiationTimestamp": "2024-05-06T09:00:00Z",
        "ConnectedToSystemTimestamp": "2024-05-06T09:00:00Z",
        "ScheduledTimestamp": "2024-05-06T09:00:00Z",
        "LastPausedTimestamp": "2024-05-06T09:02:00Z",
        "LastResumedTimestamp": "2024-05-06T09:02:30Z",
        "TransferCompletedTimestamp": "2024-05-06T09:05:00Z",
        "DisconnectTimestamp": "2024-05-06T09:05:00Z",
        "LastUpdateTimestamp": "2024-05-06T09:06:30Z",
        "TotalPauseCount": 1,
        "TotalPauseDurationInSeconds": 30,
    }


def _agent() -> dict[str, Any]:
    return {
        "ARN": f"{INSTANCE}/agent/ada",
        "Username": "ada",
        "ConnectedToAgentTimestamp": "2024-05-06T09:01:05Z",
        "AcceptedByAgentTimestamp": "2024-05-06T09:01:04Z",
        "PreviewEndTimestamp": "2024-05-06T09:01:05Z",
        "AgentInteractionDuration": 205,
        "CustomerHoldDuration": 30,
        "AgentInitiatedHoldDuration": 30,
        "LongestHoldDuration": 20,
        "NumberOfHolds": 2,
        "AgentPauseDuration": 30,
        "AfterContactWorkDuration": 60,
        "AfterContactWorkStartTimestamp": "2024-05-06T09:05:00Z",
        "AfterContactWorkEndTimestamp": "2024-05-06T09:06:00Z",
        "RoutingProfile": {"ARN": f"{INSTANCE}/routing-profile/r-1", "Name": "General"},
        "HierarchyGroups": {
            f"Level{n}": {"ARN": f"{INSTANCE}/agent-group/g-{n}", "GroupName": f"Team {n}"}
            for n in _LEVELS
        },
        "StateTransitions": [
            {
                "state": "SILENT_MONITOR",
                "stateStartTimestamp": "2024-05-06T09:02:00Z",
                "stateEndTimestamp": "2024-05-06T09:03:00Z",
            }
        ],
        "Capabilities": {"Video": "SEND", "ScreenShare": "SEND"},
        "DeviceInfo": {
            "PlatformName": "Chrome",
            "PlatformVersion": "124",
            "OperatingSystem": "Linux",
        },
    }


def _endpoints() -> dict[str, Any]:
    return {
        "CustomerEndpoint": {"Address": NUMBERS["customer"], "Type": "TELEPHONE_NUMBER"},
        "SystemEndpoint": {"Address": NUMBERS["system"], "Type": "TELEPHONE_NUMBER"},
        "TransferredToEndpoint": {"Address": NUMBERS["outside"], "Type": "TELEPHONE_NUMBER"},
        "AdditionalEmailRecipients": ["ada@example.com"],
    }


def _texts() -> dict[str, Any]:
    return {
        "Attributes": {"category": "invoice", "task": "explain", "note": "call +1 202 555 0104"},
        "SegmentAttributes": {
            "connect:Subtype": {"ValueString": "connect:Telephony"},
            "connect:Direction": "INBOUND",
            "connect:RedactedFields": "Attributes.pin",
            "connect:EmailSubject": "from Ada",
        },
        "References": [
            {
                "Name": "bill",
                "Type": "URL",
                "Value": "https://example.com/ada",
                "Status": "APPROVED",
            }
        ],
        "ContactDetails": {"birthday": "never"},
        "Tags": {"aws:connect:instanceId": "i-1", "owner": "Ada"},
        "ContactEvaluations": {
            "v-1": {
                "FormId": "f-1",
                "EvaluationArn": f"{INSTANCE}/contact-evaluation/v-1",
                "Status": "COMPLETE",
                "StartTimestamp": "2024-05-07T09:00:00Z",
                "EndTimestamp": "2024-05-07T09:05:00Z",
                "DeleteTimestamp": None,
                "ExportLocation": "bucket/v-1.json",
            }
        },
        "ContactLens": {"ConversationalAnalytics": {"Configuration": {"Enabled": True}}},
        "GlobalResiliencyMetadata": {"ActiveRegion": "us-east-1", "OriginRegion": "us-east-1"},
        "WisdomInfo": {"SessionArn": "arn:aws:wisdom:us-east-1:111122223333:session/s-1"},
    }


def _recordings() -> dict[str, Any]:
    return {
        "Recording": {
            "Location": "bucket/c-2.wav",
            "Status": "DELETED",
            "Type": "AUDIO",
            "DeletionReason": "asked by +1 202 555 0105",
        },
        "Recordings": [
            {
                "StorageType": "S3",
                "Location": "bucket/c-2.wav",
                "MediaStreamType": "AUDIO",
                "ParticipantType": "All",
                "FragmentStartNumber": "1",
                "FragmentStopNumber": "2",
                "StartTimestamp": "2024-05-06T09:01:05Z",
                "StopTimestamp": "2024-05-06T09:05:00Z",
                "Status": "DELETED",
                "DeletionReason": "asked by +1 202 555 0105",
            }
        ],
        "MediaStreams": [{"Type": "AUDIO"}],
    }


def _campaign_and_voice_id() -> dict[str, Any]:
    return {
        "Campaign": {"CampaignId": "campaign-1"},
        "OutboundStrategy": {"Type": "AGENT_FIRST"},
        "AnsweringMachineDetectionStatus": "HUMAN_ANSWERED",
        "CustomerVoiceActivity": {
            "GreetingStartTimestamp": "2024-05-06T09:00:01.250Z",
            "GreetingEndTimestamp": "2024-05-06T09:00:02.500Z",
        },
        "ExternalThirdParty": {"ExternalThirdPartyInteractionDuration": 12},
        "VoiceIdResult": {
            "GeneratedSpeakerId": "speaker-1",
            "SpeakerEnrolled": True,
            "SpeakerOptedOut": False,
            "Authentication": {
                "Result": "Authenticated",
                "Score": 92,
                "ScoreThreshold": 90,
                "MinimumSpeechInSeconds": 5,
            },
            "FraudDetection": {
                "Result": "High Risk",
                "ScoreThreshold": 50,
                "Reasons": ["Known Fraudster", "Voice Spoofing"],
                "RiskScoreKnownFraudster": 60,
                "RiskScoreVoiceSpoofing": 70,
                "RiskScoreSyntheticSpeech": 0,
                "GeneratedFraudsterID": "fraudster-1",
                "WatchlistID": "watch-list-1",
            },
        },
    }


def _quality() -> dict[str, Any]:
    return {
        "QualityMetrics": {
            "Agent": {"Audio": {"QualityScore": 4.5, "PotentialQualityIssues": []}},
            "Customer": {
                "Audio": {"QualityScore": 3, "PotentialQualityIssues": ["HighPacketLoss"]}
            },
        }
    }


def _chat() -> dict[str, Any]:
    def participant(kind: str) -> dict[str, Any]:
        return {
            "ParticipantId": f"p-{kind}",
            "ParticipantType": kind,
            "ConversationAbandon": False,
            "MessagesSent": 5,
            "NumResponses": 4,
            "MessageLengthInChars": 250,
            "TotalResponseTimeInMillis": 40_250,
            "MaxResponseTimeInMillis": 20_125,
            "LastMessageTimestamp": "2024-05-06T09:04:30Z",
        }

    return {
        "ContactMetrics": {
            "MultiParty": False,
            "TotalMessages": 12,
            "TotalBotMessages": 2,
            "TotalBotMessageLengthInChars": 80,
            "ConversationCloseTimeInMillis": 30_500,
            "ConversationTurnCount": 4,
            "AgentFirstResponseTimestamp": "2024-05-06T09:01:15Z",
            "AgentFirstResponseTimeInMillis": 10_125,
        },
        "AgentMetrics": participant("Agent"),
        "CustomerMetrics": participant("Customer"),
    }


def _criteria() -> dict[str, Any]:
    condition = {"Name": "language", "Value": "french", "ComparisonOperator": "Match"}
    return {
        "ActivationTimestamp": "2024-05-06T09:00:20Z",
        "Index": 0,
        "Steps": [
            {
                "Status": "JOINED",
                "Expiry": {"DurationInSeconds": 30, "ExpiryTimestamp": "2024-05-06T09:00:50Z"},
                "Expression": {"AttributeCondition": condition},
            }
        ],
    }


def _event(id_: str, when: str, current: Any, previous: Any) -> dict[str, Any]:
    return {
        "AWSAccountId": "111122223333",
        "InstanceARN": INSTANCE,
        "AgentARN": f"{INSTANCE}/agent/ada",
        "EventId": id_,
        "EventTimestamp": when,
        "EventType": "STATE_CHANGE",
        "Version": "2019-05-25",
        "CurrentAgentSnapshot": current,
        "PreviousAgentSnapshot": previous,
    }


def _snapshot(state: str) -> dict[str, Any]:
    return {
        "AgentStatus": {
            "ARN": f"{INSTANCE}/agent-state/available",
            "Name": "Available",
            "StartTimestamp": "2024-05-06T08:00:00.125Z",
            "Type": "ROUTABLE",
        },
        "NextAgentStatus": {
            "ARN": f"{INSTANCE}/agent-state/lunch",
            "Name": "Lunch",
            "EnqueuedTimestamp": "2024-05-06T09:01:00.500Z",
            "Type": "CUSTOM",
        },
        "Configuration": _configuration(),
        "Contacts": [_snapshot_contact(state)],
        "AgentCrossRegionRoutingConfiguration": {
            "ConfiguredRegions": ["us-east-1"],
            "CurrentRegion": "us-east-1",
        },
    }


def _configuration() -> dict[str, Any]:
    return {
        "Username": "ada",
        "FirstName": "Ada",
        "LastName": "Sample",
        "SipAddress": "sip:ada@example.com",
        "AutoAccept": False,
        "LanguageCode": "en-US",
        "AgentHierarchyGroups": {
            f"Level{n}": {"ARN": f"{INSTANCE}/agent-group/g-{n}", "Name": f"Team {n}"}
            for n in _LEVELS
        },
        "Proficiencies": [{"Name": "language", "Value": "french", "ProficiencyLevel": 4.0}],
        "RoutingProfile": {
            "ARN": f"{INSTANCE}/routing-profile/r-1",
            "Name": "General",
            "Concurrency": [{"Channel": "VOICE", "AvailableSlots": 0, "MaximumSlots": 1}],
            "InboundQueues": [
                {"ARN": f"{INSTANCE}/queue/q-1", "Name": "Billing", "Channels": ["VOICE"]},
                {"ARN": f"{INSTANCE}/queue/agent/ada", "Name": None, "Channels": ["VOICE"]},
            ],
            "DefaultOutboundQueue": {
                "ARN": f"{INSTANCE}/queue/q-2",
                "Name": "Outbound",
                "Channels": ["VOICE"],
            },
        },
    }


def _snapshot_contact(state: str) -> dict[str, Any]:
    return {
        "ContactId": "c-2",
        "InitialContactId": "c-1",
        "Channel": "VOICE",
        "InitiationMethod": "TRANSFER",
        "State": state,
        "StateStartTimestamp": "2024-05-06T09:01:05.250Z",
        "ConnectedToAgentTimestamp": "2024-05-06T09:01:05.250Z",
        "QueueTimestamp": "2024-05-06T09:00:20.000Z",
        "Queue": {"ARN": f"{INSTANCE}/queue/q-1", "Name": "Billing", "Channels": ["VOICE"]},
        "GlobalResiliencyMetadata": {
            "ActiveRegion": "us-east-1",
            "OriginRegion": "us-east-1",
            "TrafficDistributionGroupId": "t-1",
        },
    }
