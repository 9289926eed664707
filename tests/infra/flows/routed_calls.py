"""Calls that run through a flow, against the real Lambda over invented tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from infra.flows.files import flows
from infra.flows.interpreter import run
from infra.flows.world import World
from ingestion.privacy import Tokens
from lambdas.routing.choose import Association, Candidate, Policy
from lambdas.routing.handler import answer
from lambdas.routing.tables import Known
from tests.infra.flows.example import EXAMPLE, queue_arn

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
TOKENS = Tokens(bytes(range(32)))
AGENTS = [f"id-{place}" for place in range(8)]
STAFF = frozenset({*AGENTS, "id-owner", "id-other"})
CLAIMS = queue_arn(1)
CONFIG = replace(EXAMPLE, standard_queues={"claims": CLAIMS}, call_type="claims")
DEFAULT, FALLBACK = CONFIG.default_queue_arn, CONFIG.fallback_queue_arn
NO_ANSWER = ("DEFAULT", "NO_ANSWER")
DESIGNS = ["agent_queues", "routing_criteria"]


class Rows:
    """Tables with eight scored agents, the first with the least workload; no live states."""

    def __init__(self, owner=None, age_s=60, agents=AGENTS):
        self.owner = owner
        self.rows = [
            Candidate(name, name, 1000 * place, NOW - timedelta(seconds=age_s))
            for place, name in enumerate(agents)
        ]

    def candidates(self, call_type):
        return self.rows if call_type == "claims" else []

    def known(self, *_):
        owner = self.owner and Association(self.owner, self.owner)
        return Known(owner, None, {}, ())

    def agents(self, _):
        return {}


class Broken(Rows):
    def candidates(self, _):
        raise RecursionError


def routed(tables):
    """The real Lambda over these tables."""
    return lambda event: answer(event, tables, TOKENS, Policy(), NOW)


def world(tables=None, **changes):
    given_ = {
        "answer": routed(tables or Rows()),
        "staff": {CLAIMS: STAFF, DEFAULT: frozenset({"id-other"}), FALLBACK: frozenset()},
    }
    return World(**{**given_, **changes})


def contact(**changes):
    return {
        "ContactId": "4a573372-1f28-4e26-b97b-000000000001",
        "Channel": "VOICE",
        "CustomerEndpoint": {"Address": "+12025550100", "Type": "TELEPHONE_NUMBER"},
        "Attributes": {},
        **changes,
    }


def ran(design, around, config=CONFIG, who=None):
    made = {flow.name: flow.document for flow in flows(config)}
    waiting = {config.customer_queue_flow_arn: made["customer_queue"]}
    return run(made[design], around, who or contact(), waiting)


def visited(done, type_):
    return [visit for visit in done.trace if visit.type == type_]


def why(done):
    return done.attributes["decision"], done.attributes["reason"]


def never(_):
    raise RuntimeError("the Lambda failed")


def spoilt(**changes):
    """An answer of the real Lambda with some values changed, or left out where None."""

    def said(event):
        told = {**routed(Rows())(event), **changes}
        return {key: value for key, value in told.items() if value is not None}

    return said
