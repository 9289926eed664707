import copy
import re
from dataclasses import replace

import pytest
from hypothesis import given

from infra.flows import lint
from infra.flows.document import leaves
from infra.flows.files import flows
from infra.flows.lint import RULES, findings
from lambdas.routing.choose import RESPONSE_KEYS
from tests.infra.flows.example import EXAMPLE, configs

AGENT_QUEUES, CRITERIA, WAITING = flows(EXAMPLE)


def changed(flow, change):
    """A copy of the flow that `change`, given its document and its actions, has spoilt."""
    spoilt = flow._replace(document=copy.deepcopy(flow.document))
    change(spoilt.document, spoilt.by_id)
    return spoilt


def rules_of(flow):
    return {finding.rule for finding in findings(flow)}


def parameters(name, **changes):
    def change(_, by_id):
        by_id[name]["Parameters"].update(changes)

    return change


def without(name, key):
    def change(_, by_id):
        del by_id[name]["Parameters"][key]

    return change


def error_to(name, target):
    def change(_, by_id):
        for error in by_id[name]["Transitions"]["Errors"]:
            error["NextAction"] = target

    return change


def next_to(name, target):
    def change(_, by_id):
        by_id[name]["Transitions"]["NextAction"] = target

    return change


def no_errors(name):
    def change(_, by_id):
        del by_id[name]["Transitions"]["Errors"]

    return change


def version(document, _):
    document["Version"] = "2020-01-01"


def no_start(document, _):
    document["StartAction"] = "nowhere"


def an_island(document, by_id):
    document["Actions"].append({**copy.deepcopy(by_id["sorry"]), "Identifier": "island"})


def renamed(old, new):
    """The action under another name, everything that led to it included."""

    def change(document, _):
        if document["StartAction"] == old:
            document["StartAction"] = new
        for action in document["Actions"]:
            if action["Identifier"] == old:
                action["Identifier"] = new
            ways = action["Transitions"]
            steps = [ways, *ways.get("Errors", ()), *ways.get("Conditions", ())]
            for step in steps:
                if step.get("NextAction") == old:
                    step["NextAction"] = new

    return change


def a_twin(document, by_id):
    document["Actions"].append(copy.deepcopy(by_id["sorry"]))


def too_many(document, by_id):
    """A chain of messages between the sorry and its end."""
    for n in range(251):
        link = copy.deepcopy(by_id["sorry"])
        link["Identifier"] = f"link-{n}"
        target = "disconnect" if n == 0 else f"link-{n - 1}"
        link["Transitions"]["NextAction"] = target
        link["Transitions"]["Errors"][0]["NextAction"] = target
        document["Actions"].append(link)
    by_id["sorry"]["Transitions"]["NextAction"] = "link-250"


def a_type(name, type_):
    def change(_, by_id):
        by_id[name]["Type"] = type_

    return change


def a_move(_, by_id):
    """What only a customer queue flow may do."""
    by_id["default-transfer"]["Type"] = "DequeueContactAndTransferToQueue"
    by_id["default-transfer"]["Parameters"] = {"QueueId": EXAMPLE.default_queue_arn}


def an_error_too_many(_, by_id):
    by_id["sorry"]["Transitions"]["Errors"].append(
        {"NextAction": "disconnect", "ErrorType": "QueueAtCapacity"}
    )


def no_next(_, by_id):
    del by_id["agent1-free"]["Transitions"]["NextAction"]


def a_next_after_the_end(_, by_id):
    by_id["disconnect"]["Transitions"]["NextAction"] = "sorry"


def operand(name, value, place=0):
    def change(_, by_id):
        condition = by_id[name]["Transitions"]["Conditions"][place]["Condition"]
        condition["Operands"] = [value]

    return change


def operator(name, value):
    def change(_, by_id):
        by_id[name]["Transitions"]["Conditions"][0]["Condition"]["Operator"] = value

    return change


def step(**changes):
    def change(_, by_id):
        by_id["best-1"]["Parameters"]["RoutingCriteria"]["Steps"][0].update(changes)

    return change


