from dataclasses import replace

import pytest

from infra.flows.config import Config, DelayedLender, FlowConfigError, config, read
from ingestion.errors import LakeError
from tests.infra.flows.example import EXAMPLE, EXAMPLE_PATH, INSTANCE, queue_arn

OTHER = INSTANCE.replace("1111", "2222")


LENDER = DelayedLender(
    "mortgage-originations",
    f"{INSTANCE}/routing-profile/77777777-7777-4777-8777-777777777777",
    60,
    2,
)


def written(tmp_path, text):
    path = tmp_path / "flows.toml"
    path.write_text(text)
    return path


def refused(changes):
    with pytest.raises(FlowConfigError) as caught:
        replace(EXAMPLE, **changes)
    return str(caught.value)


def test_the_example_file_is_a_config():
    assert (EXAMPLE.candidates, EXAMPLE.priorities) == (3, (1, 2, 3))


def test_the_example_shows_every_key():
    told = [line.split(" = ")[0].strip("# []") for line in EXAMPLE_PATH.read_text().splitlines()]
    assert set(Config.__dataclass_fields__) <= set(told)


def test_the_call_type_is_the_contacts_unless_the_file_says_it():
    assert EXAMPLE.call_type is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"instance_arn": "arn:aws:connect:us-east-1:1:instance/x"}, "instance_arn:"),
        ({"instance_arn": OTHER}, "default_queue_arn:"),
        ({"lambda_arn": "routing"}, "lambda_arn:"),
        ({"lambda_arn": EXAMPLE.lambda_arn + ":" + "a" * 140}, "lambda_arn:"),
        ({"default_queue_arn": OTHER + "/queue/x"}, "default_queue_arn:"),
        ({"fallback_queue_arn": EXAMPLE.default_queue_arn}, "fallback_queue_arn:"),
        ({"fallback_queue_arn": 3}, "fallback_queue_arn:"),
        ({"customer_queue_flow_arn": queue_arn(1)}, "customer_queue_flow_arn:"),
        ({"standard_queue_arn": "x"}, "standard_queue_arn:"),
        ({"standard_queues": {"claims": "x"}}, "standard_queues.claims:"),
        ({"standard_queues": {"": queue_arn(1)}}, "standard_queues:"),
        ({"standard_queues": {}, "standard_queue_arn": None}, "standard_queue_arn: missing"),
        ({"call_type": "claims", "standard_queue_arn": None}, "standard_queue_arn: missing"),
        ({"call_type": "$.Attributes.other"}, "call_type:"),
        ({"call_type": ""}, "call_type:"),
        ({"candidates": 0}, "candidates:"),
        ({"candidates": 11}, "candidates:"),
        ({"candidates": True}, "candidates:"),
        ({"candidates": "3"}, "candidates:"),
        ({"associated_expiry_s": 0}, "associated_expiry_s:"),
        ({"best_expiry_s": 2.5}, "best_expiry_s:"),
        ({"invocation_limit_s": 9}, "invocation_limit_s:"),
        ({"priorities": (0,)}, "priorities:"),
        ({"priorities": (1, 1)}, "priorities:"),
        ({"prompts": ()}, "prompts:"),
        ({"prompts": ("",)}, "prompts:"),
        ({"prompts": ("$.Attributes.name",)}, "prompts:"),
        ({"sorry": " "}, "sorry:"),
        ({"interrupt_s": 20}, "interrupt_s:"),
        ({"agent_queue_rounds": 0}, "agent_queue_rounds:"),
        ({"standard_queue_rounds": 2}, "standard_queue_rounds:"),
        ({"delayed_lenders": [LENDER]}, "delayed_lenders:"),
        ({"delayed_lenders": (tuple(LENDER),)}, "delayed_lenders:"),
        *(
            ({"delayed_lenders": (LENDER._replace(**{key: value}),)}, f"delayed_lenders.{key}:")
            for key, value in [
                ("call_type", "elsewhere"),
                ("routing_profile_arn", queue_arn(1)),
                ("routing_profile_arn", 3),
                ("delay_s", 0),
                ("delay_s", 10_000),
                ("priority", 100),
                ("priority", True),
            ]
        ),
    ],
)
def test_what_cannot_work_is_refused_by_its_key(changes, expected):
    assert refused(changes).startswith(expected)


def test_a_refusal_is_one_line_and_exit_code_two(tmp_path):
    path = written(tmp_path, EXAMPLE_PATH.read_text().replace("candidates = 3", "candidates = 30"))
    with pytest.raises(LakeError) as caught:
        read(path)
    assert (caught.value.exit_code, str(caught.value)) == (
        2,
        f"{path}: candidates: 30 is not a whole number from 1 to 10",
    )


def test_a_key_that_is_missing_is_named():
    with pytest.raises(FlowConfigError, match=r"^lambda_arn: missing$"):
        config({"instance_arn": INSTANCE})


def test_a_key_that_does_not_exist_is_named():
    with pytest.raises(FlowConfigError, match=r"^candidate: not a key"):
        config({"candidate": 3})


def test_a_file_that_is_not_toml_is_named(tmp_path):
    path = written(tmp_path, "candidates =")
    with pytest.raises(FlowConfigError, match="not TOML"):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FlowConfigError, match="no such file"):
        read(tmp_path / "none.toml")


@pytest.mark.parametrize("given", [[3], [{}], [{**LENDER._asdict(), "tau": 3}], 3])
def test_a_delayed_lender_of_another_form_is_named(given):
    known = {name: getattr(EXAMPLE, name) for name in Config.__dataclass_fields__}
    with pytest.raises(FlowConfigError, match=r"^delayed_lenders: each is a table of call_type"):
        config({**known, "delayed_lenders": given})
