"""Tables of a centre whose agents come and go between questions, as strict as the real ones."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from infra.flows.world import World
from ingestion.privacy import Tokens
from lambdas.routing.choose import Candidate, Policy
from lambdas.routing.event import Contact
from lambdas.routing.handler import answer
from lambdas.routing.live import AgentState, Slots, demand, with_promise
from lambdas.routing.policy import Lender
from lambdas.routing.reservations import Refused, held, held_item
from lambdas.routing.tables import Known
from tests.infra.flows.example import EXAMPLE

TOKENS = Tokens(bytes(range(32)))
BEGINS = datetime(2026, 1, 5, 12, tzinfo=UTC)
NAMES = ("claims", "cards", "loans", "home")
QUEUES = {name: f"{EXAMPLE.instance_arn}/queue/{n:08x}-0000-4000-8000-00000000000a"
          for n, name in enumerate(NAMES)}  # fmt: skip
CHAIN = {"claims": (Lender("cards"), Lender("loans"), Lender("home"))}


def agents_of(call_type):
    return [f"{call_type}-{place}" for place in range(4)]


ALL = tuple(agent_id for name in NAMES for agent_id in agents_of(name))


@dataclass
class Floor:
    """Four agents a call type; `turns` are who is free at each question, the last for ever.

    `meanwhile` are who gets busy between the reading and the promise of each question. `reserves`
    tells of each loan which lender it was and how many of its agents were left free.
    """

    turns: list
    lenders: dict = field(default_factory=lambda: CHAIN)
    meanwhile: list = field(default_factory=list)
    every_s: float = 25
    asked: int = -1
    states: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    reserves: list = field(default_factory=list)

    @property
    def now(self):
        return BEGINS + timedelta(seconds=self.every_s * max(0, self.asked))

    def __call__(self, event):
        """The real Lambda's answer to the next question."""
        self.asked += 1
        self._turn(set(self.turns[min(self.asked, len(self.turns) - 1)]))
        return answer(event, self, TOKENS, Policy(lenders=self.lenders), self.now)

    def candidates(self, call_type):
        names = agents_of(call_type) if call_type in NAMES else []
        return [Candidate(name, name, 10, self.now) for name in names]

    def known(self, contact_id, _customer_ids, agent_ids):
        return Known(None, self.answers.get(contact_id), self.agents(agent_ids), ())

    def agents(self, agent_ids):
        return {each: self.states[each] for each in agent_ids if each in self.states}

    def reserve(self, promise):
        if self.asked < len(self.meanwhile):
            self._turn(
                {name for name in ALL if self._is_free(name)} - {*self.meanwhile[self.asked]}
            )
        last = self.answers.get(promise.contact.contact_id)
        if last is not None and last.answers(promise.contact, promise.at):
            return last
        for read in (promise.agent, *promise.kept):
            if self.states[read.agent_id].version != read.version:
                return Refused(self.states[promise.agent.agent_id])
        self._promise(promise)
        return None

    def release(self, agent_id, contact_id):
        agent = self.states[agent_id]
        pending = {who: ends for who, ends in agent.pending.items() if who != contact_id}
        self.states[agent_id] = agent._replace(pending=pending, version=agent.version + 1)
        return True

    def _promise(self, promise):
        agent_id, at_s = promise.agent.agent_id, promise.at.timestamp()
        ends_s = at_s + promise.decision.policy.hold_s
        who = promise.contact.contact_id
        self.states[agent_id] = with_promise(self.states[agent_id], who, at_s, ends_s)
        self.answers[who] = held(held_item(promise))
        if lender := promise.decision.lender:
            asks = demand(Contact(None, "claims", "VOICE"), Policy(), promise.at)
            left = sum(asks.is_met_by(self.states[name]) for name in agents_of(lender))
            self.reserves.append((lender, left))

    def _is_free(self, name):
        return self.states[name].slots["VOICE"].available > 0

    def _turn(self, free):
        """Whoever changes is written anew, and heard of in any case."""
        for name in ALL:
            now, old = int(name in free), self.states.get(name) or AgentState(name)
            slots = {"VOICE": Slots(1, now, 1 - now)}
            self.states[name] = old._replace(
                is_routable=True,
                seen_at=self.now,
                slots=slots,
                version=old.version + (old.slots != slots),
            )


def around(floor, **changes):
    """A world of this floor; for Amazon Connect all agents but the contact's own are free."""
    staff = {arn: frozenset(agents_of(name)) for name, arn in QUEUES.items()}
    return World(**{"answer": floor, "staff": staff, "free": frozenset(ALL[4:])} | changes)
