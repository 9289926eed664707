import json
from dataclasses import replace

import boto3
from botocore.stub import Stubber

from infra.flows.config import DelayedLender
from infra.flows.files import written
from infra.flows.routing_profiles import profile_requests
from tests.infra.flows.example import EXAMPLE, INSTANCE

CALL_TYPE = "mortgage-originations"
IDS = [f"{n}0000000-7777-4777-8777-777777777777" for n in range(2)]
LENDERS = tuple(
    DelayedLender(CALL_TYPE, f"{INSTANCE}/routing-profile/{each}", 60 + n, 2 + n)
    for n, each in enumerate(IDS)
)
CONFIG = replace(EXAMPLE, delayed_lenders=LENDERS)


def test_each_routing_profile_is_asked_once_with_delay_and_priority():
    told = {
        each["RoutingProfileId"]: {
            (queue["QueueReference"]["Channel"], queue["Delay"], queue["Priority"])
            for queue in each["QueueConfigs"]
        }
        for each in profile_requests(CONFIG)
    }
    assert told == {
        IDS[0]: {("VOICE", 60, 2)},
        IDS[1]: {("VOICE", 61, 3)},
    }


def test_the_service_model_takes_every_request():
    client = boto3.client(
        "connect",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    with Stubber(client) as stub:
        for request in profile_requests(CONFIG):
            stub.add_response("associate_routing_profile_queues", {}, request)
            client.associate_routing_profile_queues(**request)
        stub.assert_no_pending_responses()
    client.close()


def test_the_requests_are_a_file_beside_the_flows(tmp_path):
    path = next(path for path in written(CONFIG, tmp_path) if path.stem == "routing_profiles")
    assert json.loads(path.read_text()) == profile_requests(CONFIG)