def agents(*names):
    def change(_, by_id):
        condition = by_id["best-1"]["Parameters"]["RoutingCriteria"]["Steps"][0]["Expression"]
        criteria = condition["AttributeCondition"]["MatchCriteria"]["AgentsCriteria"]
        criteria["AgentIds"] = list(names)

    return change


def a_circle(_, by_id):
    """The caller is told to hold the line for ever, in an inbound flow."""
    by_id["sorry"]["Transitions"] = {
        "NextAction": "sorry",
        "Errors": [{"NextAction": "sorry", "ErrorType": "NoMatchingError"}],
    }


def a_second_call(document, by_id):
    """Another Lambda call on one of two ways to an action that reads the answer."""
    again = copy.deepcopy(by_id["ask"])
    again["Identifier"] = "ask-again"
    again["Transitions"]["NextAction"] = "decision"
    document["Actions"].append(again)
    by_id["priority-1"]["Transitions"]["NextAction"] = "ask-again"


def unhooked(_, by_id):
    by_id["hook"]["Parameters"]["EventHooks"] = {"CustomerWhisper": "flow"}


def unnoted(_, by_id):
    del by_id["record"]["Parameters"]["Attributes"]["visitedQueues"]


FAULTS = [
    ("shape", AGENT_QUEUES, version),
    ("shape", AGENT_QUEUES, lambda made, _: made.update(Actions={})),
    ("shape", AGENT_QUEUES, lambda made, _: made["Actions"].append({"Identifier": "x"})),
    ("start", AGENT_QUEUES, no_start),
    ("targets", AGENT_QUEUES, error_to("agent1-tried", "nowhere")),
    ("reachable", AGENT_QUEUES, an_island),
    ("identifiers", AGENT_QUEUES, a_twin),
    ("identifiers", AGENT_QUEUES, renamed("sorry", "s" * 51)),
    ("identifiers", AGENT_QUEUES, renamed("sorry", "so:ry")),
    ("identifiers", AGENT_QUEUES, renamed("ask", "constructor")),
    ("number-of-actions", AGENT_QUEUES, too_many),
    ("size", AGENT_QUEUES, parameters("sorry", Text="x" * 256_000)),
    ("types", AGENT_QUEUES, a_type("sorry", "PlayPrompt")),
    ("types", AGENT_QUEUES, a_move),
    ("errors", AGENT_QUEUES, no_errors("agent1-tried")),
    ("errors", AGENT_QUEUES, an_error_too_many),
    ("next-action", AGENT_QUEUES, no_next),
    ("next-action", AGENT_QUEUES, a_next_after_the_end),
    ("conditions", AGENT_QUEUES, operand("agent1-free", "1")),
    ("conditions", AGENT_QUEUES, operator("agent1-free", "Equals")),
    ("conditions", AGENT_QUEUES, operator("decision", "IsBlank")),
    ("conditions", AGENT_QUEUES, operand("priority", "2")),
    ("conditions", AGENT_QUEUES, parameters("decision", ComparisonValue="decision")),
    ("conditions", WAITING, operand("agent-prompt", "Interrupted")),
    ("conditions", WAITING, operand("agent-rounds", "MoreLooping")),
    ("metrics", AGENT_QUEUES, parameters("agent1-free", MetricType="AgentsAvailable")),
    ("time-limit", AGENT_QUEUES, parameters("ask", InvocationTimeLimitSeconds="9")),
    ("time-limit", AGENT_QUEUES, parameters("ask", InvocationTimeLimitSeconds="four")),
    ("blanks", AGENT_QUEUES, parameters("sorry", Text="")),
    ("blanks", AGENT_QUEUES, operand("decision", "")),
    ("scalars", AGENT_QUEUES, parameters("sorry", Text=3)),
    ("agent-or-queue", WAITING, parameters("escape", AgentId="some-agent")),
    ("agent-or-queue", WAITING, without("escape", "QueueId")),
    ("criteria", CRITERIA, step(Expiry={})),
    ("criteria", CRITERIA, step(Expiry={"DurationInSeconds": "$.External.count"})),
    ("criteria", CRITERIA, agents()),
    ("criteria", CRITERIA, agents("NONE")),
    ("criteria", CRITERIA, agents(*(f"agent-{n}" for n in range(11)))),
    ("criteria", CRITERIA, parameters("best-1", RoutingCriteria="$.Attributes.criteria")),
    ("static-numbers", AGENT_QUEUES, parameters("priority-1", QueuePriority="$.Attributes.p")),
    ("static-numbers", WAITING, parameters("agent-prompt", InterruptFrequencySeconds="20")),
    ("static-numbers", WAITING, parameters("agent-rounds", LoopCount="0")),
    ("external-keys", AGENT_QUEUES, parameters("decision", ComparisonValue="$.External.verdict")),
    ("ends", AGENT_QUEUES, a_circle),
    ("queue-before-disconnect", AGENT_QUEUES, error_to("ask", "sorry")),
    ("queue-before-disconnect", CRITERIA, error_to("record", "disconnect")),
    ("queue-before-disconnect", AGENT_QUEUES, error_to("fallback-queue", "sorry")),
    ("external-life", AGENT_QUEUES, error_to("ask", "decision")),
    ("external-life", AGENT_QUEUES, a_second_call),
    ("guards", AGENT_QUEUES, error_to("agent1-given", "agent2-queue")),
    ("guards", CRITERIA, agents("$.Attributes.agent2")),
    ("guards", CRITERIA, agents("$.Attributes.affinity")),
    ("way-out", AGENT_QUEUES, unhooked),
    ("way-out", AGENT_QUEUES, error_to("hook", "agent1-given")),
    ("visited-first", WAITING, error_to("lender-visited", "lender-queue")),
    ("visited-first", WAITING, parameters("lender-visited", Attributes={"reason": "LENT"})),
    ("visited-first", CRITERIA, unnoted),
]


