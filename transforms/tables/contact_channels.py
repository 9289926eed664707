"""Columns of `contact_record` that one channel or service fills: Voice ID, devices, chat."""

from __future__ import annotations

import pyarrow as pa

from transforms.schema import Column
from transforms.tables.columns import TEXT, at, count, ms, text


def _truth(name: str, doc: str, path: str) -> Column:
    return Column(name, pa.bool_(), doc, path=path)


def device(who: str, path: str = "", absent: str = "") -> tuple[Column, ...]:
    """Columns of a participant's device."""
    return tuple(
        text(
            f"{who}_device_{name}",
            f"{meaning} of the {who}'s device",
            path=path and f"{path}.{key}",
            absent=absent,
        )
        for name, meaning, key in (
            ("platform_name", "Platform", "PlatformName"),
            ("platform_version", "Platform's version", "PlatformVersion"),
            ("operating_system", "Operating system", "OperatingSystem"),
        )
    )


def _participant(who: str, key: str) -> tuple[Column, ...]:
    name, path = f"chat_{who}_metrics", f"ChatMetrics.{key}"
    return (
        text(f"{name}_participant_id", f"Chat: the {who}'s id", path=f"{path}.ParticipantId"),
        text(f"{name}_participant_type", "Chat: as sent", path=f"{path}.ParticipantType"),
        _truth(
            f"{name}_conversation_abandon",
            f"Chat: whether the {who} abandoned it",
            f"{path}.ConversationAbandon",
        ),
        count(f"{name}_messages_sent", f"Chat: the {who}'s messages", path=f"{path}.MessagesSent"),
        count(f"{name}_num_responses", f"Chat: the {who}'s responses", path=f"{path}.NumResponses"),
        count(
            f"{name}_message_length_in_chars",
            f"Chat: characters that the {who} sent",
            path=f"{path}.MessageLengthInChars",
        ),
        ms(
            f"{name}_total_response_time_ms",
            f"Chat: the {who}'s response times, summed",
            path=f"{path}.TotalResponseTimeInMillis",
        ),
        ms(
            f"{name}_max_response_time_ms",
            f"Chat: the {who}'s longest response time",
            path=f"{path}.MaxResponseTimeInMillis",
        ),
        at(
            f"{name}_last_message_timestamp",
            f"Chat: the {who}'s last message",
            path=f"{path}.LastMessageTimestamp",
        ),
    )


VOICE_ID = (
    text(
        "voice_id_result_authentication_result",
        "Voice authentication's verdict, as sent",
        path="VoiceIdResult.Authentication.Result",
    ),
    text(
        "voice_id_result_fraud_detection_watch_list_id",
        "Watch list of fraudsters",
        path="VoiceIdResult.FraudDetection.WatchlistID",
    ),
    text(
        "voice_id_result_speaker_id",
        "Speaker, by the id that Voice ID made",
        path="VoiceIdResult.GeneratedSpeakerId",
    ),
    text(
        "voice_id_result_fraud_detection_result",
        "Fraud detection's verdict, as sent",
        path="VoiceIdResult.FraudDetection.Result",
    ),
    text(
        "voice_id_result_fraud_detection_fraudster_Id",
        "Known fraudster, by the id that Voice ID made",
        path="VoiceIdResult.FraudDetection.GeneratedFraudsterID",
    ),
    ms(
        "external_third_party_interaction_duration_ms",
        "Outside participant with the customer",
        path="ExternalThirdParty.ExternalThirdPartyInteractionDuration",
    ),
    ms(
        "voice_id_result_authentication_minimum_speech_ms",
        "Speech used to authenticate",
        path="VoiceIdResult.Authentication.MinimumSpeechInSeconds",
    ),
    count(
        "voice_id_result_authentication_score",
        "Voice authentication's score, 0 to 100",
        path="VoiceIdResult.Authentication.Score",
    ),
    count(
        "voice_id_result_authentication_score_threshold",
        "Least score that authenticates, 0 to 100",
        path="VoiceIdResult.Authentication.ScoreThreshold",
    ),
    count(
        "voice_id_result_fraud_detection_risk_score_known_fraudster",
        "Risk of a known fraudster, 0 to 100",
        path="VoiceIdResult.FraudDetection.RiskScoreKnownFraudster",
    ),
    count(
        "voice_id_result_fraud_detection_risk_score_synthetic_speech",
        "Risk of synthetic speech, 0 to 100",
        path="VoiceIdResult.FraudDetection.RiskScoreSyntheticSpeech",
    ),
    count(
        "voice_id_result_fraud_detection_risk_score_voice_spoofing",
        "Risk of a played-back voice, 0 to 100",
        path="VoiceIdResult.FraudDetection.RiskScoreVoiceSpoofing",
    ),
    count(
        "voice_id_result_fraud_detection_score_threshold",
        "Least risk that counts as high, 0 to 100",
        path="VoiceIdResult.FraudDetection.ScoreThreshold",
    ),
    ms("agent_pause_duration_ms", "Task paused", path="Agent.AgentPauseDuration"),
    _truth(
        "voice_id_result_speaker_enrolled",
        "Whether the customer enrolled during the contact",
        "VoiceIdResult.SpeakerEnrolled",
    ),
    _truth(
        "voice_id_result_speaker_opted_out",
        "Whether the customer opted out during the contact",
        "VoiceIdResult.SpeakerOptedOut",
    ),
    Column(
        "media_streams_items",
        pa.list_(pa.struct([("type", TEXT)])),
        "Media streams",
        path="MediaStreams",
    ),
    Column(
        "voice_id_result_fraud_detection_reasons_items",
        pa.list_(TEXT),
        "Kinds of fraud that were found",
        path="VoiceIdResult.FraudDetection.Reasons",
    ),
)
CHAT = (
    count(
        "chat_contact_metrics_total_messages",
        "Chat: messages",
        path="ChatMetrics.ContactMetrics.TotalMessages",
    ),
    ms(
        "chat_contact_metrics_conversation_close_time_ms",
        "Chat: from the customer's last message to the end",
        path="ChatMetrics.ContactMetrics.ConversationCloseTimeInMillis",
    ),
    count(
        "chat_contact_metrics_conversation_turn_count",
        "Chat: turns",
        path="ChatMetrics.ContactMetrics.ConversationTurnCount",
    ),
    at(
        "chat_contact_metrics_agent_first_response_timestamp",
        "Chat: the agent's first response",
        path="ChatMetrics.ContactMetrics.AgentFirstResponseTimestamp",
    ),
    ms(
        "chat_contact_metrics_agent_first_response_time_ms",
        "Chat: the agent's time to the first response",
        path="ChatMetrics.ContactMetrics.AgentFirstResponseTimeInMillis",
    ),
    count(
        "chat_contact_metrics_total_bot_messages",
        "Chat: messages of a bot",
        path="ChatMetrics.ContactMetrics.TotalBotMessages",
    ),
    count(
        "chat_contact_metrics_total_bot_message_length_in_chars",
        "Chat: characters of a bot",
        path="ChatMetrics.ContactMetrics.TotalBotMessageLengthInChars",
    ),
    _truth(
        "chat_contact_metrics_multi_party",
        "Chat: whether several parties or a supervisor could join",
        "ChatMetrics.ContactMetrics.MultiParty",
    ),
    *_participant("agent", "AgentMetrics"),
    *_participant("customer", "CustomerMetrics"),
)
