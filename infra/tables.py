"""The DynamoDB tables, once: created from here, tested from here, written into the template.

Each is the `Properties` of an `AWS::DynamoDB::Table`; `CreateTable` takes all but the time to live.
"""

from typing import Any

AGENT_WORKLOAD: dict[str, Any] = {
    "TableName": "AgentWorkload",
    "KeySchema": [
        {"AttributeName": "CallType", "KeyType": "HASH"},
        {"AttributeName": "AgentName", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "CallType", "AttributeType": "S"},
        {"AttributeName": "AgentName", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
}

CUSTOMER_AGENT_MAP: dict[str, Any] = {
    "TableName": "CustomerAgentMap",
    "KeySchema": [{"AttributeName": "CustomerId", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "CustomerId", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True},
}

# What the agents are doing now: `lambdas/agent_state` writes it, and routing its reservations.
AGENT_STATE: dict[str, Any] = {
    "TableName": "AgentState",
    "KeySchema": [{"AttributeName": "AgentId", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "AgentId", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
}

# Which agent a contact was promised, and the answer that a retry is given again.
ROUTING_RESERVATION: dict[str, Any] = {
    "TableName": "RoutingReservation",
    "KeySchema": [{"AttributeName": "ContactId", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "ContactId", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True},
}

# One item, `ConfigId` = routing, changed by people. It has no time to live: a kill switch must
# not switch itself off.
ROUTING_CONFIG: dict[str, Any] = {
    "TableName": "RoutingConfig",
    "KeySchema": [{"AttributeName": "ConfigId", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "ConfigId", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}

TABLES = (AGENT_WORKLOAD, CUSTOMER_AGENT_MAP, AGENT_STATE, ROUTING_RESERVATION, ROUTING_CONFIG)
