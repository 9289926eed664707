"""Lending after a delay: queues that Amazon Connect itself serves from another routing profile."""

from typing import Any

from infra.flows.config import Config, DelayedLender

CHANNEL = "VOICE"  # a profile without the channel would refuse the request


def profile_requests(config: Config) -> list[dict[str, Any]]:
    """A request of `AssociateRoutingProfileQueues` for each profile that lends, for calls."""
    by_profile: dict[str, list[DelayedLender]] = {}
    for lender in config.delayed_lenders:
        by_profile.setdefault(lender.routing_profile_arn, []).append(lender)
    return [
        {
            "InstanceId": _id(config.instance_arn),
            "RoutingProfileId": _id(arn),
            "QueueConfigs": [_queue(config, lender) for lender in lenders],
        }
        for arn, lenders in by_profile.items()
    ]


def _queue(config: Config, lender: DelayedLender) -> dict[str, Any]:
    queue_id = _id(config.standard_queues[lender.call_type])
    return {
        "QueueReference": {"QueueId": queue_id, "Channel": CHANNEL},
        "Priority": lender.priority,
        "Delay": lender.delay_s,
    }


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]