@pytest.mark.parametrize(("rule", "flow", "change"), FAULTS)
def test_a_seeded_fault_is_found_by_its_rule_and_no_other(rule, flow, change):
    assert rules_of(changed(flow, change)) == {rule}


def test_every_rule_is_shown_to_catch_a_fault():
    named = {"shape", *(rule.__name__.replace("_", "-") for rule in RULES)}
    assert named == {rule for rule, _, _ in FAULTS}


EARLY = [
    (flow, action["Identifier"], place)
    for flow in (AGENT_QUEUES, CRITERIA)
    for action in flow.document["Actions"]
    if action["Type"] not in ("TransferContactToQueue", "MessageParticipant")
    for place in range(len(action["Transitions"].get("Errors", ())))
]


@pytest.mark.parametrize(("flow", "name", "place"), EARLY)
def test_any_error_that_led_to_a_disconnect_would_be_found(flow, name, place):
    def change(_, by_id):
        by_id[name]["Transitions"]["Errors"][place]["NextAction"] = "disconnect"

    assert "queue-before-disconnect" in rules_of(changed(flow, change))


@given(configs())
def test_our_flows_have_no_finding(config):
    assert [finding for flow in flows(config) for finding in findings(flow)] == []


def keys_read(config):
    texts = (str(leaf) for flow in flows(config) for leaf in leaves(flow.document))
    return {key for text in texts for key in re.findall(r"\$\.External\.(\w+)", text)}


@given(configs())
def test_our_flows_read_all_that_the_lambda_declares_but_agents_they_do_not_offer(config):
    beyond = {f"agent{place}" for place in range(config.candidates + 1, 11)}
    assert keys_read(config) == set(RESPONSE_KEYS) - beyond


def test_a_finding_is_one_line_that_names_action_and_rule():
    (finding,) = findings(changed(AGENT_QUEUES, parameters("sorry", Text="")))
    assert str(finding) == "sorry: an empty text; write NONE where there is nothing [blanks]"


def test_the_largest_flow_is_far_below_the_limits():
    ten = replace(EXAMPLE, candidates=10)
    most = max(len(flow.document["Actions"]) for flow in flows(ten))
    assert most * 2 < lint.shapes.MOST_ACTIONS


@given(configs())
def test_the_same_config_makes_the_same_text(config):
    assert [flow.text for flow in flows(config)] == [flow.text for flow in flows(config)]
