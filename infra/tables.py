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

TABLES = (AGENT_WORKLOAD, CUSTOMER_AGENT_MAP)
